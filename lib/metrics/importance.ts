/**
 * Estimates the reconstruction loss and the importance-weighted bound of each
 * image, from the same draws of z.
 *
 * @module
 */
import type { Engine } from "../engine/engine.ts";
import { IMAGE_PIXELS, type Likelihood } from "../model/spec.ts";
import { fillNormal, streamKey } from "../rng.ts";
import type { Tick } from "../math/estimate.ts";
import { logNormalizer } from "./pixels.ts";
import type { Posterior } from "./posterior.ts";

/** What {@linkcode sampleBounds} draws. */
export interface Sampling {
  /** How a decoded image becomes a distribution. */
  readonly likelihood: Likelihood;
  /** Draws of z for each image: K. */
  readonly samples: number;
  /** Seed of the draws. */
  readonly seed: number;
  /** Told how far the work is. */
  readonly tick?: Tick;
}

/** Counter of the first draw, above those of training's evaluations. */
const FIRST_DRAW = 2 ** 31;

/** Images scored at a time: some tens of milliseconds, some megabytes. */
const CHUNK = 1024;

/**
 * Draws K latents from each image's posterior and scores them.
 *
 * The bound is log 1/K Σ p(x, zₖ) / q(zₖ|x), by log-sum-exp (Burda et al. 2015,
 * equation 8, https://arxiv.org/abs/1509.00519): with K = 1 an estimate of the
 * ELBO, and below log p(x) by less the larger K is. A draw depends on the seed,
 * the image's row and k alone.
 *
 * Of grey pixels under cross-entropy the score is the mean of −log p(b|z) over
 * their dynamic binarisations b, and both are bounds on E log p(b): the ELBO
 * because it is linear in b, the other by Jensen's inequality.
 *
 * @param engine Decodes and compares.
 * @param images [n, 784] bytes.
 * @param posterior Theirs.
 * @returns For each image the mean reconstruction loss over its draws, and the
 * bound in nats.
 */
export async function sampleBounds(
  engine: Pick<Engine, "score">,
  images: Uint8Array,
  { mu, logvar }: Posterior,
  { likelihood, samples, seed, tick }: Sampling,
): Promise<{ reconstruction: Float64Array; bound: Float64Array }> {
  const n = images.length / IMAGE_PIXELS;
  const latentDim = mu.length / n;
  const key = streamKey(seed, "evaluation");
  const constant = logNormalizer(likelihood);
  const reconstruction = new Float64Array(n);
  const bound = new Float64Array(n);
  for (let first = 0; first < n; first += CHUNK) {
    const count = Math.min(CHUNK, n - first);
    const chunk = images.subarray(
      first * IMAGE_PIXELS,
      (first + count) * IMAGE_PIXELS,
    );
    const offset = first * latentDim;
    const sigma = Float64Array.from(
      logvar.subarray(offset, offset + count * latentDim),
      (value) => Math.exp(value / 2),
    );
    const z = new Float32Array(count * latentDim);
    const logWeights = new Float64Array(count * samples);
    for (let k = 0; k < samples; k++) {
      // z holds ε first.
      fillNormal(z, key, FIRST_DRAW + k, offset);
      for (let i = 0, at = 0; i < count; i++) {
        // log p(z) − log q(z|x), whose ½ log 2π cancel.
        let twice = 0;
        for (let j = 0; j < latentDim; j++, at++) {
          const epsilon = z[at];
          const latent = mu[offset + at] + sigma[at] * epsilon;
          twice += epsilon * epsilon + logvar[offset + at] - latent * latent;
          z[at] = latent;
        }
        logWeights[i * samples + k] = twice / 2;
      }
      const losses = await engine.score(z, chunk);
      for (let i = 0; i < count; i++) {
        reconstruction[first + i] += losses[i] / samples;
        logWeights[i * samples + k] -= losses[i] + constant;
      }
      await tick?.((first + count * (k + 1) / samples) / n);
    }
    for (let i = 0; i < count; i++) {
      bound[first + i] = logMeanExp(
        logWeights.subarray(i * samples, (i + 1) * samples),
      );
    }
  }
  return { reconstruction, bound };
}

/** Returns log of the mean of exp(x), which cannot overflow. */
function logMeanExp(values: Float64Array): number {
  const largest = values.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i] - largest);
  return largest + Math.log(sum / values.length);
}
