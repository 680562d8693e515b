/**
 * `jsr:@std/fs/walk` over `node:fs`, as far as this project uses it, for
 * networks without JSR.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** A file that a walk meets. */
export interface WalkEntry {
  /** Its path, which begins with the root of the walk. */
  readonly path: string;
  /** The last part of its path. */
  readonly name: string;
}

/** Which entries a walk yields. */
export interface WalkOptions {
  /** Folders are walked through and not yielded. */
  readonly includeDirs: false;
}

/** Walks through a folder and those below it; symbolic links are not followed. */
export async function* walk(
  root: string,
  options: WalkOptions,
): AsyncIterableIterator<WalkEntry> {
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (entry.isDirectory()) yield* walk(path, options);
    else yield { path, name: entry.name };
  }
}
