/**
 * The reference engine: tfjs, with its automatic differentiation. Slow and
 * short; the other engines are held against it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { TrainState } from "../../model/init.ts";
import { klDivergence, objective, reconstructionLoss } from "./loss.ts";
import { ADAM, IMAGE_PIXELS } from "../../model/spec.ts";
import { imageTensor, VAE } from "../../vae.ts";
import { fillNormal, streamKey } from "../../rng.ts";
import type {
  BatchRef,
  Engine,
  EngineOptions,
  Hyper,
  LossSums,
  TrainLosses,
} from "../engine.ts";
import type { Gpu } from "../gpu.ts";
import { type TfBackend, useTfBackend } from "./backend.ts";

/** Trains the model by autograd on a tfjs backend. */
export class TfjsEngine implements Engine {
  readonly name = "tfjs";
  readonly description: string;
  readonly #options: EngineOptions;
  readonly #gpu: Gpu | null;
  readonly #model: VAE;
  /** Flat, laid out as the parameter arena. */
  readonly #parameters: tf.Variable;
  readonly #expAvg: tf.Variable;
  readonly #expAvgSq: tf.Variable;
  #step = 0;
  #images: Uint8Array = new Uint8Array();
  #order: Uint32Array = new Uint32Array();
  /** [2 + latentDim] loss sums of each step that nobody has read yet. */
  #unread: tf.Tensor1D[] = [];
  #firstUnread = 0;
  #unreadImages = 0;

  private constructor(
    options: EngineOptions,
    backend: TfBackend,
    gpu: Gpu | null,
  ) {
    this.description = `tfjs on ${gpu ? gpu.description : backend}`;
    this.#options = options;
    this.#gpu = gpu;
    this.#model = new VAE({
      latentDim: options.latentDim,
      likelihood: options.likelihood,
      autoencoder: options.autoencoder,
      seed: options.seed,
    });
    [this.#parameters, this.#expAvg, this.#expAvgSq] = tf.tidy(() => {
      const zeros = tf.zeros([this.#model.spec.parameterCount]);
      return [this.#flatten(this.#model.variables), zeros, zeros.clone()]
        .map((tensor) => tf.variable(tensor));
    });
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

  setImages(images: Uint8Array): void {
    this.#images = images;
  }

  setOrder(order: Uint32Array): void {
    this.#order = order;
  }

  trainStep(batch: BatchRef, hyper: Hyper): void {
    if (this.#unread.length === 0) this.#firstUnread = batch.step;
    const { latentDim, seed } = this.#options;
    const rows = this.#order.subarray(batch.first, batch.first + batch.count);
    const bytes = new Uint8Array(rows.length * IMAGE_PIXELS);
    rows.forEach((row, i) => {
      const at = row * IMAGE_PIXELS;
      bytes.set(this.#images.subarray(at, at + IMAGE_PIXELS), i * IMAGE_PIXELS);
    });
    const epsilon = batch.epsilon ?? fillNormal(
      new Float32Array(batch.count * latentDim),
      streamKey(seed, "epsilon"),
      batch.step,
    );

    tf.tidy(() => {
      const images = imageTensor(bytes);
      const noise = tf.tensor2d(epsilon, [batch.count, latentDim]);
      const { grads } = tf.variableGrads(() => {
        const forward = this.#model.forward(images, {
          training: true,
          epsilon: noise,
        });
        const { reconstruction, kl } = this.#losses(images, forward);
        const total = objective(
          tf.mean(reconstruction),
          tf.sum(kl).div<tf.Scalar>(batch.count),
          hyper,
        );
        this.#unread.push(tf.keep(tf.concat([
          tf.sum(reconstruction).reshape([1]),
          total.mul(batch.count).reshape([1]),
          tf.sum(kl, 0),
        ])));
        return total;
      }, this.#model.variables);
      this.#adam(
        // An autoencoder's log-variances have no gradient.
        this.#flatten(
          this.#model.variables.map(({ name, shape }) =>
            grads[name] ?? tf.zeros(shape)
          ),
        ),
        hyper.learningRate,
      );
    });
    this.#unreadImages += batch.count;
    this.#gpu?.check();
  }

  async takeLosses(): Promise<TrainLosses> {
    const images = this.#unreadImages;
    const unread = this.#unread;
    const first = this.#firstUnread;
    this.#unread = [];
    this.#unreadImages = 0;
    const steps = await this.#readSums(unread);
    const nonFinite = steps.findIndex((step) => !step.every(Number.isFinite));
    return {
      images,
      reconstruction: sum(steps.map((step) => step[0])),
      total: sum(steps.map((step) => step[1])),
      klPerDimension: this.#klPerDimension(steps),
      nonFiniteStep: nonFinite < 0 ? null : first + nonFinite,
    };
  }

  async evaluate(
    images: Uint8Array,
    draw: number,
    hyper: Hyper,
  ): Promise<LossSums> {
    const { latentDim, seed } = this.#options;
    const key = streamKey(seed, "evaluation");
    const parts = this.#chunks(images).map((chunk, i) => {
      const count = chunk.length / IMAGE_PIXELS;
      const epsilon = fillNormal(
        new Float32Array(count * latentDim),
        key,
        draw,
        i * this.#options.batchSize * latentDim,
      );
      return tf.tidy(() => {
        const x = imageTensor(chunk);
        const forward = this.#model.forward(x, {
          epsilon: tf.tensor2d(epsilon, [count, latentDim]),
        });
        const { reconstruction, kl } = this.#losses(x, forward);
        return tf.concat([
          tf.sum(reconstruction).reshape([1]),
          tf.zeros([1]),
          tf.sum(kl, 0),
        ]) as tf.Tensor1D;
      });
    });
    const steps = await this.#readSums(parts);
    const count = images.length / IMAGE_PIXELS;
    const reconstruction = sum(steps.map((step) => step[0]));
    const klPerDimension = this.#klPerDimension(steps);
    const excess = Math.abs(sum([...klPerDimension]) - hyper.capacity * count);
    return {
      images: count,
      reconstruction,
      klPerDimension,
      total: reconstruction +
        (this.#options.autoencoder ? 0 : hyper.beta * excess),
    };
  }

  async encode(
    images: Uint8Array,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }> {
    const { latentDim } = this.#options;
    const count = images.length / IMAGE_PIXELS;
    const mu = new Float32Array(count * latentDim);
    const logvar = new Float32Array(count * latentDim);
    let at = 0;
    for (const chunk of this.#chunks(images)) {
      const heads = tf.tidy(() => {
        const { mu, logvar } = this.#model.encode(imageTensor(chunk));
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
    const { latentDim, batchSize } = this.#options;
    const count = z.length / latentDim;
    const pixels = new Float32Array(count * IMAGE_PIXELS);
    for (let first = 0; first < count; first += batchSize) {
      const chunk = z.slice(first * latentDim, (first + batchSize) * latentDim);
      const digits = tf.tidy(() =>
        this.#model.decode(
          tf.tensor2d(chunk, [chunk.length / latentDim, latentDim]),
        )
      );
      pixels.set(await read(digits), first * IMAGE_PIXELS);
    }
    this.#gpu?.check();
    return pixels;
  }

  async readState(): Promise<TrainState> {
    return {
      step: this.#step,
      ...await this.#model.weights(),
      expAvg: (await this.#expAvg.data<"float32">()).slice(),
      expAvgSq: (await this.#expAvgSq.data<"float32">()).slice(),
    };
  }

  // deno-lint-ignore require-await -- the contract is asynchronous
  async writeState(state: TrainState): Promise<void> {
    this.#step = state.step;
    this.#model.setWeights(state);
    tf.tidy(() => {
      this.#parameters.assign(tf.tensor1d(state.parameters.slice()));
      this.#expAvg.assign(tf.tensor1d(state.expAvg.slice()));
      this.#expAvgSq.assign(tf.tensor1d(state.expAvgSq.slice()));
    });
  }

  dispose(): void {
    this.#model.dispose();
    tf.dispose([
      this.#parameters,
      this.#expAvg,
      this.#expAvgSq,
      ...this.#unread,
    ]);
    this.#images = new Uint8Array();
  }

  /** Per-image reconstruction loss, and KL [n, latentDim]. */
  #losses(
    images: tf.Tensor,
    { mu, logvar, output }: {
      mu: tf.Tensor2D;
      logvar: tf.Tensor2D;
      output: tf.Tensor;
    },
  ): { reconstruction: tf.Tensor1D; kl: tf.Tensor2D } {
    const { likelihood, autoencoder } = this.#options;
    return {
      reconstruction: reconstructionLoss(output, images, likelihood),
      kl: autoencoder ? tf.zerosLike(mu) : klDivergence(mu, logvar),
    };
  }

  /** One update of PyTorch's Adam (Kingma & Ba 2015, algorithm 1). */
  #adam(gradient: tf.Tensor1D, learningRate: number): void {
    const { beta1, beta2, eps } = ADAM;
    this.#step++;
    const correction1 = 1 - beta1 ** this.#step;
    const correction2 = 1 - beta2 ** this.#step;
    const m = this.#expAvg.mul(beta1).add(gradient.mul(1 - beta1));
    const v = this.#expAvgSq.mul(beta2).add(gradient.square().mul(1 - beta2));
    const denominator = tf.sqrt(v).div(Math.sqrt(correction2)).add(eps);
    this.#expAvg.assign(m);
    this.#expAvgSq.assign(v);
    this.#parameters.assign(
      this.#parameters.sub(
        m.div(denominator).mul(learningRate / correction1),
      ),
    );
    this.#model.spec.parameterBlocks.forEach(({ shape, offset }, i) => {
      const size = shape.reduce((a, b) => a * b);
      this.#model.variables[i].assign(
        this.#parameters.slice(offset, size).reshape([...shape]),
      );
    });
  }

  /** Lays one tensor a block out as the parameter arena, with its gaps. */
  #flatten(tensors: tf.Tensor[]): tf.Tensor1D {
    const { parameterBlocks, parameterCount } = this.#model.spec;
    return tf.concat(tensors.map((tensor, i) => {
      const end = parameterBlocks[i + 1]?.offset ?? parameterCount;
      const gap = end - parameterBlocks[i].offset - tensor.size;
      return tf.pad1d(tensor.reshape<tf.Tensor1D>([-1]), [0, gap]);
    }));
  }

  #chunks(images: Uint8Array): Uint8Array[] {
    const size = this.#options.batchSize * IMAGE_PIXELS;
    return Array.from(
      { length: Math.ceil(images.length / size) },
      (_, i) => images.subarray(i * size, (i + 1) * size),
    );
  }

  #klPerDimension(steps: Float32Array[]): Float64Array {
    return Float64Array.from(
      { length: this.#options.latentDim },
      (_, d) => sum(steps.map((step) => step[2 + d])),
    );
  }

  /** Reads vectors of one length with a single wait, and disposes them. */
  async #readSums(vectors: tf.Tensor1D[]): Promise<Float32Array[]> {
    if (vectors.length === 0) return [];
    const values = await read(tf.stack(vectors));
    tf.dispose(vectors);
    this.#gpu?.check();
    const width = values.length / vectors.length;
    return vectors.map((_, i) => values.subarray(i * width, (i + 1) * width));
  }
}

/** Waits for a tensor's values and disposes it. */
async function read(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<"float32">();
  } finally {
    tensor.dispose();
  }
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
