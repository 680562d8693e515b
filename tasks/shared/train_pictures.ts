/**
 * The pictures of a run of `deno task train`.
 *
 * @module
 */
import { join } from "node:path";
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { Dataset } from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { lossCurves } from "../../lib/image/curves.ts";
import type { Frame } from "../../lib/image/gif.ts";
import type { Picture } from "../../lib/image/picture.ts";
import { grid, pairGrid, toBytes } from "../../lib/image/grid.ts";
import { priorSample } from "../../lib/model/prior.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import type { EpochRecord } from "../../lib/model/losses.ts";
import { describe } from "./model.ts";
import { writeAnimation, writePicture } from "./pictures.ts";

const SAMPLES = 64;

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
  const { latentDim, likelihood, seed } = checkpoint.options;
  const shown = [dataset.test, dataset.validation, dataset.train]
    .find((set) => set?.count)!;
  const originals = shown.images.subarray(0, 16 * IMAGE_PIXELS);
  const { mu } = await engine.encode(originals);
  const pictures: Record<typeof PICTURES[number], Picture> = {
    "loss-curves.png": lossCurves(history, {
      title: describe(checkpoint),
      likelihood,
    }),
    "reconstructions.png": pairGrid(originals, await engine.decode(mu)),
    "samples.png": grid(
      await engine.decode(priorSample(SAMPLES, latentDim, seed)),
    ),
  };
  const paths: string[] = [];
  for (const [name, picture] of Object.entries(pictures)) {
    const path = join(dir, name);
    await writePicture(path, picture, name, checkpoint);
    paths.push(path);
  }
  return paths;
}

/** Shows how a model, while it learns, decodes the z of the samples. */
export class Animation {
  readonly #z: Float32Array;
  readonly #epochs: { epoch: number; digits: Uint8Array }[] = [];

  constructor({ latentDim, seed }: { latentDim: number; seed: number }) {
    this.#z = priorSample(SAMPLES, latentDim, seed);
  }

  /** Decodes z with the engine's weights: those after `epoch` epochs. */
  async add(engine: Engine, epoch: number): Promise<void> {
    const digits = toBytes(await engine.decode(this.#z));
    this.#epochs.push({ epoch, digits });
  }

  /** Writes the GIF; returns its path. */
  async save(dir: string, checkpoint: Checkpoint): Promise<string> {
    const path = join(dir, ANIMATION);
    const title = "The same z decoded after every epoch";
    await writeAnimation(path, this.#frames(), title, checkpoint);
    return path;
  }

  *#frames(): Generator<Frame> {
    const last = this.#epochs.length - 1;
    for (const [i, { epoch, digits }] of this.#epochs.entries()) {
      const picture = grid(digits, { title: `epoch ${epoch}` });
      yield { picture, delay: i === last ? 2500 : 500 };
    }
  }
}
