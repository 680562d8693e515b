/**
 * The scale of a latent space: where latents lie, and how far apart.
 *
 * @module
 */
import { columnMoments } from "../math/estimate.ts";

/** Mean and standard deviation of each latent dimension. */
export interface LatentScale {
  /** [latentDim] */
  readonly mean: Float64Array;
  /** [latentDim] */
  readonly deviation: Float64Array;
}

/** Returns the scale of the prior N(0, I), that of every VAE. */
export function priorScale(latentDim: number): LatentScale {
  return {
    mean: new Float64Array(latentDim),
    deviation: new Float64Array(latentDim).fill(1),
  };
}

/**
 * Returns the scale of codes. An autoencoder has no prior, so its codes lie
 * anywhere, and this is all that says where its decoder knows its way.
 *
 * @param codes [n, latentDim], at least one.
 */
export function codeScale(
  codes: Float32Array,
  latentDim: number,
): LatentScale {
  const { mean, variance } = columnMoments(codes, latentDim);
  return { mean, deviation: variance.map(Math.sqrt) };
}

/**
 * Places latents that count from the mean in standard deviations.
 *
 * @param z [n, latentDim] in the scale's units.
 * @returns [n, latentDim] mean + deviation·z.
 */
export function fromUnits(
  z: Float32Array,
  { mean, deviation }: LatentScale,
): Float32Array {
  const d = mean.length;
  return z.map((value, at) => mean[at % d] + deviation[at % d] * value);
}

/**
 * Returns latents as they count from the mean in standard deviations: what
 * {@linkcode fromUnits} places where they are. A dimension that does not vary is
 * at 0.
 *
 * @param z [n, latentDim]
 */
export function toUnits(
  z: Float32Array,
  { mean, deviation }: LatentScale,
): Float32Array {
  const d = mean.length;
  return z.map((value, at) =>
    deviation[at % d] > 0 ? (value - mean[at % d]) / deviation[at % d] : 0
  );
}
