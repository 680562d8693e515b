/**
 * Looks at paths of the user's own before anything there is opened.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { oneLine } from "../text.ts";

/**
 * Looks at a path that is to be read: pipes and devices may have no end, or wait
 * for a writer that never comes.
 *
 * @throws {FormatError} If there is neither a file nor a folder.
 * @throws {Deno.errors.NotFound} If there is nothing.
 */
export async function statPath(path: string): Promise<Deno.FileInfo> {
  const info = await Deno.stat(path);
  if (info.isFile || info.isDirectory) return info;
  const what = info.isFifo
    ? "a pipe"
    : info.isSocket
    ? "a socket"
    : info.isCharDevice || info.isBlockDevice
    ? "a device"
    : "something else";
  throw new FormatError(`it is neither a file nor a folder, but ${what}`);
}

/**
 * Looks at a path that is to be read as a file.
 *
 * @throws {FormatError} If there is something else.
 * @throws {Deno.errors.NotFound} If there is nothing.
 */
export async function statFile(path: string): Promise<Deno.FileInfo> {
  const info = await statPath(path);
  if (info.isFile) return info;
  throw new FormatError("it is a folder, not a file");
}

/**
 * Refuses a name that no path leads to: one that is not in UTF-8, of which
 * `Deno.readDir()` gives what can be shown.
 */
export async function checkName(folder: string, name: string): Promise<void> {
  if (!name.includes("\uFFFD")) return;
  try {
    await Deno.lstat(`${folder}/${name}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new FormatError(
      `the name of ${oneLine(name, 200)} in it is not in UTF-8, and no path ` +
        "leads there: rename it",
    );
  }
}
