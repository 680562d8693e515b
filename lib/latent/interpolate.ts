/**
 * Finds ways from one latent to another.
 *
 * @module
 */

/** Along the straight line, or along the arc around the origin. */
export type InterpolationMode = "linear" | "slerp";

/**
 * Returns the latents on the way from one to another, both ends included and
 * exact.
 *
 * `slerp` turns the direction at an even pace (Shoemake 1985, "Animating
 * rotation with quaternion curves") while the length changes linearly. Unlike
 * the straight line it does not pass nearer to the origin than a prior of many
 * dimensions ever is (White 2016, https://arxiv.org/abs/1609.04468). Between
 * opposite directions one of the equally short arcs is taken; where there is
 * none, in one dimension or from the origin itself, it is the straight line.
 *
 * @param from [d]
 * @param to [d]
 * @param steps How many latents, at least 2.
 * @param mode The straight line, unless given, or the arc.
 * @returns [steps, d]
 * @throws {RangeError} If the lengths differ or there are fewer than 2 steps.
 *
 * @example
 * ```ts
 * import { interpolate } from "@vae/mnist";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const way = interpolate([2, 0], [0, 2], 3, "slerp");
 * assertAlmostEquals(Math.hypot(way[2], way[3]), 2, 1e-6);
 * ```
 */
export function interpolate(
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  steps: number,
  mode: InterpolationMode = "linear",
): Float32Array {
  const d = from.length;
  if (to.length !== d) {
    throw new RangeError(
      `there is no way from a latent of ${d} dimensions to one of ${to.length}`,
    );
  }
  if (!Number.isInteger(steps) || steps < 2) {
    throw new RangeError(
      `an interpolation takes a whole number of at least 2 steps, not ${steps}`,
    );
  }
  const [a, b] = [Float64Array.from(from), Float64Array.from(to)];
  const at = mode === "slerp" ? arc(a, b) ?? line(a, b) : line(a, b);
  const way = new Float32Array(steps * d);
  for (let i = 1; i < steps - 1; i++) way.set(at(i / (steps - 1)), i * d);
  way.set(a);
  way.set(b, (steps - 1) * d);
  return way;
}

/** Where a way is at time t, from 0 to 1. */
type Way = (t: number) => Float64Array;

function line(a: Float64Array, b: Float64Array): Way {
  return (t) => a.map((from, k) => from + t * (b[k] - from));
}

/**
 * Returns the arc cos(tω)·u + sin(tω)·v, with v ⟂ u in the plane of both ends;
 * nothing where there is none.
 */
function arc(a: Float64Array, b: Float64Array): Way | undefined {
  const [lengthA, lengthB] = [length(a), length(b)];
  if (lengthA === 0 || lengthB === 0) return undefined;
  const u = a.map((x) => x / lengthA);
  const cos = dot(u, b) / lengthB;
  let v = across(u, b.map((x) => x / lengthB));
  const sin = length(v);
  if (sin < 1e-9) {
    if (cos > 0) return undefined; // one direction: the line is the arc
    const least = u.reduce((at, x, k) => x ** 2 < u[at] ** 2 ? k : at, 0);
    v = across(u, u.map((_, k) => Number(k === least)));
  }
  const lengthV = length(v);
  if (lengthV < 1e-9) return undefined;
  const angle = Math.atan2(sin, cos);
  return (t) => {
    const radius = lengthA + t * (lengthB - lengthA);
    const alongU = radius * Math.cos(t * angle);
    const alongV = radius * Math.sin(t * angle) / lengthV;
    return u.map((x, k) => alongU * x + alongV * v[k]);
  };
}

/** Returns `b` without its part along the unit vector `u`. */
function across(u: Float64Array, b: Float64Array): Float64Array {
  const along = dot(u, b);
  return b.map((x, k) => x - along * u[k]);
}

function length(a: Float64Array): number {
  return Math.hypot(...a);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, k) => sum + x * b[k], 0);
}
