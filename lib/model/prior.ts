/**
 * The prior over latents.
 *
 * @module
 */
import { fillNormal, streamKey } from "../rng.ts";

/**
 * Latents drawn from the prior N(0, temperature²·I).
 *
 * @param n How many.
 * @param latentDim Number of latent dimensions.
 * @param seed The same seed gives the same latents.
 * @param temperature Standard deviation of each number.
 * @returns [n, latentDim]
 *
 * @example
 * ```ts
 * import { priorSample } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(priorSample(3, 12, 0).length, 3 * 12);
 * assertEquals(priorSample(1, 2, 0, 0), Float32Array.of(0, 0));
 * ```
 */
export function priorSample(
  n: number,
  latentDim: number,
  seed: number,
  temperature = 1,
): Float32Array {
  return fillNormal(
    new Float32Array(n * latentDim),
    streamKey(seed, "sample"),
    0,
  ).map((z) => z * temperature);
}
