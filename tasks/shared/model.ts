/**
 * From a checkpoint file to an engine that runs its model, and from a picture
 * to its file.
 *
 * @module
 */
import { atomicWrite } from "../../lib/files/atomic_write.ts";
import {
  type Checkpoint,
  loadCheckpoint,
} from "../../lib/checkpoint/checkpoint.ts";
import {
  type ImageSet,
  loadDataset,
  type Split,
} from "../../lib/dataset/dataset.ts";
import { DownloadError } from "../../lib/dataset/download.ts";
import { sha256 } from "../../lib/dataset/split.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { createEngine, type EngineChoice } from "../../lib/engines.ts";
import type { Picture } from "../../lib/image/picture.ts";
import { encodePng } from "../../lib/image/png.ts";
import { commandOf, TaskError } from "./cli.ts";

/** Loads a checkpoint and makes an engine with its weights. */
export async function openModel(
  path: string,
  choice: EngineChoice,
): Promise<{ checkpoint: Checkpoint; engine: Engine }> {
  const checkpoint = await loadCheckpoint(path);
  const engine = await createEngine(checkpoint.options, {
    isShort: true,
    ...choice,
    onFallback: (reason) => console.error(`note: ${reason}`),
  });
  await engine.writeState(checkpoint.state);
  return { checkpoint, engine };
}

/** Loads a split of the data set that a checkpoint was trained on. */
export async function openImages(
  { data }: Checkpoint,
  split: Split,
  dataDir: string = data.options.dataDir,
): Promise<ImageSet> {
  const dataset = await loadDataset({
    ...data.options,
    dataDir,
    splits: [split],
  }).catch((error) => {
    if (!(error instanceof DownloadError)) throw error;
    throw new TaskError(
      `${data.name} is not in ${dataDir}: get it with ` +
        `\`${commandOf("fetch")} --dataset ${data.name}\``,
    );
  });
  for (const note of dataset.notes) console.error(`note: ${note}`);
  const images = dataset[split];
  if (!images?.count) {
    throw new TaskError(
      `${data.name} has no ${split} images: choose another --split`,
    );
  }
  return images;
}

/**
 * Loads the images that a checkpoint was trained on.
 *
 * @param path The checkpoint's file.
 * @throws {TaskError} If others are in their place. Of an imported model nobody
 * knows, and any will do.
 */
export async function openTrainingImages(
  checkpoint: Checkpoint,
  path: string,
  dataDir?: string,
): Promise<ImageSet> {
  const train = await openImages(checkpoint, "train", dataDir);
  const { digest } = checkpoint.data;
  if (digest === null || await sha256(train.images) === digest) return train;
  throw new TaskError(
    `${path} was trained on other images than these: choose their folder ` +
      "with --data-dir",
  );
}

/** One line that says what a checkpoint's model is. */
export function describe({ options, data, history }: Checkpoint): string {
  const model = options.autoencoder
    ? "autoencoder"
    : `VAE, β = ${options.beta}`;
  return `${model}, ${options.latentDim} latent dimensions, ${data.name}, ` +
    `${history.length} ${history.length === 1 ? "epoch" : "epochs"}`;
}

/** Writes a PNG whose metadata says what it shows, and of which model. */
export async function writePicture(
  path: string,
  picture: Picture,
  title: string,
  checkpoint: Checkpoint,
): Promise<void> {
  await atomicWrite(path, encodePng(picture, metadata(title, checkpoint)));
}

/** What a picture's file says about it. */
export function metadata(
  title: string,
  checkpoint: Checkpoint,
): Record<string, string> {
  return {
    Title: title,
    Software: "@vae/mnist",
    Description: describe(checkpoint),
    "Data set": checkpoint.data.name,
  };
}
