/**
 * The network on tfjs tensors: what the tfjs engine differentiates and what the
 * class `VAE` gives to others.
 *
 * @module
 */
import * as tf from "./tf.ts";
import { initialState, type TrainState } from "../../model/init.ts";
import {
  type ConvShape,
  DECODER,
  ENCODER,
  FEATURE_COUNT,
  FEATURES,
  IMAGE_PIXELS,
  IMAGE_SIZE,
  type ModelOptions,
  type ModelSpec,
  modelSpec,
  padding,
} from "../../model/spec.ts";
import { fillNormal, streamKey } from "../../rng.ts";
import { checkLabels } from "../checks.ts";
import { type Labels, noiseRows } from "../engine.ts";
import { batchNorm, type Norm } from "./batch_norm.ts";
import { hold } from "./loss.ts";
import { assign, flatten, variables } from "./variables.ts";

/** The parameters and running statistics, without the optimiser. */
export type Weights = Pick<TrainState, "parameters" | "running">;

/** What a forward pass computes. */
export interface Forward {
  /** Posterior means [n, latentDim]. */
  mu: tf.Tensor2D;
  /** Posterior log-variances [n, latentDim]. */
  logvar: tf.Tensor2D;
  /** The latents that were decoded [n · draws, latentDim]. */
  z: tf.Tensor2D;
  /** Decoder outputs [n · draws, 28, 28, 1]: pixel means, or logits under `bce`. */
  output: tf.Tensor4D;
}

/** How images are encoded. */
export interface EncodeOptions {
  /** Normalise by the batch and update the running statistics. */
  readonly training?: boolean;
  /** The class of each image, if the model is told of classes. */
  readonly labels?: Labels;
}

/** How latents are decoded. */
export interface DecodeOptions {
  /** Normalise by the batch and update the running statistics. */
  readonly training?: boolean;
  /**
   * In training, another pass of the same batch, in which z alone has a gradient
   * and the running statistics stay.
   */
  readonly held?: boolean;
  /** The class of each latent, if the model is told of classes. */
  readonly labels?: Labels;
}

/**
 * The encoder and decoder as tfjs operations. Tensors are float32; images are
 * [n, 28, 28, 1] (or [n, 784]) in [0, 1]. A model that is told of classes takes
 * `labels` with what it encodes or decodes, and any other leaves them out.
 *
 * @example
 * ```ts
 * import { Network, useTfBackend } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * await useTfBackend("cpu");
 * const network = new Network(
 *   { latentDim: 2, likelihood: "bce", autoencoder: false },
 *   0,
 * );
 * assertEquals((await network.weights()).running.length, 2 * 160);
 * network.dispose();
 * ```
 */
export class Network {
  /** Latent size, likelihood, classes, and whether it is a plain autoencoder. */
  readonly options: ModelOptions;
  /** Seed of the initial weights and of ε. */
  readonly seed: number;
  /** Where the tensors lie in the flat arenas. */
  readonly spec: ModelSpec;
  readonly #parameters: Map<string, tf.Variable>;
  readonly #running: Map<string, tf.Variable>;
  #calls = 0;

  /**
   * Makes a network with PyTorch's default initial weights.
   *
   * @param options Latent size, likelihood, classes, and whether it is a plain
   * autoencoder.
   * @param seed Seed of the initial weights and of ε.
   * @throws {Error} If no tfjs backend has been chosen.
   */
  constructor(options: ModelOptions, seed: number) {
    // Without one, the first tensor would fail for reasons of tfjs's own.
    if (tf.engine().backendName === undefined) {
      throw new Error("tfjs has no backend yet: await useTfBackend() first");
    }
    this.options = options;
    this.seed = seed;
    this.spec = modelSpec(options.latentDim, options.classCount);
    const state = initialState(this.spec, seed);
    this.#parameters = variables(this.spec.parameterBlocks, state.parameters);
    this.#running = variables(this.spec.runningBlocks, state.running);
  }

  /** The trainable variables, in the arena's order. */
  get variables(): tf.Variable[] {
    return [...this.#parameters.values()];
  }

  /**
   * The posterior q(z|x) of each image.
   *
   * @param images [n, 28, 28, 1] in [0, 1].
   * @param options.training Batch statistics, as while learning.
   * @param options.labels The class of each, if the model is told of classes.
   * @throws {TypeError} If the model is told of classes, and labels are missing.
   * @throws {RangeError} If they are not as many, or there is no such class.
   */
  encode(
    images: tf.Tensor,
    { training = false, labels }: EncodeOptions = {},
  ): { mu: tf.Tensor2D; logvar: tf.Tensor2D } {
    const [mu, logvar] = tf.tidy(() => {
      let h = images.reshape<tf.Tensor4D>([-1, IMAGE_SIZE, IMAGE_SIZE, 1]);
      ENCODER.forEach((shape, i) => {
        const convolved = tf.conv2d(
          h,
          this.#get(`encoder.${3 * i}.weight`),
          2,
          explicitPadding(shape),
        );
        const active = tf.relu(
          convolved.add<tf.Tensor4D>(this.#get(`encoder.${3 * i}.bias`)),
        );
        h = batchNorm(
          active,
          this.#norm(`encoder.${3 * i + 2}`),
          training ? "training" : "evaluation",
        );
      });
      const features = h.reshape<tf.Tensor2D>([-1, FEATURE_COUNT]);
      const heads = this.#linear("heads", features, labels);
      return tf.split(heads, 2, 1) as tf.Tensor2D[];
    });
    return { mu, logvar };
  }

  /**
   * Draws of z = μ + exp(½·log σ²)·ε from each posterior, in pairs that share ε
   * but for its sign; μ itself in a plain autoencoder.
   *
   * @param mu Means [n, latentDim].
   * @param logvar Log-variances [n, latentDim].
   * @param epsilon Standard normal noise [n · ⌈draws / 2⌉, latentDim], one row
   * for each pair; drawn if not given.
   * @param draws How many for each posterior.
   * @returns [n · draws, latentDim], those of a posterior side by side.
   */
  reparameterize(
    mu: tf.Tensor2D,
    logvar: tf.Tensor2D,
    epsilon?: tf.Tensor2D,
    draws = 1,
  ): tf.Tensor2D {
    if (this.options.autoencoder) return mu.clone();
    return tf.tidy(() => {
      const [n, latentDim] = mu.shape;
      const pairs = noiseRows(draws);
      const noise = epsilon ?? tf.tensor2d(
        fillNormal(
          new Float32Array(n * pairs * latentDim),
          streamKey(this.seed, "epsilon"),
          this.#calls++,
        ),
        [n * pairs, latentDim],
      );
      // ε, −ε, the next pair's ε, …; the last of an odd number has no other.
      const signed = tf.stack([noise, noise.neg()], 1)
        .reshape<tf.Tensor3D>([n, 2 * pairs, latentDim])
        .slice([0, 0, 0], [n, draws, latentDim]);
      return mu.expandDims(1)
        .add(tf.exp(logvar.mul(0.5)).expandDims(1).mul(signed))
        .reshape([n * draws, latentDim]);
    });
  }

  /**
   * The mean of p(x|z): digits to look at.
   *
   * @param z Latents [n, latentDim].
   * @param options.labels The class of each, if the model is told of classes.
   * @returns [n, 28, 28, 1]; in [0, 1] under `bce`, unclamped under `mse`.
   * @throws {TypeError} If the model is told of classes, and labels are missing.
   * @throws {RangeError} If they are not as many, or there is no such class.
   */
  decode(
    z: tf.Tensor2D,
    { labels }: Pick<DecodeOptions, "labels"> = {},
  ): tf.Tensor4D {
    return tf.tidy(() => {
      const output = this.decoderOutput(z, { labels });
      return this.options.likelihood === "bce" ? tf.sigmoid(output) : output;
    });
  }

  /**
   * The decoder's raw outputs: pixel means under `mse`, logits under `bce`.
   *
   * @param z Latents [n, latentDim].
   * @param options.training Batch statistics, as while learning.
   * @param options.held In training, another pass of the same batch.
   * @param options.labels The class of each, if the model is told of classes.
   * @returns [n, 28, 28, 1]
   * @throws {TypeError} If the model is told of classes, and labels are missing.
   * @throws {RangeError} If they are not as many, or there is no such class.
   */
  decoderOutput(
    z: tf.Tensor2D,
    { training = false, held = false, labels }: DecodeOptions = {},
  ): tf.Tensor4D {
    const mode = training ? held ? "again" : "training" : "evaluation";
    return tf.tidy(() => {
      const { size, channels } = FEATURES;
      let h = this.#linear("fc_decode", z, labels, held)
        .reshape<tf.Tensor4D>([-1, size, size, channels]);
      DECODER.forEach((shape, i) => {
        const { size, channels } = shape.large;
        h = tf.conv2dTranspose(
          h,
          this.#get(`decoder.${3 * i}.weight`, held),
          [h.shape[0], size, size, channels],
          2,
          explicitPadding(shape),
        ).add(this.#get(`decoder.${3 * i}.bias`, held));
        if (i === DECODER.length - 1) return;
        const norm = this.#norm(`decoder.${3 * i + 2}`, held);
        h = batchNorm(tf.relu(h), norm, mode);
      });
      return h;
    });
  }

  /**
   * Encodes, draws z and decodes.
   *
   * @param images [n, 28, 28, 1] in [0, 1].
   * @param options.training Batch statistics, as while learning.
   * @param options.epsilon Noise as {@linkcode reparameterize} takes it; drawn
   * if not given.
   * @param options.draws Draws of z for each image; 1 if not given.
   * @param options.labels The class of each image, if the model is told of
   * classes.
   * @throws {TypeError} If the model is told of classes, and labels are missing.
   * @throws {RangeError} If they are not as many, or there is no such class.
   */
  forward(
    images: tf.Tensor,
    options: EncodeOptions & { epsilon?: tf.Tensor2D; draws?: number } = {},
  ): Forward {
    const { training, epsilon, draws, labels } = options;
    const { mu, logvar } = this.encode(images, { training, labels });
    const z = this.reparameterize(mu, logvar, epsilon, draws);
    const output = this.decoderOutput(z, {
      training,
      labels: repeatEach(labels, z.shape[0] / mu.shape[0]),
    });
    return { mu, logvar, z, output };
  }

  /** Copies the weights and running statistics into flat arenas. */
  async weights(): Promise<Weights> {
    const { spec } = this;
    return {
      parameters: await flatten(
        spec.parameterBlocks,
        spec.parameterCount,
        this.#parameters,
      ),
      running: await flatten(
        spec.runningBlocks,
        spec.runningCount,
        this.#running,
      ),
    };
  }

  /**
   * Replaces the weights and running statistics.
   *
   * @param weights As {@linkcode weights} returns them, or an engine's state.
   */
  setWeights({ parameters, running }: Weights): void {
    assign(this.spec.parameterBlocks, parameters, this.#parameters);
    assign(this.spec.runningBlocks, running, this.#running);
  }

  /** Frees the variables. The model cannot be used afterwards. */
  dispose(): void {
    for (const map of [this.#parameters, this.#running]) {
      for (const variable of map.values()) variable.dispose();
    }
  }

  /**
   * A linear layer, behind whose input the class stands one-hot. The product
   * with that is a row of the weight; it is computed as a product because not
   * every backend has the gradient of a look-up.
   */
  #linear(
    name: string,
    input: tf.Tensor2D,
    labels: Labels | undefined,
    held = false,
  ): tf.Tensor2D {
    const output = tf.matMul(
      input,
      this.#get<tf.Tensor2D>(`${name}.weight`, held),
    ).add<tf.Tensor2D>(this.#get(`${name}.bias`, held));
    const { classCount } = this.spec;
    const [count] = input.shape;
    const classes = checkLabels(classCount, labels, count);
    if (!classes) return output;
    const oneHot = new Float32Array(count * classCount);
    classes.forEach((label, i) => oneHot[i * classCount + label] = 1);
    return output.add(tf.matMul(
      tf.tensor2d(oneHot, [count, classCount]),
      this.#get<tf.Tensor2D>(`${name}.classes`, held),
    ));
  }

  /** A parameter; held, it is a constant that has no gradient. */
  #get<T extends tf.Tensor = tf.Tensor4D>(name: string, held = false): T {
    const parameter = this.#parameters.get(name) as unknown as T;
    return held ? hold(parameter) : parameter;
  }

  #norm(name: string, held = false): Norm {
    return {
      weight: this.#get(`${name}.weight`, held),
      bias: this.#get(`${name}.bias`, held),
      runningMean: this.#running.get(`${name}.running_mean`)!,
      runningVar: this.#running.get(`${name}.running_var`)!,
    };
  }
}

/** The classes of images for so many latents each, side by side. */
export function repeatEach(
  labels: Labels | undefined,
  times: number,
): Labels | undefined {
  return labels && Uint8Array.from(
    { length: labels.length * times },
    (_, i) => labels[Math.floor(i / times)],
  );
}

/**
 * Bytes as the model sees them.
 *
 * @param images [n, 784] bytes.
 * @returns [n, 28, 28, 1] in [0, 1].
 * @throws {RangeError} If the last image is not whole.
 *
 * @example
 * ```ts
 * import { imageTensor, synthesize, useTfBackend } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * await useTfBackend("cpu");
 * const { images } = synthesize(3, { seed: 0 });
 * const tensor = imageTensor(images);
 * assertEquals(tensor.shape, [3, 28, 28, 1]);
 * tensor.dispose();
 * ```
 */
export function imageTensor(images: Uint8Array): tf.Tensor4D {
  if (images.length % IMAGE_PIXELS !== 0) {
    throw new RangeError(
      `${images.length} pixels are no images of ${IMAGE_PIXELS} each`,
    );
  }
  return tf.tensor4d(
    Float32Array.from(images, (byte) => byte / 255),
    [images.length / IMAGE_PIXELS, IMAGE_SIZE, IMAGE_SIZE, 1],
  );
}

function explicitPadding(
  shape: ConvShape,
): [[number, number], [number, number], [number, number], [number, number]] {
  const sides = padding(shape);
  return [[0, 0], sides, sides, [0, 0]];
}
