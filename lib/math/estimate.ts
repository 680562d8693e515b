/**
 * Estimates means, and how far chance moves them.
 *
 * @module
 */

/** The mean of a quantity over images. */
export interface Estimate {
  /** Σx / n. */
  readonly mean: number;
  /** √(Σ(x − mean)² / (n − 1) / n); NaN for a single image. */
  readonly standardError: number;
}

/** Called between pieces of long work, and awaited. It may throw to stop it. */
export type Tick = (fraction: number) => void | Promise<void>;

/**
 * Returns the mean of some values and its standard error.
 *
 * @param values At least one; of a single one the error is NaN.
 * @returns The mean, with the error that chance gives it.
 * @example
 * ```ts
 * import { estimate } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(estimate([1, 3]), { mean: 2, standardError: 1 });
 * ```
 */
export function estimate(values: ArrayLike<number>): Estimate {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  return { mean, standardError: Math.sqrt(squares / (n - 1) / n) };
}

/**
 * Returns the mean of a − b and its standard error, of two quantities that were
 * measured on the same images: what makes an image hard for both cancels.
 *
 * @param a [n]
 * @param b [n], of the same images.
 */
export function pairedDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): Estimate {
  return estimate(Array.from(a, (value, i) => value - b[i]));
}

/** Returns the mean and the variance (over n) of each column of a matrix. */
export function columnMoments(
  values: Float32Array,
  columns: number,
): { mean: Float64Array; variance: Float64Array } {
  const rows = values.length / columns;
  const mean = new Float64Array(columns);
  const variance = new Float64Array(columns);
  for (let at = 0; at < values.length; at += columns) {
    for (let j = 0; j < columns; j++) mean[j] += values[at + j] / rows;
  }
  for (let at = 0; at < values.length; at += columns) {
    for (let j = 0; j < columns; j++) {
      variance[j] += (values[at + j] - mean[j]) ** 2 / rows;
    }
  }
  return { mean, variance };
}
