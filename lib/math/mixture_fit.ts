/**
 * Fits mixtures of Gaussians by expectation maximisation.
 *
 * @module
 */
import { type Key, streamKey, threefry2x32, toUnit } from "../rng.ts";
import type { Tick } from "./estimate.ts";
import {
  Densities,
  type GaussianMixture,
  meanLogDensity,
} from "./gaussian_mixture.ts";

/** Added to every variance, as scikit-learn does: no part shrinks to a point. */
export const VARIANCE_FLOOR = 1e-6;

/** Nats by which the mean log-density must grow for the fit to go on. */
const TOLERANCE = 1e-2;

const MAX_ITERATIONS = 100;

/** Rows seen between two ticks. */
const CHUNK = 5000;

/** Second word of the counter that k-means++ draws with from `sample`. */
const SEEDING = 2;

/** Numbers of parts that {@linkcode chooseMixture} tries. */
const PARTS = [1, 3, 10, 30, 100];

/** A mixture, and how it was chosen. */
export interface ChosenMixture {
  /** The one with the highest density of the held-out rows. */
  readonly mixture: GaussianMixture;
  /** Mean log-density of the held-out rows in nats, by number of parts. */
  readonly heldOut: readonly {
    readonly parts: number;
    readonly logDensity: number;
  }[];
}

/**
 * Fits mixtures of 1, 3, 10, 30 and 100 Gaussians to nine tenths of some rows,
 * as long as each gives the last tenth a higher density than the one before, and
 * returns the best.
 *
 * @param rows [n, columns], at least two.
 * @param columns Numbers in a row.
 * @param seed Seed of the first means.
 * @param tick Called now and then, and awaited.
 * @throws {RangeError} If there are fewer than two rows.
 *
 * @example Draw digits from where the encoder puts images
 * ```ts
 * import {
 *   chooseMixture,
 *   createEngine,
 *   sampleMixture,
 *   syntheticDataset,
 * } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const { train } = await syntheticDataset({ limit: 50 });
 * const model = { latentDim: 2, likelihood: "mse", autoencoder: false } as const;
 * const engine = await createEngine({ ...model, batchSize: 1, seed: 0 });
 * const { mu } = await engine.encode(train.images);
 * const { mixture } = await chooseMixture(mu, model.latentDim, 0);
 * const digits = await engine.decode(sampleMixture(mixture, 9, 0));
 * assertEquals(digits.length, 9 * 784);
 * engine.dispose();
 * ```
 */
export async function chooseMixture(
  rows: Float32Array,
  columns: number,
  seed: number,
  tick?: (fraction: number) => void | Promise<void>,
): Promise<ChosenMixture> {
  const n = rows.length / columns;
  if (n < 2) {
    throw new RangeError(`a mixture is fitted to 2 rows or more, not to ${n}`);
  }
  const known = n - Math.max(1, Math.floor(n / 10));
  const learnt = rows.subarray(0, known * columns);
  const unseen = rows.subarray(known * columns);
  const candidates = PARTS.filter((parts) => parts <= known);
  const heldOut: { parts: number; logDensity: number }[] = [];
  let best: GaussianMixture | undefined;
  for (const [i, parts] of candidates.entries()) {
    const first = firstMixture(learnt, columns, parts, seed);
    const mixture = await fitMixture(
      learnt,
      first,
      tick && ((fraction) => tick((i + fraction) / candidates.length)),
    );
    const logDensity = meanLogDensity(mixture, unseen);
    const isWorse = i > 0 && !(logDensity > heldOut[i - 1].logDensity);
    heldOut.push({ parts, logDensity });
    if (isWorse) break;
    best = mixture;
  }
  return { mixture: best!, heldOut };
}

/**
 * Improves a mixture until the rows' mean log-density grows by less than 0.01
 * nats, or 100 times (Dempster, Laird & Rubin 1977).
 *
 * @param rows [n, columns]
 * @param first What to begin with.
 */
export async function fitMixture(
  rows: Float32Array,
  first: GaussianMixture,
  tick?: Tick,
): Promise<GaussianMixture> {
  let mixture = first;
  let before = -Infinity;
  // Of each row the part with the most of it, at first any.
  const best = new Uint32Array(rows.length / first.columns);
  for (let i = 0; i < MAX_ITERATIONS; i++) {
    const { logDensity, next } = await improve(
      rows,
      mixture,
      best,
      tick && ((fraction) => tick((i + fraction) / MAX_ITERATIONS)),
    );
    mixture = next;
    if (logDensity - before < TOLERANCE) break;
    before = logDensity;
  }
  return mixture;
}

/** Takes one step: the mean log-density before it, and the mixture after. */
async function improve(
  rows: Float32Array,
  mixture: GaussianMixture,
  best: Uint32Array,
  tick?: Tick,
): Promise<{ logDensity: number; next: GaussianMixture }> {
  const { columns, means } = mixture;
  const n = rows.length / columns;
  const parts = mixture.weights.length;
  const densities = new Densities(mixture);
  const { shares } = densities;
  const sums = new Moments(means, columns);
  let logDensity = 0;
  for (let row = 0; row < n; row++) {
    logDensity += densities.evaluate(rows, row, best[row]) / n;
    best[row] = densities.best;
    for (let part = 0; part < parts; part++) {
      if (shares[part] > 0) sums.add(rows, row, part, shares[part]);
    }
    if (row % CHUNK === 0) await tick?.(row / n);
  }
  return { logDensity, next: sums.mixture() };
}

/**
 * Makes the mixture to begin with: means by k-means++ (Arthur & Vassilvitskii
 * 2007), each row a member of the part with the nearest.
 */
export function firstMixture(
  rows: Float32Array,
  columns: number,
  parts: number,
  seed: number,
): GaussianMixture {
  const n = rows.length / columns;
  const key = streamKey(seed, "sample");
  const means = new Float64Array(parts * columns);
  const nearest = new Uint32Array(n);
  const distances = new Float64Array(n).fill(1);
  for (let part = 0; part < parts; part++) {
    const chosen = drawRow(distances, key, part);
    const start = part * columns;
    for (let i = 0; i < columns; i++) {
      means[start + i] = rows[chosen * columns + i];
    }
    for (let row = 0; row < n; row++) {
      let distance = 0;
      for (let i = 0; i < columns; i++) {
        distance += (rows[row * columns + i] - means[start + i]) ** 2;
      }
      if (part > 0 && distance >= distances[row]) continue;
      distances[row] = distance;
      nearest[row] = part;
    }
  }
  const sums = new Moments(means, columns);
  nearest.forEach((part, row) => sums.add(rows, row, part, 1));
  return sums.mixture();
}

/** Draws a row with a probability in proportion to its weight. */
function drawRow(weights: Float64Array, key: Key, draw: number): number {
  const total = weights.reduce((a, b) => a + b);
  let left = total * toUnit(threefry2x32(key[0], key[1], draw, SEEDING)[0]);
  return Math.max(0, weights.findIndex((weight) => (left -= weight) < 0));
}

/** Sums up the shares of rows that parts have. */
class Moments {
  readonly #centers: Float64Array;
  readonly #columns: number;
  readonly #counts: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #centered: Float64Array;

  /** @param centers [parts, columns] near the means, so that little cancels. */
  constructor(centers: Float64Array, columns: number) {
    const parts = centers.length / columns;
    this.#centers = centers;
    this.#columns = columns;
    this.#counts = new Float64Array(parts);
    this.#first = new Float64Array(parts * columns);
    this.#second = new Float64Array(parts * columns * columns);
    this.#centered = new Float64Array(columns);
  }

  /** Adds a share of a row to a part. */
  add(rows: Float32Array, row: number, part: number, share: number): void {
    const columns = this.#columns, centered = this.#centered;
    const start = part * columns;
    this.#counts[part] += share;
    for (let i = 0; i < columns; i++) {
      centered[i] = rows[row * columns + i] - this.#centers[start + i];
      const shared = share * centered[i];
      const line = (start + i) * columns;
      this.#first[start + i] += shared;
      for (let j = 0; j <= i; j++) {
        this.#second[line + j] += shared * centered[j];
      }
    }
  }

  /** Returns the mixture with these moments. */
  mixture(): GaussianMixture {
    const columns = this.#columns, counts = this.#counts;
    const total = counts.reduce((a, b) => a + b);
    const shift = this.#first.map((sum, at) =>
      sum / (counts[Math.floor(at / columns)] || 1)
    );
    const factors = this.#second.slice();
    counts.forEach((count, part) => {
      const start = part * columns;
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j <= i; j++) {
          const at = (start + i) * columns + j;
          factors[at] = factors[at] / (count || 1) -
            shift[start + i] * shift[start + j] +
            (i === j ? VARIANCE_FLOOR : 0);
        }
      }
      const size = columns * columns;
      factor(factors.subarray(part * size, (part + 1) * size), columns);
    });
    return {
      columns,
      weights: counts.map((count) => count / total),
      means: this.#centers.map((center, at) => center + shift[at]),
      factors,
    };
  }
}

/** Replaces a matrix's lower triangle by that of its Cholesky factor. */
function factor(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * size + j];
      for (let k = 0; k < j; k++) {
        rest -= matrix[i * size + k] * matrix[j * size + k];
      }
      matrix[i * size + j] = i === j
        // Rounding must not make it negative where rows lie in a plane.
        ? Math.sqrt(Math.max(rest, VARIANCE_FLOOR / 2))
        : rest / matrix[j * size + j];
    }
  }
}
