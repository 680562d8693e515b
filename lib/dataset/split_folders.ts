/**
 * What folders are called that are splits.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import type { Split } from "./split.ts";

const SPLITS: ReadonlyMap<string, Split> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["val", "validation"],
  ["valid", "validation"],
  ["validation", "validation"],
  ["test", "test"],
  ["testing", "test"],
]);

/**
 * Parts the folders that are called as splits are from others.
 *
 * @throws {FormatError} If two are called as the same split.
 */
export function splitsOf(
  folders: readonly string[],
): { splits: Map<Split, string>; others: string[] } {
  const splits = new Map<Split, string>();
  const others: string[] = [];
  for (const folder of folders) {
    const split = SPLITS.get(folder.toLowerCase());
    if (split === undefined) others.push(folder);
    else if (!splits.has(split)) splits.set(split, folder);
    else {
      throw new FormatError(
        `its folders ${splits.get(split)} and ${folder} would both be its ` +
          `${split} split: put them together, or take one out`,
      );
    }
  }
  return { splits, others };
}
