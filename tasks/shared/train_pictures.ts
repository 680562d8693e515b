/**
 * The pictures of a run of `deno task train`.
 *
 * @module
 */
import { join } from "node:path";
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { fixedDraw } from "../../lib/dataset/binarize.ts";
import type { Dataset, Split } from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { lossCurves } from "../../lib/image/curves.ts";
import type { Frame } from "../../lib/image/gif.ts";
import type { Picture } from "../../lib/image/picture.ts";
import { grid, pairGrid, toBytes } from "../../lib/image/grid.ts";
import {
  codeScale,
  type LatentScale,
  priorScale,
} from "../../lib/latent/scale.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import type { TrainingOptions } from "../../lib/options/run.ts";
import type { EpochRecord } from "../../lib/model/losses.ts";
import { drawSamples } from "./drawings.ts";
import { headingOf, writeAnimation, writePicture } from "./pictures.ts";

const SAMPLES = 64;
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
  const [originals, split] = heldOut(dataset, 16, options);
  const { mu } = await engine.encode(originals);
  const samples = await drawSamples(
    engine,
    await scaleOf(engine, options, dataset),
    { n: SAMPLES, seed: options.seed },
  );
  const heading = (title: string) => headingOf(title, checkpoint);
  const pictures: Record<typeof PICTURES[number], Picture> = {
    "loss-curves.png": lossCurves(history, {
      ...options,
      ...heading("Losses by epoch"),
    }),
    "reconstructions.png": pairGrid(
      originals,
      await engine.decode(mu),
      heading(`Originals above their reconstructions, z = μ: ${split} images`),
    ),
    "samples.png": grid(samples.digits, heading(samples.title)),
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
  "latentDim" | "autoencoder" | "binarize" | "seed"
>;

/**
 * Returns images to draw with as the model sees them, the rather those not
 * trained on: `count` if there are as many.
 */
function heldOut(
  dataset: Dataset,
  count: number,
  { binarize }: Pick<ModelOptions, "binarize">,
): [Uint8Array, Split] {
  const split = (["test", "validation", "train"] as const)
    .find((split) => dataset[split]?.count)!;
  const images = dataset[split]!.images.subarray(0, count * IMAGE_PIXELS);
  return [fixedDraw(images, binarize, split), split];
}

/** What samples are drawn by: the prior, or how an autoencoder's codes lie now. */
async function scaleOf(
  engine: Engine,
  options: ModelOptions,
  dataset: Dataset,
): Promise<{ scale: LatentScale; scaleOf: "prior" | "codes" }> {
  const { latentDim, autoencoder } = options;
  if (!autoencoder) return { scale: priorScale(latentDim), scaleOf: "prior" };
  const [few] = heldOut(dataset, MEASURED, options);
  const { mu } = await engine.encode(few);
  return { scale: codeScale(mu, latentDim), scaleOf: "codes" };
}

/** Decodes the first samples that a run's pictures show, as the model is now. */
export async function sampleDigits(
  engine: Engine,
  options: ModelOptions,
  dataset: Dataset,
  n: number,
): Promise<Float32Array> {
  const scale = await scaleOf(engine, options, dataset);
  const { digits } = await drawSamples(engine, scale, {
    n,
    seed: options.seed,
  });
  return digits;
}

/** Shows how a model, while it learns, decodes the z of the samples. */
export class Animation {
  readonly #options: ModelOptions;
  readonly #dataset: Dataset;
  readonly #epochs: { epoch: number; digits: Uint8Array }[] = [];

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
    const digits = toBytes(
      await sampleDigits(engine, this.#options, this.#dataset, SAMPLES),
    );
    this.#epochs.push({ epoch, digits });
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
      const picture = grid(digits, headingOf(title, checkpoint));
      yield { picture, delay: i === last ? 2500 : 500 };
    }
  }
}
