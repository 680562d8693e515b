/**
 * The gradients of the linear layers' weights and biases: sums over the images
 * of the batch. (Forward and input gradients are in latent.ts.)
 *
 * @module
 */
import { FEATURE_COUNT, type ModelSpec, offsetOf } from "../../model/spec.ts";
import { linearFlops, type Norm } from "../stages.ts";
import { coefficient } from "./norm.ts";
import { type Program, program, read, write } from "./program.ts";

const COLUMNS = FEATURE_COUNT / 4;
const THREADS = 64;

/**
 * Makes both layers' gradients in one dispatch. A workgroup takes 64 columns of
 * features and one row of the joint weights: first the heads', then the
 * decoder's. The features'
 * norm is applied to the sum: Σ (h·scale + shift)·d = scale·Σ h·d + shift·Σ d.
 */
export function linearGradients(
  spec: ModelSpec,
  norm: Norm,
  activations: string,
): Program {
  const { latentDim } = spec;
  const heads = 2 * latentDim;
  return program({
    name: "linearGradients",
    bindings: {
      activations: read(activations),
      norm: read(`norm ${norm.name}`),
      heads: read("∂heads", "f32"),
      z: read("z", "f32"),
      decoded: read("∂fc_decode"),
      gradients: write("gradients", "f32"),
    },
    threads: THREADS,
    grid: () => [COLUMNS / THREADS, heads + latentDim],
    flops: linearFlops(latentDim),
    main: `
  let column = group.x * ${THREADS}u + thread;
  var sum = vec4<f32>();
  if (group.y < ${heads}u) {
    let n = group.y;
    var total = 0.0;
    for (var image = 0u; image < job.count; image++) {
      let d = heads[image * ${heads}u + n];
      total += d;
      sum = fma(activations[image * ${COLUMNS}u + column], vec4(d), sum);
    }
    let c = column % ${norm.channels / 4}u;
    sum = fma(sum, ${coefficient(norm, "scale", "c")},
      ${coefficient(norm, "shift", "c")} * total);
    let to = ${offsetOf(spec, "fc_mu.weight")}u + column * ${4 * heads}u + n;
    gradients[to] = sum.x;
    gradients[to + ${heads}u] = sum.y;
    gradients[to + ${2 * heads}u] = sum.z;
    gradients[to + ${3 * heads}u] = sum.w;
    if (column == 0u) {
      gradients[${offsetOf(spec, "fc_mu.bias")}u + n] = total;
    }
  } else {
    let d = group.y - ${heads}u;
    var total = vec4<f32>();
    for (var image = 0u; image < job.count; image++) {
      let value = decoded[image * ${COLUMNS}u + column];
      total += value;
      sum = fma(value, vec4(z[image * ${latentDim}u + d]), sum);
    }
    let to = ${offsetOf(spec, "fc_decode.weight")}u
      + d * ${FEATURE_COUNT}u + 4u * column;
    gradients[to] = sum.x;
    gradients[to + 1u] = sum.y;
    gradients[to + 2u] = sum.z;
    gradients[to + 3u] = sum.w;
    if (d == 0u) {
      let bias = ${offsetOf(spec, "fc_decode.bias")}u + 4u * column;
      gradients[bias] = total.x;
      gradients[bias + 1u] = total.y;
      gradients[bias + 2u] = total.z;
      gradients[bias + 3u] = total.w;
    }
  }`,
  });
}
