/**
 * What helps where pictures of one's own cannot be read as they are asked for.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { ChoiceError } from "../../lib/dataset/choice_error.ts";
import type { DataOptions } from "../../lib/options/run.ts";
import { shellWord, TaskError } from "./cli.ts";
import { flagOf } from "./flags.ts";
import { suggest } from "./suggestion.ts";

/** Names in a folder that are looked at for one that was mistyped. */
const MAX_NAMES = 10_000;

/**
 * Adds to the error of one's own pictures which flag settles it, or what is there
 * that is called nearly so.
 *
 * @returns Nothing for another error.
 */
export async function ownRemedy(
  error: Error,
  { images, labels }: DataOptions,
): Promise<TaskError | undefined> {
  const { cause, message } = error;
  if (cause instanceof ChoiceError) {
    const text = `${message}, with ${flagOf(cause.option)}`;
    return new TaskError(text, { cause });
  }
  if (!(cause instanceof Deno.errors.NotFound)) return;
  for (const path of [images, labels]) {
    if (path === null || await exists(path)) continue;
    const near = await nearPath(path);
    if (near !== undefined) {
      return new TaskError(`${message}; did you mean ${near}?`, { cause });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** Finds what lies where a path leads to and has nearly its name. */
async function nearPath(path: string): Promise<string | undefined> {
  const names = new Map<string, string>();
  try {
    for await (const { name } of Deno.readDir(dirname(path))) {
      names.set(name.toLowerCase(), name);
      if (names.size === MAX_NAMES) break;
    }
  } catch {
    return; // There is no such folder, either.
  }
  const near = suggest(basename(path).toLowerCase(), [...names.keys()]);
  return near && shellWord(join(dirname(path), names.get(near)!));
}
