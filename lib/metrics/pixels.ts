/**
 * Pixels as likelihoods and errors see them: the constant of a likelihood,
 * squared errors.
 *
 * @module
 */
import { IMAGE_PIXELS, type Likelihood } from "../model/spec.ts";

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
 * Returns −log p(x|z) of Gaussian pixels with that variance, in nats.
 *
 * @param squaredError Σ(x̂ − x)² of the image.
 */
export function gaussianLoss(squaredError: number, variance: number): number {
  return IMAGE_PIXELS / 2 * Math.log(2 * Math.PI * variance) +
    squaredError / (2 * variance);
}

/** Says whether no pixel is grey. */
export function isBlackOrWhite(images: Uint8Array): boolean {
  return images.every((pixel) => pixel === 0 || pixel === 255);
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
