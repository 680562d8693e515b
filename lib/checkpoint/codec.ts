/**
 * Writes the whole state of a run as one safetensors file, and reads it:
 * PyTorch's state dict, Adam's moments, and the metadata.
 *
 * @module
 */
import type { TrainState } from "../model/init.ts";
import type { EpochRecord } from "../model/losses.ts";
import { type ModelSpec, modelSpec } from "../model/spec.ts";
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
import { showType, tagOf } from "../text.ts";
import { checkNumbers, EXP_AVG_SQ, TensorReader } from "./weights.ts";

const EXP_AVG = "optimizer.exp_avg.";

/** What the names of the best epoch's tensors begin with. */
const BEST = "best.";

/**
 * Writes a checkpoint. The same run gives the same bytes.
 *
 * @param checkpoint The run.
 * @returns The bytes of a safetensors file.
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
 * } from "@vae/mnist/core";
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
  const { state, options, best } = checkpoint;
  const metadata = writeMetadata({
    ...checkpoint,
    step: state.step,
    best: best?.epoch,
  });
  const spec = modelSpec(options.latentDim, options.classCount);
  const tensors = stateTensors(spec, state);
  if (best) {
    checkBestStep(checkpoint, best.epoch, best.state.step);
    for (const [name, tensor] of stateTensors(spec, best.state)) {
      tensors.set(BEST + name, tensor);
    }
  }
  return writeSafetensors(tensors, metadata);
}

/** Makes the tensors of a state: PyTorch's, and Adam's moments. */
function stateTensors(
  spec: ModelSpec,
  state: TrainState,
): Map<string, Tensor> {
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
  return tensors;
}

/** Refuses a best model that is not the one after its epoch. */
function checkBestStep(
  run: Pick<Checkpoint, "history" | "epochsBefore">,
  epoch: number,
  step: number,
): void {
  const ended = recordOf(run, epoch).step;
  if (step === ended) return;
  throw new CheckpointError(
    `the best model is of step ${step}, and epoch ${epoch} ended with step ` +
      ended,
  );
}

function recordOf(
  { history, epochsBefore = 0 }: Pick<Checkpoint, "history" | "epochsBefore">,
  epoch: number,
): EpochRecord {
  return history[epoch - 1 - epochsBefore];
}

/**
 * Reads a checkpoint. Nothing in its bytes is trusted.
 *
 * @param bytes From {@linkcode encodeCheckpoint}.
 * @returns The run as it was written.
 * @throws {TypeError} If they are no `Uint8Array`.
 * @throws {SafetensorsError} If they are not a safetensors file.
 * @throws {CheckpointError} If they are not a checkpoint of this project, or
 * anything in it is missing, too much, misshaped, out of range or not finite.
 *
 * @example
 * ```ts
 * import { decodeCheckpoint, SafetensorsError } from "@vae/mnist/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => decodeCheckpoint(new Uint8Array(100)), SafetensorsError);
 * ```
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  if (tagOf(bytes) !== "Uint8Array") {
    throw new TypeError(
      `a checkpoint is read from a Uint8Array, not ${showType(bytes)}`,
    );
  }
  const { tensors, metadata } = parseSafetensors(bytes);
  const { step, best, ...run } = readMetadata(metadata);
  const spec = modelSpec(run.options.latentDim, run.options.classCount);
  const reader = new TensorReader(tensors);
  const state = readState(reader, spec, step);
  const kept = best === undefined ? {} : {
    best: {
      epoch: best,
      state: readState(reader, spec, recordOf(run, best).step, BEST),
    },
  };
  reader.finish();
  return { ...run, state, ...kept };
}

/** Reads the state whose tensors' names begin with `kept`. */
function readState(
  reader: TensorReader,
  spec: ModelSpec,
  step: number,
  kept = "",
): TrainState {
  const parameters = (prefix: string) =>
    fromPyTorch(
      spec.parameters,
      spec.parameterCount,
      (name, shape) => reader.read(kept + prefix + name, "F32", shape),
    );
  const state: TrainState = {
    step,
    parameters: parameters(""),
    running: fromPyTorch(
      spec.running,
      spec.runningCount,
      (name, shape) => reader.read(kept + name, "F32", shape),
    ),
    expAvg: parameters(EXP_AVG),
    expAvgSq: parameters(EXP_AVG_SQ),
  };
  for (const name of stepCounters(spec)) {
    const [counted] = reader.readScalar(kept + name, "I64");
    if (counted !== BigInt(step)) {
      throw new CheckpointError(
        `tensor ${kept}${name} is ${counted}, but the step is ${step}`,
      );
    }
  }
  return state;
}
