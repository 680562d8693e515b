/**
 * Writes the whole state of a run as one safetensors file, and reads it:
 * PyTorch's state dict, Adam's moments, and the metadata.
 *
 * @module
 */
import type { TrainState } from "../model/init.ts";
import { modelSpec } from "../model/spec.ts";
import {
  fromPyTorch,
  stepCounters,
  toPyTorch,
  toStateDict,
} from "./torch_layout.ts";
import {
  type Checkpoint,
  CheckpointError,
  readMetadata,
  writeMetadata,
} from "./metadata.ts";
import {
  parseSafetensors,
  type Tensor,
  writeSafetensors,
} from "../formats/safetensors.ts";
import { checkNumbers, EXP_AVG_SQ, TensorReader } from "./weights.ts";

const EXP_AVG = "optimizer.exp_avg.";

/**
 * Writes a checkpoint. The same run gives the same bytes.
 *
 * @throws {CheckpointError} If it holds a number that is not finite, or an
 * option out of range.
 *
 * @example
 * ```ts
 * import {
 *   decodeCheckpoint,
 *   encodeCheckpoint,
 *   syntheticDataset,
 *   train,
 * } from "@vae/mnist/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = await syntheticDataset({ limit: 64 });
 * for await (const event of train({ dataset, epochs: 1, latentDim: 2 })) {
 *   if (event.type !== "end") continue;
 *   const checkpoint = await event.checkpoint();
 *   assertEquals(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
 * }
 * ```
 */
export function encodeCheckpoint(
  checkpoint: Checkpoint,
): Uint8Array<ArrayBuffer> {
  const { state, options } = checkpoint;
  const metadata = writeMetadata({ ...checkpoint, step: state.step });
  const spec = modelSpec(options.latentDim);
  const tensors = toStateDict(spec, state);
  for (
    const [prefix, moment] of [
      [EXP_AVG, state.expAvg],
      [EXP_AVG_SQ, state.expAvgSq],
    ] as const
  ) {
    for (const [name, tensor] of toPyTorch(spec.parameters, moment)) {
      tensors.set(prefix + name, tensor);
    }
  }
  for (const [name, tensor] of tensors) checkNumbers(name, tensor);
  return writeSafetensors(tensors, metadata);
}

/**
 * Reads a checkpoint. Nothing in its bytes is trusted.
 *
 * @throws {SafetensorsError} If they are not a safetensors file.
 * @throws {CheckpointError} If they are not a checkpoint of this project, or
 * anything in it is missing, too much, misshaped, out of range or not finite.
 *
 * @example
 * ```ts
 * import { decodeCheckpoint, SafetensorsError } from "@vae/mnist/engine";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => decodeCheckpoint(new Uint8Array(100)), SafetensorsError);
 * ```
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes);
  const { step, ...run } = readMetadata(metadata);
  return { ...run, state: readState(tensors, run.options.latentDim, step) };
}

function readState(
  tensors: ReadonlyMap<string, Tensor>,
  latentDim: number,
  step: number,
): TrainState {
  const spec = modelSpec(latentDim);
  const reader = new TensorReader(tensors);
  const parameters = (prefix: string) =>
    fromPyTorch(
      spec.parameters,
      spec.parameterCount,
      (name, shape) => reader.read(prefix + name, "F32", shape),
    );

  const state: TrainState = {
    step,
    parameters: parameters(""),
    running: fromPyTorch(
      spec.running,
      spec.runningCount,
      (name, shape) => reader.read(name, "F32", shape),
    ),
    expAvg: parameters(EXP_AVG),
    expAvgSq: parameters(EXP_AVG_SQ),
  };
  for (const name of stepCounters(spec)) {
    const [counted] = reader.read(name, "I64", [1]);
    if (counted !== BigInt(step)) {
      throw new CheckpointError(
        `tensor ${name} is ${counted}, but the step is ${step}`,
      );
    }
  }
  reader.finish();
  return state;
}
