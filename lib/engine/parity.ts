/**
 * Whether an engine's numbers are right, by comparison with another engine's.
 *
 * @module
 */
import { synthesize } from "../dataset/synthetic.ts";
import type { Engine, EngineOptions } from "./engine.ts";

/** The model and batch that {@linkcode runProbe} expects. */
export const PROBE: EngineOptions = {
  latentDim: 12,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 8,
  seed: 0,
};

/** What an engine computed for the same images, weights and noise. */
export interface Probe {
  /** μ and log σ² of the images, then their reconstructions. */
  readonly forward: Float32Array;
  /** Gradient of one training step. */
  readonly gradients: Float32Array;
  /** Parameters and running statistics after that step's Adam update. */
  readonly adam: Float32Array;
}

/** A part of a {@linkcode Probe}. */
export type ProbePart = keyof Probe;

/** The largest relative errors that float32 arithmetic in another order
 * explains. */
export const TOLERANCE: Readonly<Record<ProbePart, number>> = {
  forward: 1e-4,
  gradients: 1e-3,
  adam: 1e-3,
};

/**
 * Lets an engine made for {@linkcode PROBE} encode, decode and train one step.
 */
export async function runProbe(engine: Engine): Promise<Probe> {
  const { images } = synthesize(PROBE.batchSize, { seed: 0 });
  const { mu, logvar } = await engine.encode(images);
  const decoded = await engine.decode(mu);
  engine.setImages(images);
  engine.setOrder(Uint32Array.from({ length: PROBE.batchSize }, (_, i) => i));
  await engine.trainStep({ first: 0, count: PROBE.batchSize, step: 0 }, {
    beta: 1,
    capacity: 0,
    learningRate: 1e-3,
  });
  const { parameters, running, expAvg } = await engine.readState();
  return {
    forward: concat(mu, logvar, decoded),
    gradients: expAvg.map((m) => m / 0.1), // after one step m = (1 − β₁)·g
    adam: concat(parameters, running),
  };
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
  return difference / scale;
}

function concat(...parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
