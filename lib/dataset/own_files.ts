/**
 * Finds out what file or folder the user's own pictures and labels are in, and
 * reads it.
 *
 * @module
 */
import { join } from "node:path";
import { describeKind, fileKind } from "../files/kind.ts";
import { FormatError } from "../formats/error.ts";
import type { DataOptions } from "../options/run.ts";
import { counted, oneLine } from "../text.ts";
import { arraysIn, isArrays } from "./array_paths.ts";
import { readArrays, readLabels } from "./array_pictures.ts";
import type { LabelList } from "./csv_labels.ts";
import { statPath } from "./paths.ts";
import { naturally } from "./natural_order.ts";
import { MAX_PICTURES, type PictureSets } from "./picture_sets.ts";
import { readPngFolder } from "./png_folder.ts";

/** Names of files that are tables, as far as they tell. */
const TABLE = /\.(csv|tsv|txt)(\.gz)?$/i;

/**
 * Reads the pictures at a path, whatever it is.
 *
 * @throws {FormatError} If they cannot be used. The message does not name `path`.
 */
export async function readSets(
  path: string,
  options: DataOptions,
  signal?: AbortSignal,
): Promise<PictureSets> {
  const sets = await readPictures(path, options, signal);
  for (const set of [sets.train, sets.validation, sets.test]) {
    if (!set || (set.count >= 1 && set.count <= MAX_PICTURES)) continue;
    throw new FormatError(
      `it has ${counted(set.count, "picture")}, and 1 to ${MAX_PICTURES} are ` +
        "taken",
    );
  }
  return sets;
}

async function readPictures(
  path: string,
  { array, labels }: DataOptions,
  signal?: AbortSignal,
): Promise<PictureSets> {
  // A folder of PNGs may have their labels in a file of arrays beside them.
  const { isDirectory } = await statPath(path);
  if (!(isDirectory && await hasPng(path)) && await isArrays(path)) {
    if (isDirectory) await refuseMixed(path);
    return await readArrays(path, { array, labels, signal });
  }
  if (array !== null) {
    throw new FormatError(
      `it has no arrays, of which ${oneLine(array)} could be one`,
    );
  }
  if (isDirectory) {
    return await readPngFolder(path);
  }
  const kind = await fileKind(path);
  if (kind === "text" || kind === "gzip") {
    // It needs a package, which others are spared.
    const { readCsv } = await import("./csv_pictures.ts");
    try {
      return await readCsv(path, signal);
    } catch (error) {
      if (TABLE.test(path) || !(error instanceof FormatError)) throw error;
      throw new FormatError(
        `it is ${describeKind(kind)}, and no CSV file of pictures: ` +
          error.message,
        { cause: error },
      );
    }
  }
  const what = kind ? describeKind(kind) : "empty";
  throw new FormatError(
    kind === "png"
      ? "it is one PNG picture: images come in a folder of them"
      : `it is ${what}, and images come in a folder of PNGs, or in a file: ` +
        ".npz, .npy, .csv or IDX",
  );
}

async function hasPng(folder: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(folder)) {
    if (/\.png$/i.test(name)) return true;
  }
  return false;
}

/** Refuses a folder of arrays with folders of PNGs, of classes or splits, in it. */
async function refuseMixed(folder: string): Promise<void> {
  const inside: string[] = [];
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    if (isDirectory || isSymlink && await isFolder(join(folder, name))) {
      inside.push(name);
    }
  }
  for (const name of inside.sort(naturally)) {
    if (!await hasPngs(join(folder, name))) continue;
    const arrays = (await arraysIn(folder)).sort(naturally)[0];
    throw new FormatError(
      `it has PNG pictures in its folder ${oneLine(name)}, and arrays in ` +
        `${oneLine(arrays)}: choose that file by its path, or take it out`,
    );
  }
}

/** Tells whether a link leads to a folder. */
async function isFolder(link: string): Promise<boolean> {
  try {
    return (await Deno.stat(link)).isDirectory;
  } catch {
    return false; // It leads to nothing.
  }
}

/** Tells whether a folder has PNGs, or one in it. */
async function hasPngs(folder: string): Promise<boolean> {
  if (await hasPng(folder)) return true;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && await hasPng(join(folder, name))) return true;
  }
  return false;
}

/**
 * Reads the labels of a file of their own, in the numbers or words it has.
 *
 * @param files The names of the pictures' files, if they are in files.
 */
export async function readLabelFile(
  path: string,
  files: readonly string[],
): Promise<LabelList> {
  const { isDirectory } = await statPath(path);
  if (!isDirectory && await isArrays(path)) {
    return { labels: await readLabels(path), isMatched: false, notes: [] };
  }
  const kind = isDirectory ? undefined : await fileKind(path);
  if (kind !== "text" && kind !== "gzip") {
    const what = isDirectory ? "a folder" : kind ? describeKind(kind) : "empty";
    throw new FormatError(
      `it is ${what}, and labels come in a .npy, .npz, .csv, .txt or IDX file`,
    );
  }
  const { readLabelTable } = await import("./csv_labels.ts");
  return await readLabelTable(path, files);
}

/** Puts the path of what cannot be used, and as what, before the reason. */
export async function about<T>(
  path: string,
  what: string,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const isOfFile = error instanceof FormatError ||
      Object.values(Deno.errors).some((kind) => error instanceof kind) ||
      // Faults of the system that Deno has no class for.
      typeof (error as { code?: unknown }).code === "string";
    if (!isOfFile) throw error;
    const reason = error instanceof Deno.errors.NotFound
      ? "no such file or folder"
      : error instanceof Deno.errors.NotCapable
      ? `this process may not read it (${
        error.message.replace(/, run again.*/, "")
      })`
      : (error as Error).message;
    throw new Error(`cannot use ${path} as ${what}: ${reason}`, {
      cause: error,
    });
  }
}
