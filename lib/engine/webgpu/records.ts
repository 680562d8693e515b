/**
 * From the records of batches to sums of losses.
 *
 * @module
 */
import {
  type EngineOptions,
  type Hyper,
  type LossSums,
  noLosses,
  type TrainLosses,
} from "../engine.ts";
import { Loss, lossRow } from "./loss.ts";

/** A batch that has left a record. */
export interface Batch {
  readonly step: number;
  readonly count: number;
  readonly hyper: Hyper;
}

/** The sums of some sums, in the order of their steps. */
export function addUp(
  parts: readonly TrainLosses[],
  latentDim: number,
): TrainLosses {
  const sums = noLosses(latentDim);
  for (const part of parts) {
    sums.images += part.images;
    sums.reconstruction += part.reconstruction;
    sums.total += part.total;
    part.klPerDimension.forEach((kl, d) => sums.klPerDimension[d] += kl);
    sums.nonFiniteStep ??= part.nonFiniteStep;
  }
  return sums;
}

/** The objective of the means of `losses`, times their number of images. */
export function objective(
  { images, reconstruction, klPerDimension }: Omit<LossSums, "total">,
  { beta, capacity }: Hyper,
  autoencoder: boolean,
): number {
  if (autoencoder) return reconstruction;
  const kl = klPerDimension.reduce((a, b) => a + b, 0);
  return reconstruction + beta * Math.abs(kl - capacity * images);
}

/** The sums of all batches, from their records one after the other. */
export function sumRecords(
  records: Float32Array,
  batches: readonly Batch[],
  { latentDim, autoencoder }: EngineOptions,
): TrainLosses {
  const width = lossRow(latentDim);
  return addUp(
    batches.map(({ step, count, hyper }, i) => {
      const record = records.subarray(i * width, (i + 1) * width);
      const losses = {
        images: count,
        reconstruction: record[Loss.reconstruction],
        klPerDimension: Float64Array.from(record.subarray(Loss.kl)),
        nonFiniteStep: null,
      };
      const total = objective(losses, hyper, autoencoder);
      const nonFiniteStep = Number.isFinite(total) ? null : step;
      return { ...losses, total, nonFiniteStep };
    }),
    latentDim,
  );
}
