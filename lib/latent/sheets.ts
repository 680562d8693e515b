/**
 * What a decoder makes of its latent space: digits with their titles and labels,
 * the same in a task's picture and in a report.
 *
 * @module
 */
import type { Engine } from "../engine/engine.ts";
import { type DimensionName, nameText } from "./named_dimensions.ts";
import { fromUnits, toUnits } from "./scale.ts";
import { latentMap, priorQuantiles, spread, traversal } from "./traversal.ts";
import { concatenate } from "../math/concatenate.ts";
import {
  type GaussianMixture,
  sampleMixture,
} from "../math/gaussian_mixture.ts";
import { priorSample } from "../model/prior.ts";
import { counted } from "../text.ts";
import {
  activityOf,
  type Dimension,
  type LatentSpace,
  twoDimensions,
} from "./space.ts";

/** Digits, and the words that go with them. */
export interface Sheet {
  /** [n, 784] pixel means. */
  readonly digits: Float32Array;
  /** What the picture shows. */
  readonly title: string;
  /** What is to be known besides, or empty. */
  readonly note: string;
}

/** A {@linkcode Sheet} in rows and columns that have names. */
export interface LabelledSheet extends Sheet {
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
}

/** Digits at random: of several classes, a row for each. */
export interface SampleSheet extends Sheet {
  /** The class of each digit, of a conditional model. */
  readonly labels: Uint8Array<ArrayBuffer> | null;
  /** Digits in a row, if that is not left to the picture. */
  readonly columns?: number;
  /** The names of the rows' classes. */
  readonly rowLabels: readonly string[];
}

/** A class, as a picture names it. */
export interface Class {
  readonly label: number;
  readonly name: string;
}

/** Which digits are drawn at random. */
interface Draw {
  /** How many: of each class, where there are some. */
  readonly n: number;
  readonly seed: number;
  readonly temperature?: number;
  /**
   * What a conditional model is to draw. The classes have their z in common:
   * what a column shares is the code, and what a row shares is the class.
   */
  readonly classes?: readonly Class[];
  /** How many classes there are, if those are the first of them. */
  readonly classCount?: number;
}

/** Draws digits at random: z from the prior, or normal as an autoencoder's codes. */
export async function sampleSheet(
  engine: Pick<Engine, "decode">,
  { scale, scaleOf }: Pick<LatentSpace, "scale" | "scaleOf">,
  draw: Draw,
): Promise<SampleSheet> {
  const { n, seed, temperature = 1 } = draw;
  const z = priorSample(n, scale.mean.length, seed, temperature);
  const factor = temperature === 1 ? "" : `${temperature} × `;
  const from = scaleOf === "prior"
    ? `z from the prior N(0, I)${
      temperature === 1 ? "" : ` at temperature ${temperature}`
    }`
    : `z normal, with the mean and ${factor}the σ of the codes`;
  return await samplesOf(engine, fromUnits(z, scale), draw, from);
}

/** Draws digits at random: z from a mixture fitted to `codes`, as they are called. */
export async function mixtureSheet(
  engine: Pick<Engine, "decode">,
  mixture: GaussianMixture,
  draw: Draw & { readonly codes: string },
): Promise<SampleSheet> {
  const { n, seed, temperature = 1, codes } = draw;
  const z = sampleMixture(mixture, n, seed, temperature);
  const parts = counted(mixture.weights.length, "Gaussian");
  const from =
    `z from a mixture of ${parts} fitted to the ${codes} of the training ` +
    `images${temperature === 1 ? "" : ` at temperature ${temperature}`}`;
  return await samplesOf(engine, z, draw, from);
}

/** Decodes latents, and again for each class that there is. */
async function samplesOf(
  engine: Pick<Engine, "decode">,
  z: Float32Array,
  { n, classes = [], classCount = classes.length }: Draw,
  from: string,
): Promise<SampleSheet> {
  if (classes.length === 0) {
    const digits = await engine.decode(z);
    const title = `Samples: ${from}`;
    return { digits, title, note: "", labels: null, rowLabels: [] };
  }
  const labels = concatenate(classes.map((of) => repeated(of, n)!));
  const digits = await engine.decode(concatenate(classes.map(() => z)), labels);
  const common = { digits, labels, note: "" };
  if (classes.length === 1) {
    const title = `Samples of class ${classes[0].name}: ${from}`;
    return { ...common, title, rowLabels: [] };
  }
  const which = classes.length < classCount
    ? `the first ${classes.length} of ${classCount} classes`
    : "each class";
  return {
    ...common,
    title: `Samples of ${which}, one z in each column: ${from}`,
    columns: n,
    rowLabels: classes.map(({ name }) => name),
  };
}

/** Moves along dimensions, one in each row. */
export async function traversalSheet(
  engine: Pick<Engine, "decode">,
  { dimensions, scale, scaleOf, order }: LatentSpace,
  { range, steps, most = Infinity, names = [], image, shownClass = null }: {
    range: number;
    steps: number;
    /** What is seen to change along each dimension, in the order of numbers. */
    names?: readonly (DimensionName | null)[];
    /** Dimensions at most: the most active ones. */
    most?: number;
    /** An image to begin with, not the mean: its name and its code. */
    image?: { name: string; code: Float32Array };
    /** What a conditional model draws. */
    shownClass?: Class | null;
  },
): Promise<LabelledSheet & { offsets: number[]; around: string }> {
  const shown = dimensions.slice(0, most);
  const offsets = spread(range, steps);
  const around = image?.name ??
    (scaleOf === "prior" ? "the prior's mean" : "the mean of the codes");
  const center = image
    ? toUnits(image.code, scale)
    : new Float32Array(dimensions.length);
  const z = traversal(center, shown.map(({ index }) => index), offsets);
  const count = shown.length < dimensions.length
    ? `The ${shown.length} most active dimensions`
    : "Each latent dimension";
  return {
    digits: await engine.decode(
      fromUnits(z, scale),
      repeated(shownClass, shown.length * steps),
    ),
    title: `${count} from –${range} to +${range} σ of the ${scaleOf}, ` +
      `around ${around}${ofClass(shownClass)}`,
    note: order && `Most active first, by ${order}`,
    rowLabels: shown.map((dimension) => {
      const name = names[dimension.index];
      const parts = [
        dimension.name,
        activityOf(dimension),
        name && nameText(name),
      ];
      return parts.filter(Boolean).join("  ");
    }),
    columnLabels: signed(offsets),
    offsets,
    around,
  };
}

/** Maps the two most active dimensions over equally likely values. */
export async function manifoldSheet(
  engine: Pick<Engine, "decode">,
  latents: LatentSpace,
  n: number,
  shownClass: Class | null = null,
): Promise<
  LabelledSheet & { axes: [Dimension, Dimension]; quantiles: number[] }
> {
  const { dimensions, scale, scaleOf, order } = latents;
  const [x, y] = twoDimensions(latents);
  const quantiles = priorQuantiles(n);
  const z = latentMap(dimensions.length, [x.index, y.index], quantiles);
  const labels = signed(quantiles);
  const rest = dimensions.length === 2
    ? ""
    : `; the others at ${scaleOf === "prior" ? "0" : "their mean"}`;
  return {
    digits: await engine.decode(
      fromUnits(z, scale),
      repeated(shownClass, n * n),
    ),
    title: `${x.name} to the right, ${y.name} upward, over equal shares of ` +
      `${
        scaleOf === "prior"
          ? "the prior"
          : "a normal distribution like the codes'"
      }, in σ${rest}${ofClass(shownClass)}`,
    note: dimensions.length === 2 || !order
      ? ""
      : `The most active of ${dimensions.length}, by ${order}`,
    rowLabels: labels.toReversed(),
    columnLabels: labels,
    axes: [x, y],
    quantiles,
  };
}

/** Says which class a conditional model draws. */
export function ofClass(shown: Class | null): string {
  return shown ? `; class ${shown.name}` : "";
}

/**
 * Writes numbers with their signs and as many decimals, two at most, as one of
 * them needs: `–1.5`, `0` and `+1.0`.
 */
function signed(values: readonly number[]): string[] {
  const decimals = Math.max(
    ...values.map((value) =>
      String(Number(Math.abs(value).toFixed(2))).split(".")[1]?.length ?? 0
    ),
  );
  return values.map((value) => {
    const digits = Math.abs(value).toFixed(decimals);
    return Number(digits) === 0 ? "0" : (value < 0 ? "–" : "+") + digits;
  });
}

/** One class for each of so many latents; null where there is none to tell. */
export function repeated(
  shown: Class | null,
  count: number,
): Uint8Array<ArrayBuffer> | null {
  return shown && new Uint8Array(count).fill(shown.label);
}
