// Reconstruction losses over one shard, with their gradients.
import { exp, log } from "./functions";
import { lanes } from "./simd";
import { Job, Op } from "./words";

/**
 * Σ loss of the outputs (`from`, rows from `first` on) given the images
 * (`op.other`), as f64 at `partial`, and the gradient of its mean over the
 * batch's rows at `to`, whose sum, the gradient of the last bias, goes to `bias`.
 *
 * If rows are to be weighed, the loss of each goes to `losses`, summed in f64 for
 * its exponential is taken, and the gradient is that of its own loss.
 */
export function loss(
  op: Op,
  job: Job,
  first: i32,
  rows: i32,
  from: usize,
  to: usize,
  losses: usize,
  partial: usize,
  bias: usize,
): void {
  const inverse = f32x4.splat(losses ? 1 : 1 / <f32> (job.images * op.draws));
  let sum: f64 = 0, biasSum: f64 = 0;
  for (let row = first; row < first + rows; row++) {
    const other = op.other + <usize> (row / op.draws) * op.otherRow;
    let s = f32x4.splat(0), d = s, whole = f64x2.splat(0);
    for (let at: usize = 0; at < <usize> op.columns << 2; at += 16) {
      const y = v128.load(from + at), x = v128.load(other + at);
      let slope: v128;
      if (job.crossEntropy) {
        // max(y, 0) − y·x + log(1 + e^−|y|): no overflow for any logit.
        const e = exp(f32x4.neg(f32x4.abs(y)));
        const one = f32x4.splat(1), onePlus = f32x4.add(one, e);
        const positive = f32x4.pmax(y, f32x4.splat(0));
        s = f32x4.add(s, f32x4.sub(positive, f32x4.mul(y, x)));
        s = f32x4.add(s, log(onePlus));
        // deno-fmt-ignore
        const top = v128.bitselect(one, e, f32x4.ge(y, f32x4.splat(0)));
        slope = f32x4.sub(f32x4.div(top, onePlus), x);
      } else {
        const error = f32x4.sub(y, x);
        s = f32x4.add(s, f32x4.mul(error, error));
        slope = f32x4.add(error, error);
      }
      slope = f32x4.mul(slope, inverse);
      v128.store(to + at, slope);
      d = f32x4.add(d, slope);
      if (losses) whole = f64x2.add(whole, pairs(s)), s = f32x4.splat(0);
    }
    let rowSum = lanes(s);
    if (losses) {
      rowSum = f64x2.extract_lane(whole, 0) + f64x2.extract_lane(whole, 1);
      store<f64>(losses, rowSum), losses += op.extraRow;
    }
    sum += rowSum, biasSum += lanes(d);
    from += op.fromRow, to += op.toRow;
  }
  store<f64>(partial, sum);
  if (bias) store<f32>(bias, <f32> biasSum);
}

/** The sums of the first two lanes with the last two, in double precision. */
// @ts-ignore: decorator
@inline
function pairs(x: v128): v128 {
  const low = f64x2.promote_low_f32x4(x);
  return f64x2.add(low, f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0)));
}

/** Σ loss over all shards, of the mean of an image's draws, to `to`. */
export function lossTotal(op: Op, shards: i32): void {
  let sum: f64 = 0;
  for (let shard = 0; shard < shards; shard++) {
    sum += load<f64>(op.partial + shard * op.partialShard);
  }
  store<f64>(op.to, sum / op.draws);
}

/**
 * −log p(x|z) of each image up to a constant, as f64 at `to`: the loss of the
 * outputs (`from`) given the images (`other`), summed in f64.
 */
export function score(
  op: Op,
  job: Job,
  images: i32,
  from: usize,
  other: usize,
  to: usize,
): void {
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  for (let image = 0; image < images; image++) {
    let low = f64x2.splat(0), high = low;
    for (let at: usize = 0; at < <usize> op.columns << 2; at += 16) {
      const y = v128.load(from + at), x = v128.load(other + at);
      let s: v128;
      if (job.crossEntropy) {
        const e = exp(f32x4.neg(f32x4.abs(y)));
        s = f32x4.sub(f32x4.pmax(y, zero), f32x4.mul(y, x));
        s = f32x4.add(s, log(f32x4.add(one, e)));
      } else {
        const error = f32x4.sub(y, x);
        s = f32x4.mul(error, error);
      }
      low = f64x2.add(low, f64x2.promote_low_f32x4(s));
      // deno-fmt-ignore
      high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i64>(s, s, 1, 0)));
    }
    const sum = f64x2.add(low, high);
    store<f64>(to, f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
    from += op.fromRow, other += op.otherRow, to += op.toRow;
  }
}

/** Logits to pixel means, in place. */
export function sigmoid(op: Op, images: i32, to: usize): void {
  const one = f32x4.splat(1);
  for (let image = 0; image < images; image++) {
    for (let at: usize = 0; at < <usize> op.columns << 2; at += 16) {
      const e = exp(f32x4.neg(v128.load(to + at)));
      v128.store(to + at, f32x4.div(one, f32x4.add(one, e)));
    }
    to += op.toRow;
  }
}
