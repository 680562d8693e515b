/**
 * Metrics as a table with explanations.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { Estimate } from "../../lib/math/estimate.ts";
import { NEIGHBORS } from "../../lib/metrics/classes.ts";
import type { Metrics } from "../../lib/metrics/metrics.ts";
import { counted, fixed } from "../../lib/text.ts";
import { FEW_SAMPLES } from "../../lib/metrics/importance.ts";
import { logNormalizer } from "../../lib/metrics/pixels.ts";
import { ACTIVE_VARIANCE } from "../../lib/metrics/posterior.ts";
import { INACTIVE_KL } from "../../lib/model/losses.ts";
import { dimensionName } from "../../lib/latent/space.ts";

/** Name, value and explanation; a null is not shown. */
export type Row = [string, string | null, string];

/**
 * Lists all that is measured, in groups with a name; none of them is empty.
 *
 * @param isGrey Whether the images' pixels are not just black and white.
 */
export function metricsTable(
  metrics: Metrics,
  { options }: Checkpoint,
  isGrey: boolean,
): [string, Row[]][] {
  const { rateDistortion, mutualInformationGap } = metrics;
  const { latentDim, likelihood, autoencoder, classCount } = options;
  // Of a conditional model all is given the class.
  const [given, also] = classCount > 0 ? ["|c", ",c"] : ["", ""];
  const notHeld = classCount > 0 ? "; the code need not hold the class" : "";
  const { mean, variance } = metrics.aggregatedPosterior;
  const prior = (value: number) =>
    autoencoder ? "" : `; the prior has ${value}`;
  const z = autoencoder ? "z = μ" : `z ~ q(z|x${also})`;
  const constant = logNormalizer(likelihood).toFixed(2);
  const isMean = likelihood === "bce" && isGrey;
  const pixels = likelihood === "mse"
    ? `Gaussian pixels, σ² = ½: its constant is −392·log π = −${constant}`
    : isMean
    ? "b: the grey pixels, dynamically binarised; a bound by Jensen"
    : "black-and-white pixels";
  const draws = counted(metrics.samples, "draw");
  const { bestVariance, nll, klDecomposition } = metrics;
  const [density, residue] = isMean
    ? [`E log p(b${given})`, `−E log p(b|z${also})`]
    : [`log p(x${given})`, `−log p(x|z${also})`];
  const groups: [string, Row[]][] = [
    ["Loss", [
      [
        "reconstruction",
        show(metrics.reconstruction),
        likelihood === "mse"
          ? `Σ(x̂ − x)² over pixels, ${z}`
          : `cross-entropy over pixels in nats, ${z}`,
      ],
      ["  per pixel", show(metrics.reconstructionPerPixel), "the same / 784"],
      ["KL", show(metrics.kl), `of q(z|x${also}) from N(0, I), in nats`],
    ]],
    [`Bounds on ${density}, in nats`, [
      ["ELBO", show(metrics.elbo), pixels],
      [
        "  at the best σ²",
        show(bestVariance && bestVariance.elbo),
        `σ² = ${
          bestVariance?.variance.toPrecision(3)
        }, the mean squared error ` +
        `of the training images' pixels; the same q(z|x${also})`,
      ],
      [
        "importance-weighted",
        nll ? null : show(metrics.importanceWeighted),
        `K = ${draws} of z for each image`,
      ],
      [
        "NLL",
        show(nll),
        `−log p(x${given}) at most: by the importance-weighted bound, K = ${draws}`,
      ],
      [
        "effective samples",
        show(metrics.effectiveSamples),
        `of the K: (Σw)² / Σw² of an image's weights w` +
        (metrics.samples > FEW_SAMPLES
          ? `; below ${FEW_SAMPLES} in ` +
            `${show(metrics.fewEffectiveSamples, 100, " %")} of the images`
          : ""),
      ],
      [
        "rate",
        show(rateDistortion && rateDistortion.rate),
        "what the code takes: the KL",
      ],
      [
        "distortion",
        show(rateDistortion && rateDistortion.distortion),
        `what is left over: ${residue}; ELBO = −rate − distortion`,
      ],
    ]],
    ["The KL, taken apart, in nats", [
      [
        "mutual information",
        show(klDecomposition && klDecomposition.mutualInformation),
        `I(x; z), at most log N = ${
          klDecomposition?.maxInformation.toFixed(2)
        }` +
        ` of N = ${counted(metrics.images, "image")}`,
      ],
      [
        "total correlation",
        show(klDecomposition && klDecomposition.totalCorrelation),
        "KL of q(z) from the product of its dimensions; where I(x; z) is at its " +
        "cap, what exceeds that is counted here",
      ],
      [
        "dimension-wise KL",
        show(klDecomposition && klDecomposition.dimensionwiseKl),
        `KL of each dimension of q(z) from N(0, 1), summed; all three by ` +
        `${klDecomposition?.draws} draws of z`,
      ],
    ]],
    ["Latent space", [
      [
        "active by variance",
        `${metrics.activeUnits} of ${latentDim}`,
        `active units: Var μ > ${ACTIVE_VARIANCE}; the others have collapsed`,
      ],
      [
        "active by KL",
        metrics.activeByKl === null
          ? null
          : `${metrics.activeByKl} of ${latentDim}`,
        `dimensions with KL ≥ ${INACTIVE_KL} nats; the others have collapsed`,
      ],
      [
        autoencoder ? "mean of the codes" : "mean of z",
        range(mean),
        `least and largest of all dimensions${prior(0)}`,
      ],
      [
        autoencoder ? "variance of the codes" : "variance of z",
        range(variance),
        `likewise${prior(1)}`,
      ],
      [
        `${NEIGHBORS} nearest neighbours`,
        show(metrics.neighborAccuracy, 100, " %"),
        "classes named right by the training images with the nearest μ" +
        notHeld,
      ],
      [
        "linear probe",
        show(metrics.probeAccuracy, 100, " %"),
        "classes named right by logistic regression on μ" + notHeld,
      ],
      [
        "mutual information gap",
        mutualInformationGap === null ? null : fixed(mutualInformationGap, 3),
        "0: many dimensions share the class; 1: one alone holds it",
      ],
    ]],
    ["Beside a linear model", [
      [
        "squared error",
        show(metrics.squaredError),
        "Σ(x̂ − x)² over pixels, z = μ",
      ],
      ["  per pixel", show(metrics.squaredErrorPerPixel), "the same / 784"],
      [
        "squared error of PCA",
        show(metrics.pcaSquaredError),
        `${counted(latentDim, "principal component")} of the training images`,
      ],
    ]],
  ];
  return groups
    .map(([name, rows]): [string, Row[]] => [
      name,
      rows.filter(([, value]) => value !== null),
    ])
    .filter(([, rows]) => rows.length > 0);
}

/** Says so where few of many draws of z decide an image's bound. */
export function looseNotes(
  { effectiveSamples, samples }: Pick<Metrics, "effectiveSamples" | "samples">,
): string[] {
  const mean = effectiveSamples?.mean ?? Infinity;
  if (samples <= FEW_SAMPLES || mean >= FEW_SAMPLES) return [];
  return [
    `of an image's ${samples} draws of z about ${mean.toFixed(1)} count, so ` +
    "the importance-weighted bound is loose; more --samples tighten it",
  ];
}

/** Dimensions in a line of {@linkcode klRows}. */
const IN_LINE = 5;

/** Lists the KL of each dimension by name, the most active first. */
export function klRows({ klPerDimension }: Metrics): Row[] {
  const texts = (klPerDimension ?? [])
    .map(({ mean }, index) => ({ name: dimensionName(index), mean }))
    .sort((a, b) => b.mean - a.mean)
    .map(({ name, mean }) => `${name} ${mean.toFixed(2)} `.padEnd(10));
  return Array.from(
    { length: Math.ceil(texts.length / IN_LINE) },
    (_, row): Row => [
      row === 0 ? "KL by dimension" : "",
      texts.slice(row * IN_LINE, (row + 1) * IN_LINE).join("").trimEnd(),
      "",
    ],
  );
}

/** Decimals that a mean is written with at most. */
const MAX_DECIMALS = 5;

/** Writes `mean ± standard error`, with two digits of the error. */
export function show(
  value: Estimate | null,
  scale = 1,
  unit = "",
): string | null {
  if (value === null) return null;
  const mean = scale * value.mean, error = scale * value.standardError;
  if (!(error > 0)) return `${Number(mean.toPrecision(5))}${unit}`;
  const digits = 1 - Math.floor(Math.log10(error));
  // An error of rounding alone says nothing but that it is small.
  if (digits > MAX_DECIMALS) {
    return `${fixed(mean, MAX_DECIMALS)} ± ${error.toExponential(0)}${unit}`;
  }
  const decimals = Math.max(0, digits);
  return `${fixed(mean, decimals)} ± ${fixed(error, decimals)}${unit}`;
}

/** Writes the least and the largest of some numbers. */
export function range(values: readonly number[]): string {
  const [least, largest] = [Math.min(...values), Math.max(...values)];
  return `${fixed(least, 2)} to ${fixed(largest, 2)}`;
}
