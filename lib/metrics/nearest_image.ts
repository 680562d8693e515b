/**
 * Measures how near pictures are to those of a set, pixel by pixel.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../model/spec.ts";
import type { Tick } from "../math/estimate.ts";

/** Pixels summed up between two looks at the sum. */
const PIECE = 56;

/**
 * Returns, for each image, the squared Euclidean distance Σ(x − y)² to the
 * nearest of a set. Of generated images it says how far each is from a real
 * one, and of real images, measured to generated ones, what these leave out.
 *
 * @param images [n, 784] pixels from 0 to 1.
 * @param known [m, 784] pixels from 0 to 1.
 * @returns [n] distances.
 */
export async function nearestImages(
  images: Float32Array,
  known: Float32Array,
  tick?: Tick,
): Promise<Float64Array> {
  const distances = new Float64Array(images.length / IMAGE_PIXELS);
  for (let i = 0; i < distances.length; i++) {
    const image = images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS);
    distances[i] = nearest(image, known);
    if (i % 20 === 0) await tick?.(i / distances.length);
  }
  return distances;
}

/** Returns the least distance; a sum ends as soon as it is too large. */
function nearest(image: Float32Array, known: Float32Array): number {
  let least = Infinity;
  for (let row = 0; row < known.length; row += IMAGE_PIXELS) {
    let sum = 0;
    for (let from = 0; from < IMAGE_PIXELS && sum < least; from += PIECE) {
      for (let i = from; i < from + PIECE; i++) {
        sum += (image[i] - known[row + i]) ** 2;
      }
    }
    if (sum < least) least = sum;
  }
  return least;
}

/**
 * Measures how unevenly pictures change along a way: the largest step between
 * neighbours, ‖x′ − x‖, over the mean one. 1 means an even pace; a jump makes
 * it as large as there are steps. Where nothing moves the pace is even, too.
 *
 * @param way [n, 784] pictures, at least two.
 */
export function unevenness(way: Float32Array): number {
  const steps: number[] = [];
  for (let at = IMAGE_PIXELS; at < way.length; at += IMAGE_PIXELS) {
    let sum = 0;
    for (let i = at; i < at + IMAGE_PIXELS; i++) {
      sum += (way[i] - way[i - IMAGE_PIXELS]) ** 2;
    }
    steps.push(Math.sqrt(sum));
  }
  const mean = steps.reduce((a, b) => a + b) / steps.length;
  return mean === 0 ? 1 : Math.max(...steps) / mean;
}
