/**
 * Mixtures of Gaussians with full covariances: their densities, and draws from
 * them. `mixture_fit.ts` fits them.
 *
 * @module
 */
import { fillNormal, fillUniform, streamKey } from "../rng.ts";

/** A mixture of Gaussians. */
export interface GaussianMixture {
  /** Numbers in a row. */
  readonly columns: number;
  /** [parts] shares, of sum 1. */
  readonly weights: Float64Array;
  /** [parts, columns] */
  readonly means: Float64Array;
  /** [parts, columns, columns] L, lower triangular, of each covariance L·Lᵀ. */
  readonly factors: Float64Array;
}

/** Counters of the draws from the stream `sample`: of ε, and of the parts. */
const NOISE = 0, PARTS = 1;

/**
 * Draws rows from a mixture: m + temperature·L·ε, of a part that is drawn by its
 * weight.
 *
 * @param mixture Where to draw from.
 * @param n How many rows.
 * @param seed The same seed gives the same rows.
 * @param temperature Factor of the distance from a part's mean.
 * @returns [n, columns]
 *
 * @example
 * ```ts
 * import { sampleMixture } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const mixture = {
 *   columns: 1,
 *   weights: Float64Array.of(0, 1),
 *   means: Float64Array.of(-7, 7),
 *   factors: Float64Array.of(1, 1),
 * };
 * assertEquals(sampleMixture(mixture, 2, 0, 0), Float32Array.of(7, 7));
 * ```
 */
export function sampleMixture(
  { columns, weights, means, factors }: GaussianMixture,
  n: number,
  seed: number,
  temperature = 1,
): Float32Array {
  const key = streamKey(seed, "sample");
  const uniform = fillUniform(new Float32Array(n), key, PARTS);
  const noise = fillNormal(new Float32Array(n * columns), key, NOISE);
  const rows = new Float32Array(n * columns);
  for (let row = 0; row < n; row++) {
    const part = partAt(weights, uniform[row]);
    for (let i = 0; i < columns; i++) {
      const line = (part * columns + i) * columns;
      let sum = 0;
      for (let j = 0; j <= i; j++) {
        sum += factors[line + j] * noise[row * columns + j];
      }
      rows[row * columns + i] = means[part * columns + i] + temperature * sum;
    }
  }
  return rows;
}

/** Returns the part at a place, from 0 to 1, on the line of the weights. */
function partAt(weights: Float64Array, place: number): number {
  let left = place;
  const part = weights.findIndex((weight) => (left -= weight) < 0);
  return part < 0 ? weights.length - 1 : part; // the weights' sum was rounded
}

/**
 * Nats by which a part may be behind the best: with less, its share of a row is
 * below 10⁻⁸, and counts as none.
 */
const NEGLIGIBLE = 8 * Math.LN10;

/** Finds how much of a row's density each part of a mixture has. */
export class Densities {
  /** [parts] shares of the density of the last row; 0 where negligible. */
  readonly shares: Float64Array;
  /** The part with the largest share of the last row. */
  best = 0;
  readonly #mixture: GaussianMixture;
  /** log w − ½ log |2πΣ| of each part. */
  readonly #constants: Float64Array;
  /** [parts, columns] of the factors' diagonals 1 / L_ii. */
  readonly #inverses: Float64Array;
  readonly #whitened: Float64Array;

  constructor(mixture: GaussianMixture) {
    const { columns, weights, means, factors } = mixture;
    this.#mixture = mixture;
    this.shares = new Float64Array(weights.length);
    this.#whitened = new Float64Array(columns);
    this.#inverses = means.map((_, at) =>
      1 / factors[at * columns + at % columns]
    );
    this.#constants = weights.map((weight, part) => {
      let constant = Math.log(weight) - columns * Math.log(2 * Math.PI) / 2;
      for (let i = 0; i < columns; i++) {
        constant += Math.log(this.#inverses[part * columns + i]);
      }
      return constant;
    });
  }

  /**
   * Fills `shares` for a row and returns the log of its density, by log-sum-exp.
   *
   * @param guess The part to begin with: the better it is, the sooner others
   * are seen to be negligible.
   */
  evaluate(rows: Float32Array, row: number, guess = 0): number {
    const { shares } = this;
    const parts = shares.length;
    let best = guess;
    let most = this.#logDensity(rows, row, guess, -Infinity);
    shares[guess] = most;
    for (let part = 0; part < parts; part++) {
      if (part === guess) continue;
      const density = this.#logDensity(rows, row, part, most - NEGLIGIBLE);
      shares[part] = density;
      if (density <= most) continue;
      most = density;
      best = part;
    }
    let sum = 0;
    for (let part = 0; part < parts; part++) {
      const behind = most - shares[part];
      shares[part] = behind < NEGLIGIBLE ? Math.exp(-behind) : 0;
      sum += shares[part];
    }
    for (let part = 0; part < parts; part++) shares[part] /= sum;
    this.best = best;
    return most + Math.log(sum);
  }

  /** Returns log w·N(x; m, L·Lᵀ), or −∞ where it is below `least`. */
  #logDensity(
    rows: Float32Array,
    row: number,
    part: number,
    least: number,
  ): number {
    const { columns, means, factors } = this.#mixture;
    const inverses = this.#inverses;
    const whitened = this.#whitened; // y of L·y = x − m
    const start = part * columns;
    let density = this.#constants[part];
    for (let i = 0; i < columns; i++) {
      const line = (start + i) * columns;
      let rest = rows[row * columns + i] - means[start + i];
      for (let j = 0; j < i; j++) rest -= factors[line + j] * whitened[j];
      const y = rest * inverses[start + i];
      whitened[i] = y;
      density -= y * y / 2;
      if (density < least) return -Infinity;
    }
    return density;
  }
}

/**
 * Returns the mean over rows of the log of a mixture's density, in nats.
 *
 * @param rows [n, columns]
 */
export function meanLogDensity(
  mixture: GaussianMixture,
  rows: Float32Array,
): number {
  const densities = new Densities(mixture);
  const n = rows.length / mixture.columns;
  let sum = 0;
  for (let row = 0; row < n; row++) sum += densities.evaluate(rows, row);
  return sum / n;
}
