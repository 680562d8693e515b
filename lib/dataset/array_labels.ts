/**
 * Labels from arrays: one number or text for each picture.
 *
 * @module
 */
import type { StoredArray } from "../formats/elements.ts";
import { FormatError } from "../formats/error.ts";
import { show } from "../text.ts";
import { beyond } from "./class_labels.ts";
import { MAX_PICTURES } from "./picture_sets.ts";

/** QMNIST's labels: the class, and seven columns on where a digit came from. */
const QMNIST_COLUMNS = 8;

/** Tells whether an array of this shape can be labels: N, N×1 or QMNIST's N×8. */
export function isLabels(shape: readonly number[], isIdx = false): boolean {
  const [, columns = 1] = shape;
  return shape.length >= 1 && shape.length <= 2 &&
    (columns === 1 || isIdx && columns === QMNIST_COLUMNS);
}

/**
 * Reads labels.
 *
 * @param isIdx Whether the file is an IDX one, of which some have columns.
 * @throws {FormatError} If they are not one for each row, are too many, or if one
 * is no whole number and no text.
 */
export function labelsOf(
  array: StoredArray,
  isIdx = false,
): (number | string)[] {
  const { dtype, shape, rowCount } = array;
  if (!isLabels(shape, isIdx)) {
    throw new FormatError(
      `its shape is ${shape.join("×") || "()"}, and labels are N or N×1, one ` +
        "for each picture: of rows with a 1 in the column of the class, save " +
        "numpy.argmax(rows, 1)",
    );
  }
  if (rowCount > MAX_PICTURES) {
    throw new FormatError(
      `it has ${rowCount} labels, more than the ${MAX_PICTURES} that are taken`,
    );
  }
  if (dtype.text) return [...array.texts()];
  const labels: number[] = [];
  for (const [label] of array.rows()) {
    if (!Number.isSafeInteger(label)) {
      if (Number.isInteger(label)) throw beyond(label);
      throw new FormatError(
        `label ${labels.length}, counted from 0, is ${
          show(label)
        }, no whole number`,
      );
    }
    labels.push(label);
  }
  return labels;
}
