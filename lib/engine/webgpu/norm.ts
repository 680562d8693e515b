/**
 * Batch normalisation (https://arxiv.org/abs/1502.03167). It never runs by
 * itself: whoever reads a normalised activation scales and shifts it, and
 * whoever writes an activation or its gradient leaves sums over its image for
 * each channel, which `moments` and `normGradient` turn into coefficients.
 *
 * @module
 */
import { BATCH_NORM, type ModelSpec, offsetOf } from "../../model/spec.ts";
import { type Norm, NORMS, type Stage } from "../stages.ts";
import { type Binding, type Program, program, read, write } from "./program.ts";

/** The vectors of a norm's coefficients, one after the other. */
const VECTORS = [
  ...["scale", "shift", "mean", "inverse", "positives"],
  ...["incoming", "slope", "constant"],
] as const;

/** The name of one of them. */
export type Vector = typeof VECTORS[number];

/** Returns the number of a norm's coefficients. */
export function coefficientCount({ channels }: Norm): number {
  return VECTORS.length * channels;
}

/** How many sums each image leaves for a channel. */
export const SUMS = 3;

/** Writes one vec4 of a norm's coefficients as WGSL; `column` is an expression. */
export function coefficient(
  { channels }: Norm,
  vector: Vector,
  column: string,
): string {
  return `norm[${VECTORS.indexOf(vector) * channels / 4}u + ${column}]`;
}

/**
 * Adds up three sums per channel over all images: 64 threads share the images
 * of four channels, then halve their number until one is left.
 */
function overImages(columns: number): { globals: string; main: string } {
  return {
    globals: `var<workgroup> shared_sums: array<vec4<f32>, ${64 * SUMS}>;`,
    main: `
  let c = group.x;
  for (var s = 0u; s < ${SUMS}u; s++) {
    var sum = vec4<f32>();
    for (var image = thread; image < job.count; image += 64u) {
      sum += sums[(image * ${SUMS}u + s) * ${columns}u + c];
    }
    shared_sums[s * 64u + thread] = sum;
  }
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      for (var s = thread; s < ${SUMS * 64}u; s += 64u) {
        shared_sums[s] += shared_sums[s + half];
      }
    }
  }
  if (thread != 0u) { return; }
  let sum0 = shared_sums[0];
  let sum1 = shared_sums[64];
  let sum2 = shared_sums[128];`,
  };
}

/**
 * Makes scale, shift and running statistics from Σh, Σh² and the number of
 * h > 0.
 */
export function moments(norm: Norm, spec: ModelSpec): Program {
  const columns = norm.channels / 4;
  const at = (name: string) => offsetOf(spec, `${norm.name}.${name}`) / 4;
  const set = (name: Vector, value: string) =>
    `${coefficient(norm, name, "c")} = ${value};`;
  const { globals, main } = overImages(columns);
  return program({
    name: `moments ${norm.name}`,
    bindings: {
      sums: read(`sums ${norm.name}`),
      parameters: read("parameters"),
      running: write("running"),
      norm: write(`norm ${norm.name}`),
    },
    threads: 64,
    grid: () => [columns],
    globals,
    main: `${main}
  let n = f32(job.count) * ${norm.places}.0;
  let mean = sum0 / n;
  let variance = max(sum1 / n - mean * mean, vec4<f32>());
  let inverse = 1.0 / sqrt(variance + ${BATCH_NORM.eps});
  let scale = parameters[${at("weight")}u + c] * inverse;
  ${set("scale", "scale")}
  ${set("shift", `parameters[${at("bias")}u + c] - mean * scale`)}
  ${set("mean", "mean")}
  ${set("inverse", "inverse")}
  ${set("positives", "sum2")}
  let m = ${at("running_mean")}u + c;
  let v = ${at("running_var")}u + c;
  let kept = vec4(${1 - BATCH_NORM.momentum});
  running[m] = running[m] * kept + mean * ${BATCH_NORM.momentum};
  running[v] = running[v] * kept
    + variance * (n / (n - 1.0) * ${BATCH_NORM.momentum});`,
  });
}

/** Makes scale and shift of all norms from their running statistics. */
export function inferenceMoments(spec: ModelSpec): Program {
  const bindings: Record<string, Binding> = {
    parameters: read("parameters"),
    running: read("running"),
  };
  const main = NORMS.map((norm, i) => {
    bindings[`norm${i}`] = write(`norm ${norm.name}`);
    const at = (name: string) =>
      `${offsetOf(spec, `${norm.name}.${name}`) / 4}u + thread`;
    return `
  if (thread < ${norm.channels / 4}u) {
    let scale = parameters[${at("weight")}]
      / sqrt(running[${at("running_var")}] + ${BATCH_NORM.eps});
    norm${i}[thread] = scale;
    norm${i}[${norm.channels / 4}u + thread] =
      parameters[${at("bias")}] - running[${at("running_mean")}] * scale;
  }`;
  }).join("");
  const threads = Math.max(...NORMS.map(({ channels }) => channels / 4));
  return program({
    name: "inferenceMoments",
    bindings,
    threads,
    grid: () => [1],
    main,
  });
}

/**
 * Makes, from Σd, Σd·h and Σd over h > 0, the gradients of γ, β and the layer's
 * bias, and the coefficients of dh = γ/σ · (d − mean(d) − x̂ · mean(d·x̂)) as a sum in
 * d, h and 1. Their sum over h > 0 is the bias's gradient.
 */
export function normGradient(
  norm: Norm,
  stage: Stage,
  spec: ModelSpec,
): Program {
  const columns = norm.channels / 4;
  const at = (name: string) => `${offsetOf(spec, name) / 4}u + c`;
  const get = (name: Vector) => coefficient(norm, name, "c");
  const { globals, main } = overImages(columns);
  return program({
    name: `normGradient ${norm.name}`,
    bindings: {
      sums: read(`sums ${norm.name}`),
      parameters: read("parameters"),
      norm: write(`norm ${norm.name}`),
      gradients: write("gradients"),
    },
    threads: 64,
    grid: () => [columns],
    globals,
    main: `${main}
  let n = f32(job.count) * ${norm.places}.0;
  let mean = ${get("mean")};
  let inverse = ${get("inverse")};
  let gamma = (sum1 - mean * sum0) * inverse;
  let incoming = parameters[${at(`${norm.name}.weight`)}] * inverse;
  let slope = -incoming * inverse * gamma / n;
  let constant = -incoming * sum0 / n - slope * mean;
  ${get("incoming")} = incoming;
  ${get("slope")} = slope;
  ${get("constant")} = constant;
  gradients[${at(`${norm.name}.weight`)}] = gamma;
  gradients[${at(`${norm.name}.bias`)}] = sum0;
  gradients[${at(`${stage.name}.bias`)}] = incoming * sum2
    + slope * mean * n + constant * ${get("positives")};`,
  });
}
