/**
 * Fits the variance of Gaussian pixels, which the squared error alone sets to ½.
 *
 * @module
 */
import type { ImageSet } from "../dataset/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { estimate } from "../math/estimate.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import { sampleBounds } from "./importance.ts";
import type { Posterior } from "./posterior.ts";

/** Training images that the variance of a pixel is fitted to at most. */
const FITTED = 10_000;

/**
 * Returns the variance of a pixel under which the training images' ELBO is
 * largest, one for all pixels: their mean squared error, z ~ q(z|x) (Rybkin et
 * al. 2021, https://arxiv.org/abs/2006.13202).
 */
export async function fitVariance(
  engine: Pick<Engine, "score">,
  { images, labels }: ImageSet,
  { mu, logvar }: Posterior,
  seed: number,
): Promise<number> {
  const pixels = images.subarray(0, FITTED * IMAGE_PIXELS);
  const n = pixels.length / IMAGE_PIXELS;
  const length = n * mu.length / (images.length / IMAGE_PIXELS);
  const { reconstruction } = await sampleBounds(
    engine,
    pixels,
    { mu: mu.subarray(0, length), logvar: logvar.subarray(0, length) },
    {
      likelihood: "mse",
      samples: 1,
      seed,
      labels: labels && labels.subarray(0, n),
    },
  );
  return estimate(reconstruction).mean / IMAGE_PIXELS;
}
