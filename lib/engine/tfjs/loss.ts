/**
 * The loss of the β-VAE, as tfjs operations.
 *
 * @module
 */
import * as tf from "./tf.ts";
import type { Hyper } from "../engine.ts";
import { IMAGE_PIXELS, type Likelihood } from "../../model/spec.ts";

/**
 * The reconstruction loss of each image: −log p(x|z) up to a constant.
 *
 * - `mse`: Σ (x̂ − x)² over pixels, a Gaussian with σ² = ½.
 * - `bce`: Σ max(l, 0) − l·x + log(1 + e^−|l|), the cross-entropy of a
 *   Bernoulli with logits l, in nats, in the form that cannot overflow.
 *
 * @param output Decoder outputs [n, …], before any sigmoid.
 * @param images Targets of the same shape, in [0, 1].
 * @returns [n]
 */
export function reconstructionLoss(
  output: tf.Tensor,
  images: tf.Tensor,
  likelihood: Likelihood,
): tf.Tensor1D {
  const perPixel = likelihood === "mse"
    ? tf.squaredDifference(output, images)
    : tf.relu(output).sub(output.mul(images))
      .add(tf.log1p(tf.exp(tf.neg(tf.abs(output)))));
  return tf.sum(perPixel.reshape([output.shape[0], -1]), 1);
}

/**
 * KL(N(μ, σ²) ‖ N(0, 1)) of each latent: −½(1 + log σ² − μ² − σ²), in nats
 * (Kingma & Welling 2014, appendix B, https://arxiv.org/abs/1312.6114).
 *
 * @param mu Means [n, latentDim].
 * @param logvar Log-variances [n, latentDim].
 * @returns [n, latentDim]
 */
export function klDivergence(mu: tf.Tensor, logvar: tf.Tensor): tf.Tensor2D {
  const inner = tf.scalar(1).add(logvar).sub(mu.square()).sub(tf.exp(logvar));
  return inner.mul(-0.5);
}

/**
 * The objective, reconstruction + β·|KL − C|, in the form that autograd can
 * follow; `objective` in `lib/model/losses.ts` has its sources.
 *
 * @param reconstruction Mean reconstruction loss.
 * @param kl Mean KL in nats.
 */
export function tensorObjective(
  reconstruction: tf.Scalar,
  kl: tf.Scalar,
  { beta, capacity }: Pick<Hyper, "beta" | "capacity">,
): tf.Scalar {
  return reconstruction.add(kl.sub(capacity).abs().mul(beta));
}

/**
 * The reconstruction loss of each image in double precision, by the formulas of
 * {@linkcode reconstructionLoss}.
 *
 * @param output Decoder outputs [n, 784], before any sigmoid.
 * @param images [n, 784] bytes.
 * @returns [n]
 */
export function scores(
  output: Float32Array,
  images: Uint8Array,
  likelihood: Likelihood,
): Float64Array {
  const losses = new Float64Array(images.length / IMAGE_PIXELS);
  for (let i = 0; i < images.length; i++) {
    const y = output[i], x = images[i] / 255;
    losses[Math.floor(i / IMAGE_PIXELS)] += likelihood === "mse"
      ? (y - x) ** 2
      : Math.max(y, 0) - y * x + Math.log1p(Math.exp(-Math.abs(y)));
  }
  return losses;
}
