/**
 * Measures a model on a set of images.
 *
 * @module
 */
import type { ImageSet } from "../dataset/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { INACTIVE_KL } from "../model/losses.ts";
import { IMAGE_PIXELS, type ModelOptions } from "../model/spec.ts";
import { counted } from "../text.ts";
import { type Estimate, estimate, type Tick } from "../math/estimate.ts";
import { fitPca, pcaErrors } from "../math/pca.ts";
import { encode, errorsOfMeans } from "./batches.ts";
import { measureClasses } from "./classes.ts";
import { decomposeKl, type KlDecomposition } from "./decomposition.ts";
import { displayedMeasures } from "./displayed_measures.ts";
import { FEW_SAMPLES, NLL_SAMPLES, sampleBounds } from "./importance.ts";
import { fitVariance } from "./variance.ts";
import { gaussianLoss, isBlackOrWhite, logNormalizer } from "./pixels.ts";
import {
  activeUnits,
  aggregatedPosterior,
  klDivergences,
} from "./posterior.ts";

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
   * What −log p(x) is at most: {@linkcode importanceWeighted} with the sign
   * turned, where it goes by this name. It does from 1000 draws on, but not of
   * grey pixels under cross-entropy, whose bound stays below whatever the number
   * of draws.
   */
  readonly nll: Estimate | null;
  /** (Σw)² / Σw² of an image's importance weights, from 1 to `samples`. */
  readonly effectiveSamples: Estimate | null;
  /** Share of images with fewer than ten effective samples. */
  readonly fewEffectiveSamples: Estimate | null;
  /**
   * Of a squared error: the ELBO with the variance σ² of a pixel that is best for
   * the training images, in place of ½; q(z|x) is the same.
   */
  readonly bestVariance: {
    /** σ², brightness being from 0 to 1. */
    readonly variance: number;
    /** Of the images that are measured, which σ² has not seen. */
    readonly elbo: Estimate;
  } | null;
  /**
   * Nats that the code takes, the KL, and nats that are left over,
   * −E log p(x|z), with the constant; −ELBO is their sum (Alemi et al. 2018,
   * https://arxiv.org/abs/1711.00464).
   */
  readonly rateDistortion: {
    readonly rate: Estimate;
    readonly distortion: Estimate;
  } | null;
  /** What the KL consists of. */
  readonly klDecomposition: KlDecomposition | null;
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

/** What some of the means are over, to compare models on the same images. */
export interface ImageMeasures {
  /** Σ(x̂ − x)² with z = μ. */
  readonly squaredError: Float64Array;
  /** 1 where the nearest training codes name the class, otherwise 0. */
  readonly rightByNeighbors: Float64Array | null;
  /** The same of a linear probe. */
  readonly rightByProbe: Float64Array | null;
}

/** Nats of KL that no image takes whose posterior makes sense. */
const WILD = 10_000;

/** What a conditional model's numbers are of. */
const TOLD = "the model is told the true class c of each image: what is said " +
  "of its likelihood is of log p(x|c)";

/**
 * Measures a model: losses, bounds, latent space and comparisons. One that is
 * told of classes is told the images' true ones, by their labels.
 *
 * @param measurement The engine with the model's state, and the images.
 * @returns What was measured, each mean with its standard error; a Jupyter
 * notebook shows it as a table.
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
export async function measure(measurement: Measurement): Promise<Metrics> {
  return displayedMeasures((await measureImages(measurement)).metrics);
}

/**
 * Measures a model as {@linkcode measure} does, and returns the measures of each
 * image, too.
 *
 * @throws {RangeError} If there are no images.
 */
export async function measureImages(
  { engine, model, images, train, samples = 100, seed = 0, onProgress }:
    Measurement,
): Promise<{ metrics: Metrics; perImage: ImageMeasures }> {
  if (images.count === 0 || train.count === 0) {
    throw new RangeError("there are no images to measure on or to learn from");
  }
  const { latentDim, likelihood, autoencoder, classCount = 0 } = model;
  const tickOf = (stage: string): Tick => (f) => onProgress?.(stage, f);
  const perPixel = (losses: Float64Array) =>
    estimate(losses.map((loss) => loss / IMAGE_PIXELS));

  const codes = async (set: ImageSet) => {
    const posterior = await encode(engine, set, tickOf("encoding"));
    if (autoencoder) posterior.logvar.fill(-Infinity);
    return posterior;
  };
  const posterior = await codes(images);
  const known = images === train ? posterior : await codes(train);

  const atMean = await errorsOfMeans(engine, images, posterior.mu);
  const sampled = autoencoder
    ? null
    : await sampleBounds(engine, images.images, posterior, {
      likelihood,
      samples,
      seed,
      labels: images.labels,
      tick: tickOf("sampling"),
    });
  const reconstruction = sampled?.reconstruction ??
    await engine.score(posterior.mu, images.images, images.labels);
  const distortions = reconstruction.map((r) => r + logNormalizer(likelihood));
  const kl = autoencoder ? null : klDivergences(posterior, latentDim);
  const klPerDimension = kl && kl.perDimension.map(estimate);
  const elboOf = (losses: Float64Array) =>
    kl && estimate(losses.map((loss, i) => -loss - kl.perImage[i]));
  const variance = kl && likelihood === "mse"
    ? await fitVariance(engine, train, known, seed)
    : null;
  const klDecomposition = kl && await decomposeKl(
    posterior,
    latentDim,
    seed,
    tickOf("decomposition"),
  );
  const notes = autoencoder
    ? ["an autoencoder has no posterior, so there are no KL and no bounds"]
    : [];
  if (classCount > 0) notes.push(TOLD);
  const wild = kl?.perImage.filter((nats) => !(nats < WILD)).length ?? 0;
  if (wild > 0) {
    notes.push(
      `${counted(wild, "image")} with a KL above ${WILD} nats, on which the ` +
        "encoder is far from what it learnt: the means are at their mercy",
    );
  }
  const isNll = samples >= NLL_SAMPLES &&
    (likelihood === "mse" || isBlackOrWhite(images.images));

  const aggregated = aggregatedPosterior(posterior, latentDim);
  const classes = await measureClasses(
    { ...posterior, labels: images.labels },
    images === train ? null : { codes: known.mu, labels: train.labels },
    latentDim,
    tickOf,
  );
  const { rightByNeighbors, rightByProbe } = classes;
  const pca = await fitPca(
    train.images,
    IMAGE_PIXELS,
    latentDim,
    tickOf("principal components"),
  );
  const pcaSquaredErrors = pcaErrors(pca, images.images)
    .map((error) => error / 255 ** 2);

  const metrics: Metrics = {
    images: images.count,
    samples,
    reconstruction: estimate(reconstruction),
    reconstructionPerPixel: perPixel(reconstruction),
    kl: kl && estimate(kl.perImage),
    klPerDimension,
    elbo: elboOf(distortions),
    importanceWeighted: sampled && estimate(sampled.bound),
    nll: sampled && isNll
      ? estimate(sampled.bound.map((bound) => -bound))
      : null,
    effectiveSamples: sampled && estimate(sampled.effectiveSamples),
    fewEffectiveSamples: sampled &&
      estimate(sampled.effectiveSamples.map((n) => Number(n < FEW_SAMPLES))),
    bestVariance: variance === null ? null : {
      variance,
      elbo: elboOf(reconstruction.map((r) => gaussianLoss(r, variance)))!,
    },
    rateDistortion: kl &&
      { rate: estimate(kl.perImage), distortion: estimate(distortions) },
    klDecomposition,
    activeUnits: activeUnits(posterior.mu, latentDim),
    activeByKl: klPerDimension &&
      klPerDimension.filter(({ mean }) => mean >= INACTIVE_KL).length,
    aggregatedPosterior: {
      mean: [...aggregated.mean],
      variance: [...aggregated.variance],
    },
    neighborAccuracy: rightByNeighbors && estimate(rightByNeighbors),
    probeAccuracy: rightByProbe && estimate(rightByProbe),
    mutualInformationGap: classes.mutualInformationGap,
    squaredError: estimate(atMean),
    squaredErrorPerPixel: perPixel(atMean),
    pcaSquaredError: estimate(pcaSquaredErrors),
    notes: [...notes, ...classes.notes],
  };
  const perImage = { squaredError: atMean, rightByNeighbors, rightByProbe };
  return { metrics, perImage };
}
