/**
 * Lays out the losses of a run: which panels there are, what is in each and on
 * what scale. What draws them may be a picture or an SVG file.
 *
 * @module
 */
import type { EpochRecord, Losses } from "../model/losses.ts";
import type { Likelihood } from "../model/spec.ts";
import type { TrainingOptions } from "../options/run.ts";
import { type Axis, axis, axisRange, ticks } from "./axis.ts";
import type { Point } from "./picture.ts";

/** Which of the lines of a panel one is. */
export type LossLineKind = "training" | "validation" | "target" | "schedule";

/** A quantity by epoch. */
export interface LossLine {
  /** Which it is: lines of one kind look alike in all panels. */
  readonly kind: LossLineKind;
  /** What it is called. */
  readonly name: string;
  /** Epoch and value. */
  readonly points: readonly Point[];
}

/** A part of a sum: what lies between two lines. */
export interface LossArea {
  /** What it is called. */
  readonly name: string;
  /** Epoch and value of its lower edge. */
  readonly lower: readonly Point[];
  /** Epoch and value of its upper edge. */
  readonly upper: readonly Point[];
}

/** One plot over the epochs. */
export interface LossPanel {
  /** What is drawn. */
  readonly title: string;
  /** What is drawn upward, with its unit. */
  readonly yLabel: string;
  /** The values at the lower and the upper end of its y axis. */
  readonly range: readonly [number, number];
  /** Parts of a sum, the lowest first. */
  readonly areas: readonly LossArea[];
  /** Lines, the later above the earlier. */
  readonly lines: readonly LossLine[];
  /** Says which values of the first epoch are outside the range; or empty. */
  readonly outside: string;
}

/** What the losses were trained with. */
export interface LossPanelOptions {
  /** Decides the unit of the reconstruction: `mse` by default. */
  readonly likelihood?: Likelihood;
  /** Leaves out what an autoencoder has not: the KL and β. */
  readonly autoencoder?: boolean;
  /** Says what the total of training is: `elbo` by default. */
  readonly objective?: TrainingOptions["objective"];
  /** Nats of KL that each dimension has free in the total: 0 by default. */
  readonly freeBits?: number;
}

/** What the totals are that are not the sum of their parts in training. */
const TOTALS = {
  iwae: "importance-weighted bound",
  btc: "with weighted total correlation",
} as const;

/**
 * Lays out the losses of a run by epoch. From three epochs on, the axes fit the
 * epochs after the first, if its losses are so much higher that they would leave
 * less than half of the room for the others.
 *
 * @param history The epochs, in order: at least one.
 * @returns Total, its parts stacked (of an objective that is no sum of them,
 * those of –ELBO), reconstruction and KL divergence, and β by epoch if it
 * changes; of an autoencoder, whose total it is, the reconstruction alone.
 * @throws {RangeError} If there is no epoch, or a loss is not finite.
 */
export function lossPanels(
  history: readonly EpochRecord[],
  {
    likelihood = "mse",
    autoencoder = false,
    objective = "elbo",
    freeBits = 0,
  }: LossPanelOptions = {},
): LossPanel[] {
  if (history.length === 0) {
    throw new RangeError("there are no loss curves without an epoch to draw");
  }
  const unit = likelihood === "bce"
    ? "cross-entropy, nats per image"
    : "squared error per image";
  const lines = (loss: keyof Losses) => seriesOf(history, loss);
  const total = lines("total");
  const reconstruction = panel("Reconstruction", unit, lines("reconstruction"));
  if (autoencoder) return [reconstruction];
  const by = (value: (record: EpochRecord) => number): Point[] =>
    history.map((record) => [record.epoch, value(record)]);
  const hasTarget = history.some(({ capacity }) => capacity > 0);
  const term = hasTarget
    ? "β × |KL – C|"
    : freeBits > 0
    ? "β × floored KL"
    : "β × KL";
  const target: LossLine = {
    kind: "target",
    name: "target C",
    points: by(({ capacity }) => capacity),
  };
  const panels = [
    objective === "elbo"
      ? panel("Total", `reconstruction + ${term}`, total)
      : panel("Total; in validation –ELBO", TOTALS[objective], total),
    objective === "elbo"
      ? partsOf(history, "total", unit, term)
      : partsOf(history.map(withSum), "–ELBO", unit, "KL"),
    reconstruction,
    panel("KL divergence", "nats per image", [
      ...lines("kl"),
      ...(hasTarget ? [target] : []),
    ]),
  ];
  if (history.some(({ beta }) => beta !== history[0].beta)) {
    const points = by(({ beta }) => beta);
    const schedule: LossLine = { kind: "schedule", name: "β", points };
    const title = "β, the weight of the KL, at the end of each epoch";
    panels.push({
      ...panel(title, "β", [schedule]),
      range: axisRange(points.map(([, beta]) => beta)),
      outside: "",
    });
  }
  return panels;
}

/** Ticks of an axis of epochs, at most, beside the last. */
const MOST_TICKS = 8;

/** Between the last tick and the one before, as a share of the epochs. */
const LAST_APART = 0.1;

/**
 * Lays out the axis of the epochs. Its ticks are whole epochs, and where the
 * last is a part of one, that as well.
 *
 * @param epochs The first and the last.
 * @param range The values at its two ends.
 * @param ends Where these lie.
 */
export function epochAxis(
  [first, last]: readonly [number, number],
  range: readonly [number, number],
  ends: readonly [number, number],
): Axis {
  const whole = ticks(first, last, MOST_TICKS, 1);
  const isPart = !Number.isInteger(last) && first < last;
  const near = last - LAST_APART * (last - first);
  const values = isPart
    ? [...whole.filter((epoch) => epoch < near), last]
    : whole;
  const text = (epoch: number) => `${Number(epoch.toFixed(epoch < 1 ? 3 : 2))}`;
  return axis(range, ends, values, values.map(text));
}

/** Makes reconstruction + KL the total of an epoch. */
function withSum({ train, validation, ...record }: EpochRecord): EpochRecord {
  const sum = (losses: Losses): Losses => ({
    ...losses,
    total: losses.reconstruction + losses.kl,
  });
  return {
    ...record,
    train: sum(train),
    validation: validation && sum(validation),
  };
}

/** Stacks the two parts of the total, after each epoch where that is known. */
function partsOf(
  history: readonly EpochRecord[],
  name: string,
  unit: string,
  term: string,
): LossPanel {
  const isValidated = history.every(({ validation }) => validation);
  const points = (value: (losses: Losses) => number): Point[] =>
    history.map(({ epoch, train, validation }) => [
      epoch,
      value(isValidated ? validation! : train),
    ]);
  const reconstruction = points((losses) => losses.reconstruction);
  const kind = isValidated ? "validation" : "training";
  const total: LossLine = {
    kind,
    name: kind,
    points: points(({ total }) => total),
  };
  const whole = panel(`Parts in ${kind}`, `${name}: ${unit}`, [total]);
  const range = [0, whole.range[1]] as const;
  return {
    ...whole,
    range,
    outside: outsideOf([total], range),
    areas: [
      {
        name: "reconstruction",
        lower: reconstruction.map(([epoch]) => [epoch, 0]),
        upper: reconstruction,
      },
      { name: term, lower: reconstruction, upper: total.points },
    ],
  };
}

/** Of an axis of all epochs, what those after the first have at least. */
const LEAST_PART = 0.5;

function panel(
  title: string,
  yLabel: string,
  lines: readonly LossLine[],
): LossPanel {
  const points = lines.flatMap(({ points }) => points);
  const first = points[0][0];
  const epochs = new Set(points.map(([epoch]) => epoch));
  const whole = axisRange(points.map(([, value]) => value));
  const later = points.filter(([epoch]) => epoch !== first);
  const part = axisRange((epochs.size < 3 ? points : later).map(([, y]) => y));
  const isCut = part[1] - part[0] < LEAST_PART * (whole[1] - whole[0]);
  const range = isCut ? part : whole;
  const outside = outsideOf(lines, range);
  return { title, yLabel, range, areas: [], lines, outside };
}

/** Words the values of the first epoch that the range leaves out. */
function outsideOf(
  lines: readonly LossLine[],
  [low, high]: readonly [number, number],
): string {
  const left = lines.filter(({ points: [[, value]] }) =>
    value < low || value > high
  );
  if (left.length === 0) return "";
  const values = left.map(({ name, points: [[, value]] }) =>
    `${name} ${Number(value.toPrecision(4))}`
  );
  return `out of the frame in epoch ${left[0].points[0][0]}: ` +
    values.join(", ");
}

function seriesOf(
  history: readonly EpochRecord[],
  loss: keyof Losses,
): LossLine[] {
  const lines = (["training", "validation"] as const).map((kind): LossLine => ({
    kind,
    name: kind,
    points: history.flatMap(({ epoch, train, validation }): Point[] => {
      const losses = kind === "training" ? train : validation;
      if (losses === null) return [];
      if (!Number.isFinite(losses[loss])) {
        throw new RangeError(
          `loss curves cannot be drawn: the ${loss} loss of epoch ${epoch} is ${
            losses[loss]
          }`,
        );
      }
      return [[epoch, losses[loss]]];
    }),
  }));
  return lines.filter(({ points }) => points.length > 0);
}
