/**
 * Blurs images.
 *
 * @module
 */
import { IMAGE_PIXELS, IMAGE_SIZE } from "../model/spec.ts";

/**
 * Blurs images with a Gaussian; what is beyond their edges is black.
 *
 * @param images [n, 784] bytes.
 * @param sigma Standard deviation in pixels, above 0.
 * @returns [n, 784] bytes.
 */
export function blur(images: Uint8Array, sigma: number): Uint8Array {
  const reach = Math.ceil(3 * sigma);
  const kernel = Float64Array.from(
    { length: 2 * reach + 1 },
    (_, i) => Math.exp(-(((i - reach) / sigma) ** 2) / 2),
  );
  const total = kernel.reduce((a, b) => a + b);
  const weights = kernel.map((weight) => weight / total);
  const blurred = new Uint8ClampedArray(images.length); // it rounds
  const along = new Float64Array(IMAGE_PIXELS);
  const both = new Float64Array(IMAGE_PIXELS);
  for (let first = 0; first < images.length; first += IMAGE_PIXELS) {
    convolve(images.subarray(first, first + IMAGE_PIXELS), along, weights);
    convolve(along, both, weights);
    blurred.set(both, first);
  }
  return new Uint8Array(blurred.buffer);
}

/** Convolves the rows of an image, and turns them into columns. */
function convolve(
  from: Uint8Array | Float64Array,
  to: Float64Array,
  weights: Float64Array,
): void {
  const reach = (weights.length - 1) / 2;
  for (let y = 0; y < IMAGE_SIZE; y++) {
    for (let x = 0; x < IMAGE_SIZE; x++) {
      const begin = Math.max(0, x - reach);
      const end = Math.min(IMAGE_SIZE - 1, x + reach);
      let sum = 0;
      for (let at = begin; at <= end; at++) {
        sum += weights[at - x + reach] * from[y * IMAGE_SIZE + at];
      }
      to[x * IMAGE_SIZE + y] = sum;
    }
  }
}
