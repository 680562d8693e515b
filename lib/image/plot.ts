/**
 * Plots: axes with round ticks, and panels with series of points.
 *
 * @module
 */
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
/** What axes are drawn in. */
export const AXIS: Color = [140, 149, 159];
/** What leads from a tick across a plot. */
export const GRIDLINE: Color = [228, 232, 236];

/** For the titles of plots. */
export const TITLE = { size: 14, color: INK, bold: true };
/** For tick labels, units and legends. */
export const SMALL = { size: 11, color: PALE_INK };

/** Room around the axes: title and unit above, ticks and label below. */
const ABOVE = 56;
const BELOW = 52;
/** From a tick label to its axis. */
export const TICK_GAP = 10;

/** Ticks of an axis, at most. */
export const MOST_TICKS = 8;

const MARKER = 9;
const RING = 2;
/** Beyond this many points the markers would hide the line. */
const MOST_MARKERS = 30;

/** Points joined by a line. */
export interface Series {
  readonly label: string;
  readonly color: Color;
  /**
   * A thinner line and rings instead of discs, so that colour is not all that
   * tells, and a series below stays in sight where the two agree.
   */
  readonly hollow: boolean;
  /** In the units of the axes, in the order they are joined. */
  readonly points: readonly Point[];
}

/** One plot: a title, axes that fit its series, and the series. */
export interface Panel {
  readonly title: string;
  /** What is drawn upward, and its unit; stands under the title. */
  readonly yLabel: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
}

/** A rectangle of the picture, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The multiples of a round step (1, 2 or 5 times a power of ten) from `low` to
 * `high`, the step being the smallest that gives at most `most` of them.
 *
 * @throws {RangeError} If the range is reversed or not finite.
 */
export function ticks(
  low: number,
  high: number,
  most: number,
  smallestStep = 0,
): number[] {
  if (low === high) return [low];
  if (!(high - low > 0 && high - low < Infinity)) {
    throw new RangeError(`An axis cannot run from ${low} to ${high}`);
  }
  for (let power = Math.floor(Math.log10((high - low) / most));; power++) {
    for (const digit of [1, 2, 5]) {
      // Dividing by a whole power of ten keeps 0.3 from being 0.30000000000000004.
      const at = (i: number) =>
        power < 0 ? i * digit / 10 ** -power : i * digit * 10 ** power;
      if (at(1) < smallestStep) continue;
      const first = Math.ceil(low / at(1) - 1e-9);
      const count = Math.floor(high / at(1) + 1e-9) - first + 1;
      if (count > most) continue;
      // `|| 0`: the first may be −0.
      return Array.from({ length: count }, (_, i) => at(first + i) || 0);
    }
  }
}

/**
 * Ticks as text, each with the decimals their step needs and no more; from a
 * hundred thousand up, and below a thousandth, in scientific notation.
 */
export function tickLabels(values: readonly number[]): string[] {
  if (values.length < 2) return values.map(String);
  const largest = Math.max(...values.map(Math.abs));
  const magnitude = Math.floor(Math.log10(largest) + 1e-9);
  const exponent = magnitude >= 5 || magnitude < -3 ? magnitude : 0;
  const stepPower = Math.floor(Math.log10(values[1] - values[0]) + 1e-9);
  const decimals = Math.max(0, exponent - stepPower);
  return values.map((value) =>
    exponent === 0 || value === 0
      ? value.toFixed(value === 0 ? 0 : decimals)
      : `${(value / 10 ** exponent).toFixed(decimals)}e${exponent}`
  );
}

/**
 * The range of an axis: all values and a little room on both sides. It does not
 * go below zero if no value does.
 */
export function axisRange(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const scale = Math.max(Math.abs(low), Math.abs(high));
  // Equal values, or so close that ticks between them would be rounding errors.
  const flat = high - low <= 1e-9 * scale;
  const room = flat ? 0.1 * scale || 1 : 0.06 * (high - low);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/** Draws a panel into a box; x are whole numbers, such as epochs. */
export function drawPanel(picture: Picture, box: Box, panel: Panel): void {
  const points = panel.series.flatMap((series) => series.points);
  const [yLow, yHigh] = axisRange(points.map(([, y]) => y));
  const xs = points.map(([x]) => x);
  const first = xs.reduce((a, b) => Math.min(a, b), Infinity);
  const last = xs.reduce((a, b) => Math.max(a, b), -Infinity);
  const room = first === last ? 1 : 0.04 * (last - first);

  const yTicks = ticks(yLow, yHigh, MOST_TICKS);
  const yTexts = tickLabels(yTicks);
  const widest = Math.max(...yTexts.map((text) => textWidth(text, SMALL.size)));
  const left = box.x + Math.ceil(widest) + TICK_GAP;
  const right = box.x + box.width;
  const top = box.y + ABOVE;
  const bottom = box.y + box.height - BELOW;
  const toX = (x: number) =>
    left + (right - left) * (x - first + room) / (last - first + 2 * room);
  const toY = (y: number) =>
    bottom - (bottom - top) * (y - yLow) / (yHigh - yLow);

  drawText(picture, panel.title, box.x, box.y + TITLE.size, TITLE);
  drawText(picture, panel.yLabel, box.x, box.y + TITLE.size + 21, SMALL);
  yTicks.forEach((tick, i) => {
    const y = Math.round(toY(tick));
    fillRect(picture, left, y, right - left, 1, GRIDLINE);
    const x = left - TICK_GAP - textWidth(yTexts[i], SMALL.size);
    drawText(picture, yTexts[i], x, y + 0.5 * SMALL.size, SMALL);
  });
  fillRect(picture, left, bottom, right - left, 1, AXIS);
  const xTicks = ticks(first, last, MOST_TICKS, 1);
  tickLabels(xTicks).forEach((text, i) => {
    const x = Math.round(toX(xTicks[i]));
    fillRect(picture, x, bottom, 1, 6, AXIS);
    centre(picture, text, x, bottom + 10 + SMALL.size);
  });
  centre(picture, panel.xLabel, (left + right) / 2, box.y + box.height - 6);

  for (const { points, color, hollow } of panel.series) {
    const line = points.map(([x, y]): Point => [toX(x), toY(y)]);
    drawLines(picture, [line], color, lineWidth(hollow));
    if (line.length > MOST_MARKERS) continue;
    for (const point of line) drawMarker(picture, point, color, hollow);
  }
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
export function centre(
  picture: Picture,
  text: string,
  x: number,
  y: number,
): void {
  drawText(picture, text, x - textWidth(text, SMALL.size) / 2, y, SMALL);
}
