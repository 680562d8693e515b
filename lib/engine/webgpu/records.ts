/**
 * From the records of batches to sums of losses.
 *
 * @module
 */
import {
  addLosses,
  addStep,
  batchLosses,
  noTrainLosses,
  type TrainLosses,
} from "../../model/losses.ts";
import type { EngineOptions, Hyper } from "../engine.ts";
import { Loss, lossRow } from "./loss.ts";

/** A batch that has left a record. */
export interface Batch {
  readonly step: number;
  readonly count: number;
  readonly hyper: Hyper;
}

/** Adds up parts of the losses, in the order of their steps. */
export function addUp(
  parts: readonly TrainLosses[],
  latentDim: number,
): TrainLosses {
  const sums = noTrainLosses(latentDim);
  for (const part of parts) {
    addLosses(sums, part);
    sums.nonFiniteStep ??= part.nonFiniteStep;
  }
  return sums;
}

/** Reads the records of batches, which lie one after the other, and adds them up. */
export function sumRecords(
  records: Float32Array,
  batches: readonly Batch[],
  options: Required<EngineOptions>,
): TrainLosses {
  const { latentDim } = options;
  const width = lossRow(latentDim);
  const sums = noTrainLosses(latentDim);
  for (const [i, { step, count, hyper }] of batches.entries()) {
    const record = records.subarray(i * width, (i + 1) * width);
    const terms = {
      images: count,
      reconstruction: record[Loss.reconstruction],
      klPerDimension: Float64Array.from(record.subarray(Loss.kl)),
    };
    addStep(sums, step, batchLosses(terms, hyper, options));
  }
  return sums;
}
