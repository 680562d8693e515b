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
 * @param verb What is to be done with it, for the errors.
 * @param most The most bytes that it may have.
 * @throws {TaskError} If it cannot be read: with the reason.
 */
export async function readInput(
  verb: string,
  path: string,
  most = MAX_FILE,
): Promise<Uint8Array<ArrayBuffer>> {
  readsFrom(path);
  const refuse = (reason: string, cause?: unknown) =>
    new TaskError(`cannot ${verb} ${path}: ${reason}`, { cause });
  try {
    const { isFile, size } = await Deno.stat(path);
    // A device or a pipe may have no end.
    if (!isFile) throw refuse("not a file");
    if (size > most) {
      throw refuse(
        `its ${size} bytes are more than are read of such (${most})`,
      );
    }
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof TaskError) throw cause;
    if (cause instanceof Deno.errors.NotFound) {
      throw refuse("there is no such file", cause);
    }
    throw refuse(`it cannot be read: ${(cause as Error).message}`, cause);
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
