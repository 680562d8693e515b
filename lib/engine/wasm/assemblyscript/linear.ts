// Linear layers: rows of the product are images.
import { Op } from "./words";
import { gradient, Walk } from "./outer";
import { product } from "./product";

/** rows → columns, forward or (with the transposed weights) backward. */
export function linear(op: Op, images: i32, from: usize, to: usize): void {
  const k = (op.rows + 3) & ~3;
  const panel = <usize> k << 5;
  // deno-fmt-ignore
  product(images, op.columns, from, op.fromRow, 1, 0, op.weight, 0, panel, k, op.bias, op.relu != 0, to, op.toRow);
}

/** Images whose rows are read again and again while they are in the cache. */
const IMAGES: i32 = 32;

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
  const rows = min(op.rowStep, op.rows - firstRow);
  const columns = min(op.columnStep, op.columns - firstColumn);
  const walk = changetype<Walk>(scratch);
  const sums = scratch + 64;
  const width = <usize> ((columns + 7) & ~7) << 2;
  const biases = sums + rows * width;
  memory.fill(sums, 0, (rows + 1) * width);
  walk.rows = walk.columns = 1;
  walk.aImage = op.fromRow;
  walk.bImage = op.otherRow;
  walk.aRow = walk.bRow = walk.aColumn = walk.bColumn = 0;
  let a = op.from + (firstRow << 2), b = op.other + (firstColumn << 2);
  for (let first = 0; first < images; first += IMAGES) {
    walk.images = min(IMAGES, images - first);
    gradient(rows, width >> 2, walk, a, b, sums);
    if (!firstRow) biasGradient(op, walk.images, b, biases, width);
    a += IMAGES * op.fromRow, b += IMAGES * op.otherRow;
  }
  let from = sums, to = op.to + firstRow * op.toRow + (firstColumn << 2);
  for (let row = 0; row < rows; row++) {
    memory.copy(to, from, columns << 2);
    from += width, to += op.toRow;
  }
  if (!firstRow) memory.copy(op.bias + (firstColumn << 2), biases, columns << 2);
}

/** Adds the rows of some images to the bias's gradient, `width` bytes of it. */
function biasGradient(op: Op, images: i32, from: usize, to: usize, width: usize): void {
  for (let at: usize = 0; at < width; at += 32) {
    let low = v128.load(to + at), high = v128.load(to + at, 16);
    let b = from + at;
    for (let left = images; left; left--) {
      low = f32x4.add(low, v128.load(b)), high = f32x4.add(high, v128.load(b, 16));
      b += op.otherRow;
    }
    v128.store(to + at, low), v128.store(to + at, high, 16);
  }
}
