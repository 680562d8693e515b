/**
 * Draws points in the plane, coloured by class.
 *
 * @module
 */
import { placeApart } from "./apart.ts";
import { axis } from "./axis.ts";
import { displayedPicture } from "./display.ts";
import { drawText, isLegible, textWidth } from "./font.ts";
import { type Heading, withHeading } from "./heading.ts";
import {
  blank,
  type Color,
  drawLines,
  type Picture,
  type Point,
} from "./picture.ts";
import { BELOW, drawAxes, INK, PAPER } from "./plot.ts";

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
/** The y axis's name and labels on the left, the legend on the right. */
const LEFT = 66;
const RIGHT = 72;
/** From a line of the legend to the next, if there is room, and at least. */
const LEGEND_LINE = 30;
const LEAST_LINE = 18;
const LEGEND_DISC = 14;
/** From the square to the discs of the legend, and from there to the names. */
const LEGEND_LEFT = 30;
const LEGEND_NAME = 16;

const LEGEND = { size: 12, color: INK, bold: true };
/** Diameter of the ring around a class's name among its points. */
const BADGE = 28;
/** From the middle of one name to that of the next, at least. */
const APART = BADGE + 4;

/** What is written around the points. */
export interface ScatterOptions extends Heading {
  /** What is drawn to the right. */
  readonly xLabel: string;
  /** What is drawn upward. */
  readonly yLabel: string;
  /** What the classes are called; their numbers, unless given. */
  readonly names?: readonly string[];
  /** Makes the picture so many times as large, and as sharp: 1 by default. */
  readonly scale?: number;
}

/**
 * Draws points as translucent discs, in the order given. Both axes have the
 * same unit. Each class has a colour, and its name stands in the legend and at
 * the median of its points, so that colour is not all that tells. Where medians
 * are close the names move apart, each with a line to its own. Where one is too
 * long to stand among the points, the numbers of the classes do, and in the
 * legend before the names.
 *
 * @param points [n, 2], x and y of each point.
 * @param classes [n]; there are ten colours, and they begin anew at class 10.
 * @param options The axes' labels, and what else is written around the points.
 * @returns A picture of 914 units in width, or more if the legend takes it.
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
  options: ScatterOptions,
): Picture {
  const { xLabel, yLabel, names = [], scale } = options;
  const n = points.length / 2;
  if (n !== classes.length || n === 0) {
    throw new RangeError(
      `a scatter plot of ${n} points cannot have ${classes.length} classes: it takes at least one point, and one class for each`,
    );
  }
  const present = [...new Set(classes)].sort((a, b) => a - b);
  const texts = present.map((label) => names[label] ?? `${label}`);
  const isShort = texts.every(fitsBadge);
  const badges = isShort ? texts : present.map(String);
  const legend = layOut(
    isShort
      ? texts
      : texts.map((text, i) =>
        text === badges[i] ? text : `${badges[i]}  ${text}`
      ),
  );
  const picture = blank(
    2 * MARGIN + LEFT + SIDE + Math.max(RIGHT, legend.width - MARGIN),
    2 * MARGIN + SIDE + BELOW,
    PAPER,
    scale,
  );
  const [left, top] = [MARGIN + LEFT, MARGIN];
  const [right, bottom] = [left + SIDE, top + SIDE];

  const xs = Array.from(classes, (_, i) => points[2 * i]);
  const ys = Array.from(classes, (_, i) => points[2 * i + 1]);
  const [xMiddle, yMiddle] = [xs, ys].map((v) => (least(v) + most(v)) / 2);
  const widest = Math.max(most(xs) - least(xs), most(ys) - least(ys));
  const reach = 0.53 * widest || 1;
  const x = axis([xMiddle - reach, xMiddle + reach], [left, right]);
  const y = axis([yMiddle - reach, yMiddle + reach], [bottom, top]);
  const place = (i: number): Point => [x.place(xs[i]), y.place(ys[i])];

  drawAxes(
    picture,
    { left, right, top, bottom },
    { ...x, label: xLabel },
    { ...y, label: yLabel },
    { xLines: true },
  );

  // Many points are small and light, so that they do not hide one another.
  const diameter = Math.min(9, 4 + 50 / Math.sqrt(n));
  const opacity = Math.min(0.9, 0.5 + 10 / Math.sqrt(n));
  classes.forEach((name, i) => {
    drawLines(picture, [[place(i)]], colorOf(name), diameter, opacity);
  });

  legend.places.forEach(([dx, dy], i) => {
    const [x, y] = [right + dx, top + dy];
    drawLines(picture, [[[x, y]]], colorOf(present[i]), LEGEND_DISC);
    const baseline = y + LEGEND.size / 2;
    drawText(picture, legend.texts[i], x + LEGEND_NAME, baseline, LEGEND);
  });
  const homes = present.map((label): Point => {
    const own = (values: number[]) =>
      median(values.filter((_, i) => classes[i] === label));
    return [x.place(own(xs)), y.place(own(ys))];
  });
  const room = BADGE / 2 + 1;
  const places = placeApart(homes, APART, {
    left: left + room,
    right: right - room,
    top: top + room,
    bottom: bottom - room,
  });
  present.forEach((_, i) => {
    drawLines(picture, [[homes[i], places[i]]], INK, 1.5);
    drawLines(picture, [[homes[i]]], INK, 5);
  });
  present.forEach((label, i) =>
    drawBadge(picture, badges[i], colorOf(label), places[i])
  );
  return displayedPicture(withHeading(picture, options, MARGIN));
}

/** A legend, its discs as they lie from the square's upper right corner. */
interface Legend {
  readonly texts: readonly string[];
  readonly places: readonly Point[];
  readonly width: number;
}

/** Lays a legend out in columns no higher than the square. */
function layOut(texts: readonly string[]): Legend {
  const most = Math.floor((SIDE - BADGE) / LEAST_LINE) + 1;
  const columns = Math.ceil(texts.length / most);
  const rows = Math.ceil(texts.length / columns);
  const line = Math.min(LEGEND_LINE, (SIDE - BADGE) / Math.max(1, rows - 1));
  const widths = texts.map((text) => textWidth(text, LEGEND.size));
  const column = Math.ceil(Math.max(...widths)) + LEGEND_LEFT + LEGEND_NAME;
  return {
    texts,
    places: texts.map((_, i) => [
      LEGEND_LEFT + Math.floor(i / rows) * column,
      BADGE / 2 + i % rows * line,
    ]),
    width: columns * column + MARGIN,
  };
}

/** Says whether a name can be read in a ring. */
function fitsBadge(name: string): boolean {
  return isLegible(name) && textWidth(name, LEGEND.size) <= BADGE - 8;
}

/** Draws a class's name in a ring of its colour. */
function drawBadge(
  picture: Picture,
  text: string,
  color: Color,
  at: Point,
): void {
  drawLines(picture, [[at]], color, BADGE);
  drawLines(picture, [[at]], PAPER, BADGE - 6);
  const x = at[0] - textWidth(text, LEGEND.size) / 2;
  drawText(picture, text, x, at[1] + LEGEND.size / 2, LEGEND);
}

function colorOf(label: number): Color {
  return COLORS[label % COLORS.length];
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
