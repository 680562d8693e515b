/**
 * The state that training changes, and its value before the first step:
 * PyTorch's default distributions.
 *
 * @module
 */
import { fillUniform, streamKey } from "../rng.ts";
import { arenaIndices, type ModelSpec } from "./spec.ts";

/** All that training changes, in the arenas' layout (see `modelSpec`). */
export interface TrainState {
  /** Adam updates so far. */
  step: number;
  /** Weights, biases, γ and β. */
  parameters: Float32Array;
  /** Batch norm's running means and variances. */
  running: Float32Array;
  /** Adam's first moment, laid out as `parameters`. */
  expAvg: Float32Array;
  /** Adam's second moment, laid out as `parameters`. */
  expAvgSq: Float32Array;
}

/**
 * Refuses a state that is not of a model's size, part of which an engine would
 * leave out or not replace.
 *
 * @param spec The model's, from `modelSpec`.
 * @param state Any state.
 * @throws {RangeError} If an arena has another length than the model's.
 */
export function checkStateSizes(spec: ModelSpec, state: TrainState): void {
  const { parameterCount, runningCount } = spec;
  for (
    const [name, size] of [
      ["parameters", parameterCount],
      ["running", runningCount],
      ["expAvg", parameterCount],
      ["expAvgSq", parameterCount],
    ] as const
  ) {
    if (state[name].length === size) continue;
    throw new RangeError(
      `${name} has ${state[name].length} numbers, and the model ` +
        `${size}: it takes a state of the same latentDim and classCount`,
    );
  }
}

/**
 * The state before the first step. Weights and biases are U(±1/√fan_in), which
 * is what kaiming-uniform with a = √5 comes to
 * (https://github.com/pytorch/pytorch/issues/15314); batch norm starts as the
 * identity.
 *
 * @param spec From `modelSpec`.
 * @param seed Whole number; the same seed gives the same numbers everywhere.
 */
export function initialState(spec: ModelSpec, seed: number): TrainState {
  const key = streamKey(seed, "init");
  const parameters = new Float32Array(spec.parameterCount);
  spec.parameters.forEach((tensor, index) => {
    const indices = arenaIndices(tensor);
    if (tensor.fanIn > 0) {
      const bound = 1 / Math.sqrt(tensor.fanIn);
      const uniform = fillUniform(
        new Float32Array(indices.length),
        key,
        index,
      );
      indices.forEach((at, i) => parameters[at] = bound * (2 * uniform[i] - 1));
    } else if (tensor.name.endsWith(".weight")) {
      for (const at of indices) parameters[at] = 1;
    }
  });
  const running = new Float32Array(spec.runningCount);
  for (const { name, offset, shape } of spec.running) {
    if (name.endsWith("_var")) running.fill(1, offset, offset + shape[0]);
  }
  return {
    step: 0,
    parameters,
    running,
    expAvg: new Float32Array(spec.parameterCount),
    expAvgSq: new Float32Array(spec.parameterCount),
  };
}
