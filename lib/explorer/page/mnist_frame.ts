/**
 * Ink to an image as those of MNIST: the ink's box is scaled to 20 pixels on
 * its longer side, and its centre of mass put in the middle of 28×28.
 * Source: http://yann.lecun.com/exdb/mnist/
 *
 * @module
 */
import type { Picture } from "../../dataset/picture_sets.ts";
import { type Conversion, greysOf } from "../../dataset/to_images.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../../model/spec.ts";

const BOX_SIZE = 20;
/** Fainter ink than this does not stretch the box. */
const FAINT = 16;

/** A picture of any size: one byte of ink to a pixel. */
export interface Ink {
  readonly bytes: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/**
 * Frames a drawing.
 *
 * @returns 784 bytes, or null if there is no ink.
 */
export function mnistFrame(ink: Ink): Uint8Array<ArrayBuffer> | null {
  const { bytes, width } = ink;
  let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
  let mass = 0, x = 0, y = 0;
  bytes.forEach((byte, at) => {
    if (byte < FAINT) return;
    const column = at % width;
    const row = Math.floor(at / width);
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row + 1);
    mass += byte;
    x += byte * (column + 0.5);
    y += byte * (row + 0.5);
  });
  if (mass === 0) return null;

  /** Pixels of the drawing to one of the image. */
  const step = Math.max(right - left, bottom - top) / BOX_SIZE;
  const image = new Uint8Array(IMAGE_PIXELS);
  for (let at = 0; at < IMAGE_PIXELS; at++) {
    const fromX = x / mass + (at % IMAGE_SIZE - IMAGE_SIZE / 2) * step;
    const fromY = y / mass +
      (Math.floor(at / IMAGE_SIZE) - IMAGE_SIZE / 2) * step;
    image[at] = Math.round(meanInk(ink, fromX, fromY, step));
  }
  return image;
}

/**
 * Scales a square drawing down as it is.
 *
 * @returns 784 bytes, or null if there is no ink.
 */
export function wholeFrame(ink: Ink): Uint8Array<ArrayBuffer> | null {
  if (ink.bytes.every((byte) => byte < FAINT)) return null;
  const step = ink.width / IMAGE_SIZE;
  return new Uint8Array(IMAGE_PIXELS).map((_, at) => {
    const [x, y] = [at % IMAGE_SIZE, Math.floor(at / IMAGE_SIZE)];
    return Math.round(meanInk(ink, x * step, y * step, step));
  });
}

/** Median deviations of the paper from its shade that are no ink: its grain. */
const GRAIN = 4;
/** Fewer levels between paper and ink than this, and nothing is written. */
const FAINTEST = 24;

/**
 * Takes the ink of a photograph: what differs from the paper's shade more than its
 * grain does, made as dark as ink is. What is drawn without shade keeps its edges.
 *
 * @returns Null if nothing stands out.
 */
export function photoInk(picture: Picture, how: Conversion): Ink | null {
  const { width, height } = picture;
  const greys = greysOf(picture, how);
  const shade = shadeOf(greys, width, height);
  const marks = greys.map((grey, at) =>
    grey - shade(at % width, Math.floor(at / width))
  );
  const darkest = marks.reduce((a, b) => Math.max(a, b), 0);
  if (darkest < FAINTEST) return null;
  const full = median(marks.filter((mark) => mark > darkest / 2));
  const low = Math.min(GRAIN * median(marks.map(Math.abs)), full / 2);
  const bytes = Uint8ClampedArray.from(
    marks,
    (mark) => 255 * (mark - low) / (full - low),
  );
  return { bytes, width, height };
}

/**
 * Fits a plane to the greys of the outermost pixels, which are paper: on a frame
 * that is symmetric its slopes are those of the two axes by themselves.
 */
function shadeOf(
  greys: Float64Array,
  width: number,
  height: number,
): (x: number, y: number) => number {
  let count = 0, sum = 0, xx = 0, yy = 0, xGrey = 0, yGrey = 0;
  const middle = [(width - 1) / 2, (height - 1) / 2];
  greys.forEach((grey, at) => {
    const [column, row] = [at % width, Math.floor(at / width)];
    const isEdge = column === 0 || column === width - 1 || row === 0 ||
      row === height - 1;
    if (!isEdge) return;
    const [x, y] = [column - middle[0], row - middle[1]];
    count++;
    sum += grey;
    xx += x * x;
    yy += y * y;
    xGrey += x * grey;
    yGrey += y * grey;
  });
  const [right, down] = [xGrey / (xx || 1), yGrey / (yy || 1)];
  return (x, y) =>
    sum / count + right * (x - middle[0]) + down * (y - middle[1]);
}

function median(values: Float64Array): number {
  return values.toSorted()[values.length >> 1];
}

/** The mean of a square of the drawing; pixels count by the part inside. */
function meanInk(
  { bytes, width, height }: Ink,
  x: number,
  y: number,
  side: number,
): number {
  let sum = 0;
  const lastRow = Math.min(height, Math.ceil(y + side));
  const lastColumn = Math.min(width, Math.ceil(x + side));
  for (let row = Math.max(0, Math.floor(y)); row < lastRow; row++) {
    const tall = Math.min(y + side, row + 1) - Math.max(y, row);
    for (
      let column = Math.max(0, Math.floor(x));
      column < lastColumn;
      column++
    ) {
      const wide = Math.min(x + side, column + 1) - Math.max(x, column);
      sum += tall * wide * bytes[row * width + column];
    }
  }
  return sum / side ** 2;
}
