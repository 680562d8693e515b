/**
 * Early stopping: which epoch is the best, and when there is no hope of a
 * better one. Epochs are compared at the target β and capacity, whatever a
 * schedule made of them at the time.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import { type EpochRecord, isPart, objective } from "../model/losses.ts";
import type { TrainingOptions } from "../options/run.ts";
import { epochsToTarget, stepsOfRun } from "./schedule.ts";

/**
 * Returns whether an epoch's validation total at the target β and capacity is
 * lower than another's.
 */
export function isBetter(
  record: EpochRecord,
  other: EpochRecord,
  options: TrainingOptions,
): boolean {
  return totalAtTarget(record, options) < totalAtTarget(other, options);
}

/** Returns the validation total at the target; infinite without validation. */
function totalAtTarget(
  { validation, klPerDimension }: EpochRecord,
  options: TrainingOptions,
): number {
  if (!validation) return Infinity;
  const terms = {
    images: 1,
    reconstruction: validation.reconstruction,
    klPerDimension: Float64Array.from(klPerDimension),
  };
  return objective(terms, options, options);
}

/** How far a run is. */
export interface Reached
  extends Pick<Checkpoint, "history" | "trained" | "epochsBefore"> {
  /** Images that have been trained on since the last whole epoch. */
  readonly images: number;
}

/**
 * Returns why training is over, or nothing if there is anything to train.
 *
 * @param options The run's options.
 * @param reached How far it is.
 * @param stepsPerEpoch Steps in one epoch.
 * @param best The best epoch, counted from 1; nothing without patience.
 */
export function endOf(
  options: TrainingOptions,
  reached: Reached,
  stepsPerEpoch: number,
  best?: number,
): "epochs" | "patience" | undefined {
  if (isTrained(options, reached, stepsPerEpoch)) return "epochs";
  const { history, images, epochsBefore = 0 } = reached;
  const { trained = epochsBefore + history.length } = reached;
  if (
    best !== undefined && images === 0 &&
    isOutOfPatience(options, trained, best)
  ) return "patience";
}

/** Returns whether a run has had all its steps, and a record of them. */
function isTrained(
  options: TrainingOptions,
  { history, images, trained, epochsBefore = 0 }: Reached,
  stepsPerEpoch: number,
): boolean {
  const all = stepsOfRun(options, stepsPerEpoch);
  if (trained !== undefined) return trained * stepsPerEpoch >= all;
  const isRecorded = images === 0 || isPart(history.at(-1));
  const steps = (epochsBefore + wholeEpochs(history)) * stepsPerEpoch +
    Math.ceil(images / options.batchSize);
  return isRecorded ? steps >= all : steps > all;
}

/** Returns the epochs that are recorded to their ends. */
function wholeEpochs(history: readonly EpochRecord[]): number {
  return isPart(history.at(-1)) ? history.length - 1 : history.length;
}

/**
 * Returns why a checkpoint's run is over, or nothing if there is anything to
 * do: to train, or to go back to the best epoch.
 *
 * @param options Those with which it would go on.
 * @param stepsPerEpoch Steps in one epoch.
 */
export function endOfRun(
  options: TrainingOptions,
  { history, trained, best, partial, epochsBefore = 0 }: Checkpoint,
  stepsPerEpoch: number,
): "epochs" | "patience" | undefined {
  if (best) return;
  const images = partial?.images ?? 0;
  const reached = { history, trained, images, epochsBefore };
  const kept = history.at(-1)?.validation
    ? epochsBefore + history.length
    : undefined;
  return endOf(options, reached, stepsPerEpoch, kept);
}

/**
 * Returns whether so many epochs have gone by without a better one as the
 * patience allows. It counts from where β and the capacity are at their
 * targets: before, each epoch trains for something else.
 *
 * @param options The run's options.
 * @param trained Epochs so far.
 * @param best The best of them, counted from 1.
 */
function isOutOfPatience(
  options: TrainingOptions,
  trained: number,
  best: number,
): boolean {
  const { patience } = options;
  const from = Math.max(best, Math.ceil(epochsToTarget(options)));
  return patience !== null && trained - from >= patience;
}
