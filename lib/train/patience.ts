/**
 * Early stopping: which epoch is the best, and when there is no hope of a
 * better one. Epochs are compared at the target β and capacity, whatever a
 * schedule made of them at the time.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import { type EpochRecord, objective } from "../model/losses.ts";
import type { TrainingOptions } from "../options/run.ts";
import { epochsToTarget } from "./schedule.ts";

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
  { validation }: EpochRecord,
  { beta, capacity, autoencoder }: TrainingOptions,
): number {
  if (!validation) return Infinity;
  const { reconstruction, kl } = validation;
  const terms = {
    images: 1,
    reconstruction,
    klPerDimension: Float64Array.of(kl),
  };
  return objective(terms, { beta, capacity }, autoencoder);
}

/**
 * Returns why training is over, or nothing if there are epochs to train.
 *
 * @param options The run's options.
 * @param trained Epochs so far.
 * @param best The best of them, counted from 1; nothing without patience.
 */
export function endOf(
  options: TrainingOptions,
  trained: number,
  best?: number,
): "epochs" | "patience" | undefined {
  if (trained >= options.epochs) return "epochs";
  if (best !== undefined && isOutOfPatience(options, trained, best)) {
    return "patience";
  }
}

/**
 * Returns why a checkpoint's run is over, or nothing if there is anything to
 * do: to train, or to go back to the best epoch.
 *
 * @param options Those with which it would go on.
 */
export function endOfRun(
  options: TrainingOptions,
  { history, trained, best, partial }: Checkpoint,
): "epochs" | "patience" | undefined {
  if (best || (partial && history.length < options.epochs)) return;
  const kept = history.at(-1)?.validation ? history.length : undefined;
  return endOf(options, trained ?? history.length, kept);
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
