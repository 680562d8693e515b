/**
 * Black-and-white pixels, drawn by the brightness of grey ones. Published
 * likelihoods of MNIST are of such pixels.
 *
 * @module
 */
import { type Key, streamKey, threefry2x32 } from "../rng.ts";
import type { Split } from "./split.ts";

/** How grey pixels become black or white. */
export type Binarization = "none" | "static" | "dynamic";

/**
 * Counter of the draws that are made once, above those of training, whose
 * counter is the step.
 */
const FIXED_DRAWS = 2 ** 31;

const SPLITS: readonly Split[] = ["train", "validation", "test"];

/**
 * Makes pixels black or white, in place: white with the brightness as the
 * probability.
 *
 * Pixel `e` takes 16 bits: those of part `e % 4` of the counter `(⌊e / 4⌋, c1)`,
 * which gives the low and the high half of its first word and then of its
 * second. It is white where bits / 65536 < byte / 255, in whole numbers, so that
 * every engine draws the same.
 *
 * @param pixels Bytes from 0 to 255, of which the first is pixel 0.
 * @param key From `streamKey(seed, "binarize")`.
 * @param c1 The second counter word: the step, while training.
 */
export function drawPixels(pixels: Uint8Array, key: Key, c1: number): void {
  let [low, high] = [0, 0];
  let drawn = -1;
  for (let e = 0; e < pixels.length; e++) {
    const byte = pixels[e];
    // Most are black, and stay so whatever is drawn; white ones as well.
    if (byte === 0 || byte === 255) continue;
    const counter = e >>> 2;
    if (counter !== drawn) {
      [low, high] = threefry2x32(key[0], key[1], counter, c1);
      drawn = counter;
    }
    const bits = (e & 2 ? high : low) >>> (16 * (e & 1)) & 0xFFFF;
    pixels[e] = bits * 255 < byte * 65536 ? 255 : 0;
  }
}

/**
 * Returns the pixels of a split that stay the same while a model trains on such
 * ones: of those that it sees drawn anew, or drawn once, the `static` draw.
 *
 * @param images [n, 784] bytes.
 * @param kind How the model's pixels are drawn.
 * @param split Which split they are the first images of.
 */
export function fixedDraw(
  images: Uint8Array<ArrayBuffer>,
  kind: Binarization,
  split: Split,
): Uint8Array<ArrayBuffer> {
  return binarize(images, kind === "none" ? "none" : "static", split);
}

/**
 * Makes black-and-white images: each pixel is white with its brightness as the
 * probability. Pixels that are black or white already stay as they are.
 *
 * `static` is one draw for all times, as in Salakhutdinov & Murray 2008 and
 * Larochelle & Murray 2011 (a draw of our own, not their files); `dynamic` is a
 * fresh one for each seed, as in Burda et al. 2015,
 * https://arxiv.org/abs/1509.00519.
 *
 * @param images [n, 784] bytes.
 * @param kind How they are drawn.
 * @param split Which split they are, for each has draws of its own.
 * @param seed Seed of the `dynamic` draw.
 * @returns [n, 784] bytes, 0 or 255; `images` itself for `none`.
 *
 * @example
 * ```ts
 * import { binarize, synthesize } from "@vae/mnist/core";
 * import { assert } from "@std/assert";
 *
 * const { images } = synthesize(4, { seed: 0 });
 * const pixels = binarize(images, "static", "test");
 * assert(pixels.every((pixel) => pixel === 0 || pixel === 255));
 * ```
 */
export function binarize(
  images: Uint8Array<ArrayBuffer>,
  kind: Binarization,
  split: Split,
  seed = 0,
): Uint8Array<ArrayBuffer> {
  if (kind === "none") return images;
  const [key, draws] = kind === "static"
    ? [streamKey(0, "binarize"), 0]
    : [streamKey(seed, "binarize"), SPLITS.length];
  const binary = images.slice();
  drawPixels(binary, key, FIXED_DRAWS + draws + SPLITS.indexOf(split));
  return binary;
}
