/**
 * What the arrays of a file say of classes, beside those whose names are known.
 *
 * @module
 */
import type { StoredArray } from "../formats/elements.ts";
import { display, FormatError } from "../formats/error.ts";
import { MAX_CLASSES } from "../options/run.ts";
import { counted } from "../text.ts";
import { isLabels, labelsOf } from "./array_labels.ts";
import { type Choice, type NamedArrays, several } from "./array_layouts.ts";
import type { PictureSets } from "./picture_sets.ts";

/** What arrays are called that have the names of the classes. */
const NAMES = [
  "class_names",
  "classes",
  "label_names",
  "target_names",
  "names",
];

/**
 * Adds labels to pictures of one split that have none, by what they are: one whole
 * number or text for each picture, of few different ones.
 *
 * @param notes Gets what was taken, or could not be told.
 */
export function withLikelyLabels(
  { arrays }: NamedArrays,
  choice: Choice,
  notes: string[],
): Choice {
  const { train: { images, labels }, validation, test } = choice;
  if (labels !== undefined || validation || test) return choice;
  const { rowCount } = arrays.get(images)!;
  const fit = [...arrays].filter(([name, array]) =>
    name !== images && array.rowCount === rowCount && areClasses(array)
  ).map(([name]) => name);
  if (fit.length === 0) return choice;
  if (fit.length > 1) {
    notes.push(
      `no labels are read: ${several(fit)} could be them, and which is not ` +
        "known: call the right one labels",
    );
    return choice;
  }
  notes.push(
    `${display(fit[0])} is taken as the labels: it has one of few values for ` +
      "each picture",
  );
  return { train: { images, labels: fit[0] } };
}

/** Tells whether values come often enough to be classes: twice on average. */
function areClasses(array: StoredArray): boolean {
  if (!isLabels(array.shape)) return false;
  try {
    const labels = labelsOf(array);
    const { size } = new Set(labels);
    return size <= MAX_CLASSES && 2 * size <= labels.length;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

/**
 * Finds the names of classes: texts, one for each number that labels have.
 *
 * @param labels Those of all splits.
 * @param notes Gets which are not used.
 */
export function classNamesIn(
  { arrays }: NamedArrays,
  labels: readonly (number | string)[],
  notes: string[],
): Pick<PictureSets, "classes" | "classNote"> {
  if (!labels.every((label) => typeof label === "number")) return {};
  const distinct = new Set(labels);
  let least = Infinity, most = -Infinity;
  for (const label of distinct) {
    least = Math.min(least, label);
    most = Math.max(most, label);
  }
  for (const [name, array] of arrays) {
    const { dtype, shape, rowCount } = array;
    if (
      !NAMES.includes(name.toLowerCase()) || !dtype.text ||
      shape.length !== 1 ||
      rowCount > MAX_CLASSES
    ) continue;
    const isFit = rowCount === distinct.size || least >= 0 && most < rowCount;
    if (!isFit) {
      notes.push(
        `${display(name)} has ${
          counted(rowCount, "name")
        }, and labels go from ${least} ` +
          `to ${most}: they are not used`,
      );
      continue;
    }
    return {
      classes: [...array.texts()],
      classNote: `the names of the classes are those in ${display(name)}`,
    };
  }
  return {};
}
