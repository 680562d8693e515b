/**
 * What plots have in common: their colours and letters, axes, series and
 * legends.
 *
 * @module
 */
import type { Axis } from "./axis.ts";
import { drawText, textWidth } from "./font.ts";
import {
  type Color,
  drawLines,
  fillRect,
  type Picture,
  type Point,
} from "./picture.ts";

/** What plots are drawn on. */
export const PAPER: Color = [255, 255, 255];
/** What titles are written in. */
export const INK: Color = [31, 35, 40];
const PALE_INK: Color = [101, 109, 118];
const AXIS: Color = [140, 149, 159];
const GRIDLINE: Color = [228, 232, 236];

const TITLE = { size: 14, color: INK, bold: true };
/** The letters of tick labels, units and legends. */
export const SMALL = { size: 11, color: PALE_INK };

/** The height of {@linkcode drawHeading}, with the room to the axes. */
export const ABOVE = 56;
/** The height of the ticks and the label below an x axis. */
export const BELOW = 52;
/** From a tick label to its axis. */
const TICK_GAP = 10;

/** The diameter of a point of a series. */
export const MARKER = 9;
const RING = 2;
/** With more points than this the markers would hide the line. */
const MOST_MARKERS = 30;

/** Points joined by a line. */
export interface Series {
  readonly label: string;
  readonly color: Color;
  /**
   * Draws a thinner line and rings instead of discs: so colour is not all that
   * tells, and a series below stays in sight where the two agree.
   */
  readonly hollow: boolean;
  /** In the order they are joined. */
  readonly points: readonly Point[];
}

/** The rectangle between the axes of a plot. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Returns the room that the labels of a y axis take on its left. */
export function labelWidth({ ticks }: Axis): number {
  const widths = ticks.map(({ text }) => textWidth(text, SMALL.size));
  return Math.ceil(Math.max(...widths)) + TICK_GAP;
}

/** Writes a title, and below it what is drawn upward. */
export function drawHeading(
  picture: Picture,
  title: string,
  yLabel: string,
  x: number,
  y: number,
): void {
  drawText(picture, title, x, y + TITLE.size, TITLE);
  drawText(picture, yLabel, x, y + TITLE.size + 21, SMALL);
}

/**
 * Draws the axes of a plot: the labels of y on the left with a line across from
 * each, ticks and labels of x below, and the name of x below these.
 *
 * @param options `xLines` draws lines upward from the ticks of x, too.
 */
export function drawAxes(
  picture: Picture,
  { left, right, top, bottom }: Frame,
  x: Axis & { readonly label: string },
  y: Axis,
  { xLines = false } = {},
): void {
  for (const { at, text } of y.ticks) {
    const row = Math.round(at);
    fillRect(picture, left, row, right - left, 1, GRIDLINE);
    const start = left - TICK_GAP - textWidth(text, SMALL.size);
    drawText(picture, text, start, row + 0.5 * SMALL.size, SMALL);
  }
  for (const { at, text } of x.ticks) {
    const column = Math.round(at);
    if (xLines) fillRect(picture, column, top, 1, bottom - top, GRIDLINE);
    fillRect(picture, column, bottom, 1, 6, AXIS);
    centre(picture, text, column, bottom + 10 + SMALL.size);
  }
  fillRect(picture, left, bottom, right - left, 1, AXIS);
  centre(picture, x.label, (left + right) / 2, bottom + BELOW - 6);
}

/** Draws a series whose points are places in the picture. */
export function drawSeries(
  picture: Picture,
  { points, color, hollow }: Series,
): void {
  drawLines(picture, [points], color, lineWidth(hollow));
  if (points.length > MOST_MARKERS) return;
  for (const point of points) drawMarker(picture, point, color, hollow);
}

/** Draws the labels of series in a row that ends at `right`; `y` is the baseline. */
export function drawLegend(
  picture: Picture,
  series: readonly Series[],
  right: number,
  y: number,
): void {
  const [sample, gap] = [28, 8];
  let x = right;
  for (const { label, color, hollow } of series.toReversed()) {
    x -= textWidth(label, SMALL.size);
    drawText(picture, label, x, y, { ...SMALL, color: INK });
    x -= gap + sample;
    const middle = y - SMALL.size / 2 + 0.5;
    const line: Point[] = [[x, middle], [x + sample, middle]];
    drawLines(picture, [line], color, lineWidth(hollow));
    drawMarker(picture, [x + sample / 2, middle], color, hollow);
    x -= 3 * gap;
  }
}

function lineWidth(hollow: boolean): number {
  return hollow ? 1.75 : 3.25;
}

function drawMarker(
  picture: Picture,
  at: Point,
  color: Color,
  hollow: boolean,
): void {
  drawLines(picture, [[at]], color, MARKER);
  if (hollow) drawLines(picture, [[at]], PAPER, MARKER - 2 * RING);
}

/** Writes small text around `x`; `y` is the baseline. */
function centre(picture: Picture, text: string, x: number, y: number): void {
  drawText(picture, text, x - textWidth(text, SMALL.size) / 2, y, SMALL);
}
