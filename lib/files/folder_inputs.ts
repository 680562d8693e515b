/**
 * Keeps folders that are read as a whole from being written into: a new file
 * would be one more image, or a class.
 *
 * @module
 */
import {
  basename,
  dirname,
  isAbsolute,
  join,
  relative,
  resolve,
  sep,
} from "node:path";
import { followLinks } from "./atomic_write.ts";

/** Folders within folders that are looked through: splits, and classes in them. */
const DEPTH = 2;

/**
 * Lists the real paths of a folder and of what the links in it lead to.
 *
 * @returns None if it is a file, or there is nothing.
 */
export async function placesOf(folder: string): Promise<readonly string[]> {
  const places: string[] = [];
  const visit = async (path: string, depth: number) => {
    for await (const entry of Deno.readDir(path)) {
      const inside = join(path, entry.name);
      if (entry.isSymlink) {
        const real = await Deno.realPath(inside).catch(() => undefined);
        if (real !== undefined) places.push(real);
      } else if (entry.isDirectory && depth > 0) {
        await visit(inside, depth - 1);
      }
    }
  };
  const found = await Deno.stat(folder).catch(() => undefined);
  if (!found?.isDirectory) return [];
  places.push(await Deno.realPath(folder));
  // What cannot be listed cannot be read either: that is for its reader to say.
  await visit(folder, DEPTH).catch(() => {});
  return places;
}

/**
 * Says whether a file, which need not exist yet, is or would be in one of these
 * places, or is one of them.
 */
export async function isIn(
  path: string,
  places: readonly string[],
): Promise<boolean> {
  if (places.length === 0) return false;
  let target = await followLinks(path).catch(() => resolve(path));
  const missing: string[] = [];
  let real: string | undefined;
  while (
    (real = await Deno.realPath(target).catch(() => undefined)) === undefined
  ) {
    const above = dirname(target);
    if (above === target) return false;
    missing.unshift(basename(target));
    target = above;
  }
  const found = join(real, ...missing);
  return places.some((place) => {
    const way = relative(place, found);
    return way !== ".." && !way.startsWith(`..${sep}`) &&
      !isAbsolute(way);
  });
}
