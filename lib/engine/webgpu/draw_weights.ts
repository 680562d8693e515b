/**
 * The importance-weighted bound (Burda et al. 2015,
 * https://arxiv.org/abs/1509.00519): what each draw of z weighs, and who follows
 * it by how much.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { OUTPUT } from "../stages.ts";
import { exponentials } from "./functions.ts";
import type { LatentRow } from "./latents.ts";
import type { Layout } from "./layout.ts";
import { Loss, ownTerm } from "./loss.ts";
import { type Program, program, read, write } from "./program.ts";
import type { Input } from "./sides.ts";

/** Threads of a workgroup: one for each draw, of which there are no more. */
const THREADS = 64;

/**
 * Makes the weights w̃ of an image's draws, which sum to 1, from
 * log w = log p(x|z) + log p(z) − log q(z|x), and the image's bound.
 */
export function importance(layout: Layout): Program {
  const { lossRow, options, latents } = layout;
  const { latentDim, draws, epsilon, z, weights, length } = latents;
  return program({
    name: "importance",
    bindings: {
      latents: write("latents", "f32"),
      losses: write("losses", "f32"),
    },
    threads: THREADS,
    grid: (images) => [images],
    globals: `
${exponentials}
var<workgroup> logs: array<f32, ${draws}>;`,
    main: `
  let at = group.x * ${length}u;
  let row = (group.x * ${draws}u + thread) * ${lossRow}u;
  if (thread < ${draws}u) {
    // Both densities have −½·log 2π.
    var sum = -${draws}.0 * losses[row + ${Loss.reconstruction}u];
    for (var d = 0u; d < ${latentDim}u; d++) {
      let noise = latents[at + ${epsilon}u + thread * ${latentDim}u + d];
      let z = latents[at + ${z}u + thread * ${latentDim}u + d];
      sum += 0.5 * (noise * noise - z * z + latents[at + ${latentDim}u + d]);
    }
    logs[thread] = sum;
  }
  workgroupBarrier();
  if (thread < ${draws}u) {
    var most = logs[0];
    for (var k = 1u; k < ${draws}u; k++) { most = max(most, logs[k]); }
    var sum = 0.0;
    for (var k = 0u; k < ${draws}u; k++) { sum += exponential(logs[k] - most); }
    let weight = exponential(logs[thread] - most) / sum;
    latents[at + ${weights}u + thread] = weight;
    losses[row + ${Loss.slope}u] *= weight;
    if (thread == 0u) {
      losses[group.x * ${lossRow}u + ${ownTerm(options)}u] =
        ${Math.log(draws)}f - most - logarithm(sum);
    }
  }`,
  });
}

/** Writes, as WGSL, where the weight of the decoder's row `row` lies. */
function weightAt(row: string, { draws, weights, length }: LatentRow): string {
  return `${row} / ${draws}u * ${length}u + ${weights}u + ${row} % ${draws}u`;
}

/**
 * Reads the gradient of the decoder's output, which each draw has a share of.
 *
 * @param isSquared Whether it is w̃² and not w̃: see `Objective`.
 */
export function weighted({ latents }: Layout, isSquared: boolean): Input {
  const weight = `latents[${weightAt(`((at) / ${IMAGE_PIXELS}u)`, latents)}]`;
  return {
    bindings: {
      input: read(`∂${OUTPUT}`, "f32"),
      latents: read("latents", "f32"),
    },
    value: `(input[at] * ${weight}${isSquared ? ` * ${weight}` : ""})`,
  };
}
