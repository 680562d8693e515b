/**
 * A model whose likelihood and posterior have closed forms, in the place of an
 * engine.
 */
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { estimate } from "../lib/math/estimate.ts";
import { sampleBounds } from "../lib/metrics/importance.ts";
import { squaredErrors } from "../lib/metrics/pixels.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";

/**
 * x = Wz + b + noise of variance ½, with z ~ N(0, I): the likelihood that a
 * squared error means, of a linear decoder. The columns of W are orthogonal, so
 * that the exact posterior is a diagonal Gaussian.
 */
export const LATENTS = 2;
const SCALES = [0.15, 0.08];
const OFFSET = 0.4;

/** W: even pixels belong to the first latent, odd ones to the second. */
function weight(pixel: number, latent: number): number {
  if (pixel % LATENTS !== latent) return 0;
  return SCALES[latent] * (pixel % 3 - 1);
}

const NORMS = SCALES.map((_, j) => {
  let sum = 0;
  for (let i = 0; i < IMAGE_PIXELS; i++) sum += weight(i, j) ** 2;
  return sum;
});

/** Decodes by W and encodes by an exact posterior that is then distorted. */
export class LinearEngine {
  constructor(readonly shift = 0, readonly stretch = 1) {}

  decode(z: Float32Array): Promise<Float32Array> {
    const means = new Float32Array(z.length / LATENTS * IMAGE_PIXELS);
    for (let at = 0; at < means.length; at++) {
      const i = at % IMAGE_PIXELS, j = i % LATENTS;
      const row = (at - i) / IMAGE_PIXELS;
      means[at] = OFFSET + weight(i, j) * z[row * LATENTS + j];
    }
    return Promise.resolve(means);
  }

  async score(z: Float32Array, images: Uint8Array): Promise<Float64Array> {
    return squaredErrors(await this.decode(z), images);
  }

  encode(images: Uint8Array) {
    const n = images.length / IMAGE_PIXELS;
    const mu = new Float32Array(n * LATENTS), logvar = mu.slice();
    for (let row = 0; row < n; row++) {
      for (let j = 0; j < LATENTS; j++) {
        // Precision 1 + 2‖w‖², mean 2w·(x − b) / precision.
        const precision = 1 + 2 * NORMS[j];
        let along = 0;
        for (let i = 0; i < IMAGE_PIXELS; i++) {
          const x = images[row * IMAGE_PIXELS + i] / 255;
          along += weight(i, j) * (x - OFFSET);
        }
        const sigma = this.stretch / Math.sqrt(precision);
        mu[row * LATENTS + j] = 2 * along / precision + this.shift * sigma;
        logvar[row * LATENTS + j] = 2 * Math.log(sigma);
      }
    }
    return Promise.resolve({ mu, logvar });
  }
}

/** Images that the model itself could have drawn, but for rounding. */
async function draw(n: number): Promise<ImageSet> {
  const key = streamKey(1, "sample");
  const z = fillNormal(new Float32Array(n * LATENTS), key, 0);
  const means = await new LinearEngine().decode(z);
  const noise = fillNormal(new Float32Array(means.length), key, 1);
  return {
    images: Uint8Array.from(
      means,
      (m, i) => Math.max(0, Math.min(255, 255 * (m + 0.2 * noise[i]))),
    ),
    labels: null,
    count: n,
  };
}

/** log N(x; b, WWᵀ + ½I) of each image, by Cholesky on the whole matrix. */
function exactLogLikelihoods(images: Uint8Array): number[] {
  const d = IMAGE_PIXELS;
  const lower = Array.from({ length: d }, () => new Float64Array(d));
  let logDeterminant = 0;
  for (let i = 0; i < d; i++) {
    for (let k = 0; k <= i; k++) {
      let sum = i === k ? 0.5 : 0;
      for (let j = 0; j < LATENTS; j++) sum += weight(i, j) * weight(k, j);
      for (let m = 0; m < k; m++) sum -= lower[i][m] * lower[k][m];
      lower[i][k] = i === k ? Math.sqrt(sum) : sum / lower[k][k];
    }
    logDeterminant += 2 * Math.log(lower[i][i]);
  }
  return Array.from({ length: images.length / d }, (_, row) => {
    const solved = new Float64Array(d);
    let square = 0;
    for (let i = 0; i < d; i++) {
      let sum = images[row * d + i] / 255 - OFFSET;
      for (let m = 0; m < i; m++) sum -= lower[i][m] * solved[m];
      solved[i] = sum / lower[i][i];
      square += solved[i] ** 2;
    }
    return -(square + logDeterminant + d * Math.log(2 * Math.PI)) / 2;
  });
}

/** Images of the model. */
export const set = await draw(300);
/** Their log-likelihoods. */
export const exact = exactLogLikelihoods(set.images);

/** The sampled bounds of the images, and how far they are from the exact. */
export async function boundsOf(
  engine: LinearEngine,
  samples: number,
  seed = 0,
) {
  const posterior = await engine.encode(set.images);
  const { reconstruction, bound } = await sampleBounds(
    engine,
    set.images,
    posterior,
    { likelihood: "mse", samples, seed },
  );
  return { reconstruction, gap: estimate(bound.map((b, i) => b - exact[i])) };
}
