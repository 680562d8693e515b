/**
 * The files that a task reads and writes. Whatever writes one does it here, so
 * that none replaces what must not be lost.
 *
 * @module
 */
import { dirname, extname, resolve } from "node:path";
import { atomicWrite, WriteError } from "../../lib/files/atomic_write.ts";
import { isIn, placesOf } from "../../lib/files/folder_inputs.ts";
import { describeKind, type FileKind } from "../../lib/files/kind.ts";
import { lockCheckpoint, LockedError } from "../../lib/files/lock.ts";
import { checkOutput, isSameFile, setAside } from "../../lib/files/output.ts";
import { oneLine } from "../../lib/text.ts";
import { TaskError } from "./cli.ts";
import { say } from "./terminal.ts";

/** What this process has read, which nothing may replace. */
const inputs = new Set<string>();

/** The endings that the names of some files have, for their readers' sake. */
const ENDINGS: Partial<Record<FileKind, readonly string[]>> = {
  png: [".png"],
  gif: [".gif"],
  html: [".html", ".htm"],
  json: [".json"],
  log: [".jsonl", ".ndjson", ".log"],
};

/** Endings that promise something else than safetensors. */
const FOREIGN =
  /\.(pth?|pkl|bin|onnx|h5|hdf5|keras|np[yz]|jsonl?|ndjson|log|idx|gz|zip|md|txt|html?|pdf|svg|png|gif|jpe?g|webp)$/i;

/** Of each that is a folder, where what is in it lies; found out once. */
const folders = new Map<string, Promise<readonly string[]>>();

/**
 * Keeps a file that is read from being replaced by what is written, and a folder
 * from getting any file.
 */
export function readsFrom(path: string): void {
  inputs.add(path);
}

/** Folders that this process has made, each after the one that it is in. */
const made = new Set<string>();

// A task that is refused in the end leaves no empty folders.
addEventListener("unload", () => {
  for (const folder of [...made].reverse()) {
    try {
      Deno.removeSync(folder);
    } catch { /* in use, or gone */ }
  }
});

/** Remembers the folders of a file that are about to be made. */
async function noteFolders(path: string): Promise<void> {
  const missing: string[] = [];
  const isMissing = (folder: string) =>
    Deno.lstat(folder).then(
      () => false,
      (error) => error instanceof Deno.errors.NotFound,
    );
  for (
    let folder = dirname(resolve(path));
    await isMissing(folder);
    folder = dirname(folder)
  ) missing.unshift(folder);
  for (const folder of missing) made.add(folder);
}

/** Refuses to write among the files of a folder that is read. */
async function checkFolders(path: string): Promise<void> {
  for (const input of inputs) {
    const places = folders.get(input) ?? placesOf(input);
    folders.set(input, places);
    if (!await isIn(path, await places)) continue;
    throw new WriteError(
      path,
      `it is among the images in ${oneLine(input)}: choose another folder`,
    );
  }
}

/**
 * Finds out whether a file can be written and nothing is lost by it, before work
 * is spent on what goes into it.
 *
 * @param options.goesOnFrom What was read and may be replaced: a run that is
 * taken further.
 * @throws {WriteError} As `checkOutput()`, if it is in a folder that is read, or if
 * the name promises another kind of file.
 */
export async function willWrite(
  path: string,
  kind: FileKind,
  { goesOnFrom }: { goesOnFrom?: string | null } = {},
): Promise<void> {
  await checkFolders(path);
  await noteFolders(path);
  await checkOutput(path, {
    kind,
    inputs: [...inputs].filter((input) => input !== goesOnFrom),
  });
  if (path !== goesOnFrom) checkEnding(path, kind);
}

/** Refuses a name that ends as another kind of file does; none is fine. */
function checkEnding(path: string, kind: FileKind): void {
  const endings = ENDINGS[kind];
  const ending = extname(path).toLowerCase();
  const isFine = endings
    ? ending === "" || endings.includes(ending)
    : kind !== "safetensors" || !FOREIGN.test(ending);
  if (isFine) return;
  throw new WriteError(
    path,
    `${describeKind(kind)} is written there, whose name ends in ` +
      (endings ?? [".safetensors"]).join(" or "),
  );
}

/** Writes a file; see {@linkcode willWrite}. */
export async function writeOutput(
  path: string,
  bytes: Uint8Array | Iterable<Uint8Array>,
  kind: FileKind,
): Promise<void> {
  await willWrite(path, kind);
  await atomicWrite(path, bytes);
}

/**
 * Makes room for a new run's checkpoint: what is there is renamed, and a line
 * says to what. The caller holds the lock.
 */
export async function makeRoom(path: string): Promise<void> {
  const kept = await setAside(path);
  if (kept !== undefined) {
    say(`note: what was ${path} is now ${kept}`);
  }
}

/**
 * Says whether a run that goes on from `resume` is saved in the same file, which
 * it then replaces.
 */
export async function isInPlace(
  path: string,
  resume: string | null,
): Promise<boolean> {
  return resume !== null && await isSameFile(path, resume);
}

/**
 * Takes a checkpoint for this process alone, until the lock is disposed of.
 *
 * @param flag The option with which another place can be named.
 * @throws {TaskError} If another process trains to it.
 * @throws {WriteError} If it is in a folder that is read.
 */
export async function claim(path: string, flag: string): Promise<Disposable> {
  await checkFolders(path);
  try {
    const lock = await lockCheckpoint(path);
    if (!lock.held) {
      say(
        `note: the file system of ${path} has no locks: write to it once at a time`,
      );
    }
    return lock;
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new TaskError(
      `${error.message}: stop it, or choose another ${flag}`,
    );
  }
}
