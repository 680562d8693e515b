/**
 * Measures the encoder's posteriors N(μ, σ²) without decoding anything.
 *
 * @module
 */
import { columnMoments } from "../math/estimate.ts";

/** The encoder's posteriors of some images, each [n, latentDim]. */
export interface Posterior {
  /** Means. */
  readonly mu: Float32Array;
  /** Log-variances; −∞ where z = μ, as in an autoencoder. */
  readonly logvar: Float32Array;
}

/**
 * Computes KL(N(μ, σ²) ‖ N(0, 1)) = ½(μ² + σ² − 1 − log σ²) in nats (Kingma &
 * Welling 2014, appendix B, https://arxiv.org/abs/1312.6114).
 *
 * @param latentDim Number of latent dimensions.
 * @returns The KL of each image, summed over dimensions, and for each dimension
 * that of each image.
 */
export function klDivergences(
  { mu, logvar }: Posterior,
  latentDim: number,
): { perImage: Float64Array; perDimension: Float64Array[] } {
  const n = mu.length / latentDim;
  const perImage = new Float64Array(n);
  const perDimension = Array.from(
    { length: latentDim },
    () => new Float64Array(n),
  );
  for (let at = 0; at < mu.length; at++) {
    const i = Math.floor(at / latentDim);
    // expm1 keeps what is left of σ² − 1 where a dimension has collapsed.
    const kl = (mu[at] ** 2 + Math.expm1(logvar[at]) - logvar[at]) / 2;
    perDimension[at % latentDim][i] = kl;
    perImage[i] += kl;
  }
  return { perImage, perDimension };
}

/**
 * Variance of μ above which a unit is active (Burda et al. 2015). The other
 * measure of a dimension that has collapsed is `INACTIVE_KL`: one whose μ moves
 * a little more than σ tells may be active by one and not by the other.
 */
export const ACTIVE_VARIANCE = 0.01;

/**
 * Counts the latent dimensions that are used: those whose μ has a variance over
 * the images above 0.01 (Burda et al. 2015, section 5.2,
 * https://arxiv.org/abs/1509.00519).
 *
 * @param mu Means [n, latentDim].
 * @param latentDim Number of latent dimensions.
 */
export function activeUnits(mu: Float32Array, latentDim: number): number {
  return columnMoments(mu, latentDim).variance
    .filter((variance) => variance > ACTIVE_VARIANCE).length;
}

/**
 * Returns the mean and the variance of z in each dimension, z ~ q(z|x) over all
 * images: E[μ], and Var[μ] + E[σ²] by the law of total variance. Where they are
 * not 0 and 1, samples from the prior are not what the decoder has learnt from
 * (Hoffman & Johnson 2016, "ELBO surgery").
 *
 * @param latentDim Number of latent dimensions.
 */
export function aggregatedPosterior(
  { mu, logvar }: Posterior,
  latentDim: number,
): { mean: Float64Array; variance: Float64Array } {
  const { mean, variance } = columnMoments(mu, latentDim);
  const n = mu.length / latentDim;
  for (let at = 0; at < logvar.length; at++) {
    variance[at % latentDim] += Math.exp(logvar[at]) / n;
  }
  return { mean, variance };
}
