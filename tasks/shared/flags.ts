/**
 * The flags of a task's options: reads them, names them and lists them.
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
} from "../../lib/options/table.ts";
import { oneLine, show } from "../../lib/text.ts";

/**
 * Reads a command line against a task's table.
 *
 * @returns The values of all options and the names of those that were given; or
 * "help" where only the help is asked for.
 * @throws {OptionError} For an unknown flag, a stray word or a bad value.
 */
export function parseFlags<T extends OptionTable>(
  table: T,
  args: readonly string[],
): { values: OptionValues<T>; given: Set<keyof T> } | "help" {
  const options: OptionTable = table;
  const names = Object.keys(options);
  const isBoolean = (name: string) => options[name].type === "boolean";
  const words = joinValues(args);
  const parsed: Args = parseArgs(words, {
    string: names.filter((name) => !isBoolean(name)).map(bare),
    boolean: [...names.filter(isBoolean).map(bare), "help"],
    negatable: names.filter((name) => options[name].default === true)
      .map(bare),
    unknown: (arg, key) => {
      throw new OptionError(
        key === undefined
          ? `unexpected argument ${show(arg)}`
          : `unknown option ${oneLine(arg)}`,
      );
    },
  });
  for (const name of [...names.filter(isBoolean), "help"]) {
    const forms = [`--${bare(name)}=`, `--no-${bare(name)}=`];
    const assigned = words.find((word) =>
      forms.some((form) => word.startsWith(form))
    );
    if (assigned === undefined) continue;
    throw new OptionError(`${oneLine(assigned)}: it takes no value`);
  }
  if (parsed.help) return "help";
  if (parsed._.length > 0) {
    throw new OptionError(`unexpected argument ${show(String(parsed._[0]))}`);
  }

  const values = defaults(options);
  const given = new Set<string>();
  for (const name of names) {
    const flag = bare(name);
    if (isBoolean(name)) {
      const forms = [`--${flag}`, `--no-${flag}`];
      if (!forms.some((form) => words.includes(form))) continue;
    } else if (parsed[flag] === undefined) continue;
    values[name] = parseOption(
      options[name],
      flagOf(name),
      parsed[flag],
    ) as never;
    given.add(name);
  }
  return {
    values: values as OptionValues<T>,
    given: given as Set<keyof T>,
  };
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
      /^(-[\d.]|$)/.test(arg) && flag?.startsWith("-") && !flag.includes("=")
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

/**
 * Describes the options of a task, one in each line, with their defaults and
 * ranges.
 */
export function optionLines(options: OptionTable): string[] {
  const width = 30;
  const row = (left: string, right: string) =>
    left.length < width
      ? `${left.padEnd(width)}${right}`
      : `${left}\n${" ".repeat(width)}${right}`;
  const rows = Object.entries(options).map(([name, option]) => {
    const notes: string[] = [];
    if ("min" in option) notes.push(rangeOf(option));
    if (option.default === true) notes.push(`default: on; --no-${bare(name)}`);
    else if (option.default !== null && option.default !== false) {
      notes.push(`default: ${option.default}`);
    }
    const note = notes.length > 0 ? ` [${notes.join("; ")}]` : "";
    return row(
      `  ${flagOf(name)} ${hint(option)}`.trimEnd(),
      option.help + note,
    );
  });
  return [...rows, row("  --help", "show this text")];
}
