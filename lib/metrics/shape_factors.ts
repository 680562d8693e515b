/**
 * Measures what an eye sees first of a digit: how it leans, how thick its
 * strokes are, how large and how round it is, how many loops it has.
 *
 * Slant, stroke width, height and width are measured in Morpho-MNIST as well
 * (Castro et al. 2019, https://arxiv.org/abs/1809.10780). Here grey pixels are
 * taken as they are, so that measures move as smoothly as a decoder's pictures
 * do: nothing is enlarged, and no skeleton is drawn.
 *
 * @module
 */
import { convexHull, type Point, polygonSize } from "../math/convex_hull.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../model/spec.ts";

/** What is measured, in the order of the columns of {@linkcode shapeFactors}. */
export const SHAPE_FACTORS = [
  "slant",
  "stroke width",
  "height",
  "width",
  "roundness",
  "loops",
] as const;

/** The name of one measure of a shape. */
export type ShapeFactor = typeof SHAPE_FACTORS[number];

/** Less than this share of the most ink is a decoder's haze, so paper. */
const HAZE = 0.1;

/** A shape's edge is where it has this share of the most ink. */
const EDGE = 0.5;

/** Shares of the most ink: what has more of it is the stroke around a loop. */
const LOOP_LEVELS = [0.3, 0.4, 0.5, 0.6, 0.7];

/** The side of an image with a margin of paper, which holds every loop in. */
const SIDE = IMAGE_SIZE + 2;

/**
 * Measures shapes.
 *
 * - `slant`: by how many pixels a shape leans to the right with each that it
 *   rises, −μ₁₁ / μ₀₂ of its second moments: the shear that sets it upright.
 * - `stroke width`, in pixels: twice the area over the perimeter, as of a long
 *   band. The area is Σ ink and the perimeter Σ |∇ink|: the means over all grey
 *   levels of what has more ink (Fleming & Rishel 1960, the coarea formula).
 * - `height` and `width`, in pixels, of the shape set upright, to where the ink
 *   is half of the most.
 * - `roundness`: 4π · area / perimeter² of the convex hull of the shape set
 *   upright: 1 of a circle, π/4 of a square, near 0 of a line.
 * - `loops`: patches of paper that ink encloses, the mean over five grey levels.
 *
 * @param images [n, 784], ink from 0 to 1 or as bytes; what is below 0, as a
 * decoder's that was trained on squared errors may be, is paper.
 * @returns [n, 6], in the order of {@linkcode SHAPE_FACTORS}; zeros of an image
 * that has no ink, or no paper: none of its pixels has less than half of the most.
 */
export function shapeFactors(images: Float32Array | Uint8Array): Float32Array {
  const n = images.length / IMAGE_PIXELS;
  const factors = new Float32Array(n * SHAPE_FACTORS.length);
  const ink = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < n; i++) {
    const image = images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS);
    if (!frame(image, ink)) continue;
    const slant = slantOf(ink);
    const hull = convexHull(edges(ink, slant));
    const { area, perimeter } = polygonSize(hull);
    factors.set([
      slant,
      strokeWidth(ink),
      extent(hull.map(({ y }) => y)),
      extent(hull.map(({ x }) => x)),
      4 * Math.PI * area / perimeter ** 2,
      loops(ink),
    ], i * SHAPE_FACTORS.length);
  }
  return factors;
}

/** Frames an image's ink, the most of it 1; says whether ink and paper differ. */
function frame(image: Float32Array | Uint8Array, ink: Float32Array): boolean {
  let most = 0;
  let least = Infinity;
  for (let i = 0; i < image.length; i++) {
    most = Math.max(most, image[i]);
    least = Math.min(least, image[i]);
  }
  if (most <= 0 || least >= EDGE * most) return false;
  for (let row = 1, i = 0; row <= IMAGE_SIZE; row++) {
    for (let column = 1; column <= IMAGE_SIZE; column++) {
      const value = image[i++] / most;
      ink[row * SIDE + column] = value < HAZE ? 0 : value;
    }
  }
  return true;
}

function slantOf(ink: Float32Array): number {
  let mass = 0;
  let right = 0;
  let down = 0;
  let both = 0;
  let square = 0;
  for (let row = 0, at = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const value = ink[at++];
      mass += value;
      right += value * column;
      down += value * row;
      both += value * column * row;
      square += value * row * row;
    }
  }
  const variance = square - down * down / mass;
  return variance > 0 ? (down * right / mass - both) / variance : 0;
}

function strokeWidth(ink: Float32Array): number {
  let area = 0;
  let perimeter = 0;
  for (let at = 0; at < ink.length - SIDE - 1; at++) {
    const a = ink[at];
    const b = ink[at + 1];
    const c = ink[at + SIDE];
    const d = ink[at + SIDE + 1];
    const right = (b - a + d - c) / 2;
    const down = (c - a + d - b) / 2;
    area += a;
    perimeter += Math.sqrt(right * right + down * down);
  }
  return 2 * area / perimeter;
}

/** Returns where rows and columns first and last cross half, set upright. */
function edges(ink: Float32Array, slant: number): Point[] {
  const points: Point[] = [];
  const add = (x: number, y: number) => points.push({ x: x + slant * y, y });
  for (let line = 1; line <= IMAGE_SIZE; line++) {
    const row = line * SIDE;
    const left = crossing(ink, row, 1);
    if (left > 0) {
      add(left, line);
      add(SIDE - 1 - crossing(ink, row + SIDE - 1, -1), line);
    }
    const top = crossing(ink, line, SIDE);
    if (top > 0) {
      add(line, top);
      add(line, SIDE - 1 - crossing(ink, line + (SIDE - 1) * SIDE, -SIDE));
    }
  }
  return points;
}

/** Returns how far it is to where ink crosses half; 0 if it does not. */
function crossing(ink: Float32Array, first: number, step: number): number {
  for (let i = 1; i <= IMAGE_SIZE; i++) {
    const value = ink[first + i * step];
    if (value <= EDGE) continue;
    return i - (value - EDGE) / (value - ink[first + (i - 1) * step]);
  }
  return 0;
}

function extent(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

/** Paper touches paper at its four sides, ink touches ink at corners, too. */
const SIDES = [-SIDE, -1, 1, SIDE];

function loops(ink: Float32Array): number {
  let patches = 0;
  const isDone = new Uint8Array(ink.length);
  const stack = new Int16Array(ink.length);
  for (const level of LOOP_LEVELS) {
    for (let i = 0; i < ink.length; i++) isDone[i] = Number(ink[i] > level);
    for (let first = 0; first < ink.length; first++) {
      if (isDone[first]) continue;
      patches++;
      isDone[first] = 1;
      stack[0] = first;
      for (let depth = 1; depth > 0;) {
        const at = stack[--depth];
        // A row's end touches the next row's beginning: both are margin.
        for (let side = 0; side < 4; side++) {
          const next = at + SIDES[side];
          if (next < 0 || next >= ink.length || isDone[next]) continue;
          isDone[next] = 1;
          stack[depth++] = next;
        }
      }
    }
  }
  // One patch of each level is the paper around all ink.
  return patches / LOOP_LEVELS.length - 1;
}
