// Linear layers: rows of the product are images.
//
// A one-hot class among a layer's inputs has a product that is a row of its
// weights: it is looked up by the label (`op.classes`), and added.
import { Job, Op } from "./words";
import { gradient, Walk } from "./outer";
import { product } from "./product";

/** rows → columns, forward or (with the transposed weights) backward. */
export function linear(op: Op, job: Job, first: i32, images: i32, from: usize, to: usize): void {
  const k = (op.rows + 3) & ~3;
  const panel = <usize> k << 5;
  const relu = op.relu != 0 && !op.classes;
  // deno-fmt-ignore
  product(images, op.columns, from, op.fromRow, 1, 0, op.weight, 0, panel, k, op.bias, relu, to, op.toRow);
  if (op.classes) addClasses(op, job, first, images, to);
}

/** Adds to each row that of its class; then comes the ReLU. */
function addClasses(op: Op, job: Job, first: i32, images: i32, to: usize): void {
  const zero = f32x4.splat(0);
  for (let image = 0; image < images; image++) {
    const row = op.classes + labelOf(op, job, first + image) * op.classesRow;
    for (let at: usize = 0; at < <usize> op.columns << 2; at += 16) {
      const sum = f32x4.add(v128.load(to + at), v128.load(row + at));
      v128.store(to + at, op.relu ? f32x4.pmax(sum, zero) : sum);
    }
    to += op.toRow;
  }
}

/** The class of a row: that of its image in the job's order. */
// @ts-ignore: decorator
@inline
function labelOf(op: Op, job: Job, row: i32): usize {
  const image = row / op.draws;
  const index = job.order ? load<u32>(job.order + (image << 2)) : image;
  return load<u8>(job.labels + index);
}

/** Images whose rows are read again and again while they are in the cache. */
const IMAGES: i32 = 32;

/**
 * The gradient of the weights [rows, columns], of the bias and of the classes'
 * rows, from the whole batch. One unit is `rowStep` rows of `columnStep` columns;
 * those of the first rows take the bias and the classes along.
 */
export function linearGradient(
  op: Op,
  job: Job,
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
  if (firstRow) return;
  memory.copy(op.bias + (firstColumn << 2), biases, columns << 2);
  if (op.classes) classGradient(op, job, images, firstColumn, columns);
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

/** `columns` columns of the classes' gradient: each is the sum of its rows, in their order. */
function classGradient(op: Op, job: Job, images: i32, firstColumn: i32, columns: i32): void {
  const start = op.classes + (firstColumn << 2);
  for (let label = 0; label < job.classCount; label++) {
    memory.fill(start + label * op.classesRow, 0, columns << 2);
  }
  // What is behind the columns is another unit's.
  const whole = <usize> (columns & ~3) << 2, end = <usize> columns << 2;
  let from = op.other + (firstColumn << 2);
  for (let row = 0; row < images; row++) {
    const to = start + labelOf(op, job, row) * op.classesRow;
    let at: usize = 0;
    for (; at < whole; at += 16) {
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
    }
    for (; at < end; at += 4) {
      store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at));
    }
    from += op.otherRow;
  }
}
