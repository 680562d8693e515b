/**
 * Tells which paths lead to arrays.
 *
 * @module
 */
import { fileSource } from "../files/byte_source.ts";
import { kindOf } from "../files/kind.ts";
import { FormatError } from "../formats/error.ts";
import { gunzipStart, isGzip } from "../formats/gzip.ts";
import { hasSiblings } from "./array_siblings.ts";
import { checkName, statPath } from "./paths.ts";

/** Names of files that must be arrays, whatever they are. */
const NAMED = /\.np[yz](\.gz)?$/i;

/**
 * Tells whether a path is one of arrays: by a file's content, or its name where
 * the content is of another kind, so that who reads it says what is wrong; of a
 * folder by its files' names.
 *
 * @throws {Deno.errors.NotFound} If there is nothing at the path.
 */
export async function isArrays(path: string): Promise<boolean> {
  const { isDirectory } = await statPath(path);
  if (isDirectory) return (await arraysIn(path)).length > 0;
  if (NAMED.test(path) || hasSiblings(path)) return true;
  const source = await fileSource(path);
  let start = source.read(0, Math.min(1024, source.length));
  try {
    if (isGzip(start)) start = gunzipStart(start);
  } catch (error) {
    // Whatever was in it: the reader of arrays says what is wrong with gzip data.
    if (error instanceof FormatError) return true;
    throw error;
  }
  return ["npy", "idx", "zip"].includes(kindOf(start) ?? "");
}

/** Lists the files of a folder that must be arrays by their names. */
export async function arraysIn(folder: string): Promise<string[]> {
  return (await namesIn(folder))
    .filter((name) => hasSiblings(name) || NAMED.test(name));
}

/** Lists what is in a folder and not hidden. */
export async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    await checkName(folder, name);
    names.push(name);
  }
  return names;
}
