// The outermost layers, whose large image has one channel and is twice as wide
// as the small one. A place is then nine pixels times nine rows of weights.
import { Op } from "./words";
import { product } from "./product";
import { madd } from "./simd";

/** Bytes of a place's products with the first eight taps: one panel. */
const TAPS: usize = 32;

/** Bytes of the channels that are worked on at a time. */
const LINE: usize = 64;

/** Bytes of a row of an image with its padding: one pixel on the left. */
// @ts-ignore: decorator
@inline
function paddedRow(large: i32): usize {
  return <usize> (((large + 3) & ~3) + 4) << 2;
}

/** Clears the padding, which is on the left and above alone. */
function clearPadding(scratch: usize, large: i32): void {
  memory.fill(scratch, 0, paddedRow(large) * (large + 1));
}

/** Copies an image into its padding. */
function pad(image: usize, scratch: usize, large: i32): void {
  const row = paddedRow(large), width = <usize> large << 2;
  for (let y = 0; y < large; y++) {
    scratch += row;
    for (let at: usize = 0; at < width; at += 16) {
      v128.store(scratch + at, v128.load(image + at), 4);
    }
    image += width;
  }
}

/**
 * One-channel large → small, a multiple of sixteen channels. The tile has two
 * places, and four vectors of channels; `weight` is [9, channels], not packed.
 */
export function downEdge(
  op: Op,
  images: i32,
  from: usize,
  to: usize,
  scratch: usize,
): void {
  const large = op.largeSize, small = op.smallSize;
  const inputRow = paddedRow(large), row = <usize> op.smallChannels << 2;
  const zero = f32x4.splat(0);
  clearPadding(scratch, large);
  for (let image = 0; image < images; image++) {
    pad(from, scratch, large);
    let out = to;
    for (let y = 0; y < small; y++) {
      for (let x = 0; x < small; x += 2) {
        // The last place of an odd row is done twice.
        const second = x + 1 < small;
        const place = scratch + 2 * y * inputRow + (x << 3);
        const out1 = second ? out + row : out;
        for (let at: usize = 0; at < row; at += LINE) {
          let c00 = zero, c01 = zero, c02 = zero, c03 = zero;
          if (op.bias) {
            const bias = op.bias + at;
            c00 = v128.load(bias), c01 = v128.load(bias, 16);
            c02 = v128.load(bias, 32), c03 = v128.load(bias, 48);
          }
          let c10 = c00, c11 = c01, c12 = c02, c13 = c03;
          let a0 = place, a1 = second ? place + 8 : place, b = op.weight + at;
          let x0 = zero, x1 = zero, w = zero;
          for (let taps = 3; taps; taps--) {
            x0 = v128.load32_splat(a0), x1 = v128.load32_splat(a1);
            w = v128.load(b), c00 = madd(x0, w, c00), c10 = madd(x1, w, c10);
            w = v128.load(b, 16), c01 = madd(x0, w, c01), c11 = madd(x1, w, c11);
            w = v128.load(b, 32), c02 = madd(x0, w, c02), c12 = madd(x1, w, c12);
            w = v128.load(b, 48), c03 = madd(x0, w, c03), c13 = madd(x1, w, c13);
            b += row;
            x0 = v128.load32_splat(a0, 4), x1 = v128.load32_splat(a1, 4);
            w = v128.load(b), c00 = madd(x0, w, c00), c10 = madd(x1, w, c10);
            w = v128.load(b, 16), c01 = madd(x0, w, c01), c11 = madd(x1, w, c11);
            w = v128.load(b, 32), c02 = madd(x0, w, c02), c12 = madd(x1, w, c12);
            w = v128.load(b, 48), c03 = madd(x0, w, c03), c13 = madd(x1, w, c13);
            b += row;
            x0 = v128.load32_splat(a0, 8), x1 = v128.load32_splat(a1, 8);
            w = v128.load(b), c00 = madd(x0, w, c00), c10 = madd(x1, w, c10);
            w = v128.load(b, 16), c01 = madd(x0, w, c01), c11 = madd(x1, w, c11);
            w = v128.load(b, 32), c02 = madd(x0, w, c02), c12 = madd(x1, w, c12);
            w = v128.load(b, 48), c03 = madd(x0, w, c03), c13 = madd(x1, w, c13);
            b += row;
            a0 += inputRow, a1 += inputRow;
          }
          if (op.relu) {
            c00 = f32x4.pmax(c00, zero), c01 = f32x4.pmax(c01, zero);
            c02 = f32x4.pmax(c02, zero), c03 = f32x4.pmax(c03, zero);
            c10 = f32x4.pmax(c10, zero), c11 = f32x4.pmax(c11, zero);
            c12 = f32x4.pmax(c12, zero), c13 = f32x4.pmax(c13, zero);
          }
          const first = out + at, next = out1 + at;
          v128.store(first, c00), v128.store(first, c01, 16);
          v128.store(first, c02, 32), v128.store(first, c03, 48);
          v128.store(next, c10), v128.store(next, c11, 16);
          v128.store(next, c12, 32), v128.store(next, c13, 48);
        }
        out = out1 + row;
      }
    }
    from += op.fromRow, to += op.toRow;
  }
}

/**
 * The gradient of the weights, [3, 3, 1, small]: nine sums, one for each tap, of
 * one vector of channels over the places of an image. A third of the pixels is
 * spread by its load, as in product.ts.
 */
export function edgeGradient(
  op: Op,
  images: i32,
  from: usize,
  other: usize,
  to: usize,
  scratch: usize,
): void {
  const large = op.largeSize, small = op.smallSize;
  const row = <usize> op.smallChannels << 2, inputRow = paddedRow(large);
  const zero = f32x4.splat(0);
  memory.fill(to, 0, 9 * row);
  clearPadding(scratch, large);
  for (let image = 0; image < images; image++) {
    pad(from, scratch, large);
    for (let at: usize = 0; at < row; at += 16) {
      let c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero;
      let c5 = zero, c6 = zero, c7 = zero, c8 = zero, xs = zero;
      let top = scratch, d = other + at;
      for (let y = small; y; y--) {
        let a = top, middle = a + inputRow, bottom = middle + inputRow;
        for (let x = small; x; x--) {
          const g = v128.load(d);
          xs = v128.load(a);
          c0 = madd(v128.shuffle<f32>(xs, xs, 0, 0, 0, 0), g, c0);
          c1 = madd(v128.load32_splat(a, 4), g, c1);
          c2 = madd(v128.shuffle<f32>(xs, xs, 2, 2, 2, 2), g, c2);
          xs = v128.load(middle);
          c3 = madd(v128.shuffle<f32>(xs, xs, 0, 0, 0, 0), g, c3);
          c4 = madd(v128.load32_splat(middle, 4), g, c4);
          c5 = madd(v128.shuffle<f32>(xs, xs, 2, 2, 2, 2), g, c5);
          xs = v128.load(bottom);
          c6 = madd(v128.shuffle<f32>(xs, xs, 0, 0, 0, 0), g, c6);
          c7 = madd(v128.load32_splat(bottom, 4), g, c7);
          c8 = madd(v128.shuffle<f32>(xs, xs, 2, 2, 2, 2), g, c8);
          a += 8, middle += 8, bottom += 8, d += row;
        }
        top += 2 * inputRow;
      }
      let sum = to + at;
      add(sum, c0), add(sum += row, c1), add(sum += row, c2);
      add(sum += row, c3), add(sum += row, c4), add(sum += row, c5);
      add(sum += row, c6), add(sum += row, c7), add(sum += row, c8);
    }
    from += op.fromRow, other += op.otherRow;
  }
}

// @ts-ignore: decorator
@inline
function add(to: usize, x: v128): void {
  v128.store(to, f32x4.add(v128.load(to), x));
}

/**
 * Small → one-channel large: the products of every small place with all nine
 * taps, then their sums. Four pixels belong to a place: they get one, two, two
 * and four taps of it and its neighbours to the right and below (see `up`). The
 * large image is twice the small one. `other` has what is added to each product,
 * if anything is.
 *
 * Eight taps are a panel of `product`. The last one, which only its own place
 * needs, would be alone in a second, and is a sum along the channels instead.
 */
export function upEdge(
  op: Op,
  images: i32,
  from: usize,
  to: usize,
  scratch: usize,
): void {
  const small = op.smallSize, inputs = op.smallChannels;
  const row = <usize> inputs << 2;
  const toRow = <usize> op.largeSize << 2;
  const bias = load<f32>(op.bias);
  const lastBias: f32 = bias + (op.other ? load<f32>(op.other, 32) : 0);
  const none = scratch, lastTap = scratch + TAPS;
  const taps = lastTap + row;
  memory.fill(none, 0, TAPS);
  for (let at: usize = 0; at < row; at += 4) {
    store<f32>(lastTap + at, load<f32>(op.weight + ((row + at) << 3)));
  }
  for (let image = 0; image < images; image++) {
    // deno-fmt-ignore
    product(small * small, 8, from, row, 1, 0, op.weight, 0, 0, inputs, op.other, false, taps, TAPS);
    let place = taps, channels = from, out = to;
    for (let y = 1; y <= small; y++) {
      for (let x = 1; x <= small; x++) {
        const right = x < small ? place + TAPS : none;
        const below = y < small ? place + small * TAPS : none;
        const corner = x < small && y < small ? below + TAPS : none;
        store<f32>(out, bias + tap(place, 4));
        store<f32>(out, bias + tap(place, 5) + tap(right, 3), 4);
        store<f32>(out + toRow, bias + tap(place, 7) + tap(below, 1));
        const last = lastBias + dot(channels, lastTap, row);
        // deno-fmt-ignore
        store<f32>(out + toRow, last + tap(right, 6) + tap(below, 2) + tap(corner, 0), 4);
        place += TAPS, channels += row, out += 8;
      }
      out += toRow;
    }
    from += op.fromRow, to += op.toRow;
  }
}

/** The inner product of two vectors of so many bytes, a multiple of sixteen. */
// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, bytes: usize): f32 {
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    sum = madd(v128.load(a + at), v128.load(b + at), sum);
  }
  sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
}

// @ts-ignore: decorator
@inline
function tap(place: usize, index: usize): f32 {
  return load<f32>(place + (index << 2));
}
