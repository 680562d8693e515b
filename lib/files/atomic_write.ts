/**
 * Writes files so that each is either the old one or the new one, never half of
 * one.
 *
 * @module
 */
import { createHash } from "node:crypto";
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
  /** The class's name, which survives minification. */
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
 * devices and pipes are written to directly. What killed processes left of
 * earlier writes of the same file is removed; the writes of living ones are not
 * touched.
 *
 * @param path The file.
 * @param bytes Its whole content, or its pieces, of which one is made at a time.
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
  bytes: Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  const pieces = bytes instanceof Uint8Array ? [bytes] : bytes;
  await writing(path, async (target, old) => {
    if (!old || old.isFile) return await replace(target, pieces);
    using device = await Deno.open(target, { write: true });
    await writeAll(device, pieces);
  });
}

/**
 * Runs `action` on the file that `path` leads to, its folder being there.
 *
 * @throws {WriteError} For whatever the file system refuses.
 */
export async function writing<T>(
  path: string,
  action: (target: string, old: Deno.FileInfo | undefined) => T | Promise<T>,
): Promise<T> {
  try {
    const target = await followLinks(path);
    const old = await ifPresent(Deno.stat(target));
    if (old?.isDirectory || /[/\\]$/.test(path)) {
      throw new WriteError(path, "it is a folder, not a file");
    }
    await Deno.mkdir(dirname(target), { recursive: true });
    return await action(target, old);
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
    await removeAbandoned(target);
    using temporary = createTemporary(target);
    Deno.removeSync(temporary.path);
  });
}

async function replace(
  target: string,
  pieces: Iterable<Uint8Array>,
): Promise<void> {
  await removeAbandoned(target);
  using temporary = createTemporary(target);
  const { path, file } = temporary;
  // `Deno.exit()` in the middle of the write must not leave it behind.
  const discard = () => {
    try {
      Deno.removeSync(path);
    } catch { /* renamed already */ }
  };
  addEventListener("unload", discard);
  try {
    await writeAll(file, pieces);
    await file.sync();
    await Deno.rename(path, target);
  } catch (error) {
    await ifPresent(Deno.remove(path));
    throw error;
  } finally {
    removeEventListener("unload", discard);
  }
}

/** A new file, locked for as long as it is open. */
interface Temporary extends Disposable {
  readonly path: string;
  readonly file: Deno.FsFile;
}

function createTemporary(target: string): Temporary {
  while (true) {
    const random = crypto.randomUUID().slice(0, 8);
    const path = join(dirname(target), hiddenName(target, `.${random}.tmp`));
    const file = Deno.openSync(path, { write: true, createNew: true });
    // Before it was locked, another process may have taken it for abandoned.
    if (tryLock(file) !== false && isAt(file, path)) {
      return { path, file, [Symbol.dispose]: () => file.close() };
    }
    file.close();
  }
}

/** Bytes in the longest name that Linux, macOS and Windows take. */
const LONGEST_NAME = 255;

/**
 * Names a file that belongs to `target` and lies beside it. Where the name and
 * the ending are too long together, a digest stands for the name's end.
 */
export function hiddenName(target: string, ending: string): string {
  const name = basename(target);
  const bytes = new TextEncoder().encode(name);
  const room = LONGEST_NAME - 1 - ending.length;
  if (bytes.length <= room) return `.${name}${ending}`;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 16);
  // Without the rest of a character that is cut in two.
  const start = new TextDecoder().decode(bytes.subarray(0, room - 17), {
    stream: true,
  });
  return `.${start}~${digest}${ending}`;
}

/**
 * Removes the temporary files of `target` whose writer was killed. The system
 * unlocks what a process had locked when that process ends, however it ends.
 * Where the file system has no locks, nothing is known and all stay.
 */
async function removeAbandoned(target: string): Promise<void> {
  const isTemporary = (name: string) => {
    const [ending] = name.match(/\.[0-9a-f]{8}\.tmp$/) ?? [];
    return ending !== undefined && name === hiddenName(target, ending);
  };
  const folder = dirname(target);
  // A folder that cannot be listed can still be written to.
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name } of entries) {
    if (!isTemporary(name)) continue;
    const path = join(folder, name);
    try {
      using file = await Deno.open(path, { write: true });
      if (tryLock(file)) await Deno.remove(path);
    } catch { /* gone by now, or another user's: not in the way of a write */ }
  }
}

/**
 * Locks a file against other processes until it is closed.
 *
 * @returns Whether it could be had; `null` where the file system has no locks.
 */
export function tryLock(file: Deno.FsFile): boolean | null {
  try {
    return file.tryLockSync(true);
  } catch {
    // One that does not wait fails for no other reason.
    return null;
  }
}

/** Says whether an open file is still the one at `path`. */
export function isAt(file: Deno.FsFile, path: string): boolean {
  try {
    const [opened, found] = [file.statSync(), Deno.statSync(path)];
    return opened.ino === found.ino && opened.dev === found.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function writeAll(
  file: Deno.FsFile,
  pieces: Iterable<Uint8Array>,
): Promise<void> {
  for (const bytes of pieces) {
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written));
    }
  }
}

/**
 * Follows symbolic links to the file that `path` leads to, which need not exist
 * yet.
 */
export async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  // What a shell's link to a pipe (/dev/stdout, /dev/fd/63) says is no path.
  const found = await Deno.stat(target).catch(() => null);
  if (found && !found.isFile && !found.isDirectory) return target;
  for (let hops = 0; hops < 40; hops++) {
    if (!(await ifPresent(Deno.lstat(target)))?.isSymlink) return target;
    target = resolve(dirname(target), await Deno.readLink(target));
  }
  throw new WriteError(path, "its symbolic links lead in a circle");
}

/** Waits for what a file is asked for; nothing if there is no such file. */
export async function ifPresent<T>(
  operation: Promise<T>,
): Promise<T | undefined> {
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

/** Says in plain words why the file system has refused something. */
export function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    const [, need = "write access"] = error.message.match(
      /^Requires (.*?), run again/,
    ) ?? [];
    const verb = need.startsWith("read") ? "read" : "write";
    return `this process may not ${verb} there; Deno must be given ${need}`;
  }
  const { code, message } = error as Error & { code?: string };
  // Not every error has a code: EFBIG is "File too large (os error 27)".
  return PLAIN_WORDS[code ?? ""] ?? message.replace(/ \(os error \d+\)$/, "");
}
