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

/** The letters of tick labels, units and legends. */
export const SMALL = { size: 11, color: PALE_INK };

/** The height of the ticks and the label below an x axis. */
export const BELOW = 52;
/** From a tick label to its axis. */
const TICK_GAP = 10;
/** The name of a y axis, and from there to its tick labels. */
const Y_LABEL = 26;

/** The diameter of a point of a series. */
export const MARKER = 9;
const RING = 2;
/** With more points than this the markers would hide the line. */
const MOST_MARKERS = 30;

/** How a line is drawn, and what it is called. */
export interface Series {
  readonly label: string;
  readonly color: Color;
  /**
   * Draws a thinner line and rings instead of discs: so colour is not all that
   * tells, and a series below stays in sight where the two agree.
   */
  readonly hollow: boolean;
}

/** The rectangle between the axes of a plot. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** An axis and what it is called. */
export type NamedAxis = Axis & { readonly label: string };

/** Returns the room that a y axis takes on its left: its name and its labels. */
export function roomLeft(axis: Axis): number {
  return Y_LABEL + tickWidth(axis);
}

function tickWidth({ ticks }: Axis): number {
  const widths = ticks.map(({ text }) => textWidth(text, SMALL.size));
  return Math.ceil(Math.max(...widths)) + TICK_GAP;
}

/**
 * Draws the axes of a plot: the labels of y on the left with a line across from
 * each, and left of them the name of y, read upward; ticks and labels of x below,
 * and the name of x below these.
 *
 * @param options `xLines` draws lines upward from the ticks of x, too.
 */
export function drawAxes(
  picture: Picture,
  { left, right, top, bottom }: Frame,
  x: NamedAxis,
  y: NamedAxis,
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
  drawText(
    picture,
    y.label,
    left - roomLeft(y) + SMALL.size,
    (top + bottom + textWidth(y.label, SMALL.size)) / 2,
    { ...SMALL, upward: true },
  );
}

/**
 * Draws a series.
 *
 * @param lines Its line, in as many pieces as there are.
 * @param points Where its markers are.
 */
export function drawSeries(
  picture: Picture,
  { color, hollow }: Series,
  lines: readonly (readonly Point[])[],
  points: readonly Point[],
): void {
  drawLines(picture, lines, color, lineWidth(hollow));
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
