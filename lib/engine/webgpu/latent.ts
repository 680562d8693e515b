/**
 * The middle of the model, one workgroup to an image: the heads, ε, z = μ + σ·ε,
 * the KL divergence and the decoder's first layer; and the way back.
 *
 * @module
 */
import { FEATURE_COUNT, type ModelSpec, offsetOf } from "../../model/spec.ts";
import { linearFlops } from "../stages.ts";
import { exponentials, normals } from "./functions.ts";
import { Loss, lossRow } from "./loss.ts";
import { BACKWARD_SUMS } from "./norm.ts";
import { type Binding, type Program, program, read, write } from "./program.ts";
import { joined } from "./shares.ts";
import { declared, type Input } from "./sides.ts";

/** Each thread has one vec4 of the features. */
const THREADS = FEATURE_COUNT / 4;

/**
 * Where an image's row of the buffer `latents` has what: μ and log σ² of each
 * dimension, ε, the KL divergence of the image, z, and the gradients of μ and
 * log σ² (`slopes`). One buffer for all, because WebGPU promises eight storage
 * buffers to a program (https://www.w3.org/TR/webgpu/#limit-default).
 */
export function latentRow(latentDim: number): {
  readonly epsilon: number;
  readonly kl: number;
  readonly z: number;
  readonly slopes: number;
  readonly length: number;
} {
  const kl = 3 * latentDim, z = kl + 1, slopes = z + latentDim;
  return {
    epsilon: 2 * latentDim,
    kl,
    z,
    slopes,
    length: slopes + 2 * latentDim,
  };
}

/** Bytes of workgroup memory that WebGPU promises. */
const WORKGROUP_BYTES = 16_384;

/** Threads that share the products of four rows. */
const SLICES = 32;

/** Rows [n, width] of weights: their buffer, and where they start in it. */
export interface Weights {
  readonly buffer: string;
  readonly offset: number;
}

/**
 * Writes the products of `tile` with rows of weights: those of a thread with
 * four rows at once, so that it loads each element for all of them.
 *
 * @param width vec4 of a row.
 * @param use Statements with the product `sum` of row `n`.
 */
function overRows(
  rows: number,
  width: number,
  { buffer, offset }: Weights,
  use: string,
): string {
  const each = Math.min(Math.ceil(rows / 4), THREADS / SLICES);
  const lines = (line: (k: number) => string) =>
    [0, 1, 2, 3].map(line).join("\n      ");
  return `
  for (var base = 0u; base < ${rows}u; base += ${4 * each}u) {
    let row = base + thread / ${SLICES}u * 4u;
    if (thread < ${each * SLICES}u && row < ${rows}u) {
      ${
    lines((k) =>
      `var sum${k} = vec4<f32>();
      let w${k} = ${offset / 4}u + min(row + ${k}u, ${rows - 1}u) * ${width}u;`
    )
  }
      for (var j = thread % ${SLICES}u; j < ${width}u; j += ${SLICES}u) {
        let value = tile[j];
        ${lines((k) => `sum${k} = fma(value, ${buffer}[w${k} + j], sum${k});`)}
      }
      partial[thread] = vec4(${
    [0, 1, 2, 3].map((k) => `(sum${k}.x + sum${k}.y) + (sum${k}.z + sum${k}.w)`)
      .join(", ")
  });
    }
    workgroupBarrier();
    let n = base + thread;
    if (thread < ${4 * each}u && n < ${rows}u) {
      var sum = 0.0;
      for (var i = 0u; i < ${SLICES}u; i++) {
        sum += partial[thread / 4u * ${SLICES}u + i][thread % 4u];
      }
      ${use}
    }
    workgroupBarrier();
  }`;
}

/** What {@linkcode latentForward} does of the way. */
export interface LatentParts {
  /** The features, if the heads are wanted. */
  readonly features?: Input;
  /** z and the KL divergence from heads and ε. */
  readonly sample: boolean;
  /** The decoder's first layer, from z. */
  readonly decode: boolean;
}

/**
 * Makes the way from the features, or from z, to the decoder's input.
 *
 * @param headsTranspose Where the heads' weights [heads, features] are kept.
 */
export function latentForward(
  spec: ModelSpec,
  autoencoder: boolean,
  { features, sample, decode }: LatentParts,
  headsTranspose: number,
): Program {
  const { latentDim } = spec;
  const bindings: Record<string, Binding> = {
    ...features?.bindings,
    ...features && {
      parameters: read("parameters"),
      transposes: read("transposes"),
      latents: write("latents", "f32"),
    },
    ...sample && { losses: write("losses", "f32") },
    ...decode && {
      parameters: read("parameters"),
      decoded: write("fc_decode"),
    },
    ...decode && !features && { z: read("z", "f32") },
  };
  return program({
    name: "latentForward",
    bindings,
    threads: THREADS,
    grid: (images) => [images],
    flops: linearFlops(latentDim, [
      ...features ? ["heads" as const] : [],
      ...decode ? ["fc_decode" as const] : [],
    ]),
    globals: `
${sample ? exponentials + normals : ""}${features?.moments?.globals ?? ""}
var<workgroup> head: array<f32, ${2 * latentDim}>;
var<workgroup> latent: array<f32, ${latentDim}>;
${
      features
        ? `var<workgroup> tile: array<vec4<f32>, ${THREADS}>;
var<workgroup> partial: array<vec4<f32>, ${THREADS}>;`
        : ""
    }`,
    main: `
  let image = group.x;
  ${features ? headsOf(spec, features, headsTranspose) : ""}
  ${sample ? sampled(latentDim, autoencoder) : ""}
  ${decode ? decoded(spec, sample) : ""}`,
  });
}

function headsOf(
  spec: ModelSpec,
  features: Input,
  headsTranspose: number,
): string {
  const outputs = 2 * spec.latentDim;
  const row = latentRow(spec.latentDim).length;
  return `
  ${features.moments?.code(THREADS, "tile") ?? ""}
  {
    let at = image * ${THREADS}u + thread;
    let c = thread % 16u;
    ${declared(features)}
    tile[thread] = ${features.value};
  }
  workgroupBarrier();
  ${
    overRows(
      outputs,
      THREADS,
      { buffer: "transposes", offset: headsTranspose },
      `
      let bias = ${offsetOf(spec, "fc_mu.bias")}u + n;
      sum += parameters[bias / 4u][bias % 4u];
      head[n] = sum;
      latents[image * ${row}u + n] = sum;`,
    )
  }`;
}

/** Writes, as WGSL, z and the KL divergence of each dimension and of the image. */
function sampled(latentDim: number, autoencoder: boolean): string {
  const row = lossRow(latentDim);
  const own = latentRow(latentDim);
  return autoencoder
    ? `
  for (var d = thread; d < ${latentDim}u; d += ${THREADS}u) {
    latent[d] = head[d];
    latents[image * ${own.length}u + ${own.z}u + d] = head[d];
    losses[image * ${row}u + ${Loss.kl}u + d] = 0.0;
  }
  workgroupBarrier();`
    : `
  for (var d = thread; d < ${latentDim}u; d += ${THREADS}u) {
    let at = image * ${own.length}u + d;
    if (job.noise == 1u) {
      latents[at + ${own.epsilon}u] = normal((job.firstRow + image) * ${latentDim}u + d);
    }
    let mu = head[d];
    let logvar = head[${latentDim}u + d];
    let sigma = exponential(0.5 * logvar);
    let value = fma(sigma, latents[at + ${own.epsilon}u], mu);
    latent[d] = value;
    latents[at + ${own.z}u] = value;
    // −½ (1 + log σ² − μ² − σ²)
    let kl = 0.5 * (mu * mu + (sigma * sigma - 1.0 - logvar));
    head[d] = kl;
    losses[image * ${row}u + ${Loss.kl}u + d] = kl;
  }
  workgroupBarrier();
  if (thread == 0u) {
    var kl = 0.0;
    for (var d = 0u; d < ${latentDim}u; d++) { kl += head[d]; }
    latents[image * ${own.length}u + ${own.kl}u] = kl;
  }`;
}

function decoded(spec: ModelSpec, isThere: boolean): string {
  const { latentDim } = spec;
  const load = isThere ? "" : `
  for (var d = thread; d < ${latentDim}u; d += ${THREADS}u) {
    latent[d] = z[image * ${latentDim}u + d];
  }
  workgroupBarrier();`;
  return `${load}
  var sum = parameters[${offsetOf(spec, "fc_decode.bias") / 4}u + thread];
  for (var d = 0u; d < ${latentDim}u; d++) {
    let w = ${offsetOf(spec, "fc_decode.weight") / 4}u + d * ${THREADS}u;
    sum = fma(vec4(latent[d]), parameters[w + thread], sum);
  }
  decoded[image * ${THREADS}u + thread] = sum;`;
}

/** A linear map of z: where its gradient comes from, and its weights. */
export interface Decoded {
  readonly gradient: Input;
  /** vec4 of the gradient, for an image and for a place. */
  readonly width: number;
  readonly columns: number;
  /** The weights [latent, width]. */
  readonly weights: Weights;
}

/**
 * Makes the way from the gradient of the decoder's first layer to those of z, μ,
 * log σ² and the features, with the sums for the features' norm.
 *
 * @param headsTranspose Where the heads' weights [heads, features] are kept.
 */
export function latentBackward(
  spec: ModelSpec,
  autoencoder: boolean,
  norm: { name: string; channels: number },
  activations: string,
  headsTranspose: number,
  { gradient, width, columns: gradientColumns, weights }: Decoded,
): Program {
  const { latentDim } = spec;
  const heads = 2 * latentDim;
  const columns = norm.channels / 4;
  const row = latentRow(latentDim);
  // Two sums at once where the memory is enough, else one by one.
  const rest = 16 * THREADS + 4 * heads;
  const fit = rest + 16 * 2 * THREADS <= WORKGROUP_BYTES;
  const groups = fit ? [[0, 1], [2, 3]] : [[0], [1], [2], [3]];
  const tile = Math.max(groups[0].length * THREADS, width);
  return program({
    name: "latentBackward",
    bindings: joined(gradient.bindings, {
      [weights.buffer]: read(weights.buffer),
      transposes: read("transposes"),
      to: write(`∂${norm.name}`),
      latents: write("latents", "f32"),
      before: read(activations),
      sums: write(`sums ${norm.name}`),
    }),
    threads: THREADS,
    grid: (images) => [images],
    flops: linearFlops(latentDim, ["heads"]) + 8 * width * latentDim,
    globals: `
${exponentials}
var<workgroup> tile: array<vec4<f32>, ${tile}>;
var<workgroup> partial: array<vec4<f32>, ${THREADS}>;
var<workgroup> head: array<f32, ${heads}>;`,
    main: `
  let own = group.x;
  for (var i = thread; i < ${width}u; i += ${THREADS}u) {
    let at = own * ${width}u + i;
    let c = i % ${gradientColumns}u;
    ${declared(gradient)}
    tile[i] = ${gradient.value};
  }
  ${
      autoencoder ? "workgroupBarrier();" : `
  // β · sign(KL − C) of the batch's means.
  var kl = 0.0;
  for (var image = thread; image < job.count; image += ${THREADS}u) {
    kl += latents[image * ${row.length}u + ${row.kl}u];
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
  let factor = job.klWeight / batch * sign(kl / batch - job.capacity);
  workgroupBarrier();`
    }
  ${
      overRows(
        latentDim,
        width,
        weights,
        `
      ${
          autoencoder
            ? `head[n] = sum;
      head[${latentDim}u + n] = 0.0;`
            : `let at = own * ${row.length}u + n;
      let sigma = exponential(0.5 * latents[at + ${latentDim}u]);
      head[n] = fma(factor, latents[at], sum);
      head[${latentDim}u + n] = 0.5 * fma(
        sum * latents[at + ${row.epsilon}u], sigma,
        factor * (sigma * sigma - 1.0));`
        }
      let to = own * ${row.length}u + ${row.slopes}u + n;
      latents[to] = head[n];
      latents[to + ${latentDim}u] = head[${latentDim}u + n];`,
      )
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
      groups.map((group) => overPlaces(group, columns))
        .join("  workgroupBarrier();")
    }`,
  });
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
