/** What the parts of the engine suite train, and how. */
import { synthesize } from "../lib/dataset/synthetic.ts";
import type {
  BatchRef,
  Engine,
  EngineOptions,
  Hyper,
  Labels,
} from "../lib/engine/engine.ts";
import type { TrainState } from "../lib/model/init.ts";
import { relativeError } from "../lib/engine_check.ts";
import {
  arenaIndices,
  IMAGE_PIXELS,
  modelSpec,
  type TensorSpec,
} from "../lib/model/spec.ts";

/** Registers a test that is given a way to make engines. */
export type EngineTest = (
  name: string,
  run: (
    make: (options?: Partial<EngineOptions>) => Promise<Engine>,
  ) => Promise<void>,
) => void;

export const plain: EngineOptions = {
  latentDim: 3,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 4,
  seed: 5,
};

export const hyper: Hyper = { beta: 1, capacity: 0, learningRate: 1e-3 };

export function digits(count: number): Uint8Array {
  return synthesize(count, { seed: 1 }).images;
}

/** Row numbers 0 … n − 1. */
export function inOrder(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => i);
}

/** Takes one step from the engine's state, with all images in a batch. */
export async function firstStep(
  engine: Engine,
  images: Uint8Array,
  batch: Partial<BatchRef> = {},
  knobs = hyper,
  labels: Labels = null,
): Promise<TrainState> {
  const count = images.length / IMAGE_PIXELS;
  engine.setImages(images, labels);
  engine.setOrder(inOrder(count));
  await engine.trainStep({ first: 0, count, step: 0, ...batch }, knobs);
  return await engine.readState();
}

/** Trains `steps` batches of four, from step `first` on. */
export async function train(
  engine: Engine,
  images: Uint8Array,
  steps: number,
  first = 0,
  labels: Labels = null,
): Promise<void> {
  engine.setImages(images, labels);
  engine.setOrder(inOrder(images.length / IMAGE_PIXELS));
  for (let step = first; step < first + steps; step++) {
    const at = (4 * step) % (images.length / IMAGE_PIXELS);
    await engine.trainStep({ first: at, count: 4, step }, hyper);
  }
}

/**
 * The largest error of a tensor's gradient in a first step, whose first moment
 * is a multiple of it, relative to the largest value.
 */
export function gradientError(
  tensor: TensorSpec,
  ours: TrainState,
  theirs: TrainState,
): number {
  const [actual, expected] = [ours, theirs].map(({ expAvg }) =>
    Array.from(arenaIndices(tensor), (at) => expAvg[at])
  );
  return relativeError(actual, expected);
}

/**
 * How much the loss of a step changes along its own gradient, by central
 * differences, as a part of what the gradient says: 1 where it is right.
 *
 * @param along The numbers of the gradient that it goes along; all if not given.
 */
export async function slopeAlongGradient(
  engine: Engine,
  images: Uint8Array,
  knobs: Hyper,
  { epsilon, along, labels }: {
    epsilon?: Float32Array;
    along?: Iterable<number>;
    labels?: Labels;
  } = {},
): Promise<number> {
  const count = images.length / IMAGE_PIXELS;
  const initial = await engine.readState();
  const lossAt = async (parameters: Float32Array) => {
    await engine.writeState({ ...initial, parameters });
    await firstStep(engine, images, { epsilon }, knobs, labels);
    return (await engine.takeLosses()).total / count;
  };
  const loss = await lossAt(initial.parameters);
  const { expAvg } = await engine.readState();
  const gradient = new Float32Array(expAvg.length);
  for (const at of along ?? expAvg.keys()) gradient[at] = expAvg[at] / 0.1;
  const slope = gradient.reduce((sum, g) => sum + g * g, 0);
  // Along its own gradient, the loss changes by about 0.06 % of itself.
  const h = 0.0003 * Math.abs(loss) / slope;
  const move = (by: number) =>
    initial.parameters.map((p, i) => p + by * gradient[i]);
  return (await lossAt(move(h)) - await lossAt(move(-h))) / (2 * h) / slope;
}

/** What {@linkcode forgetImages} makes of any image: the posterior, its KL, and the pixels. */
export const constant = {
  mu: [0.5, -1, 0],
  logvar: [0, -0.75, 0.5],
  /** In nats, (μ² + σ² − 1 − log σ²) / 2. */
  kl: [0.125, (Math.exp(-0.75) + 0.75) / 2, (Math.exp(0.5) - 1.5) / 2],
  pixel: 0.25,
};

/**
 * Takes the weights from a plain model: each layer gives its biases, so that the
 * losses follow from the formulas alone.
 */
export async function forgetImages(engine: Engine): Promise<void> {
  const state = await engine.readState();
  state.parameters.fill(0);
  const biases = {
    "fc_mu.bias": constant.mu,
    "fc_logvar.bias": constant.logvar,
    "decoder.6.bias": [constant.pixel],
  };
  const { parameters } = modelSpec(plain.latentDim);
  for (const [name, values] of Object.entries(biases)) {
    const at = arenaIndices(parameters.find((p) => p.name === name)!);
    values.forEach((bias, i) => state.parameters[at[i]] = bias);
  }
  await engine.writeState(state);
}
