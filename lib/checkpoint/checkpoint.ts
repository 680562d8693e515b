/**
 * The whole state of a run in one safetensors file: PyTorch's state dict,
 * Adam's moments, and the metadata. Loading it continues the run exactly.
 *
 * @module
 */
import type { TrainState } from "../model/init.ts";
import { modelSpec } from "../model/spec.ts";
import { atomicWrite } from "./atomic_write.ts";
import { fromPyTorch, stepCounters, toPyTorch, toStateDict } from "./layout.ts";
import {
  type Checkpoint,
  CheckpointError,
  readMetadata,
  writeMetadata,
} from "./metadata.ts";
import {
  type DType,
  parseSafetensors,
  SafetensorsError,
  show,
  type Tensor,
  writeSafetensors,
} from "./safetensors.ts";

export {
  type Checkpoint,
  CheckpointError,
  type DataRecord,
} from "./metadata.ts";

/** What the caller of {@linkcode loadCheckpoint} counts on. */
export interface Expected {
  /** Number of latent dimensions. */
  readonly latentDim?: number;
}

const EXP_AVG = "optimizer.exp_avg.";
const EXP_AVG_SQ = "optimizer.exp_avg_sq.";

/** Larger files are not read: a header of 100 MB and 20 MB of tensors fit. */
const MAX_FILE = 256 * 2 ** 20;

/**
 * The bytes of a checkpoint. The same run gives the same bytes.
 *
 * @throws {CheckpointError} If it holds a number that is not finite, or an
 * option out of range.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
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
 * Reads the bytes of a checkpoint. Nothing in them is trusted.
 *
 * @throws {SafetensorsError} If they are not a safetensors file.
 * @throws {CheckpointError} If they are not a checkpoint of this project, or
 * anything in it is missing, too much, misshaped, out of range or not finite.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes);
  const { step, ...run } = readMetadata(metadata);
  return { ...run, state: readState(tensors, run.options.latentDim, step) };
}

/**
 * Saves a checkpoint: afterwards the file is the new one, or, if anything
 * failed, still the old one.
 *
 * @throws {CheckpointError} As {@linkcode encodeCheckpoint}.
 * @throws {WriteError} If the file cannot be written.
 */
export async function saveCheckpoint(
  path: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const bytes = named(path, () => encodeCheckpoint(checkpoint));
  await atomicWrite(path, bytes);
}

/**
 * Loads a checkpoint.
 *
 * @param path The file.
 * @param expected What it has to match.
 * @throws {CheckpointError} If there is no such file, it cannot be read, or it
 * is not what was expected.
 */
export async function loadCheckpoint(
  path: string,
  expected: Expected = {},
): Promise<Checkpoint> {
  const bytes = await readFile(path);
  const checkpoint = named(path, () => decodeCheckpoint(bytes));
  const { latentDim } = checkpoint.options;
  if (latentDim !== (expected.latentDim ?? latentDim)) {
    throw new CheckpointError(
      `checkpoint ${path}: it has ${latentDim} latent dimensions, not ` +
        `${expected.latentDim}`,
    );
  }
  return checkpoint;
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw new CheckpointError(`checkpoint ${path}: not a file`);
    if (size > MAX_FILE) {
      throw new CheckpointError(
        `checkpoint ${path}: its ${size} bytes are more than any checkpoint ` +
          `has (${MAX_FILE})`,
      );
    }
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    if (cause instanceof Deno.errors.NotFound) {
      throw new CheckpointError(
        `there is no checkpoint ${path}: train one first with ` +
          "`deno task train`",
        { cause },
      );
    }
    throw new CheckpointError(
      `checkpoint ${path}: cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Runs `action` and says in its errors which file they are about. */
function named<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (
      cause instanceof CheckpointError || cause instanceof SafetensorsError
    ) {
      throw new CheckpointError(`checkpoint ${path}: ${cause.message}`, {
        cause,
      });
    }
    throw cause;
  }
}

function readState(
  tensors: ReadonlyMap<string, Tensor>,
  latentDim: number,
  step: number,
): TrainState {
  const spec = modelSpec(latentDim);
  const unread = new Set(tensors.keys());

  const read = <D extends DType>(
    name: string,
    dtype: D,
    shape: readonly number[],
  ): Tensor<D>["data"] => {
    const tensor = tensors.get(name);
    if (!tensor) throw new CheckpointError(`it lacks the tensor ${name}`);
    if (tensor.dtype !== dtype) {
      throw new CheckpointError(
        `tensor ${name} is of type ${tensor.dtype}, not ${dtype}`,
      );
    }
    if (String(tensor.shape) !== String(shape)) {
      throw new CheckpointError(
        `tensor ${name} has shape [${tensor.shape.join(", ")}], not ` +
          `[${shape.join(", ")}]`,
      );
    }
    checkNumbers(name, tensor);
    unread.delete(name);
    return (tensor as Tensor<D>).data;
  };
  const parameters = (prefix: string) =>
    fromPyTorch(
      spec.parameters,
      spec.parameterCount,
      (name, shape) => read(prefix + name, "F32", shape),
    );

  const state: TrainState = {
    step,
    parameters: parameters(""),
    running: fromPyTorch(
      spec.running,
      spec.runningCount,
      (name, shape) => read(name, "F32", shape),
    ),
    expAvg: parameters(EXP_AVG),
    expAvgSq: parameters(EXP_AVG_SQ),
  };
  for (const name of stepCounters(spec)) {
    const [counted] = read(name, "I64", [1]);
    if (counted !== BigInt(step)) {
      throw new CheckpointError(
        `tensor ${name} is ${counted}, but the step is ${step}`,
      );
    }
  }
  for (const name of unread) {
    throw new CheckpointError(`it has a tensor too many: ${show(name)}`);
  }
  return state;
}

/**
 * Refuses what training cannot continue from. Only built-in scans: a loop would
 * run in the interpreter, and take most of the time of a cold start.
 */
function checkNumbers(name: string, { dtype, data }: Tensor): void {
  if (dtype !== "F32") return;
  const isSquare = name.endsWith(".running_var") || name.startsWith(EXP_AVG_SQ);
  const [least = 0] = isSquare ? data.toSorted() : [];
  const wrong = [NaN, Infinity, -Infinity].find((n) => data.includes(n)) ??
    (least < 0 ? least : undefined);
  if (wrong !== undefined) {
    const at = data.findIndex((n) => Object.is(n, wrong));
    throw new CheckpointError(`tensor ${name} is ${wrong} at element ${at}`);
  }
}
