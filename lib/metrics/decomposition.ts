/**
 * Takes the KL of the posteriors apart: what the code says about the image, how
 * its dimensions depend on each other, and how far each is from the prior.
 *
 * @module
 */
import { type Estimate, estimate, type Tick } from "../math/estimate.ts";
import { fillNormal, streamKey } from "../rng.ts";
import { klDivergences, type Posterior } from "./posterior.ts";

/**
 * The three parts of the mean KL(q(z|x) ‖ p(z)), in nats. q(z) is the aggregated
 * posterior: the mixture of the posteriors of the N images.
 */
export interface KlDecomposition {
  /**
   * I(x; z), between z and which of the N images it is of: log N at most, and a
   * lower bound on what z says of images that are drawn from the data.
   */
  readonly mutualInformation: Estimate;
  /** log N, the cap. */
  readonly maxInformation: number;
  /** KL(q(z) ‖ Π q(z_d)). */
  readonly totalCorrelation: Estimate;
  /** Σ KL(q(z_d) ‖ p(z_d)), over the dimensions. */
  readonly dimensionwiseKl: Estimate;
  /** Draws of z that these are means over. */
  readonly draws: number;
}

/** Exponentials to compute at most: two seconds. */
const BUDGET = 2e8;

/** Draws of z, as far as the budget allows, and at least. */
const MAX_DRAWS = 2000;
const MIN_DRAWS = 100;

const DRAWS_A_TICK = 20;

/** Counter of the noise, above those of the draws for the bounds. */
const DRAW = 2 ** 32 - 1;

/**
 * Half the squared distance, in units of σ, from which on a component adds
 * nothing: e⁻⁴⁰ of its height.
 */
const FAR = 40;

/**
 * Estimates the parts of the KL: E log q(z|x)/q(z), the mutual information;
 * E log q(z)/Π q(z_d), the total correlation; E log Π q(z_d)/p(z), the KL by
 * dimension (Hoffman & Johnson 2016, "ELBO surgery"; Chen et al. 2018, equation
 * 2, https://arxiv.org/abs/1802.04942).
 *
 * z is drawn of images that are spread evenly, and its densities are exact: each
 * sums over the posteriors of all N images. So there is none of the bias of sums
 * over a batch. What the draws do to the sum of the three is known, for the KL has
 * a closed form, and is taken out of each (a control variate: Owen 2013, "Monte
 * Carlo theory, methods and examples", section 8.9): the parts add up to the KL.
 *
 * @param posterior Of N images.
 * @param latentDim Number of latent dimensions.
 * @param seed Seed of the draws.
 * @param tick Told how far the work is.
 */
export async function decomposeKl(
  { mu, logvar }: Posterior,
  latentDim: number,
  seed = 0,
  tick?: Tick,
): Promise<KlDecomposition> {
  const n = mu.length / latentDim;
  const affordable = Math.floor(BUDGET / mu.length);
  const draws = Math.max(MIN_DRAWS, Math.min(MAX_DRAWS, affordable));
  const noise = fillNormal(
    new Float32Array(draws * latentDim),
    streamKey(seed, "evaluation"),
    DRAW,
  );
  // One dimension after another, so that what is summed lies together.
  const means = transposed(mu, latentDim);
  const precisions = transposed(logvar, latentDim)
    .map((value) => Math.exp(-value / 2)); // 1 / σ
  const logHeights = new Float64Array(n); // −Σ log σ
  for (let at = 0; at < logvar.length; at++) {
    logHeights[Math.floor(at / latentDim)] -= logvar[at] / 2;
  }

  const information = new Float64Array(draws);
  const correlation = new Float64Array(draws);
  const dimensionwise = new Float64Array(draws);
  const whole = new Float64Array(draws);
  const logJoint = new Float64Array(n);
  for (let m = 0; m < draws; m++) {
    const image = Math.floor(m * n / draws);
    logJoint.set(logHeights);
    // All without the ½ log 2π of each dimension, which cancels.
    let logOwn = logHeights[image], logMarginals = 0, logPrior = 0;
    for (let j = 0; j < latentDim; j++) {
      const epsilon = noise[m * latentDim + j];
      const own = j * n + image;
      const z = means[own] + epsilon / precisions[own];
      let density = 0;
      for (let i = 0, at = j * n; i < n; i++, at++) {
        const half = ((z - means[at]) * precisions[at]) ** 2 / 2;
        logJoint[i] -= half;
        if (half < FAR) density += precisions[at] * Math.exp(-half);
      }
      logMarginals += Math.log(density / n);
      logOwn -= epsilon ** 2 / 2;
      logPrior -= z ** 2 / 2;
    }
    const logAggregated = logSumExp(logJoint) - Math.log(n);
    information[m] = logOwn - logAggregated;
    correlation[m] = logAggregated - logMarginals;
    dimensionwise[m] = logMarginals - logPrior;
    whole[m] = logOwn - logPrior;
    if (m % DRAWS_A_TICK === 0) await tick?.(m / draws);
  }
  const kl = estimate(klDivergences({ mu, logvar }, latentDim).perImage).mean;
  const part = (values: Float64Array) =>
    estimate(withoutControl(values, whole, kl));
  return {
    mutualInformation: part(information),
    maxInformation: Math.log(n),
    totalCorrelation: part(correlation),
    dimensionwiseKl: part(dimensionwise),
    draws,
  };
}

/** Takes out of values what goes along with a control of known expectation. */
function withoutControl(
  values: Float64Array,
  control: Float64Array,
  expectation: number,
): Float64Array {
  const { mean } = estimate(control);
  let along = 0, squares = 0;
  for (let i = 0; i < values.length; i++) {
    along += values[i] * (control[i] - mean);
    squares += (control[i] - mean) ** 2;
  }
  const slope = squares > 0 ? along / squares : 0;
  return values.map((value, i) => value - slope * (control[i] - expectation));
}

/** Returns a matrix [n, columns] as [columns, n]. */
function transposed(values: Float32Array, columns: number): Float64Array {
  const rows = values.length / columns;
  const result = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) {
    result[at % columns * rows + Math.floor(at / columns)] = values[at];
  }
  return result;
}

/** Returns log Σ exp(x), which cannot overflow. */
function logSumExp(values: Float64Array): number {
  const largest = values.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i] - largest);
  return largest + Math.log(sum);
}
