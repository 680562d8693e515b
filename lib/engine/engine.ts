/**
 * The contract that every engine fulfils: the trainer and the tasks know
 * nothing else about who does the arithmetic.
 *
 * @module
 */
import type { Binarization } from "../dataset/binarize.ts";
import type { TrainState } from "../model/init.ts";
import type { LossSums, TrainLosses } from "../model/losses.ts";
import type { ModelOptions } from "../model/spec.ts";

/** Who does the arithmetic. */
export type EngineName = "tfjs" | "wasm" | "webgpu";

/** The tfjs backends that can train this model in Deno. */
export type TfBackend = "webgpu" | "cpu";

/** What an engine is made for; fixed for its lifetime. */
export interface EngineOptions extends ModelOptions {
  /** The largest batch that {@linkcode Engine.trainStep} will be given. */
  readonly batchSize: number;
  /** Seed of ε, of the shuffles and of the initial weights. */
  readonly seed: number;
  /**
   * Draws of z for each image of a training step, K; 1 unless told otherwise.
   * The decoder takes K·B rows, row b·K + k, which its batch norms see as one
   * batch; the reconstruction is averaged over K.
   *
   * Draws come in pairs μ ± σ·ε, which are as good as independent ones and vary
   * less (Wu et al. 2019, https://arxiv.org/abs/1810.02555): draws 2j and
   * 2j + 1 of an image share the noise of row b·⌈K/2⌉ + j, the second with the
   * sign turned. The last of an odd number is alone.
   */
  readonly draws?: number;
  /**
   * How grey pixels become black or white; `none` unless told otherwise. With
   * `dynamic` a step sees, and is to reconstruct, pixels that `drawPixels()`
   * draws: pixel `784·b + i` of the batch, with the step as the counter. Images
   * that are evaluated, and those of `static`, are drawn by whoever has them.
   */
  readonly binarize?: Binarization;
  /** What is minimised; `elbo` unless told otherwise. */
  readonly objective?: Objective;
  /** Draws of z of `iwae`, which takes these in place of `draws`; 5 if null. */
  readonly importanceSamples?: number | null;
  /** Weight of the total correlation in `btc`; 4 if null. */
  readonly tcWeight?: number | null;
  /**
   * Nats of KL that each dimension has free: while the batch's mean of it is
   * below, the dimension's KL has no gradient. 0 unless told otherwise.
   */
  readonly freeBits?: number;
  /** How the gradient of the KL term comes about; `analytic` unless told otherwise. */
  readonly klGradient?: KlGradient;
  /** Factor of the learning rate for fc_mu and fc_logvar; 1 unless told otherwise. */
  readonly headsLrFactor?: number;
  /** Decay of Adam's first moment; 0.9 unless told otherwise. */
  readonly adamBeta1?: number;
  /** Decay of Adam's second moment; 0.999 unless told otherwise. */
  readonly adamBeta2?: number;
}

/**
 * How the gradient of the KL term reaches μ and log σ²: in closed form, or along
 * the draws alone, "sticking the landing" (Roeder et al. 2017,
 * https://arxiv.org/abs/1703.09194). With f the factor of the KL's gradient and
 * g the reconstruction's with respect to a draw z = μ + σ·ε, the latter gives
 * dμ = Σ g + f/K · (z − ε/σ) and dlogvar = Σ ½·σ·ε · (g + f/K · (z − ε/σ)). The
 * loss is the same.
 */
export type KlGradient = "analytic" | "stl";

/**
 * What is minimised: `elbo` is reconstruction + β·|KL − C|.
 *
 * `iwae` is −log (1/K) Σ wₖ with wₖ = p(x, zₖ) / q(zₖ|x), the importance-weighted
 * bound (Burda et al. 2015, https://arxiv.org/abs/1509.00519), of K independent
 * draws; the decoder takes its K·B rows as it does several draws. Its gradient is
 * the doubly reparameterised one (Tucker et al. 2018,
 * https://arxiv.org/abs/1810.04152): with w̃ₖ = wₖ / Σ w, the decoder follows
 * Σ w̃ₖ·log p(x|zₖ), and z follows Σ w̃ₖ²·log wₖ with μ and σ held in
 * log q(z|x). These are two passes back through the decoder, for its batch norms
 * couple the draws: one pass, scaled by w̃ₖ afterwards, diverges.
 *
 * `btc` is β-TC-VAE (Chen et al. 2018, https://arxiv.org/abs/1802.04942): mutual
 * information + w·total correlation + dimension-wise KL. As the three sum to the
 * KL, it is reconstruction + KL + (w − 1)·TC, with the KL in closed form and
 * TC = log q(z) − Σ log q(z_d) by minibatch-weighted sampling:
 * log q(z) ≈ log Σⱼ q(z|xⱼ) − log(N·B) over the batch, of N training images.
 */
export type Objective = "elbo" | "iwae" | "btc";

/**
 * Rows of noise that so many draws of z take for one image: one for each pair,
 * but for `iwae`, whose draws are independent.
 */
export function noiseRows(
  draws: number,
  objective: Objective = "elbo",
): number {
  return objective === "iwae" ? draws : Math.ceil(draws / 2);
}

/** The knobs of the loss and of Adam, which a schedule may move every step. */
export interface Hyper {
  /** Weight of the KL term. */
  readonly beta: number;
  /** Target of the KL term in nats: the loss has β·|KL − capacity|. */
  readonly capacity: number;
  /** Adam's step size. */
  readonly learningRate: number;
}

/** One batch: rows `first` … `first + count − 1` of the current order. */
export interface BatchRef {
  /** Where in the order the batch begins. */
  readonly first: number;
  /** Number of images. */
  readonly count: number;
  /** Optimiser steps taken before this one: the counter of ε. */
  readonly step: number;
  /** [count · rows of noise, latentDim] noise in place of the generator's, for tests. */
  readonly epsilon?: Float32Array;
}

/**
 * The classes of images or latents, one byte each: a model with a `classCount`
 * needs them, and any other leaves them out.
 */
export type Labels = Uint8Array | null;

/**
 * Trains and runs one model. Images are bytes, 784 to an image, row-major;
 * the model sees byte / 255.
 */
export interface Engine {
  /** Which engine it is. */
  readonly name: EngineName;
  /** One line for a person: what does the arithmetic, and on what. */
  readonly description: string;
  /** What it was made for, completed. */
  readonly options: Required<EngineOptions>;

  /** Makes `images` the training data, resident in the engine. */
  setImages(images: Uint8Array, labels?: Labels): void;
  /** Sets the order in which {@linkcode trainStep} walks the training data. */
  setOrder(order: Uint32Array): void;
  /** Forward, backward and one Adam update. May return before it is done. */
  trainStep(batch: BatchRef, hyper: Hyper): void | Promise<void>;
  /**
   * Returns the training losses since the last call. Reading them from a GPU
   * takes 11 ms or more; steps that are taken meanwhile count for the next call.
   */
  takeLosses(): Promise<TrainLosses>;

  /**
   * Evaluation-mode losses of a set, with one draw of z per image.
   *
   * @param images [n, 784] bytes.
   * @param draw Counter of the noise: the same draw gives the same z.
   * @param hyper Gives the β and capacity of `total`.
   */
  evaluate(
    images: Uint8Array,
    draw: number,
    hyper: Hyper,
    labels?: Labels,
  ): Promise<LossSums>;
  /** Posterior means and log-variances, each [n, latentDim]. */
  encode(
    images: Uint8Array,
    labels?: Labels,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }>;
  /** Pixel means [n, 784] of latents [n, latentDim]. */
  decode(z: Float32Array, labels?: Labels): Promise<Float32Array>;

  /**
   * −log p(x|z) of each image given a latent of its own, up to the constant of
   * the likelihood: the reconstruction loss in evaluation mode, from the
   * decoder's outputs (for `bce` its logits, so that no value is cut off), with
   * sums in double precision or as good.
   *
   * @param z [n, latentDim] latents.
   * @param images [n, 784] bytes.
   * @returns [n] losses.
   */
  score(
    z: Float32Array,
    images: Uint8Array,
    labels?: Labels,
  ): Promise<Float64Array>;

  /** Copies the state out of the engine. */
  readState(): Promise<TrainState>;
  /**
   * Replaces the engine's state.
   *
   * @throws {RangeError} If it is of a model of another size.
   */
  writeState(state: TrainState): Promise<void>;
  /** Frees what the engine holds. It cannot be used afterwards. */
  dispose(): void;
}
