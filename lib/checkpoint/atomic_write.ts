/**
 * Files that are either the old one or the new one, never half of one.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";

/**
 * A file could not be written. The message says which one and why.
 *
 * @example
 * ```ts
 * import { atomicWrite, WriteError } from "@vae/mnist";
 * import { assertRejects } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await assertRejects(() => atomicWrite(folder, new Uint8Array()), WriteError);
 * ```
 */
export class WriteError extends Error {
  /** Tells it from other errors. */
  override name = "WriteError";

  /**
   * Makes the error of one file.
   *
   * @param path The file as the caller named it.
   * @param reason What was in the way, in plain words.
   * @param options The underlying error, as `cause`.
   */
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`cannot write ${path}: ${reason}`, options);
  }
}

/**
 * Writes a file so that a reader, a crash or a full disk never meets a partial
 * one: the bytes go to a temporary file in the same folder, are flushed to
 * disk, and the file is renamed over the old one. The folder is made where it
 * is missing, a symbolic link stays a link and its target is replaced, and
 * devices and pipes are written to directly.
 *
 * @param path The file.
 * @param bytes Its whole content.
 * @throws {WriteError} If the file cannot be written. No temporary file stays.
 *
 * @example
 * ```ts
 * import { atomicWrite } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempDir() + "/digits.bin";
 * await atomicWrite(path, Uint8Array.of(1, 2, 3));
 * assertEquals(await Deno.readFile(path), Uint8Array.of(1, 2, 3));
 * ```
 */
export async function atomicWrite(
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  await writing(path, async (target, old) => {
    if (old && !old.isFile) await writeAll(target, bytes, { write: true });
    else await replace(target, bytes);
  });
}

/** Runs `action` on the file that `path` leads to, its folder being there. */
async function writing(
  path: string,
  action: (target: string, old: Deno.FileInfo | undefined) => Promise<void>,
): Promise<void> {
  try {
    const target = await followLinks(path);
    const old = await ifPresent(Deno.stat(target));
    if (old?.isDirectory || /[/\\]$/.test(path)) {
      throw new WriteError(path, "it is a folder, not a file");
    }
    await Deno.mkdir(dirname(target), { recursive: true });
    await action(target, old);
  } catch (error) {
    if (error instanceof WriteError) throw error;
    throw new WriteError(path, reason(error), { cause: error });
  }
}

/**
 * Finds out whether a file could be written, before work is spent on what goes
 * into it. Creates the folder; leaves the file as it is.
 *
 * @param path The file to be written later.
 * @throws {WriteError} As {@linkcode atomicWrite} would.
 */
export async function checkWritable(path: string): Promise<void> {
  await writing(path, async (target, old) => {
    if (old && !old.isFile) return;
    const temporary = temporaryFor(target);
    await writeAll(temporary, new Uint8Array(), TEMPORARY);
    await Deno.remove(temporary);
  });
}

async function replace(target: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryFor(target);
  // `Deno.exit()` in the middle of the write must not leave it behind.
  const discard = () => {
    try {
      Deno.removeSync(temporary);
    } catch { /* not there yet, or renamed already */ }
  };
  addEventListener("unload", discard);
  try {
    await writeAll(temporary, bytes, TEMPORARY);
    await Deno.rename(temporary, target);
  } catch (error) {
    await ifPresent(Deno.remove(temporary));
    throw error;
  } finally {
    removeEventListener("unload", discard);
  }
}

const TEMPORARY = { write: true, createNew: true };

function temporaryFor(target: string): string {
  const random = crypto.randomUUID().slice(0, 8);
  return join(dirname(target), `.${basename(target)}.${random}.tmp`);
}

async function writeAll(
  path: string,
  bytes: Uint8Array,
  options: Deno.OpenOptions,
): Promise<void> {
  using file = await Deno.open(path, options);
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  // Devices and pipes have nothing to flush and say so with EINVAL.
  if (options.createNew) await file.sync();
}

/** The file that `path` leads to, which need not exist yet. */
async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let hops = 0; hops < 40; hops++) {
    if (!(await ifPresent(Deno.lstat(target)))?.isSymlink) return target;
    target = resolve(dirname(target), await Deno.readLink(target));
  }
  throw new WriteError(path, "its symbolic links lead in a circle");
}

async function ifPresent<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const PLAIN_WORDS: Record<string, string> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EEXIST: "a part of the path is a file, not a folder",
  ENAMETOOLONG: "the name is too long",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of the path is a file, not a folder",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    const [, need = "write access"] = error.message.match(
      /^Requires (.*?), run again/,
    ) ?? [];
    return `this task may not write there; it needs ${need} (see --allow-write)`;
  }
  const { code, message } = error as Error & { code?: string };
  return PLAIN_WORDS[code ?? ""] ?? message;
}
