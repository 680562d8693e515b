/**
 * What is known of the latent space of a checkpoint's model.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { Split } from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { priorScale } from "../../lib/latent/scale.ts";
import {
  type Dimension,
  type LatentSpace,
  measureLatents,
  twoDimensions,
  unmeasuredLatents,
} from "../../lib/latent/space.ts";
import { commandOf, TaskError } from "./cli.ts";
import { openSeenImages } from "./data.ts";
import { say } from "./terminal.ts";

/**
 * Measures a latent space on the images that the model was not trained on: the
 * test split, or the next best. Where they cannot be had, a VAE's dimensions are
 * ordered by the KL after the last epoch, and a note says what an autoencoder
 * cannot be drawn by.
 *
 * @param dataDir The data set's folder, if it is not where it was.
 */
export async function openLatents(
  engine: Engine,
  checkpoint: Checkpoint,
  dataDir?: string,
): Promise<LatentSpace> {
  const { options, data, history } = checkpoint;
  // What stands in for images that are not there says nothing of the model.
  const dataset = data.options.dataset === "auto" && data.digest === null
    ? "mnist"
    : data.options.dataset;
  const run = {
    ...checkpoint,
    data: { ...data, options: { ...data.options, dataset } },
  };
  const isOwn = data.options.images !== null;
  let reason = "";
  for (const split of SPLITS) {
    try {
      const images = await openSeenImages(run, split, dataDir);
      return await measureLatents(engine, images, `${split} images`);
    } catch (error) {
      // A file of one's own may be gone in many ways, each an error by itself.
      if (!(error instanceof TaskError || isOwn)) throw error;
      reason = (error as Error).message;
    }
  }
  const last = history.at(-1);
  if (options.autoencoder) {
    say(
      `note: ${reason}; without images the scale of the autoencoder's codes ` +
        "is not known, and z is drawn as if it were N(0, I)",
    );
  }
  const kl = options.autoencoder ? undefined : last?.klPerDimension;
  const split = last?.validation ? "validation" : "training";
  const order = `KL on the ${split} images after the last epoch`;
  return unmeasuredLatents(options.latentDim, kl, kl && order);
}

const SPLITS: readonly Split[] = ["test", "validation", "train"];

/** Returns the scale that samples are drawn on; only an autoencoder's is measured. */
export async function openScale(
  engine: Engine,
  checkpoint: Checkpoint,
  dataDir?: string,
): Promise<Pick<LatentSpace, "scale" | "scaleOf">> {
  const { latentDim, autoencoder } = checkpoint.options;
  if (autoencoder) return await openLatents(engine, checkpoint, dataDir);
  return { scale: priorScale(latentDim), scaleOf: "prior" };
}

/**
 * Chooses the two dimensions of a plane.
 *
 * @throws {TaskError} If there is only one.
 */
export function planeOf(latents: LatentSpace): [Dimension, Dimension] {
  if (latents.dimensions.length > 1) return twoDimensions(latents);
  throw new TaskError(
    "this model has one latent dimension, and the picture takes two: " +
      `\`${commandOf("traverse")}\` shows what it has learnt`,
  );
}
