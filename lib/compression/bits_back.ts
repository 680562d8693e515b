/**
 * Bits back with asymmetric numeral systems (Townsend, Bird & Barber 2019,
 * section 2.4, https://arxiv.org/abs/1901.04866): images in as many bits as
 * −ELBO says.
 *
 * To put an image x on the stack, z is popped from it by q(z|x), which gives
 * back log 1/q(z|x) bits; then x is pushed by p(x|z), and z by p(z). To take it
 * off, the same is undone in reverse.
 *
 * @module
 */
import type { Engine } from "../engine/engine.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import type { Ans } from "./ans.ts";
import { exp, LATENT_BINS, LATENT_TOTAL, LatentBins } from "./gaussian.ts";

/** Runs the model, with the same bits wherever it runs. */
export type Model = Pick<Engine, "encode" | "decode">;

/** Told how far the work is, from 0 to 1. */
export type OnProgress = (fraction: number) => void;

/** Images that go through the model together, at most. */
const MAX_BATCH = 128;

/** Bits that an image is taken to leave on the stack: most leave more. */
const IMAGE_BITS = 64;

/** Bits that a latent dimension takes from the stack, on average, at most. */
const LATENT_BITS = 16;

/** What the frequencies of black and white add up to. */
const PIXEL_TOTAL = 2 ** 16;

/** Latents beyond, and variances, are no model's; NaN must become a number. */
const MAX_MU = 2 ** 10;
const MAX_LOGVAR = 64;

/**
 * Puts black-and-white images on the stack.
 *
 * @param images [n, 784] bytes, 0 or 255.
 * @param latentDim Number of latent dimensions.
 */
export async function pushImages(
  stack: Ans,
  model: Model,
  images: Uint8Array,
  latentDim: number,
  onProgress?: OnProgress,
): Promise<void> {
  const count = images.length / IMAGE_PIXELS;
  const bins = new LatentBins();
  for (const [first, n] of batches(count, latentDim)) {
    const batch = pixelsOf(images, first, n);
    const { mu, sigma } = await posterior(model, batch);
    const z = new Uint16Array(mu.length);
    for (let i = 0; i < z.length; i++) {
      const bin = bins.find(stack.slot(LATENT_TOTAL), mu[i], sigma[i]);
      const start = bins.below(bin, mu[i], sigma[i]);
      const end = bins.below(bin + 1, mu[i], sigma[i]);
      stack.pop(start, end - start, LATENT_TOTAL);
      z[i] = bin;
    }
    const black = await blackness(model, bins, z);
    for (let i = batch.length - 1; i >= 0; i--) {
      if (batch[i] === 0) stack.push(0, black[i], PIXEL_TOTAL);
      else stack.push(black[i], PIXEL_TOTAL - black[i], PIXEL_TOTAL);
    }
    for (let i = z.length - 1; i >= 0; i--) stack.push(z[i], 1, LATENT_BINS);
    onProgress?.((first + n) / count);
  }
}

/**
 * Takes images off the stack that {@linkcode pushImages} has put there.
 *
 * @param images [n, 784] bytes: where they go.
 * @param latentDim Number of latent dimensions.
 * @throws {StackError} If others, or fewer, are on it.
 */
export async function popImages(
  stack: Ans,
  model: Model,
  images: Uint8Array,
  latentDim: number,
  onProgress?: OnProgress,
): Promise<void> {
  const count = images.length / IMAGE_PIXELS;
  const bins = new LatentBins();
  for (const [first, n] of [...batches(count, latentDim)].reverse()) {
    const z = new Uint16Array(n * latentDim);
    for (let i = 0; i < z.length; i++) {
      z[i] = stack.slot(LATENT_BINS);
      stack.pop(z[i], 1, LATENT_BINS);
    }
    const black = await blackness(model, bins, z);
    const batch = pixelsOf(images, first, n);
    for (let i = 0; i < batch.length; i++) {
      if (stack.slot(PIXEL_TOTAL) < black[i]) {
        stack.pop(0, black[i], PIXEL_TOTAL);
        batch[i] = 0;
      } else {
        stack.pop(black[i], PIXEL_TOTAL - black[i], PIXEL_TOTAL);
        batch[i] = 255;
      }
    }
    const { mu, sigma } = await posterior(model, batch);
    for (let i = z.length - 1; i >= 0; i--) {
      const start = bins.below(z[i], mu[i], sigma[i]);
      const end = bins.below(z[i] + 1, mu[i], sigma[i]);
      stack.push(start, end - start, LATENT_TOTAL);
    }
    onProgress?.((count - first) / count);
  }
}

/**
 * Divides images into batches. A batch takes all its latents from the stack
 * before it gives anything back, and what is not there is paid for with random
 * bits, so batches grow with what the images before have left.
 */
function* batches(
  count: number,
  latentDim: number,
): Generator<readonly [first: number, count: number]> {
  for (let first = 0, n; first < count; first += n) {
    const room = Math.floor(first * IMAGE_BITS / (latentDim * LATENT_BITS));
    n = Math.min(1 + room, MAX_BATCH, count - first);
    yield [first, n];
  }
}

function pixelsOf(images: Uint8Array, first: number, n: number): Uint8Array {
  return images.subarray(first * IMAGE_PIXELS, (first + n) * IMAGE_PIXELS);
}

/** Returns μ and σ of q(z|x), in the bits that all machines agree on. */
async function posterior(
  model: Model,
  images: Uint8Array,
): Promise<{ mu: Float64Array; sigma: Float64Array }> {
  const { mu, logvar } = await model.encode(images);
  return {
    mu: Float64Array.from(mu, (value) => held(value, -MAX_MU, MAX_MU)),
    sigma: Float64Array.from(
      logvar,
      (value) => exp(held(value, -MAX_LOGVAR, MAX_LOGVAR) / 2),
    ),
  };
}

/** Returns the frequency of black of each pixel, given latents by their bins. */
async function blackness(
  model: Model,
  bins: LatentBins,
  z: Uint16Array,
): Promise<Uint16Array> {
  const means = await model.decode(
    Float32Array.from(z, (bin) => bins.centres[bin]),
  );
  const black = new Uint16Array(means.length);
  for (let i = 0; i < black.length; i++) {
    const frequency = Math.floor((1 - means[i]) * PIXEL_TOTAL + 0.5);
    black[i] = held(frequency, 1, PIXEL_TOTAL - 1); // either must be possible
  }
  return black;
}

/** Holds a number in a range; NaN becomes the least. */
function held(value: number, min: number, max: number): number {
  return value > min ? (value < max ? value : max) : min;
}
