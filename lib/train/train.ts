/**
 * Training from code.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import type { Dataset } from "../dataset/split.ts";
import type { Engine } from "../engine/engine.ts";
import { createFusedEngine, type FusedChoice } from "../engine/fused.ts";
import { completeOptions } from "../options/table.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { type TrainEvent, trainLoop } from "./trainer.ts";

/** What {@linkcode train} takes besides the training options. */
export interface TrainSetup {
  /** The images, from `loadDataset()`. */
  dataset: Dataset;
  /**
   * An engine of your own, made for these options, such as `createEngine()`
   * gives; or which one to make.
   */
  engine?: Engine | FusedChoice;
  /** A checkpoint to continue from. Its options hold where none are given. */
  resume?: Checkpoint;
  /** Stops training after the step in hand. */
  signal?: AbortSignal;
}

/**
 * Trains a VAE, as an asynchronous stream of events.
 *
 * The last event is of type `end`; every `epoch` event and the `end` event have
 * a `checkpoint()` method, for `saveCheckpoint()` or `VAE.from()`.
 *
 * @throws {OptionError} If an option is unknown or out of range.
 * @throws {NonFiniteLossError} If the loss stops being a number.
 *
 * @example
 * ```ts ignore
 * import { loadDataset, saveCheckpoint, train } from "@vae/mnist";
 *
 * const dataset = await loadDataset({ dataset: "synthetic", limit: 1000 });
 * for await (const event of train({ dataset, epochs: 3, beta: 4 })) {
 *   if (event.type === "epoch") console.log(event.record);
 *   if (event.type === "end") {
 *     await saveCheckpoint("vae.safetensors", await event.checkpoint());
 *   }
 * }
 * ```
 */
export async function* train(
  { dataset, engine: chosen, resume, signal, ...given }:
    & TrainSetup
    & Partial<TrainingOptions>,
): AsyncGenerator<TrainEvent, void, void> {
  const options = completeOptions(trainingOptions, {
    ...resume?.options,
    ...given,
  });
  const own = chosen && "trainStep" in chosen ? chosen : null;
  const engine = own ?? await createFusedEngine(options, chosen as FusedChoice);
  try {
    yield* trainLoop({ engine, dataset, options, resume, signal });
  } finally {
    if (!own) engine.dispose();
  }
}
