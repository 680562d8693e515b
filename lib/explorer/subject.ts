/**
 * What a model's pictures show.
 *
 * @module
 */
import type { DataRecord } from "../checkpoint/metadata.ts";
import { DIGITS } from "../dataset/class_names.ts";
import type { Subject } from "./texts/about.ts";

/** Says what the pictures of a data set show: any things where nobody knows. */
export function subjectOf(
  { classes, options: { images, dataset } }: DataRecord,
): Subject {
  const isOther = dataset === "auto" && classes !== undefined &&
    String(classes) !== String(DIGITS);
  if (images !== null || isOther) return "pictures";
  if (dataset === "fashion-mnist") return "clothes";
  return dataset === "kmnist" ? "hiragana" : "digits";
}
