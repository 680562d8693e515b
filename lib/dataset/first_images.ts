/**
 * Takes images out of a set.
 *
 * @module
 */
import { concatenate } from "../math/concatenate.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import type { ImageSet } from "./split.ts";

/** Takes the first images of an order, `count` if there are as many. */
export function firstImages(
  { images, labels, names }: ImageSet,
  order: ArrayLike<number>,
  count: number,
): ImageSet {
  const chosen = Array.from(order).slice(0, count);
  return {
    images: concatenate(
      chosen.map((i) =>
        images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS)
      ),
    ),
    labels: labels && Uint8Array.from(chosen, (i) => labels[i]),
    ...(names && { names: chosen.map((i) => names[i]) }),
    count: chosen.length,
  };
}
