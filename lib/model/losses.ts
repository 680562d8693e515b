/**
 * What a run has recorded: one entry for each epoch.
 *
 * @module
 */
import type { LossSums } from "../engine/engine.ts";

/** Losses of a set, as means over its images. */
export interface Losses {
  /** reconstruction + β·|KL − capacity|. */
  readonly total: number;
  /** Squared error, or cross-entropy in nats, summed over pixels. */
  readonly reconstruction: number;
  /** KL divergence from the prior in nats, summed over latent dimensions. */
  readonly kl: number;
}

/** One finished epoch. */
export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  /** Optimiser steps since the beginning of training. */
  readonly step: number;
  /** β at the epoch's last step. */
  readonly beta: number;
  /** The KL target at the epoch's last step, in nats. */
  readonly capacity: number;
  /** Mean over the epoch's batches, in training mode, while it was learning. */
  readonly train: Losses;
  /** After the epoch, in evaluation mode; null if there is no such split. */
  readonly validation: Losses | null;
  /** KL in nats of each latent dimension, after the epoch. */
  readonly klPerDimension: readonly number[];
}

/** The mean losses of a sum over images. */
export function meanLosses(sums: LossSums): Losses {
  const kl = sums.klPerDimension.reduce((a, b) => a + b, 0);
  return {
    total: sums.total / sums.images,
    reconstruction: sums.reconstruction / sums.images,
    kl: kl / sums.images,
  };
}
