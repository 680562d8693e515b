/**
 * Principal components of images: the best that a linear autoencoder can do.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../model/spec.ts";
import { fillNormal, streamKey } from "../rng.ts";
import type { Tick } from "./estimate.ts";

/** A linear code of images whose pixels are byte / 255. */
export interface Pca {
  /** [784] mean of the pixels. */
  readonly mean: Float64Array;
  /** [d, 784] orthonormal directions, or zeros beyond the images' rank. */
  readonly components: Float64Array;
}

/** Images added up, and turns of the iteration, between two ticks. */
const CHUNK = 1000;
const TURNS = 10;

/** A turn that gains less of the whole variance than this is the last. */
const LEAST_GAIN = 1e-13;
const MOST_TURNS = 2000;

/**
 * The `d` leading principal components of some images: exact covariance, then
 * orthogonal iteration (Golub & Van Loan 2013, "Matrix Computations", section
 * 8.2.4), which takes far less code and memory than a full decomposition and is
 * as good for the error: that depends on the space they span alone, and to
 * second order.
 *
 * @param images [n, 784] bytes.
 * @param d Number of components, at most 784.
 */
export async function fitPca(
  images: Uint8Array,
  d: number,
  tick?: Tick,
): Promise<Pca> {
  const { mean, covariance } = await moments(images, (f) => tick?.(f / 2));
  const components = await leadingDirections(
    covariance,
    IMAGE_PIXELS,
    d,
    (f) => tick?.((1 + f) / 2),
  );
  return { mean, components };
}

/**
 * The orthonormal directions along which a symmetric positive matrix is
 * largest: its leading eigenvectors, found as {@linkcode fitPca} says.
 *
 * @param matrix [size, size]
 * @param d How many, at most `size`.
 * @returns [d, size], the largest first; zeros beyond the matrix's rank.
 */
export async function leadingDirections(
  matrix: Float64Array,
  size: number,
  d: number,
  tick?: Tick,
): Promise<Float64Array> {
  let total = 0;
  for (let i = 0; i < size; i++) total += matrix[i * (size + 1)];
  const directions = Float64Array.from(fillNormal(
    new Float32Array(d * size),
    streamKey(0, "sample"),
    0,
  ));
  orthonormalize(directions, size);
  const image = new Float64Array(directions.length);
  let captured = 0;
  for (let turn = 1; turn <= MOST_TURNS; turn++) {
    multiply(matrix, size, directions, image);
    const before = captured;
    captured = 0;
    for (let i = 0; i < image.length; i++) captured += directions[i] * image[i];
    directions.set(image);
    orthonormalize(directions, size);
    if (captured - before <= LEAST_GAIN * total) break;
    if (turn % TURNS === 0) await tick?.(1 - 1 / (1 + turn / TURNS));
  }
  return directions;
}

/**
 * The squared error of each image when it is projected on the components: its
 * distance from their plane, summed over pixels in units of byte / 255.
 *
 * @param images [n, 784] bytes.
 * @returns [n]
 */
export function pcaErrors(
  { mean, components }: Pca,
  images: Uint8Array,
): Float64Array {
  const centered = new Float64Array(IMAGE_PIXELS);
  const errors = new Float64Array(images.length / IMAGE_PIXELS);
  for (let n = 0; n < errors.length; n++) {
    let error = 0;
    for (let i = 0; i < IMAGE_PIXELS; i++) {
      centered[i] = images[n * IMAGE_PIXELS + i] / 255 - mean[i];
      error += centered[i] * centered[i];
    }
    for (let at = 0; at < components.length;) {
      let projection = 0;
      for (let i = 0; i < IMAGE_PIXELS; i++) {
        projection += components[at++] * centered[i];
      }
      error -= projection * projection;
    }
    errors[n] = error;
  }
  return errors;
}

/** The mean and the covariance of pixels. Sums of bytes are exact in float64. */
async function moments(
  images: Uint8Array,
  tick: Tick,
): Promise<{ mean: Float64Array; covariance: Float64Array }> {
  const n = images.length / IMAGE_PIXELS;
  const sums = new Float64Array(IMAGE_PIXELS);
  const products = new Float64Array(IMAGE_PIXELS * IMAGE_PIXELS);
  const places = new Int32Array(IMAGE_PIXELS);
  const values = new Float64Array(IMAGE_PIXELS);
  for (let image = 0; image < n; image++) {
    let lit = 0; // most pixels are black and add nothing
    for (let i = 0; i < IMAGE_PIXELS; i++) {
      const value = images[image * IMAGE_PIXELS + i];
      if (value === 0) continue;
      places[lit] = i;
      values[lit++] = value;
    }
    for (let a = 0; a < lit; a++) {
      const row = places[a] * IMAGE_PIXELS, value = values[a];
      sums[places[a]] += value;
      for (let b = a; b < lit; b++) {
        products[row + places[b]] += value * values[b];
      }
    }
    if (image % CHUNK === 0) await tick(image / n);
  }
  const mean = sums.map((sum) => sum / n / 255);
  for (let i = 0; i < IMAGE_PIXELS; i++) {
    for (let j = i; j < IMAGE_PIXELS; j++) {
      products[j * IMAGE_PIXELS + i] =
        products[i * IMAGE_PIXELS + j] =
          products[i * IMAGE_PIXELS + j] / n / 255 ** 2 - mean[i] * mean[j];
    }
  }
  return { mean, covariance: products };
}

/** `result` = each row of `rows` times the symmetric `matrix`. */
function multiply(
  matrix: Float64Array,
  size: number,
  rows: Float64Array,
  result: Float64Array,
): void {
  for (let at = 0; at < rows.length; at += size) {
    for (let i = 0; i < size; i++) {
      const row = i * size;
      let sum = 0;
      for (let j = 0; j < size; j++) {
        sum += matrix[row + j] * rows[at + j];
      }
      result[at + i] = sum;
    }
  }
}

/** Gram–Schmidt, twice, which is enough to be orthogonal to rounding. */
function orthonormalize(rows: Float64Array, size: number): void {
  for (let at = 0; at < rows.length; at += size) {
    const row = rows.subarray(at, at + size);
    const length = Math.sqrt(dot(row, row));
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < at; other += size) {
        const base = rows.subarray(other, other + size);
        const along = dot(row, base);
        for (let i = 0; i < size; i++) row[i] -= along * base[i];
      }
    }
    const left = Math.sqrt(dot(row, row));
    const scale = left > 1e-12 * length ? 1 / left : 0;
    for (let i = 0; i < size; i++) row[i] *= scale;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
