/**
 * The convolutional VAE on tfjs tensors.
 *
 * @module
 */
import * as tf from "./engine/tfjs/tf.ts";
import {
  type Checkpoint,
  loadCheckpoint,
  saveCheckpoint,
} from "./checkpoint/checkpoint.ts";
import type { Labels } from "./engine/engine.ts";
import { Network } from "./engine/tfjs/network.ts";
import { initialState } from "./model/init.ts";
import { priorSample } from "./model/prior.ts";
import type { ModelOptions } from "./model/spec.ts";
import { dataOptions, trainingOptions } from "./options/run.ts";
import { completeOptions, defaults } from "./options/table.ts";

const { latentDim, likelihood, autoencoder, classCount, seed } =
  trainingOptions;
const modelTable = { latentDim, likelihood, autoencoder, classCount, seed };

/**
 * A convolutional variational autoencoder for 28×28 images
 * (Kingma & Welling 2014, https://arxiv.org/abs/1312.6114).
 *
 * Tensors are float32; images are [n, 28, 28, 1] (or [n, 784]) in [0, 1].
 * Call `useTfBackend()` first to compute on the GPU.
 *
 * With a `classCount` it is told the class of each image (Sohn et al. 2015,
 * https://papers.nips.cc/paper/5775): what samples, encodes or decodes takes
 * `labels`, bytes from 0, one for each image or latent.
 *
 * @example
 * ```ts
 * import { useTfBackend, VAE } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * await useTfBackend("cpu");
 * const model = new VAE({ latentDim: 2 });
 * const digits = model.sample(3);
 * assertEquals(digits.shape, [3, 28, 28, 1]);
 * const { mu, logvar } = model.encode(digits);
 * const again = model.decode(model.reparameterize(mu, logvar));
 * assertEquals(again.shape, digits.shape);
 * ```
 *
 * @example Classes
 * ```ts
 * import { useTfBackend, VAE } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * await useTfBackend("cpu");
 * const model = new VAE({ latentDim: 2, classCount: 10 });
 * const labels = Uint8Array.of(7, 7, 3);
 * const digits = model.sample(3, { labels });
 * const { mu } = model.encode(digits, { labels });
 * assertEquals(model.decode(mu, { labels }).shape, [3, 28, 28, 1]);
 * ```
 */
export class VAE extends Network {
  /** The run that the weights came from. */
  #run: Checkpoint | null = null;

  /**
   * Makes a model with PyTorch's default initial weights.
   *
   * @param options Of the model, and its seed; what is left out has the default
   * of `train()`.
   * @throws {OptionError} If an option is out of range.
   * @throws {Error} If `useTfBackend()` has not been waited for.
   */
  constructor(options: Partial<ModelOptions> & { seed?: number } = {}) {
    const { seed, ...model } = completeOptions(modelTable, options);
    super(model, seed);
  }

  /** The names of the classes, from 0, if the images had classes. */
  get classes(): readonly string[] | undefined {
    return this.#run?.data.classes;
  }

  /**
   * New digits: decodes draws from the prior N(0, temperature²·I).
   *
   * @param n How many.
   * @param options.seed The same seed gives the same digits on every backend.
   * @param options.temperature Standard deviation of z.
   * @param options.labels The class of each, if the model is told of classes.
   * @returns [n, 28, 28, 1]
   * @throws {TypeError} If the model is told of classes, and labels are missing.
   * @throws {RangeError} If they are not as many, or there is no such class.
   */
  sample(
    n: number,
    options: { seed?: number; temperature?: number; labels?: Labels } = {},
  ): tf.Tensor4D {
    const { seed = this.seed, temperature = 1, labels } = options;
    const { latentDim } = this.options;
    return tf.tidy(() => {
      const z = priorSample(n, latentDim, seed, temperature);
      return this.decode(tf.tensor2d(z, [n, latentDim]), { labels });
    });
  }

  /**
   * The model of a checkpoint in memory.
   *
   * @param checkpoint From `train()`, `loadCheckpoint()` or `checkpointOf()`.
   * @returns The model, with the checkpoint's weights.
   * @throws {OptionError} If the checkpoint's options are out of range.
   */
  static from(checkpoint: Checkpoint): VAE {
    const { latentDim, likelihood, autoencoder, classCount, seed } =
      checkpoint.options;
    const model = new VAE({
      latentDim,
      likelihood,
      autoencoder,
      classCount,
      seed,
    });
    model.setWeights(checkpoint.state);
    model.#run = checkpoint;
    return model;
  }

  /**
   * The model of a checkpoint file.
   *
   * @param path The file.
   * @returns The model, with the checkpoint's weights.
   * @throws {CheckpointError} If the file is missing or not a checkpoint.
   */
  static async load(path: string): Promise<VAE> {
    return VAE.from(await loadCheckpoint(path));
  }

  /**
   * Saves the model as a checkpoint file. One that was loaded keeps its
   * options, history and optimiser state.
   *
   * @param path The file.
   * @throws {CheckpointError} If a weight is not a finite number.
   * @throws {WriteError} If the file cannot be written.
   */
  async save(path: string): Promise<void> {
    const run = this.#run ?? this.#untrained();
    const state = { ...run.state, ...await this.weights() };
    await saveCheckpoint(path, { ...run, state });
  }

  /** A run of no steps. */
  #untrained(): Checkpoint {
    const { options, seed, spec } = this;
    return {
      options: { ...defaults(trainingOptions), ...options, seed },
      data: { name: "none", digest: null, options: defaults(dataOptions) },
      state: initialState(spec, seed),
      history: [],
      partial: null,
    };
  }
}
