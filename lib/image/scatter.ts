/**
 * Points in the plane, coloured by class.
 *
 * @module
 */
import { drawText, textWidth } from "./font.ts";
import {
  blank,
  type Color,
  drawLines,
  fillRect,
  type Picture,
  type Point,
} from "./picture.ts";
import {
  AXIS,
  centre,
  GRIDLINE,
  INK,
  MOST_TICKS,
  PAPER,
  SMALL,
  TICK_GAP,
  tickLabels,
  ticks,
  TITLE,
} from "./plot.ts";

// The colours of Okabe and Ito (2008, "Color universal design"), which
// colour-blind eyes can tell apart, yellow and pink darkened for small discs on
// white, and three more that differ in lightness. Digits that models confuse
// (3, 5 and 8; 4, 7 and 9) are far apart.
const COLORS: readonly Color[] = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [213, 94, 0],
  [86, 180, 233],
  [91, 42, 134],
  [201, 188, 31],
  [227, 119, 184],
  [122, 74, 46],
  [61, 61, 61],
];

const MARGIN = 28;
/** Side of the square that the points lie in. */
const SIDE = 720;
/** Title and the label of the y axis above it, ticks and label of x below. */
const ABOVE = 56;
const BELOW = 52;
/** Tick labels on the left, the legend on the right. */
const LEFT = 40;
const RIGHT = 72;
const LEGEND_LINE = 30;
const LEGEND_DISC = 14;

const LEGEND = { size: 12, color: INK, bold: true };
/** Diameter of the ring around a class's name among its points. */
const BADGE = 28;

/** What is written around the points. */
export interface ScatterOptions {
  /** One line above the plot. */
  readonly title: string;
  /** What is drawn to the right. */
  readonly xLabel: string;
  /** What is drawn upward. */
  readonly yLabel: string;
  /** Makes the picture so many times as large, and as sharp: 1 by default. */
  readonly scale?: number;
}

/**
 * Draws points as translucent discs, in the order given. Both axes have the
 * same unit. Each class has a colour, and its name stands in the legend and at
 * the median of its points, so that colour is not all that tells.
 *
 * @param points [n, 2], x and y of each point.
 * @param classes [n]; there are ten colours, and they begin anew at class 10.
 * @returns A picture of 888 × 884 pixels, times the scale.
 * @throws {RangeError} If there is no point, or not one class for each.
 *
 * @example
 * ```ts
 * import { encodePng, fillNormal, scatter, streamKey } from "@vae/mnist";
 *
 * const points = fillNormal(new Float32Array(200), streamKey(0, "sample"), 0);
 * const classes = Uint8Array.from({ length: 100 }, (_, i) => i % 3);
 * const labels = { title: "Noise", xLabel: "x", yLabel: "y" };
 * const picture = scatter(points, classes, labels);
 * const bytes = encodePng(picture); // for "noise.png"
 * ```
 */
export function scatter(
  points: ArrayLike<number>,
  classes: Uint8Array,
  { title, xLabel, yLabel, scale }: ScatterOptions,
): Picture {
  const n = points.length / 2;
  if (n !== classes.length || n === 0) {
    throw new RangeError(
      `A scatter plot of ${n} points cannot have ${classes.length} classes: it takes at least one point, and one class for each`,
    );
  }
  const picture = blank(
    2 * MARGIN + LEFT + SIDE + RIGHT,
    2 * MARGIN + ABOVE + SIDE + BELOW,
    PAPER,
    scale,
  );
  const [left, top] = [MARGIN + LEFT, MARGIN + ABOVE];
  const [right, bottom] = [left + SIDE, top + SIDE];

  const xs = Array.from(classes, (_, i) => points[2 * i]);
  const ys = Array.from(classes, (_, i) => points[2 * i + 1]);
  const [xMiddle, yMiddle] = [xs, ys].map((v) => (least(v) + most(v)) / 2);
  const widest = Math.max(most(xs) - least(xs), most(ys) - least(ys));
  const reach = 0.53 * widest || 1;
  const toX = (x: number) => left + SIDE * (0.5 + (x - xMiddle) / (2 * reach));
  const toY = (y: number) => top + SIDE * (0.5 - (y - yMiddle) / (2 * reach));

  drawText(picture, title, MARGIN, MARGIN + TITLE.size, TITLE);
  drawText(picture, yLabel, MARGIN, MARGIN + TITLE.size + 21, SMALL);
  const yTicks = ticks(yMiddle - reach, yMiddle + reach, MOST_TICKS);
  tickLabels(yTicks).forEach((text, i) => {
    const y = Math.round(toY(yTicks[i]));
    fillRect(picture, left, y, SIDE, 1, GRIDLINE);
    const x = left - TICK_GAP - textWidth(text, SMALL.size);
    drawText(picture, text, x, y + 0.5 * SMALL.size, SMALL);
  });
  const xTicks = ticks(xMiddle - reach, xMiddle + reach, MOST_TICKS);
  tickLabels(xTicks).forEach((text, i) => {
    const x = Math.round(toX(xTicks[i]));
    fillRect(picture, x, top, 1, SIDE, GRIDLINE);
    fillRect(picture, x, bottom, 1, 6, AXIS);
    centre(picture, text, x, bottom + 10 + SMALL.size);
  });
  fillRect(picture, left, bottom, SIDE, 1, AXIS);
  centre(picture, xLabel, (left + right) / 2, bottom + BELOW - 6);

  // Many points are small and light, so that they do not hide one another.
  const diameter = Math.min(9, 4 + 50 / Math.sqrt(n));
  const opacity = Math.min(0.9, 0.5 + 10 / Math.sqrt(n));
  classes.forEach((name, i) => {
    const at: Point = [toX(xs[i]), toY(ys[i])];
    drawLines(picture, [[at]], colorOf(name), diameter, opacity);
  });

  const names = [...new Set(classes)].sort((a, b) => a - b);
  names.forEach((name, row) => {
    const y = top + BADGE / 2 + row * LEGEND_LINE;
    drawLines(picture, [[[right + 30, y]]], colorOf(name), LEGEND_DISC);
    drawText(picture, `${name}`, right + 46, y + LEGEND.size / 2, LEGEND);
  });
  for (const name of names) {
    const own = (values: number[]) =>
      median(values.filter((_, i) => classes[i] === name));
    drawBadge(picture, name, [toX(own(xs)), toY(own(ys))]);
  }
  return picture;
}

/** A class's name in a ring of its colour. */
function drawBadge(picture: Picture, name: number, at: Point): void {
  const text = `${name}`;
  drawLines(picture, [[at]], colorOf(name), BADGE);
  drawLines(picture, [[at]], PAPER, BADGE - 6);
  const x = at[0] - textWidth(text, LEGEND.size) / 2;
  drawText(picture, text, x, at[1] + LEGEND.size / 2, LEGEND);
}

function colorOf(name: number): Color {
  return COLORS[name % COLORS.length];
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
