/**
 * The training loop, as a stream of events. It prints nothing and saves
 * nothing: whoever listens does, and may stop it at any step.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import type { Dataset } from "../dataset/split.ts";
import type { Engine, LossSums, TrainLosses } from "../engine/engine.ts";
import type { TrainState } from "../model/init.ts";
import type { TrainingOptions } from "../options/run.ts";
import { permutation, streamKey } from "../rng.ts";
import { type EpochRecord, type Losses, meanLosses } from "../model/losses.ts";
import { hyperAt } from "./schedule.ts";

/** A dimension with less KL than this, in nats, carries nothing. */
export const INACTIVE_KL = 0.01;

/** Steps between two looks at the losses, at least. */
const STEPS_PER_READ = 50;

/**
 * Milliseconds between two looks at the losses, which on a GPU cost 11 ms or
 * more; between two progress events; and between two breaths in which signals
 * and timers are served.
 */
const INTERVAL = 200;

/** What happens while a model trains. */
export type TrainEvent = ProgressEvent | EpochEvent | EndEvent;

/** Some steps are done. */
export interface ProgressEvent {
  /** Tells events apart. */
  readonly type: "progress";
  /** The running epoch, counted from 1. */
  readonly epoch: number;
  /** Optimiser steps since the beginning of training. */
  readonly step: number;
  /** Images of this epoch that have been trained on, and how many it has. */
  readonly images: { readonly done: number; readonly total: number };
  /** Training speed since the epoch began. */
  readonly imagesPerSecond: number;
  /** Seconds until the last epoch ends, at the present speed. */
  readonly secondsLeft: number;
  /** Means over the epoch so far, as last read; null before that. */
  readonly losses: Losses | null;
}

/** An epoch has ended. */
export interface EpochEvent {
  /** Tells events apart. */
  readonly type: "epoch";
  /** Its losses. */
  readonly record: EpochRecord;
  /** Seconds that the epoch took, with its validation. */
  readonly seconds: number;
  /** Latent dimensions that carry less than {@linkcode INACTIVE_KL} nats. */
  readonly inactive: number;
  /** The run as it stands; valid until the next event is asked for. */
  checkpoint(): Promise<Checkpoint>;
}

/** Training is over. */
export interface EndEvent {
  /** Tells events apart. */
  readonly type: "end";
  /** All epochs are done, patience ran out, or the signal was aborted. */
  readonly reason: "epochs" | "patience" | "aborted";
  /** Losses on the test split; null if there is none or it was aborted. */
  readonly test: Losses | null;
  /** Every epoch of the run, also those after the best one. */
  readonly history: readonly EpochRecord[];
  /**
   * The run to keep: as it stands or, with patience, as it was after the epoch
   * with the best validation total, where training then also ends.
   */
  checkpoint(): Promise<Checkpoint>;
}

/**
 * The loss of a step, or the state after it, was not a finite number.
 *
 * @example
 * ```ts
 * import { NonFiniteLossError, syntheticDataset, train } from "@vae/mnist/engine";
 *
 * const dataset = await syntheticDataset({ limit: 64 });
 * try {
 *   for await (const event of train({ dataset, epochs: 1, lr: 10 })) {
 *     if (event.type === "epoch") console.assert(event.record.epoch === 1);
 *   }
 * } catch (error) {
 *   if (!(error instanceof NonFiniteLossError)) throw error;
 * }
 * ```
 */
export class NonFiniteLossError extends Error {
  /** Tells it from other errors. */
  override name = "NonFiniteLossError";

  /** Makes the error of one step, counted from 1. */
  constructor(readonly step: number, what: "loss" | "state" = "loss") {
    const reason = what === "loss"
      ? `the loss of step ${step} is not a finite number`
      : `the weights or moments after step ${step} are not finite numbers`;
    super(`${reason}: try a smaller learning rate`);
  }
}

/** What {@linkcode trainLoop} needs. */
export interface TrainLoop {
  /** An engine made for `options`, in its initial state. */
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly options: TrainingOptions;
  /** Continue from here. */
  readonly resume?: Checkpoint;
  /** Stops after the step in hand. */
  readonly signal?: AbortSignal;
}

/**
 * Trains until the last epoch, until patience runs out or until the signal is
 * aborted.
 *
 * @throws {NonFiniteLossError} If the loss stops being a number.
 */
export async function* trainLoop(
  { engine, dataset, options, resume, signal }: TrainLoop,
): AsyncGenerator<TrainEvent, void, void> {
  const { train, validation, test } = dataset;
  const { batchSize, epochs, patience, seed } = options;
  const stepsPerEpoch = Math.ceil(train.count / batchSize);
  const shuffleKey = streamKey(seed, "shuffle");

  const history: EpochRecord[] = [...resume?.history ?? []];
  let step = resume?.state.step ?? 0;
  let position = resume?.partial?.images ?? 0;
  let sums = copySums(resume?.partial ?? null, options.latentDim);
  let best: Checkpoint | undefined;

  if (resume) await engine.writeState(resume.state);
  engine.setImages(train.images);

  const checkpoint = async (): Promise<Checkpoint> => {
    const state = await engine.readState();
    // Squares of gradients overflow while the losses are still numbers.
    if (!isFiniteState(state)) throw new NonFiniteLossError(step, "state");
    return {
      options,
      data: {
        name: dataset.name,
        digest: dataset.digest,
        options: dataset.options,
      },
      state,
      history: [...history],
      partial: position > 0 ? copySums(sums, options.latentDim) : null,
    };
  };

  /** Losses that are on their way: while they are, training goes on. */
  let reading: Promise<TrainLosses> | null = null;
  /** Adds the losses that are on their way to the epoch's sums. */
  const arrive = async () => {
    if (!reading) return;
    const { nonFiniteStep, ...unread } = await reading;
    reading = null;
    if (nonFiniteStep !== null) throw new NonFiniteLossError(nonFiniteStep + 1);
    addSums(sums, unread);
  };
  const readLosses = async () => {
    await arrive();
    reading = engine.takeLosses();
    reading.catch(() => undefined); // `arrive` throws it
  };

  while (history.length < epochs) {
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
    position = 0;
    sums = copySums(null, options.latentDim);
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
    if (patience !== null && record.validation) {
      const bestEpoch = bestEpochOf(history);
      if (bestEpoch === epoch) best = await checkpoint();
      else if (epoch - bestEpoch >= patience) break;
    }
  }

  const kept = best;
  if (kept) await engine.writeState(kept.state);
  const hyper = hyperAt(options, Math.max(step - 1, 0), stepsPerEpoch);
  const tested = test && test.count > 0
    ? meanLosses(await engine.evaluate(test.images, 0, hyper))
    : null;
  if (tested && !Number.isFinite(tested.total)) {
    throw new NonFiniteLossError(step);
  }
  yield {
    type: "end",
    reason: history.length < epochs ? "patience" : "epochs",
    test: tested,
    history,
    checkpoint: kept ? () => Promise.resolve(kept) : checkpoint,
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

/** The epoch with the lowest validation total. */
function bestEpochOf(history: readonly EpochRecord[]): number {
  const total = (record: EpochRecord) => record.validation?.total ?? Infinity;
  return history.reduce((a, b) => total(b) < total(a) ? b : a).epoch;
}

function copySums(sums: LossSums | null, latentDim: number): LossSums {
  return {
    images: sums?.images ?? 0,
    reconstruction: sums?.reconstruction ?? 0,
    total: sums?.total ?? 0,
    klPerDimension: Float64Array.from(
      sums?.klPerDimension ?? new Float64Array(latentDim),
    ),
  };
}

function addSums(to: LossSums, more: LossSums): void {
  to.images += more.images;
  to.reconstruction += more.reconstruction;
  to.total += more.total;
  more.klPerDimension.forEach((kl, d) => to.klPerDimension[d] += kl);
}
