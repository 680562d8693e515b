// The sum of outer products behind every weight gradient.
//
//   to[m][0..7] += Σ_row Σ_column Σ_image a[m] · b[0..7]
//
// with a and b stepping through the places at which input and gradient meet.
// The sums of a tile of 4 × 8 (see product.ts) stay in registers throughout.
import { madd } from "./simd";

/** A walk over places: how many images, rows and columns, and the byte steps. */
@unmanaged
export class Walk {
  images: i32;
  rows: i32;
  columns: i32;
  aImage: usize;
  aRow: usize;
  aColumn: usize;
  bImage: usize;
  bRow: usize;
  bColumn: usize;
}

/** Adds the first `rows` ≤ 4 rows of a tile to `to`. */
function outer(
  rows: i32,
  walk: Walk,
  a: usize,
  b: usize,
  to: usize,
  toRow: usize,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero;
  let c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  let b0 = zero, b1 = zero, xs = zero, x = zero;
  const images = walk.images, columns = walk.columns;
  const aImage = walk.aImage, bImage = walk.bImage;
  const aColumn = walk.aColumn - images * aImage;
  const bColumn = walk.bColumn - images * bImage;
  const aRow = walk.aRow - columns * walk.aColumn;
  const bRow = walk.bRow - columns * walk.bColumn;
  for (let row = walk.rows; row; row--) {
    for (let column = columns; column; column--) {
      for (let four = images >> 2; four; four--) {
        b0 = v128.load(b), b1 = v128.load(b, 16), xs = v128.load(a);
        x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
        c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
        x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
        c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
        x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
        c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
        x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
        c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
        a += aImage, b += bImage;
        b0 = v128.load(b), b1 = v128.load(b, 16), xs = v128.load(a);
        x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
        c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
        x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
        c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
        x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
        c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
        x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
        c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
        a += aImage, b += bImage;
        b0 = v128.load(b), b1 = v128.load(b, 16), xs = v128.load(a);
        x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
        c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
        x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
        c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
        x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
        c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
        x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
        c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
        a += aImage, b += bImage;
        b0 = v128.load(b), b1 = v128.load(b, 16), xs = v128.load(a);
        x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
        c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
        x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
        c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
        x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
        c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
        x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
        c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
        a += aImage, b += bImage;
      }
      for (let left = images & 3; left; left--) {
        b0 = v128.load(b), b1 = v128.load(b, 16), xs = v128.load(a);
        x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
        c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
        x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
        c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
        x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
        c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
        x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
        c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
        a += aImage, b += bImage;
      }
      a += aColumn, b += bColumn;
    }
    a += aRow, b += bRow;
  }
  add(to, c00, c01);
  if (rows > 1) add(to + toRow, c10, c11);
  if (rows > 2) add(to + 2 * toRow, c20, c21);
  if (rows > 3) add(to + 3 * toRow, c30, c31);
}

// @ts-ignore: decorator
@inline
function add(to: usize, low: v128, high: v128): void {
  v128.store(to, f32x4.add(v128.load(to), low));
  v128.store(to, f32x4.add(v128.load(to, 16), high), 16);
}

/** Adds a gradient of `rows` × `columns` (a multiple of eight) to `to`. */
export function gradient(
  rows: i32,
  columns: i32,
  walk: Walk,
  a: usize,
  b: usize,
  to: usize,
): void {
  const toRow: usize = columns << 2;
  for (let row = 0; row < rows; row += 4) {
    for (let at: usize = 0; at < toRow; at += 32) {
      outer(min(4, rows - row), walk, a, b + at, to + at, toRow);
    }
    a += 16, to += toRow << 2;
  }
}
