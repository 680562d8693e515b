/**
 * Keeps a file that is about to be written from replacing what must not be lost.
 *
 * @module
 */
import { basename, dirname, extname, join, resolve } from "node:path";
import {
  checkWritable,
  ifPresent,
  WriteError,
  writing,
} from "./atomic_write.ts";
import { describeKind, type FileKind, fileKind } from "./kind.ts";
import { ownerOfLock } from "./lock.ts";

/** What a file that is to be written must respect. */
export interface OutputRules {
  /** What will be in it. */
  readonly kind: FileKind;
  /** Files that are read for it. */
  readonly inputs: Iterable<string>;
}

/**
 * Finds out whether a file could be written and nothing would be lost by it.
 * Creates the folder; leaves the file as it is. Devices and pipes are free.
 *
 * @param path The file to be written later.
 * @throws {WriteError} If it is one of the inputs, by whatever name; a file of
 * another kind than what would replace it; locked by another process; or not
 * writable.
 */
export async function checkOutput(
  path: string,
  { kind, inputs }: OutputRules,
): Promise<void> {
  await writing(path, async (target, old) => {
    if (old && !old.isFile) return;
    const owner = ownerOfLock(target);
    if (owner !== undefined) {
      throw new WriteError(
        path,
        `it is being trained by ${owner}: stop it, or choose another name`,
      );
    }
    if (!old) return;
    for (const input of inputs) {
      if (!await isSameFile(target, input)) continue;
      const name = resolve(input) === resolve(path)
        ? "it"
        : `it is ${input}, and that`;
      throw new WriteError(path, `${name} is read here: choose another name`);
    }
    const found = await fileKind(target);
    if (found === undefined || found === kind) return;
    throw new WriteError(
      path,
      `it is ${describeKind(found)}, and ${describeKind(kind)} would replace ` +
        "it: choose another name",
    );
  });
  await checkWritable(path);
}

/**
 * Says whether two names lead to one file: by links of either kind, by another
 * spelling of a folder, or by another case.
 */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [a, b].map((path) => ifPresent(Deno.stat(path))),
  );
  if (!first || !second) return resolve(a) === resolve(b);
  // Where the system has no numbers for files, their full names have to do.
  if (first.ino !== null && second.ino !== null) {
    return first.ino === second.ino && first.dev === second.dev;
  }
  return await Deno.realPath(a) === await Deno.realPath(b);
}

/**
 * Renames a file so that another can take its name: `vae.safetensors` becomes
 * `vae.1.safetensors`, or the next number that is free. What a symbolic link
 * leads to is renamed where it is.
 *
 * @param path The file, of which nobody else makes copies meanwhile: lock it.
 * @returns Its new name; nothing if there was none, or it is no file.
 * @throws {WriteError} If it cannot be renamed.
 */
export async function setAside(path: string): Promise<string | undefined> {
  return await writing(path, async (target, old) => {
    if (!old?.isFile) return;
    const shown = target === resolve(path) ? path : target;
    const ending = extname(target);
    const stem = basename(target, ending);
    for (let n = 1;; n++) {
      const name = `${stem}.${n}${ending}`;
      const free = join(dirname(target), name);
      if (await ifPresent(Deno.lstat(free))) continue;
      await Deno.rename(target, free);
      return join(dirname(shown), name);
    }
  });
}
