/**
 * The middle of the model, one workgroup to an image: the heads, ε, the draws
 * z = μ ± σ·ε, the KL divergence and the decoder's first layer. The way back is
 * in latent_backward.ts.
 *
 * @module
 */
import { blockOf, offsetOf } from "../../model/spec.ts";
import { linearFlops } from "../stages.ts";
import { exponentials, normals } from "./functions.ts";
import { givenRow, isPaired, labelAt, type LatentRow } from "./latents.ts";
import type { Layout } from "./layout.ts";
import { Loss } from "./loss.ts";
import { type Binding, type Program, program, read, write } from "./program.ts";
import { LATENT_THREADS as THREADS, overRows } from "./row_products.ts";
import { declared, type Input } from "./sides.ts";

/** What {@linkcode latentForward} does of the way. */
export interface LatentParts {
  /** The features, if the heads are wanted. */
  readonly features?: Input;
  /** Where z is to be drawn, with the KL divergence, from the heads. */
  readonly draws?: LatentRow;
  /** Whether the decoder's first layer is wanted, of these z or of those given. */
  readonly decode: boolean;
}

/** Makes the way from the features, or from z, to the decoder's input. */
export function latentForward(layout: Layout, parts: LatentParts): Program {
  const { features, draws, decode } = parts;
  const { latentDim } = layout.spec;
  const row = draws ?? layout.inferred;
  const bindings: Record<string, Binding> = {
    ...features?.bindings,
    ...features && {
      parameters: read("parameters"),
      transposes: read("transposes"),
      latents: write("latents", "f32"),
    },
    ...draws && { losses: write("losses", "f32") },
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
    flops: (features ? linearFlops(latentDim, ["heads"]) : 0) +
      (decode ? row.draws * linearFlops(latentDim, ["fc_decode"]) : 0),
    globals: `
${draws ? exponentials + normals : ""}${features?.moments?.globals ?? ""}
${decode ? `var<workgroup> latent: array<f32, ${latentDim}>;` : ""}
${
      features
        ? `var<workgroup> head: array<f32, ${2 * latentDim}>;
var<workgroup> tile: array<vec4<f32>, ${THREADS}>;
var<workgroup> partial: array<vec4<f32>, ${THREADS}>;`
        : ""
    }`,
    main: `
  let image = group.x;${
      row.classCount === 0 ? "" : `
  let label = ${
        features
          ? labelAt("image", row)
          : `u32(z[image * ${givenRow(row)}u + ${latentDim}u])`
      };`
    }
  ${features ? headsOf(layout, features, row) : ""}
  ${draws ? sampled(layout, row) : ""}
  ${decode ? decoded(layout, row, draws !== undefined) : ""}`,
  });
}

function headsOf(
  { spec, headsTranspose }: Layout,
  features: Input,
  { length }: LatentRow,
): string {
  const outputs = 2 * spec.latentDim;
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
      sum += parameters[bias / 4u][bias % 4u];${
        spec.classCount === 0 ? "" : `
      let own = ${blockOf(spec, "heads.classes").offset}u
        + label * ${outputs}u + n;
      sum += parameters[own / 4u][own % 4u];`
      }
      head[n] = sum;
      latents[image * ${length}u + n] = sum;`,
    )
  }`;
}

/**
 * Writes, as WGSL, the draws of z and the KL divergence of each dimension and of
 * the image.
 */
function sampled({ options, lossRow }: Layout, own: LatentRow): string {
  const { latentDim, draws, noises } = own;
  if (options.autoencoder) {
    return `
  for (var d = thread; d < ${latentDim}u; d += ${THREADS}u) {
    latents[image * ${own.length}u + ${own.z}u + d] = head[d];
    losses[image * ${lossRow}u + ${Loss.kl}u + d] = 0.0;
  }`;
  }
  // Without pairs, each row of noise is one draw's.
  const each = isPaired(own) ? 2 : 1;
  const second = `latents[to + ${latentDim}u] = fma(-sigma, latents[at], mu);`;
  return `
  for (var d = thread; d < ${latentDim}u; d += ${THREADS}u) {
    let mu = head[d];
    let logvar = head[${latentDim}u + d];
    let sigma = exponential(0.5 * logvar);
    for (var pair = 0u; pair < ${noises}u; pair++) {
      let at = image * ${own.length}u + ${own.epsilon}u + pair * ${latentDim}u + d;
      if (job.noise == 1u) {
        let row = (job.firstRow + image) * ${noises}u + pair;
        latents[at] = normal(row * ${latentDim}u + d);
      }
      let to = image * ${own.length}u + ${own.z}u + pair * ${
    each * latentDim
  }u + d;
      latents[to] = fma(sigma, latents[at], mu);
      ${
    each === 1
      ? ""
      : draws % 2
      ? `if (pair < ${noises - 1}u) { ${second} }`
      : second
  }
    }
    // −½ (1 + log σ² − μ² − σ²)
    let kl = 0.5 * (mu * mu + (sigma * sigma - 1.0 - logvar));
    head[d] = kl;
    losses[image * ${lossRow}u + ${Loss.kl}u + d] = kl;
  }
  workgroupBarrier();
  if (thread == 0u) {
    var kl = 0.0;
    for (var d = 0u; d < ${latentDim}u; d++) { kl += head[d]; }
    latents[image * ${own.length}u + ${own.kl}u] = kl;
  }`;
}

/**
 * Writes the decoder's first layer, for each draw in turn.
 *
 * @param isDrawn Whether z has been drawn, or else is given.
 */
function decoded(
  { spec }: Layout,
  { latentDim, draws, z, length }: LatentRow,
  isDrawn: boolean,
): string {
  const rows = draws > 1 ? `(image * ${draws}u + draw)` : "image";
  // Each thread has written itself what it reads of the latents.
  const from = !isDrawn
    ? `z[image * ${givenRow(spec)}u + d]`
    : draws === 1
    ? `latents[image * ${length}u + ${z}u + d]`
    : `latents[image * ${length}u + ${z}u + draw * ${latentDim}u + d]`;
  const one = `
  for (var d = thread; d < ${latentDim}u; d += ${THREADS}u) {
    latent[d] = ${from};
  }
  workgroupBarrier();
  var sum = parameters[${offsetOf(spec, "fc_decode.bias") / 4}u + thread]${
    spec.classCount === 0 ? "" : `
    + parameters[${
      blockOf(spec, "fc_decode.classes").offset / 4
    }u + label * ${THREADS}u + thread]`
  };
  for (var d = 0u; d < ${latentDim}u; d++) {
    let w = ${offsetOf(spec, "fc_decode.weight") / 4}u + d * ${THREADS}u;
    sum = fma(vec4(latent[d]), parameters[w + thread], sum);
  }
  decoded[${rows} * ${THREADS}u + thread] = sum;`;
  return draws > 1
    ? `for (var draw = 0u; draw < ${draws}u; draw++) {${one}
  workgroupBarrier();
  }`
    : one;
}
