/**
 * Batch normalisation, as PyTorch has it.
 *
 * @module
 */
import * as tf from "./tf.ts";
import { BATCH_NORM } from "../../model/spec.ts";

/** What a norm multiplies by and adds, and what it remembers. */
export interface Norm {
  readonly weight: tf.Tensor;
  readonly bias: tf.Tensor;
  readonly runningMean: tf.Variable;
  readonly runningVar: tf.Variable;
}

/** Whose mean and variance normalise. */
export type NormMode =
  /** The running ones. */
  | "evaluation"
  /** The batch's, which the running ones follow. */
  | "training"
  /** The batch's, once more: the running ones have followed. */
  | "again";

/**
 * Normalises each channel over batch and positions. The variance that
 * normalises is biased, the one that is remembered unbiased, as in PyTorch.
 */
export function batchNorm(
  x: tf.Tensor4D,
  { weight, bias, runningMean, runningVar }: Norm,
  mode: NormMode,
): tf.Tensor4D {
  const { eps, momentum } = BATCH_NORM;
  let mean: tf.Tensor = runningMean;
  let variance: tf.Tensor = runningVar;
  if (mode !== "evaluation") ({ mean, variance } = tf.moments(x, [0, 1, 2]));
  if (mode === "training") {
    const count = x.size / x.shape[3];
    const update = (old: tf.Variable, batch: tf.Tensor) =>
      old.assign(old.mul(1 - momentum).add(batch.mul(momentum)));
    update(runningMean, mean);
    update(runningVar, variance.mul(count / (count - 1)));
  }
  return x.sub(mean).mul(tf.rsqrt(variance.add(eps)).mul(weight)).add(bias);
}
