/**
 * The flags of a task's options: reads them, writes them and lists them.
 *
 * @module
 */
import { type Args, parseArgs } from "@std/cli/parse-args";
import {
  defaults,
  type Option,
  OptionError,
  type OptionTable,
  type OptionValues,
  parseOption,
  rangeOf,
  type TextOption,
} from "../../lib/options/table.ts";
import { oneLine, show } from "../../lib/text.ts";
import { COLUMNS, pad, widthOf, wrap } from "./columns.ts";
import { suggest } from "./suggestion.ts";

/** The headings in a help text, in their order, after a task's own options. */
const SECTIONS = [
  "Model and training",
  "Optimiser",
  "Data",
  "Engine",
  "Output",
] as const;

/** A heading in a help text. */
export type Section = typeof SECTIONS[number];

/** Puts options under a heading of the help texts. */
export function inSection<const T extends OptionTable>(
  section: Section,
  table: T,
): { readonly [K in keyof T]: T[K] & { readonly section: Section } } {
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [
      name,
      { ...option, section },
    ]),
  ) as { [K in keyof T]: never };
}

/** An option that is a word of its own on a command line, without a flag. */
export interface Positional {
  /** Its name in the table. */
  readonly name: string;
  /** Its entry in the table. */
  readonly option: TextOption;
}

/** Finds the positional of a table, if it has one. */
export function positionalOf(table: OptionTable): Positional | undefined {
  for (const [name, option] of Object.entries(table)) {
    if (isPositional(option)) return { name, option };
  }
}

function isPositional(option: Option): option is TextOption {
  return option.type === "text" && option.positional !== undefined;
}

/**
 * Reads a command line against a task's table. Options of several numbers may
 * come again and add up; all others come once.
 *
 * @returns The values of all options and the names of those that were given; or
 * "help" where only the help is asked for.
 * @throws {OptionError} For an unknown flag, a stray word, a missing one or a
 * bad value.
 */
export function parseFlags<T extends OptionTable>(
  table: T,
  args: readonly string[],
): { values: OptionValues<T>; given: Set<keyof T> } | "help" {
  const options: OptionTable = table;
  const positional = positionalOf(options);
  const names = Object.keys(options)
    .filter((name) => name !== positional?.name);
  const isBoolean = (name: string) => options[name].type === "boolean";
  const words = joinValues(args);
  const valued = names.filter((name) => !isBoolean(name)).map(bare);
  const switches = names.filter(isBoolean);
  // What comes after it is no flag, whatever it looks like.
  const end = words.indexOf("--");
  const typed = end < 0 ? words : words.slice(0, end);
  for (const name of [...switches, "help"]) checkSwitch(name, options, typed);
  // `parseArgs` would take it for the name of the words that are no flags.
  const underscore = typed.find((word) =>
    /^(-(?!-)[^=]*_|--_(=|$))/.test(word)
  );
  if (underscore) throw new OptionError(unknownText(underscore, names));
  const parsed: Args = parseArgs(words, {
    // A word such as 007 is a file's name, not the number 7.
    string: [...valued, "_"],
    collect: valued,
    boolean: [...switches.map(bare), "help"],
    alias: { help: "h" },
    negatable: names.filter((name) => options[name].default === true)
      .map(bare),
    unknown: (arg, key) => {
      if (key !== undefined) throw new OptionError(unknownText(arg, names));
    },
  });
  if (parsed.help) return "help";

  const values = defaults(options);
  const given = new Set<string>();
  const stray = parsed._.map(String);
  if (positional) {
    const { name, option } = positional;
    const word = stray.shift();
    if (word !== undefined) {
      values[name] = parseOption(option, option.metavar, word) as never;
      given.add(name);
    } else if (option.positional === "required") {
      throw new OptionError(`${option.metavar} is missing: ${option.help}`);
    }
  }
  if (stray.length > 0) {
    throw new OptionError(`unexpected argument ${show(stray[0])}`);
  }
  for (const name of names) {
    const value = isBoolean(name)
      ? formsOf(name).some((form) => typed.includes(form))
        ? parsed[bare(name)]
        : undefined
      : joined(options[name], flagOf(name), parsed[bare(name)] as string[]);
    if (value === undefined) continue;
    values[name] = parseOption(options[name], flagOf(name), value) as never;
    given.add(name);
  }
  return {
    values: values as OptionValues<T>,
    given: given as Set<keyof T>,
  };
}

/** The forms in which a switch is typed. */
function formsOf(name: string): string[] {
  return [`--${bare(name)}`, `--no-${bare(name)}`];
}

/** Refuses a switch that has a value, or comes again. */
function checkSwitch(
  name: string,
  options: OptionTable,
  words: readonly string[],
): void {
  const forms = formsOf(name);
  const off = options[name]?.default === true
    ? `${forms[1]} turns it off`
    : "it is off without it";
  for (const [i, word] of words.entries()) {
    const isAssigned = forms.some((form) => word.startsWith(`${form}=`));
    const value = words[i + 1];
    const isFollowed = forms.includes(word) && /^(true|false)$/.test(value);
    if (!isAssigned && !isFollowed) continue;
    const typed = isFollowed ? `${word} ${value}` : oneLine(word);
    throw new OptionError(`${typed}: it takes no value; ${off}`);
  }
  const found = words.filter((word) => forms.includes(word));
  if (found.length > 1) {
    throw new OptionError(`${found.join(" ")}: it comes once at most`);
  }
}

/** The one value of an option, or the numbers of all of its lists. */
function joined(
  option: Option,
  flag: string,
  given: readonly string[],
): string | undefined {
  if (given.length <= 1) return given[0];
  if (option.type === "integers" || option.type === "numbers") {
    return given.join(",");
  }
  throw new OptionError(
    `${flag} takes one value, not ${
      given.map((value) => show(value)).join(" and ")
    }`,
  );
}

function unknownText(arg: string, names: readonly string[]): string {
  const typed = arg.replace(/=.*$/s, "");
  const near = typed.startsWith("--")
    ? suggest(typed.slice(2), [...names.map(bare), "help"])
    : undefined;
  const text = `unknown option ${oneLine(typed)}`;
  if (near === undefined) return text;
  return `${text}; did you mean ${near.length === 1 ? "-" : "--"}${near}?`;
}

/**
 * `--beta -1` means the value −1 and `--beta ""` no value, which then are
 * refused as such.
 */
function joinValues(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const flag = joined.at(-1);
    if (
      /^(-[\d.]|$)/.test(arg) && flag?.startsWith("-") &&
      !flag.includes("=") && !joined.includes("--")
    ) {
      joined[joined.length - 1] = `${flag}=${arg}`;
    } else joined.push(arg);
  }
  return joined;
}

/** Names the flag of an option as a person types it: `--latent-dim`, `-n`. */
export function flagOf(name: string): string {
  return (name.length === 1 ? "-" : "--") + bare(name);
}

function bare(name: string): string {
  return name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}

/**
 * Writes options as a person types them, so that {@linkcode parseFlags} reads
 * the same values.
 *
 * @param names The options to write; those that are not set are left out. A
 * positional comes last.
 */
export function flagWords(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
  names: Iterable<string>,
): string[] {
  const words: string[] = [];
  const last: string[] = [];
  for (const name of names) {
    const value = values[name];
    if (value === null || value === undefined) continue;
    if (isPositional(table[name])) {
      const word = String(value);
      last.push(...(word.startsWith("-") ? ["--", word] : [word]));
      continue;
    }
    if (typeof value === "boolean") {
      if (value) words.push(flagOf(name));
      else if (table[name].default) words.push(`--no-${bare(name)}`);
      continue;
    }
    const text = String(value);
    // A value that begins as a flag does would be taken for one.
    if (text.startsWith("-")) words.push(`${flagOf(name)}=${text}`);
    else words.push(flagOf(name), text);
  }
  return [...words, ...last];
}

/** Says in a word what an option takes. */
function hint(option: Option): string {
  switch (option.type) {
    case "boolean":
      return "";
    case "text":
      return option.metavar;
    case "choice":
      return option.choices.join("|");
    case "integer":
      return "N";
    case "number":
      return "X";
    case "integers":
      return "N,N,…";
    case "numbers":
      return "X,X,…";
  }
}

/** Writes a positional as usage lines do; brackets say that it may lack. */
export function usageWord({ metavar, positional }: TextOption): string {
  return positional === "required" ? metavar : `[${metavar}]`;
}

/** Where the descriptions of the options begin. */
const DESCRIPTION = 26;

/**
 * Describes the options of a task in sections, each option with its default and
 * its range.
 */
export function optionLines(options: OptionTable): string[] {
  const positional = positionalOf(options);
  const entries = Object.entries(options)
    .filter(([name]) => name !== positional?.name);
  const sectionOf = (option: Option & { section?: Section }) => option.section;
  const sections = [undefined, ...SECTIONS].map((section) => ({
    title: section ?? "Options",
    rows: entries.filter(([, option]) => sectionOf(option) === section)
      .flatMap(([name, option]) => optionRow(name, option)),
  }));
  sections.at(-1)!.rows.push(...row("-h, --help", "show this text"));
  if (positional) {
    const { option } = positional;
    const rows = row(usageWord(option), option.help);
    sections.unshift({ title: "Argument", rows });
  }
  return sections.filter(({ rows }) => rows.length > 0)
    .flatMap(({ title, rows }) => ["", `${title}:`, ...rows]);
}

function optionRow(name: string, option: Option): string[] {
  const notes: string[] = [];
  if ("min" in option) notes.push(rangeOf(option));
  if (option.default === true) notes.push(`default: on; --no-${bare(name)}`);
  else if (option.default !== null && option.default !== false) {
    notes.push(`default: ${option.default}`);
  }
  const note = notes.length > 0 ? ` [${notes.join("; ")}]` : "";
  return row(`${flagOf(name)} ${hint(option)}`.trimEnd(), option.help + note);
}

function row(flag: string, description: string): string[] {
  const left = `  ${flag}`;
  const lines = wrap(description, COLUMNS - DESCRIPTION)
    .map((line) => " ".repeat(DESCRIPTION) + line);
  if (widthOf(left) >= DESCRIPTION - 1) return [left, ...lines];
  return [
    pad(left, DESCRIPTION) + lines[0].trimStart(),
    ...lines.slice(1),
  ];
}
