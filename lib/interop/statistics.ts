/**
 * Tells by the running statistics of a file's batch norms how a model was wired.
 *
 * @module
 */
import { BATCH_NORM } from "../model/spec.ts";
import type { Moments, Named, Wiring } from "./plain_model.ts";
import type { Known } from "./wirings.ts";

/**
 * How far from the statistics this project's wiring must be, in standard
 * deviations, how near another, and how many times nearer. (Of 90 models that are
 * right, after 1 to 1000 steps at learning rates of 0.001 and 0.01, none has come
 * after another activation so; Softplus and Sigmoid show from the first step on.)
 */
const FAR = 0.06, NEAR = 0.1, FACTOR = 2;

/** How near where outputs are to show it, too. */
const LOOSE = 0.2;

/** So much of the statistics the model has itself made that they show something. */
const LONG = 0.9;

/** What the running statistics of one half of a model say. */
export interface Comparison<T> {
  /** The wiring that they tell, where it is another than this project's. */
  readonly other?: T;
  /** Whether they tell this project's: images like MNIST's ran over it for a while. */
  readonly isShown: boolean;
}

/**
 * Compares the wirings that may have given batch norms their running statistics.
 *
 * What a norm is given follows from the weights before it, so each wiring says
 * what it would have run over: drawn digits do for images, since most of what any
 * layer sees is paper and edges. That no wiring explains is of other images.
 *
 * @param run Gives what the norms are given.
 */
export function compareWirings<T extends Pick<Known, "wiring">>(
  named: Named,
  others: readonly T[],
  run: (wiring: Wiring) => Iterable<Moments>,
): Comparison<T> {
  const runOver = 1 - initial(named, "encoder.2");
  if (runOver === 0) return { isShown: false };
  const own = distance(named, run({}));
  const isShown = runOver > LONG && own < NEAR;
  if (own < FAR * runOver) return { isShown };
  let other: T | undefined;
  let nearest = own / FACTOR;
  for (const candidate of others) {
    const { features, rows } = candidate.wiring;
    const near = features || rows ? LOOSE : NEAR;
    const limit = Math.min(near * runOver, nearest);
    const found = distance(named, run(candidate.wiring), limit);
    if (found < limit) [other, nearest] = [candidate, found];
  }
  return { isShown, ...(other && { other }) };
}

/**
 * How far running statistics are from moments, in standard deviations: the root of
 * the mean square.
 *
 * @param limit Beyond it the distance does not matter.
 */
function distance(
  named: Named,
  norms: Iterable<Moments>,
  limit = Infinity,
): number {
  let sum = 0, count = Infinity;
  for (const { name, means, variances } of norms) {
    const data = (leaf: string) => named.get(`${name}.${leaf}`)!.data;
    const running = {
      mean: data("running_mean"),
      variance: data("running_var"),
    };
    const left = initial(named, name);
    means.forEach((own, i) => {
      const mean = Number(running.mean[i]);
      const variance = Number(running.variance[i]);
      const expected = (1 - left) * variances[i] + left;
      const spread = Math.sqrt(variance + expected + BATCH_NORM.eps);
      sum += Math.min(1, Math.abs((mean - (1 - left) * own) / spread)) ** 2;
      const ratio = Math.log((variance + TINY) / (expected + TINY)) / 2;
      sum += Math.min(1, Math.abs(ratio)) ** 2;
    });
    count = COUNTS[name.startsWith("encoder") ? "encoder" : "decoder"];
    if (Math.sqrt(sum / count) > limit) return Infinity;
  }
  return Math.sqrt(sum / count);
}

/** Numbers that the norms of a half have run over: two of each channel. */
const COUNTS = { encoder: 2 * (16 + 32 + 64), decoder: 2 * (32 + 16) };

/** Variances below it are as good as none. */
const TINY = 1e-4;

/** How much of a norm's initial statistics is left: mean 0, variance 1. */
function initial(named: Named, norm: string): number {
  const batches = named.get(`${norm}.num_batches_tracked`)?.data[0];
  return (1 - BATCH_NORM.momentum) ** Number(batches ?? 0);
}
