/**
 * The files that a task is given to read.
 *
 * @module
 */
import { TaskError } from "./cli.ts";
import { readsFrom } from "./files.ts";

/** Larger files are not read: a Uint8Array has no room for them. */
const MAX_FILE = 2 ** 32;

/**
 * Reads a whole file, which nothing may replace from then on.
 *
 * @throws {TaskError} If it cannot be read: with the reason.
 */
export async function readInput(
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  readsFrom(path);
  try {
    const { isDirectory, size } = await Deno.stat(path);
    if (isDirectory) throw new TaskError(`cannot read ${path}: it is a folder`);
    if (size > MAX_FILE) {
      throw new TaskError(
        `cannot read ${path}: it has ${size} bytes, and ${MAX_FILE} are read ` +
          "at most",
      );
    }
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof TaskError) throw cause;
    const reason = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (cause as Error).message;
    throw new TaskError(`cannot read ${path}: ${reason}`, { cause });
  }
}

/**
 * Runs `action` and says in the errors of a kind which file they are about, and
 * what could not be done with it: `cannot decompress FILE: …`.
 */
export async function about<T>(
  verb: string,
  path: string,
  kinds: readonly (abstract new (...args: never[]) => Error)[],
  action: () => T | Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (!kinds.some((kind) => cause instanceof kind)) throw cause;
    const { message } = cause as Error;
    throw new TaskError(`cannot ${verb} ${path}: ${message}`, { cause });
  }
}
