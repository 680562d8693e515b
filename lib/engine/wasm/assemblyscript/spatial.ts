// Convolutions of kernel 3, stride 2 and padding 1 between a large and a small
// image, NHWC. Rows of the matrix product are the same place in several images,
// so taps that fall on the padding are never computed: on 7×7 → 4×4 that is
// 30 % of the work.
import { Op } from "./words";
import { gradient, Walk } from "./outer";
import { product } from "./product";

/** Rows of all the shard's images whose values, of one tap, fit in a small cache. */
const ROWS: i32 = 4;

/**
 * large → small: a convolution, or the input gradient of a transposed one; the
 * rows from `first` to `end` of the small image.
 */
export function down(
  op: Op,
  images: i32,
  from: usize,
  to: usize,
  scratch: usize,
  first: i32,
  end: i32,
): void {
  if (images < 4) return downFew(op, images, from, to, scratch, first, end);
  const large = op.largeSize, small = op.smallSize;
  const inputs = op.largeChannels, outputs = op.smallChannels;
  const panel = <usize> (9 * inputs) << 5;
  const fromRow = <usize> (large * inputs) << 2;
  for (let row = first; row < end; row++) {
    const top = row ? 0 : 1;
    const runs = min(3, large - 2 * row + 1) - top;
    for (let column = 0; column < small; column++) {
      const left = column ? 0 : 1;
      const k = (min(3, large - 2 * column + 1) - left) * inputs;
      const place = (2 * row - 1 + top) * large + 2 * column - 1 + left;
      const a = from + ((place * inputs) << 2);
      const b = op.weight + (((3 * top + left) * inputs) << 5);
      const out = to + (((row * small + column) * outputs) << 2);
      // deno-fmt-ignore
      product(images, outputs, a, op.fromRow, runs, fromRow, b, panel / 3, panel, k, op.bias, op.relu != 0, out, op.toRow);
    }
  }
}

/**
 * The same for fewer images than a tile has rows: its rows are the places of one
 * row of an image. `scratch` holds that image with padding on its left and right,
 * so that all of these have the same taps; what it adds to a sum is zero.
 */
function downFew(
  op: Op,
  images: i32,
  from: usize,
  to: usize,
  scratch: usize,
  first: i32,
  end: i32,
): void {
  const large = op.largeSize, small = op.smallSize;
  const inputs = op.largeChannels, outputs = op.smallChannels;
  const panel = <usize> (9 * inputs) << 5;
  const place = <usize> inputs << 2, row = large * place;
  const padded = row + 2 * place;
  memory.fill(scratch, 0, large * padded);
  for (let image = 0; image < images; image++) {
    for (let y = 0; y < large; y++) {
      memory.copy(scratch + y * padded + place, from + y * row, row);
    }
    for (let y = first; y < end; y++) {
      const top = y ? 0 : 1;
      const runs = min(3, large - 2 * y + 1) - top;
      const a = scratch + (2 * y - 1 + top) * padded;
      const b = op.weight + top * panel / 3;
      const out = to + ((y * small * outputs) << 2);
      // deno-fmt-ignore
      product(small, outputs, a, 2 * place, runs, padded, b, panel / 3, panel, 3 * inputs, op.bias, op.relu != 0, out, outputs << 2);
    }
    from += op.fromRow, to += op.toRow;
  }
}

/**
 * How the taps reach a row or column of the large image: 0, by the middle one; 1,
 * by the last and the first; 2, by the last alone.
 */
// @ts-ignore: decorator
@inline
function kindOf(place: i32, small: i32): i32 {
  return place & 1 ? (place >> 1 < small - 1 ? 1 : 2) : 0;
}

// @ts-ignore: decorator
@inline
function biasOf(op: Op, rowKind: i32, columnKind: i32): usize {
  return op.bias + (3 * rowKind + columnKind) * op.biasKind;
}

/**
 * small → large: the adjoint of `down`. A place on an even row is reached by
 * the kernel's middle row alone, one on an odd row by its last and first; the
 * weights are packed in the order 2, 0, 1, so that these are one stretch.
 */
export function up(
  op: Op,
  images: i32,
  from: usize,
  to: usize,
  first: i32,
  end: i32,
): void {
  if (images < 4) return upFew(op, images, from, to, first, end);
  const large = op.largeSize, small = op.smallSize;
  const inputs = op.smallChannels, outputs = op.largeChannels;
  const panel = <usize> (9 * inputs) << 5;
  const fromRow = <usize> (small * inputs) << 2;
  for (let row = first; row < end; row++) {
    const top = row & 1 ? 0 : 2;
    const runs = row & 1 ? min(2, small - (row >> 1)) : 1;
    for (let column = 0; column < large; column++) {
      const left = column & 1 ? 0 : 2;
      const k = (column & 1 ? min(2, small - (column >> 1)) : 1) * inputs;
      const place = (row >> 1) * small + (column >> 1);
      const a = from + ((place * inputs) << 2);
      const b = op.weight + (((3 * top + left) * inputs) << 5);
      const bias = biasOf(op, kindOf(row, small), kindOf(column, small));
      const out = to + (((row * large + column) * outputs) << 2);
      // deno-fmt-ignore
      product(images, outputs, a, op.fromRow, runs, fromRow, b, panel / 3, panel, k, bias, op.relu != 0, out, op.toRow);
    }
  }
}

/**
 * The same for fewer images than a tile has rows: its rows are the places of one
 * row of an image, those in even columns, then those in odd ones; the last of
 * these may have no neighbour to its right.
 */
function upFew(
  op: Op,
  images: i32,
  from: usize,
  to: usize,
  first: i32,
  end: i32,
): void {
  const large = op.largeSize, small = op.smallSize;
  const inputs = op.smallChannels, outputs = op.largeChannels;
  const panel = <usize> (9 * inputs) << 5;
  const place = <usize> inputs << 2, row = small * place;
  const out = <usize> outputs << 2;
  const odd = large >> 1, inside = min(odd, small - 1);
  for (let image = 0; image < images; image++) {
    for (let y = first; y < end; y++) {
      const runs = y & 1 ? min(2, small - (y >> 1)) : 1;
      const a = from + (y >> 1) * row, c = to + y * large * out;
      const b = op.weight + (y & 1 ? 0 : 2) * panel / 3;
      const middle = b + ((2 * inputs) << 5);
      const relu = op.relu != 0, kind = kindOf(y, small);
      // deno-fmt-ignore
      product(large - odd, outputs, a, place, runs, row, middle, panel / 3, panel, inputs, biasOf(op, kind, 0), relu, c, 2 * out);
      // deno-fmt-ignore
      if (inside) product(inside, outputs, a, place, runs, row, b, panel / 3, panel, 2 * inputs, biasOf(op, kind, 1), relu, c + out, 2 * out);
      // deno-fmt-ignore
      if (inside < odd) product(1, outputs, a + inside * place, place, runs, row, b, panel / 3, panel, inputs, biasOf(op, kind, 2), relu, c + (2 * inside + 1) * out, 2 * out);
    }
    from += op.fromRow, to += op.toRow;
  }
}

/** The gradient of the weights, [3, 3, large, small], at the taps `first` to `end`. */
export function filterGradient(
  op: Op,
  images: i32,
  from: usize,
  other: usize,
  to: usize,
  scratch: usize,
  first: i32,
  end: i32,
): void {
  const large = op.largeSize, small = op.smallSize;
  const M = op.largeChannels, N = op.smallChannels;
  const walk = changetype<Walk>(scratch);
  to += (first * M * N) << 2;
  memory.fill(to, 0, ((end - first) * M * N) << 2);
  walk.aImage = op.fromRow;
  walk.bImage = op.otherRow;
  walk.aRow = (2 * large * M) << 2;
  walk.bRow = (small * N) << 2;
  walk.aColumn = (2 * M) << 2;
  walk.bColumn = N << 2;
  walk.images = images;
  for (let tap = first; tap < end; tap++) {
    const y = tap / 3, x = tap % 3;
    const top = y ? 0 : 1, left = x ? 0 : 1;
    const rows = min(small, (large - y) / 2 + 1) - top;
    walk.columns = min(small, (large - x) / 2 + 1) - left;
    const place = (2 * top - 1 + y) * large + 2 * left - 1 + x;
    const a = from + ((place * M) << 2);
    const b = other + (((top * small + left) * N) << 2);
    for (let row = 0; row < rows; row += ROWS) {
      walk.rows = min(ROWS, rows - row);
      gradient(M, N, walk, a + row * walk.aRow, b + row * walk.bRow, to);
    }
    to += (M * N) << 2;
  }
}
