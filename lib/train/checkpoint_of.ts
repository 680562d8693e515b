/**
 * Makes a checkpoint of what a loop of one's own has trained.
 *
 * @module
 */
import { encodeCheckpoint } from "../checkpoint/codec.ts";
import type { Checkpoint, DataRecord } from "../checkpoint/metadata.ts";
import type { Dataset } from "../dataset/split.ts";
import { checkStateSizes, type TrainState } from "../model/init.ts";
import type { EpochRecord } from "../model/losses.ts";
import { modelSpec } from "../model/spec.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { completeOptions } from "../options/table.ts";
import { checkDataset, checkRun } from "./check.ts";

/** What {@linkcode checkpointOf} makes a checkpoint of. */
export interface TrainedRun {
  /**
   * The training options that are not the defaults: `engine.options`, and what
   * else the run has, as its β.
   */
  readonly options: Partial<TrainingOptions>;
  /** What it was trained on. */
  readonly dataset: Dataset;
  /** What was trained: `await engine.readState()`. */
  readonly state: TrainState;
  /** One record for each epoch; none unless given. */
  readonly history?: readonly EpochRecord[];
}

/**
 * Makes a checkpoint of what a loop of one's own has trained, for
 * `saveCheckpoint()`, `VAE.from()` and `train({ from })`.
 *
 * @param run The options, the images, the engine's state and, for loss curves,
 * the history.
 * @returns The checkpoint, which can be saved as it is.
 * @throws {OptionError} If an option is unknown or out of range.
 * @throws {RunError} If options do not go together, or not with the images.
 * @throws {TypeError} If the options, the images or the state are missing.
 * @throws {RangeError} If the state is of a model of another size.
 * @throws {CheckpointError} If a number of the state is not finite, or the
 * history is not one of whole epochs from 1.
 *
 * @example
 * ```ts
 * import {
 *   checkpointOf,
 *   createEngine,
 *   decodeCheckpoint,
 *   encodeCheckpoint,
 *   syntheticDataset,
 * } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = await syntheticDataset({ limit: 64 });
 * const engine = await createEngine({
 *   latentDim: 2,
 *   likelihood: "mse",
 *   autoencoder: false,
 *   batchSize: 64,
 *   seed: 0,
 * });
 * engine.setImages(dataset.train.images);
 * engine.setOrder(Uint32Array.from({ length: 64 }, (_, i) => i));
 * const hyper = { beta: 4, capacity: 0, learningRate: 0.001 };
 * await engine.trainStep({ first: 0, count: 64, step: 0 }, hyper);
 *
 * const checkpoint = checkpointOf({
 *   options: { ...engine.options, beta: 4 },
 *   dataset,
 *   state: await engine.readState(),
 * });
 * const bytes = encodeCheckpoint(checkpoint);
 * assertEquals(decodeCheckpoint(bytes).state.step, 1);
 * engine.dispose();
 * ```
 */
export function checkpointOf(
  { options: given, dataset, state, history = [] }: TrainedRun,
): Checkpoint {
  checkDataset(dataset);
  if (!given || !state) {
    throw new TypeError(
      "a checkpoint is made of options, as engine.options, a dataset, and a " +
        `state, as engine.readState() resolves to: ${
          given ? "state" : "options"
        } is missing`,
    );
  }
  const options = completeOptions(trainingOptions, given);
  checkRun({ options, dataset });
  checkStateSizes(modelSpec(options.latentDim, options.classCount), state);
  const checkpoint: Checkpoint = {
    options,
    data: dataRecordOf(dataset),
    state,
    history: [...history],
    partial: null,
  };
  encodeCheckpoint(checkpoint); // refuses what no file would take
  return checkpoint;
}

/** Says which images a run was trained on. */
export function dataRecordOf(
  { name, digest, classes, options }: Dataset,
): DataRecord {
  return { name, digest, ...(classes && { classes }), options };
}
