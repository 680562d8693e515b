/**
 * Finds principal components: the directions in which rows of numbers vary
 * most.
 *
 * ml-matrix finds the eigenvectors. It is not needed, and so not fetched, by a
 * run that only trains or samples.
 *
 * @module
 */
// By its address: what `deno.json` imports, every command downloads.
// deno-lint-ignore no-import-prefix
import { EigenvalueDecomposition, Matrix } from "npm:ml-matrix@6.15.1";
import type { Tick } from "./estimate.ts";

/** The best linear code of some rows. */
export interface Pca {
  /** [columns] mean of the rows. */
  readonly mean: Float64Array;
  /**
   * [d, columns] orthonormal directions, that of the largest variance first;
   * zeros beyond the rows' rank.
   */
  readonly components: Float64Array;
  /** [d] shares of the whole variance, from 0 to 1; NaN if there is none. */
  readonly shares: readonly number[];
}

/** Rows in the coordinates of their own principal components. */
export interface Projection {
  /** [n, d] distances from the mean along the components. */
  readonly points: Float64Array;
  /** [d] shares of the whole variance, from 0 to 1; NaN if there is none. */
  readonly shares: readonly number[];
}

/** Rows added up between two ticks. */
const CHUNK = 1000;

/** A variance below this share of the mean square is a rounding error. */
const LEAST_VARIANCE = 1e-12;

/** Coordinates that differ by less than this share, as float32 rounds, tie. */
const TIE = 1e-6;

/**
 * Finds the `d` leading principal components of some rows: the eigenvectors of
 * their covariance (over n) with the largest eigenvalues.
 *
 * Of the two opposite directions of a component the one is taken whose largest
 * coordinate, by absolute value, is positive; of coordinates that tie the first
 * decides. So the same rows give the same signs.
 *
 * @param rows [n, columns] numbers; zeros cost no time.
 * @param columns Numbers in a row.
 * @param d Number of components, at most `columns`.
 * @param tick Called while the covariance is summed up.
 */
export async function fitPca(
  rows: Float32Array | Uint8Array,
  columns: number,
  d: number,
  tick?: Tick,
): Promise<Pca> {
  const { mean, square, covariance } = await moments(rows, columns, tick);
  const { variances, directionOf } = rows.length < columns ** 2
    ? axesOfRows(rows, mean)
    : axesOf(covariance, columns);
  const total = variances.reduce((a, b) => a + b);
  const least = LEAST_VARIANCE * square;
  const order = [...variances.keys()]
    .sort((a, b) => variances[b] - variances[a]);
  const components = new Float64Array(d * columns);
  const shares: number[] = [];
  for (let k = 0; k < d; k++) {
    const variance = variances[order[k]];
    shares.push(total > least ? Math.max(0, variance / total) : NaN);
    if (!(variance > least)) continue;
    const direction = directionOf(order[k]);
    const sign = signOf(direction);
    components.set(direction.map((x) => sign * x), k * columns);
  }
  return { mean, components, shares };
}

/** Eigenvalues of a covariance, and the unit vector of each. */
interface Axes {
  readonly variances: readonly number[];
  readonly directionOf: (k: number) => readonly number[];
}

/** Finds the axes of a covariance matrix [size, size]. */
function axesOf(covariance: Float64Array, size: number): Axes {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(size, size, covariance),
    { assumeSymmetric: true },
  );
  return {
    variances: realEigenvalues,
    directionOf: (k) => eigenvectorMatrix.getColumn(k),
  };
}

/**
 * Finds the axes of fewer rows than columns from the products of the rows: XᵀX
 * has the eigenvalues of the smaller XXᵀ, and Xᵀu / ‖Xᵀu‖ for each vector u.
 */
function axesOfRows(
  rows: Float32Array | Uint8Array,
  mean: Float64Array,
): Axes {
  const n = rows.length / mean.length;
  const centered = Array.from({ length: n }, (_, row) => {
    const own = new Float64Array(mean.length);
    center(rows, row * mean.length, mean, own);
    return own;
  });
  const products = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = a; b < n; b++) {
      products[a * n + b] = along(centered[a], 0, centered[b]) / n;
      products[b * n + a] = products[a * n + b];
    }
  }
  const { variances, directionOf } = axesOf(products, n);
  return {
    // The others are 0: enough of them to have one for each column.
    variances: Object.assign(new Array(mean.length).fill(0), variances),
    directionOf: (k) => {
      const sum = new Float64Array(mean.length);
      directionOf(k).forEach((weight, row) =>
        centered[row].forEach((x, i) => sum[i] += weight * x)
      );
      const length = Math.sqrt(along(sum, 0, sum));
      return Array.from(sum, (x) => x / length);
    },
  };
}

/** Returns the sign of the first of a direction's largest coordinates. */
function signOf(direction: readonly number[]): number {
  const largest = direction.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  return Math.sign(
    direction.find((x) => Math.abs(x) >= (1 - TIE) * largest)!,
  );
}

/**
 * Projects rows on their own `d` leading components; see {@linkcode fitPca}.
 *
 * @param rows [n, columns] numbers.
 * @param columns Numbers in a row.
 * @param d Number of components, at most `columns`.
 */
export async function projectPca(
  rows: Float32Array,
  columns: number,
  d: number,
): Promise<Projection> {
  const { mean, components, shares } = await fitPca(rows, columns, d);
  const points = new Float64Array(rows.length / columns * d);
  const centered = new Float64Array(columns);
  for (let row = 0, at = 0; row < rows.length; row += columns) {
    center(rows, row, mean, centered);
    for (let k = 0; k < d; k++) {
      points[at++] = along(components, k * columns, centered);
    }
  }
  return { points, shares };
}

/**
 * Returns the squared error of each row when it is projected on the components:
 * its squared distance from their plane.
 *
 * @param pca Fitted to these rows or to others.
 * @param rows [n, columns] numbers.
 * @returns [n]
 */
export function pcaErrors(
  { mean, components }: Pca,
  rows: Float32Array | Uint8Array,
): Float64Array {
  const columns = mean.length;
  const errors = new Float64Array(rows.length / columns);
  const centered = new Float64Array(columns);
  for (let n = 0; n < errors.length; n++) {
    center(rows, n * columns, mean, centered);
    let error = along(centered, 0, centered);
    for (let at = 0; at < components.length; at += columns) {
      error -= along(components, at, centered) ** 2;
    }
    errors[n] = error;
  }
  return errors;
}

/** Fills `centered` with the row at `at` less the mean. */
function center(
  rows: Float32Array | Uint8Array,
  at: number,
  mean: Float64Array,
  centered: Float64Array,
): void {
  for (let i = 0; i < mean.length; i++) centered[i] = rows[at + i] - mean[i];
}

/** Returns the inner product of a row with the direction at `at`. */
function along(
  directions: Float64Array,
  at: number,
  row: Float64Array,
): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += directions[at + i] * row[i];
  return sum;
}

/**
 * Sums up the mean, the mean square of a row, and the covariance [columns,
 * columns]. In float64 the sums of bytes are exact.
 */
async function moments(
  rows: Float32Array | Uint8Array,
  columns: number,
  tick?: Tick,
): Promise<
  { mean: Float64Array; square: number; covariance: Float64Array }
> {
  const n = rows.length / columns;
  const sums = new Float64Array(columns);
  const products = new Float64Array(columns * columns);
  const places = new Int32Array(columns);
  const values = new Float64Array(columns);
  for (let row = 0; row < n; row++) {
    let found = 0; // most pixels of an image are 0 and add nothing
    for (let i = 0; i < columns; i++) {
      const value = rows[row * columns + i];
      if (value === 0) continue;
      places[found] = i;
      values[found++] = value;
    }
    for (let a = 0; a < found; a++) {
      const line = places[a] * columns, value = values[a];
      sums[places[a]] += value;
      for (let b = a; b < found; b++) {
        products[line + places[b]] += value * values[b];
      }
    }
    if (row % CHUNK === 0) await tick?.(row / n);
  }
  const mean = sums.map((sum) => sum / n);
  let square = 0;
  for (let i = 0; i < columns; i++) {
    square += products[i * (columns + 1)] / n;
    for (let j = i; j < columns; j++) {
      products[j * columns + i] =
        products[i * columns + j] =
          products[i * columns + j] / n - mean[i] * mean[j];
    }
  }
  return { mean, square, covariance: products };
}
