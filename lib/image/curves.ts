/**
 * Draws the losses of a run by epoch.
 *
 * @module
 */
import type { EpochRecord, Losses } from "../model/losses.ts";
import { axis, axisRange, ticks } from "./axis.ts";
import { drawText } from "./font.ts";
import { blank, type Color, type Picture, type Point } from "./picture.ts";
import {
  ABOVE,
  BELOW,
  drawAxes,
  drawHeading,
  drawLegend,
  drawSeries,
  INK,
  labelWidth,
  PAPER,
  type Series,
} from "./plot.ts";

const MARGIN = 28;
/** Title and legend. */
const HEADER = 56;
const PANEL = { width: 440, height: 400 };
const BETWEEN = 44;
const MOST_EPOCH_TICKS = 8;

// Blue and vermillion stay apart for colour-blind eyes (Okabe and Ito, 2008).
const TRAIN: Color = [0, 114, 178];
const VALIDATION: Color = [213, 94, 0];

/** What is written over the curves. */
export interface LossCurveOptions {
  /** One line above the panels: the run's settings, for example. */
  readonly title?: string;
  /** Decides the unit of the reconstruction: `mse` by default. */
  readonly likelihood?: "mse" | "bce";
  /** Makes the picture so many times as large, and as sharp: 1 by default. */
  readonly scale?: number;
}

/**
 * Draws the losses of a run by epoch, in three panels side by side: total,
 * reconstruction and KL divergence, for training and, where there is one,
 * validation.
 *
 * @param history The epochs, in order: at least one.
 * @param options Title, and the likelihood trained with.
 * @returns A picture of 1464 × 484 pixels, times the scale.
 * @throws {RangeError} If there is no epoch, or a loss is not finite.
 *
 * @example
 * ```ts
 * import { encodePng, type EpochRecord, lossCurves } from "@vae/mnist";
 *
 * const loss = { total: 32, reconstruction: 21, kl: 11 };
 * const history = [1, 2].map((epoch): EpochRecord => ({
 *   epoch,
 *   step: 430 * epoch,
 *   beta: 1,
 *   capacity: 0,
 *   train: loss,
 *   validation: loss,
 *   klPerDimension: [6, 5],
 * }));
 * const picture = lossCurves(history, { title: "Two epochs" });
 * const bytes = encodePng(picture); // for "loss-curves.png"
 * ```
 */
export function lossCurves(
  history: readonly EpochRecord[],
  { title = "Losses by epoch", likelihood = "mse", scale = 1 }:
    LossCurveOptions = {},
): Picture {
  if (history.length === 0) {
    throw new RangeError("there are no loss curves without an epoch to draw");
  }
  const unit = likelihood === "bce" ? "nats" : "squared error";
  const kl = history.some(({ capacity }) => capacity > 0)
    ? "|KL – capacity|"
    : "KL";
  const panels = [
    {
      title: "Total",
      yLabel: `reconstruction + β × ${kl}, per image`,
      series: seriesOf(history, "total"),
    },
    {
      title: "Reconstruction",
      yLabel: `${unit}, per image`,
      series: seriesOf(history, "reconstruction"),
    },
    {
      title: "KL divergence",
      yLabel: "nats, per image",
      series: seriesOf(history, "kl"),
    },
  ];
  const width = 2 * MARGIN + 3 * PANEL.width + 2 * BETWEEN;
  const height = MARGIN + HEADER + PANEL.height;
  const picture = blank(width, height, PAPER, scale);
  const baseline = MARGIN + 18;
  drawText(picture, title, MARGIN, baseline, { size: 18, color: INK });
  drawLegend(picture, panels[0].series, width - MARGIN, baseline);
  panels.forEach((panel, i) => {
    const x = MARGIN + i * (PANEL.width + BETWEEN);
    drawPanel(picture, x, MARGIN + HEADER, panel);
  });
  return picture;
}

/** One loss: a title, axes that fit its series, and the series by epoch. */
interface Panel {
  readonly title: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

/** Draws a panel whose upper left corner is at (x, y). */
function drawPanel(
  picture: Picture,
  x: number,
  y: number,
  { title, yLabel, series }: Panel,
): void {
  const points = series.flatMap(({ points }) => points);
  const epochs = points.map(([epoch]) => epoch);
  const first = epochs.reduce((a, b) => Math.min(a, b));
  const last = epochs.reduce((a, b) => Math.max(a, b));
  const room = first === last ? 1 : 0.04 * (last - first);
  const [top, bottom] = [y + ABOVE, y + PANEL.height - BELOW];
  const upward = axis(axisRange(points.map(([, y]) => y)), [bottom, top]);
  const [left, right] = [x + labelWidth(upward), x + PANEL.width];
  const onward = axis(
    [first - room, last + room],
    [left, right],
    ticks(first, last, MOST_EPOCH_TICKS, 1),
  );
  drawHeading(picture, title, yLabel, x, y);
  drawAxes(
    picture,
    { left, right, top, bottom },
    { ...onward, label: "epoch" },
    upward,
  );
  for (const one of series) {
    const placed = one.points.map(([x, y]): Point => [
      onward.place(x),
      upward.place(y),
    ]);
    drawSeries(picture, { ...one, points: placed });
  }
}

function seriesOf(
  history: readonly EpochRecord[],
  loss: keyof Losses,
): Series[] {
  const train: Point[] = [];
  const validation: Point[] = [];
  for (const record of history) {
    train.push([record.epoch, finite(record.train[loss], record.epoch, loss)]);
    if (record.validation === null) continue;
    const value = finite(record.validation[loss], record.epoch, loss);
    validation.push([record.epoch, value]);
  }
  const series = [
    { label: "training", color: TRAIN, hollow: false, points: train },
    {
      label: "validation",
      color: VALIDATION,
      hollow: true,
      points: validation,
    },
  ];
  return series.filter(({ points }) => points.length > 0);
}

function finite(value: number, epoch: number, loss: string): number {
  if (!Number.isFinite(value)) {
    throw new RangeError(
      `loss curves cannot be drawn: the ${loss} loss of epoch ${epoch} is ${value}`,
    );
  }
  return value;
}
