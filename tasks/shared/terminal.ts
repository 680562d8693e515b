/**
 * What is said on stderr: lines, and digits.
 *
 * @module
 */
import { fitting, preview } from "../../lib/image/preview.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import { COLUMNS, wrap, wrapCommand } from "./columns.ts";
import { printable } from "../../lib/text.ts";

/** Columns of the terminal on stderr; 80 where there is none or it does not say. */
export function columnsOf(): number {
  return Deno.stderr.isTerminal()
    ? Deno.consoleSize().columns || COLUMNS
    : COLUMNS;
}

/**
 * Says something on stderr. A terminal gets it broken between words; a file or
 * a pipe gets every line whole, for programs that look for it.
 */
export function say(text: string): void {
  if (!Deno.stderr.isTerminal()) return console.error(text);
  const columns = columnsOf();
  console.error(
    text.split("\n").flatMap((line) => wrap(line, columns, "  ")).join("\n"),
  );
}

/** Says a command on stderr so that it can be copied, however long it is. */
export function sayCommand(text: string): void {
  const lines = Deno.stderr.isTerminal()
    ? wrapCommand(text, columnsOf())
    : [text];
  console.error(lines.join("\n"));
}

/**
 * Prints a result on stdout for a person: lines of 80 columns at most, broken
 * between words. Programs ask for `--json`.
 */
export function tell(text: string): void {
  console.log(
    text.split("\n").flatMap((line) => wrap(line, COLUMNS, "  ")).join("\n"),
  );
}

/**
 * Shows digits on stderr, in one row: in greys on a terminal, unless NO_COLOR
 * is set, and otherwise in plain characters. Of more than fit, some are left out
 * at even distances, so that both ends are there.
 */
export function showDigits(digits: Float32Array): void {
  const isTerminal = Deno.stderr.isTerminal();
  const columns = columnsOf();
  const count = digits.length / IMAGE_PIXELS;
  const shown = Math.min(count, fitting(columns));
  const some = new Float32Array(shown * IMAGE_PIXELS);
  for (let i = 0; i < shown; i++) {
    const from = Math.round(i * (count - 1) / Math.max(1, shown - 1));
    const digit = digits.subarray(
      from * IMAGE_PIXELS,
      (from + 1) * IMAGE_PIXELS,
    );
    some.set(digit, i * IMAGE_PIXELS);
  }
  const color = isTerminal && !Deno.noColor;
  // Colours are escape sequences, which console.error() no longer lets through.
  const text = preview(some, { columns, color });
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

/**
 * Lets nothing through console.log() and console.error() that a terminal would
 * obey. Names from checkpoints and files may hold such characters; this is the
 * one door by which all of a task's words leave it.
 */
export function guardConsole(): void {
  for (const name of ["log", "error"] as const) {
    const print = console[name];
    console[name] = (...values) =>
      print(
        ...values.map((value) =>
          typeof value === "string" ? printable(value) : value
        ),
      );
  }
}
