/**
 * Lays latents out along one and two dimensions, to see what a decoder makes of
 * them.
 *
 * @module
 */
import { normalQuantile } from "../math/quantile.ts";

/**
 * Returns evenly spaced numbers from `-range` to `range`, both included; with
 * an odd number of steps the middle one is 0.
 */
export function spread(range: number, steps: number): number[] {
  return Array.from(
    { length: steps },
    // Whole numbers first: symmetric to the last bit.
    (_, i) => range * (2 * i - (steps - 1)) / (steps - 1),
  );
}

/**
 * Moves along some dimensions, one row for each: the centre, with the offsets
 * added to that dimension in turn.
 *
 * @param center [d]
 * @param dimensions Counted from 0.
 * @param offsets What is added.
 * @returns [dimensions, offsets, d]
 */
export function traversal(
  center: ArrayLike<number>,
  dimensions: readonly number[],
  offsets: readonly number[],
): Float32Array {
  const d = center.length;
  const z = new Float32Array(dimensions.length * offsets.length * d);
  dimensions.forEach((dimension, row) =>
    offsets.forEach((offset, column) => {
      const at = (row * offsets.length + column) * d;
      z.set(center, at);
      z[at + dimension] += offset;
    })
  );
  return z;
}

/**
 * Cuts the standard normal prior into n slices that are equally likely, and
 * returns their middles in ascending order: n points that stand for all of it
 * (Kingma & Welling 2014, figure 4, https://arxiv.org/abs/1312.6114).
 */
export function priorQuantiles(n: number): number[] {
  return Array.from({ length: n }, (_, i) => normalQuantile((i + 0.5) / n));
}

/**
 * Maps two dimensions over the values given for both, all others at 0. The
 * first dimension grows to the right, the second upward: row 0 is its highest.
 *
 * @param latentDim Number of latent dimensions d.
 * @param dimensions The one to the right and the one upward, from 0.
 * @param values In ascending order.
 * @returns [values, values, d]
 */
export function latentMap(
  latentDim: number,
  [right, upward]: readonly [number, number],
  values: readonly number[],
): Float32Array {
  const side = values.length;
  const z = new Float32Array(side * side * latentDim);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = (row * side + column) * latentDim;
      z[at + right] = values[column];
      z[at + upward] = values[side - 1 - row];
    }
  }
  return z;
}
