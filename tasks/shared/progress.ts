/**
 * Progress on stderr: a bar that is redrawn on a terminal, now and then a plain
 * line elsewhere.
 *
 * @module
 */

import { columnsOf, say } from "./terminal.ts";
import { printable } from "../../lib/text.ts";

/** Milliseconds between two plain lines where there is no terminal. */
const PLAIN_INTERVAL = 10_000;

const BAR_WIDTH = 12;

const encoder = new TextEncoder();

/** The progress of one long piece of work. */
export class Progress {
  readonly #isTerminal = Deno.stderr.isTerminal();
  #lastLine = performance.now();
  #drawn = false;

  /**
   * Shows how far the work is.
   *
   * @param fraction From 0 to 1; null where the end is not known.
   * @param text What there is to say: throughput, losses, time left.
   */
  update(fraction: number | null, text: string): void {
    if (this.#isTerminal) {
      const full = Math.round((fraction ?? 0) * BAR_WIDTH);
      const bar = fraction === null
        ? ""
        : "━".repeat(full) + "─".repeat(BAR_WIDTH - full) + " ";
      const line = shortened(bar + printable(text), columnsOf() - 1);
      write(`\r\x1b[2K${line}`);
      this.#drawn = true;
    } else if (performance.now() - this.#lastLine >= PLAIN_INTERVAL) {
      this.#lastLine = performance.now();
      say(text);
    }
  }

  /** Removes the bar, so that other lines can be printed. */
  clear(): void {
    if (this.#drawn) write("\r\x1b[2K");
    this.#drawn = false;
  }
}

/** Leaves out the last of the parts, which two spaces part, that do not fit. */
function shortened(text: string, columns: number): string {
  let line = text;
  while (line.length > columns && line.includes("  ")) {
    line = line.slice(0, line.lastIndexOf("  ")).trimEnd();
  }
  return line.slice(0, columns);
}

/** Seconds as a person reads them: `4 s`, `2 min 5 s`, `1 h 20 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}

function write(text: string): void {
  Deno.stderr.writeSync(encoder.encode(text));
}
