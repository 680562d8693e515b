/**
 * Minimises smooth convex functions.
 *
 * @module
 */
import type { Tick } from "./estimate.ts";

/** Pairs of steps and changes of slope that are remembered. */
const MEMORY = 10;

/** The share of the descent that the slope promises which a step must reach. */
const ENOUGH = 1e-4;

/** When {@linkcode minimize} stops. */
export interface Stopping {
  /** The largest slope along a coordinate that counts as none. */
  readonly tolerance?: number;
  /** Steps after which it stops anyway. */
  readonly iterations?: number;
  /** Told how far the work is. */
  readonly tick?: Tick;
}

/**
 * Finds the minimum by L-BFGS with steps halved until they descend enough
 * (Nocedal & Wright 2006, "Numerical Optimization", algorithms 3.1, 7.4 and
 * 7.5).
 *
 * @param f Returns its value at a point and fills in its gradient there.
 * @param start Where to begin.
 * @returns Where the gradient has vanished.
 */
export async function minimize(
  f: (x: Float64Array, gradient: Float64Array) => number,
  start: Float64Array,
  { tolerance = 1e-6, iterations = 1000, tick }: Stopping = {},
): Promise<Float64Array> {
  let x = start, gradient = new Float64Array(x.length);
  let value = f(x, gradient);
  const slope = largest(gradient);
  const pairs: { step: Float64Array; change: Float64Array }[] = [];
  for (let i = 0; i < iterations && largest(gradient) > tolerance; i++) {
    const direction = descent(gradient, pairs);
    const descends = dot(direction, gradient);
    let size = pairs.length > 0 ? 1 : 1 / Math.sqrt(dot(gradient, gradient));
    const next = new Float64Array(x.length);
    const nextGradient = new Float64Array(x.length);
    let nextValue = Infinity;
    for (; size > 1e-12; size /= 2) {
      for (let j = 0; j < x.length; j++) next[j] = x[j] + size * direction[j];
      nextValue = f(next, nextGradient);
      if (nextValue <= value + ENOUGH * size * descends) break;
    }
    if (nextValue >= value) break; // as flat as its own rounding
    const step = next.map((v, j) => v - x[j]);
    const change = nextGradient.map((g, j) => g - gradient[j]);
    if (dot(step, change) > 0) pairs.push({ step, change });
    if (pairs.length > MEMORY) pairs.shift();
    [x, gradient, value] = [next, nextGradient, nextValue];
    // The slope falls by about the same factor each time.
    const fallen = Math.log(slope / largest(gradient));
    await tick?.(
      Math.max(0, Math.min(1, fallen / Math.log(slope / tolerance))),
    );
  }
  return x;
}

/**
 * Returns the direction of the next step: −H·gradient, where H is the inverse
 * Hessian as the pairs of steps and changes of slope tell it.
 */
function descent(
  gradient: Float64Array,
  pairs: readonly { step: Float64Array; change: Float64Array }[],
): Float64Array {
  const result = gradient.map((g) => -g);
  const weights = pairs.map(() => 0);
  for (let p = pairs.length - 1; p >= 0; p--) {
    const { step, change } = pairs[p];
    weights[p] = dot(step, result) / dot(step, change);
    addScaled(result, change, -weights[p]);
  }
  const last = pairs.at(-1);
  if (last) {
    const { step, change } = last;
    const scale = dot(step, change) / dot(change, change);
    for (let j = 0; j < result.length; j++) result[j] *= scale;
  }
  pairs.forEach(({ step, change }, p) => {
    const weight = dot(change, result) / dot(step, change);
    addScaled(result, step, weights[p] - weight);
  });
  return result;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}

function addScaled(to: Float64Array, from: Float64Array, by: number): void {
  for (let j = 0; j < to.length; j++) to[j] += by * from[j];
}

function largest(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}
