/**
 * Latents of many dimensions seen from where they spread most.
 *
 * @module
 */
import { columnMoments } from "../math/estimate.ts";
import { leadingDirections } from "../math/pca.ts";

/** Latents in the coordinates of their own principal components. */
export interface Projection {
  /** [n, d] distances from the mean along the components. */
  readonly points: Float64Array;
  /** [d] shares of the whole variance, from 0 to 1; NaN if there is none. */
  readonly shares: readonly number[];
}

/**
 * Projects latents on their `d` leading principal components. Of the two
 * opposite directions of a component the one is taken whose largest coordinate
 * is positive.
 *
 * @param latents [n, latentDim]
 * @param latentDim Number of latent dimensions.
 * @param d Number of components, at most `latentDim`.
 */
export async function projectPca(
  latents: Float32Array,
  latentDim: number,
  d: number,
): Promise<Projection> {
  const n = latents.length / latentDim;
  const { mean, variance } = columnMoments(latents, latentDim);
  const total = variance.reduce((a, b) => a + b);
  const centered = Float64Array.from(
    latents,
    (x, at) => x - mean[at % latentDim],
  );
  const covariance = new Float64Array(latentDim * latentDim);
  for (let row = 0; row < centered.length; row += latentDim) {
    for (let i = 0; i < latentDim; i++) {
      for (let j = 0; j < latentDim; j++) {
        covariance[i * latentDim + j] += centered[row + i] * centered[row + j] /
          n;
      }
    }
  }

  const directions = await leadingDirections(covariance, latentDim, d);
  const points = new Float64Array(n * d);
  const shares: number[] = [];
  for (let k = 0; k < d; k++) {
    const direction = directions.subarray(k * latentDim, (k + 1) * latentDim);
    const largest = direction.reduce((a, b) => b * b > a * a ? b : a);
    let spread = 0;
    for (let i = 0; i < n; i++) {
      let along = 0;
      for (let j = 0; j < latentDim; j++) {
        along += direction[j] * centered[i * latentDim + j];
      }
      points[i * d + k] = largest < 0 ? -along : along;
      spread += along ** 2 / n;
    }
    shares.push(spread / total);
  }
  return { points, shares };
}
