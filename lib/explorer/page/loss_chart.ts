/// <reference lib="dom" />
/**
 * The loss over time: its two parts, one on the other.
 *
 * @module
 */
import type { Losses } from "../../model/losses.ts";
import { texts } from "./language.ts";
import { number } from "./numbers.ts";
import { fitToScreen } from "./picture.ts";
import { color } from "./theme.ts";

/** What some steps' losses were. */
export interface Point {
  /** Epochs so far, with a fraction. */
  readonly epoch: number;
  readonly losses: Losses;
  readonly beta: number;
}

/** What the chart shows. */
export interface LossChart {
  readonly epochs: number;
  readonly points: readonly Point[];
  /** Those of the run that it forked from. */
  readonly before: readonly Point[];
  /** The loss of the held-out digits after each epoch. */
  readonly heldOut: readonly (readonly [epoch: number, loss: number])[];
  /** Where β was set, and to what. */
  readonly changes: readonly (readonly [epoch: number, beta: number])[];
  /** Which moment the rest of the section shows. */
  readonly shown: number;
}

/** The plot's margins; the scrubber below has the same on its sides. */
const MARGIN = { left: 44, right: 14, top: 34, bottom: 24 };
/** Losses fall steeply in the first epochs, which may leave the frame. */
const STEEP = 3;
/** Points of about two seconds. */
const NEWEST = 13;

/** Draws it. */
export function drawLosses(canvas: HTMLCanvasElement, chart: LossChart): void {
  const { context, width, height } = fitToScreen(canvas);
  const { points, before, epochs } = chart;
  const bottom = height - MARGIN.bottom;
  const total = ({ losses, beta }: Point) =>
    losses.reconstruction + beta * losses.kl;
  const now = points.at(-1)?.epoch ?? 0;
  const settled = points.filter(({ epoch }) =>
    epoch >= Math.min(now / 4, STEEP)
  ).map(total);
  // Where β is turned up the loss leaps, and falls within an epoch: a few points
  // may leave the frame, but not all of the newest.
  const top = 1.15 *
    Math.max(quantile(settled, 0.9), quantile(settled.slice(-NEWEST), 0.5), 1);
  const x = (epoch: number) =>
    MARGIN.left + epoch / epochs * (width - MARGIN.left - MARGIN.right);
  const y = (loss: number) => bottom - loss / top * (bottom - MARGIN.top);

  context.font = "12px system-ui, sans-serif";
  drawFrame();
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top, width, bottom - MARGIN.top);
  context.clip();
  area(({ losses }) => losses.reconstruction, () => 0, "first");
  area(total, ({ losses }) => losses.reconstruction, "second");
  line(before.map((point) => [point.epoch, total(point)]), "pale", [2, 3]);
  line(chart.heldOut, "ink", [6, 4]);
  context.restore();
  drawChanges();
  drawShown();

  function drawFrame() {
    context.fillStyle = color("pale");
    context.strokeStyle = color("line");
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const loss of ticks(top)) {
      context.fillText(
        number(loss),
        MARGIN.left - 8,
        y(loss),
      );
      context.beginPath();
      context.moveTo(MARGIN.left, y(loss));
      context.lineTo(width - MARGIN.right, y(loss));
      context.stroke();
    }
    const step = 5 * Math.ceil(epochs / 25);
    for (let epoch = 0; epoch <= epochs; epoch += step) {
      context.textAlign = epoch === 0 ? "left" : "center";
      context.fillText(
        epoch === 0 ? texts().train.epochZero : String(epoch),
        x(epoch),
        height - MARGIN.bottom / 2,
      );
    }
  }

  function area(
    upper: (point: Point) => number,
    lower: (point: Point) => number,
    style: "first" | "second",
  ) {
    context.fillStyle = color(style);
    context.beginPath();
    for (const point of points) context.lineTo(x(point.epoch), y(upper(point)));
    for (const point of points.toReversed()) {
      context.lineTo(x(point.epoch), y(lower(point)));
    }
    context.fill();
  }

  function line(
    curve: readonly (readonly [number, number])[],
    style: "ink" | "pale",
    dash: number[],
  ) {
    context.strokeStyle = color(style);
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.setLineDash(dash);
    context.beginPath();
    curve.forEach(([epoch, loss]) => context.lineTo(x(epoch), y(loss)));
    context.stroke();
    context.setLineDash([]);
  }

  /** Labels of changes that are close stand in two rows; more have none. */
  function drawChanges() {
    context.textAlign = "left";
    context.fillStyle = context.strokeStyle = color("ink");
    context.lineWidth = 1;
    const ends = [-Infinity, -Infinity];
    for (const [epoch, beta] of chart.changes) {
      const at = x(epoch);
      const text = `β ${number(beta)}`;
      const row = ends.findIndex((end) => end < at);
      context.beginPath();
      context.moveTo(at, row < 0 ? MARGIN.top : 4 + 15 * row);
      context.lineTo(at, bottom);
      context.stroke();
      if (row < 0) continue;
      context.fillText(text, at + 4, 10 + 15 * row);
      ends[row] = at + 10 + context.measureText(text).width;
    }
  }

  function drawShown() {
    context.strokeStyle = color("accent");
    context.lineWidth = 2;
    const at = x(chart.shown);
    context.beginPath();
    context.moveTo(at, MARGIN.top);
    context.lineTo(at, bottom);
    context.stroke();
  }
}

/** Which epoch is shown at a place of the screen. */
export function epochAt(
  canvas: HTMLCanvasElement,
  clientX: number,
  epochs: number,
): number {
  const { left, width } = canvas.getBoundingClientRect();
  const share = (clientX - left - MARGIN.left) /
    (width - MARGIN.left - MARGIN.right);
  return Math.round(share * epochs);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * sorted.length)] ?? 0;
}

/** Four or five round numbers from 0. */
function ticks(top: number): number[] {
  const power = 10 ** Math.floor(Math.log10(top));
  const step = [0.2, 0.5, 1, 2].map((share) => share * power)
    .find((step) => top / step < 6)!;
  return Array.from(
    { length: Math.floor(top / step) + 1 },
    (_, i) => Number((i * step).toPrecision(3)),
  );
}
