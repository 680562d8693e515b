/**
 * What a training step minimises, in the form that autograd can follow;
 * `Objective` has the sources.
 *
 * @module
 */
import * as tf from "./tf.ts";
import { drawsOf } from "../../options/conflicts.ts";
import { TC_WEIGHT } from "../../options/run.ts";
import type { EngineOptions, Hyper, Labels } from "../engine.ts";
import {
  hold,
  klDivergence,
  landingKl,
  logRatio,
  reconstructionLoss,
  totalCorrelation,
} from "./loss.ts";
import { type Network, repeatEach } from "./network.ts";

/** A batch, and what its loss takes beside the model. */
export interface Batch {
  /** [n, 28, 28, 1] in [0, 1]. */
  readonly images: tf.Tensor4D;
  /** The class of each image, if the model is told of classes. */
  readonly labels?: Labels;
  /** [n · rows of noise, latentDim] */
  readonly epsilon: tf.Tensor2D;
  /** How many images there are to train on. */
  readonly trainingImages: number;
  readonly hyper: Hyper;
  readonly options: Required<EngineOptions>;
}

/** The losses of a batch. */
export interface Minimised {
  /** Of each image and draw [n, K]. */
  readonly reconstruction: tf.Tensor2D;
  /** Of each image and dimension [n, latentDim]. */
  readonly kl: tf.Tensor2D;
  /** What is minimised, the batch's mean. */
  readonly total: tf.Scalar;
  /** A number whose gradient is the one to follow. */
  readonly followed: tf.Scalar;
}

/** Runs a network forward in training mode, to the loss of its objective. */
export function minimise(network: Network, batch: Batch): Minimised {
  const { objective } = batch.options;
  return { elbo, iwae, btc }[objective](network, batch);
}

/** Reconstruction + β·|Σ max(λ, KL of the dimension) − C|. */
function elbo(network: Network, batch: Batch): Minimised {
  const { images, labels, epsilon, hyper, options } = batch;
  const { likelihood, autoencoder, draws, klGradient, freeBits } = options;
  const { mu, logvar, z, output } = network.forward(images, {
    training: true,
    labels,
    epsilon,
    draws,
  });
  const reconstruction = reconstructionLoss(output, images, likelihood);
  const kl = autoencoder ? tf.zerosLike(mu) : klDivergence(mu, logvar);
  const followed = klGradient === "stl" ? landingKl(mu, logvar, z) : kl;
  const means = tf.mean(followed, 0);
  // With nothing free, a mean that rounding takes below 0 keeps its gradient.
  const free = freeBits > 0 ? tf.maximum(means, freeBits) : means;
  const total = tf.mean(reconstruction).add<tf.Scalar>(
    tf.sum(free).sub(hyper.capacity).abs().mul(hyper.beta),
  );
  return { reconstruction, kl, total, followed: total };
}

/** Reconstruction + KL + (w − 1)·total correlation. */
function btc(network: Network, batch: Batch): Minimised {
  const { images, labels, epsilon, trainingImages, options } = batch;
  const { mu, logvar, z, output } = network.forward(images, {
    training: true,
    labels,
    epsilon,
  });
  const reconstruction = reconstructionLoss(output, images, options.likelihood);
  const kl = klDivergence(mu, logvar);
  const weight = options.tcWeight ?? TC_WEIGHT;
  const total = tf.mean(reconstruction)
    .add(tf.mean(tf.sum(kl, 1)))
    .add<tf.Scalar>(
      totalCorrelation(mu, logvar, z, trainingImages).mul(weight - 1),
    );
  return { reconstruction, kl, total, followed: total };
}

/**
 * −log (1/K) Σ w. The decoder runs twice, once for the gradient of its weights
 * and once for that of z, as the two weigh the draws in different ways.
 */
function iwae(network: Network, batch: Batch): Minimised {
  const { images, labels, epsilon, options } = batch;
  const { likelihood } = options;
  const draws = drawsOf(options);
  const { mu, logvar } = network.encode(images, { training: true, labels });
  const [m, v] = [mu, logvar].map((q) =>
    q.expandDims(1).tile([1, draws, 1]).reshape<tf.Tensor2D>(epsilon.shape)
  );
  const z = network.reparameterize(m, v, epsilon);

  const lossOf = (output: tf.Tensor4D) =>
    reconstructionLoss(output, images, likelihood);
  const decoding = { training: true, labels: repeatEach(labels, draws) };
  const reconstruction = lossOf(network.decoderOutput(hold(z), decoding));
  const throughZ = lossOf(
    network.decoderOutput(z, { ...decoding, held: true }),
  );
  const logWeights = throughZ.add(tf.sum(logRatio(mu, logvar, z), 2)).neg();
  const weights = hold(tf.softmax(logWeights));
  const followed = weights.mul(reconstruction)
    .sub(weights.square().mul(logWeights));
  return {
    reconstruction,
    kl: klDivergence(mu, logvar),
    total: tf.mean(tf.logSumExp(logWeights, 1).sub(Math.log(draws)).neg()),
    followed: tf.mean(tf.sum(followed, 1)),
  };
}
