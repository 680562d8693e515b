/**
 * The contract that every engine fulfils: the trainer and the tasks know
 * nothing else about who does the arithmetic.
 *
 * @module
 */
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
  /** [count, latentDim] noise in place of the generator's, for tests. */
  readonly epsilon?: Float32Array;
}

/**
 * Trains and runs one model. Images are bytes, 784 to an image, row-major;
 * the model sees byte / 255.
 */
export interface Engine {
  /** Which engine it is. */
  readonly name: EngineName;
  /** One line for a person: what does the arithmetic, and on what. */
  readonly description: string;

  /** Makes `images` the training data, resident in the engine. */
  setImages(images: Uint8Array): void;
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
  evaluate(images: Uint8Array, draw: number, hyper: Hyper): Promise<LossSums>;
  /** Posterior means and log-variances, each [n, latentDim]. */
  encode(
    images: Uint8Array,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }>;
  /** Pixel means [n, 784] of latents [n, latentDim]. */
  decode(z: Float32Array): Promise<Float32Array>;

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
  score(z: Float32Array, images: Uint8Array): Promise<Float64Array>;

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
