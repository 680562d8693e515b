/**
 * Training curves.
 *
 * @module
 */
import type { EpochRecord, Losses } from "../model/losses.ts";
import { drawText } from "./font.ts";
import { blank, type Color, type Picture, type Point } from "./picture.ts";
import { drawLegend, drawPanel, INK, PAPER, type Series } from "./plot.ts";

const MARGIN = 28;
/** Title and legend. */
const HEADER = 56;
const PANEL = { width: 440, height: 400 };
const BETWEEN = 44;

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
    throw new RangeError("There are no loss curves without an epoch to draw");
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
    const box = { x, y: MARGIN + HEADER, ...PANEL };
    drawPanel(picture, box, { ...panel, xLabel: "epoch" });
  });
  return picture;
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
      `Loss curves cannot be drawn: the ${loss} loss of epoch ${epoch} is ${value}`,
    );
  }
  return value;
}
