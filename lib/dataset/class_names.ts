/**
 * What the classes of images are called.
 *
 * @module
 */

/** The ten digits. */
export const DIGITS: readonly string[] = [..."0123456789"];

/** Fashion-MNIST's ten classes, in the order of its labels. */
export const CLOTHES: readonly string[] = [
  "T-shirt/top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
];

/** Kuzushiji-MNIST's ten characters of hiragana, as they are read. */
export const HIRAGANA: readonly string[] = [
  "o",
  "ki",
  "su",
  "tsu",
  "na",
  "ha",
  "ma",
  "ya",
  "re",
  "wo",
];

/** Names a class, of which a label is the number. */
export function className(
  classes: readonly string[] | undefined,
  label: number,
): string {
  return classes?.[label] ?? String(label);
}
