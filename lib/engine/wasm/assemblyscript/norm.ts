// Batch normalisation (https://arxiv.org/abs/1502.03167). The coefficients of a
// layer are five vectors of `columns` channels: scale and shift of the forward
// pass, then incoming, value and constant of the gradient. Behind them lie the
// batch's mean and 1/σ of each channel, as f64.
import { NORM_EPS, NORM_MOMENTUM } from "../../../model/constants";
import { Op } from "./words";
import { madd } from "./simd";

/**
 * How many places are summed in f32 before they go to f64. Whole images in f32
 * would make the gradients ten times less exact, through the variances.
 */
const RUN: i32 = 14;

/** Bytes of the channels that are worked on at a time: one line of the cache. */
const LINE: usize = 64;

/** Σ from and Σ from·other over one shard, per channel, as f64. */
export function sums(
  op: Op,
  images: i32,
  from: usize,
  other: usize,
  to: usize,
): void {
  const channels = op.columns;
  const row = <usize> channels << 2;
  memory.fill(to, 0, channels << 4);
  for (let image = 0; image < images; image++) {
    for (let at: usize = 0; at < row; at += LINE) {
      let a = from + at, b = other + at;
      const sum = to + 2 * at, products = sum + 2 * row;
      for (let place = 0; place < op.rows; place += RUN) {
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
        let p0 = s0, p1 = s0, p2 = s0, p3 = s0;
        for (let left = min(RUN, op.rows - place); left; left--) {
          const x0 = v128.load(a), x1 = v128.load(a, 16);
          s0 = f32x4.add(s0, x0), s1 = f32x4.add(s1, x1);
          p0 = madd(x0, v128.load(b), p0), p1 = madd(x1, v128.load(b, 16), p1);
          const x2 = v128.load(a, 32), x3 = v128.load(a, 48);
          s2 = f32x4.add(s2, x2), s3 = f32x4.add(s3, x3);
          p2 = madd(x2, v128.load(b, 32), p2), p3 = madd(x3, v128.load(b, 48), p3);
          a += row, b += row;
        }
        accumulate(sum, s0), accumulate(sum + 32, s1);
        accumulate(sum + 64, s2), accumulate(sum + 96, s3);
        accumulate(products, p0), accumulate(products + 32, p1);
        accumulate(products + 64, p2), accumulate(products + 96, p3);
      }
    }
    from += op.fromRow, other += op.otherRow;
  }
}

// @ts-ignore: decorator
@inline
function accumulate(to: usize, x: v128): void {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0));
  v128.store(to, f64x2.add(v128.load(to), low));
  v128.store(to, f64x2.add(v128.load(to, 16), high), 16);
}

/** The sum over shards of one f64, in the order of the shards. */
// @ts-ignore: decorator
@inline
function total(op: Op, shards: i32, index: i32): f64 {
  let sum: f64 = 0;
  for (let shard = 0; shard < shards; shard++) {
    sum += load<f64>(op.partial + shard * op.partialShard + (index << 3));
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function moment(op: Op, c: i32): usize {
  return op.norm + 20 * op.columns + (c << 4);
}

/** Scale and shift from the batch's moments, and the running statistics. */
export function moments(op: Op, images: i32, shards: i32): void {
  const channels = op.columns, n = <f64> images * op.rows;
  for (let c = 0; c < channels; c++) {
    const mean = total(op, shards, c) / n;
    const variance = max(0, total(op, shards, channels + c) / n - mean * mean);
    coefficients(op, c, mean, variance);
    store<f64>(moment(op, c), mean);
    store<f64>(moment(op, c), 1 / sqrt(variance + NORM_EPS), 8);
    const running = op.running + (c << 2);
    const runningVariance = running + (channels << 2);
    follow(running, mean);
    follow(runningVariance, variance * n / (n - 1));
  }
}

// @ts-ignore: decorator
@inline
function follow(at: usize, value: f64): void {
  store<f32>(at, <f32> (<f64> load<f32>(at) * (1 - NORM_MOMENTUM) + value * NORM_MOMENTUM));
}

/** Scale and shift from the running statistics. */
export function inferenceMoments(op: Op): void {
  const channels = op.columns;
  for (let c = 0; c < channels; c++) {
    const running = op.running + (c << 2);
    // deno-fmt-ignore
    coefficients(op, c, load<f32>(running), load<f32>(running + (channels << 2)));
  }
}

// @ts-ignore: decorator
@inline
function coefficients(op: Op, c: i32, mean: f64, variance: f64): void {
  const at = op.norm + (c << 2);
  const scale = <f64> load<f32>(op.gamma + (c << 2)) / sqrt(variance + NORM_EPS);
  store<f32>(at, <f32> scale);
  // deno-fmt-ignore
  store<f32>(at + (op.columns << 2), <f32> (load<f32>(op.beta + (c << 2)) - mean * scale));
}

/** to = from · scale + shift. */
export function normalise(op: Op, images: i32, from: usize, to: usize): void {
  const row = <usize> op.columns << 2;
  for (let image = 0; image < images; image++) {
    for (let at: usize = 0; at < row; at += LINE) {
      const scale = op.norm + at, shift = scale + row;
      const scale0 = v128.load(scale), scale1 = v128.load(scale, 16);
      const scale2 = v128.load(scale, 32), scale3 = v128.load(scale, 48);
      const shift0 = v128.load(shift), shift1 = v128.load(shift, 16);
      const shift2 = v128.load(shift, 32), shift3 = v128.load(shift, 48);
      let a = from + at, b = to + at;
      for (let place = 0; place < op.rows; place++) {
        v128.store(b, madd(v128.load(a), scale0, shift0));
        v128.store(b, madd(v128.load(a, 16), scale1, shift1), 16);
        v128.store(b, madd(v128.load(a, 32), scale2, shift2), 32);
        v128.store(b, madd(v128.load(a, 48), scale3, shift3), 48);
        a += row, b += row;
      }
    }
    from += op.fromRow, to += op.toRow;
  }
}

/**
 * The gradients of γ and β from Σ d and Σ d·h, and the coefficients of
 * dh = γ/σ · (d − mean(d) − x̂ · mean(d·x̂)) as a sum in d, h and 1.
 */
export function normGradient(op: Op, images: i32, shards: i32): void {
  const channels = op.columns, n = <f64> images * op.rows;
  const row = <usize> channels << 2;
  for (let c = 0; c < channels; c++) {
    const mean = load<f64>(moment(op, c)), inverse = load<f64>(moment(op, c), 8);
    const dBeta = total(op, shards, c);
    const dGamma = (total(op, shards, channels + c) - mean * dBeta) * inverse;
    const gamma = op.gamma + (c << 2), beta = op.beta + (c << 2);
    const incoming = <f64> load<f32>(gamma) * inverse;
    const value = -incoming * inverse * dGamma / n;
    const at = op.norm + 2 * row + (c << 2);
    store<f32>(at, <f32> incoming);
    store<f32>(at + row, <f32> value);
    store<f32>(at + 2 * row, <f32> (-incoming * dBeta / n - value * mean));
    store<f32>(op.to + (c << 2), <f32> dGamma);
    store<f32>(op.other + (c << 2), <f32> dBeta);
  }
}

/**
 * Turns the gradient of a normalised activation, in place, into that of the
 * value before the ReLU; sums it into the gradient of the bias at `partial`.
 */
export function normBackward(
  op: Op,
  images: i32,
  from: usize,
  gradient: usize,
  partial: usize,
): void {
  const row = <usize> op.columns << 2;
  const zero = f32x4.splat(0);
  memory.fill(partial, 0, row);
  for (let image = 0; image < images; image++) {
    for (let at: usize = 0; at < row; at += 32) {
      const n = op.norm + at;
      const incoming0 = v128.load(n + 2 * row), incoming1 = v128.load(n + 2 * row, 16);
      const value0 = v128.load(n + 3 * row), value1 = v128.load(n + 3 * row, 16);
      const constant0 = v128.load(n + 4 * row), constant1 = v128.load(n + 4 * row, 16);
      let h = from + at, d = gradient + at, sum0 = zero, sum1 = zero;
      for (let place = 0; place < op.rows; place++) {
        const x0 = v128.load(h), x1 = v128.load(h, 16);
        let y0 = madd(v128.load(d), incoming0, madd(x0, value0, constant0));
        let y1 = madd(v128.load(d, 16), incoming1, madd(x1, value1, constant1));
        y0 = v128.and(y0, f32x4.gt(x0, zero));
        y1 = v128.and(y1, f32x4.gt(x1, zero));
        v128.store(d, y0), v128.store(d, y1, 16);
        sum0 = f32x4.add(sum0, y0), sum1 = f32x4.add(sum1, y1);
        h += row, d += row;
      }
      const to = partial + at;
      v128.store(to, f32x4.add(v128.load(to), sum0));
      v128.store(to, f32x4.add(v128.load(to, 16), sum1), 16);
    }
    from += op.fromRow, gradient += op.toRow;
  }
}
