/**
 * What every task does around its work: help, signals, errors and exit codes.
 *
 * @module
 */
import {
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../../lib/options/table.ts";
import { WriteError } from "../../lib/files/atomic_write.ts";
import { oneLine } from "../../lib/text.ts";
import { wrap, wrapCommand } from "./columns.ts";
import { detailedFault, hint, sayDetail, setVerbose } from "./engine_news.ts";
import {
  flagOf,
  optionLines,
  parseFlags,
  positionalOf,
  usageWord,
} from "./flags.ts";
import { guardConsole, say, sayCommand } from "./terminal.ts";

/** What a task is called, what it does and how it is used. */
export interface Task {
  /** The name of its file, its entry in deno.json and its export. */
  readonly name: string;
  /** What it does, in one sentence. */
  readonly summary: string;
  /** Options to try, as they are typed. */
  readonly examples: readonly [string, ...string[]];
  readonly options: OptionTable;
}

/** What a task is told besides the values of its options. */
export interface Context<T extends OptionTable> {
  /** The names of the options that were on the command line. */
  readonly given: ReadonlySet<keyof T>;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Does a task's work; returns the exit code, and nothing for success. */
export type Main<T extends OptionTable> = (
  options: OptionValues<T>,
  context: Context<T>,
) => Promise<number | void>;

/** The exit code after SIGINT, as shells have it. */
export const EXIT_INTERRUPTED = 130;

const EXIT_ERROR = 1;
const EXIT_USAGE = 2;

/** Mistakes in a program rather than in what it was given. */
const BUGS = [TypeError, ReferenceError, SyntaxError];

/** A state that the user can mend; the message says how. */
export class TaskError extends Error {
  override name = "TaskError";
  /** The command that its message ends with. */
  readonly command?: string;

  /** @param command Goes on from there; it ends the message. */
  constructor(
    message: string,
    { command, ...options }: ErrorOptions & { readonly command?: string } = {},
  ) {
    super(command === undefined ? message : `${message} ${command}`, options);
    this.command = command;
  }
}

/**
 * Runs a task with the words of the command line, and exits.
 *
 * @param flags The task's options once more, with the types that `main` needs.
 */
export async function runTask<T extends OptionTable>(
  task: Task,
  flags: T,
  main: Main<T>,
): Promise<never> {
  guardConsole();
  const controller = new AbortController();
  let listening = false;
  const context = (given: Context<T>["given"]): Context<T> => ({
    given,
    // A task that never asks for the signal is ended by one as any program is.
    get signal() {
      if (!listening) listen(controller);
      listening = true;
      return controller.signal;
    },
  });
  try {
    const parsed = parseFlags(flags, Deno.args);
    if (parsed === "help") {
      console.log(helpText(task));
      Deno.exit(0);
    }
    const { values, given } = parsed;
    setVerbose(values.verbose as boolean | undefined);
    const code = await main(values, context(given));
    Deno.exit(code ?? 0);
  } catch (error) {
    const { text, code } = wordError(task.name, error, controller.signal);
    if (error instanceof TaskError && error.command && text) {
      sayWithCommand(text, error.command);
    } else if (text !== "") say(text);
    const fault = detailedFault(error);
    if (fault) sayDetail(fault.detail);
    Deno.exit(code);
  }
}

/** Says an error, on a terminal with the command on lines of its own. */
function sayWithCommand(text: string, command: string): void {
  if (!Deno.stderr.isTerminal() || !text.endsWith(command)) return say(text);
  say(text.slice(0, -command.length).trimEnd());
  sayCommand(`  ${command}`);
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

/** Words an error for a person, with the exit code that goes with it. */
export function wordError(
  name: string,
  error: unknown,
  signal?: AbortSignal,
): { text: string; code: number } {
  if (signal?.aborted && error === signal.reason) {
    return { text: "", code: EXIT_INTERRUPTED };
  }
  if (!(error instanceof Error) || BUGS.some((bug) => error instanceof bug)) {
    const text = `error: this is a bug, please report it: ${
      Deno.inspect(error)
    }`;
    return { text, code: EXIT_ERROR };
  }
  // Paths and servers' answers are in it as they are.
  let text = `error: ${oneLine(error.message, Infinity)}`;
  const fault = detailedFault(error);
  if (fault) {
    // Not at the end, where the command that goes on may stand.
    const message = oneLine(fault.message, Infinity);
    text = text.replace(message, () => message + hint());
  }
  if (error instanceof OptionError) {
    const help = `\`${commandOf(name)} --help\` lists the options.`;
    return { text: `${text}\n${help}`, code: EXIT_USAGE };
  }
  const refused = error instanceof WriteError &&
    error.cause instanceof Deno.errors.NotCapable && error.cause.message;
  const [flag] = refused && refused.match(/--allow-\w+/) || [];
  return {
    // A program has the permissions that it was made with.
    text: flag === undefined || Deno.build.standalone
      ? text
      : `${text} (${
        flag === "--allow-write" && import.meta.url.startsWith("file:")
          ? `see ${flag}; \`${commandOf(name)}\` writes inside this folder only`
          : `see ${flag}`
      })`,
    code: EXIT_ERROR,
  };
}

/** The tasks that a release has as programs, for those who have no Deno. */
export const PROGRAMS = ["train", "sample", "explore"];

/**
 * Says how a task is started: from a checkout, from the registry, or as a
 * program beside this one.
 */
export function commandOf(
  name: string,
  isProgram = Deno.build.standalone,
): string {
  if (isProgram && PROGRAMS.includes(name)) return `./${name}`;
  return import.meta.url.startsWith("file:") && !isProgram
    ? `deno task ${name}`
    : `deno run jsr:@vae/mnist/${name}`;
}

/**
 * Repeats the command that was typed.
 *
 * @param changes Options that get other values.
 */
export function commandLine(
  task: string,
  changes: Readonly<Record<string, string | number>> = {},
): string {
  const words = [...Deno.args];
  for (const [name, value] of Object.entries(changes)) {
    const flag = flagOf(name);
    const isFlag = (word: string) =>
      word === flag || word.startsWith(`${flag}=`);
    for (let at; (at = words.findIndex(isFlag)) >= 0;) {
      words.splice(at, words[at] === flag ? 2 : 1);
    }
    words.push(flag, String(value));
  }
  return [commandOf(task), ...words.map(shellWord)].join(" ");
}

/**
 * Suggests what to try next: a task, with options that it takes. Who has a
 * program has no others than those of the release.
 */
export function suggestNext(task: string, words: readonly string[] = []): void {
  if (Deno.build.standalone && !PROGRAMS.includes(task)) return;
  const command = [commandOf(task), ...words.map(shellWord)].join(" ");
  sayCommand(`next: ${command}`);
}

/** Quotes a word for a shell where it needs that. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Makes the text that `--help` prints. */
export function helpText({ name, summary, examples, options }: Task): string {
  const command = commandOf(name);
  const positional = positionalOf(options);
  const words = positional ? ` ${usageWord(positional.option)}` : "";
  return [
    ...wrap(summary),
    "",
    `Usage: ${command} [options]${words}`,
    ...optionLines(options),
    "",
    examples.length > 1 ? "Examples:" : "Example:",
    ...examples.flatMap((example) => wrapCommand(`  ${command} ${example}`)),
  ].join("\n");
}
