/**
 * From the records of batches to sums of losses.
 *
 * @module
 */
import {
  addLosses,
  addStep,
  batchLosses,
  type LossSums,
  noTrainLosses,
  type TrainLosses,
} from "../../model/losses.ts";
import { TC_WEIGHT } from "../../options/run.ts";
import type { EngineOptions, Hyper } from "../engine.ts";
import { Loss, lossRow, ownTerm } from "./loss.ts";

/** A batch that has left a record. */
export interface Batch {
  readonly step: number;
  readonly count: number;
  readonly hyper: Hyper;
  /** How many training images there are, if it is of these. */
  readonly of?: number;
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
  const width = lossRow(options);
  const sums = noTrainLosses(options.latentDim);
  for (const [i, batch] of batches.entries()) {
    const { step, count, hyper } = batch;
    const record = records.subarray(i * width, (i + 1) * width);
    const terms = {
      images: count,
      reconstruction: record[Loss.reconstruction],
      klPerDimension: Float64Array.from(
        record.subarray(Loss.kl, ownTerm(options)),
      ),
    };
    const losses = batchLosses(terms, hyper, options);
    if (batch.of !== undefined && options.objective !== "elbo") {
      losses.total = totalOf(
        losses,
        record[ownTerm(options)],
        batch.of,
        options,
      );
    }
    addStep(sums, step, losses);
  }
  return sums;
}

/**
 * Returns the objective of a batch where it is no `elbo`.
 *
 * @param own The term that it alone has.
 * @param among How many training images there are.
 */
function totalOf(
  { images, reconstruction, klPerDimension }: LossSums,
  own: number,
  among: number,
  { latentDim, objective, tcWeight }: Required<EngineOptions>,
): number {
  if (objective === "iwae") return own;
  // The programs know nothing of N: log(N·B) is in log q(z) and in each log q(z_d).
  const constant = (latentDim - 1) * Math.log(among * images);
  const kl = klPerDimension.reduce((sum, kl) => sum + kl, 0);
  return reconstruction + kl +
    ((tcWeight ?? TC_WEIGHT) - 1) * (own + images * constant);
}
