/**
 * Measures a model on a set of images.
 *
 * @module
 */
import type { ImageSet } from "../dataset/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { INACTIVE_KL } from "../model/losses.ts";
import { IMAGE_PIXELS, type ModelOptions } from "../model/spec.ts";
import {
  accuracy,
  type Estimate,
  estimate,
  type Tick,
} from "../math/estimate.ts";
import { sampleBounds } from "./importance.ts";
import { mutualInformationGap } from "./information.ts";
import { classifyByNeighbors } from "./neighbors.ts";
import { fitPca, pcaErrors } from "../math/pca.ts";
import { logNormalizer, squaredErrors } from "./pixels.ts";
import {
  activeUnits,
  aggregatedPosterior,
  klDivergences,
  type Posterior,
} from "./posterior.ts";
import { classifyByProbe, fitProbe } from "./probe.ts";

/**
 * What was measured. Likelihoods are in nats; means are over images. `null` is
 * what the model or the images do not have: `notes` says why.
 */
export interface Metrics {
  /** Number of images. */
  readonly images: number;
  /** Draws of z for each image. */
  readonly samples: number;
  /** The loss's own term, z ~ q(z|x): squared error, or cross-entropy. */
  readonly reconstruction: Estimate;
  /** {@linkcode reconstruction} / 784. */
  readonly reconstructionPerPixel: Estimate;
  /** KL(q(z|x) ‖ p(z)). */
  readonly kl: Estimate | null;
  /** The KL of each latent dimension. */
  readonly klPerDimension: readonly Estimate[] | null;
  /**
   * E log p(x|z) − KL, with the likelihood's constant. Of grey pixels under
   * cross-entropy it is a bound on E log p(b), b being the pixels dynamically
   * binarised, for the cross-entropy is E log p(b|z).
   */
  readonly elbo: Estimate | null;
  /**
   * The bound that grows from the ELBO to log p(x) with `samples`. Of grey pixels
   * under cross-entropy it, too, is one on E log p(b), by Jensen's inequality:
   * log Σ exp is convex, so that of the means is at most the mean.
   */
  readonly importanceWeighted: Estimate | null;
  /**
   * Nats that the code takes, the KL, and nats that are left over,
   * −E log p(x|z), with the constant; −ELBO is their sum (Alemi et al. 2018,
   * https://arxiv.org/abs/1711.00464).
   */
  readonly rateDistortion: {
    readonly rate: Estimate;
    readonly distortion: Estimate;
  } | null;
  /** Latent dimensions whose μ has a variance above 0.01. */
  readonly activeUnits: number;
  /** Latent dimensions with a KL of at least 0.01 nats. */
  readonly activeByKl: number | null;
  /** Mean and variance of z in each dimension; N(0, I) has 0 and 1. */
  readonly aggregatedPosterior: {
    readonly mean: readonly number[];
    readonly variance: readonly number[];
  };
  /** Share of classes that the nearest training codes get right. */
  readonly neighborAccuracy: Estimate | null;
  /** Share of classes that a linear probe gets right. */
  readonly probeAccuracy: Estimate | null;
  /** How far the most telling dimension is ahead, from 0 to 1. */
  readonly mutualInformationGap: number | null;
  /** Σ(x̂ − x)² with z = μ. */
  readonly squaredError: Estimate;
  /** {@linkcode squaredError} / 784. */
  readonly squaredErrorPerPixel: Estimate;
  /**
   * {@linkcode squaredError} of as many principal components of the training
   * images as there are latent dimensions: the best linear code.
   */
  readonly pcaSquaredError: Estimate;
  /** Why there are nulls, one sentence each. */
  readonly notes: readonly string[];
}

/** What {@linkcode measure} needs. */
export interface Measurement {
  /** Runs the model. */
  readonly engine: Pick<Engine, "encode" | "decode" | "score">;
  /** Which model it is. */
  readonly model: ModelOptions;
  /** What to measure on. */
  readonly images: ImageSet;
  /** What the classifiers and the principal components learn from. */
  readonly train: ImageSet;
  /** Draws of z for each image. Default: 100. */
  readonly samples?: number;
  /** Seed of these draws. Default: 0. */
  readonly seed?: number;
  /** Called often, and awaited; it may throw to stop the work. */
  readonly onProgress?: (
    stage: string,
    fraction: number,
  ) => void | Promise<void>;
}

/** Neighbours that vote on a class. */
export const NEIGHBORS = 5;

/** Images encoded or decoded at a time. */
const CHUNK = 1024;

/**
 * Measures a model: losses, bounds, latent space and comparisons.
 *
 * @throws {RangeError} If there are no images.
 *
 * @example
 * ```ts
 * import { createEngine, loadDataset, measure } from "@vae/mnist";
 * import { assert } from "@std/assert";
 *
 * const { train, test } = await loadDataset({ dataset: "synthetic", limit: 20 });
 * const model = { latentDim: 2, likelihood: "bce", autoencoder: false } as const;
 * const engine = await createEngine({ ...model, batchSize: 20, seed: 0 });
 * const metrics = await measure({
 *   engine,
 *   model,
 *   images: test!,
 *   train,
 *   samples: 5,
 * });
 * assert(metrics.elbo!.mean < metrics.importanceWeighted!.mean);
 * engine.dispose();
 * ```
 */
export async function measure(
  { engine, model, images, train, samples = 100, seed = 0, onProgress }:
    Measurement,
): Promise<Metrics> {
  if (images.count === 0 || train.count === 0) {
    throw new RangeError("there are no images to measure on or to learn from");
  }
  const { latentDim, likelihood, autoencoder } = model;
  const tickOf = (stage: string): Tick => (f) => onProgress?.(stage, f);
  const perPixel = (losses: Float64Array) =>
    estimate(losses.map((loss) => loss / IMAGE_PIXELS));

  const codes = async (set: ImageSet) => {
    const posterior = await encode(engine, set.images, tickOf("encoding"));
    if (autoencoder) posterior.logvar.fill(-Infinity);
    return posterior;
  };
  const posterior = await codes(images);
  const known = images === train ? posterior : await codes(train);

  const atMean = await errorsOfMeans(engine, images.images, posterior.mu);
  const sampled = autoencoder
    ? null
    : await sampleBounds(engine, images.images, posterior, {
      likelihood,
      samples,
      seed,
      tick: tickOf("sampling"),
    });
  const reconstruction = sampled?.reconstruction ??
    await engine.score(posterior.mu, images.images);
  const distortions = reconstruction.map((r) => r + logNormalizer(likelihood));
  const kl = autoencoder ? null : klDivergences(posterior, latentDim);
  const klPerDimension = kl && kl.perDimension.map(estimate);
  const notes = autoencoder
    ? ["an autoencoder has no posterior, so there are no KL and no bounds"]
    : [];

  const { mean, variance } = aggregatedPosterior(posterior, latentDim);
  const classes = await measureClasses(
    { ...posterior, labels: images.labels },
    images === train ? null : { codes: known.mu, labels: train.labels },
    latentDim,
    tickOf,
  );
  const pca = await fitPca(
    train.images,
    IMAGE_PIXELS,
    latentDim,
    tickOf("principal components"),
  );
  const pcaSquaredErrors = pcaErrors(pca, images.images)
    .map((error) => error / 255 ** 2);

  return {
    images: images.count,
    samples,
    reconstruction: estimate(reconstruction),
    reconstructionPerPixel: perPixel(reconstruction),
    kl: kl && estimate(kl.perImage),
    klPerDimension,
    elbo: kl && estimate(distortions.map((d, i) => -d - kl.perImage[i])),
    importanceWeighted: sampled && estimate(sampled.bound),
    rateDistortion: kl &&
      { rate: estimate(kl.perImage), distortion: estimate(distortions) },
    activeUnits: activeUnits(posterior.mu, latentDim),
    activeByKl: klPerDimension &&
      klPerDimension.filter(({ mean }) => mean >= INACTIVE_KL).length,
    aggregatedPosterior: { mean: [...mean], variance: [...variance] },
    neighborAccuracy: classes.neighborAccuracy,
    probeAccuracy: classes.probeAccuracy,
    mutualInformationGap: classes.mutualInformationGap,
    squaredError: estimate(atMean),
    squaredErrorPerPixel: perPixel(atMean),
    pcaSquaredError: estimate(pcaSquaredErrors),
    notes: [...notes, ...classes.notes],
  };
}

/** Measures what the codes say about the classes. */
async function measureClasses(
  { mu, logvar, labels }: Posterior & Pick<ImageSet, "labels">,
  known: { codes: Float32Array; labels: Uint8Array | null } | null,
  latentDim: number,
  tickOf: (stage: string) => Tick,
): Promise<
  & Pick<Metrics, "neighborAccuracy" | "probeAccuracy">
  & Pick<Metrics, "mutualInformationGap" | "notes">
> {
  const nothing = {
    neighborAccuracy: null,
    probeAccuracy: null,
    mutualInformationGap: null,
    notes: ["the images have no labels, so nothing is said of classes"],
  };
  if (!labels) return nothing;

  const gap = mutualInformationGap({ mu, logvar }, labels, latentDim);
  const notes = gap === null
    ? ["a mutual information gap needs two dimensions and two classes"]
    : [];
  if (!known?.labels) {
    const note = "an accuracy needs other images than those learnt from";
    return {
      ...nothing,
      mutualInformationGap: gap,
      notes: [...notes, note],
    };
  }
  const learnt = { codes: known.codes, labels: known.labels };
  const byNeighbors = await classifyByNeighbors(
    learnt,
    mu,
    latentDim,
    NEIGHBORS,
    tickOf("nearest neighbours"),
  );
  const probe = await fitProbe(learnt, latentDim, tickOf("linear probe"));
  return {
    neighborAccuracy: accuracy(byNeighbors, labels),
    probeAccuracy: accuracy(classifyByProbe(probe, mu), labels),
    mutualInformationGap: gap,
    notes,
  };
}

/** Encodes many images. */
async function encode(
  engine: Pick<Engine, "encode">,
  images: Uint8Array,
  tick: Tick,
): Promise<Posterior> {
  const parts: Posterior[] = [];
  let done = 0;
  for (const chunk of chunks(images, CHUNK * IMAGE_PIXELS)) {
    parts.push(await engine.encode(chunk));
    done += chunk.length;
    await tick(done / images.length);
  }
  return {
    mu: concatenate(parts.map(({ mu }) => mu)),
    logvar: concatenate(parts.map(({ logvar }) => logvar)),
  };
}

/** Returns Σ(x̂ − x)² of each image, with z = μ. */
async function errorsOfMeans(
  engine: Pick<Engine, "decode">,
  images: Uint8Array,
  mu: Float32Array,
): Promise<Float64Array> {
  const n = images.length / IMAGE_PIXELS;
  const errors = new Float64Array(n);
  let first = 0;
  for (const z of chunks(mu, CHUNK * mu.length / n)) {
    const means = await engine.decode(z);
    const at = first * IMAGE_PIXELS;
    const chunk = images.subarray(at, at + means.length);
    errors.set(squaredErrors(means, chunk), first);
    first += CHUNK;
  }
  return errors;
}

/** Cuts an array into pieces of at most `length`. */
function chunks<T extends Uint8Array | Float32Array>(
  values: T,
  length: number,
): T[] {
  return Array.from(
    { length: Math.ceil(values.length / length) },
    (_, i) => values.subarray(i * length, (i + 1) * length) as T,
  );
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
