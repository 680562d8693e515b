// The total correlation of the latents, by minibatch-weighted sampling: the
// formulas of Chen et al. 2018, section 4.1 (https://arxiv.org/abs/1802.04942).
//
// With a[i][j][d] = log q(z_d of image i | image j), over the images of a batch,
//
//   J[i] = log Σ_j exp Σ_d a[i][j][d],   M[i][d] = log Σ_j exp a[i][j][d],
//
// the total correlation is, up to a constant, the mean of J[i] − Σ_d M[i][d].
// Its slope in a[i][j][d] is s − r, with s = exp(Σ_d a − J) and r = exp(a − M).
// The ½·log 2π of the densities cancels, and is left out.
//
// `extra` are tables of `columns` images a row, a row for each dimension: z, μ,
// −½/σ², log 1/σ and M; then one row, J. A vector is four images, and what is
// behind the last image counts for nothing.
import { exp, log } from "./functions";
import { lanes, madd } from "./simd";
import { Job, Op } from "./words";

/** A logarithm, either way, beyond all others: that of what is behind the last image. */
const FAR: f32 = 1e30;

/**
 * eˣ for x up to 0; 0 where it rounds off beside 1, which spares us denormals. It
 * is `exp` of functions.ts in half its time: fused, and x / log 2 is rounded by
 * adding 1.5 · 2²³, which leaves the whole number in the low bits.
 */
// @ts-ignore: decorator
@inline
function share(x: v128): v128 {
  const isSeen = f32x4.gt(x, f32x4.splat(-50));
  const whole = f32x4.splat(12582912);
  x = f32x4.pmax(f32x4.splat(-50), x);
  const bits = madd(x, f32x4.splat(1.44269504), whole);
  const n = f32x4.sub(bits, whole);
  x = madd(n, f32x4.splat(-0.693359375), x);
  x = madd(n, f32x4.splat(2.12194440e-4), x);
  let p = madd(x, f32x4.splat(1.9875691500e-4), f32x4.splat(1.3981999507e-3));
  p = madd(p, x, f32x4.splat(8.3334519073e-3));
  p = madd(p, x, f32x4.splat(4.1665795894e-2));
  p = madd(p, x, f32x4.splat(1.6666665459e-1));
  p = madd(p, x, f32x4.splat(5.0000001201e-1));
  p = madd(p, f32x4.mul(x, x), f32x4.add(x, f32x4.splat(1)));
  return v128.and(isSeen, i32x4.add(p, i32x4.shl(bits, 23)));
}

/** a of four pairs, from z − μ, −½/σ² and log 1/σ. */
// @ts-ignore: decorator
@inline
function logDensity(x: v128, scale: v128, constant: v128): v128 {
  return madd(f32x4.mul(x, x), scale, constant);
}

/** A row of a table: z (0), μ (1), −½/σ² (2), log 1/σ (3), M (4), or J (5, dimension 0). */
// @ts-ignore: decorator
@inline
function rowOf(op: Op, job: Job, table: i32, dimension: i32): usize {
  return op.extra + ((table * job.latent + dimension) * op.columns << 2);
}

/** Bytes of a row that hold the batch, in whole vectors. */
// @ts-ignore: decorator
@inline
function batchBytes(job: Job): usize {
  return <usize> ((job.images + 3) & ~3) << 2;
}

/** Fills the tables for some images, from the heads (`from`) and z (`other`). */
export function densities(
  op: Op,
  job: Job,
  first: i32,
  images: i32,
  from: usize,
  other: usize,
): void {
  const end = (images + 3) & ~3;
  for (let image = 0; image < end; image++) {
    const isIn = image < images, at = (first + image) << 2;
    for (let d = 0; d < job.latent; d++) {
      const i = d << 2;
      const logvar: f32 = isIn ? load<f32>(from + (job.latent << 2) + i) : 0;
      const scale: f32 = -0.5 * f32x4.extract_lane(exp(f32x4.splat(-logvar)), 0);
      store<f32>(rowOf(op, job, 0, d) + at, isIn ? load<f32>(other + i) : 0);
      store<f32>(rowOf(op, job, 1, d) + at, isIn ? load<f32>(from + i) : 0);
      store<f32>(rowOf(op, job, 2, d) + at, isIn ? scale : 0);
      store<f32>(rowOf(op, job, 3, d) + at, isIn ? -0.5 * logvar : -FAR);
      if (!isIn) store<f32>(rowOf(op, job, 4, d) + at, FAR);
    }
    if (!isIn) store<f32>(rowOf(op, job, 5, 0) + at, FAR);
    from += op.fromRow, other += op.otherRow;
  }
}

/**
 * M and J of some images; Σ (J − Σ M) at `partial`, as f64, and at `to` the
 * slope of the weighted total correlation in their z.
 */
export function totalCorrelation(
  op: Op,
  job: Job,
  first: i32,
  images: i32,
  to: usize,
  partial: usize,
  scratch: usize,
): void {
  const end = batchBytes(job);
  const factor = job.tcExcess / <f32> job.images;
  const joint = scratch + (op.columns << 2);
  let total: f64 = 0;
  for (let image = first; image < first + images; image++) {
    memory.fill(joint, 0, end);
    for (let d = 0; d < job.latent; d++) {
      const z = v128.load32_splat(rowOf(op, job, 0, d) + (image << 2));
      const mean = rowOf(op, job, 1, d), scale = rowOf(op, job, 2, d);
      const constant = rowOf(op, job, 3, d);
      let top = f32x4.splat(-FAR);
      for (let at: usize = 0; at < end; at += 16) {
        const x = f32x4.sub(z, v128.load(mean + at));
        const a = logDensity(x, v128.load(scale + at), v128.load(constant + at));
        v128.store(scratch + at, a);
        v128.store(joint + at, f32x4.add(v128.load(joint + at), a));
        top = f32x4.pmax(top, a);
      }
      const most = highest(top);
      let sum = f32x4.splat(0), slope = sum;
      for (let at: usize = 0; at < end; at += 16) {
        const e = share(f32x4.sub(v128.load(scratch + at), most));
        sum = f32x4.add(sum, e);
        const pull = f32x4.mul(f32x4.sub(z, v128.load(mean + at)), v128.load(scale + at));
        slope = madd(e, pull, slope);
      }
      const mass = lanes(sum);
      const m = f32x4.extract_lane(most, 0) + logOf(mass);
      store<f32>(rowOf(op, job, 4, d) + (image << 2), m);
      store<f32>(to + (d << 2), <f32> (-lanes(slope) / mass));
      total -= m;
    }
    let top = f32x4.splat(-FAR), sum = f32x4.splat(0);
    for (let at: usize = 0; at < end; at += 16) top = f32x4.pmax(top, v128.load(joint + at));
    const most = highest(top);
    for (let at: usize = 0; at < end; at += 16) {
      const e = share(f32x4.sub(v128.load(joint + at), most));
      v128.store(joint + at, e);
      sum = f32x4.add(sum, e);
    }
    const mass = lanes(sum);
    const j = f32x4.extract_lane(most, 0) + logOf(mass);
    store<f32>(rowOf(op, job, 5, 0) + (image << 2), j);
    total += j;
    for (let d = 0; d < job.latent; d++) {
      const z = v128.load32_splat(rowOf(op, job, 0, d) + (image << 2));
      const mean = rowOf(op, job, 1, d), scale = rowOf(op, job, 2, d);
      let slope = f32x4.splat(0);
      for (let at: usize = 0; at < end; at += 16) {
        const pull = f32x4.mul(f32x4.sub(z, v128.load(mean + at)), v128.load(scale + at));
        slope = madd(v128.load(joint + at), pull, slope);
      }
      const own = to + (d << 2);
      // The scale is half of what it is in the slope.
      store<f32>(own, 2 * factor * (load<f32>(own) + <f32> (lanes(slope) / mass)));
    }
    to += op.toRow;
  }
  store<f64>(partial, total);
}

/**
 * The slope of the weighted total correlation in the heads of some images (`to`):
 * as means and variances that all z of the batch are held against, and by their
 * own z = μ + σ·ε, whose slope is at `other`.
 */
export function totalCorrelationBackward(
  op: Op,
  job: Job,
  first: i32,
  images: i32,
  other: usize,
  to: usize,
  scratch: usize,
): void {
  const end = batchBytes(job), latent = job.latent;
  const factor = job.tcExcess / <f32> job.images;
  const totals = rowOf(op, job, 5, 0);
  for (let image = first; image < first + images; image++) {
    memory.fill(scratch, 0, end);
    for (let d = 0; d < latent; d++) {
      const z = rowOf(op, job, 0, d);
      const mean = v128.load32_splat(rowOf(op, job, 1, d) + (image << 2));
      const scale = v128.load32_splat(rowOf(op, job, 2, d) + (image << 2));
      const constant = v128.load32_splat(rowOf(op, job, 3, d) + (image << 2));
      for (let at: usize = 0; at < end; at += 16) {
        const x = f32x4.sub(v128.load(z + at), mean);
        const a = logDensity(x, scale, constant);
        v128.store(scratch + at, f32x4.add(v128.load(scratch + at), a));
      }
    }
    for (let at: usize = 0; at < end; at += 16) {
      v128.store(scratch + at, share(f32x4.sub(v128.load(scratch + at), v128.load(totals + at))));
    }
    for (let d = 0; d < latent; d++) {
      const z = rowOf(op, job, 0, d), marginal = rowOf(op, job, 4, d);
      const mean = v128.load32_splat(rowOf(op, job, 1, d) + (image << 2));
      const scale = v128.load32_splat(rowOf(op, job, 2, d) + (image << 2));
      const constant = v128.load32_splat(rowOf(op, job, 3, d) + (image << 2));
      // Σ, Σ x and Σ x² of the slopes in a, with x = z − μ.
      let sum = f32x4.splat(0), sumX = sum, sumXX = sum;
      for (let at: usize = 0; at < end; at += 16) {
        const x = f32x4.sub(v128.load(z + at), mean);
        const a = logDensity(x, scale, constant);
        const r = share(f32x4.sub(a, v128.load(marginal + at)));
        const slope = f32x4.sub(v128.load(scratch + at), r);
        const slopeX = f32x4.mul(slope, x);
        sum = f32x4.add(sum, slope), sumX = f32x4.add(sumX, slopeX);
        sumXX = madd(slopeX, x, sumXX);
      }
      const precision = -2 * <f64> f32x4.extract_lane(scale, 0);
      const dz = <f64> load<f32>(other + (d << 2));
      const x = <f64> load<f32>(z + (image << 2)) - f32x4.extract_lane(mean, 0);
      const dMean = factor * precision * lanes(sumX) + dz;
      const dLogvar = 0.5 * (factor * (precision * lanes(sumXX) - lanes(sum)) + dz * x);
      store<f32>(to + (d << 2), <f32> dMean);
      store<f32>(to + ((latent + d) << 2), <f32> dLogvar);
    }
    other += op.otherRow, to += op.toRow;
  }
}

/** The highest of four, in all lanes. */
// @ts-ignore: decorator
@inline
function highest(x: v128): v128 {
  x = f32x4.pmax(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.pmax(x, v128.shuffle<f32>(x, x, 1, 0, 3, 2));
}

// @ts-ignore: decorator
@inline
function logOf(x: f64): f32 {
  return f32x4.extract_lane(log(f32x4.splat(<f32> x)), 0);
}
