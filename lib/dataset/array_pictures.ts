/**
 * Pictures and labels from files of arrays: `.npy`, `.npz` and IDX.
 *
 * @module
 */
import type { PictureSets } from "./picture_sets.ts";

/** How {@linkcode readArrays} reads. */
export interface ArrayOptions {
  /** The name of the array of pictures, or `null` for the one there is. */
  readonly array: string | null;
  /** A file of labels, or `null` for those that lie with the pictures. */
  readonly labels: string | null;
}

/**
 * Tells whether a path is for {@linkcode readArrays}: by a file's content, by its
 * name where the content is of another kind, by what a folder holds.
 */
export function isArrays(_path: string): Promise<boolean> {
  return Promise.reject(new Error("not yet"));
}

/**
 * Reads the pictures of a file of arrays, or of a folder of such files.
 *
 * @throws {FormatError} If they cannot be used. The message does not name `path`,
 * but any other file.
 */
export function readArrays(
  _path: string,
  _options: ArrayOptions,
): Promise<PictureSets> {
  return Promise.reject(new Error("not yet"));
}

/**
 * Reads labels from an `.npy`, `.npz` or IDX file of their own.
 *
 * @throws {FormatError} If the file holds none. The message does not name `path`.
 */
export function readLabels(_path: string): Promise<(number | string)[]> {
  return Promise.reject(new Error("not yet"));
}
