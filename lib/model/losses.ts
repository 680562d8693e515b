/**
 * Losses: what is summed over images, how sums are added and combined, and the
 * means that a run records.
 *
 * The engines compute two terms for each image: the reconstruction, and for each
 * latent dimension KL(N(μ, σ²) ‖ N(0, 1)) = −½(1 + log σ² − μ² − σ²) (Kingma &
 * Welling 2014, appendix B, https://arxiv.org/abs/1312.6114).
 * {@linkcode objective} combines them.
 *
 * @module
 */

/** Sums of losses over images, in the loss's units (nats for the KL). */
export interface LossSums {
  /** Number of images summed over. */
  images: number;
  /** Squared error, or cross-entropy in nats, summed over pixels. */
  reconstruction: number;
  /** KL divergence from the prior, per latent dimension. */
  klPerDimension: Float64Array;
  /**
   * The {@linkcode objective} of each batch's own means; in training that of the
   * run, which for `iwae` and `btc` is another.
   */
  total: number;
}

/** Losses of training steps. */
export interface TrainLosses extends LossSums {
  /** The first step whose loss was not a finite number. */
  nonFiniteStep: number | null;
}

/** Losses of a set, as means over its images. */
export interface Losses {
  /**
   * The {@linkcode objective}, −ELBO unless its options say otherwise; in
   * training that of the run, which for `iwae` and `btc` is another.
   */
  readonly total: number;
  /** Squared error, or cross-entropy in nats, summed over pixels. */
  readonly reconstruction: number;
  /** KL divergence from the prior in nats, summed over latent dimensions. */
  readonly kl: number;
}

/** One finished epoch, or the part of one that a run ends with. */
export interface EpochRecord {
  /**
   * Counted from 1. The last one is the epochs that the run was asked for where
   * these are no whole number: 0.33, or 2.5 after 2.
   */
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

/** Returns whether a record is of a part of an epoch; not if there is none. */
export function isPart(record: EpochRecord | undefined): boolean {
  return record !== undefined && !Number.isInteger(record.epoch);
}

/**
 * Returns the epochs of a run: a fraction if the last is a part of one.
 *
 * @param earlier Those before its first record, trained elsewhere.
 */
export function epochsOf(history: readonly EpochRecord[], earlier = 0): number {
  return history.at(-1)?.epoch ?? earlier;
}

/** A dimension with less KL than this, in nats, carries nothing. */
export const INACTIVE_KL = 0.01;

/** Returns the sums over no images. */
export function noLosses(latentDim: number): LossSums {
  return {
    images: 0,
    reconstruction: 0,
    klPerDimension: new Float64Array(latentDim),
    total: 0,
  };
}

/** Returns the losses of no training steps. */
export function noTrainLosses(latentDim: number): TrainLosses {
  return { ...noLosses(latentDim), nonFiniteStep: null };
}

/** Returns sums that do not change when the given ones are added to. */
export function copyLosses(
  { images, reconstruction, klPerDimension, total }: LossSums,
): LossSums {
  return {
    images,
    reconstruction,
    klPerDimension: klPerDimension.slice(),
    total,
  };
}

/**
 * Adds the sums of `more`, in whole 2⁻²⁰ nats, to `sums`: such numbers add up
 * exactly, so that it does not matter where a run was stopped, or how often its
 * losses were read.
 */
export function addLosses(sums: LossSums, more: LossSums): void {
  sums.images += more.images;
  sums.reconstruction += whole(more.reconstruction);
  more.klPerDimension.forEach((kl, d) => sums.klPerDimension[d] += whole(kl));
  sums.total += whole(more.total);
}

function whole(nats: number): number {
  return Math.round(nats * 2 ** 20) / 2 ** 20;
}

/** Adds the losses of one training step, and notes if they are not finite. */
export function addStep(
  sums: TrainLosses,
  step: number,
  losses: LossSums,
): void {
  addLosses(sums, losses);
  if (!Number.isFinite(losses.total)) sums.nonFiniteStep ??= step;
}

/** What the objective takes of a model's options. */
export interface ObjectiveOptions {
  /** Whether the model has no KL term. */
  readonly autoencoder: boolean;
  /** Nats of KL that each dimension has free. */
  readonly freeBits: number;
}

/**
 * Returns reconstruction + β·|KL − C| (Burgess et al. 2018, equation 8,
 * https://arxiv.org/abs/1804.03599; with C = 0 the β-VAE of Higgins et al.
 * 2017), or the reconstruction alone for an autoencoder. It is that of the
 * means, times the number of images, as all sums are.
 *
 * With λ free nats the KL is Σ max(λ, KL of the dimension), the maximum of means
 * (Kingma et al. 2016, equation 15, https://arxiv.org/abs/1606.04934).
 *
 * @param losses Sums over a batch or a set.
 * @param hyper β and C, the target of the KL in nats.
 * @param options Of the model.
 */
export function objective(
  { images, reconstruction, klPerDimension }: Omit<LossSums, "total">,
  { beta, capacity }: { readonly beta: number; readonly capacity: number },
  { autoencoder, freeBits }: ObjectiveOptions,
): number {
  if (autoencoder) return reconstruction;
  const kl = klPerDimension.map((kl) => Math.max(freeBits * images, kl));
  return reconstruction + beta * Math.abs(sum(kl) - capacity * images);
}

/** Returns the sums over a batch, with their {@linkcode objective} as total. */
export function batchLosses(
  terms: Omit<LossSums, "total">,
  hyper: { readonly beta: number; readonly capacity: number },
  options: ObjectiveOptions,
): LossSums {
  return { ...terms, total: objective(terms, hyper, options) };
}

/**
 * Returns the means of sums over images.
 *
 * @param sums From an engine's `takeLosses()` or `evaluate()`.
 * @returns The losses of an image.
 *
 * @example
 * ```ts
 * import { meanLosses } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const klPerDimension = Float64Array.of(6, 2);
 * const sums = { images: 4, reconstruction: 80, klPerDimension, total: 88 };
 * assertEquals(meanLosses(sums), { total: 22, reconstruction: 20, kl: 2 });
 * ```
 */
export function meanLosses(sums: LossSums): Losses {
  return {
    total: sums.total / sums.images,
    reconstruction: sums.reconstruction / sums.images,
    kl: sum(sums.klPerDimension) / sums.images,
  };
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
