/**
 * The loss of the β-VAE, as tfjs operations.
 *
 * @module
 */
import * as tf from "./tf.ts";
import type { Hyper } from "../engine.ts";
import { IMAGE_PIXELS, type Likelihood } from "../../model/spec.ts";

/**
 * The reconstruction loss of each image: −log p(x|z) up to a constant, and the
 * mean of it over the draws of z.
 *
 * - `mse`: Σ (x̂ − x)² over pixels, a Gaussian with σ² = ½.
 * - `bce`: Σ max(l, 0) − l·x + log(1 + e^−|l|), the cross-entropy of a
 *   Bernoulli with logits l, in nats, in the form that cannot overflow.
 *
 * @param output Decoder outputs [n · K, …], before any sigmoid; those of an image
 * side by side.
 * @param images Targets [n, …] in [0, 1].
 * @returns [n]
 */
export function reconstructionLoss(
  output: tf.Tensor,
  images: tf.Tensor,
  likelihood: Likelihood,
): tf.Tensor1D {
  const n = images.shape[0];
  const pixels = images.size / n;
  const x = images.reshape([n, 1, pixels]);
  const y = output.reshape([n, -1, pixels]);
  const perPixel = likelihood === "mse"
    ? tf.squaredDifference(y, x)
    : tf.relu(y).sub(y.mul(x)).add(tf.log1p(tf.exp(tf.neg(tf.abs(y)))));
  return tf.mean(tf.sum(perPixel, 2), 1);
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
 * The KL divergence as {@linkcode klDivergence} has it, with another gradient:
 * that of log q(z|x) − log p(z), whose mean over all z is the KL, when q's own
 * parameters are held and only z moves. It is "sticking the landing": where q is
 * the true posterior, no draw pulls at it (Roeder et al. 2017,
 * https://arxiv.org/abs/1703.09194).
 *
 * @param mu Means [n, latentDim].
 * @param logvar Log-variances [n, latentDim].
 * @param z Draws [n · K, latentDim], those of a row of `mu` side by side.
 * @returns [n, latentDim]
 */
export function landingKl(
  mu: tf.Tensor2D,
  logvar: tf.Tensor2D,
  z: tf.Tensor2D,
): tf.Tensor2D {
  const [n, latentDim] = mu.shape;
  const draws = z.reshape([n, -1, latentDim]);
  const [m, v] = [mu, logvar].map((q) => hold(q).expandDims(1));
  // The logarithms of both densities have the same ½·log 2π, which cancels.
  const logQ = draws.sub(m).square().div(tf.exp(v)).add(v).mul(-0.5);
  const logP = draws.square().mul(-0.5);
  const ratio = tf.mean<tf.Tensor2D>(logQ.sub(logP), 1);
  return ratio.add(hold(klDivergence(mu, logvar).sub(ratio)));
}

/** The same values as a constant: no gradient gets past it. */
function hold(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x);
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
