/**
 * Reads pictures from CSV files: a picture to a row.
 *
 * @module
 */
import type { PictureSets } from "./picture_sets.ts";

/**
 * Reads the pictures of a CSV file, and their labels where it has a column of
 * them.
 *
 * @param path The file, plain or gzip.
 * @throws {FormatError} If it is no table of pictures: with the row.
 * @throws {Deno.errors.NotFound} If there is none.
 */
export function readCsv(path: string): Promise<PictureSets> {
  return Promise.reject(new Error(`${path}: not yet`));
}

/**
 * Reads the labels of images from a file of their own: the one column of it, or
 * the one whose name says that it has labels.
 *
 * @param path A CSV or text file, plain or gzip, a label to a line.
 * @throws {FormatError} If it is no list of labels: with the row.
 */
export function readLabelColumn(path: string): Promise<(number | string)[]> {
  return Promise.reject(new Error(`${path}: not yet`));
}
