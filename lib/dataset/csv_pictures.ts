/**
 * Reads pictures from CSV files, one to a row, with their labels.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { type CsvColumns, pictureColumns } from "./csv_columns.ts";
import { CsvPixels } from "./csv_pixels.ts";
import {
  checkFields,
  HEAD,
  labelIn,
  labelsOf,
  readTable,
} from "./csv_table.ts";
import type { PictureSets } from "./picture_sets.ts";

/**
 * Reads the pictures of a CSV file, and their labels where it has a column of
 * them: with a header or without, parted by commas, semicolons or tabs. Pixels
 * are integers from 0 to 255, or fractions from 0 or −1 to 1.
 *
 * The pictures are kept in a byte for each pixel; fractions in four, in single
 * precision, so that they become the same images as from an array of float32.
 *
 * @param path The file, plain or gzip.
 * @param signal Stops it; the promise rejects with its reason.
 * @returns Its pictures, to train with; their names are the rows' numbers, from 1,
 * the header's included.
 * @throws {FormatError} If it is no table of square pictures, with the row; if
 * it has more than a million. The message does not name `path`.
 */
export async function readCsv(
  path: string,
  signal?: AbortSignal,
): Promise<PictureSets> {
  let head: [readonly string[], number][] | null = [];
  let table: PictureTable | undefined;
  const start = () => {
    if (!head?.length) throw new FormatError("it is empty");
    const rows = head;
    head = null;
    table = new PictureTable(pictureColumns(rows.map(([row]) => row)));
    const { hasHeader } = table.columns;
    for (const [row, number] of rows.slice(Number(hasHeader))) {
      table.add(row, number);
    }
    return table;
  };
  await readTable(path, (row, number) => {
    signal?.throwIfAborted();
    if (head && head.push([row, number]) === HEAD) start();
    else if (!head) table!.add(row, number);
  });
  return (table ?? start()).result();
}

/** The pictures of a table. */
class PictureTable {
  readonly columns: CsvColumns;
  readonly #pixels: CsvPixels;
  readonly #labels: string[] = [];
  readonly #names: string[] = [];

  constructor(columns: CsvColumns) {
    this.columns = columns;
    this.#pixels = new CsvPixels(columns.pixels.length);
  }

  add(row: readonly string[], number: number): void {
    const { count, pixels, label } = this.columns;
    checkFields(row, number, count);
    if (label !== null) this.#labels.push(labelIn(row, label, number));
    try {
      this.#pixels.add(row, pixels);
    } catch (cause) {
      const { message } = cause as FormatError;
      const isFirst = number === 1 && !Number.isNaN(Number(row[pixels[0]]));
      throw new FormatError(
        `row ${number}: ${message}` +
          (isFirst
            ? "; if that row names the columns, call the pixels pixel0, pixel1 …"
            : ""),
        { cause },
      );
    }
    this.#names.push(`row ${number}`);
  }

  result(): PictureSets {
    const { side, label, notes } = this.columns;
    if (this.#names.length === 0) {
      throw new FormatError("it names its columns, and has no rows");
    }
    const { black, white, note } = this.#pixels.scale();
    return {
      train: {
        count: this.#names.length,
        picture: (index) => ({
          width: side,
          height: side,
          channels: 1,
          black,
          white,
          values: this.#pixels.get(index),
        }),
        ...label !== null && { labels: labelsOf(this.#labels) },
        names: this.#names,
      },
      notes: [...notes, ...note ? [note] : []],
    };
  }
}
