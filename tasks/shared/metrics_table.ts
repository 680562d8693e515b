/**
 * Metrics as a table with explanations.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { Estimate } from "../../lib/math/estimate.ts";
import { type Metrics, NEIGHBORS } from "../../lib/metrics/metrics.ts";
import { logNormalizer } from "../../lib/metrics/pixels.ts";

/** Name, value and explanation; a null is not shown. */
export type Row = [string, string | null, string];

/** Lists all that is measured, in groups with a name. */
export function metricsTable(
  metrics: Metrics,
  { options }: Checkpoint,
  binarization: string,
): [string, Row[]][] {
  const { klPerDimension, rateDistortion, mutualInformationGap } = metrics;
  const { latentDim, likelihood, autoencoder } = options;
  const { mean, variance } = metrics.aggregatedPosterior;
  const z = autoencoder ? "z = μ" : "z ~ q(z|x)";
  const constant = logNormalizer(likelihood).toFixed(2);
  const pixels = likelihood === "mse"
    ? `Gaussian pixels, σ² = ½: its constant is −392·log π = −${constant}`
    : binarization === "none"
    ? "cross-entropy of grey pixels; not a normalised likelihood"
    : `Bernoulli pixels, ${binarization} binarisation`;
  return [
    ["Loss", [
      [
        "reconstruction",
        show(metrics.reconstruction),
        likelihood === "mse"
          ? `Σ(x̂ − x)² over pixels, ${z}`
          : `cross-entropy over pixels in nats, ${z}`,
      ],
      ["  per pixel", show(metrics.reconstructionPerPixel), "the same / 784"],
      ["KL", show(metrics.kl), "of q(z|x) from N(0, I), in nats"],
      [
        "  per dimension",
        klPerDimension && klPerDimension.map(({ mean }) => mean)
          .sort((a, b) => b - a).map((kl) => kl.toFixed(2)).join(" "),
        "",
      ],
    ]],
    ["Bounds on log p(x), in nats", [
      ["ELBO", show(metrics.elbo), pixels],
      [
        `importance-weighted`,
        show(metrics.importanceWeighted),
        `K = ${metrics.samples} draws of z for each image`,
      ],
      [
        "rate",
        show(rateDistortion && rateDistortion.rate),
        "what the code takes: the KL",
      ],
      [
        "distortion",
        show(rateDistortion && rateDistortion.distortion),
        "what is left over: −log p(x|z); ELBO = −rate − distortion",
      ],
    ]],
    ["Latent space", [
      [
        "active units",
        `${metrics.activeUnits} of ${latentDim}`,
        "dimensions whose μ has a variance above 0.01",
      ],
      [
        "mean of z",
        `${Math.min(...mean).toFixed(2)} to ${Math.max(...mean).toFixed(2)}`,
        "least and largest of all dimensions; the prior has 0",
      ],
      [
        "variance of z",
        `${Math.min(...variance).toFixed(2)} to ${
          Math.max(...variance).toFixed(2)
        }`,
        "likewise; the prior has 1",
      ],
      [
        `${NEIGHBORS} nearest neighbours`,
        show(metrics.neighborAccuracy, 100, " %"),
        "digits named right by the training images with the nearest μ",
      ],
      [
        "linear probe",
        show(metrics.probeAccuracy, 100, " %"),
        "digits named right by logistic regression on μ",
      ],
      [
        "mutual information gap",
        mutualInformationGap === null ? null : mutualInformationGap.toFixed(3),
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
        `${latentDim} principal components of the training images`,
      ],
    ]],
  ];
}

/** Writes `mean ± standard error`, with two digits of the error. */
export function show(
  value: Estimate | null,
  scale = 1,
  unit = "",
): string | null {
  if (value === null) return null;
  const mean = scale * value.mean, error = scale * value.standardError;
  if (!(error > 0)) return `${Number(mean.toPrecision(5))}${unit}`;
  const digits = Math.max(0, Math.min(9, 1 - Math.floor(Math.log10(error))));
  return `${mean.toFixed(digits)} ± ${error.toFixed(digits)}${unit}`;
}
