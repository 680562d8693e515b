/**
 * The terms of the losses, as tfjs operations.
 *
 * @module
 */
import * as tf from "./tf.ts";
import { IMAGE_PIXELS, type Likelihood } from "../../model/spec.ts";

/**
 * The reconstruction loss of each draw of z: −log p(x|z) up to a constant.
 *
 * - `mse`: Σ (x̂ − x)² over pixels, a Gaussian with σ² = ½.
 * - `bce`: Σ max(l, 0) − l·x + log(1 + e^−|l|), the cross-entropy of a
 *   Bernoulli with logits l, in nats, in the form that cannot overflow.
 *
 * @param output Decoder outputs [n · K, …], before any sigmoid; those of an image
 * side by side.
 * @param images Targets [n, …] in [0, 1].
 * @returns [n, K]
 */
export function reconstructionLoss(
  output: tf.Tensor,
  images: tf.Tensor,
  likelihood: Likelihood,
): tf.Tensor2D {
  const n = images.shape[0];
  const pixels = images.size / n;
  const x = images.reshape([n, 1, pixels]);
  const y = output.reshape([n, -1, pixels]);
  const perPixel = likelihood === "mse"
    ? tf.squaredDifference(y, x)
    : tf.relu(y).sub(y.mul(x)).add(tf.log1p(tf.exp(tf.neg(tf.abs(y)))));
  return tf.sum(perPixel, 2);
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
 * log q(z|x) − log p(z) of each draw, whose mean over all z is the KL, with the
 * parameters of q held, so that only z moves it.
 *
 * @param mu Means [n, latentDim].
 * @param logvar Log-variances [n, latentDim].
 * @param z Draws [n · K, latentDim], those of a row of `mu` side by side.
 * @returns [n, K, latentDim]
 */
export function logRatio(
  mu: tf.Tensor2D,
  logvar: tf.Tensor2D,
  z: tf.Tensor2D,
): tf.Tensor3D {
  const [n, latentDim] = mu.shape;
  const draws = z.reshape([n, -1, latentDim]);
  const [m, v] = [mu, logvar].map((q) => hold(q).expandDims(1));
  // The logarithms of both densities have the same ½·log 2π, which cancels.
  const logQ = draws.sub(m).square().div(tf.exp(v)).add(v).mul(-0.5);
  const logP = draws.square().mul(-0.5);
  return logQ.sub(logP);
}

/**
 * The KL divergence as {@linkcode klDivergence} has it, with the gradient of
 * {@linkcode logRatio}. It is "sticking the landing": where q is the true
 * posterior, no draw pulls at it (Roeder et al. 2017,
 * https://arxiv.org/abs/1703.09194).
 *
 * @returns [n, latentDim]
 */
export function landingKl(
  mu: tf.Tensor2D,
  logvar: tf.Tensor2D,
  z: tf.Tensor2D,
): tf.Tensor2D {
  const ratio = tf.mean<tf.Tensor2D>(logRatio(mu, logvar, z), 1);
  return ratio.add(hold(klDivergence(mu, logvar).sub(ratio)));
}

/**
 * The total correlation of the latents, log q(z) − Σ log q(z_d), as the batch's
 * mean, in nats: minibatch-weighted sampling (Chen et al. 2018, section 4.1,
 * https://arxiv.org/abs/1802.04942).
 *
 * @param mu Means [n, latentDim].
 * @param logvar Log-variances [n, latentDim].
 * @param z One draw of each posterior [n, latentDim].
 * @param trainingImages N, of which the batch is a part.
 */
export function totalCorrelation(
  mu: tf.Tensor2D,
  logvar: tf.Tensor2D,
  z: tf.Tensor2D,
  trainingImages: number,
): tf.Scalar {
  // [i, j, d]: log q(z_d|x_j) of the draw of image i.
  const logQ = z.expandDims(1).sub(mu).square().div(tf.exp(logvar))
    .add(logvar).add(Math.log(2 * Math.PI)).mul(-0.5);
  const logCount = Math.log(trainingImages * mu.shape[0]);
  const joint = tf.logSumExp(tf.sum(logQ, 2), 1).sub(logCount);
  const marginals = tf.logSumExp(logQ, 1).sub(logCount);
  return tf.mean(joint.sub(tf.sum(marginals, 1)));
}

/** The same values as a constant: no gradient gets past it. */
export function hold<T extends tf.Tensor>(x: T): T {
  return tf.customGrad((x) => ({
    value: (x as T).clone(),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x) as T;
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
