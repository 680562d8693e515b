/**
 * Fits a linear probe: how far straight lines tell the classes apart.
 *
 * @module
 */
import { columnMoments, type Tick } from "../math/estimate.ts";
import { minimize } from "../math/minimize.ts";
import type { LabeledCodes } from "./neighbors.ts";

/** Multinomial logistic regression on standardised codes. */
export interface Probe {
  /** [classes, latentDim + 1]; the last column is the bias. */
  readonly weights: Float64Array;
  /** Mean of each dimension over the training codes. */
  readonly mean: Float64Array;
  /** Standard deviation of each dimension, 1 where there is none. */
  readonly deviation: Float64Array;
}

/**
 * Fits a probe: the weights W that minimise the mean cross-entropy of
 * softmax(W·[code; 1]) plus ‖W‖² / 2n without the bias, the penalty that is
 * scikit-learn's default (C = 1; Alain & Bengio 2016 on probes,
 * https://arxiv.org/abs/1610.01644). The minimum is unique up to a shift of all
 * biases, and found by L-BFGS from zero.
 *
 * @param train What to learn from.
 * @param latentDim Number of latent dimensions.
 */
export async function fitProbe(
  { codes, labels }: LabeledCodes,
  latentDim: number,
  tick?: Tick,
): Promise<Probe> {
  const { mean, variance } = columnMoments(codes, latentDim);
  const deviation = variance.map((v) => Math.sqrt(v) || 1);
  const inputs = standardize(codes, { mean, deviation });
  const classes = 1 + labels.reduce((a, b) => Math.max(a, b), 0);
  const weights = await minimize(
    (weights, gradient) => loss(weights, gradient, inputs, labels),
    new Float64Array(classes * (latentDim + 1)),
    { tick },
  );
  return { weights, mean, deviation };
}

/**
 * Gives each code its most likely class.
 *
 * @param codes [n, latentDim].
 * @returns [n] classes.
 */
export function classifyByProbe(
  probe: Probe,
  codes: Float32Array,
): Uint8Array {
  const inputs = standardize(codes, probe);
  const width = probe.mean.length + 1;
  const logits = new Float64Array(probe.weights.length / width);
  const predicted = new Uint8Array(inputs.length / width);
  for (let i = 0; i < predicted.length; i++) {
    predicted[i] = logits.indexOf(
      fillLogits(logits, probe.weights, inputs, i * width),
    );
  }
  return predicted;
}

/**
 * Returns (code − mean) / deviation, and a 1 for the bias: [n, latentDim + 1].
 */
function standardize(
  codes: Float32Array,
  { mean, deviation }: Pick<Probe, "mean" | "deviation">,
): Float64Array {
  const d = mean.length;
  const n = codes.length / d;
  const inputs = new Float64Array(n * (d + 1));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      inputs[i * (d + 1) + j] = (codes[i * d + j] - mean[j]) / deviation[j];
    }
    inputs[i * (d + 1) + d] = 1;
  }
  return inputs;
}

/** Fills in the logits of the input at `at`; returns the largest. */
function fillLogits(
  logits: Float64Array,
  weights: Float64Array,
  inputs: Float64Array,
  at: number,
): number {
  const width = weights.length / logits.length;
  let largest = -Infinity;
  for (let c = 0, w = 0; c < logits.length; c++) {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += weights[w++] * inputs[at + j];
    logits[c] = sum;
    if (sum > largest) largest = sum;
  }
  return largest;
}

/** Returns the penalised mean cross-entropy; fills in its gradient. */
function loss(
  weights: Float64Array,
  gradient: Float64Array,
  inputs: Float64Array,
  labels: Uint8Array,
): number {
  const n = labels.length;
  const width = inputs.length / n;
  const logits = new Float64Array(weights.length / width);
  let sum = 0;
  gradient.fill(0);
  for (let i = 0, at = 0; i < n; i++, at += width) {
    const largest = fillLogits(logits, weights, inputs, at);
    sum += largest - logits[labels[i]];
    let total = 0;
    for (let c = 0; c < logits.length; c++) {
      total += logits[c] = Math.exp(logits[c] - largest);
    }
    sum += Math.log(total);
    for (let c = 0, w = 0; c < logits.length; c++) {
      const slope = logits[c] / total - (c === labels[i] ? 1 : 0);
      for (let j = 0; j < width; j++) gradient[w++] += slope * inputs[at + j];
    }
  }
  for (let w = 0; w < weights.length; w++) {
    const isBias = w % width === width - 1;
    if (!isBias) sum += weights[w] ** 2 / 2;
    gradient[w] = (gradient[w] + (isBias ? 0 : weights[w])) / n;
  }
  return sum / n;
}
