// Linear layers: rows of the product are images.
import { Op } from "./words";
import { outer, Walk } from "./outer";
import { product } from "./product";

/** rows → columns, forward or (with the transposed weights) backward. */
export function linear(op: Op, images: i32, from: usize, to: usize): void {
  const k = (op.rows + 3) & ~3;
  const panel = <usize> k << 5;
  // deno-fmt-ignore
  product(images, op.columns, from, op.fromRow, 1, 0, op.weight, 0, panel, k, op.bias, op.relu != 0, to, op.toRow);
}

/**
 * The gradient of the weights [rows, columns], and of the bias, from the whole
 * batch. One unit is `rowStep` rows of `columnStep` columns; those of the first
 * rows take the bias along.
 */
export function linearGradient(
  op: Op,
  unit: i32,
  images: i32,
  scratch: usize,
): void {
  const across = (op.columns + op.columnStep - 1) / op.columnStep;
  const firstRow = unit / across * op.rowStep;
  const firstColumn = unit % across * op.columnStep;
  const endRow = min(op.rows, firstRow + op.rowStep);
  const endColumn = min(op.columns, firstColumn + op.columnStep);
  if (!firstRow) biasGradient(op, images, firstColumn, endColumn);
  const walk = changetype<Walk>(scratch);
  const partial = scratch + 64;
  walk.images = images;
  walk.rows = walk.columns = 1;
  walk.aImage = op.fromRow;
  walk.bImage = op.otherRow;
  walk.aRow = walk.bRow = walk.aColumn = walk.bColumn = 0;
  for (let row = firstRow; row < endRow; row += 4) {
    const M = min(4, endRow - row);
    for (let column = firstColumn; column < endColumn; column += 8) {
      const width = <usize> min(8, endColumn - column) << 2;
      memory.fill(partial, 0, 4 * 32);
      // deno-fmt-ignore
      outer(M, walk, op.from + (row << 2), op.other + (column << 2), partial, 32);
      let to = op.to + row * op.toRow + (column << 2);
      for (let m = 0; m < M; m++) {
        memory.copy(to, partial + (m << 5), width);
        to += op.toRow;
      }
    }
  }
}

function biasGradient(op: Op, images: i32, first: i32, end: i32): void {
  const to = op.bias + (first << 2), length = <usize> (end - first) << 2;
  const whole = length & ~15;
  memory.fill(to, 0, length);
  let b = op.other + (first << 2);
  for (let image = 0; image < images; image++) {
    for (let at: usize = 0; at < whole; at += 16) {
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(b + at)));
    }
    for (let at = whole; at < length; at += 4) {
      store<f32>(to + at, load<f32>(to + at) + load<f32>(b + at));
    }
    b += op.otherRow;
  }
}
