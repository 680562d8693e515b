/**
 * The prior over latents.
 *
 * @module
 */
import { fillNormal, streamKey } from "../rng.ts";

/**
 * Latents drawn from the prior N(0, temperature²·I).
 *
 * @returns [n, latentDim]
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
