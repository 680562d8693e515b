/**
 * Reads tables from text files: the rows, and what they have in common.
 *
 * @module
 */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { describeKind, fileKind, kindOf } from "../files/kind.ts";
import { readRows } from "../formats/csv.ts";
import { FormatError } from "../formats/error.ts";
import { MAX_PICTURES } from "./picture_sets.ts";

/** Rows by which the columns are told. */
export const HEAD = 256;

/**
 * Reads a CSV file, plain or gzip, row by row.
 *
 * @param onRow Called with each row and its number, from 1.
 * @throws {FormatError} If it is no table, or has more than a million rows.
 */
export async function readTable(
  path: string,
  onRow: (row: readonly string[], number: number) => void,
): Promise<void> {
  const tooMany = await countCheck(path);
  await readRows(textOf(path), (row, number) => {
    tooMany(row);
    onRow(row, number);
  });
}

/**
 * Refuses a row of another length than the first.
 *
 * @returns The row.
 */
export function checkFields(
  row: readonly string[],
  number: number,
  count: number,
): readonly string[] {
  if (row.length === count) return row;
  throw new FormatError(
    `row ${number} has ${row.length} fields, where the first has ${count}`,
  );
}

/**
 * Returns a row's label.
 *
 * @throws {FormatError} If it is empty.
 */
export function labelIn(
  row: readonly string[],
  at: number,
  number: number,
): string {
  const label = row[at].trim();
  if (label !== "") return label;
  throw new FormatError(`row ${number}: there is no label in column ${at + 1}`);
}

/** Makes numbers of labels if all are integers; pandas may write `3.0`. */
export function labelsOf(labels: readonly string[]): (number | string)[] {
  return labels.every((label) => /^[+-]?\d+(\.0*)?$/.test(label))
    ? labels.map(Number)
    : [...labels];
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
