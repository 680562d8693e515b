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

/** Adds a gradient of `rows` × `columns` (a multiple of eight) to `to`. */
export function gradient(
  rows: i32,
  columns: i32,
  walk: Walk,
  a: usize,
  b: usize,
  to: usize,
): void {
  const zero = f32x4.splat(0);
  const toRow: usize = columns << 2;
  const images = walk.images, across = walk.columns, down = walk.rows;
  const aImage = walk.aImage, bImage = walk.bImage;
  const aColumn = walk.aColumn - images * aImage;
  const bColumn = walk.bColumn - images * bImage;
  const aRow = walk.aRow - across * walk.aColumn;
  const bRow = walk.bRow - across * walk.bColumn;
  for (let left = rows; left > 0; left -= 4) {
    for (let at: usize = 0; at < toRow; at += 32) {
      let c00 = zero, c01 = zero, c10 = zero, c11 = zero;
      let c20 = zero, c21 = zero, c30 = zero, c31 = zero;
      let b0 = zero, b1 = zero, xs = zero, x = zero;
      let p = a, q = b + at;
      for (let row = down; row; row--) {
        for (let column = across; column; column--) {
          for (let four = images >> 2; four; four--) {
            b0 = v128.load(q), b1 = v128.load(q, 16), xs = v128.load(p);
            x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
            c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
            x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
            c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
            x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
            c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
            x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
            c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
            p += aImage, q += bImage;
            b0 = v128.load(q), b1 = v128.load(q, 16), xs = v128.load(p);
            x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
            c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
            x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
            c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
            x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
            c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
            x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
            c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
            p += aImage, q += bImage;
            b0 = v128.load(q), b1 = v128.load(q, 16), xs = v128.load(p);
            x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
            c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
            x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
            c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
            x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
            c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
            x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
            c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
            p += aImage, q += bImage;
            b0 = v128.load(q), b1 = v128.load(q, 16), xs = v128.load(p);
            x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
            c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
            x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
            c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
            x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
            c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
            x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
            c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
            p += aImage, q += bImage;
          }
          for (let rest = images & 3; rest; rest--) {
            b0 = v128.load(q), b1 = v128.load(q, 16), xs = v128.load(p);
            x = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
            c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
            x = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
            c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
            x = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
            c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
            x = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
            c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
            p += aImage, q += bImage;
          }
          p += aColumn, q += bColumn;
        }
        p += aRow, q += bRow;
      }
      const tile = to + at;
      add(tile, c00, c01);
      if (left > 1) add(tile + toRow, c10, c11);
      if (left > 2) add(tile + 2 * toRow, c20, c21);
      if (left > 3) add(tile + 3 * toRow, c30, c31);
    }
    a += 16, to += toRow << 2;
  }
}

// @ts-ignore: decorator
@inline
function add(to: usize, low: v128, high: v128): void {
  v128.store(to, f32x4.add(v128.load(to), low));
  v128.store(to, f32x4.add(v128.load(to, 16), high), 16);
}
