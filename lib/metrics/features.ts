/**
 * The features that samples are compared by: the outputs of a fixed classifier
 * of MNIST, this project's encoder with 64 outputs and a linear layer behind
 * them. Any engine runs it.
 *
 * @module
 */
import { fromPyTorch } from "../checkpoint/torch_layout.ts";
import { sha256 } from "../dataset/split.ts";
import type { TrainState } from "../model/init.ts";
import { type ModelOptions, modelSpec } from "../model/spec.ts";

/** Number of features. */
export const FEATURE_DIM = 64;

/** The model that an engine must be made for, to compute features. */
export const featureModel: ModelOptions = {
  latentDim: FEATURE_DIM,
  likelihood: "mse",
  autoencoder: true,
};

/** A linear layer, from features to the logits of the ten classes. */
export interface LinearLayer {
  /** [10, 64] */
  readonly weight: Float32Array;
  /** [10] */
  readonly bias: Float32Array;
}

/** A classifier of MNIST. */
export interface Classifier {
  /**
   * With it an engine for {@linkcode featureModel} encodes images to their
   * features, μ. The decoder's weights are zero.
   */
  readonly state: TrainState;
  /** From features to the logits of the ten classes. */
  readonly classes: LinearLayer;
  /** Share of the MNIST test images that it names right. */
  readonly accuracy: number;
}

/**
 * Reads the fixed classifier, whose weights are loaded here and not before.
 *
 * @throws {Error} If the weights are not those that were measured.
 *
 * @example Compute the features of images
 * ```ts
 * import {
 *   createEngine,
 *   featureModel,
 *   readClassifier,
 *   synthesize,
 * } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const { state } = await readClassifier();
 * const engine = await createEngine({ ...featureModel, batchSize: 1, seed: 0 });
 * await engine.writeState(state);
 * const { mu } = await engine.encode(synthesize(3, { seed: 0 }).images);
 * assertEquals(mu.length, 3 * 64);
 * engine.dispose();
 * ```
 */
export async function readClassifier(): Promise<Classifier> {
  const { CLASSIFIER_ACCURACY, CLASSIFIER_BASE64, CLASSIFIER_DIGEST } =
    await import("./classifier_weights.ts");
  const bytes = Uint8Array.from(
    atob(CLASSIFIER_BASE64),
    (character) => character.charCodeAt(0),
  );
  if (await sha256(bytes) !== CLASSIFIER_DIGEST) {
    throw new Error(
      "the classifier's weights are damaged: install the package again",
    );
  }
  const weights = Float32Array.from(new Float16Array(bytes.buffer));
  let at = 0;
  const take = (count: number) => weights.subarray(at, at += count);
  const read = (name: string, shape: readonly number[]) => {
    const count = shape.reduce((a, b) => a * b);
    return /^(encoder|fc_mu)\./.test(name)
      ? take(count)
      : new Float32Array(count);
  };
  const spec = modelSpec(FEATURE_DIM);
  const parameters = fromPyTorch(spec.parameters, spec.parameterCount, read);
  const running = fromPyTorch(spec.running, spec.runningCount, read);
  return {
    state: {
      step: 0,
      parameters,
      running,
      expAvg: new Float32Array(spec.parameterCount),
      expAvgSq: new Float32Array(spec.parameterCount),
    },
    classes: { weight: take(10 * FEATURE_DIM), bias: take(10) },
    accuracy: CLASSIFIER_ACCURACY,
  };
}
