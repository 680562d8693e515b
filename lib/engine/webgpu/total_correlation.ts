/**
 * The total correlation of the codes, KL(q(z) ‖ Π q(z_d)), by minibatch-weighted
 * sampling (Chen et al. 2018, equation 10, https://arxiv.org/abs/1802.04942):
 * with a_ijd = log N(z_id; μ_jd, σ²_jd) it is the mean over the batch of
 *
 *     log Σ_j exp Σ_d a_ijd − Σ_d log Σ_j exp a_ijd + (L − 1)·log(N·B),
 *
 * of which the last is left to whoever reads the records, and −½·log 2π to
 * nobody: it cancels.
 *
 * @module
 */
import { TC_WEIGHT } from "../../options/run.ts";
import { exponentials } from "./functions.ts";
import type { Layout } from "./layout.ts";
import { ownTerm } from "./loss.ts";
import { type Program, program, read, write } from "./program.ts";

/** Threads of a workgroup. */
const THREADS = 128;

/** Sums over the images in slices, so that few columns leave no thread idle. */
function slicesOf(columns: number): number {
  return Math.max(1, Math.floor(THREADS / columns));
}

/** Makes an image's densities and its term of the total correlation. */
export function correlation(layout: Layout): Program {
  const { lossRow, options, latents: { length, z }, densities: row } = layout;
  const { latentDim, batchSize } = options;
  const columns = latentDim + 1;
  const slices = slicesOf(columns);
  return program({
    name: "correlation",
    bindings: {
      latents: read("latents", "f32"),
      densities: write("densities", "f32"),
      losses: write("losses", "f32"),
    },
    threads: THREADS,
    grid: (images) => [images],
    globals: `
${exponentials}
var<workgroup> joint: array<f32, ${batchSize}>;
var<workgroup> largest: array<f32, ${columns * slices}>;
var<workgroup> sums: array<f32, ${columns * slices}>;

fn density(z: f32, at: u32) -> f32 {
  let offset = z - latents[at];
  let logvar = latents[at + ${latentDim}u];
  return -0.5 * fma(offset * offset, exponential(-logvar), logvar);
}`,
    main: `
  let z = group.x * ${length}u + ${z}u;
  let row = group.x * ${row.length}u;
  for (var image = thread; image < job.count; image += ${THREADS}u) {
    var sum = 0.0;
    for (var d = 0u; d < ${latentDim}u; d++) {
      sum += density(latents[z + d], image * ${length}u + d);
    }
    joint[image] = sum;
  }
  workgroupBarrier();
  for (var i = thread; i < ${columns * slices}u; i += ${THREADS}u) {
    let d = i % ${columns}u;
    // Σ exp a = sum · exp most, with no exponent above 0.
    var most = -3.0e38;
    var sum = 0.0;
    for (
      var image = i / ${columns}u; image < job.count; image += ${slices}u
    ) {
      var a = 0.0;
      if (d < ${latentDim}u) {
        a = density(latents[z + d], image * ${length}u + d);
      } else {
        a = joint[image];
      }
      let e = exponential(-abs(a - most));
      sum = select(sum + e, fma(sum, e, 1.0), a > most);
      most = max(a, most);
    }
    largest[i] = most;
    sums[i] = sum;
  }
  workgroupBarrier();
  for (var d = thread; d < ${columns}u; d += ${THREADS}u) {
    var most = largest[d];
    for (var slice = 1u; slice < ${slices}u; slice++) {
      most = max(most, largest[slice * ${columns}u + d]);
    }
    var sum = 0.0;
    for (var slice = 0u; slice < ${slices}u; slice++) {
      let i = slice * ${columns}u + d;
      sum = fma(sums[i], exponential(largest[i] - most), sum);
    }
    let total = most + logarithm(sum);
    largest[d] = total;
    densities[row + d] = total;
  }
  workgroupBarrier();
  let total = largest[${latentDim}u];
  for (var image = thread; image < job.count; image += ${THREADS}u) {
    densities[row + ${row.shares}u + image] =
      exponential(joint[image] - total);
  }
  if (thread == 0u) {
    var sum = total;
    for (var d = 0u; d < ${latentDim}u; d++) { sum -= largest[d]; }
    losses[group.x * ${lossRow}u + ${ownTerm(options)}u] = sum;
  }`,
  });
}

/**
 * Makes the gradient of an image's μ and log σ² from (w − 1) times the total
 * correlation: as that of z, and as that of the density at all others' z. With
 * the shares s_ij of exp Σ_d a_ijd and r_ijd of exp a_ijd, that of a_ijd is
 * (s_ij − r_ijd) / B. It is left where `latentBackward` finds it.
 */
export function correlationBackward(layout: Layout): Program {
  const { options, latents, densities: row } = layout;
  const { latentDim, tcWeight } = options;
  const { length, z, epsilon, slopes } = latents;
  const slices = slicesOf(latentDim);
  return program({
    name: "correlationBackward",
    bindings: {
      densities: read("densities", "f32"),
      latents: write("latents", "f32"),
    },
    threads: THREADS,
    grid: (images) => [images],
    globals: `
${exponentials}
var<workgroup> sums: array<vec4<f32>, ${latentDim * slices}>;`,
    main: `
  for (var i = thread; i < ${latentDim * slices}u; i += ${THREADS}u) {
    let d = i % ${latentDim}u;
    let at = group.x * ${length}u + d;
    let z = latents[at + ${z}u];
    let mu = latents[at];
    let logvar = latents[at + ${latentDim}u];
    let inverse = exponential(-logvar);
    let row = group.x * ${row.length}u;
    let total = densities[row + d];
    var sum = vec4<f32>(); // of z, μ and log σ²
    for (
      var image = i / ${latentDim}u; image < job.count; image += ${slices}u
    ) {
      let other = image * ${length}u + d;
      let logvarThere = latents[other + ${latentDim}u];
      let inverseThere = exponential(-logvarThere);
      let toThere = z - latents[other];
      let a = -0.5 * fma(toThere * toThere, inverseThere, logvarThere);
      let slope = densities[row + ${row.shares}u + image]
        - exponential(a - total);
      sum.x = fma(-slope * toThere, inverseThere, sum.x);
      let there = image * ${row.length}u;
      let toHere = latents[other + ${z}u] - mu;
      let square = toHere * toHere * inverse;
      let b = -0.5 * (square + logvar);
      let slopeThere = densities[there + ${row.shares}u + group.x]
        - exponential(b - densities[there + d]);
      sum.y = fma(slopeThere * toHere, inverse, sum.y);
      sum.z = fma(0.5 * slopeThere, square - 1.0, sum.z);
    }
    sums[i] = sum;
  }
  workgroupBarrier();
  for (var d = thread; d < ${latentDim}u; d += ${THREADS}u) {
    var sum = vec4<f32>();
    for (var slice = 0u; slice < ${slices}u; slice++) {
      sum += sums[slice * ${latentDim}u + d];
    }
    let at = group.x * ${length}u + d;
    let sigma = exponential(0.5 * latents[at + ${latentDim}u]);
    let factor = ${(tcWeight ?? TC_WEIGHT) - 1}f / f32(job.count);
    latents[at + ${slopes}u] = factor * (sum.x + sum.y);
    latents[at + ${slopes + latentDim}u] = factor
      * fma(0.5 * sum.x * latents[at + ${epsilon}u], sigma, sum.z);
  }`,
  });
}
