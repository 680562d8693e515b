/**
 * Pixels as likelihoods and errors see them: black-and-white draws, the constant
 * of a likelihood, squared errors.
 *
 * @module
 */
import type { Split } from "../dataset/dataset.ts";
import { IMAGE_PIXELS, type Likelihood } from "../model/spec.ts";
import { fillUniform, streamKey } from "../rng.ts";

/** How grey pixels become black or white. */
export type Binarization = "none" | "static" | "dynamic";

/** Counter of the draws of pixels, far above those of the engines' noise. */
const PIXEL_DRAWS = 2 ** 30;

const SPLITS: readonly Split[] = ["train", "validation", "test"];

/**
 * Makes black-and-white images: each pixel is white with its brightness as the
 * probability.
 *
 * `static` is one draw for all times, as in Salakhutdinov & Murray 2008 and
 * Larochelle & Murray 2011 (a draw of our own, not their files); `dynamic` is a
 * fresh one for each seed, as in Burda et al. 2015,
 * https://arxiv.org/abs/1509.00519.
 *
 * @param images [n, 784] bytes.
 * @param split Which split they are, for each has draws of its own.
 * @param seed Seed of the `dynamic` draw.
 * @returns [n, 784] bytes, 0 or 255; `images` itself for `none`.
 *
 * @example
 * ```ts
 * import { binarize, synthesize } from "@vae/mnist";
 * import { assert } from "@std/assert";
 *
 * const { images } = synthesize(4, { seed: 0 });
 * const pixels = binarize(images, "static", "test", 0);
 * assert(pixels.every((pixel) => pixel === 0 || pixel === 255));
 * ```
 */
export function binarize(
  images: Uint8Array<ArrayBuffer>,
  kind: Binarization,
  split: Split,
  seed: number,
): Uint8Array<ArrayBuffer> {
  if (kind === "none") return images;
  const draws = kind === "static" ? 0 : SPLITS.length;
  const key = streamKey(kind === "static" ? 0 : seed, "evaluation");
  const counter = PIXEL_DRAWS + draws + SPLITS.indexOf(split);
  const uniform = new Float32Array(IMAGE_PIXELS);
  const binary = new Uint8Array(images.length);
  for (let at = 0; at < images.length; at += IMAGE_PIXELS) {
    fillUniform(uniform, key, counter, at);
    for (let i = 0; i < IMAGE_PIXELS; i++) {
      binary[at + i] = 255 * uniform[i] < images[at + i] ? 255 : 0;
    }
  }
  return binary;
}

/**
 * Returns what `Engine.score()` leaves out of −log p(x|z), in nats.
 *
 * A squared error is −log of a Gaussian with σ² = ½, whose constant is
 * ½ log(2πσ²) = ½ log π for each pixel, 448.7 for an image. Cross-entropy has
 * none. That of grey pixels is no density of theirs (Loaiza-Ganem & Cunningham
 * 2019, https://arxiv.org/abs/1907.06845), but the mean of −log p(b|z) over their
 * dynamic binarisations b: it is linear in the pixel, and so is the mean.
 */
export function logNormalizer(likelihood: Likelihood): number {
  return likelihood === "mse" ? IMAGE_PIXELS / 2 * Math.log(Math.PI) : 0;
}

/**
 * Returns Σ(x̂ − x)² of each image, with brightness from 0 to 1.
 *
 * @param means Decoded pixel means [n, 784].
 * @param images Targets [n, 784] as bytes.
 * @returns [n]
 */
export function squaredErrors(
  means: Float32Array,
  images: Uint8Array,
): Float64Array {
  const errors = new Float64Array(means.length / IMAGE_PIXELS);
  for (let i = 0; i < means.length; i++) {
    const difference = means[i] - images[i] / 255;
    errors[Math.floor(i / IMAGE_PIXELS)] += difference * difference;
  }
  return errors;
}

/** Returns the pixels of some images as the model sees them: byte / 255. */
export function toUnitPixels(images: Uint8Array): Float32Array {
  const pixels = new Float32Array(images.length);
  for (let i = 0; i < images.length; i++) pixels[i] = images[i] / 255;
  return pixels;
}
