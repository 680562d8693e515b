/**
 * Training, as a stream of events. It prints nothing and saves nothing: whoever
 * listens does, and may stop it at any step.
 *
 * @module
 */
import type { BestEpoch, Checkpoint } from "../checkpoint/metadata.ts";
import type { Dataset } from "../dataset/split.ts";
import type { Engine } from "../engine/engine.ts";
import { createEngine, type EngineChoice } from "../engines.ts";
import type { TrainState } from "../model/init.ts";
import {
  addLosses,
  copyLosses,
  type EpochRecord,
  INACTIVE_KL,
  meanLosses,
  noLosses,
  type TrainLosses,
} from "../model/losses.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { completeOptions } from "../options/table.ts";
import { permutation, streamKey } from "../rng.ts";
import { type Beginning, checkRun, inheritedOptions } from "./check.ts";
import { NonFiniteLossError, type TrainEvent } from "./events.ts";
import { endOf, isBetter } from "./patience.ts";
import { hyperAt, settleWarmup } from "./schedule.ts";

/** Steps between two looks at the losses, at least. */
const STEPS_PER_READ = 50;

/**
 * Milliseconds between two looks at the losses, which on a GPU cost 11 ms or
 * more; between two progress events; and between two pauses in which signals
 * and timers are served.
 */
const INTERVAL = 200;

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
   * options hold where none are given; the model's, `batchSize` and `seed` stay.
   */
  resume?: Checkpoint;
  /**
   * A checkpoint whose weights to begin with, on any images: the optimiser and
   * the history are new. The options of its model hold, and its `beta` and
   * `capacity` where none are given.
   */
  from?: Checkpoint;
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
  { dataset, engine: chosen, resume, from, signal, ...given }:
    & TrainSetup
    & Partial<TrainingOptions>,
): AsyncGenerator<TrainEvent, void, void> {
  const chosenOptions = Object.entries(given)
    .filter(([, value]) => value !== undefined);
  const options = completeOptions(trainingOptions, {
    ...inheritedOptions({ resume, from }),
    ...Object.fromEntries(chosenOptions),
  });
  checkRun({ options, dataset, resume, from });
  const own = chosen && "trainStep" in chosen ? chosen : null;
  const engine = own ?? await createEngine(options, chosen as EngineChoice);
  try {
    yield* trainLoop({ engine, dataset, options, resume, from, signal });
  } finally {
    if (!own) engine.dispose();
  }
}

/** What {@linkcode trainLoop} needs. */
export interface TrainLoop extends Beginning {
  /** An engine made for `options`, in its initial state. */
  readonly engine: Engine;
  /** The images. */
  readonly dataset: Dataset;
  /** All options; a warm-up without a length takes its share of the run. */
  readonly options: TrainingOptions;
  /** Stops after the step in hand. */
  readonly signal?: AbortSignal;
}

/**
 * Trains until the last epoch, until patience runs out or until the signal is
 * aborted.
 *
 * @throws {RunError} As {@linkcode train}.
 * @throws {NonFiniteLossError} If the loss stops being a number.
 */
export async function* trainLoop(
  { engine, dataset, options: asked, resume, from, signal }: TrainLoop,
): AsyncGenerator<TrainEvent, void, void> {
  const options = settleWarmup(asked);
  checkRun({ options, dataset, resume, from });
  const { train, validation, test } = dataset;
  const { batchSize, epochs, patience, seed } = options;
  const stepsPerEpoch = Math.ceil(train.count / batchSize);
  const shuffleKey = streamKey(seed, "shuffle");

  const history: EpochRecord[] = [...resume?.history ?? []];
  let step = resume?.state.step ?? 0;
  let position = resume?.partial?.images ?? 0;
  let sums = resume?.partial
    ? copyLosses(resume.partial)
    : noLosses(options.latentDim);
  let best = patience === null ? undefined : resume && bestOf(resume);
  let trained = resume?.trained ?? history.length;

  if (resume) await engine.writeState(resume.state);
  if (from) await engine.writeState(untrainedState(from.state));
  engine.setImages(train.images);

  const readState = async (): Promise<TrainState> => {
    const state = await engine.readState();
    // Squares of gradients overflow while the losses are still numbers.
    if (!isFiniteState(state)) throw new NonFiniteLossError(step, "state");
    return state;
  };
  const data = {
    name: dataset.name,
    digest: dataset.digest,
    options: dataset.options,
  };
  const checkpoint = async (): Promise<Checkpoint> => ({
    options,
    data,
    state: await readState(),
    history: [...history],
    partial: position > 0 ? copyLosses(sums) : null,
    ...(best && { best }),
  });

  /** Losses that are on their way: while they are, training goes on. */
  let reading: Promise<TrainLosses> | null = null;
  /** Adds the losses that are on their way to the epoch's sums. */
  const arrive = async () => {
    if (!reading) return;
    const { nonFiniteStep, ...unread } = await reading;
    reading = null;
    if (nonFiniteStep !== null) throw new NonFiniteLossError(nonFiniteStep + 1);
    addLosses(sums, unread);
  };
  const readLosses = async () => {
    await arrive();
    reading = engine.takeLosses();
    reading.catch(() => undefined); // `arrive` throws it
  };

  while (!endOf(options, trained, position > 0 ? undefined : best?.epoch)) {
    // Training that had ended early goes on from the epoch it came back to.
    const epoch = history.length + 1;
    const started = performance.now();
    const startedAt = position;
    let reported = started;
    let read = started;
    let unreadSteps = 0;
    engine.setOrder(permutation(train.count, shuffleKey, epoch));

    while (position < train.count) {
      const count = Math.min(batchSize, train.count - position);
      const hyper = hyperAt(options, step, stepsPerEpoch);
      await engine.trainStep({ first: position, count, step }, hyper);
      position += count;
      step++;
      unreadSteps++;

      const now = performance.now();
      if (unreadSteps >= STEPS_PER_READ && now - read >= INTERVAL) {
        await readLosses();
        unreadSteps = 0;
        read = now;
      }
      if (now - reported >= INTERVAL) {
        reported = now;
        // Steps may block the thread: let signals and timers in.
        await new Promise((resolve) => setTimeout(resolve, 0));
        const perSecond = (position - startedAt) / (now - started) * 1000;
        const left = train.count * (epochs - history.length) - position;
        yield {
          type: "progress",
          epoch,
          step,
          images: { done: position, total: train.count },
          imagesPerSecond: perSecond,
          secondsLeft: left / perSecond,
          losses: sums.images > 0 ? meanLosses(sums) : null,
        };
      }
      if (signal?.aborted) break;
    }
    await readLosses();
    await arrive();
    if (position < train.count) {
      yield { type: "end", reason: "aborted", test: null, history, checkpoint };
      return;
    }

    const hyper = hyperAt(options, step - 1, stepsPerEpoch);
    const validated = validation.count > 0
      ? await engine.evaluate(validation.images, epoch, hyper)
      : null;
    // The last step's update may be what diverged.
    if (validated && !Number.isFinite(validated.total)) {
      throw new NonFiniteLossError(step);
    }
    const { images, klPerDimension } = validated ?? sums;
    const record: EpochRecord = {
      epoch,
      step,
      beta: hyper.beta,
      capacity: hyper.capacity,
      train: meanLosses(sums),
      validation: validated && meanLosses(validated),
      klPerDimension: Array.from(klPerDimension, (kl) => kl / images),
    };
    history.push(record);
    trained = epoch;
    position = 0;
    sums = noLosses(options.latentDim);
    if (
      patience !== null &&
      (!best || isBetter(record, history[best.epoch - 1], options))
    ) best = { epoch, state: await readState() };
    yield {
      type: "epoch",
      record,
      seconds: (performance.now() - started) / 1000,
      inactive: options.autoencoder
        ? 0
        : record.klPerDimension.filter((kl) => kl < INACTIVE_KL).length,
      checkpoint,
    };

    if (signal?.aborted) {
      yield { type: "end", reason: "aborted", test: null, history, checkpoint };
      return;
    }
  }

  const kept = best && (best.epoch < history.length || position > 0)
    ? best
    : undefined;
  if (kept) await engine.writeState(kept.state);
  // What was kept may be of any β of a schedule: what counts is its target.
  const { beta, capacity, lr: learningRate } = options;
  const tested = test && test.count > 0
    ? meanLosses(
      await engine.evaluate(test.images, 0, { beta, capacity, learningRate }),
    )
    : null;
  if (tested && !Number.isFinite(tested.total)) {
    throw new NonFiniteLossError(step);
  }
  yield {
    type: "end",
    reason: trained < epochs ? "patience" : "epochs",
    test: tested,
    history,
    checkpoint: async () => {
      const { best: _, ...run } = await checkpoint();
      const epochs = history.slice(0, kept?.epoch);
      return {
        ...run,
        history: epochs,
        partial: kept ? null : run.partial,
        ...(trained > epochs.length && { trained }),
      };
    },
  };
}

/**
 * Returns the best epoch that a checkpoint has the model of. One that was
 * trained without patience, or written before best epochs were kept, has that
 * of its last epoch alone, unless it stands in the midst of the next.
 */
function bestOf({ best, state, history, partial }: Checkpoint) {
  if (best) return best;
  const last = history.at(-1);
  return last?.validation && !partial
    ? { epoch: last.epoch, state } satisfies BestEpoch
    : undefined;
}

/** Returns a state of the same weights before the first step. */
function untrainedState(state: TrainState): TrainState {
  return {
    ...state,
    step: 0,
    expAvg: new Float32Array(state.expAvg.length),
    expAvgSq: new Float32Array(state.expAvgSq.length),
  };
}

/** Whether all numbers of a state are. Built-in scans are the fastest. */
function isFiniteState(
  { parameters, running, expAvg, expAvgSq }: TrainState,
): boolean {
  return [parameters, running, expAvg, expAvgSq].every((numbers) =>
    ![NaN, Infinity, -Infinity].some((n) => numbers.includes(n))
  );
}
