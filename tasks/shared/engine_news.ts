/**
 * What is said of engines: why one was taken, and what failed in it.
 *
 * @module
 */
import { GpuError } from "../../lib/engine/gpu.ts";
import type { EngineChoice } from "../../lib/engines.ts";
import { oneLine } from "../../lib/text.ts";
import { say } from "./terminal.ts";

/** Whether details are shown; undefined in a task that cannot be asked to. */
let isVerbose: boolean | undefined;

/** Takes the value of a task's option `verbose`, if it has one. */
export function setVerbose(value: boolean | undefined): void {
  isVerbose = value;
}

/** Says what `auto` has found out about a GPU, and why it does without one. */
export const engineNews: Pick<EngineChoice, "onFallback" | "onTrial"> = {
  onTrial: say,
  onFallback: (reason, detail) => sayFault(`note: ${reason}`, { detail }),
};

/**
 * Says a fault in a line. Where many lines go with it, they follow, or the line
 * ends by saying how to see them.
 */
export function sayFault(
  text: string,
  { detail }: { readonly detail?: string },
): void {
  const line = oneLine(text, Infinity);
  say(detail === undefined ? line : line + hint());
  if (detail !== undefined) sayDetail(detail);
}

/**
 * Finds the failure of a GPU that lines go with, behind an error of a task.
 *
 * @returns Nothing if there is none.
 */
export function detailedFault(
  error: unknown,
): GpuError & { readonly detail: string } | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof GpuError && cause.detail !== undefined) {
      return cause as GpuError & { readonly detail: string };
    }
  }
}

/** What a line ends with that hides details. */
export function hint(): string {
  return isVerbose === false ? " (--verbose shows the program's source)" : "";
}

/** Shows lines as they are, if they are asked for. */
export function sayDetail(detail: string): void {
  if (isVerbose) console.error(detail);
}
