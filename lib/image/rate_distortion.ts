/**
 * Draws runs by what their codes cost and what they lose.
 *
 * @module
 */
import { axis, axisRange } from "./axis.ts";
import { displayedPicture } from "./display.ts";
import { drawText, textWidth } from "./font.ts";
import { type Heading, withHeading } from "./heading.ts";
import {
  blank,
  type Color,
  drawLines,
  type Picture,
  type Point,
} from "./picture.ts";
import {
  BELOW,
  drawAxes,
  drawLegend,
  type Frame,
  INK,
  MARKER,
  PAPER,
  roomLeft,
  type Series,
} from "./plot.ts";

const MARGIN = 28;
/** The legend. */
const HEADER = 40;
const PLOT = { width: 800, height: 500 };

// Okabe and Ito (2008): apart for colour-blind eyes.
const COLORS: readonly Color[] = [
  [0, 114, 178],
  [213, 94, 0],
  [0, 158, 115],
  [91, 42, 134],
  [230, 159, 0],
  [86, 180, 233],
];
const LINE = 2.5;
const WHISKER = 1.2;
const LABEL = { size: 11, color: INK };

/** A run as a point. */
export interface RatedRun {
  /** Weight of the KL term. */
  readonly beta: number;
  /** Number of latent dimensions. */
  readonly latentDim: number;
  /** The KL divergence, in nats. */
  readonly rate: number;
  /** The reconstruction's loss. */
  readonly distortion: number;
  /** Standard deviations of both, where they are means: drawn to either side. */
  readonly deviation?: { readonly rate: number; readonly distortion: number };
}

/** What is written around the points. */
export interface RateDistortionOptions extends Heading {
  /** What the distortion is, and its unit. */
  readonly yLabel: string;
  /** Makes the picture so many times as large, and as sharp: 1 by default. */
  readonly scale?: number;
}

/**
 * Draws the rate–distortion plane (Alemi et al. 2018,
 * https://arxiv.org/abs/1711.00464): a line for each latent size, a point for
 * each run, with its β beside it.
 *
 * @param runs At least one; of each latent size in the order to be joined.
 * @param options What the distortion is, the title and the scale.
 * @returns A picture of 856 pixels in width, times the scale.
 * @throws {TypeError} If `yLabel` is missing.
 * @throws {RangeError} If there is no run, or a value is not finite.
 *
 * @example
 * ```ts
 * import { encodePng, rateDistortion } from "@vae/mnist";
 *
 * const picture = rateDistortion([
 *   { beta: 1, latentDim: 12, rate: 11.3, distortion: 20.3 },
 *   { beta: 4, latentDim: 12, rate: 2.4, distortion: 38.7 },
 * ], { yLabel: "distortion: squared error per image" });
 * const bytes = encodePng(picture); // for "rate-distortion.png"
 * ```
 */
export function rateDistortion(
  runs: readonly RatedRun[],
  options: RateDistortionOptions,
): Picture {
  const { yLabel, scale } = options;
  if (!yLabel) {
    throw new TypeError(
      "yLabel is missing: what the distortion is, and its unit",
    );
  }
  if (!runs.length || !runs.every((r) => isFinite(r.rate + r.distortion))) {
    throw new RangeError(
      "a rate–distortion plot takes at least one run, and finite numbers",
    );
  }
  const picture = blank(
    2 * MARGIN + PLOT.width,
    2 * MARGIN + HEADER + PLOT.height + BELOW,
    PAPER,
    scale,
  );
  const [top, bottom] = [MARGIN + HEADER, MARGIN + HEADER + PLOT.height];
  const reach = (name: "rate" | "distortion") =>
    runs.flatMap(({ [name]: mean, deviation }) => [
      mean - (deviation?.[name] ?? 0),
      mean + (deviation?.[name] ?? 0),
    ]);
  const y = axis(
    axisRange(reach("distortion")),
    [bottom, top],
  );
  const [left, right] = [MARGIN + roomLeft(y), MARGIN + PLOT.width];
  const x = axis(axisRange(reach("rate")), [left, right]);
  const at = (
    { rate, distortion }: Pick<RatedRun, "rate" | "distortion">,
  ): Point => [
    x.place(rate),
    y.place(distortion),
  ];
  /** Lines over a standard deviation to either side. */
  const whiskers = ({ rate, distortion, deviation }: RatedRun): Point[][] =>
    deviation
      ? [
        [-1, 1].map((side) =>
          at({ rate: rate + side * deviation.rate, distortion })
        ),
        [-1, 1].map((side) =>
          at({ rate, distortion: distortion + side * deviation.distortion })
        ),
      ]
      : [];

  const frame = { left, right, top, bottom };
  const label = "rate: KL divergence from the prior, nats per image";
  drawAxes(picture, frame, { ...x, label }, { ...y, label: yLabel });

  const sizes = [...Map.groupBy(runs, ({ latentDim }) => latentDim)];
  const lines = sizes.map(([size, own], i): Line => ({
    label: `${size} latent ${size === 1 ? "dimension" : "dimensions"}`,
    color: COLORS[i % COLORS.length],
    hollow: false,
    points: own.map(at),
    whiskers: own.flatMap(whiskers),
  }));
  for (const { points, whiskers, color } of lines) {
    drawLines(picture, whiskers, color, WHISKER);
    drawLines(picture, [points], color, LINE);
    for (const point of points) drawLines(picture, [[point]], color, MARKER);
  }
  drawLegend(picture, lines, right, MARGIN + 14);
  drawLabels(picture, runs, runs.map(at), lines, frame);
  return displayedPicture(withHeading(picture, options, MARGIN));
}

/** The runs of one latent size, as points of the picture. */
type Line = Series & {
  readonly points: readonly Point[];
  readonly whiskers: readonly (readonly Point[])[];
};

/** Writes each β beside its point, where no line and no other label is. */
function drawLabels(
  picture: Picture,
  runs: readonly RatedRun[],
  points: readonly Point[],
  lines: readonly Line[],
  frame: Frame,
): void {
  const taken = lines.flatMap(({ points, whiskers }) =>
    [points, ...whiskers].flatMap(alongLine)
  );
  runs.forEach(({ beta }, i) => {
    const text = `β = ${beta}`;
    const [x, y] = points[i];
    const width = textWidth(text, LABEL.size);
    const [near, half] = [MARKER, LABEL.size / 2];
    const places: Point[] = [
      [x + near, y - near],
      [x + near, y + half],
      [x - near - width, y + near + LABEL.size],
      [x - near - width, y + half],
      [x - width / 2, y - near - 4],
      [x - width / 2, y + near + LABEL.size + 4],
      [x + near, y + near + LABEL.size],
      [x - near - width, y - near],
    ];
    /** How many points of lines and labels a label would cover. */
    const covered = ([x0, y0]: Point) =>
      (x0 < frame.left || x0 + width > frame.right ||
          y0 - LABEL.size < frame.top || y0 > frame.bottom
        ? 1e6
        : 0) +
      taken.filter(([x, y]) =>
        x > x0 - 3 && x < x0 + width + 3 && y > y0 - LABEL.size - 3 &&
        y < y0 + 3
      ).length;
    const [best] = places.toSorted((a, b) => covered(a) - covered(b));
    drawText(picture, text, ...best, LABEL);
    const middle = best[1] - half;
    taken.push(...alongLine([[best[0], middle], [best[0] + width, middle]]));
  });
}

/** Returns points on a line, four pixels apart at most. */
function alongLine(line: readonly Point[]): Point[] {
  return line.flatMap(([x1, y1], i): Point[] => {
    const [x0, y0] = line[Math.max(0, i - 1)];
    const n = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / 4) + 1;
    return Array.from({ length: n }, (_, k): Point => {
      const t = (k + 1) / n;
      return [x0 + t * (x1 - x0), y0 + t * (y1 - y0)];
    });
  });
}
