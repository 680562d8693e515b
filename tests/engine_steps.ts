/** What the parts of the engine suite train, and how. */
import { synthesize } from "../lib/dataset/synthetic.ts";
import type {
  BatchRef,
  Engine,
  EngineOptions,
  Hyper,
} from "../lib/engine/engine.ts";
import type { TrainState } from "../lib/model/init.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";

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
): Promise<TrainState> {
  const count = images.length / IMAGE_PIXELS;
  engine.setImages(images);
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
): Promise<void> {
  engine.setImages(images);
  engine.setOrder(inOrder(images.length / IMAGE_PIXELS));
  for (let step = first; step < first + steps; step++) {
    const at = (4 * step) % (images.length / IMAGE_PIXELS);
    await engine.trainStep({ first: at, count: 4, step }, hyper);
  }
}
