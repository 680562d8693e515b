/**
 * The pictures of a run of `deno task train`.
 *
 * @module
 */
import { join } from "node:path";
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { fixedDraw } from "../../lib/dataset/binarize.ts";
import type { Dataset, ImageSet, Split } from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { lossCurves } from "../../lib/image/curves.ts";
import type { Frame } from "../../lib/image/gif.ts";
import type { Picture } from "../../lib/image/picture.ts";
import {
  grid,
  type GridOptions,
  pairGrid,
  toBytes,
} from "../../lib/image/grid.ts";
import {
  codeScale,
  type LatentScale,
  priorScale,
} from "../../lib/latent/scale.ts";
import { type SampleSheet, sampleSheet } from "../../lib/latent/sheets.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import type { TrainingOptions } from "../../lib/options/run.ts";
import type { EpochRecord } from "../../lib/model/losses.ts";
import { classesOf } from "./model_classes.ts";
import { headingOf, writeAnimation, writePicture } from "./pictures.ts";

const SAMPLES = 64;
/** Classes of a conditional model that have a row, and samples in it. */
const CLASSES = 16;
const OF_EACH = 8;
/** Images that the scale of an autoencoder's codes is measured on. */
const MEASURED = 1000;

/** The files of {@linkcode savePictures}. */
export const PICTURES = [
  "loss-curves.png",
  "reconstructions.png",
  "samples.png",
] as const;

/** The file of an {@linkcode Animation}. */
export const ANIMATION = "animation.gif";

/** Writes the loss curves, reconstructions and samples; returns their paths. */
export async function savePictures(
  dir: string,
  engine: Engine,
  dataset: Dataset,
  checkpoint: Checkpoint,
  history: readonly EpochRecord[],
): Promise<string[]> {
  const { options } = checkpoint;
  const [{ images, labels }, split] = heldOut(dataset, 16, options);
  const { mu } = await engine.encode(images, labels);
  const samples = await drawPicture(engine, options, dataset);
  const heading = (title: string) => headingOf(title, checkpoint);
  const pictures: Record<typeof PICTURES[number], Picture> = {
    "loss-curves.png": lossCurves(history, {
      ...options,
      ...heading("Losses by epoch"),
    }),
    "reconstructions.png": pairGrid(
      images,
      await engine.decode(mu, labels),
      heading(`Originals above their reconstructions, z = μ: ${split} images`),
    ),
    "samples.png": grid(samples.digits, {
      ...heading(samples.title),
      ...layoutOf(samples),
    }),
  };
  const paths: string[] = [];
  for (const [name, picture] of Object.entries(pictures)) {
    const path = join(dir, name);
    await writePicture(path, picture, name, checkpoint);
    paths.push(path);
  }
  return paths;
}

/** What decides how a model's pictures are drawn. */
type ModelOptions = Pick<
  TrainingOptions,
  "latentDim" | "autoencoder" | "classCount" | "binarize" | "seed"
>;

/**
 * Returns images to draw with as the model sees them, the rather those not
 * trained on: `count` if there are as many.
 */
function heldOut(
  dataset: Dataset,
  count: number,
  { binarize }: Pick<ModelOptions, "binarize">,
): [Pick<ImageSet, "images" | "labels">, Split] {
  const split = (["test", "validation", "train"] as const)
    .find((split) => dataset[split]?.count)!;
  const { images, labels } = dataset[split]!;
  const first = images.subarray(0, count * IMAGE_PIXELS);
  return [{
    images: fixedDraw(first, binarize, split),
    labels: labels && labels.subarray(0, count),
  }, split];
}

/** What samples are drawn by: the prior, or how an autoencoder's codes lie now. */
async function scaleOf(
  engine: Engine,
  options: ModelOptions,
  dataset: Dataset,
): Promise<{ scale: LatentScale; scaleOf: "prior" | "codes" }> {
  const { latentDim, autoencoder } = options;
  if (!autoencoder) return { scale: priorScale(latentDim), scaleOf: "prior" };
  const [{ images, labels }] = heldOut(dataset, MEASURED, options);
  const { mu } = await engine.encode(images, labels);
  return { scale: codeScale(mu, latentDim), scaleOf: "codes" };
}

/**
 * Draws samples as the model is now: of a conditional model some of each class.
 *
 * @param n How many, if it is not what the pictures show.
 */
async function drawPicture(
  engine: Engine,
  options: ModelOptions,
  dataset: Dataset,
  n?: number,
): Promise<SampleSheet> {
  const { seed } = options;
  const classes = classesOf({ options, data: dataset }).slice(0, n ?? CLASSES);
  return await sampleSheet(engine, await scaleOf(engine, options, dataset), {
    n: classes.length > 1
      ? n === undefined ? OF_EACH : Math.ceil(n / classes.length)
      : n ?? SAMPLES,
    ...{ seed, classes, classCount: options.classCount },
  });
}

/** Decodes a few samples, to be seen while the model learns. */
export async function sampleDigits(
  engine: Engine,
  options: ModelOptions,
  dataset: Dataset,
  n: number,
): Promise<Float32Array> {
  return (await drawPicture(engine, options, dataset, n)).digits;
}

/** Takes out of samples how they lie in a picture. */
function layoutOf({ columns, rowLabels }: SampleSheet): GridOptions {
  return { columns, rowLabels };
}

/** Shows how a model, while it learns, decodes the z of the samples. */
export class Animation {
  readonly #options: ModelOptions;
  readonly #dataset: Dataset;
  readonly #epochs: { epoch: number; digits: Uint8Array }[] = [];
  #layout: GridOptions = {};

  /**
   * Begins with no frame.
   *
   * @param dataset What an autoencoder's codes are measured on.
   */
  constructor(options: ModelOptions, dataset: Dataset) {
    this.#options = options;
    this.#dataset = dataset;
  }

  /** Decodes z with the engine's weights: those after `epoch` epochs. */
  async add(engine: Engine, epoch: number): Promise<void> {
    const samples = await drawPicture(engine, this.#options, this.#dataset);
    this.#layout = layoutOf(samples);
    this.#epochs.push({ epoch, digits: toBytes(samples.digits) });
  }

  /** Writes the GIF; returns its path. */
  async save(dir: string, checkpoint: Checkpoint): Promise<string> {
    const path = join(dir, ANIMATION);
    const title = "The same z decoded after every epoch";
    await writeAnimation(path, this.#frames(checkpoint), title, checkpoint);
    return path;
  }

  *#frames(checkpoint: Checkpoint): Generator<Frame> {
    const last = this.#epochs.length - 1;
    for (const [i, { epoch, digits }] of this.#epochs.entries()) {
      const title = `The same z decoded after epoch ${epoch}`;
      const picture = grid(digits, {
        ...headingOf(title, checkpoint),
        ...this.#layout,
      });
      yield { picture, delay: i === last ? 2500 : 500 };
    }
  }
}
