/**
 * Keeps a checkpoint to one process at a time.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { hiddenName, isAt, tryLock, writing } from "./atomic_write.ts";

/** Another process trains to the same file. */
export class LockedError extends Error {
  /** The class's name, which survives minification. */
  override name = "LockedError";

  /**
   * Makes the error of one file.
   *
   * @param path The checkpoint as the caller named it.
   * @param owner The other process's id.
   */
  constructor(path: string, owner: string) {
    super(`${path} is being trained by ${owner}`);
  }
}

/** Keeps others from training to a checkpoint until it is disposed of. */
export interface CheckpointLock extends Disposable {
  /** False where the file system has no locks, so that nobody is kept out. */
  readonly held: boolean;
}

/**
 * Locks a checkpoint for this process. The lock is one of the system's, on
 * `.NAME.lock` beside the file: it ends with the process, however that ends, so
 * that the file of a killed one is simply taken over. Devices and pipes are not
 * locked.
 *
 * @param path The checkpoint, which need not exist.
 * @throws {LockedError} If another process has it.
 * @throws {WriteError} If the file cannot be made.
 */
export async function lockCheckpoint(path: string): Promise<CheckpointLock> {
  const lock = await writing(path, (target, old) => {
    if (old && !old.isFile) return { held: true, [Symbol.dispose]: () => {} };
    return lockFile(lockOf(target));
  });
  if (typeof lock === "string") throw new LockedError(path, lock);
  return lock;
}

/** The locks that this process has, which would keep itself out, too. */
const own = new Set<string>();

function lockOf(target: string): string {
  return join(dirname(target), hiddenName(target, ".lock"));
}

/**
 * Says which other process has locked a checkpoint.
 *
 * @param target The checkpoint itself, no link to it.
 * @returns Nothing if none has, or none can be known.
 */
export function ownerOfLock(target: string): string | undefined {
  const path = lockOf(target);
  if (own.has(path)) return;
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    return tryLock(file) === false ? ownerOf(file) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
}

/** Locks the file at `path`, or says whose it is. */
function lockFile(path: string): CheckpointLock | string {
  while (true) {
    const file = Deno.openSync(path, { read: true, write: true, create: true });
    const held = tryLock(file);
    if (held === false) {
      using _file = file;
      return ownerOf(file);
    }
    const release = () => {
      removeEventListener("unload", release);
      own.delete(path);
      // Somebody may have removed it by hand, and another run made a new one.
      if (isAt(file, path)) Deno.removeSync(path);
      file.close();
    };
    if (held === null) {
      release();
      return { held: false, [Symbol.dispose]: () => {} };
    }
    // Its last owner may have removed it after it was opened here.
    if (!isAt(file, path)) {
      file.close();
      continue;
    }
    try {
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
    } catch (error) {
      release();
      throw error;
    }
    addEventListener("unload", release);
    own.add(path);
    return { held: true, [Symbol.dispose]: release };
  }
}

function ownerOf(file: Deno.FsFile): string {
  const bytes = new Uint8Array(16);
  const count = file.readSync(bytes) ?? 0;
  const pid = new TextDecoder().decode(bytes.subarray(0, count)).trim();
  return /^\d+$/.test(pid) ? `process ${pid}` : "another process";
}
