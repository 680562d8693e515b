/// <reference lib="dom" />
/**
 * The digits that the page trains on, and how it does.
 *
 * @module
 */
import { DIGITS } from "../../dataset/class_names.ts";
import { type Dataset, type ImageSet, sha256 } from "../../dataset/split.ts";
import { synthesize } from "../../dataset/synthetic.ts";
import {
  dataOptions,
  type TrainingOptions,
  trainingOptions,
} from "../../options/run.ts";
import { completeOptions } from "../../options/table.ts";
import { stepsOfEpoch } from "../../train/schedule.ts";
import type { PlanStart } from "../training_plan.ts";

const TRAIN = 6000;
const HELD_OUT = 600;
/** Digits that are drawn for the data set as a whole, for training. */
const ALL = 60_000;
const BATCH = 64;

/** Passes over them after which a run rests, and may go on for more. */
export const EPOCHS = 20, MORE_EPOCHS = 10;

/** Steps of an epoch. */
export const STEPS_PER_EPOCH = stepsOfEpoch({ batchSize: BATCH }, TRAIN);

/**
 * Draws the synthetic data set with a `limit` and a `valSize`: in Deno, too, a
 * run goes on with them.
 */
export async function trainingDigits(): Promise<Dataset> {
  const part = (first: number, count: number): ImageSet => ({
    ...synthesize(count, { seed: 0, first }),
    count,
  });
  const train = part(0, TRAIN);
  return {
    name: "synthetic",
    // Where the page was not served safely there is no cryptography.
    digest: crypto.subtle ? await sha256(train.images) : "",
    classes: DIGITS,
    train,
    validation: part(ALL - HELD_OUT, HELD_OUT),
    test: null,
    notes: [],
    options: completeOptions(dataOptions, {
      dataset: "synthetic",
      limit: TRAIN,
      valSize: HELD_OUT,
    }),
  };
}

/**
 * Says how a run of the page trains. Its learning rate does not fall, so that no
 * step depends on where the run ends: it can go on, to the same weights as if it
 * had been longer from the start.
 */
export function optionsOf(
  { seed, latentDim, beta, likelihood, classCount, epochs }: PlanStart,
): TrainingOptions {
  return completeOptions(trainingOptions, {
    ...{ seed, latentDim, beta, likelihood, classCount, epochs },
    ...{ batchSize: BATCH, lr: 0.004 },
  });
}
