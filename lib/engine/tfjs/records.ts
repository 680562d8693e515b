/**
 * The losses of batches, which stay on the backend until somebody reads them.
 *
 * @module
 */
import * as tf from "./tf.ts";
import {
  addStep,
  batchLosses,
  type LossSums,
  noTrainLosses,
  type TrainLosses,
} from "../../model/losses.ts";
import type { EngineOptions, Hyper } from "../engine.ts";

/** A step whose losses nobody has read yet. */
export interface Unread {
  readonly step: number;
  readonly count: number;
  readonly hyper: Hyper;
  /** From {@linkcode sumsOf}. */
  readonly sums: tf.Tensor1D;
}

/**
 * Sums over a batch: the reconstruction, each dimension's KL, and the total if
 * there is one.
 *
 * @param reconstruction Of each image and draw [n, K], of which the mean counts.
 * @param kl [n, latentDim]
 * @param total The batch's mean.
 */
export function sumsOf(
  reconstruction: tf.Tensor2D,
  kl: tf.Tensor2D,
  total: tf.Scalar = tf.scalar(0),
): tf.Tensor1D {
  const [count] = kl.shape;
  return tf.concat([
    tf.sum(tf.mean(reconstruction, 1)).reshape<tf.Tensor1D>([1]),
    tf.sum<tf.Tensor1D>(kl, 0),
    total.mul(count).reshape<tf.Tensor1D>([1]),
  ]);
}

/** Reads sums with a single wait, and disposes them. */
export async function readSums(
  vectors: readonly tf.Tensor1D[],
): Promise<Float32Array[]> {
  if (vectors.length === 0) return [];
  const values = await read(tf.stack([...vectors]));
  const [width] = vectors[0].shape;
  tf.dispose([...vectors]);
  return vectors.map((_, i) => values.subarray(i * width, (i + 1) * width));
}

/** The terms of the losses of so many images, from their sums. */
export function termsOf(
  sums: Float32Array,
  images: number,
): Omit<LossSums, "total"> {
  return {
    images,
    reconstruction: sums[0],
    klPerDimension: Float64Array.from(sums.subarray(1, -1)),
  };
}

/** Reads the losses of steps. */
export async function readSteps(
  unread: readonly Unread[],
  options: Required<EngineOptions>,
): Promise<TrainLosses> {
  const rows = await readSums(unread.map(({ sums }) => sums));
  const losses = noTrainLosses(options.latentDim);
  unread.forEach(({ step, count, hyper }, i) => {
    const terms = termsOf(rows[i], count);
    const batch = options.objective === "elbo"
      ? batchLosses(terms, hyper, options)
      : { ...terms, total: rows[i].at(-1)! };
    addStep(losses, step, batch);
  });
  return losses;
}

/** Waits for a tensor's values and disposes it. */
export async function read(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<"float32">();
  } finally {
    tensor.dispose();
  }
}
