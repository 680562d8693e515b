/**
 * The way back through the middle of the model, one workgroup to an image: from
 * the gradient of the decoder's first layer to those of z, μ, log σ² and the
 * features.
 *
 * @module
 */
import { linearFlops, STAGES } from "../stages.ts";
import { exponentials } from "./functions.ts";
import { isPaired } from "./latents.ts";
import type { Layout } from "./layout.ts";
import { Loss } from "./loss.ts";
import { BACKWARD_SUMS } from "./norm.ts";
import { type Program, program, read, write } from "./program.ts";
import type { FixedShare } from "./shares.ts";
import {
  LATENT_THREADS as THREADS,
  overRows,
  type Weights,
} from "./row_products.ts";
import { joined } from "./shares.ts";
import { declared, type Input } from "./sides.ts";

/** Bytes of workgroup memory that WebGPU promises. */
const WORKGROUP_BYTES = 16_384;

/** A linear map of z: where its gradient comes from, and its weights. */
export interface Decoded {
  readonly gradient: Input;
  /** vec4 of the gradient, for a row and for a place. */
  readonly width: number;
  readonly columns: number;
  /** The weights [latent, width]. */
  readonly weights: Weights;
}

/** Makes the way back, with the sums for the features' norm. */
export function latentBackward(
  layout: Layout,
  { gradient, width, columns: gradientColumns, weights }: Decoded,
): Program {
  const { spec: { latentDim }, headsTranspose } = layout;
  const { draws, options: { autoencoder, objective } } = layout;
  const { norm, output } = STAGES[2];
  const { name, channels } = norm!;
  const heads = 2 * latentDim;
  // Two sums at once where the memory is enough, else one by one.
  const rest = 16 * THREADS + 4 * heads;
  const fit = rest + 16 * 2 * THREADS <= WORKGROUP_BYTES;
  const groups = fit ? [[0, 1], [2, 3]] : [[0], [1], [2], [3]];
  const tile = Math.max(groups[0].length * THREADS, width);
  const load = (row: string) => `
  for (var i = thread; i < ${width}u; i += ${THREADS}u) {
    let at = ${row} * ${width}u + i;
    let c = i % ${gradientColumns}u;
    ${declared(gradient)}
    tile[i] = ${gradient.value};
  }`;
  const slopes = overRows(latentDim, width, weights, slopesOf(layout));
  return program({
    name: "latentBackward",
    bindings: joined(gradient.bindings, {
      [weights.buffer]: read(weights.buffer),
      transposes: read("transposes"),
      to: write(`∂${name}`),
      latents: write("latents", "f32"),
      before: read(output),
      sums: write(`sums ${name}`),
    }),
    threads: THREADS,
    grid: (images) => [images],
    flops: linearFlops(latentDim, ["heads"]) + draws * 8 * width * latentDim,
    globals: `
${exponentials}
var<workgroup> tile: array<vec4<f32>, ${tile}>;
var<workgroup> partial: array<vec4<f32>, ${THREADS}>;
var<workgroup> head: array<f32, ${heads}>;`,
    main: `
  let own = group.x;
  ${load(draws === 1 ? "own" : `(own * ${draws}u)`)}
  ${
      autoencoder || objective === "iwae"
        ? "workgroupBarrier();"
        : klFactor(layout)
    }
  ${
      draws === 1 ? slopes : `for (var draw = 0u; draw < ${draws}u; draw++) {
  if (draw > 0u) {
    ${load(`(own * ${draws}u + draw)`)}
    workgroupBarrier();
  }
  ${slopes}
  }`
    }
  var value = vec4<f32>();
  for (var n = 0u; n < ${heads}u; n++) {
    let w = ${headsTranspose / 4}u + n * ${THREADS}u + thread;
    value = fma(vec4(head[n]), transposes[w], value);
  }
  let at = own * ${THREADS}u + thread;
  to[at] = value;
  let h = before[at];
  ${
      groups.map((group) => overPlaces(group, channels / 4))
        .join("  workgroupBarrier();")
    }`,
  });
}

/**
 * Makes the batch's mean of the KL of each dimension, where some of it is free.
 *
 * @param threads Those of a workgroup; each takes a dimension.
 */
export function meanKl(
  { klMeans, lossRow, spec: { latentDim } }: Layout,
  threads: number,
): FixedShare {
  return {
    bindings: {
      losses: read("losses", "f32"),
      latents: write("latents", "f32"),
    },
    groups: Math.ceil(latentDim / threads),
    main: `
  let d = own * ${threads}u + thread;
  if (d < ${latentDim}u) {
    var sum = 0.0;
    for (var image = 0u; image < job.count; image++) {
      sum += losses[image * ${lossRow}u + ${Loss.kl}u + d];
    }
    latents[${klMeans}u + d] = sum / f32(job.count);
  }`,
  };
}

/**
 * Writes the factor of the KL's gradient: β · sign(KL − C) of the batch's means,
 * of which each draw has its share, and 1 in `btc`, which has neither β nor C.
 * With λ free nats the KL is Σ max(λ, KL of the dimension).
 */
function klFactor(
  { draws, klMeans, latents: { latentDim, length, kl }, options }: Layout,
): string {
  const { freeBits, objective } = options;
  if (objective === "btc") {
    return `
  let klFactor = 1.0 / f32(job.count);
  workgroupBarrier();`;
  }
  const share = draws === 1 ? "job.klWeight" : `job.klWeight / ${draws}.0`;
  return `
  var kl = 0.0;
  ${
    freeBits > 0
      ? `for (var d = thread; d < ${latentDim}u; d += ${THREADS}u) {
    kl += max(${freeBits}f, latents[${klMeans}u + d]);
  }`
      : `for (var image = thread; image < job.count; image += ${THREADS}u) {
    kl += latents[image * ${length}u + ${kl}u];
  }`
  }
  partial[thread].x = kl;
  workgroupBarrier();
  // Two steps of 16: more barriers cost more than the sums.
  kl = 0.0;
  if (thread < 16u) {
    for (var i = thread; i < ${THREADS}u; i += 16u) { kl += partial[i].x; }
  }
  workgroupBarrier();
  if (thread < 16u) { partial[thread].x = kl; }
  workgroupBarrier();
  kl = 0.0;
  for (var i = 0u; i < 16u; i++) { kl += partial[i].x; }
  let batch = f32(job.count);
  let klFactor = ${share} / batch * sign(kl${
    freeBits > 0 ? "" : " / batch"
  } - job.capacity);
  workgroupBarrier();`;
}

/**
 * Writes the gradients of μ and log σ² of dimension `n`, summed over the draws,
 * from that of the reconstruction with respect to z (`sum`). With
 * z = μ + σ·ε they are Σ dz and ½·σ·Σ ε·dz. The KL's own come on top, or, "sticking
 * the landing", its gradient with respect to z goes into dz: see `KlGradient`.
 * The importance-weighted bound does the same, with w̃² as the factor.
 */
function slopesOf(
  { draws, klMeans, latents: row, options }: Layout,
): string {
  const { latentDim, autoencoder, klGradient, freeBits, objective } = options;
  const store = `
      let to = own * ${row.length}u + ${row.slopes}u + n;
      latents[to] = head[n];
      latents[to + ${latentDim}u] = head[${latentDim}u + n];`;
  if (autoencoder) {
    return `
      head[n] = sum;
      head[${latentDim}u + n] = 0.0;${store}`;
  }
  const noise = draws === 1
    ? `latents[at + ${row.epsilon}u]`
    : !isPaired(row)
    ? `latents[at + ${row.epsilon}u + draw * ${latentDim}u]`
    : `select(1.0, -1.0, draw % 2u == 1u)` +
      ` * latents[at + ${row.epsilon}u + draw / 2u * ${latentDim}u]`;
  const z = `latents[at + ${row.z}u${
    draws === 1 ? "" : ` + draw * ${latentDim}u`
  }]`;
  return `
      ${
    objective === "iwae"
      ? `let weight = latents[own * ${row.length}u + ${row.weights}u${
        draws === 1 ? "" : " + draw"
      }];
      let factor = weight * weight / f32(job.count);`
      : freeBits > 0
      ? `let factor = select(
        0.0, klFactor, latents[${klMeans}u + n] >= ${freeBits}f);`
      : "let factor = klFactor;"
  }
      let at = own * ${row.length}u + n;
      let sigma = exponential(0.5 * latents[at + ${latentDim}u]);
      let noise = ${noise};
      ${
    klGradient === "stl" || objective === "iwae"
      ? `var mean = fma(factor, ${z} - noise / sigma, sum);
      var spread = 0.5 * (mean * noise * sigma);`
      : `var mean = fma(factor, latents[at], sum);
      var spread = 0.5 * fma(
        sum * noise, sigma,
        factor * (sigma * sigma - 1.0));`
  }
      ${
    draws === 1 ? "" : `if (draw > 0u) {
        mean += head[n];
        spread += head[${latentDim}u + n];
      }`
  }
      ${
    objective === "btc"
      ? `let others = own * ${row.length}u + ${row.slopes}u + n;
      mean += latents[others];
      spread += latents[others + ${latentDim}u];`
      : ""
  }
      head[n] = mean;
      head[${latentDim}u + n] = spread;${store}`;
}

/** What a norm's gradient needs of the gradient `value` and the activation `h`. */
const TERMS = [
  "value",
  "value * h",
  "select(vec4<f32>(), value, h > vec4<f32>())",
  "select(vec4<f32>(), vec4(1.0), h > vec4<f32>())",
];

/** Writes the sums of some {@linkcode TERMS} over the places of the image. */
function overPlaces(group: readonly number[], columns: number): string {
  return `
    ${
    group.map((s, i) => `tile[${i * THREADS}u + thread] = ${TERMS[s]};`)
      .join("\n    ")
  }
  workgroupBarrier();
  if (thread < ${group.length * columns}u) {
    let begin = thread / ${columns}u * ${THREADS}u + thread % ${columns}u;
    var sum = vec4<f32>();
    for (var i = 0u; i < ${THREADS}u; i += ${columns}u) {
      sum += tile[begin + i];
    }
    let to = own * ${BACKWARD_SUMS * columns}u + ${group[0] * columns}u;
    sums[to + thread] = sum;
  }
`;
}
