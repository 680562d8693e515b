// The matrix product behind every forward pass and input gradient.
//
//   to[row][0..7] = bias + Σ_run Σ_k a[row][run][k] · weights[run][k][0..7]
//
// A run is a stretch of k neighbouring inputs, `aStep` bytes after the last one:
// a linear layer has one, a convolution one for each row of its kernel.
//
// The tile of 4 rows × 2 vectors is made for V8's code: its 8 sums just hide the
// latency of the additions, and leave room for 2 weights and an input in the 15
// registers that there are; 6 rows spill. Each input is spread by its load.
// Shuffles of four that were loaded together save accesses, each of which Deno's
// V8 checks, but share their ports with the multiply-adds: on AMD's Zen 5 the
// loads reach 63 GFLOP/s a core where shuffles stop at 57, of 70.
import { madd } from "./simd";

/**
 * `columns` columns, made a multiple of eight, for `rows` rows. Strides and steps are
 * in bytes, `bPanel` from a panel of weights to the next; k is a multiple of
 * four (the weights are packed with zeros where it would not be, and what is
 * read of the inputs there need only be finite).
 */
export function product(
  rows: i32,
  columns: i32,
  a: usize,
  aRow: usize,
  runs: i32,
  aStep: usize,
  weights: usize,
  bStep: usize,
  bPanel: usize,
  k: i32,
  bias: usize,
  relu: bool,
  to: usize,
  toRow: usize,
): void {
  const last = rows - 1;
  if ((rows & 3) == 1) {
    // deno-fmt-ignore
    productRow(columns, a + last * aRow, runs, aStep, weights, bStep, bPanel, k, bias, relu, to + last * toRow);
    rows = last;
  }
  const zero = f32x4.splat(0);
  const length: usize = k << 2;
  const aBack = runs * aStep;
  aStep -= length;
  bPanel -= runs * bStep;
  bStep -= length << 3;
  const width: usize = columns << 2;
  for (let row = 0; row < rows; row += 4) {
    // Past the end a tile repeats the last row: the sums that a smaller tile
    // would save are hidden by the latency of the others.
    const row1 = min(row + 1, last);
    const row2 = min(row + 2, last);
    const row3 = min(row + 3, last);
    let a0 = a + row * aRow, a1 = a + row1 * aRow;
    let a2 = a + row2 * aRow, a3 = a + row3 * aRow;
    let to0 = to + row * toRow, to1 = to + row1 * toRow;
    let to2 = to + row2 * toRow, to3 = to + row3 * toRow;
    let b = weights, d = bias;
    const stop = to0 + width;
    do {
      let c00 = zero, c01 = zero;
      if (bias) {
        c00 = v128.load(d);
        c01 = v128.load(d, 16);
        d += 32;
      }
      let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
      let b0 = zero, b1 = zero, x = zero;
      for (let run = runs; run; run--) {
        const end = a0 + length;
        do {
          b0 = v128.load(b), b1 = v128.load(b, 16);
          x = v128.load32_splat(a0);
          c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
          x = v128.load32_splat(a1);
          c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
          x = v128.load32_splat(a2);
          c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
          x = v128.load32_splat(a3);
          c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
          b0 = v128.load(b, 32), b1 = v128.load(b, 48);
          x = v128.load32_splat(a0, 4);
          c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
          x = v128.load32_splat(a1, 4);
          c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
          x = v128.load32_splat(a2, 4);
          c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
          x = v128.load32_splat(a3, 4);
          c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
          b0 = v128.load(b, 64), b1 = v128.load(b, 80);
          x = v128.load32_splat(a0, 8);
          c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
          x = v128.load32_splat(a1, 8);
          c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
          x = v128.load32_splat(a2, 8);
          c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
          x = v128.load32_splat(a3, 8);
          c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
          b0 = v128.load(b, 96), b1 = v128.load(b, 112);
          x = v128.load32_splat(a0, 12);
          c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
          x = v128.load32_splat(a1, 12);
          c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
          x = v128.load32_splat(a2, 12);
          c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
          x = v128.load32_splat(a3, 12);
          c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
          a0 += 16, a1 += 16, a2 += 16, a3 += 16, b += 128;
        } while (a0 != end);
        a0 += aStep, a1 += aStep, a2 += aStep, a3 += aStep, b += bStep;
      }
      if (relu) {
        c00 = f32x4.pmax(c00, zero), c01 = f32x4.pmax(c01, zero);
        c10 = f32x4.pmax(c10, zero), c11 = f32x4.pmax(c11, zero);
        c20 = f32x4.pmax(c20, zero), c21 = f32x4.pmax(c21, zero);
        c30 = f32x4.pmax(c30, zero), c31 = f32x4.pmax(c31, zero);
      }
      v128.store(to0, c00), v128.store(to0, c01, 16);
      v128.store(to1, c10), v128.store(to1, c11, 16);
      v128.store(to2, c20), v128.store(to2, c21, 16);
      v128.store(to3, c30), v128.store(to3, c31, 16);
      a0 -= aBack, a1 -= aBack, a2 -= aBack, a3 -= aBack, b += bPanel;
      to0 += 32, to1 += 32, to2 += 32, to3 += 32;
    } while (to0 < stop);
  }
}

/**
 * The same for a row that is left alone: four panels at a time, so that there are
 * eight sums. Past the end the last one is repeated.
 */
function productRow(
  columns: i32,
  a: usize,
  runs: i32,
  aStep: usize,
  weights: usize,
  bStep: usize,
  bPanel: usize,
  k: i32,
  bias: usize,
  relu: bool,
  to: usize,
): void {
  const zero = f32x4.splat(0);
  const length: usize = k << 2;
  const last = ((columns + 7) >> 3) - 1;
  aStep -= length;
  bStep -= length << 3;
  for (let panel = 0; panel <= last; panel += 4) {
    const panel1 = min(panel + 1, last);
    const panel2 = min(panel + 2, last);
    const panel3 = min(panel + 3, last);
    let b0 = weights + panel * bPanel, b1 = weights + panel1 * bPanel;
    let b2 = weights + panel2 * bPanel, b3 = weights + panel3 * bPanel;
    let c00 = zero, c01 = zero, c10 = zero, c11 = zero;
    let c20 = zero, c21 = zero, c30 = zero, c31 = zero;
    if (bias) {
      c00 = v128.load(bias + (panel << 5)), c01 = v128.load(bias + (panel << 5), 16);
      c10 = v128.load(bias + (panel1 << 5)), c11 = v128.load(bias + (panel1 << 5), 16);
      c20 = v128.load(bias + (panel2 << 5)), c21 = v128.load(bias + (panel2 << 5), 16);
      c30 = v128.load(bias + (panel3 << 5)), c31 = v128.load(bias + (panel3 << 5), 16);
    }
    let input = a, x = zero;
    for (let run = runs; run; run--) {
      const end = input + length;
      do {
        const xs = v128.load(input);
        x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
        c00 = madd(x, v128.load(b0), c00), c01 = madd(x, v128.load(b0, 16), c01);
        c10 = madd(x, v128.load(b1), c10), c11 = madd(x, v128.load(b1, 16), c11);
        c20 = madd(x, v128.load(b2), c20), c21 = madd(x, v128.load(b2, 16), c21);
        c30 = madd(x, v128.load(b3), c30), c31 = madd(x, v128.load(b3, 16), c31);
        x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
        c00 = madd(x, v128.load(b0, 32), c00), c01 = madd(x, v128.load(b0, 48), c01);
        c10 = madd(x, v128.load(b1, 32), c10), c11 = madd(x, v128.load(b1, 48), c11);
        c20 = madd(x, v128.load(b2, 32), c20), c21 = madd(x, v128.load(b2, 48), c21);
        c30 = madd(x, v128.load(b3, 32), c30), c31 = madd(x, v128.load(b3, 48), c31);
        x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
        c00 = madd(x, v128.load(b0, 64), c00), c01 = madd(x, v128.load(b0, 80), c01);
        c10 = madd(x, v128.load(b1, 64), c10), c11 = madd(x, v128.load(b1, 80), c11);
        c20 = madd(x, v128.load(b2, 64), c20), c21 = madd(x, v128.load(b2, 80), c21);
        c30 = madd(x, v128.load(b3, 64), c30), c31 = madd(x, v128.load(b3, 80), c31);
        x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
        c00 = madd(x, v128.load(b0, 96), c00), c01 = madd(x, v128.load(b0, 112), c01);
        c10 = madd(x, v128.load(b1, 96), c10), c11 = madd(x, v128.load(b1, 112), c11);
        c20 = madd(x, v128.load(b2, 96), c20), c21 = madd(x, v128.load(b2, 112), c21);
        c30 = madd(x, v128.load(b3, 96), c30), c31 = madd(x, v128.load(b3, 112), c31);
        input += 16, b0 += 128, b1 += 128, b2 += 128, b3 += 128;
      } while (input != end);
      input += aStep, b0 += bStep, b1 += bStep, b2 += bStep, b3 += bStep;
    }
    if (relu) {
      c00 = f32x4.pmax(c00, zero), c01 = f32x4.pmax(c01, zero);
      c10 = f32x4.pmax(c10, zero), c11 = f32x4.pmax(c11, zero);
      c20 = f32x4.pmax(c20, zero), c21 = f32x4.pmax(c21, zero);
      c30 = f32x4.pmax(c30, zero), c31 = f32x4.pmax(c31, zero);
    }
    v128.store(to + (panel << 5), c00), v128.store(to + (panel << 5), c01, 16);
    v128.store(to + (panel1 << 5), c10), v128.store(to + (panel1 << 5), c11, 16);
    v128.store(to + (panel2 << 5), c20), v128.store(to + (panel2 << 5), c21, 16);
    v128.store(to + (panel3 << 5), c30), v128.store(to + (panel3 << 5), c31, 16);
  }
}
