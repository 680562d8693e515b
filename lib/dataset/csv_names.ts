/**
 * Finds the column of a table that names the files of pictures.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { counted } from "../text.ts";
import { HEAD } from "./csv_table.ts";
import { firstOf } from "./png_folder.ts";

/** A column of names, and which picture each of them means. */
export interface NameColumn {
  readonly at: number;
  /** Returns the number of the picture, if there is one of that name. */
  readonly pictureOf: (name: string) => number | undefined;
  /** Whether a text is called as a picture's file, of these or of others. */
  readonly isName: (text: string) => boolean;
}

const PICTURE = /\.(png|jpe?g|gif|webp|bmp|tiff?)$/i;

// Composed, for macOS takes the characters of files' names apart.
const pathOf = (name: string) =>
  name.trim().normalize("NFC").replaceAll("\\", "/").replace(/^(\.?\/)+/, "");
const baseOf = (name: string) => {
  const path = pathOf(name);
  return path.slice(path.lastIndexOf("/") + 1);
};
const stemOf = (name: string) => {
  const dot = name.lastIndexOf(".");
  return dot > name.lastIndexOf("/") + 1 ? name.slice(0, dot) : name;
};

/** How files and names are compared, from the strictest on. */
const WAYS = [pathOf, baseOf].flatMap((part) => [
  { ofFile: part, ofName: part },
  { ofFile: (file: string) => stemOf(part(file)), ofName: part },
  {
    ofFile: (file: string) => stemOf(part(file)),
    ofName: (name: string) => stemOf(part(name)),
  },
]);

/**
 * Finds the column that names pictures by their files, with or without the folder
 * and the ending: that in which most of the first rows do, if at least half do; or
 * one whose texts are names of picture files, of others.
 *
 * @param columns Those that may be it.
 * @param files The pictures' files.
 * @returns Nothing if no column does.
 */
export function nameColumn(
  rows: readonly (readonly string[])[],
  columns: readonly number[],
  files: readonly string[],
): NameColumn | undefined {
  const head = rows.slice(0, HEAD);
  const enough = Math.min(head.length, files.length) / 2;
  const isFile = (text: string) => PICTURE.test(text.trim());
  let best: NameColumn | undefined;
  let most = 0;
  for (const { ofFile, ofName } of WAYS) {
    const numbers = new Map(files.map((file, i) => [ofFile(file), i]));
    // Two pictures of one name, in two folders, are not told apart by it.
    if (numbers.size < files.length) continue;
    const pictureOf = (name: string) => numbers.get(ofName(name));
    const isName = (text: string) =>
      isFile(text) || pictureOf(text) !== undefined;
    for (const at of columns) {
      const texts = head.map((row) => row[at] ?? "");
      const found = new Set(texts.map(pictureOf));
      found.delete(undefined);
      const hits = found.size;
      const isOfFiles = 2 * texts.filter(isFile).length > texts.length;
      if (hits < enough && !isOfFiles || best && hits <= most) continue;
      best = { at, pictureOf, isName };
      most = hits;
    }
    if (most >= 2 * enough) break;
  }
  return best;
}

/**
 * Finds of each picture the row that names it.
 *
 * @param names The names that the rows have.
 * @returns The rows' indices, in the order of the pictures.
 * @throws {FormatError} If a picture has no row or several, or a row no picture.
 */
export function rowsByName(
  names: readonly string[],
  { pictureOf }: NameColumn,
  files: readonly string[],
): number[] {
  const rows = new Array<number | undefined>(files.length);
  const strange: string[] = [];
  for (const [row, name] of names.entries()) {
    const picture = pictureOf(name);
    if (picture === undefined) strange.push(name);
    else if (rows[picture] === undefined) rows[picture] = row;
    else {
      throw new FormatError(`two of its rows are of ${firstOf([name])}`);
    }
  }
  const lacking = files.filter((_, picture) => rows[picture] === undefined);
  const faults = [
    ...lacking.length > 0
      ? [
        `${counted(lacking.length, "picture")} of ${files.length} without a ` +
        `row (${firstOf(lacking)})`,
      ]
      : [],
    ...strange.length > 0
      ? [
        `${counted(strange.length, "row")} of ${names.length} without a ` +
        `picture (${firstOf(strange)})`,
      ]
      : [],
  ];
  if (faults.length === 0) return rows as number[];
  throw new FormatError(
    `its names and those of the pictures do not match: there ${
      (lacking.length || strange.length) === 1 ? "is" : "are"
    } ${faults.join(", and ")}`,
  );
}
