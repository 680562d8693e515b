/**
 * The reference engine: tfjs, with its automatic differentiation. Slow and
 * short; the other engines are held against it.
 *
 * @module
 */
import * as tf from "./tf.ts";
import { drawPixels } from "../../dataset/binarize.ts";
import { checkStateSizes, type TrainState } from "../../model/init.ts";
import {
  addLosses,
  type LossSums,
  noLosses,
  objective,
  type TrainLosses,
} from "../../model/losses.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { drawsOf } from "../../options/conflicts.ts";
import { fillNormal, streamKey } from "../../rng.ts";
import {
  type BatchRef,
  type Engine,
  type EngineOptions,
  type Hyper,
  type Labels,
  noiseRows,
  type TfBackend,
} from "../engine.ts";
import { Checks } from "../checks.ts";
import type { Gpu } from "../gpu.ts";
import { Adam } from "./adam.ts";
import { useTfBackend } from "./backend.ts";
import { klDivergence, reconstructionLoss, scores } from "./loss.ts";
import { imageTensor, Network } from "./network.ts";
import { minimise } from "./objectives.ts";
import {
  read,
  readSteps,
  readSums,
  sumsOf,
  termsOf,
  type Unread,
} from "./records.ts";

export { useTfBackend };

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
  #labels: Uint8Array | undefined;
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
    const { latentDim, likelihood, autoencoder, classCount, seed } =
      this.#checks.options;
    this.#network = new Network(
      { latentDim, likelihood, autoencoder, classCount },
      seed,
    );
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

  setImages(images: Uint8Array, labels?: Labels): void {
    const count = this.#checks.images(images);
    this.#labels = this.#checks.labels(labels, count);
    this.#checks.holds(count);
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
    const { options } = this.#checks;
    const { latentDim, seed, binarize } = options;
    const rows = count * noiseRows(drawsOf(options), options.objective);
    const order = this.#order.subarray(first, first + count);
    const all = this.#labels;
    const labels = all && Uint8Array.from(order, (row) => all[row]);
    const bytes = new Uint8Array(count * IMAGE_PIXELS);
    order.forEach((row, i) => {
      const at = row * IMAGE_PIXELS;
      bytes.set(this.#images.subarray(at, at + IMAGE_PIXELS), i * IMAGE_PIXELS);
    });
    if (binarize === "dynamic") {
      drawPixels(bytes, streamKey(seed, "binarize"), step);
    }
    const epsilon = batch.epsilon ?? fillNormal(
      new Float32Array(rows * latentDim),
      streamKey(seed, "epsilon"),
      step,
    );

    const sums = tf.tidy(() => {
      const batch = {
        images: imageTensor(bytes),
        labels,
        epsilon: tf.tensor2d(epsilon, [rows, latentDim]),
        trainingImages: this.#images.length / IMAGE_PIXELS,
        hyper,
        options,
      };
      let sums: tf.Tensor1D;
      const { grads } = tf.variableGrads(() => {
        const losses = minimise(this.#network, batch);
        sums = tf.keep(sumsOf(losses.reconstruction, losses.kl, losses.total));
        return losses.followed;
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
    const unread = this.#unread;
    this.#unread = [];
    const losses = await readSteps(unread, this.#checks.options);
    this.#gpu?.check();
    return losses;
  }

  async evaluate(
    images: Uint8Array,
    draw: number,
    hyper: Hyper,
    labels?: Labels,
  ): Promise<LossSums> {
    const classes = this.#checks.labels(labels, this.#checks.images(images));
    this.#checks.hyper(hyper);
    const { options } = this.#checks;
    const { latentDim, seed, likelihood, autoencoder } = options;
    const key = streamKey(seed, "evaluation");
    const chunks = this.#chunks(images, classes);
    const vectors = chunks.map(({ first, count, images, labels }) => {
      const epsilon = fillNormal(
        new Float32Array(count * latentDim),
        key,
        draw,
        first * latentDim,
      );
      return tf.tidy(() => {
        const x = imageTensor(images);
        const { mu, logvar, output } = this.#network.forward(x, {
          labels,
          epsilon: tf.tensor2d(epsilon, [count, latentDim]),
        });
        const reconstruction = reconstructionLoss(output, x, likelihood);
        const kl = autoencoder ? tf.zerosLike(mu) : klDivergence(mu, logvar);
        return sumsOf(reconstruction, kl);
      });
    });
    const losses = noLosses(latentDim);
    (await readSums(vectors)).forEach((sums, i) => {
      addLosses(losses, { ...termsOf(sums, chunks[i].count), total: 0 });
    });
    this.#gpu?.check();
    // Of the whole set's means, not of each batch's.
    losses.total = objective(losses, hyper, options);
    return losses;
  }

  async encode(
    images: Uint8Array,
    labels?: Labels,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }> {
    const { latentDim } = this.#checks.options;
    const count = this.#checks.images(images);
    const classes = this.#checks.labels(labels, count);
    const mu = new Float32Array(count * latentDim);
    const logvar = new Float32Array(count * latentDim);
    for (const chunk of this.#chunks(images, classes)) {
      const { first, labels } = chunk;
      const heads = tf.tidy(() => {
        const x = imageTensor(chunk.images);
        const { mu, logvar } = this.#network.encode(x, { labels });
        return tf.stack([mu, logvar]);
      });
      const values = await read(heads);
      const half = values.length / 2;
      mu.set(values.subarray(0, half), first * latentDim);
      logvar.set(values.subarray(half), first * latentDim);
    }
    this.#gpu?.check();
    return { mu, logvar };
  }

  async decode(z: Float32Array, labels?: Labels): Promise<Float32Array> {
    const { latentDim, batchSize } = this.#checks.options;
    const count = this.#checks.latents(z);
    const classes = this.#checks.labels(labels, count);
    const pixels = new Float32Array(count * IMAGE_PIXELS);
    for (let first = 0; first < count; first += batchSize) {
      const chunk = z.slice(first * latentDim, (first + batchSize) * latentDim);
      const digits = tf.tidy(() =>
        this.#network.decode(
          tf.tensor2d(chunk, [chunk.length / latentDim, latentDim]),
          { labels: classes?.subarray(first, first + batchSize) },
        )
      );
      pixels.set(await read(digits), first * IMAGE_PIXELS);
    }
    this.#gpu?.check();
    return pixels;
  }

  async score(
    z: Float32Array,
    images: Uint8Array,
    labels?: Labels,
  ): Promise<Float64Array> {
    const pairs = this.#checks.pairs(z, images);
    const classes = this.#checks.labels(labels, pairs);
    const { latentDim, likelihood } = this.#checks.options;
    const losses = new Float64Array(pairs);
    for (const chunk of this.#chunks(images, classes)) {
      const { first, count, images, labels } = chunk;
      const rows = z.slice(first * latentDim, (first + count) * latentDim);
      const output = tf.tidy(() =>
        this.#network.decoderOutput(
          tf.tensor2d(rows, [count, latentDim]),
          { labels },
        )
      );
      losses.set(scores(await read(output), images, likelihood), first);
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

  #chunks(images: Uint8Array, labels?: Uint8Array): Chunk[] {
    const { batchSize } = this.#checks.options;
    const all = images.length / IMAGE_PIXELS;
    return Array.from({ length: Math.ceil(all / batchSize) }, (_, i) => {
      const first = i * batchSize;
      const end = Math.min(first + batchSize, all);
      return {
        first,
        count: end - first,
        images: images.subarray(first * IMAGE_PIXELS, end * IMAGE_PIXELS),
        labels: labels?.subarray(first, end),
      };
    });
  }
}

/** Images that go through the network at once. */
interface Chunk {
  /** The number of the first among all of them. */
  readonly first: number;
  readonly count: number;
  readonly images: Uint8Array;
  readonly labels?: Uint8Array;
}
