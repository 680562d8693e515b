/**
 * Measures how a model's samples compare with real images, by the features of a
 * fixed classifier.
 *
 * @module
 */
// By its address: what `deno.json` imports, every command downloads.
// deno-lint-ignore no-import-prefix
import { Matrix } from "npm:ml-matrix@6.15.1";
import type { ImageSet } from "../dataset/dataset.ts";
import type { Engine, Labels } from "../engine/engine.ts";
import { blur } from "../image/blur.ts";
import { toBytes } from "../image/grid.ts";
import type { Tick } from "../math/estimate.ts";
import { sampleMixture } from "../math/gaussian_mixture.ts";
import { chooseMixture } from "../math/mixture_fit.ts";
import { priorSample } from "../model/prior.ts";
import { IMAGE_PIXELS, type ModelOptions } from "../model/spec.ts";
import { permutation, streamKey } from "../rng.ts";
import { displayedMeasures } from "./displayed_measures.ts";
import { FEATURE_DIM } from "./features.ts";
import {
  fitGaussian,
  frechetDistance,
  type Gaussian,
  principalAxes,
} from "./frechet.ts";
import {
  type Balls,
  ballsOf,
  type Overlap,
  overlap,
} from "./precision_recall.ts";

/** How some images compare with real ones. */
export interface SampleQuality extends Overlap {
  /**
   * The squared Fréchet distance of the features. It depends on the features and
   * on the number of images: only values of one table compare.
   */
  readonly frechet: number;
}

/** What {@linkcode measureSamples} has measured. */
export interface SampleMetrics {
  /** Images of each kind, and real ones that they were compared with. */
  readonly count: number;
  /** Samples of z ~ N(0, I); null for an autoencoder, which has no prior. */
  readonly prior: SampleQuality | null;
  /**
   * Samples of z from a mixture of Gaussians, fitted to the training images' μ.
   * Fitted to draws of z instead, it came to a larger Fréchet distance (40 for
   * 32, of a model of 12 dimensions after one epoch), less precision (0.93 for
   * 0.96) and more recall (0.23 for 0.14).
   */
  readonly mixture: SampleQuality;
  /** Gaussians of the mixture. */
  readonly mixtureParts: number;
  /** The first training images: what samples can hope for. */
  readonly real: SampleQuality;
  /** The same, blurred by a Gaussian with σ = 1 pixel. */
  readonly blurred: SampleQuality;
}

/** What {@linkcode measureSamples} needs. */
export interface SampleMeasurement {
  /** Runs the model. */
  readonly engine: Pick<Engine, "encode" | "decode">;
  /** Which model it is. */
  readonly model: ModelOptions;
  /** Runs the classifier: see `readClassifier`. */
  readonly classifier: Pick<Engine, "encode">;
  /** Real images that the model has not seen, to compare with. */
  readonly images: ImageSet;
  /** What the model was trained on. */
  readonly train: ImageSet;
  /** Images of each kind, 65 at least; papers take 10,000 or more. */
  readonly count: number;
  /** Seed of the mixture and of the samples. Default: 0. */
  readonly seed?: number;
  /** Called often, and awaited; it may throw to stop the work. */
  readonly onProgress?: (
    stage: string,
    fraction: number,
  ) => void | Promise<void>;
}

/**
 * Neighbours that a ball reaches to, in all four measures, as Naeem et al. 2020
 * have it; Kynkäänniemi et al. 2019 have 3 in theirs.
 */
export const BALL_NEIGHBORS = 5;

/**
 * Images of each kind at least: of fewer, the covariance of the features cannot
 * have full rank, and the Fréchet distance leaves out what it does not see.
 */
export const FEWEST_IMAGES = FEATURE_DIM + 1;

/** Standard deviation of the blur in pixels. */
export const BLUR_SIGMA = 1;

/** Images decoded or encoded at a time. */
const CHUNK = 1024;

/** Gives so many images, the first of them of that number. */
type Source = (first: number, count: number) => Promise<Uint8Array>;

/**
 * Draws the classes of samples: those of images at random, none of them twice
 * while there are others.
 *
 * @param count How many classes.
 * @returns Nothing where the images have no labels.
 */
export function drawClasses(
  { labels, count: known }: Pick<ImageSet, "labels" | "count">,
  count: number,
  seed: number,
): Labels {
  if (labels === null) return null;
  const order = permutation(known, streamKey(seed, "sample"), 1);
  return Uint8Array.from({ length: count }, (_, i) => labels[order[i % known]]);
}

/**
 * Measures a model's samples, as the bytes that a picture of them has: the
 * Fréchet distance of their features from those of real images, and how far they
 * overlap; from the prior and from a mixture of Gaussians on μ, beside what real
 * training images and blurred ones score. A conditional model draws each class
 * as often as it is among the training images.
 *
 * @param measurement The engines with the model's and the classifier's state,
 * the images, and how many of each kind to compare.
 * @returns How near the samples are to real images.
 * @throws {RangeError} If there are too few images for so many of each kind.
 *
 * @example
 * ```ts
 * import {
 *   createEngine,
 *   featureModel,
 *   measureSamples,
 *   readClassifier,
 *   syntheticDataset,
 * } from "@vae/mnist";
 * import { assert } from "@std/assert";
 *
 * const { train, test } = await syntheticDataset({ limit: 100 });
 * const model = { latentDim: 2, likelihood: "bce", autoencoder: false } as const;
 * const engine = await createEngine({ ...model, batchSize: 1, seed: 0 });
 * const classifier = await createEngine({
 *   ...featureModel,
 *   batchSize: 1,
 *   seed: 0,
 * });
 * await classifier.writeState((await readClassifier()).state);
 * const { real, prior } = await measureSamples({
 *   engine,
 *   model,
 *   classifier,
 *   images: test!,
 *   train,
 *   count: 100,
 * });
 * assert(real.frechet < prior!.frechet); // the model is not trained
 * engine.dispose();
 * classifier.dispose();
 * ```
 */
export async function measureSamples(
  { engine, model, classifier, images, train, count, seed = 0, onProgress }:
    SampleMeasurement,
): Promise<SampleMetrics> {
  const most = Math.min(images.count, train.count);
  if (!(count >= FEWEST_IMAGES && count <= most)) {
    throw new RangeError(
      `${count} images of each kind cannot be compared: there must be at least ` +
        `${FEWEST_IMAGES}, and at most as many as there are real and training ` +
        `images, which are ${images.count} and ${train.count}`,
    );
  }
  const { latentDim, autoencoder } = model;
  const tickOf = (stage: string): Tick => (f) => onProgress?.(stage, f);
  const features = (source: Source, tick: Tick) =>
    encode(classifier, source, null, count, FEATURE_DIM, tick);
  const taken = ({ images }: ImageSet): Source => (first, count) =>
    Promise.resolve(
      images.subarray(first * IMAGE_PIXELS, (first + count) * IMAGE_PIXELS),
    );
  const classes = drawClasses(train, count, seed);
  const decoded = (z: Float32Array): Source => async (first, count) =>
    toBytes(
      await engine.decode(
        z.subarray(first * latentDim, (first + count) * latentDim),
        classes && classes.subarray(first, first + count),
      ),
    );

  const reference = await Reference.of(
    await features(taken(images), tickOf("features")),
    tickOf("neighbours of real images"),
  );
  const compare = async (name: string, source: Source) =>
    await reference.compare(
      await features(source, tickOf(name)),
      tickOf(`neighbours of ${name}`),
    );

  const trained = taken(train);
  const { mixture } = await chooseMixture(
    await encode(
      engine,
      trained,
      train.labels,
      train.count,
      latentDim,
      tickOf("encoding"),
    ),
    latentDim,
    seed,
    tickOf("mixture of Gaussians"),
  );
  return displayedMeasures({
    count,
    prior: autoencoder ? null : await compare(
      "samples of the prior",
      decoded(priorSample(count, latentDim, seed)),
    ),
    mixture: await compare(
      "samples of the mixture",
      decoded(sampleMixture(mixture, count, seed)),
    ),
    mixtureParts: mixture.weights.length,
    real: await compare("training images", trained),
    blurred: await compare(
      "blurred images",
      async (...part) => blur(await trained(...part), BLUR_SIGMA),
    ),
  });
}

/** Real images' features, which those of others are compared with. */
class Reference {
  private constructor(
    readonly gaussian: Gaussian,
    readonly axes: Matrix,
    readonly balls: Balls,
  ) {}

  static async of(features: Float32Array, tick: Tick): Promise<Reference> {
    const gaussian = fitGaussian(features, FEATURE_DIM);
    const axes = principalAxes(gaussian);
    return new Reference(
      gaussian,
      axes,
      await turnedBalls(features, axes, tick),
    );
  }

  async compare(features: Float32Array, tick: Tick): Promise<SampleQuality> {
    const balls = await turnedBalls(features, this.axes, (f) => tick(f / 2));
    return {
      frechet: frechetDistance(
        this.gaussian,
        fitGaussian(features, FEATURE_DIM),
      ),
      ...await overlap(this.balls, balls, (f) => tick((1 + f) / 2)),
    };
  }
}

/**
 * Makes the balls of features in the coordinates of some axes: distances stay
 * the same, and where the first axes have most of the variance few terms decide.
 */
function turnedBalls(
  features: Float32Array,
  axes: Matrix,
  tick: Tick,
): Promise<Balls> {
  const n = features.length / FEATURE_DIM;
  const rows = Matrix.from1DArray(n, FEATURE_DIM, features).mmul(axes);
  const turned = Float64Array.from(rows.to1DArray());
  return ballsOf(turned, FEATURE_DIM, BALL_NEIGHBORS, tick);
}

/** Returns μ of `count` images, [count, latentDim]. */
async function encode(
  engine: Pick<Engine, "encode">,
  source: Source,
  labels: Labels,
  count: number,
  latentDim: number,
  tick: Tick,
): Promise<Float32Array> {
  const means = new Float32Array(count * latentDim);
  for (let first = 0; first < count; first += CHUNK) {
    const images = await source(first, Math.min(CHUNK, count - first));
    const classes = labels && labels.subarray(first, first + CHUNK);
    means.set((await engine.encode(images, classes)).mu, first * latentDim);
    await tick(first / count);
  }
  return means;
}
