/**
 * From a checkpoint file to an engine that runs its model, and from a picture
 * to its file.
 *
 * @module
 */
import { atomicWrite } from "../lib/checkpoint/atomic_write.ts";
import {
  type Checkpoint,
  loadCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { createEngine, type EngineChoice } from "../lib/engine/select.ts";
import type { Picture } from "../lib/image/picture.ts";
import { encodePng } from "../lib/image/png.ts";

/** Loads a checkpoint and makes an engine with its weights. */
export async function openModel(
  path: string,
  choice: EngineChoice,
): Promise<{ checkpoint: Checkpoint; engine: Engine }> {
  const checkpoint = await loadCheckpoint(path);
  const engine = await createEngine(checkpoint.options, choice);
  await engine.writeState(checkpoint.state);
  return { checkpoint, engine };
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
  await atomicWrite(
    path,
    encodePng(picture, {
      Title: title,
      Software: "@vae/mnist",
      Description: describe(checkpoint),
      "Data set": checkpoint.data.name,
    }),
  );
}
