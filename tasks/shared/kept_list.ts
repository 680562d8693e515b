/**
 * Lists that tasks keep in a file of JSON from one run to the next.
 *
 * @module
 */
import { atomicWrite } from "../../lib/files/atomic_write.ts";

/** The file of a list. */
export interface KeptList<T> {
  /** Where it is. */
  readonly path: string;
  /** The list's name in the file. */
  readonly name: string;
  /** What the entries are, in words. */
  readonly what: string;
  /** Whether something is an entry. */
  readonly isEntry: (
    value: Partial<Record<keyof T, unknown>> | null,
  ) => boolean;
}

/**
 * Reads a list; an empty one where there is no file yet.
 *
 * @throws {Error} If the file cannot be read, or holds something else.
 */
export async function readList<T>(
  { path, name, what, isEntry }: KeptList<T>,
): Promise<T[]> {
  let json: string;
  try {
    json = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const list = (JSON.parse(json) as Record<string, unknown> | null)?.[name];
  if (!Array.isArray(list) || !list.every(isEntry)) {
    throw new Error(`it holds something else than ${what}`);
  }
  return list;
}

/**
 * Replaces a list.
 *
 * @throws {WriteError} If the file cannot be written.
 */
export async function writeList<T>(
  { path, name }: KeptList<T>,
  list: readonly T[],
): Promise<void> {
  const json = `${JSON.stringify({ [name]: list }, null, 2)}\n`;
  await atomicWrite(path, new TextEncoder().encode(json));
}
