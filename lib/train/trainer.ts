/**
 * Training, as a stream of events. It prints nothing and saves nothing: whoever
 * listens does, and may stop it at any step.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import type { Dataset } from "../dataset/split.ts";
import type { Engine } from "../engine/engine.ts";
import { GpuError } from "../engine/gpu.ts";
import { SimdError } from "../engine/wasm/threads.ts";
import { createEngine, type EngineChoice } from "../engines.ts";
import { epochsOf } from "../model/losses.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { completeOptions, OptionError } from "../options/table.ts";
import { show } from "../text.ts";
import {
  checkDataset,
  checkEngine,
  checkRun,
  classCountOf,
  inheritedOptions,
} from "./check.ts";
import type { TrainEvent } from "./events.ts";
import { type Loop, trainWith } from "./loop.ts";
import type { Schedule } from "./schedule.ts";

/** What {@linkcode train} takes besides the training options. */
export interface TrainSetup {
  /** The images, from `loadDataset()`. */
  dataset: Dataset;
  /**
   * An engine of your own, made for these options by `createEngine()`; or which
   * one to make.
   */
  engine?: Engine | EngineChoice;
  /**
   * A checkpoint to continue from, on the images that it was trained on. Its
   * options hold where none are given; the model's, `binarize`, `objective`,
   * `batchSize` and `seed` stay.
   */
  resume?: Checkpoint;
  /**
   * A checkpoint whose weights to begin with, on any images: the optimiser and
   * the history are new. The options of its model hold, and where none are given
   * `binarize` and what makes its objective.
   */
  from?: Checkpoint;
  /**
   * Tells the model the class of each image: `classCount` is that of the data
   * set. A run that begins from a checkpoint does as that.
   */
  conditional?: boolean;
  /**
   * Called before each step with the steps before it and those of an epoch:
   * what it returns of β, the capacity and the learning rate takes the place of
   * what the options come to. A run that is resumed needs it again.
   */
  schedule?: Schedule;
  /** Stops training after the step in hand. */
  signal?: AbortSignal;
}

/**
 * Trains a VAE, as an asynchronous stream of events.
 *
 * The last event is of type `end`; every `epoch` event and the `end` event have
 * a `checkpoint()` method, for `saveCheckpoint()` or `VAE.from()`.
 *
 * @param setup The images, where to begin and what to train with; any of the
 * training options is among it.
 * @returns The events, as they come.
 * @throws {OptionError} If an option is unknown or out of range.
 * @throws {RunError} If the options, the images and the checkpoint do not fit
 * together.
 * @throws {NonFiniteLossError} If the loss stops being a number.
 * @throws {TypeError} If there is no data set.
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
  setup: TrainSetup & Partial<TrainingOptions>,
): AsyncGenerator<TrainEvent, void, void> {
  checkDataset(setup?.dataset);
  const { dataset, engine: chosen, conditional, ...given } = setup;
  if (conditional !== undefined && typeof conditional !== "boolean") {
    throw new OptionError(
      `conditional takes true or false, not ${show(conditional)}`,
    );
  }
  const { resume, from, schedule, signal, ...values } = given;
  const chosenOptions: Partial<TrainingOptions> = Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  );
  const options = completeOptions(trainingOptions, {
    ...inheritedOptions({ resume, from }, chosenOptions),
    ...chosenOptions,
    ...(conditional && { classCount: classCountOf(dataset) }),
  });
  checkRun({ options, dataset, resume, from });
  const run = { dataset, options, resume, from, schedule, signal };
  if (chosen && typeof chosen === "object" && "trainStep" in chosen) {
    checkEngine(chosen, options);
    return yield* trainLoop({ ...run, engine: chosen });
  }
  const engines = [await createEngine(options, chosen)];
  try {
    const replaceEngine = wasmInstead(
      options,
      chosen,
      (engine) => engines.push(engine),
    );
    yield* trainLoop({ ...run, engine: engines[0], replaceEngine });
  } finally {
    for (const engine of engines) engine.dispose();
  }
}

/** Makes another engine to go on with after so many epochs, for `options`. */
type ReplaceEngine = (error: GpuError, epochs: number) => Promise<Engine>;

/** What {@linkcode trainLoop} needs. */
export interface TrainLoop extends Omit<Loop, "onState"> {
  /** Makes the engine to go on with where the GPU fails: see {@linkcode wasmInstead}. */
  readonly replaceEngine?: ReplaceEngine;
}

/**
 * Trains until the last epoch, until patience runs out or until the signal is
 * aborted. Where the GPU fails and another engine may take its place, that goes
 * on from the end of the last epoch, or from where training began: with the
 * same order and the same noise.
 *
 * @throws {RunError} As {@linkcode train}.
 * @throws {NonFiniteLossError} If the loss stops being a number.
 * @throws {GpuError} If the GPU fails and no engine takes its place.
 */
export async function* trainLoop(
  { replaceEngine, ...run }: TrainLoop,
): AsyncGenerator<TrainEvent, void, void> {
  if (!replaceEngine || run.engine.name !== "webgpu") {
    return yield* trainWith(run);
  }
  let { resume, from } = run;
  const onState = (state: Checkpoint) => {
    resume = state;
    from = undefined;
  };
  try {
    yield* trainWith({ ...run, onState });
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    const done = epochsOf(resume?.history ?? [], resume?.epochsBefore);
    const engine = await replaceEngine(error, done);
    yield* trainWith({ ...run, engine, resume, from });
  }
}

/**
 * Returns what lets the wasm engine take the place of a GPU that fails; nothing
 * where the engine was asked for by name.
 *
 * @param options The options of the run.
 * @param choice How its engine was chosen; `onFallback` is told of the change.
 * @param adopt Told of the new engine, to dispose of it.
 */
export function wasmInstead(
  options: TrainingOptions,
  choice: EngineChoice = {},
  adopt: (engine: Engine) => unknown,
): ReplaceEngine | undefined {
  if ((choice.engine ?? "auto") !== "auto") return undefined;
  return async (error, done) => {
    const engine = await createEngine(options, { ...choice, engine: "wasm" })
      .catch((refusal) => {
        throw refusal instanceof SimdError ? error : refusal;
      });
    adopt(engine);
    const where = done < options.epochs ? "from" : "after the last";
    choice.onFallback?.(
      `${error.message}; going on with ${engine.description} ${where} epoch ` +
        Math.min(Math.floor(done) + 1, options.epochs),
      error.detail,
    );
    return engine;
  };
}
