// Linear layers: rows of the product are images.
import { Op } from "./words";
import { outer, Walk } from "./outer";
import { product } from "./product";

/** rows → columns, forward or (with the transposed weights) backward. */
export function linear(op: Op, images: i32, from: usize, to: usize): void {
  const k = (op.rows + 3) & ~3;
  const panel = <usize> k << 5;
  let b = op.weight, bias = op.bias;
  for (let column = 0; column < op.columns; column += 8) {
    // deno-fmt-ignore
    product(images, from, op.fromRow, 1, 0, b, 0, k, bias, false, to, op.toRow);
    b += panel, to += 32;
    if (bias) bias += 32;
  }
}

/**
 * The gradient of the weights [rows, columns], and of the bias, from the whole
 * batch. One unit is `rowStep` rows; the unit after the last is the bias.
 */
export function linearGradient(
  op: Op,
  unit: i32,
  images: i32,
  scratch: usize,
): void {
  const columns = op.columns;
  const first = unit * op.rowStep;
  if (first >= op.rows) return biasGradient(op, images);
  const walk = changetype<Walk>(scratch);
  const partial = scratch + 64;
  walk.images = walk.rows = 1;
  walk.columns = images;
  walk.aColumn = op.fromRow;
  walk.bColumn = op.otherRow;
  walk.aRow = walk.bRow = walk.aImage = walk.bImage = 0;
  const end = min(op.rows, first + op.rowStep);
  for (let row = first; row < end; row += 4) {
    const M = min(4, end - row);
    let to = op.to + ((row * columns) << 2);
    for (let column = 0; column < columns; column += 8) {
      const width = <usize> min(8, columns - column) << 2;
      memory.fill(partial, 0, 4 * 32);
      // deno-fmt-ignore
      outer(M, walk, op.from + (row << 2), op.other + (column << 2), partial, 32);
      for (let m = 0; m < M; m++) {
        memory.copy(to + ((m * columns) << 2), partial + (m << 5), width);
      }
      to += 32;
    }
  }
}

function biasGradient(op: Op, images: i32): void {
  memory.fill(op.bias, 0, op.columns << 2);
  for (let image = 0; image < images; image++) {
    const b = op.other + image * op.otherRow;
    for (let at: usize = 0; at < <usize> op.columns << 2; at += 4) {
      store<f32>(op.bias + at, load<f32>(op.bias + at) + load<f32>(b + at));
    }
  }
}
