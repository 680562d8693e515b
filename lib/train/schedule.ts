/**
 * How β, the KL capacity and the learning rate move while a model trains. The
 * first two depend on the step alone, so that a run which is resumed for more
 * epochs sees the values of one that was not. A learning rate that falls must
 * know where the end is: its schedule stretches over all steps of the run.
 *
 * @module
 */
import type { Hyper } from "../engine/engine.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { completeOptions, OptionError } from "../options/table.ts";
import { show } from "../text.ts";

/**
 * The hyper-parameters of one step.
 *
 * - `linear`: β rises from 0 over the warm-up (Bowman et al. 2016,
 *   https://arxiv.org/abs/1511.06349).
 * - `cyclical`: it rises over the warm-up, rests for as long, and starts again
 *   (Fu et al. 2019 with R = ½, https://arxiv.org/abs/1903.10145). Unless told
 *   otherwise, there are four cycles, as in that paper.
 * - The capacity rises from 0 over the warm-up (Burgess et al. 2018, equation
 *   8, https://arxiv.org/abs/1804.03599).
 * - `cosine`: the learning rate falls to 0 over all epochs (Loshchilov & Hutter
 *   2017, https://arxiv.org/abs/1608.03983).
 * - `linear`: the learning rate falls to 0 in a straight line.
 * - `lrWarmup`: before, it rises in a straight line over so large a share of the
 *   run, from a fiftieth of its value.
 * - `one-cycle`: it rises from 1/25 of its value over the first 30 %, and falls
 *   to 1/250,000 (Smith & Topin 2018, https://arxiv.org/abs/1708.07120, with
 *   PyTorch's defaults).
 *
 * @param options The run's options.
 * @param step Optimiser steps before this one.
 * @param stepsPerEpoch Steps in one epoch.
 */
export function hyperAt(
  options: TrainingOptions,
  step: number,
  stepsPerEpoch: number,
): Hyper {
  const epochs = step / stepsPerEpoch;
  const warmup = warmupEpochs(options);
  const ramp = (t: number) => Math.min(1, t / warmup);
  const factor = {
    constant: 1,
    linear: ramp(epochs),
    cyclical: ramp(epochs % (2 * warmup)),
  }[options.betaSchedule];
  return {
    beta: options.beta * factor,
    capacity: options.capacity * ramp(epochs),
    learningRate: options.lr *
      rateFactor(options, step / stepsOfRun(options, stepsPerEpoch)),
  };
}

/**
 * A schedule of one's own: what it returns for a step takes the place of what
 * the options come to; `{}` leaves them. A checkpoint does not hold it, so a run that is resumed
 * needs it again.
 *
 * @param step Optimiser steps before this one.
 * @param stepsPerEpoch Steps in one epoch.
 */
export type Schedule = (
  step: number,
  stepsPerEpoch: number,
) => Partial<Hyper>;

/**
 * Lets a schedule of one's own move the hyper-parameters of a step.
 *
 * @param options The run's options.
 * @param hyper What they come to.
 * @param changes What the schedule returned.
 * @throws {OptionError} If it returned another name, a number that the option
 * does not take, or one that the objective has no place for.
 */
export function rescheduled(
  { objective }: TrainingOptions,
  hyper: Hyper,
  changes: Partial<Hyper>,
): Hyper {
  if (typeof changes !== "object" || changes === null || "then" in changes) {
    throw new OptionError(
      "a schedule returns an object of beta, capacity, learningRate, or of " +
        `none where nothing changes, not ${
          changes && typeof changes === "object" ? "a promise" : show(changes)
        }`,
    );
  }
  for (const name of ["beta", "capacity"] as const) {
    if (objective === "elbo" || changes[name] === undefined) continue;
    throw new OptionError(
      `a schedule of ${name} does not go with objective ${objective}, which ` +
        "weighs its terms itself",
    );
  }
  const { beta, capacity, learningRate } = completeOptions(
    SCHEDULED,
    { ...hyper, ...changes },
  );
  return { beta, capacity, learningRate };
}

const SCHEDULED = {
  beta: trainingOptions.beta,
  capacity: trainingOptions.capacity,
  // A schedule may come to rest at 0.
  learningRate: { ...trainingOptions.lr, min: 0 },
};

/**
 * Returns the optimiser steps of a whole run: of a part of an epoch those next
 * to it, but one at least.
 */
export function stepsOfRun(
  { epochs }: Pick<TrainingOptions, "epochs">,
  stepsPerEpoch: number,
): number {
  return Math.max(1, Math.round(epochs * stepsPerEpoch));
}

/** Returns the optimiser steps of a whole epoch; the last may have fewer images. */
export function stepsOfEpoch(
  { batchSize }: Pick<TrainingOptions, "batchSize">,
  images: number,
): number {
  return Math.ceil(images / batchSize);
}

/** The cycles of a run whose warm-up nobody has chosen (Fu et al. 2019). */
const CYCLES = 4;

/** Returns the epochs of the warm-up: those chosen, or a share of the run. */
function warmupEpochs(options: TrainingOptions): number {
  const { betaSchedule, epochs } = options;
  // A cycle is a rise and a rest of the same length.
  const parts = betaSchedule === "cyclical" ? 2 * CYCLES : 2;
  return options.warmupEpochs ?? epochs / parts;
}

/** Returns whether β or the capacity rises at all. */
export function hasWarmup(
  { autoencoder, betaSchedule, capacity }: TrainingOptions,
): boolean {
  return !autoencoder && (betaSchedule !== "constant" || capacity > 0);
}

/**
 * Turns the share of the run that a warm-up takes into epochs, which then stay
 * what they are where the run is resumed or prolonged.
 *
 * @returns The options, with `warmupEpochs` if anything rises.
 */
export function settleWarmup(options: TrainingOptions): TrainingOptions {
  if (options.warmupEpochs !== null || !hasWarmup(options)) return options;
  return { ...options, warmupEpochs: warmupEpochs(options) };
}

/**
 * Returns the epochs after which β and the capacity have reached their targets
 * and stay there until the end: 0 if they do not move.
 *
 * @param options The run's options. What cycles reaches its target for good
 * where the rise of the cycle ends in which the last epoch is.
 */
export function epochsToTarget(options: TrainingOptions): number {
  if (!hasWarmup(options)) return 0;
  const warmup = warmupEpochs(options);
  if (options.betaSchedule !== "cyclical") return warmup;
  const cyclesBefore = Math.ceil(options.epochs / (2 * warmup) - 1e-9) - 1;
  return (2 * cyclesBefore + 1) * warmup;
}

/** Share of its value at which the learning rate begins to rise. */
const RATE_START = 1 / 50;

/** The learning rate's factor at `t`, from 0 to 1, of all training. */
function rateFactor(
  { lrSchedule, lrWarmup }: TrainingOptions,
  t: number,
): number {
  if (t < lrWarmup) return RATE_START + (1 - RATE_START) * t / lrWarmup;
  const rest = lrWarmup < 1 ? (t - lrWarmup) / (1 - lrWarmup) : 1;
  const cosine = (from: number, to: number, t: number) =>
    to + (from - to) * (1 + Math.cos(Math.PI * Math.min(1, t))) / 2;
  switch (lrSchedule) {
    case "constant":
      return 1;
    case "linear":
      return Math.max(0, 1 - rest);
    case "cosine":
      return cosine(1, 0, rest);
    case "one-cycle":
      return t < 0.3
        ? cosine(1 / 25, 1, t / 0.3)
        : cosine(1, 1 / 250_000, (t - 0.3) / 0.7);
  }
}
