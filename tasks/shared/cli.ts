/**
 * What every task does around its work: flags, help, signals, errors and exit
 * codes.
 *
 * @module
 */
import { type Args, parseArgs } from "@std/cli/parse-args";
import {
  defaults,
  type Option,
  OptionError,
  parseOption,
  rangeOf,
} from "../../lib/options/table.ts";
import { oneLine, show } from "../../lib/text.ts";
import {
  type TaskName,
  tasks,
  type TaskSpec,
  type TaskValues,
} from "./options.ts";

/** What a task is told besides the values of its options. */
export interface TaskContext<T extends TaskName> {
  /** The names of the options that were on the command line. */
  readonly given: ReadonlySet<keyof TaskValues<T>>;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** The exit code after SIGINT, as shells have it. */
export const EXIT_INTERRUPTED = 130;

const EXIT_ERROR = 1;
const EXIT_USAGE = 2;

/** Mistakes in a program rather than in what it was given. */
const BUGS = [TypeError, ReferenceError, SyntaxError];

/** A state that the user can mend; the message says how. */
export class TaskError extends Error {
  override name = "TaskError";
}

/**
 * Runs one task and exits.
 *
 * @param main Returns the exit code; nothing means success.
 */
export async function runTask<T extends TaskName>(
  name: T,
  main: (
    options: TaskValues<T>,
    context: TaskContext<T>,
  ) => Promise<number | void>,
): Promise<never> {
  const controller = new AbortController();
  let listening = false;
  const context = (given: TaskContext<T>["given"]): TaskContext<T> => ({
    given,
    // A task that never asks for the signal is ended by one as any program is.
    get signal() {
      if (!listening) listen(controller);
      listening = true;
      return controller.signal;
    },
  });
  try {
    const parsed = parseTaskArgs(name, Deno.args);
    if (parsed === "help") {
      console.log(helpText(name));
      Deno.exit(0);
    }
    const { values, given } = parsed;
    const code = await main(values, context(given));
    Deno.exit(code ?? 0);
  } catch (error) {
    Deno.exit(report(name, error, controller.signal));
  }
}

/** Aborts on the first SIGINT or SIGTERM; exits on the second. */
function listen(controller: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      if (controller.signal.aborted) Deno.exit(EXIT_INTERRUPTED);
      controller.abort(new DOMException("interrupted", "AbortError"));
    });
  }
}

/** Prints an error for a person; returns the exit code. */
function report(name: TaskName, error: unknown, signal: AbortSignal): number {
  if (signal.aborted && error === signal.reason) return EXIT_INTERRUPTED;
  if (!(error instanceof Error) || BUGS.some((bug) => error instanceof bug)) {
    console.error("error: this is a bug, please report it:", error);
    return EXIT_ERROR;
  }
  // Paths and servers' answers are in it as they are.
  console.error(`error: ${oneLine(error.message, Infinity)}`);
  if (!(error instanceof OptionError)) return EXIT_ERROR;
  console.error(`\`${commandOf(name)} --help\` lists the options.`);
  return EXIT_USAGE;
}

/**
 * Reads a command line against the task's table.
 *
 * @throws {OptionError} For an unknown flag, a stray word or a bad value.
 */
export function parseTaskArgs<T extends TaskName>(
  name: T,
  args: readonly string[],
): { values: TaskValues<T>; given: Set<keyof TaskValues<T>> } | "help" {
  const options: Record<string, Option> = tasks[name].options;
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
    values: values as TaskValues<T>,
    given: given as Set<keyof TaskValues<T>>,
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

/** The flag of an option as a person types it: `--latent-dim`, `-n`. */
export function flagOf(name: string): string {
  return (name.length === 1 ? "-" : "--") + bare(name);
}

function bare(name: string): string {
  return name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}

/** How a task is started: from a checkout, or from the registry. */
export function commandOf(name: TaskName): string {
  return import.meta.url.startsWith("file:")
    ? `deno task ${name}`
    : `deno run jsr:@vae/mnist/${name}`;
}

/** What an option takes, short. */
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

/** The text that `--help` prints. */
export function helpText(name: TaskName): string {
  const { summary, options }: TaskSpec = tasks[name];
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
  return [
    summary,
    "",
    `Usage: ${commandOf(name)} [options]`,
    "",
    ...rows,
    row("  --help", "show this text"),
  ].join("\n");
}
