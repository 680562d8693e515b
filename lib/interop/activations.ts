/**
 * Tells by the running statistics of a file's batch norms whether a ReLU came
 * before them.
 *
 * @module
 */
import { BATCH_NORM } from "../model/spec.ts";
import type { Activation, Moments, Named } from "./plain_model.ts";

/** The model's own. */
export const relu: Activation = (x) => Math.max(0, x);

const sigmoid: Activation = (x) => 1 / (1 + Math.exp(-x));
const relu6: Activation = (x) => Math.min(6, Math.max(0, x));

/** What other models have there, by PyTorch's names. */
const OTHERS: Readonly<Record<string, Activation>> = {
  Softplus: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  Sigmoid: sigmoid,
  Hardsigmoid: (x) => relu6(x + 3) / 6,
  ReLU6: relu6,
  "LeakyReLU(0.01)": (x) => x > 0 ? x : 0.01 * x,
  "LeakyReLU(0.2)": (x) => x > 0 ? x : 0.2 * x,
  ELU: (x) => x > 0 ? x : Math.expm1(x),
  SiLU: (x) => x * sigmoid(x),
  // Its usual approximation: Hendrycks & Gimpel 2016, section 2.
  GELU: (x) => x * sigmoid(1.702 * x),
  Hardswish: (x) => x * relu6(x + 3) / 6,
  Tanh: Math.tanh,
};

/**
 * How far from the statistics a ReLU must be, in standard deviations, how near
 * another activation, and how many times nearer. (Of 90 models with ReLUs, after
 * 1 to 1000 steps at learning rates of 0.001 and 0.01, none is so; Softplus and
 * Sigmoid are from the first step on.)
 */
const FAR = 0.06, NEAR = 0.1, FACTOR = 2;

/**
 * Says which activation has given batch norms their running statistics, where it
 * was another than the ReLU.
 *
 * What a norm is given follows from the weights before it, so each activation
 * says what it would have run over: drawn digits do for images, since most of
 * what any layer sees is paper and edges. That no activation explains is of other
 * images.
 *
 * @param run Gives what the norms are given with an activation.
 * @returns Nothing where a ReLU may have.
 */
export function otherActivation(
  named: Named,
  run: (activation: Activation) => readonly Moments[],
): string | undefined {
  const runOver = 1 - initial(named, "encoder.2");
  if (runOver === 0) return;
  const own = distance(named, run(relu));
  if (own < FAR * runOver) return;
  const others = Object.entries(OTHERS).map(([name, activation]) => ({
    name,
    distance: distance(named, run(activation)),
  }));
  const best = others.reduce((a, b) => b.distance < a.distance ? b : a);
  const isNear = best.distance < Math.min(NEAR * runOver, own / FACTOR);
  return isNear ? best.name : undefined;
}

/**
 * How far running statistics are from moments, in standard deviations: the root of
 * the mean square.
 */
function distance(named: Named, norms: readonly Moments[]): number {
  const all = norms.flatMap(({ name, means, variances }) => {
    const data = (leaf: string) => named.get(`${name}.${leaf}`)!.data;
    const running = {
      mean: data("running_mean"),
      variance: data("running_var"),
    };
    const left = initial(named, name);
    return means.flatMap((own, i) => {
      const mean = Number(running.mean[i]);
      const variance = Number(running.variance[i]);
      const expected = (1 - left) * variances[i] + left;
      const spread = Math.sqrt(variance + expected + BATCH_NORM.eps);
      return [
        (mean - (1 - left) * own) / spread,
        Math.log((variance + TINY) / (expected + TINY)) / 2,
      ].map((x) => Math.min(1, Math.abs(x)));
    });
  });
  return Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length);
}

/** Variances below it are as good as none. */
const TINY = 1e-4;

/** How much of a norm's initial statistics is left: mean 0, variance 1. */
function initial(named: Named, norm: string): number {
  const batches = named.get(`${norm}.num_batches_tracked`)?.data[0];
  return (1 - BATCH_NORM.momentum) ** Number(batches ?? 0);
}
