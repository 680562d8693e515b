/**
 * The reference engine: tfjs, with its automatic differentiation. Slow and
 * short; the other engines are held against it.
 *
 * @module
 */
import * as tf from "./tf.ts";
import { checkStateSizes, type TrainState } from "../../model/init.ts";
import {
  addLosses,
  addStep,
  batchLosses,
  type LossSums,
  noLosses,
  noTrainLosses,
  objective,
  type TrainLosses,
} from "../../model/losses.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { fillNormal, streamKey } from "../../rng.ts";
import {
  type BatchRef,
  type Engine,
  type EngineOptions,
  type Hyper,
  noiseRows,
  type TfBackend,
} from "../engine.ts";
import { Checks } from "../checks.ts";
import type { Gpu } from "../gpu.ts";
import { Adam } from "./adam.ts";
import { useTfBackend } from "./backend.ts";
import {
  klDivergence,
  landingKl,
  reconstructionLoss,
  scores,
  tensorObjective,
} from "./loss.ts";
import { type Forward, imageTensor, Network } from "./network.ts";

export { useTfBackend };

/** A batch whose losses nobody has read yet. */
interface Unread {
  readonly step: number;
  readonly count: number;
  readonly hyper: Hyper;
  /** [1 + latentDim] sums of the reconstruction and of each dimension's KL. */
  readonly sums: tf.Tensor1D;
}

/** Trains the model by autograd on a tfjs backend. */
export class TfjsEngine implements Engine {
  readonly name = "tfjs";
  readonly description: string;
  /** The version of TensorFlow.js. */
  readonly version = tf.version.tfjs;
  readonly #checks: Checks;
  readonly #gpu: Gpu | null;
  readonly #network: Network;
  readonly #adam: Adam;
  #images: Uint8Array = new Uint8Array();
  #order: Uint32Array = new Uint32Array();
  #unread: Unread[] = [];

  private constructor(
    options: EngineOptions,
    backend: TfBackend,
    gpu: Gpu | null,
  ) {
    this.#checks = new Checks(this.name, options);
    this.description = `tfjs on ${gpu ? gpu.description : backend}`;
    this.#gpu = gpu;
    const { latentDim, likelihood, autoencoder, seed } = options;
    this.#network = new Network({ latentDim, likelihood, autoencoder }, seed);
    this.#adam = new Adam(this.#network, this.#checks.options);
  }

  /**
   * An engine with the initial weights of `options.seed`.
   *
   * @throws {GpuError} If the backend cannot be had.
   */
  static async create(
    options: EngineOptions,
    wanted: "auto" | TfBackend = "auto",
  ): Promise<TfjsEngine> {
    const { backend, gpu } = await useTfBackend(wanted);
    return new TfjsEngine(options, backend, gpu);
  }

  get options(): Required<EngineOptions> {
    return this.#checks.options;
  }

  setImages(images: Uint8Array): void {
    this.#checks.holds(this.#checks.images(images));
    this.#images = images;
  }

  setOrder(order: Uint32Array): void {
    this.#checks.order(order);
    this.#checks.holdsOrder(order.length);
    this.#order = order;
  }

  trainStep(batch: BatchRef, hyper: Hyper): void {
    this.#checks.step(batch, hyper);
    const { first, count, step } = batch;
    const { latentDim, seed, draws, klGradient } = this.#checks.options;
    const rows = count * noiseRows(draws);
    const bytes = new Uint8Array(count * IMAGE_PIXELS);
    this.#order.subarray(first, first + count).forEach((row, i) => {
      const at = row * IMAGE_PIXELS;
      bytes.set(this.#images.subarray(at, at + IMAGE_PIXELS), i * IMAGE_PIXELS);
    });
    const epsilon = batch.epsilon ?? fillNormal(
      new Float32Array(rows * latentDim),
      streamKey(seed, "epsilon"),
      step,
    );

    const sums = tf.tidy(() => {
      const images = imageTensor(bytes);
      const noise = tf.tensor2d(epsilon, [rows, latentDim]);
      let sums: tf.Tensor1D;
      const { grads } = tf.variableGrads(() => {
        const forward = this.#network.forward(images, {
          training: true,
          epsilon: noise,
          draws,
        });
        const { reconstruction, kl } = this.#losses(images, forward);
        sums = tf.keep(sumsOf(reconstruction, kl));
        const { mu, logvar, z } = forward;
        const followed = klGradient === "stl" ? landingKl(mu, logvar, z) : kl;
        return tensorObjective(
          tf.mean(reconstruction),
          tf.sum(followed).div<tf.Scalar>(count),
          hyper,
        );
      }, this.#network.variables);
      // An autoencoder's log-variances have no gradient.
      this.#adam.update(grads, hyper.learningRate);
      return sums!;
    });
    this.#unread.push({ step, count, hyper, sums });
    this.#gpu?.check();
  }

  async takeLosses(): Promise<TrainLosses> {
    this.#checks.alive();
    const { latentDim } = this.#checks.options;
    const unread = this.#unread;
    this.#unread = [];
    const batches = await this.#read(unread);
    const losses = noTrainLosses(latentDim);
    batches.forEach((batch, i) => addStep(losses, unread[i].step, batch));
    return losses;
  }

  async evaluate(
    images: Uint8Array,
    draw: number,
    hyper: Hyper,
  ): Promise<LossSums> {
    this.#checks.images(images);
    this.#checks.hyper(hyper);
    const { latentDim, seed, batchSize } = this.#checks.options;
    const key = streamKey(seed, "evaluation");
    const unread = this.#chunks(images).map((chunk, i): Unread => {
      const count = chunk.length / IMAGE_PIXELS;
      const epsilon = fillNormal(
        new Float32Array(count * latentDim),
        key,
        draw,
        i * batchSize * latentDim,
      );
      const sums = tf.tidy(() => {
        const x = imageTensor(chunk);
        const forward = this.#network.forward(x, {
          epsilon: tf.tensor2d(epsilon, [count, latentDim]),
        });
        const { reconstruction, kl } = this.#losses(x, forward);
        return sumsOf(reconstruction, kl);
      });
      return { step: 0, count, hyper, sums };
    });
    const losses = noLosses(latentDim);
    for (const batch of await this.#read(unread)) addLosses(losses, batch);
    // Of the whole set's means, not of each batch's.
    losses.total = objective(losses, hyper, this.#checks.options);
    return losses;
  }

  async encode(
    images: Uint8Array,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }> {
    const { latentDim } = this.#checks.options;
    const count = this.#checks.images(images);
    const mu = new Float32Array(count * latentDim);
    const logvar = new Float32Array(count * latentDim);
    let at = 0;
    for (const chunk of this.#chunks(images)) {
      const heads = tf.tidy(() => {
        const { mu, logvar } = this.#network.encode(imageTensor(chunk));
        return tf.stack([mu, logvar]);
      });
      const values = await read(heads);
      const half = values.length / 2;
      mu.set(values.subarray(0, half), at);
      logvar.set(values.subarray(half), at);
      at += half;
    }
    this.#gpu?.check();
    return { mu, logvar };
  }

  async decode(z: Float32Array): Promise<Float32Array> {
    const { latentDim, batchSize } = this.#checks.options;
    const count = this.#checks.latents(z);
    const pixels = new Float32Array(count * IMAGE_PIXELS);
    for (let first = 0; first < count; first += batchSize) {
      const chunk = z.slice(first * latentDim, (first + batchSize) * latentDim);
      const digits = tf.tidy(() =>
        this.#network.decode(
          tf.tensor2d(chunk, [chunk.length / latentDim, latentDim]),
        )
      );
      pixels.set(await read(digits), first * IMAGE_PIXELS);
    }
    this.#gpu?.check();
    return pixels;
  }

  async score(z: Float32Array, images: Uint8Array): Promise<Float64Array> {
    this.#checks.pairs(z, images);
    const { latentDim, likelihood } = this.#checks.options;
    const losses = new Float64Array(z.length / latentDim);
    let first = 0;
    for (const chunk of this.#chunks(images)) {
      const count = chunk.length / IMAGE_PIXELS;
      const rows = z.slice(first * latentDim, (first + count) * latentDim);
      const output = this.#network.decoderOutput(
        tf.tensor2d(rows, [count, latentDim]),
      );
      losses.set(scores(await read(output), chunk, likelihood), first);
      first += count;
    }
    this.#gpu?.check();
    return losses;
  }

  async readState(): Promise<TrainState> {
    this.#checks.alive();
    return { ...await this.#network.weights(), ...await this.#adam.read() };
  }

  // deno-lint-ignore require-await -- the contract is asynchronous
  async writeState(state: TrainState): Promise<void> {
    this.#checks.alive();
    checkStateSizes(this.#network.spec, state);
    this.#network.setWeights(state);
    this.#adam.write(state);
  }

  dispose(): void {
    if (!this.#checks.end()) return;
    this.#network.dispose();
    this.#adam.dispose();
    tf.dispose(this.#unread.map(({ sums }) => sums));
    this.#images = new Uint8Array();
  }

  /** Per-image reconstruction loss, and KL [n, latentDim]. */
  #losses(
    images: tf.Tensor,
    { mu, logvar, output }: Forward,
  ): { reconstruction: tf.Tensor1D; kl: tf.Tensor2D } {
    const { likelihood, autoencoder } = this.#checks.options;
    return {
      reconstruction: reconstructionLoss(output, images, likelihood),
      kl: autoencoder ? tf.zerosLike(mu) : klDivergence(mu, logvar),
    };
  }

  #chunks(images: Uint8Array): Uint8Array[] {
    const size = this.#checks.options.batchSize * IMAGE_PIXELS;
    return Array.from(
      { length: Math.ceil(images.length / size) },
      (_, i) => images.subarray(i * size, (i + 1) * size),
    );
  }

  /** Reads the losses of batches with a single wait. */
  async #read(batches: readonly Unread[]): Promise<LossSums[]> {
    if (batches.length === 0) return [];
    const vectors = batches.map(({ sums }) => sums);
    const values = await read(tf.stack(vectors));
    tf.dispose(vectors);
    this.#gpu?.check();
    const { options } = this.#checks;
    const { latentDim } = options;
    return batches.map(({ count, hyper }, i) => {
      const at = i * (1 + latentDim);
      const terms = {
        images: count,
        reconstruction: values[at],
        klPerDimension: Float64Array.from(
          values.subarray(at + 1, at + 1 + latentDim),
        ),
      };
      return batchLosses(terms, hyper, options);
    });
  }
}

/** [1 + latentDim] sums over a batch. */
function sumsOf(reconstruction: tf.Tensor1D, kl: tf.Tensor2D): tf.Tensor1D {
  return tf.concat([
    tf.sum(reconstruction).reshape<tf.Tensor1D>([1]),
    tf.sum<tf.Tensor1D>(kl, 0),
  ]);
}

/** Waits for a tensor's values and disposes it. */
async function read(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<"float32">();
  } finally {
    tensor.dispose();
  }
}
