/**
 * How β, the KL capacity and the learning rate move while a model trains. The
 * first two depend on the step alone, so that a run which is resumed for more
 * epochs sees the values of one that was not. A learning rate that falls must
 * know where the end is: its schedule stretches over all epochs asked for.
 *
 * @module
 */
import type { Hyper } from "../engine/engine.ts";
import type { TrainingOptions } from "../options/run.ts";

/**
 * The hyper-parameters of one step.
 *
 * - `linear`: β rises from 0 over the warm-up (Bowman et al. 2016,
 *   https://arxiv.org/abs/1511.06349).
 * - `cyclical`: it rises over the warm-up, rests for as long, and starts again
 *   (Fu et al. 2019 with R = ½, https://arxiv.org/abs/1903.10145).
 * - The capacity rises from 0 over the warm-up (Burgess et al. 2018, equation
 *   8, https://arxiv.org/abs/1804.03599).
 * - `cosine`: the learning rate falls to 0 over all epochs (Loshchilov & Hutter
 *   2017, https://arxiv.org/abs/1608.03983).
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
  const ramp = (t: number) => Math.min(1, t / options.warmupEpochs);
  const factor = {
    constant: 1,
    linear: ramp(epochs),
    cyclical: ramp(epochs % (2 * options.warmupEpochs)),
  }[options.betaSchedule];
  return {
    beta: options.beta * factor,
    capacity: options.capacity * ramp(epochs),
    learningRate: options.lr *
      rateFactor(options, step / (options.epochs * stepsPerEpoch)),
  };
}

/** The learning rate's factor at `t`, from 0 to 1, of all training. */
function rateFactor({ lrSchedule }: TrainingOptions, t: number): number {
  const cosine = (from: number, to: number, t: number) =>
    to + (from - to) * (1 + Math.cos(Math.PI * Math.min(1, t))) / 2;
  switch (lrSchedule) {
    case "constant":
      return 1;
    case "cosine":
      return cosine(1, 0, t);
    case "one-cycle":
      return t < 0.3
        ? cosine(1 / 25, 1, t / 0.3)
        : cosine(1, 1 / 250_000, (t - 0.3) / 0.7);
  }
}
