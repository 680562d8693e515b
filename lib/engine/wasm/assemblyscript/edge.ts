// The outermost layers, whose large image has one channel. Here the rows of the
// matrix product are places, and the nine taps of a place are its columns.
import { Op } from "./words";
import { gradient, Walk } from "./outer";
import { product } from "./product";
import { madd } from "./simd";

/** Bytes of one row of patches: nine taps. */
const PATCH: usize = 36;

/** Bytes of a place's products with the first eight taps: one panel. */
const TAPS: usize = 32;

/**
 * Writes the 3×3 patch under every small place, [small², 9]. `scratch` holds
 * the image with its padding, then the patches. Each copy moves four values;
 * the superfluous one is overwritten by the next.
 */
function patches(image: usize, scratch: usize, large: i32, small: i32): usize {
  const width = <usize> ((large + 4) & ~3) + 4;
  const rowBytes = width << 2;
  let to = scratch;
  memory.fill(to, 0, rowBytes * (large + 2));
  for (let row = 0; row < large; row++) {
    memory.copy(to + (row + 1) * rowBytes + 4, image, large << 2);
    image += large << 2;
  }
  const start = scratch + rowBytes * (large + 2);
  to = start;
  for (let row = 0; row < small; row++) {
    let from = scratch + 2 * row * rowBytes;
    for (let column = 0; column < small; column++) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from + rowBytes), 12);
      v128.store(to, v128.load(from + 2 * rowBytes), 24);
      from += 8, to += PATCH;
    }
  }
  return start;
}

/** One-channel large → small. */
export function downEdge(
  op: Op,
  images: i32,
  from: usize,
  to: usize,
  scratch: usize,
): void {
  const small = op.smallSize, outputs = op.smallChannels;
  const places = small * small;
  const row = <usize> outputs << 2;
  for (let image = 0; image < images; image++) {
    const a = patches(from, scratch, op.largeSize, small);
    // deno-fmt-ignore
    product(places, outputs, a, PATCH, 1, 0, op.weight, 0, 12 << 5, 12, op.bias, op.relu != 0, to, row);
    from += op.fromRow, to += op.toRow;
  }
}

/** The gradient of the weights, [3, 3, 1, small]. */
export function edgeGradient(
  op: Op,
  images: i32,
  from: usize,
  other: usize,
  to: usize,
  scratch: usize,
): void {
  const small = op.smallSize, N = op.smallChannels;
  const walk = changetype<Walk>(scratch);
  memory.fill(to, 0, (9 * N) << 2);
  // The places of one image, instead of images at one place.
  walk.images = small * small;
  walk.rows = walk.columns = 1;
  walk.aImage = PATCH;
  walk.bImage = N << 2;
  walk.aRow = walk.bRow = walk.aColumn = walk.bColumn = 0;
  for (let image = 0; image < images; image++) {
    const a = patches(from, scratch + 64, op.largeSize, small);
    gradient(9, N, walk, a, other, to);
    from += op.fromRow, other += op.otherRow;
  }
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
