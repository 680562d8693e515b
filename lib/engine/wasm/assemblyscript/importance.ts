// The importance-weighted bound (https://arxiv.org/abs/1509.00519): the weights of
// an image's draws, and the slopes that they scale.
import { exp, log } from "./functions";
import { lanes } from "./simd";
import { Job, Op } from "./words";

/**
 * A weight below this rounds off beside the others, and counts as 0: its square
 * times a slope may be denormal, which takes many times as long.
 */
const LEAST: f32 = 7.450580596923828e-9;

/**
 * From log p(z) − log q(z|x) of each draw (`from`) and −log p(x|z) (`other`),
 * both f64, the weights of an image's draws, divided by the number of images
 * (`to`), their squares, divided likewise (`extra`), and Σ −log of the mean weight
 * (`partial`).
 */
export function importance(
  op: Op,
  job: Job,
  ratios: usize,
  losses: usize,
  weights: usize,
  squares: usize,
  total: usize,
): void {
  const draws = op.rows, inverse: f32 = 1 / <f32> job.images;
  let bound: f64 = 0;
  for (let image = 0; image < job.images; image++) {
    let top: f64 = -Infinity;
    for (let draw = 0; draw < draws; draw++) {
      const at = draw << 3;
      top = max(top, load<f64>(ratios + at) - load<f64>(losses + at));
    }
    let sum: f32 = 0;
    for (let draw = 0; draw < draws; draw++) {
      const at = draw << 3;
      const x = <f32> (load<f64>(ratios + at) - load<f64>(losses + at) - top);
      const weight = f32x4.extract_lane(exp(f32x4.splat(x)), 0);
      store<f32>(weights + (draw << 2), weight);
      sum += weight;
    }
    for (let draw = 0; draw < draws; draw++) {
      const at = draw << 2;
      const weight = load<f32>(weights + at) / sum;
      const kept: f32 = weight < LEAST ? 0 : weight;
      store<f32>(weights + at, kept * inverse);
      store<f32>(squares + at, kept * kept * inverse);
    }
    bound -= top + f32x4.extract_lane(log(f32x4.splat(sum / <f32> draws)), 0);
    ratios += draws << 3, losses += draws << 3;
    weights += draws << 2, squares += draws << 2;
  }
  store<f64>(total, bound);
}

/**
 * to = from, each row times its weight (`weights`); the sum, the gradient of the
 * last bias, goes to `bias`.
 */
export function weigh(
  op: Op,
  rows: i32,
  from: usize,
  weights: usize,
  to: usize,
  bias: usize,
): void {
  let sum: f64 = 0;
  for (let row = 0; row < rows; row++) {
    const weight = v128.load32_splat(weights + (row << 2));
    let d = f32x4.splat(0);
    for (let at: usize = 0; at < <usize> op.columns << 2; at += 16) {
      const slope = f32x4.mul(weight, v128.load(from + at));
      v128.store(to + at, slope);
      d = f32x4.add(d, slope);
    }
    sum += lanes(d);
    from += op.fromRow, to += op.toRow;
  }
  store<f32>(bias, <f32> sum);
}
