/**
 * Normal distributions as whole numbers, for a coder: the same on every
 * machine, to the last bit.
 *
 * Nothing here uses `Math.exp` or its like, whose last bits are each engine's
 * own choice. What is left, + − × ÷ and rounding down, IEEE 754 defines.
 *
 * @module
 */

/** What the frequencies of a latent's bins add up to. */
export const LATENT_TOTAL = 2 ** 28;

/** Bins of the prior N(0, 1), each of the same mass. */
export const LATENT_BINS = 2 ** 16;

/** The distribution function is tabulated from −8 to 8, … */
const RANGE = 8;

/** … at so many points to a standard deviation. */
const STEPS = 256;

const LOG2_E = 1.4426950408889634;
// ln 2 in two parts, of which the first times a small whole number is exact.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const SQRT_2_PI = 2.5066282746310002;

/** Returns eˣ, to about the last bit, for |x| up to some hundreds. */
export function exp(x: number): number {
  const n = Math.floor(x * LOG2_E + 0.5);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  // Taylor's series: |r| ≤ ½ ln 2, so that the next term is below 2⁻⁵⁷.
  let result = 1;
  for (let k = 13; k > 0; k--) result = 1 + result * r / k;
  for (let i = n; i > 0; i--) result *= 2;
  for (let i = n; i < 0; i++) result /= 2;
  return result;
}

/**
 * The distribution function of N(0, 1), by Taylor's series about 0 (Marsaglia
 * 2004, "Evaluating the Normal Distribution", section 3,
 * https://doi.org/10.18637/jss.v011.i04).
 */
function phi(x: number): number {
  let sum = x, term = x, last = 0;
  for (let k = 3; sum !== last; k += 2) {
    last = sum;
    term = term * x * x / k;
    sum += term;
  }
  return 0.5 + sum * exp(-x * x / 2) / SQRT_2_PI;
}

/** The bins of one latent dimension, and normal distributions over them. */
export class LatentBins {
  /** The latent that stands for each bin: the middle of its mass. */
  readonly centres = new Float32Array(LATENT_BINS);
  /** Where bin i begins; where the last one ends, too. */
  readonly edges = new Float64Array(LATENT_BINS + 1);
  readonly #table = new Uint32Array(2 * RANGE * STEPS + 1);

  /** Tabulates the prior. */
  constructor() {
    const last = this.#table.length - 1;
    for (let i = 1; i < last; i++) {
      const mass = phi(i / STEPS - RANGE);
      this.#table[i] = Math.floor(mass * LATENT_TOTAL + 0.5);
    }
    this.#table[last] = LATENT_TOTAL;

    // Edges and centres in turn, half a bin's mass apart.
    const half = LATENT_TOTAL / LATENT_BINS / 2;
    this.edges[0] = -Infinity;
    for (let k = 1, i = 0; k < 2 * LATENT_BINS; k++) {
      const mass = k * half;
      while (this.#table[i + 1] <= mass) i++;
      const low = this.#table[i];
      const x = (i + (mass - low) / (this.#table[i + 1] - low)) / STEPS - RANGE;
      if (k % 2 === 1) this.centres[(k - 1) / 2] = x;
      else this.edges[k / 2] = x;
    }
    this.edges[LATENT_BINS] = Infinity;
  }

  /**
   * Returns the mass of N(0, 1) below x, out of {@linkcode LATENT_TOTAL}. It
   * never falls: between whole numbers of the table it rises in a straight line,
   * rounded down.
   */
  cumulative(x: number): number {
    if (!(x > -RANGE)) return 0;
    if (x >= RANGE) return LATENT_TOTAL;
    const at = (x + RANGE) * STEPS;
    const i = Math.floor(at);
    const low = this.#table[i];
    return low + Math.floor((at - i) * (this.#table[i + 1] - low));
  }

  /** Returns the mass of N(μ, σ²) below a bin. */
  below(bin: number, mu: number, sigma: number): number {
    return this.cumulative((this.edges[bin] - mu) / sigma);
  }

  /** Returns the bin in which N(μ, σ²) comes to so much mass. */
  find(slot: number, mu: number, sigma: number): number {
    let low = 0, high = LATENT_BINS;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.below(middle, mu, sigma) <= slot) low = middle;
      else high = middle;
    }
    return low;
  }
}
