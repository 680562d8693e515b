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

/**
 * Shares out `outputs` sums among the threads: how many are formed at a time,
 * and in how many slices each.
 */
function shares(outputs: number): { each: number; slices: number } {
  const each = Math.min(outputs, THREADS);
  return { each, slices: Math.floor(THREADS / each) };
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

/** Makes the way from the features, or from z, to the decoder's input. */
export function latentForward(
  spec: ModelSpec,
  autoencoder: boolean,
  { features, sample, decode }: LatentParts,
): Program {
  const { latentDim } = spec;
  const bindings: Record<string, Binding> = {
    ...features?.bindings,
    ...features && {
      scalars: read("parameters", "f32"),
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
var<workgroup> partial: array<f32, ${THREADS}>;`
        : ""
    }`,
    main: `
  let image = group.x;
  ${features ? headsOf(spec, features) : ""}
  ${sample ? sampled(latentDim, autoencoder) : ""}
  ${decode ? decoded(spec, sample) : ""}`,
  });
}

function headsOf(spec: ModelSpec, features: Input): string {
  const outputs = 2 * spec.latentDim;
  const row = latentRow(spec.latentDim).length;
  const { each, slices } = shares(outputs);
  return `
  ${features.moments?.code(THREADS, "tile") ?? ""}
  {
    let at = image * ${THREADS}u + thread;
    let c = thread % 16u;
    ${declared(features)}
    tile[thread] = ${features.value};
  }
  workgroupBarrier();
  for (var base = 0u; base < ${outputs}u; base += ${each}u) {
    let output = base + thread % ${each}u;
    let slice = thread / ${each}u;
    if (slice < ${slices}u && output < ${outputs}u) {
      var sum = vec4<f32>();
      for (var j = slice; j < ${THREADS}u; j += ${slices}u) {
        let w = ${offsetOf(spec, "fc_mu.weight")}u + j * ${4 * outputs}u
          + output;
        sum = fma(tile[j], vec4(
          scalars[w],
          scalars[w + ${outputs}u],
          scalars[w + ${2 * outputs}u],
          scalars[w + ${3 * outputs}u],
        ), sum);
      }
      partial[thread] = (sum.x + sum.y) + (sum.z + sum.w);
    }
    workgroupBarrier();
    if (slice == 0u && output < ${outputs}u) {
      var sum = scalars[${offsetOf(spec, "fc_mu.bias")}u + output];
      for (var i = 0u; i < ${slices}u; i++) {
        sum += partial[i * ${each}u + thread];
      }
      head[output] = sum;
      latents[image * ${row}u + output] = sum;
    }
    workgroupBarrier();
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
): Program {
  const { latentDim } = spec;
  const heads = 2 * latentDim;
  const { each, slices } = shares(latentDim);
  const columns = norm.channels / 4;
  const row = latentRow(latentDim);
  // Two sums at once where the memory is enough, else one by one.
  const rest = 4 * (THREADS + heads);
  const fit = rest + 16 * 2 * THREADS <= WORKGROUP_BYTES;
  const groups = fit ? [[0, 1], [2, 3]] : [[0], [1], [2], [3]];
  return program({
    name: "latentBackward",
    bindings: {
      parameters: read("parameters"),
      transposes: read("transposes"),
      input: read("∂fc_decode"),
      to: write(`∂${norm.name}`),
      latents: write("latents", "f32"),
      before: read(activations),
      sums: write(`sums ${norm.name}`),
    },
    threads: THREADS,
    grid: (images) => [images],
    flops: linearFlops(latentDim),
    globals: `
${exponentials}
var<workgroup> tile: array<vec4<f32>, ${groups[0].length * THREADS}>;
var<workgroup> partial: array<f32, ${THREADS}>;
var<workgroup> head: array<f32, ${heads}>;`,
    main: `
  let own = group.x;
  tile[thread] = input[own * ${THREADS}u + thread];
  ${
      autoencoder ? "workgroupBarrier();" : `
  // β · sign(KL − C) of the batch's means.
  var kl = 0.0;
  for (var image = thread; image < job.count; image += ${THREADS}u) {
    kl += latents[image * ${row.length}u + ${row.kl}u];
  }
  partial[thread] = kl;
  for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial[thread] += partial[thread + half]; }
  }
  workgroupBarrier();
  let batch = f32(job.count);
  let factor = job.klWeight / batch * sign(partial[0] / batch - job.capacity);
  workgroupBarrier();`
    }
  for (var base = 0u; base < ${latentDim}u; base += ${each}u) {
    let d = base + thread / ${slices}u;
    if (thread < ${each * slices}u && d < ${latentDim}u) {
      var sum = vec4<f32>();
      for (var j = thread % ${slices}u; j < ${THREADS}u; j += ${slices}u) {
        let w = ${offsetOf(spec, "fc_decode.weight") / 4}u + d * ${THREADS}u;
        sum = fma(tile[j], parameters[w + j], sum);
      }
      partial[thread] = (sum.x + sum.y) + (sum.z + sum.w);
    }
    workgroupBarrier();
    if (thread < ${each}u && base + thread < ${latentDim}u) {
      let d = base + thread;
      var slope = 0.0;
      for (var i = 0u; i < ${slices}u; i++) {
        slope += partial[thread * ${slices}u + i];
      }
      ${
      autoencoder
        ? `head[d] = slope;
      head[${latentDim}u + d] = 0.0;`
        : `let at = own * ${row.length}u + d;
      let sigma = exponential(0.5 * latents[at + ${latentDim}u]);
      head[d] = fma(factor, latents[at], slope);
      head[${latentDim}u + d] = 0.5 * fma(
        slope * latents[at + ${row.epsilon}u], sigma,
        factor * (sigma * sigma - 1.0));`
    }
      let to = own * ${row.length}u + ${row.slopes}u + d;
      latents[to] = head[d];
      latents[to + ${latentDim}u] = head[${latentDim}u + d];
    }
    workgroupBarrier();
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
