// The latent space: noise, z = μ + σ·ε, the KL divergence and its gradient.
import { cosine, exp, log, sine } from "./functions";
import { Job, Op } from "./words";

let x0: u32 = 0, x1: u32 = 0;

/** Four rounds of Threefry and the keys that follow them. */// @ts-ignore: decorator
@inline
function rounds(a: i32, b: i32, c: i32, d: i32, k0: u32, k1: u32): void {
  x0 += x1, x1 = rotl(x1, a) ^ x0;
  x0 += x1, x1 = rotl(x1, b) ^ x0;
  x0 += x1, x1 = rotl(x1, c) ^ x0;
  x0 += x1, x1 = rotl(x1, d) ^ x0;
  x0 += k0, x1 += k1;
}

/** Threefry-2x32-20, as in lib/rng.ts; the two words are left in x0 and x1. */
function threefry(k0: u32, k1: u32, c0: u32, c1: u32): void {
  const k2 = k0 ^ k1 ^ 0x1BD11BDA;
  x0 = c0 + k0, x1 = c1 + k1;
  rounds(13, 15, 26, 6, k1, k2 + 1);
  rounds(17, 29, 16, 24, k2, k0 + 2);
  rounds(13, 15, 26, 6, k0, k1 + 3);
  rounds(17, 29, 16, 24, k1, k2 + 4);
  rounds(13, 15, 26, 6, k2, k0 + 5);
}

/**
 * Standard normals by Box–Muller, `op.rows` rows for each image. The angle's
 * quarter turn comes from the integer, so that the polynomials see −π/4 to π/4.
 */
export function noise(op: Op, job: Job, first: i32, images: i32, to: usize): void {
  if (job.firstRow < 0) return; // ε was given
  const latent = job.latent;
  const firstRow = (job.firstRow + first) * op.rows;
  for (let row = 0; row < images * op.rows; row++) {
    const start = <u32> (firstRow + row) * latent;
    for (let i = 0; i < latent;) {
      const element = start + i;
      threefry(job.key0, job.key1, element >> 1, job.counter);
      const unit = (<f32> (x0 >> 9) + 0.5) * <f32> (1.0 / 8388608.0);
      const radius = sqrt<f32>(-2 * f32x4.extract_lane(log(f32x4.splat(unit)), 0));
      const turn = <i32> (x1 >> 9);
      const quarter = (turn + 0x100000) >> 21;
      const rest = <f32> (turn - (quarter << 21)) + 0.5;
      const angle = rest * <f32> (1.5707963267948966 / 2097152.0);
      const s = sine(angle), c = cosine(angle);
      let x = quarter & 1 ? s : c, y = quarter & 1 ? c : s;
      if ((quarter + 1) & 2) x = -x;
      if (quarter & 2) y = -y;
      if (!(element & 1)) store<f32>(to + (i++ << 2), radius * x);
      if (i < latent) store<f32>(to + (i++ << 2), radius * y);
    }
    to += op.drawStep;
  }
}

/**
 * ε of an image's draw: of two that share a row the second has its sign turned.
 * Those of `iwae` are independent.
 */
// @ts-ignore: decorator
@inline
function noiseOf(op: Op, job: Job, epsilon: usize, draw: i32): f32 {
  if (job.iwae) return load<f32>(epsilon + draw * op.drawStep);
  const e = load<f32>(epsilon + (draw >> 1) * op.drawStep);
  return draw & 1 ? -e : e;
}

/**
 * `op.rows` draws of z for each image from the heads (`from`) and ε (`other`);
 * Σ KL per dimension to `partial`; and, if wanted, log p(z) − log q(z|x) of each
 * draw to `ratios`, as f64.
 */
export function reparameterise(
  op: Op,
  job: Job,
  images: i32,
  from: usize,
  other: usize,
  to: usize,
  ratios: usize,
  partial: usize,
): void {
  const latent = job.latent, draws = op.rows;
  memory.fill(partial, 0, latent << 3);
  for (let image = 0; image < images; image++) {
    if (ratios) memory.fill(ratios, 0, draws << 3);
    for (let i: usize = 0; i < <usize> latent; i++) {
      const at = i << 2;
      const mean = load<f32>(from + at);
      if (job.autoencoder) {
        store<f32>(to + at, mean);
        continue;
      }
      const logvar = load<f32>(from + ((latent + i) << 2));
      const sigma = f32x4.extract_lane(exp(f32x4.splat(0.5 * logvar)), 0);
      for (let draw = 0; draw < draws; draw++) {
        const e = noiseOf(op, job, other + at, draw);
        const z = mean + sigma * e;
        store<f32>(to + draw * op.drawStep + at, z);
        if (!ratios) continue;
        // The logarithms of both densities have the same ½·log 2π, which cancels.
        const ratio = 0.5 * (<f64> e * e + logvar - <f64> z * z);
        const sum = ratios + (draw << 3);
        store<f64>(sum, load<f64>(sum) + ratio);
      }
      const variance = <f64> sigma * sigma, m = <f64> mean;
      const kl = -0.5 * (1 + <f64> logvar - m * m - variance);
      const sum = partial + (i << 3);
      store<f64>(sum, load<f64>(sum) + kl);
    }
    from += op.fromRow, other += op.otherRow;
    to += op.toRow, ratios += op.extraRow;
  }
}

/**
 * Σ KL of each dimension, and the factor of its gradient (`to`): none while the
 * batch's mean is below what is free.
 */
export function latentTotals(op: Op, job: Job, shards: i32): void {
  // Where nothing is free a KL may still round to less than 0.
  const free: f64 = job.freeBits > 0 ? <f64> job.freeBits * job.images : -Infinity;
  let kl: f64 = 0;
  for (let i = 0; i < job.latent; i++) {
    let sum: f64 = 0;
    for (let shard = 0; shard < shards; shard++) {
      sum += load<f64>(op.partial + shard * op.partialShard + (i << 3));
    }
    store<f64>(job.results + ((i + 1) << 3), sum);
    kl += max(free, sum);
  }
  const excess = kl / job.images - job.capacity;
  const sign: f32 = excess > 0 ? 1 : excess < 0 ? -1 : 0;
  const factor = sign * job.klWeight / <f32> job.images;
  for (let i = 0; i < job.latent; i++) {
    const sum = load<f64>(job.results + ((i + 1) << 3));
    store<f32>(op.to + (i << 2), sum < free ? 0 : factor);
  }
}

/**
 * The gradient of the heads (`to`) from those of the draws of z (`gradient`).
 *
 * With `stl` the KL reaches them along the draws alone: its slope at z is that of
 * log q(z), with μ and σ held, less that of log p(z): −ε/σ + z
 * (https://arxiv.org/abs/1703.09194). So does log w of `iwae`, by each draw's
 * squared weight (`op.weight`). With `btc` the total correlation's gradient is
 * there already.
 */
export function latentBackward(
  op: Op,
  job: Job,
  first: i32,
  images: i32,
  gradient: usize,
  heads: usize,
  epsilon: usize,
  to: usize,
): void {
  const latent = job.latent, draws = op.rows;
  const landing = job.stl | job.iwae;
  let squares = op.weight + (first * draws << 2);
  for (let image = 0; image < images; image++) {
    for (let i: usize = 0; i < <usize> latent; i++) {
      const at = i << 2;
      const dMean = to + at, dLogvar = to + ((latent + i) << 2);
      if (job.autoencoder) {
        store<f32>(dMean, load<f32>(gradient + at));
        store<f32>(dLogvar, 0);
        continue;
      }
      const factor = load<f32>(op.norm + at), share = factor / <f32> draws;
      const mean = load<f32>(heads + at);
      const logvar = load<f32>(heads + ((latent + i) << 2));
      const sigma = f32x4.extract_lane(exp(f32x4.splat(0.5 * logvar)), 0);
      let sum: f32 = 0, turned: f32 = 0;
      for (let draw = 0; draw < draws; draw++) {
        const e = noiseOf(op, job, epsilon + at, draw);
        let dz = load<f32>(gradient + draw * op.drawStep + at);
        if (landing) {
          const own = job.iwae ? load<f32>(squares + (draw << 2)) : share;
          dz += own * (mean + sigma * e - e / sigma);
        }
        sum += dz, turned += dz * e;
      }
      const analytic: f32 = landing ? 0 : factor;
      const ofMean = sum + analytic * mean;
      // deno-fmt-ignore
      const ofLogvar: f32 = 0.5 * (turned * sigma + analytic * (sigma * sigma - 1));
      store<f32>(dMean, job.btc ? load<f32>(dMean) + ofMean : ofMean);
      store<f32>(dLogvar, job.btc ? load<f32>(dLogvar) + ofLogvar : ofLogvar);
    }
    squares += draws << 2;
    gradient += op.fromRow, heads += op.otherRow;
    epsilon += op.extraRow, to += op.toRow;
  }
}
