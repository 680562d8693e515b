/**
 * Writes and reads a model without its training: PyTorch's state dict in a
 * safetensors file, and the few options that running it takes.
 *
 * @module
 */
import type { TrainState } from "../model/init.ts";
import { FEATURE_COUNT, type ModelOptions, modelSpec } from "../model/spec.ts";
import { completeOptions } from "../options/table.ts";
import { MAX_CLASSES, trainingOptions } from "../options/run.ts";
import { show, showSizes } from "../text.ts";
import { fromPyTorch, stepCounters, toStateDict } from "./torch_layout.ts";
import { type Checkpoint, CheckpointError } from "./metadata.ts";
import {
  type DType,
  parseSafetensors,
  type Tensor,
  writeSafetensors,
} from "../formats/safetensors.ts";

/**
 * Writes the weights and running statistics as a safetensors file, which
 * PyTorch's `load_state_dict(strict=True)` takes.
 *
 * @param checkpoint The run whose weights they are.
 * @param more Further texts for the file's metadata.
 * @returns The bytes of the file.
 * @throws {CheckpointError} If a number in them is not finite.
 *
 * @example
 * ```ts ignore
 * import { encodeWeights } from "@vae/mnist/core";
 *
 * await Deno.writeFile("weights.safetensors", encodeWeights(checkpoint));
 * ```
 */
export function encodeWeights(
  { options, data, state }: Checkpoint,
  more: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const { latentDim, likelihood, autoencoder, beta, classCount } = options;
  const tensors = toStateDict(modelSpec(latentDim, classCount), state);
  for (const [name, tensor] of tensors) checkNumbers(name, tensor);
  return writeSafetensors(tensors, {
    format: "pt",
    options: JSON.stringify({
      ...{ latentDim, likelihood, autoencoder, beta },
      ...(classCount > 0 && { classCount }),
    }),
    ...(classCount > 0 && data.classes &&
      { classes: JSON.stringify(data.classes) }),
    ...more,
  });
}

/**
 * Reads what {@linkcode encodeWeights} has written. Nothing in it is trusted.
 *
 * @param bytes The file's.
 * @returns The model's options, and a state before the first step.
 * @throws {SafetensorsError} If it is not a safetensors file.
 * @throws {CheckpointError} If it is not such a file, or anything in it is
 * missing, too much, misshaped, out of range or not finite.
 *
 * @example
 * ```ts
 * import {
 *   createEngine,
 *   decodeWeights,
 *   encodeWeights,
 *   syntheticDataset,
 *   train,
 * } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = await syntheticDataset({ limit: 64 });
 * let bytes = new Uint8Array();
 * for await (const event of train({ dataset, epochs: 1, latentDim: 2 })) {
 *   if (event.type === "end") bytes = encodeWeights(await event.checkpoint());
 * }
 * const { options, state } = decodeWeights(bytes);
 * const engine = await createEngine({ ...options, batchSize: 1, seed: 0 });
 * await engine.writeState(state);
 * assertEquals((await engine.decode(Float32Array.of(0, 0))).length, 784);
 * engine.dispose();
 * ```
 */
export function decodeWeights(
  bytes: Uint8Array,
): { options: ModelOptions; state: TrainState } {
  const { tensors, metadata } = parseSafetensors(bytes);
  let options;
  try {
    options = completeOptions(trainingOptions, JSON.parse(metadata.options));
  } catch (cause) {
    throw new CheckpointError("its options cannot be read", { cause });
  }
  const state = readWeights(tensors);
  const { latentDim, likelihood, autoencoder, classCount } = options;
  const sizes = sizesOf(tensors);
  for (const [name, size] of Object.entries({ latentDim, classCount })) {
    const found = sizes[name as keyof typeof sizes];
    if (found === size) continue;
    throw new CheckpointError(
      `its options have ${name} ${size}, its tensors ${found}`,
    );
  }
  return {
    options: { latentDim, likelihood, autoencoder, classCount },
    state,
  };
}

/**
 * Turns PyTorch's state dict into a state that training can begin from.
 * Whatever the file counts, its step is 0, and Adam's moments are 0: without
 * them training cannot go on, only begin.
 *
 * @throws {CheckpointError} If anything in it is missing, too much, misshaped,
 * out of range or not finite. The counters of batches need not be there.
 */
export function readWeights(
  tensors: ReadonlyMap<string, Tensor>,
): TrainState {
  const { latentDim, classCount } = sizesOf(tensors);
  const spec = modelSpec(latentDim, classCount);
  const reader = new TensorReader(tensors);
  const read = (name: string, shape: readonly number[]) =>
    reader.read(name, "F32", shape);
  const state: TrainState = {
    step: 0,
    parameters: fromPyTorch(spec.parameters, spec.parameterCount, read),
    running: fromPyTorch(spec.running, spec.runningCount, read),
    expAvg: new Float32Array(spec.parameterCount),
    expAvgSq: new Float32Array(spec.parameterCount),
  };
  for (const name of stepCounters(spec)) reader.pass(name);
  reader.finish();
  return state;
}

/** Reads off the heads how many dimensions and classes a model has. */
function sizesOf(
  tensors: ReadonlyMap<string, Tensor>,
): Required<Pick<ModelOptions, "latentDim" | "classCount">> {
  const shape = tensors.get("fc_mu.weight")?.shape;
  const { min, max } = trainingOptions.latentDim;
  if (!shape) throw new CheckpointError("it lacks the tensor fc_mu.weight");
  const [latentDim, inputs] = shape;
  const classCount = inputs - FEATURE_COUNT;
  if (
    shape.length === 2 && classCount >= 0 && classCount <= MAX_CLASSES &&
    latentDim >= min && latentDim <= max
  ) return { latentDim, classCount };
  throw new CheckpointError(
    `tensor fc_mu.weight has shape ${showSizes(shape)}, not [${min} to ` +
      `${max}, ${FEATURE_COUNT} and a column for each class]`,
  );
}

/** Reads a file's tensors, each once, until none is left. */
export class TensorReader {
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #unread: Set<string>;

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.#tensors = tensors;
    this.#unread = new Set(tensors.keys());
  }

  /** Returns the elements of a tensor that must be there and of this shape. */
  read<D extends DType>(
    name: string,
    dtype: D,
    shape: readonly number[],
  ): Tensor<D>["data"] {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new CheckpointError(`it lacks the tensor ${name}`);
    if (tensor.dtype !== dtype) {
      throw new CheckpointError(
        `tensor ${name} is of type ${tensor.dtype}, not ${dtype}`,
      );
    }
    if (String(tensor.shape) !== String(shape)) {
      throw new CheckpointError(
        `tensor ${name} has shape ${showSizes(tensor.shape)}, not ` +
          showSizes(shape),
      );
    }
    checkNumbers(name, tensor);
    this.pass(name);
    return (tensor as Tensor<D>).data;
  }

  /**
   * Returns the only element of a tensor that must be there: PyTorch writes one
   * without axes, and this project one with one.
   */
  readScalar<D extends DType>(name: string, dtype: D): Tensor<D>["data"] {
    const isBare = this.#tensors.get(name)?.shape.length === 0;
    return this.read(name, dtype, isBare ? [] : [1]);
  }

  /** Takes note of a tensor whose elements do not matter. */
  pass(name: string): void {
    this.#unread.delete(name);
  }

  /** Refuses a file with tensors that were not read. */
  finish(): void {
    for (const name of this.#unread) {
      throw new CheckpointError(`it has a tensor too many: ${show(name)}`);
    }
  }
}

/**
 * Refuses numbers that a model cannot have. It scans with built-in methods
 * only: a loop of its own would run in the interpreter and take most of the
 * time of a cold start.
 */
export function checkNumbers(name: string, { dtype, data }: Tensor): void {
  if (dtype !== "F32") return;
  const isSquare = name.endsWith(".running_var") || name.includes(EXP_AVG_SQ);
  const [least = 0] = isSquare ? data.toSorted() : [];
  const wrong = [NaN, Infinity, -Infinity].find((n) => data.includes(n)) ??
    (least < 0 ? least : undefined);
  if (wrong !== undefined) {
    const at = data.findIndex((n) => Object.is(n, wrong));
    throw new CheckpointError(`tensor ${name} is ${wrong} at element ${at}`);
  }
}

/** What the names of Adam's second moments begin with, those of the best epoch after its prefix. */
export const EXP_AVG_SQ = "optimizer.exp_avg_sq.";
