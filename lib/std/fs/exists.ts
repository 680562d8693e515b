/**
 * `jsr:@std/fs/exists` over `node:fs`, for networks without JSR.
 *
 * @module
 */
import { stat } from "node:fs/promises";

/** Tests whether the path names a file or directory that can be seen. */
export async function exists(path: string | URL): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return false;
    throw error;
  }
}
