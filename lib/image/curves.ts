/**
 * Draws the losses of a run by epoch.
 *
 * @module
 */
import type { EpochRecord } from "../model/losses.ts";
import { type Axis, axis, ticks } from "./axis.ts";
import { displayedPicture } from "./display.ts";
import { drawText, textWidth } from "./font.ts";
import { type Heading, withHeading } from "./heading.ts";
import { clampLine, clipLine } from "./clip.ts";
import {
  epochAxis,
  type LossArea,
  type LossLineKind,
  type LossPanel,
  type LossPanelOptions,
  lossPanels,
} from "./loss_panels.ts";
import {
  blank,
  type Color,
  fillRect,
  type Picture,
  type Point,
} from "./picture.ts";
import {
  BELOW,
  drawAxes,
  drawLegend,
  drawSeries,
  INK,
  PAPER,
  roomLeft,
  type Series,
  SMALL,
} from "./plot.ts";

const MARGIN = 28;
/** The legend. */
const HEADER = 28;
const PANEL = { width: 464, height: 348 };
/** The panel of β, as wide as two. */
const SCHEDULE_HEIGHT = 210;
const BETWEEN = 36;
const ROW_GAP = 20;
/** A panel's title and what stands below it, with the room to the axes. */
const ABOVE = 52;
/** Half the width of the parts of a single epoch. */
const HALF_BAR = 14;

const TITLE = { size: 13, color: INK, bold: true };

// Blue, vermillion, purple and green stay apart for colour-blind eyes (Okabe and
// Ito, 2008).
const STYLES: Record<LossLineKind, Pick<Series, "color" | "hollow">> = {
  training: { color: [0, 114, 178], hollow: false },
  validation: { color: [213, 94, 0], hollow: true },
  target: { color: [91, 42, 134], hollow: true },
  schedule: { color: [0, 128, 96], hollow: false },
};

/** Fills of the parts of the total, the lowest first. */
const FILLS: readonly Color[] = [[205, 220, 235], [247, 214, 170]];

/** What is written over the curves, and what the losses were trained with. */
export interface LossCurveOptions extends Heading, LossPanelOptions {
  /** Makes the picture so many times as large, and as sharp: 1 by default. */
  readonly scale?: number;
}

/**
 * Draws the losses of a run by epoch: total, its parts stacked, reconstruction
 * and KL divergence, for training and, where there is one, validation; below
 * them β, if it changes. From three epochs on, the axes fit the epochs after the
 * first; what it has out of the frame is written there.
 *
 * @param history The epochs, in order: at least one.
 * @param options Title, subtitle, and what was trained with.
 * @returns A picture of 1020 units in width.
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
  options: LossCurveOptions = {},
): Picture {
  const panels = lossPanels(history, options);
  const inner = 2 * PANEL.width + BETWEEN;
  const boxes = panels.map((_, i) => {
    const isWide = panels.length === 1 || i === 4;
    return {
      x: MARGIN + i % 2 * (PANEL.width + BETWEEN),
      y: MARGIN + HEADER + Math.floor(i / 2) * (PANEL.height + ROW_GAP),
      width: isWide ? inner : PANEL.width,
      height: i === 4 ? SCHEDULE_HEIGHT : PANEL.height,
    };
  });
  const { y, height } = boxes.at(-1)!;
  const width = inner + 2 * MARGIN;
  const picture = blank(width, y + height + MARGIN / 2, PAPER, options.scale);
  const legend = new Map(
    panels.flatMap(({ lines }) => lines).map(({ kind, name }) => [kind, name]),
  );
  drawLegend(
    picture,
    [...legend].map(([kind, label]) => ({ label, ...STYLES[kind] })),
    width - MARGIN,
    MARGIN,
  );
  panels.forEach((panel, i) => drawPanel(picture, boxes[i], panel));
  const title = options.title ?? "Losses by epoch";
  return displayedPicture(
    withHeading(picture, { ...options, title }, MARGIN),
  );
}

/** Where a panel stands. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawPanel(
  picture: Picture,
  { x, y, width, height }: Box,
  { title, yLabel, range, areas, lines, outside }: LossPanel,
): void {
  const epochs = lines[0].points.map(([epoch]) => epoch);
  const [first, last] = [epochs[0], epochs.at(-1)!];
  const room = first === last ? 1 : 0.04 * (last - first);
  const [top, bottom] = [y + ABOVE, y + height - BELOW];
  const upward = axis(
    range,
    [bottom, top],
    ticks(...range, height < PANEL.height ? 5 : 8),
  );
  const [left, right] = [x + roomLeft(upward), x + width];
  const onward = epochAxis(
    [first, last],
    [first - room, last + room],
    [left, right],
  );
  const place = ([epoch, value]: Point): Point => [
    onward.place(epoch),
    upward.place(value),
  ];
  drawText(picture, title, x, y + TITLE.size, TITLE);
  drawAreaLegend(picture, areas, right, y + TITLE.size);
  drawAxes(
    picture,
    { left, right, top, bottom },
    { ...onward, label: "epoch" },
    { ...upward, label: yLabel },
  );
  areas.forEach((area, i) =>
    fillArea(picture, area, range, { onward, upward }, FILLS[i])
  );
  for (const { kind, name, points } of lines) {
    drawSeries(
      picture,
      { label: name, ...STYLES[kind] },
      clipLine(points, range).map((piece) => piece.map(place)),
      points.filter(([, v]) => v >= range[0] && v <= range[1]).map(place),
    );
  }
  // Above the frame, where no line is.
  const from = right - textWidth(outside, SMALL.size);
  drawText(picture, outside, from, top - 7, SMALL);
}

/** Fills what lies between two lines, column by column. */
function fillArea(
  picture: Picture,
  area: LossArea,
  range: readonly [number, number],
  { onward, upward }: { onward: Axis; upward: Axis },
  color: Color,
): void {
  const [lower, upper] = [area.lower, area.upper].map((edge) => {
    const points = clampLine(edge, range).map(([x, y]): Point => [
      onward.place(x),
      upward.place(y),
    ]);
    if (edge.length > 1) return points;
    const [[x, y]] = points;
    return [[x - HALF_BAR, y], [x + HALF_BAR, y]] as Point[];
  });
  const end = Math.round(lower.at(-1)![0]);
  for (let x = Math.round(lower[0][0]); x < end; x++) {
    const [y0, y1] = [upper, lower].map((line) =>
      Math.round(heightAt(line, x))
    );
    fillRect(picture, x, y0, 1, y1 - y0, color);
  }
}

/** Returns the height of a line at x. */
function heightAt(line: readonly Point[], x: number): number {
  const after = line.findIndex(([x1]) => x1 >= x);
  if (after < 1) return line[Math.max(0, after)][1];
  const [[x0, y0], [x1, y1]] = [line[after - 1], line[after]];
  return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
}

/** Names the parts in a row that ends at `right`; `y` is the baseline. */
function drawAreaLegend(
  picture: Picture,
  areas: readonly LossArea[],
  right: number,
  y: number,
): void {
  let x = right;
  for (const [i, { name }] of [...areas.entries()].reverse()) {
    x = Math.round(x - textWidth(name, SMALL.size));
    drawText(picture, name, x, y, SMALL);
    fillRect(picture, x -= 20, y - 11, 13, 11, FILLS[i]);
    x -= 16;
  }
}
