/**
 * The one loop that trains, with one engine.
 *
 * @module
 */
import type { BestEpoch, Checkpoint } from "../checkpoint/metadata.ts";
import { fixedDraw } from "../dataset/binarize.ts";
import type { Dataset, ImageSet, Split } from "../dataset/split.ts";
import type { Engine, Hyper } from "../engine/engine.ts";
import type { TrainState } from "../model/init.ts";
import {
  addLosses,
  copyLosses,
  type EpochRecord,
  INACTIVE_KL,
  isPart,
  meanLosses,
  noLosses,
  type TrainLosses,
} from "../model/losses.ts";
import type { TrainingOptions } from "../options/run.ts";
import { permutation, streamKey } from "../rng.ts";
import { type Beginning, checkRun } from "./check.ts";
import { dataRecordOf } from "./checkpoint_of.ts";
import { NonFiniteLossError, type TrainEvent } from "./events.ts";
import { endOf, isBetter } from "./patience.ts";
import {
  hyperAt,
  rescheduled,
  type Schedule,
  settleWarmup,
  stepsOfEpoch,
  stepsOfRun,
} from "./schedule.ts";

/** Steps between two looks at the losses, at least. */
const STEPS_PER_READ = 50;

/**
 * Milliseconds between two looks at the losses, which on a GPU cost 11 ms or
 * more; between two progress events; and between two pauses in which signals
 * and timers are served.
 */
const INTERVAL = 200;

/** What {@linkcode trainWith} needs. */
export interface Loop extends Beginning {
  /** An engine made for `options`, in its initial state. */
  readonly engine: Engine;
  /** The images. */
  readonly dataset: Dataset;
  /** All options; a warm-up without a length takes its share of the run. */
  readonly options: TrainingOptions;
  /** Moves β, the capacity and the learning rate in place of the options. */
  readonly schedule?: Schedule;
  /** Stops after the step in hand. */
  readonly signal?: AbortSignal;
  /**
   * Told of the run after each epoch: where another engine can go on if this
   * one fails. Its state has not been checked to be finite.
   */
  readonly onState?: (run: Checkpoint) => void;
}

/**
 * Trains until the last epoch, until patience runs out or until the signal is
 * aborted.
 *
 * @throws {RunError} As {@linkcode train}.
 * @throws {NonFiniteLossError} If the loss stops being a number.
 */
export async function* trainWith(
  { engine, dataset, options: asked, resume, from, schedule, ...on }: Loop,
): AsyncGenerator<TrainEvent, void, void> {
  const { signal, onState } = on;
  const options = settleWarmup(asked);
  checkRun({ options, dataset, resume, from });
  const { train, validation, test } = dataset;
  const { batchSize, epochs, patience, seed, binarize } = options;
  const stepsPerEpoch = stepsOfEpoch(options, train.count);
  const steps = stepsOfRun(options, stepsPerEpoch);
  /** Images of the last epoch where the run ends within it; otherwise 0. */
  const rest = Math.min(train.count, steps % stepsPerEpoch * batchSize);
  const allImages = Math.floor(steps / stepsPerEpoch) * train.count + rest;
  const shuffleKey = streamKey(seed, "shuffle");
  const hyperOf = (step: number) => {
    const hyper = hyperAt(options, step, stepsPerEpoch);
    return schedule
      ? rescheduled(options, hyper, schedule(step, stepsPerEpoch))
      : hyper;
  };

  const history: EpochRecord[] = [...resume?.history ?? []];
  /** Epochs before the first record. */
  const earlier = resume?.epochsBefore ?? 0;
  let step = resume?.state.step ?? 0;
  let position = resume?.partial?.images ?? 0;
  let sums = resume?.partial
    ? copyLosses(resume.partial)
    : noLosses(options.latentDim);
  let best = patience === null ? undefined : resume && bestOf(resume);
  let trained = resume?.trained;

  if (resume) await engine.writeState(resume.state);
  if (from) await engine.writeState(untrainedState(from.state));
  const seen = ({ images }: ImageSet, split: Split) =>
    fixedDraw(images, binarize, split);
  // What is drawn anew in each step, the engine draws.
  engine.setImages(
    binarize === "dynamic" ? train.images : seen(train, "train"),
    train.labels,
  );
  const validationImages = seen(validation, "validation");

  /** The engine's state, where it has been read already. */
  let known: TrainState | undefined;
  const readState = async (): Promise<TrainState> => {
    const state = known ?? await engine.readState();
    // Squares of gradients overflow while the losses are still numbers.
    if (!isFiniteState(state)) throw new NonFiniteLossError(step, "state");
    return state;
  };
  const data = dataRecordOf(dataset);
  const runAt = (state: TrainState): Checkpoint => ({
    options,
    data,
    state,
    ...(earlier > 0 && { epochsBefore: earlier }),
    history: [...history],
    partial: position > 0 ? copyLosses(sums) : null,
    ...(best && { best }),
  });
  const checkpoint = async () => runAt(await readState());

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

  const end = () =>
    endOf(
      options,
      { history, images: position, trained, epochsBefore: earlier },
      stepsPerEpoch,
      best?.epoch,
    );
  while (!end()) {
    // What was the run's end is now within an epoch, which goes on.
    if (isPart(history.at(-1))) history.pop();
    // Training that had ended early goes on from the epoch it came back to.
    const epoch = earlier + history.length + 1;
    const before = (epoch - 1) * train.count;
    const images = Math.min(train.count, allImages - before);
    const started = performance.now();
    const startedAt = position;
    let reported = started;
    let read = started;
    let unreadSteps = 0;
    let stepped: Hyper | undefined;
    known = undefined;
    engine.setOrder(permutation(train.count, shuffleKey, epoch));

    while (position < images) {
      const count = Math.min(batchSize, images - position);
      stepped = hyperOf(step);
      await engine.trainStep({ first: position, count, step }, stepped);
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
        await letEventsIn();
        const perSecond = (position - startedAt) / (now - started) * 1000;
        yield {
          type: "progress",
          epoch,
          step,
          images: { done: position, total: images },
          imagesPerSecond: perSecond,
          secondsLeft: (allImages - before - position) / perSecond,
          losses: sums.images > 0 ? meanLosses(sums) : null,
        };
      }
      if (signal?.aborted) break;
    }
    await readLosses();
    await arrive();
    if (position < images) {
      yield { type: "end", reason: "aborted", test: null, history, checkpoint };
      return;
    }

    // A run may come back after its epoch's last step.
    const hyper = stepped ?? hyperOf(step - 1);
    const validated = validation.count > 0
      ? await engine.evaluate(
        validationImages,
        epoch,
        hyper,
        validation.labels,
      )
      : null;
    // The last step's update may be what diverged.
    if (validated && !Number.isFinite(validated.total)) {
      throw new NonFiniteLossError(step);
    }
    const isWhole = images === train.count;
    const { images: measured, klPerDimension } = validated ?? sums;
    const record: EpochRecord = {
      epoch: isWhole ? epoch : epochs,
      step,
      beta: hyper.beta,
      capacity: hyper.capacity,
      train: meanLosses(sums),
      validation: validated && meanLosses(validated),
      klPerDimension: Array.from(klPerDimension, (kl) => kl / measured),
    };
    // Nothing of the epoch counts yet if this fails.
    if (onState) known = await engine.readState();
    history.push(record);
    trained = undefined;
    if (isWhole) {
      position = 0;
      sums = noLosses(options.latentDim);
    }
    if (
      patience !== null &&
      (!best || isBetter(record, history[best.epoch - 1 - earlier], options))
    ) best = { epoch, state: await readState() };
    if (known) onState?.(runAt(known));
    yield {
      type: "epoch",
      record,
      seconds: (performance.now() - started) / 1000,
      inactive: options.autoencoder
        ? 0
        : record.klPerDimension.filter((kl) => kl < INACTIVE_KL).length,
      checkpoint,
    };

    await letEventsIn(); // an epoch may be shorter than the interval
    if (signal?.aborted) {
      yield { type: "end", reason: "aborted", test: null, history, checkpoint };
      return;
    }
  }

  const recorded = earlier + history.length;
  const kept = best && (best.epoch < recorded || position > 0)
    ? best
    : undefined;
  if (kept) {
    known = undefined;
    await engine.writeState(kept.state);
  }
  // What was kept may be of any β of a schedule: what counts is its target.
  const { beta, capacity, lr: learningRate } = options;
  const target = { beta, capacity, learningRate };
  const tested = test && test.count > 0
    ? meanLosses(
      await engine.evaluate(seen(test, "test"), 0, target, test.labels),
    )
    : null;
  if (tested && !Number.isFinite(tested.total)) {
    throw new NonFiniteLossError(step);
  }
  yield {
    type: "end",
    reason: end()!,
    test: tested,
    history,
    checkpoint: async () => {
      const { best: _, ...run } = await checkpoint();
      const ended = trained ?? recorded;
      const epochs = history.slice(0, kept && kept.epoch - earlier);
      return {
        ...run,
        history: epochs,
        partial: kept ? null : run.partial,
        ...(ended > earlier + epochs.length && { trained: ended }),
      };
    },
  };
}

/** Lets signals and timers in, which steps keep out where they block. */
function letEventsIn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
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
