/**
 * Handwritten-looking digits without a download: pen strokes along skeletons
 * that are warped, slanted and scaled at random, then set in the frame by
 * MNIST's own rules.
 *
 * @module
 */
import { fillUniform, streamKey } from "../rng.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../model/spec.ts";

/**
 * The strokes of each digit's variants. A stroke is a smooth curve through its
 * points, x and y in percent of the digit's box from the top left; strokes that
 * share a point make a corner.
 */
const SKELETONS = [
  [
    "52,1 20,14 6,50 18,86 50,100 82,86 95,50 82,16 50,0 42,4",
    "72,10 42,2 14,24 6,62 24,94 58,98 86,74 94,40 80,12 58,3 46,8",
  ],
  [
    "52,0 50,50 48,100",
    "52,0 50,50 48,100",
    "30,24 44,12 55,0 | 55,0 53,50 50,100",
  ],
  [
    "12,26 28,6 58,2 80,20 74,46 42,76 10,97 | 10,97 50,93 94,95",
    "14,22 36,3 68,6 78,30 58,64 26,92 8,90 14,76 38,80 66,95 94,90",
    "10,30 30,5 62,3 80,24 66,58 38,86 16,96 8,86 22,78 52,90 92,97",
  ],
  [
    "14,14 40,2 72,10 76,30 44,46 | 44,46 80,58 86,80 52,99 10,88",
    "10,10 44,2 74,14 66,36 38,46 70,54 88,74 66,96 30,98 8,86",
  ],
  [
    "18,4 12,30 14,52 | 14,52 50,54 88,48 | 78,2 72,50 68,100",
    "62,2 34,34 8,64 | 8,64 50,64 94,60 | 62,2 62,50 60,100",
    "24,4 14,34 26,52 54,50 78,38 | 84,4 78,38 70,98",
  ],
  [
    "88,4 60,5 28,6 | 28,6 24,24 20,44 | 20,44 54,36 84,56 76,86 42,99 8,88",
    "26,8 23,26 18,46 | 18,46 50,38 80,54 78,84 46,99 10,92 | 26,8 58,5 90,2",
  ],
  [
    "68,2 36,24 14,60 22,92 52,99 80,84 74,60 46,56 18,76",
    "54,0 30,30 18,68 32,96 64,96 80,74 62,56 36,64 22,84",
  ],
  [
    "10,10 48,9 90,5 | 90,5 62,44 44,100",
    "10,10 48,9 90,5 | 90,5 62,44 44,100",
    "12,22 14,8 50,9 86,6 | 86,6 66,42 52,100",
    "10,10 48,9 90,5 | 90,5 62,44 44,100 | 32,52 56,50 80,47",
  ],
  [
    "78,14 48,2 22,18 38,42 70,62 76,86 46,99 20,84 34,58 66,38 84,18 70,6",
    "50,46 24,30 28,8 56,2 76,16 68,36 38,56 18,80 42,98 74,92 78,68 50,46",
  ],
  [
    "80,20 54,2 22,14 18,38 44,48 72,36 80,20 | 80,20 76,58 68,100",
    "78,16 46,3 18,24 34,46 64,40 78,16 | 78,16 80,56 62,92 24,96",
    "74,12 42,4 20,30 46,46 72,28 74,12 | 74,12 68,54 50,100",
  ],
].map((variants) => variants.map(parseStrokes));

function parseStrokes(text: string): number[][] {
  return text.split(" | ").map((stroke) =>
    stroke.split(/[ ,]/).map((percent) => Number(percent) / 100)
  );
}

/** Straight pieces that a curve between two points is drawn with. */
const PIECES = 4;
/** Longer side of a digit's box, in pixels, as in MNIST. */
const BOX_SIZE = 20;
/** Half the width of a stroke's soft edge, in pixels. */
const SOFTNESS = 0.55;
/** Points per side of the lattice whose random shifts warp the strokes. */
const LATTICE = 4;

/** What is random about one digit; `uniform` holds numbers in (0, 1). */
const LATTICE_AT = 8;
export const FORM_NUMBERS = LATTICE_AT + 2 * LATTICE * LATTICE;

/** How to draw {@linkcode synthesize}d digits. */
export interface SyntheticOptions {
  /** Which data set: equal seeds give equal digits. */
  readonly seed: number;
  /** Index of the first digit in the endless data set. Default 0. */
  readonly first?: number;
}

/**
 * Draws 28×28 digits as pen strokes. The digit at an index depends on the seed
 * and the index alone, so any part of the data set can be made by itself.
 *
 * @param count How many.
 * @param options The seed, and where to begin.
 * @returns `count`·784 pixels, row-major, 0 (paper) to 255 (ink), and `count`
 * labels from 0 to 9.
 *
 * @example
 * ```ts
 * import { synthesize } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const { images, labels } = synthesize(10, { seed: 1 });
 * const tail = synthesize(4, { seed: 1, first: 6 });
 * assertEquals(tail.images, images.subarray(6 * 784));
 * assertEquals(tail.labels, labels.subarray(6));
 * ```
 */
export function synthesize(
  count: number,
  { seed, first = 0 }: SyntheticOptions,
): { images: Uint8Array<ArrayBuffer>; labels: Uint8Array<ArrayBuffer> } {
  const images = new Uint8Array(count * IMAGE_PIXELS);
  const labels = new Uint8Array(count);
  const key = streamKey(seed, "synthetic");
  const uniform = new Float32Array(FORM_NUMBERS);
  for (let i = 0; i < count; i++) {
    fillUniform(uniform, key, first + i);
    const form = formOf(uniform);
    labels[i] = form.digit;
    drawForm(form, images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS));
  }
  return { images, labels };
}

/** What is random about one digit: the true factors of its image. */
export interface SyntheticForm {
  readonly digit: number;
  /** Which of the digit's skeletons. */
  readonly variant: number;
  /** Half the width of the pen, in pixels. */
  readonly radius: number;
  /** By how much the digit is turned clockwise, in radians. */
  readonly angle: number;
  /** By how much it leans to the right for each unit that it rises. */
  readonly slant: number;
  /** Its width as a share of the skeleton's. */
  readonly narrow: number;
  /** By how much the pen thins along a stroke, from 0 to 1. */
  readonly taper: number;
  /** [2, 4, 4] numbers in (0, 1): the shifts to the right and downward. */
  readonly lattice: Float32Array;
}

/**
 * Returns the form that random numbers stand for.
 *
 * @param uniform {@linkcode FORM_NUMBERS} in (0, 1).
 */
export function formOf(uniform: Float32Array): SyntheticForm {
  const digit = Math.floor(uniform[0] * 10);
  return {
    digit,
    variant: Math.floor(uniform[1] * SKELETONS[digit].length),
    radius: 0.7 + 0.85 * uniform[2],
    angle: 0.5 * (uniform[3] + uniform[4] - 1),
    slant: 0.12 + 0.8 * (uniform[5] - 0.5),
    narrow: 0.62 + 0.4 * uniform[6],
    taper: uniform[7],
    lattice: uniform.subarray(LATTICE_AT),
  };
}

/**
 * Draws a digit on paper.
 *
 * @param form What it looks like.
 * @param image [784] zeros to fill in.
 */
export function drawForm(form: SyntheticForm, image: Uint8Array): void {
  const { digit, variant, radius, taper } = form;
  const curves = SKELETONS[digit][variant].map((stroke) =>
    traceCurve(warp(stroke, form))
  );
  fit(curves, BOX_SIZE - 2 * radius);
  const ink = new Float32Array(IMAGE_PIXELS);
  for (const curve of curves) draw(curve, radius, taper, ink);
  centre(ink, image);
}

/** Shifts a stroke's points with the lattice, then slants, turns, narrows. */
function warp(
  stroke: number[],
  { angle, slant, narrow, lattice }: SyntheticForm,
): number[] {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const warped = [];
  for (let at = 0; at < stroke.length; at += 2) {
    const u = stroke[at] * (LATTICE - 1);
    const v = stroke[at + 1] * (LATTICE - 1);
    const column = Math.min(LATTICE - 2, Math.floor(u));
    const row = Math.min(LATTICE - 2, Math.floor(v));
    const fx = u - column;
    const fy = v - row;
    const shift = (axis: number) => {
      const corner = axis * LATTICE * LATTICE + row * LATTICE + column;
      const top = lattice[corner] * (1 - fx) + lattice[corner + 1] * fx;
      const bottom = lattice[corner + LATTICE] * (1 - fx) +
        lattice[corner + LATTICE + 1] * fx;
      return 0.24 * (top * (1 - fy) + bottom * fy - 0.5);
    };
    const y = stroke[at + 1] + shift(1) - 0.5;
    const x = (stroke[at] + shift(0) - 0.5) * narrow - slant * y;
    warped.push(x * cos - y * sin, x * sin + y * cos);
  }
  return warped;
}

/**
 * Traces a Catmull–Rom spline through the points, as a chain of straight
 * pieces.
 */
function traceCurve(points: number[]): Float32Array {
  const spans = points.length / 2 - 1;
  const curve = new Float32Array(2 * (spans * PIECES + 1));
  for (let span = 0; span < spans; span++) {
    for (let piece = 0; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      for (let axis = 0; axis < 2; axis++) {
        const p1 = points[2 * span + axis];
        const p2 = points[2 * span + 2 + axis];
        const p0 = points[2 * span - 2 + axis] ?? p1;
        const p3 = points[2 * span + 4 + axis] ?? p2;
        curve[2 * (span * PIECES + piece) + axis] = p1 + 0.5 * t * (p2 - p0 +
              t * (2 * p0 - 5 * p1 + 4 * p2 - p3 +
                  t * (3 * (p1 - p2) + p3 - p0)));
      }
    }
  }
  return curve;
}

/** Scales curves so that their longer side is `size`, centred in the frame. */
function fit(curves: Float32Array[], size: number): void {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const curve of curves) {
    for (let i = 0; i < curve.length; i++) {
      low[i & 1] = Math.min(low[i & 1], curve[i]);
      high[i & 1] = Math.max(high[i & 1], curve[i]);
    }
  }
  const scale = size / Math.max(high[0] - low[0], high[1] - low[1]);
  for (const curve of curves) {
    for (let i = 0; i < curve.length; i++) {
      const middle = (low[i & 1] + high[i & 1]) / 2;
      curve[i] = (curve[i] - middle) * scale + IMAGE_SIZE / 2;
    }
  }
}

/** Draws a curve with a round pen; where strokes cross, the darker one wins. */
function draw(
  curve: Float32Array,
  radius: number,
  taper: number,
  ink: Float32Array,
): void {
  for (let at = 0; at + 3 < curve.length; at += 2) {
    const x = curve[at];
    const y = curve[at + 1];
    const dx = curve[at + 2] - x;
    const dy = curve[at + 3] - y;
    const squaredLength = dx * dx + dy * dy || 1;
    const pen = radius * (1.15 - 0.3 * taper * at / curve.length);
    const reach = pen + SOFTNESS;
    const left = Math.floor(Math.min(x, x + dx) - reach);
    const right = Math.ceil(Math.max(x, x + dx) + reach);
    const top = Math.floor(Math.min(y, y + dy) - reach);
    const bottom = Math.ceil(Math.max(y, y + dy) + reach);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const px = column + 0.5 - x;
        const py = row + 0.5 - y;
        const t = Math.min(
          1,
          Math.max(0, (px * dx + py * dy) / squaredLength),
        );
        const ex = px - t * dx;
        const ey = py - t * dy;
        const squaredDistance = ex * ex + ey * ey;
        if (squaredDistance >= reach * reach) continue;
        const depth = (reach - Math.sqrt(squaredDistance)) / (2 * SOFTNESS);
        const pixel = row * IMAGE_SIZE + column;
        if (depth > ink[pixel]) ink[pixel] = depth;
      }
    }
  }
}

/** Moves the centre of mass to the centre of the frame, by whole pixels. */
function centre(ink: Float32Array, image: Uint8Array): void {
  let mass = 0;
  let x = 0;
  let y = 0;
  for (let pixel = 0; pixel < IMAGE_PIXELS; pixel++) {
    const value = Math.min(1, ink[pixel]);
    ink[pixel] = value;
    mass += value;
    x += value * (pixel % IMAGE_SIZE + 0.5);
    y += value * (Math.floor(pixel / IMAGE_SIZE) + 0.5);
  }
  // MNIST's margin around the box bounds the move, so no ink can leave.
  const margin = (IMAGE_SIZE - BOX_SIZE) / 2;
  const move = (moment: number) =>
    Math.max(
      -margin,
      Math.min(margin, Math.round(IMAGE_SIZE / 2 - moment / mass)),
    );
  const offset = move(y) * IMAGE_SIZE + move(x);
  for (let pixel = 0; pixel < IMAGE_PIXELS; pixel++) {
    if (ink[pixel] > 0) image[pixel + offset] = Math.round(255 * ink[pixel]);
  }
}
