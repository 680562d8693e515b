/**
 * Reads the labels of pictures from a table of their own: a CSV or text file.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { oneLine } from "../text.ts";
import { INDEX, isNumber, LABEL } from "./csv_columns.ts";
import { type NameColumn, nameColumn, rowsByName } from "./csv_names.ts";
import { firstOf } from "./png_folder.ts";
import { checkFields, labelIn, labelsOf, readTable } from "./csv_table.ts";

/** What columns are called that name files, in any case. */
const FILE =
  /^((file|image|img|picture|photo)([ _-]?(file|name|path|id))*s?|path|name)$/i;

/** Columns are called so that say which split a row is of. */
const SPLIT = /^(split|fold|subset|set|partition|usage)$/i;

/** Labels of pictures, as a file has them. */
export interface LabelList {
  readonly labels: (number | string)[];
  /** Whether they are those of the pictures by name, and not in their order. */
  readonly isMatched: boolean;
  /** What was chosen, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Reads labels from a table: its only column, or that which is called `label`, or
 * the one beside names and numbers. Where a column names the pictures' files,
 * each picture has the label of its own row; otherwise rows are in the pictures'
 * order.
 *
 * @param path A CSV or text file, plain or gzip, a label to a row.
 * @param files The names of the pictures' files, if they are in files.
 * @returns Numbers if all are integers, words as they stand otherwise.
 * @throws {FormatError} If it is no list of labels, with the row, or names and
 * pictures do not match. The message does not name `path`.
 */
export async function readLabelTable(
  path: string,
  files: readonly string[] = [],
): Promise<LabelList> {
  const rows: (readonly string[])[] = [];
  const numbers: number[] = [];
  await readTable(path, (row, number) => {
    rows.push(row);
    numbers.push(number);
  });
  if (rows.length === 0) throw new FormatError("it is empty");
  const [first] = rows;
  const columns = first.map((_, column) => column);
  const isLabel = (column: number) => LABEL.test(first[column].trim());
  // What pandas calls nothing and counts from 0 is of rows, not of pictures.
  const isCount = (column: number) =>
    first[column] === "" &&
    rows.slice(1).every((row, i) => row[column] === String(i));
  const able = columns.filter((column) => !isLabel(column) && !isCount(column));
  const naming = first.length > 1 && files.length > 0
    ? nameColumn(rows, able, files)
    : undefined;
  const hasHeader = isHeader(rows, naming);
  const from = Number(hasHeader);
  const body = rows.slice(from);
  for (const [i, row] of body.entries()) {
    checkFields(row, numbers[from + i], first.length);
  }
  const header = hasHeader ? first.map((name) => name.trim()) : [];
  const called = (column: number) =>
    header[column] ? oneLine(header[column]) : `${column + 1}`;

  const others = columns.filter((column) => column !== naming?.at);
  const isKey = (column: number) =>
    hasHeader && (INDEX.test(header[column]) || FILE.test(header[column]));
  const named = hasHeader ? others.filter(isLabel) : [];
  const rest = others.filter((column) =>
    !isKey(column) && !SPLIT.test(header[column] ?? "")
  );
  const [at, ...more] = named.length > 0 ? named : rest;
  if (at === undefined || more.length > 0) {
    const which = (named.length > 0 ? named : rest).map(called).slice(0, 5);
    throw new FormatError(
      `its rows have ${first.length} fields, and which is the label is not ` +
        "known" +
        (hasHeader && which.length > 1 ? ` (${which.join(" or ")})` : "") +
        ': name that column "label", or leave the others out',
    );
  }
  const labels = labelsOf(
    body.map((row, i) => labelIn(row, at, numbers[from + i])),
  );
  const unused = others.filter((column) =>
    column !== at && header[column] !== ""
  );
  const notes = unused.length > 0
    ? [
      `of the labels' file, the column${unused.length > 1 ? "s" : ""} ` +
      `${unused.slice(0, 5).map(called).join(", ")}` +
      `${unused.length > 5 ? " and others" : ""} ` +
      `${unused.length > 1 ? "are" : "is"} not used`,
    ]
    : [];
  if (!naming) {
    for (const column of others) {
      if (column === at || !isKey(column)) continue;
      checkOrder(body.map((row) => row[column]), called(column), files);
    }
    return { labels, isMatched: false, notes };
  }
  const order = rowsByName(body.map((row) => row[naming.at]), naming, files);
  const by = `${hasHeader ? "the " : ""}column ${called(naming.at)}`;
  return {
    labels: order.map((row) => labels[row]),
    isMatched: true,
    notes: [`the labels are matched to the pictures by ${by}`, ...notes],
  };
}

/** Tells whether the first row names the columns. */
function isHeader(
  rows: readonly (readonly string[])[],
  naming: NameColumn | undefined,
): boolean {
  const [first, ...rest] = rows;
  const isNamed = first.some((text) => LABEL.test(text.trim()));
  if (naming) {
    const text = first[naming.at];
    return !naming.isName(text) &&
      (isNamed || [FILE, INDEX].some((names) => names.test(text.trim())) ||
        rest.every((row) => naming.isName(row[naming.at] ?? "")));
  }
  // pandas calls its index nothing, and a series 0.
  if (isNamed || first.length > 1 && first[0] === "" && first[1] === "0") {
    return true;
  }
  return rest.length > 0 && first.every((text) => !isNumber(text)) &&
    rest.every((row) => row.some(isNumber));
}

/** Refuses keys that are not those of the pictures, unless they count the rows. */
function checkOrder(
  keys: readonly string[],
  column: string,
  files: readonly string[],
): void {
  const areNumbers = keys.every((key) => /^\s*\d+\s*$/.test(key));
  if (!areNumbers && files.length > 0) {
    throw new FormatError(
      `its column ${column} (${firstOf(keys)}) names none of the pictures (${
        firstOf(files)
      }): name them, or take the column out of rows in the pictures' order`,
    );
  }
  const at = keys.findIndex((key, i) =>
    areNumbers && i > 0 && Number(key) <= Number(keys[i - 1])
  );
  if (at < 0) return;
  throw new FormatError(
    `its column ${column} numbers the rows in another order than they come ` +
      `in (${keys[at].trim()} after ${keys[at - 1].trim()}), and names no ` +
      "pictures: sort the rows by the pictures' order, and take it out",
  );
}
