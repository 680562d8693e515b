/**
 * The measurements that autoencoders and VAEs are compared by.
 *
 * @module
 */
import type { ImageSet } from "../../lib/dataset/dataset.ts";
import { firstImages } from "../../lib/dataset/first_images.ts";
import { interpolations } from "../../lib/latent/interpolations.ts";
import { fromUnits } from "../../lib/latent/scale.ts";
import {
  type Estimate,
  estimate,
  pairedDifference,
  type Tick,
} from "../../lib/math/estimate.ts";
import { measureImages, type Metrics } from "../../lib/metrics/metrics.ts";
import { nearestImages, unevenness } from "../../lib/metrics/nearest_image.ts";
import { drawClasses } from "../../lib/metrics/sample_quality.ts";
import { toUnitPixels } from "../../lib/metrics/pixels.ts";
import { priorSample } from "../../lib/model/prior.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import { measureLatents } from "../../lib/latent/space.ts";
import { concatenate } from "../../lib/math/concatenate.ts";
import type { MeasuredRun } from "./several_runs.ts";

/** Samples, real images and interpolations that are measured. */
const MEASURED = 500;
const STEPS = 12;
/** Real images that the nearest is looked for among. */
const KNOWN = 10_000;

/** What is measured of a model. */
export interface Measured extends
  Pick<
    Metrics,
    | "squaredError"
    | "aggregatedPosterior"
    | "neighborAccuracy"
    | "probeAccuracy"
  > {
  /** From a sample to the nearest training image, over the sample's Σx². */
  readonly sampleDistance: Estimate;
  /** The same of the middle of an interpolation. */
  readonly middleDistance: Estimate;
  /** The largest step of an interpolation over its mean step. */
  readonly unevenness: Estimate;
}

/** What is measured on images that all models share, and not on their samples. */
const PAIRED = [
  "neighborAccuracy",
  "probeAccuracy",
  "middleDistance",
  "unevenness",
  "squaredError",
] as const;

/** Of each shared image, or pair of them, what the estimates are means of. */
export type Pairable = Readonly<
  Record<typeof PAIRED[number], Float64Array | null>
>;

/** How far one model is above another on the same images. */
export type Differences = Readonly<
  Record<typeof PAIRED[number], Estimate | null>
>;

/**
 * Returns a − b, with the standard error of the difference on shared images:
 * smaller than that of either, for an image that is hard for both cancels.
 */
export function differences(a: Pairable, b: Pairable): Differences {
  return Object.fromEntries(PAIRED.map((name) => {
    const [of, from] = [a[name], b[name]];
    return [name, of && from && pairedDifference(of, from)];
  })) as Differences;
}

/** The same of real images, as far as they have it. */
export type Yardstick = Pick<Measured, "sampleDistance"> & {
  readonly pcaSquaredError: Estimate;
};

type Progressing = (stage: string, fraction: number) => Promise<void>;

/** Measures models on the same images. */
export class Comparison {
  readonly #train: ImageSet;
  readonly #images: ImageSet;
  readonly #order: Uint32Array;
  readonly #seed: number;
  readonly #known: Float32Array;

  constructor(
    train: ImageSet,
    images: ImageSet,
    order: Uint32Array,
    seed: number,
  ) {
    this.#train = train;
    this.#images = images;
    this.#order = order;
    this.#seed = seed;
    this.#known = toUnitPixels(train.images.subarray(0, KNOWN * IMAGE_PIXELS));
  }

  /** Measures a model, and the PCA of its size. */
  async measure(
    { engine, checkpoint }: MeasuredRun,
    onProgress: Progressing,
  ): Promise<{
    measured: Measured;
    perImage: Pairable;
    pcaSquaredError: Estimate;
  }> {
    const { options: model } = checkpoint;
    const { latentDim } = model;
    const { metrics, perImage } = await measureImages({
      engine,
      model,
      images: this.#images,
      train: this.#train,
      samples: 1,
      seed: this.#seed,
      onProgress,
    });
    const latents = await measureLatents(engine, this.#images);
    const samples = await engine.decode(
      fromUnits(
        priorSample(MEASURED, latentDim, this.#seed),
        latents.scale,
      ),
      drawClasses(this.#train, MEASURED, this.#seed),
    );
    const pairs = await interpolations(
      engine,
      this.#images,
      this.#order.subarray(0, 2 * MEASURED),
      { steps: STEPS + 1 },
    );
    const middles = concatenate(pairs.map(({ decoded }) =>
      decoded.subarray(
        STEPS / 2 * IMAGE_PIXELS,
        (STEPS / 2 + 1) * IMAGE_PIXELS,
      )
    ));
    const tickOf = (stage: string): Tick => (f) => onProgress(stage, f);
    const unevennesses = Float64Array.from(
      pairs,
      ({ decoded }) => unevenness(decoded),
    );
    const middleDistances = await this.#relative(
      middles,
      tickOf("interpolations"),
    );
    const measured = {
      squaredError: metrics.squaredError,
      aggregatedPosterior: metrics.aggregatedPosterior,
      neighborAccuracy: metrics.neighborAccuracy,
      probeAccuracy: metrics.probeAccuracy,
      sampleDistance: estimate(
        await this.#relative(samples, tickOf("samples")),
      ),
      middleDistance: estimate(middleDistances),
      unevenness: estimate(unevennesses),
    };
    return {
      measured,
      perImage: {
        squaredError: perImage.squaredError,
        neighborAccuracy: perImage.rightByNeighbors,
        probeAccuracy: perImage.rightByProbe,
        middleDistance: middleDistances,
        unevenness: unevennesses,
      },
      pcaSquaredError: metrics.pcaSquaredError,
    };
  }

  /** Measures the distances between real images. */
  async real(
    onProgress: Progressing,
  ): Promise<Pick<Measured, "sampleDistance">> {
    const real = firstImages(this.#images, this.#order, MEASURED);
    return {
      sampleDistance: estimate(
        await this.#relative(
          toUnitPixels(real.images),
          (f) => onProgress("images", f),
        ),
      ),
    };
  }

  /**
   * Distances to the nearest training image over Σx² of the image itself:
   * otherwise an empty picture would be near to every thin digit. One with less
   * ink than a white pixel counts as one pixel.
   */
  async #relative(images: Float32Array, tick: Tick): Promise<Float64Array> {
    const distances = await nearestImages(images, this.#known, tick);
    return distances.map((distance, i) => {
      const ink = images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS)
        .reduce((sum, x) => sum + x * x, 0);
      return distance / Math.max(1, ink);
    });
  }
}
