/**
 * Encodes images and measures each of them: what it costs to describe it.
 *
 * @module
 */
import type { ImageSet } from "../dataset/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Tick } from "../math/estimate.ts";
import type { ModelOptions } from "../model/spec.ts";
import { sampleBounds } from "./importance.ts";
import { logNormalizer } from "./pixels.ts";
import { klDivergences } from "./posterior.ts";

/** What a model makes of each of n images. */
export interface ImageCodes {
  /** Posterior means, of an autoencoder the codes: [n, latentDim]. */
  readonly mu: Float32Array;
  /** Log-variances [n, latentDim]; an autoencoder has none. */
  readonly logvar: Float32Array | null;
  /**
   * The loss's own term, without the likelihood's constant: the mean over draws of
   * z ~ q(z|x), of an autoencoder that of z = μ. [n]
   */
  readonly reconstruction: Float64Array;
  /** KL(q(z|x) ‖ p(z)) in nats [n]; an autoencoder has none. */
  readonly kl: Float64Array | null;
  /**
   * E log p(x|z) − KL in nats, with the likelihood's constant [n]: what
   * `measure()` calls by this name is its mean. An autoencoder has none.
   */
  readonly elbo: Float64Array | null;
}

/** What {@linkcode encodeImages} needs. */
export interface Encoding {
  /** Runs the model. */
  readonly engine: Pick<Engine, "encode" | "score">;
  /** Which model it is. */
  readonly model: ModelOptions;
  /** What to encode; a model that is told of classes needs the labels. */
  readonly images: Pick<ImageSet, "images" | "labels">;
  /** Draws of z for each image; 1 unless given. */
  readonly samples?: number;
  /** Seed of these draws, 0 unless given; with that of `measure()` they are the same. */
  readonly seed?: number;
  /** Called often, and awaited; it may throw to stop the work. */
  readonly onProgress?: Tick;
}

/**
 * Encodes images and measures each: what costs most to describe is the
 * strangest.
 *
 * @param encoding The engine with the model's state, and the images.
 * @returns The codes and the losses, in the images' order.
 *
 * @example
 * ```ts
 * import { createEngine, encodeImages, syntheticDataset } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const { train: images } = await syntheticDataset({ limit: 20 });
 * const model = { latentDim: 2, likelihood: "bce", autoencoder: false } as const;
 * const engine = await createEngine({ ...model, batchSize: 20, seed: 0 });
 * const { mu, elbo } = await encodeImages({ engine, model, images });
 * assertEquals([mu.length, elbo!.length], [2 * 20, 20]);
 * engine.dispose();
 * ```
 */
export async function encodeImages(
  { engine, model, images: set, samples = 1, seed = 0, onProgress }: Encoding,
): Promise<ImageCodes> {
  const { latentDim, likelihood, autoencoder } = model;
  const { images, labels } = set;
  const { mu, logvar } = await engine.encode(images, labels);
  if (autoencoder) {
    const reconstruction = await engine.score(mu, images, labels);
    return { mu, logvar: null, reconstruction, kl: null, elbo: null };
  }
  const { reconstruction } = await sampleBounds(
    engine,
    images,
    { mu, logvar },
    { likelihood, samples, seed, labels, tick: onProgress },
  );
  const kl = klDivergences({ mu, logvar }, latentDim).perImage;
  const constant = logNormalizer(likelihood);
  const elbo = reconstruction.map((loss, i) => -loss - constant - kl[i]);
  return { mu, logvar, reconstruction, kl, elbo };
}
