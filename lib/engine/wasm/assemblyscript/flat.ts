// Passes over flat arrays: the sum of the shards' gradients, Adam, and the
// packing of weights into panels.
import { ADAM_EPS } from "../../../model/constants";
import { madd } from "./simd";
import { Job, Op, Size } from "./words";

const BLOCK: i32 = Size.block;

/** to = Σ partial over the shards, in their order; one unit is a block. */
export function reduce(op: Op, unit: i32, shards: i32): void {
  const start = <usize> (unit * BLOCK) << 2;
  const end = <usize> min(op.columns, (unit + 1) * BLOCK) << 2;
  for (let at = start; at < end; at += 16) {
    let from = op.partial + at;
    let sum = v128.load(from);
    for (let shard = 1; shard < shards; shard++) {
      from += op.partialShard;
      sum = f32x4.add(sum, v128.load(from));
    }
    v128.store(op.to + at, sum);
  }
}

/**
 * Adam (https://arxiv.org/abs/1412.6980) as PyTorch writes it. `from` is the
 * gradient, `to` the parameters, `weight` and `bias` the two moments.
 */
export function adam(op: Op, job: Job, unit: i32): void {
  const start = <usize> (unit * BLOCK) << 2;
  const end = <usize> min(op.columns, (unit + 1) * BLOCK) << 2;
  const keep1 = f32x4.splat(job.beta1), take1 = f32x4.splat(job.rest1);
  const keep2 = f32x4.splat(job.beta2), take2 = f32x4.splat(job.rest2);
  const correction = f32x4.splat(job.secondCorrection);
  const eps = f32x4.splat(<f32> ADAM_EPS);
  const stepSize = f32x4.splat(job.stepSize * op.factor);
  for (let at = start; at < end; at += 16) {
    const g = v128.load(op.from + at);
    const m = madd(v128.load(op.weight + at), keep1, f32x4.mul(g, take1));
    const g2 = f32x4.mul(f32x4.mul(g, g), take2);
    const v = madd(v128.load(op.bias + at), keep2, g2);
    v128.store(op.weight + at, m);
    v128.store(op.bias + at, v);
    const root = madd(f32x4.sqrt(v), correction, eps);
    const update = f32x4.mul(stepSize, f32x4.div(m, root));
    v128.store(op.to + at, f32x4.sub(v128.load(op.to + at), update));
  }
}

/**
 * Panels [columns / 8][rows, made a multiple of 4][8] of a matrix whose steps between rows
 * and columns are given in elements; what is beyond the matrix is zero. A norm
 * scales the rows, if there is one (and columns that are not next to each other).
 */
export function pack(op: Op): void {
  const rows = op.rows, columns = op.columns;
  const rowStep = <usize> op.rowStep << 2, columnStep = <usize> op.columnStep << 2;
  let panel = op.to;
  for (let first = 0; first < columns; first += 8) {
    const width = min(8, columns - first);
    let from = op.from + first * columnStep, to = panel, row = 0;
    if (width == 8 && columnStep == 4) {
      for (; row < rows; row++) {
        v128.store(to, v128.load(from)), v128.store(to, v128.load(from, 16), 16);
        from += rowStep, to += 32;
      }
    } else if (width == 8 && rowStep == 4) {
      for (; row + 4 <= rows; row += 4) {
        const scale = op.norm ? v128.load(op.norm + (row << 2)) : f32x4.splat(1);
        transpose(from, columnStep, scale, to);
        transpose(from + 4 * columnStep, columnStep, scale, to + 16);
        from += 16, to += 128;
      }
    }
    for (; row < rows; row++) {
      const scale: f32 = op.norm ? load<f32>(op.norm + (row << 2)) : 1;
      memory.fill(to, 0, 32);
      for (let column = 0; column < width; column++) {
        store<f32>(to + (column << 2), scale * load<f32>(from + column * columnStep));
      }
      from += rowStep, to += 32;
    }
    if (rows & 3) memory.fill(to, 0, (4 - (rows & 3)) << 5);
    panel += op.panelStep;
  }
}

/** Four rows of four columns, each column scaled, to rows of a panel. */
// @ts-ignore: decorator
@inline
function transpose(from: usize, columnStep: usize, scale: v128, to: usize): void {
  const a = f32x4.mul(v128.load(from), scale);
  const b = f32x4.mul(v128.load(from + columnStep), scale);
  const c = f32x4.mul(v128.load(from + 2 * columnStep), scale);
  const d = f32x4.mul(v128.load(from + 3 * columnStep), scale);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7), CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7), 96);
}

/**
 * The bias of each kind of place (see `kindOf`) of a stage whose input has a norm:
 * its own, and what the norm's shift becomes by the taps that reach such a place.
 * Without a bias, that of each tap alone.
 */
export function foldBias(op: Op): void {
  const L = op.largeChannels, S = op.smallChannels;
  const shift = op.norm + (S << 2);
  let to = op.to;
  for (let kind = 0; kind < 9; kind++) {
    for (let c = 0; c < L; c++) {
      let sum: f64 = op.bias ? load<f32>(op.bias + (c << 2)) : 0;
      for (let tap = 0; tap < 9; tap++) {
        const isIn = op.bias
          ? reaches(tap / 3, kind / 3) && reaches(tap % 3, kind % 3)
          : tap == kind;
        if (!isIn) continue;
        const weights = op.from + (((tap * L + c) * S) << 2);
        for (let s: usize = 0; s < <usize> S << 2; s += 4) {
          sum += <f64> load<f32>(shift + s) * load<f32>(weights + s);
        }
      }
      store<f32>(to, <f32> sum);
      to += 4;
    }
  }
}

function reaches(tap: i32, kind: i32): bool {
  return kind == 0 ? tap == 1 : kind == 1 ? tap != 1 : tap == 2;
}
