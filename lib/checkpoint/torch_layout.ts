/**
 * Converts between the engines' flat arenas and PyTorch's tensors. No other
 * file converts a layout.
 *
 * @module
 */
import type { TrainState } from "../model/init.ts";
import {
  arenaIndices,
  type ModelSpec,
  type TensorSpec,
} from "../model/spec.ts";
import type { Tensor } from "../formats/safetensors.ts";

/** The part of the training state that is in PyTorch's state dict. */
export type ModelState = Pick<TrainState, "step" | "parameters" | "running">;

/**
 * Copies an arena into PyTorch's tensors.
 *
 * @param specs `parameters` or `running` of a `ModelSpec`.
 * @param arena Parameters, gradients or moments; or running statistics.
 * @returns The tensors by PyTorch's name, in the order of `specs`.
 */
export function toPyTorch(
  specs: readonly TensorSpec[],
  arena: Float32Array,
): Map<string, Tensor> {
  return new Map(specs.map((spec) => {
    const indices = arenaIndices(spec);
    const data = new Float32Array(indices.length);
    for (let i = 0; i < indices.length; i++) data[i] = arena[indices[i]];
    return [spec.name, { dtype: "F32", shape: spec.shape, data }];
  }));
}

/**
 * Copies PyTorch's tensors into a new arena.
 *
 * @param specs `parameters` or `running` of a `ModelSpec`.
 * @param length The arena's length: `parameterCount` or `runningCount`.
 * @param read Gives a tensor's elements in PyTorch's order.
 * @returns The arena, zero where it only pads.
 */
export function fromPyTorch(
  specs: readonly TensorSpec[],
  length: number,
  read: (name: string, shape: readonly number[]) => Float32Array,
): Float32Array {
  const arena = new Float32Array(length);
  for (const spec of specs) {
    const indices = arenaIndices(spec);
    const data = read(spec.name, spec.shape);
    for (let i = 0; i < indices.length; i++) arena[indices[i]] = data[i];
  }
  return arena;
}

/**
 * Makes PyTorch's state dict, in PyTorch's order.
 *
 * @param spec From `modelSpec`.
 * @param state Its `step` becomes the `num_batches_tracked` of every batch
 * norm: I64 of shape [1], which PyTorch takes for its scalar.
 */
export function toStateDict(
  spec: ModelSpec,
  { step, parameters, running }: ModelState,
): Map<string, Tensor> {
  const buffers = [...toPyTorch(spec.running, running)];
  const dict = new Map<string, Tensor>();
  for (const [name, tensor] of toPyTorch(spec.parameters, parameters)) {
    dict.set(name, tensor);
    // A module's buffers follow its parameters, of which the bias is the last.
    const [, module] = name.match(/^(.*\.)bias$/) ?? [];
    if (!module) continue;
    const own = buffers.filter(([name]) => name.startsWith(module));
    for (const [name, tensor] of own) dict.set(name, tensor);
    if (own.length > 0) dict.set(module + COUNTER, counter(step));
  }
  return dict;
}

/** Lists the names of the tensors that count the steps. */
export function stepCounters(spec: ModelSpec): string[] {
  return spec.running.filter(({ name }) => name.endsWith("running_mean"))
    .map(({ name }) => name.replace("running_mean", COUNTER));
}

const COUNTER = "num_batches_tracked";

function counter(step: number): Tensor {
  return { dtype: "I64", shape: [1], data: BigInt64Array.of(BigInt(step)) };
}
