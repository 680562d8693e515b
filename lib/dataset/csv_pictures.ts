/**
 * Reads pictures and labels from CSV files, a picture to a row.
 *
 * @module
 */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { describeKind, fileKind, kindOf } from "../files/kind.ts";
import { readRows } from "../formats/csv.ts";
import { FormatError } from "../formats/error.ts";
import { type CsvColumns, labelColumn, pictureColumns } from "./csv_columns.ts";
import { CsvPixels } from "./csv_pixels.ts";
import { MAX_PICTURES, type PictureSets } from "./picture_sets.ts";

/** Rows by which the columns are told. */
const HEAD = 256;

/**
 * Reads the pictures of a CSV file, and their labels where it has a column of
 * them: with a header or without, parted by commas, semicolons or tabs. Pixels
 * are integers from 0 to 255, or fractions from 0 or −1 to 1.
 *
 * The pictures are kept in a byte for each pixel, two where they are fractions.
 *
 * @param path The file, plain or gzip.
 * @returns Its pictures, to train with; their names are the rows' numbers, from 1,
 * the header's included.
 * @throws {FormatError} If it is no table of square pictures, with the row; if
 * it has more than a million. The message does not name `path`.
 */
export async function readCsv(path: string): Promise<PictureSets> {
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
  const tooMany = await countCheck(path);
  await readRows(textOf(path), (row, number) => {
    tooMany(row);
    if (head && head.push([row, number]) === HEAD) start();
    else if (!head) table!.add(row, number);
  });
  return (table ?? start()).result();
}

/**
 * Reads the labels of images from a file of their own: its only column, or that
 * which is called `label`.
 *
 * @param path A CSV or text file, plain or gzip, a label to a row.
 * @returns Numbers if all are integers, words as they stand otherwise.
 * @throws {FormatError} If it is no list of labels: with the row. The message
 * does not name `path`.
 */
export async function readLabelColumn(
  path: string,
): Promise<(number | string)[]> {
  const rows: [readonly string[], number][] = [];
  const tooMany = await countCheck(path);
  await readRows(textOf(path), (row, number) => {
    tooMany(row);
    rows.push([row, number]);
  });
  if (rows.length === 0) throw new FormatError("it is empty");
  const { hasHeader, count, at } = labelColumn(rows.map(([row]) => row));
  return labelsOf(
    rows.slice(Number(hasHeader)).map(([row, number]) =>
      labelIn(checkFields(row, number, count), at, number)
    ),
  );
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
      throw new FormatError(`row ${number}: ${message}`, { cause });
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

function checkFields(
  row: readonly string[],
  number: number,
  count: number,
): readonly string[] {
  if (row.length === count) return row;
  throw new FormatError(
    `row ${number} has ${row.length} fields, where the first has ${count}`,
  );
}

function labelIn(row: readonly string[], at: number, number: number): string {
  const label = row[at].trim();
  if (label !== "") return label;
  throw new FormatError(`row ${number}: there is no label in column ${at + 1}`);
}

/** Makes numbers of labels if all are integers; pandas may write `3.0`. */
function labelsOf(labels: string[]): (number | string)[] {
  return labels.every((label) => /^[+-]?\d+(\.0*)?$/.test(label))
    ? labels.map(Number)
    : labels;
}

/**
 * Returns what is to be called with each row, and refuses too many: early, where
 * the file is so large that the first rows tell.
 */
async function countCheck(
  path: string,
): Promise<(row: readonly string[]) => void> {
  const { size } = await Deno.stat(path);
  let rows = 0;
  let characters = 0;
  return (row) => {
    rows++;
    if (rows <= HEAD) {
      for (const field of row) characters += field.length + 1;
    }
    // Rows of other pictures are up to a few times as long.
    const isSure = rows === HEAD && size / 4 > MAX_PICTURES * characters / rows;
    if (!isSure && rows <= MAX_PICTURES + 1) return;
    throw new FormatError(
      `it has more than ${MAX_PICTURES.toLocaleString("en")} rows`,
    );
  };
}

/** Reads a text file in pieces, decompressed where it is gzip. */
async function* textOf(path: string): AsyncGenerator<Uint8Array> {
  const kind = await fileKind(path);
  if (kind !== "gzip" && /\.gz$/i.test(path)) {
    const what = kind === undefined ? "is empty" : `is ${describeKind(kind)}`;
    throw new FormatError(`its name says gzip, but it ${what}`);
  }
  const file = createReadStream(path);
  const bytes = kind === "gzip" ? file.pipe(createGunzip()) : file;
  let isFirst = true;
  try {
    for await (const chunk of bytes) {
      const content = isFirst ? kindOf(chunk) : "text";
      if (content !== "text") {
        throw new FormatError(
          `it is no CSV file, but ${describeKind(content ?? "binary")}`,
        );
      }
      isFirst = false;
      yield chunk;
    }
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string };
    if (!code?.startsWith("Z_")) throw cause;
    throw new FormatError(
      code === "Z_BUF_ERROR"
        ? "truncated gzip data"
        : `corrupt gzip data (${message})`,
      { cause },
    );
  } finally {
    file.destroy();
  }
}
