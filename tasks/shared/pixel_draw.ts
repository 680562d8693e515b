/**
 * The pixels that a model is measured on: grey, or black and white.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { type Binarization, binarize } from "../../lib/dataset/binarize.ts";
import type { ImageSet, Split } from "../../lib/dataset/dataset.ts";
import { isBlackOrWhite } from "../../lib/metrics/pixels.ts";

/** What a static draw's likelihoods are not to be mistaken for. */
export const NOT_LAROCHELLE =
  "the black-and-white pixels are this package's one static draw, not " +
  "Larochelle's: published likelihoods of static MNIST are of his";

/**
 * Says how pixels are drawn: `none` where none are, because they stay grey or
 * are black and white in the data set. A model of pixels that were drawn is
 * measured on one fixed draw, whether it saw one or ever fresh ones.
 */
export function drawOf(
  { options }: Pick<Checkpoint, "options">,
  { images }: ImageSet,
  wanted: Binarization | "trained" = "trained",
): Binarization {
  if (isBlackOrWhite(images)) return "none";
  if (wanted !== "trained") return wanted;
  return options.binarize === "none" ? "none" : "static";
}

/** Returns a split with its pixels drawn. */
export function drawn(
  set: ImageSet,
  draw: Binarization,
  split: Split,
  seed: number,
): ImageSet {
  return { ...set, images: binarize(set.images, draw, split, seed) };
}
