/**
 * Whether an engine's numbers are right: two engines do the same from the same
 * state, and what they come to is compared tensor by tensor, in the order in
 * which a training step makes it.
 *
 * @module
 */
import { synthesize } from "./dataset/synthetic.ts";
import { engineOptions } from "./engine/checks.ts";
import type {
  BatchRef,
  Engine,
  EngineOptions,
  Hyper,
  Labels,
} from "./engine/engine.ts";
import { usesMap } from "./engine/stages.ts";
import { trainingOrder } from "./engine/webgpu/training_order.ts";
import { initialState, type TrainState } from "./model/init.ts";
import type { LossSums } from "./model/losses.ts";
import { IMAGE_PIXELS, modelSpec } from "./model/spec.ts";
import { drawsOf } from "./options/conflicts.ts";

/** A model and batch small enough for any engine. */
export const PROBE: EngineOptions = {
  latentDim: 12,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 8,
  seed: 0,
};

/** The largest relative errors that float32 arithmetic in another order
 * explains, and the freedom that WGSL gives to division, exp and log. */
export const TOLERANCE = {
  forward: 1e-4,
  gradients: 1e-3,
  adam: 1e-3,
} as const;

/** What a tensor is of a training step. */
export type ProbePart = keyof typeof TOLERANCE;

/** A tensor that an engine has computed. */
export interface ProbeTensor {
  readonly part: ProbePart;
  readonly name: string;
  /** The programs of the GPU engine that make it, after those before it. */
  readonly programs: readonly string[];
  readonly values: ArrayLike<number>;
}

/** How a probe trains. */
export const PROBE_HYPER: Hyper = {
  beta: 1,
  capacity: 0,
  learningRate: 0.01,
};

/**
 * A second moment to begin with. From zero the first updates are ± the learning
 * rate however small a gradient is, and the rounding of one that ought to vanish
 * would pass for an error. Importance weights, exponentials of sums over all
 * pixels, round more.
 */
const SECOND_MOMENT = { elbo: 1e-4, btc: 1e-4, iwae: 0.1 };

/** The classes of a probe's images, one after the other, if there are any. */
function probeLabels(
  { classCount = 0 }: EngineOptions,
  images: Uint8Array,
): Labels {
  const count = images.length / IMAGE_PIXELS;
  if (classCount === 0) return null;
  return Uint8Array.from({ length: count }, (_, i) => i % classCount);
}

/** Gives an engine the images of a probe, in order. */
export function loadProbe(engine: Engine, images: Uint8Array): void {
  engine.setImages(images, probeLabels(engine.options, images));
  const count = images.length / IMAGE_PIXELS;
  engine.setOrder(Uint32Array.from({ length: count }, (_, i) => i));
}

/** The weights of the seed; of the running statistics, only what a step adds. */
function beginning(
  { latentDim, classCount, seed, objective = "elbo" }: EngineOptions,
): TrainState {
  const state = initialState(modelSpec(latentDim, classCount), seed);
  state.running.fill(0);
  state.expAvgSq.fill(SECOND_MOMENT[objective]);
  return state;
}

/**
 * Trains the first step on the images of {@linkcode loadProbe}.
 *
 * @param options What the engine was made for.
 * @param count Images in the batch.
 * @returns What it computed, in the order of the programs.
 */
export async function probeStep(
  engine: Engine,
  options: EngineOptions,
  count: number,
): Promise<ProbeTensor[]> {
  await engine.writeState(beginning(options));
  return await trainStep(engine, options, { first: 0, count, step: 0 });
}

async function trainStep(
  engine: Engine,
  options: EngineOptions,
  batch: BatchRef,
): Promise<ProbeTensor[]> {
  await engine.trainStep(batch, PROBE_HYPER);
  const [losses, state] = await Promise.all([
    engine.takeLosses(),
    engine.readState(),
  ]);
  return stepTensors(options, losses, state);
}

/**
 * Takes a second step twice: with what the first one has left in the engine, and
 * with its state read and written back. It must be the same, for an engine may
 * keep the weights in other orders than the state has them.
 *
 * @returns Where the two differ, if they do.
 */
export async function probeState(
  engine: Engine,
  options: EngineOptions,
  count: number,
): Promise<Difference | undefined> {
  const batch = { first: 0, count, step: 1 };
  const state = await engine.readState();
  const left = await trainStep(engine, options, batch);
  await engine.writeState(state);
  const written = await trainStep(engine, options, batch);
  const difference = firstDifference(left, written);
  return difference && {
    ...difference,
    tensor: { ...difference.tensor, programs: ["adam"] },
  };
}

/**
 * Encodes and decodes images with the weights of the seed.
 *
 * @returns What the encoder and the decoder computed.
 */
export async function probeInference(
  engine: Engine,
  options: EngineOptions,
  images: Uint8Array,
): Promise<ProbeTensor[]> {
  const { latentDim, classCount, seed } = options;
  await engine.writeState(initialState(modelSpec(latentDim, classCount), seed));
  const labels = probeLabels(options, images);
  const { mu, logvar } = await engine.encode(images, labels);
  const decoded = await engine.decode(mu, labels);
  const part = "forward";
  return [
    { part, name: "μ", programs: ["the encoder"], values: mu },
    { part, name: "log σ²", programs: ["the encoder"], values: logvar },
    { part, name: "pixels", programs: ["the decoder"], values: decoded },
  ];
}

/**
 * Trains a step of an engine, encodes and decodes.
 *
 * @param options What the engine was made for.
 */
export async function runProbe(
  engine: Engine,
  options = PROBE,
): Promise<ProbeTensor[]> {
  const count = options.batchSize;
  const { images } = synthesize(count, { seed: 0 });
  loadProbe(engine, images);
  return [
    ...await probeStep(engine, options, count),
    ...await probeInference(engine, options, images),
  ];
}

function stepTensors(
  options: EngineOptions,
  losses: LossSums,
  state: TrainState,
): ProbeTensor[] {
  const { latentDim, classCount, batchSize, objective, ...rest } =
    engineOptions(options);
  const rows = batchSize * drawsOf({ objective, ...rest });
  const spec = modelSpec(latentDim, classCount);
  const before = beginning(options).parameters;
  const changes = state.parameters.map((value, i) => value - before[i]);
  const blocks = [...spec.parameterBlocks, ...spec.runningBlocks];
  const slice = (arena: Float32Array, name: string) => {
    const { offset, shape } = blocks.find((block) => block.name === name)!;
    return arena.subarray(offset, offset + shape.reduce((a, b) => a * b));
  };
  const made = trainingOrder(
    usesMap(latentDim, rows, classCount),
    objective,
    classCount > 0,
  ).flatMap(({ programs, tensors }) =>
    tensors.map((name): ProbeTensor => {
      if (name === "KL") {
        const values = losses.klPerDimension;
        return { part: "forward", name, programs, values };
      }
      if (name === "total correlation") {
        // Beside the KL, of which it is a part: with a weight of 1 it is 0.
        const { klPerDimension, total, reconstruction } = losses;
        const values = [...klPerDimension, total - reconstruction];
        return { part: "forward", name, programs, values };
      }
      if (name === "bound") {
        return { part: "forward", name, programs, values: [losses.total] };
      }
      if (name === "reconstruction") {
        const values = [losses.reconstruction];
        return { part: "forward", name, programs, values };
      }
      if (/running/.test(name)) {
        const values = slice(state.running, name);
        return { part: "forward", name, programs, values };
      }
      const values = slice(state.expAvg, name);
      return { part: "gradients", name: `∂${name}`, programs, values };
    })
  );
  const updated = (what: string, arena: Float32Array) =>
    spec.parameterBlocks.map(({ name }): ProbeTensor => ({
      part: "adam",
      name: `${name}${what}`,
      programs: ["adam"],
      values: slice(arena, name),
    }));
  return [
    ...made,
    ...updated(", its second moment", state.expAvgSq),
    ...updated("", changes),
  ];
}

/** A tensor that two engines do not agree on. */
export interface Difference {
  readonly tensor: ProbeTensor;
  /** See {@linkcode relativeError}. */
  readonly error: number;
}

/** Finds the first tensor that is not what another engine has computed. */
export function firstDifference(
  actual: readonly ProbeTensor[],
  expected: readonly ProbeTensor[],
): Difference | undefined {
  for (const [i, tensor] of actual.entries()) {
    const error = relativeError(tensor.values, expected[i].values);
    // An error that is NaN is not below anything.
    if (!(error < TOLERANCE[tensor.part])) return { tensor, error };
  }
}

/** Says in a few words where engines differ. */
export function wordDifference({ tensor, error }: Difference): string {
  const { programs, name } = tensor;
  const size = Number.isFinite(error)
    ? `is off by ${(100 * error).toPrecision(2)} %`
    : "is not a number";
  return `first in ${programs.join(" or ")} (${name} ${size})`;
}

/**
 * The largest difference, relative to the largest expected magnitude. NaN
 * where anything is.
 */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  if (actual.length !== expected.length) {
    throw new RangeError(
      `${actual.length} numbers cannot be compared with ${expected.length}`,
    );
  }
  let difference = 0, scale = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return difference === 0 ? 0 : difference / scale;
}
