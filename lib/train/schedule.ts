/**
 * How β and the KL capacity move while a model trains. A schedule depends on
 * the step alone, never on the number of epochs asked for, so that a resumed
 * run and an uninterrupted one see the same values.
 *
 * @module
 */
import type { Hyper } from "../engine/engine.ts";
import type { TrainingOptions } from "../options.ts";

/**
 * The hyper-parameters of one step.
 *
 * - `linear`: β rises from 0 over the warm-up (Bowman et al. 2016,
 *   https://arxiv.org/abs/1511.06349).
 * - `cyclical`: it rises over the warm-up, rests for as long, and starts again
 *   (Fu et al. 2019 with R = ½, https://arxiv.org/abs/1903.10145).
 * - The capacity rises from 0 over the warm-up (Burgess et al. 2018, equation
 *   8, https://arxiv.org/abs/1804.03599).
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
    learningRate: options.lr,
  };
}
