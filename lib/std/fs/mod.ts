/**
 * The functions of `jsr:@std/fs` that this project uses, over `node:fs`, for
 * networks without JSR.
 *
 * @module
 */
import { mkdir, stat } from "node:fs/promises";

/** Creates the directory and its parents where they are missing. */
export async function ensureDir(dir: string | URL): Promise<void> {
  await mkdir(dir, { recursive: true });
}

/** Whether the path names a file or directory that can be seen. */
export async function exists(path: string | URL): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return false;
    throw error;
  }
}
