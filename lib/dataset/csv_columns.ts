/**
 * Tells what the columns of a CSV file of pictures are: pixels, a label, an index.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { counted, show } from "../text.ts";
import { MAX_SIDE } from "./picture_sets.ts";

/** Columns are called so that have labels, in any case. */
export const LABEL =
  /^(label|class|target|digit|category|y)(e?s|_?names?|_?ids?)?$/i;

/** Columns are called so that number the rows: pandas' index has no name. */
export const INDEX = /^(|unnamed: 0|index|id|image_?id)$/i;

/** What the columns are. */
export interface CsvColumns {
  /** Whether the first row names them. */
  readonly hasHeader: boolean;
  /** Fields in a row. */
  readonly count: number;
  /** The columns of pixels, row by row of the picture. */
  readonly pixels: readonly number[];
  /** Pixels on the picture's side. */
  readonly side: number;
  /** The column of labels, if there is one. */
  readonly label: number | null;
  /** What was chosen, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Tells what the columns of pictures are: by their names, otherwise by their
 * number and by what is in the first and the last.
 *
 * @param rows The first rows of the file.
 * @throws {FormatError} If they cannot be those of square pictures.
 */
export function pictureColumns(
  rows: readonly (readonly string[])[],
): CsvColumns {
  const [first] = rows;
  const hasHeader = isHeader(first);
  const columns = first.map((_, column) => column);
  const body = rows.slice(Number(hasHeader));
  // A separator at the end of each line.
  const isEmpty = (column: number) =>
    column === first.length - 1 && rows.every((row) => !row[column]?.trim());
  const left = columns.filter((column) =>
    isEmpty(column) || hasHeader && INDEX.test(first[column].trim())
  );
  const others = columns.filter((column) => !left.includes(column));
  const notes = left.map((column) =>
    isEmpty(column)
      ? `its column ${column + 1} is empty, and is left out`
      : `its column ${show(first[column])} ${
        countsRows(body, column) ? "numbers the rows, and " : ""
      }is left out`
  );
  const named = hasHeader
    ? others.filter((column) => LABEL.test(first[column].trim()))
    : [];
  if (named.length > 1) {
    throw new FormatError(
      `two columns could have the labels, ${show(first[named[0]])} and ${
        show(first[named[1]])
      }: take one out`,
    );
  }
  let label = named.at(0) ?? null;
  if (label === null && sideOf(others.length) === null) {
    label = (hasHeader ? unlikeOthers(first, others) : null) ??
      likelyLabel(body, others);
    const place = hasHeader ? show(first[label]) : label + 1;
    notes.push(`the labels are taken from its column ${place}`);
  }
  const pixels = others.filter((column) => column !== label);
  const side = sideOf(pixels.length);
  if (side === null) {
    throw new FormatError(
      `its rows have ${
        counted(first.length, "field")
      }, of which ${pixels.length} would be ` +
        "pixels: that is no square, such as 784, of 2 to " +
        `${MAX_SIDE} pixels a side`,
    );
  }
  return { hasHeader, count: first.length, pixels, side, label, notes };
}

/**
 * Tells whether a row has names: most of its fields, those at the ends left out,
 * are no numbers, or they count as pandas names columns without names.
 */
function isHeader(row: readonly string[]): boolean {
  const middle = row.slice(1, -1);
  const names = middle.filter((text) => !isNumber(text)).length;
  return counts(row) || names > middle.length / 2;
}

/**
 * Tells whether a row counts from 0, or with a name at an end, as `label` or an
 * index, from 0 or 1.
 */
function counts(row: readonly string[]): boolean {
  const numbers = row.filter((text) => /^\d+$/.test(text.trim()));
  const names = row.length - numbers.length;
  const first = Number(numbers[0]);
  return row.length > 1 && (names === 0 || names <= 2 && numbers.length > 3) &&
    (first === 0 || first === 1 && names > 0) &&
    numbers.every((text, i) => Number(text) === first + i);
}

/** Tells whether a column counts the rows from 0 or 1. */
function countsRows(
  rows: readonly (readonly string[])[],
  column: number,
): boolean {
  const first = Number(rows[0]?.[column]);
  return (first === 0 || first === 1) &&
    rows.every((row, i) => Number(row[column]) === first + i);
}

/** Empty fields and NaN are numbers, too: such that are missing. */
export function isNumber(text: string): boolean {
  return !Number.isNaN(Number(text)) ||
    /^\s*(nan|na|null|none)\s*$/i.test(text);
}

/** Returns the one column that is not called as the others are. */
function unlikeOthers(
  names: readonly string[],
  columns: readonly number[],
): number | null {
  const stems = Map.groupBy(
    columns,
    (column) => names[column].replaceAll(/\d+/g, "0"),
  );
  const alone = [...stems.values()].filter(({ length }) => length === 1);
  return alone.length === 1 ? alone[0][0] : null;
}

/**
 * Returns the first column or the last, whichever has fewer values that differ;
 * one of a single value is the border of the pictures. Otherwise the first, as
 * is usual.
 */
function likelyLabel(
  rows: readonly (readonly string[])[],
  columns: readonly number[],
): number {
  const [first, last] = [columns[0], columns[columns.length - 1]];
  const [atFirst, atLast] = [first, last].map((column) => {
    const values = new Set(rows.map((row) => row[column]));
    if ([...values].some((value) => value && !isNumber(value))) return 0;
    return values.size === 1 ? Infinity : values.size;
  });
  return atLast < atFirst ? last : first;
}

/** Returns the side of a square, or null for what is none. */
function sideOf(pixels: number): number | null {
  const side = Math.sqrt(pixels);
  return Number.isInteger(side) && side >= 2 && side <= MAX_SIDE ? side : null;
}
