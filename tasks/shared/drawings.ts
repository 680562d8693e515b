/**
 * What a decoder makes of its latent space: digits with their titles and labels,
 * the same in a task's picture and in a report.
 *
 * @module
 */
import type { Engine } from "../../lib/engine/engine.ts";
import { fromUnits, toUnits } from "../../lib/latent/scale.ts";
import {
  latentMap,
  priorQuantiles,
  spread,
  traversal,
} from "../../lib/latent/traversal.ts";
import {
  type GaussianMixture,
  sampleMixture,
} from "../../lib/math/gaussian_mixture.ts";
import { priorSample } from "../../lib/model/prior.ts";
import { counted } from "../../lib/text.ts";
import {
  activityOf,
  type Dimension,
  type LatentSpace,
  signed,
  twoDimensions,
} from "./dimensions.ts";

/** Digits, and the words that go with them. */
export interface Drawing {
  /** [n, 784] pixel means. */
  readonly digits: Float32Array;
  /** What the picture shows. */
  readonly title: string;
  /** What is to be known besides, or empty. */
  readonly note: string;
}

/** A {@linkcode Drawing} in rows and columns that have names. */
export interface LabelledDrawing extends Drawing {
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
}

/** Draws digits at random: z from the prior, or normal as an autoencoder's codes. */
export async function drawSamples(
  engine: Pick<Engine, "decode">,
  { scale, scaleOf }: Pick<LatentSpace, "scale" | "scaleOf">,
  { n, seed, temperature = 1 }: {
    n: number;
    seed: number;
    temperature?: number;
  },
): Promise<Drawing> {
  const z = priorSample(n, scale.mean.length, seed, temperature);
  const factor = temperature === 1 ? "" : `${temperature} × `;
  return {
    digits: await engine.decode(fromUnits(z, scale)),
    title: scaleOf === "prior"
      ? `Samples: z from the prior N(0, I)${
        temperature === 1 ? "" : ` at temperature ${temperature}`
      }`
      : `Samples: z normal, with the mean and ${factor}the σ of the codes`,
    note: "",
  };
}

/** Draws digits at random: z from a mixture fitted to `codes`, as they are called. */
export async function drawMixture(
  engine: Pick<Engine, "decode">,
  mixture: GaussianMixture,
  { n, seed, temperature, codes }: {
    n: number;
    seed: number;
    temperature: number;
    codes: string;
  },
): Promise<Drawing> {
  const z = sampleMixture(mixture, n, seed, temperature);
  const parts = counted(mixture.weights.length, "Gaussian");
  return {
    digits: await engine.decode(z),
    title:
      `Samples: z from a mixture of ${parts} fitted to the ${codes} of the ` +
      `training images${
        temperature === 1 ? "" : ` at temperature ${temperature}`
      }`,
    note: "",
  };
}

/** Moves along dimensions, one in each row. */
export async function drawTraversal(
  engine: Pick<Engine, "decode">,
  { dimensions, scale, scaleOf, order }: LatentSpace,
  { range, steps, most = Infinity, image }: {
    range: number;
    steps: number;
    /** Dimensions at most: the most active ones. */
    most?: number;
    /** An image to begin with, not the mean: its name and its code. */
    image?: { name: string; code: Float32Array };
  },
): Promise<LabelledDrawing & { offsets: number[]; around: string }> {
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
    digits: await engine.decode(fromUnits(z, scale)),
    title: `${count} from –${range} to +${range} σ of the ${scaleOf}, ` +
      `around ${around}`,
    note: order && `Most active first, by ${order}`,
    rowLabels: shown.map((dimension) =>
      `${dimension.name}  ${activityOf(dimension)}`.trim()
    ),
    columnLabels: signed(offsets),
    offsets,
    around,
  };
}

/** Maps the two most active dimensions over equally likely values. */
export async function drawManifold(
  engine: Pick<Engine, "decode">,
  latents: LatentSpace,
  n: number,
): Promise<
  LabelledDrawing & { axes: [Dimension, Dimension]; quantiles: number[] }
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
    digits: await engine.decode(fromUnits(z, scale)),
    title: `${x.name} to the right, ${y.name} upward, over equal shares of ` +
      `${
        scaleOf === "prior"
          ? "the prior"
          : "a normal distribution like the codes'"
      }, in σ${rest}`,
    note: dimensions.length === 2 || !order
      ? ""
      : `The most active of ${dimensions.length}, by ${order}`,
    rowLabels: labels.toReversed(),
    columnLabels: labels,
    axes: [x, y],
    quantiles,
  };
}
