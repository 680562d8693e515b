/**
 * Batch normalisation (https://arxiv.org/abs/1502.03167). It never runs by
 * itself: whoever reads a normalised activation scales and shifts it, and
 * whoever writes an activation or its gradient leaves sums over its images for
 * each channel. On the way forward each workgroup of the next layer makes scale
 * and shift of them; on the way back a few workgroups of the next filter
 * gradient make the coefficients. So a norm costs no dispatch.
 *
 * @module
 */
import { BATCH_NORM, type ModelSpec, offsetOf } from "../../model/spec.ts";
import { type Norm, NORMS, type Stage } from "../stages.ts";
import { type Binding, type Program, program, read, write } from "./program.ts";
import type { Rows } from "./rows.ts";
import type { FixedShare } from "./shares.ts";

/** The vectors of a norm's coefficients, one after the other. */
const VECTORS = [
  "scale",
  "shift",
  "mean",
  "inverse",
  "slope",
  "constant",
] as const;

/** The name of one of them. */
export type Vector = typeof VECTORS[number];

const channelsOf = (norms: readonly Norm[]) =>
  norms.reduce((sum, { channels }) => sum + channels, 0);

/**
 * Where the coefficients begin in the buffer `running`: behind the running
 * statistics of all norms, so that a program binds one buffer for both.
 */
const COEFFICIENTS = 2 * channelsOf(NORMS);

/** Length of the buffer `running`. */
export const RUNNING_LENGTH = COEFFICIENTS +
  VECTORS.length * channelsOf(NORMS);

/** How many sums are left for a channel on the way forward, and back. */
export const FORWARD_SUMS = 2, BACKWARD_SUMS = 4;

/** Most slices of the rows: one thread adds these up while others wait. */
const SLICES = 16;

/** Writes one vec4 of a norm's coefficients as WGSL; `column` is an expression. */
export function coefficient(
  { name, channels }: Norm,
  vector: Vector,
  column: string,
): string {
  const before = NORMS.slice(0, NORMS.findIndex((norm) => norm.name === name));
  const first = COEFFICIENTS + VECTORS.length * channelsOf(before) +
    VECTORS.indexOf(vector) * channels;
  return `norm[${first / 4}u + ${column}]`;
}

/** Rows of sums in a buffer, one for each of `parts` (WGSL) workgroups. */
interface Sums {
  readonly buffer: string;
  readonly parts: string;
  /** vec4 of a row that are wanted. */
  readonly width: number;
  /** WGSL for the index of element `v` of row `part`. */
  readonly at: string;
}

/** Into how many slices `threads` threads cut the rows. */
function slicesOf(threads: number, width: number): number {
  return Math.max(1, Math.min(SLICES, Math.floor(threads / width)));
}

/** Sums the rows in slices, into `memory`, and waits. */
function overParts(
  { buffer, parts, width, at }: Sums,
  threads: number,
  memory: string,
): string {
  const slices = slicesOf(threads, width);
  return `
  for (var i = thread; i < ${slices * width}u; i += ${threads}u) {
    let v = i % ${width}u;
    var sum = vec4<f32>();
    for (var part = i / ${width}u; part < ${parts}; part += ${slices}u) {
      sum += ${buffer}[${at}];
    }
    ${memory}[i] = sum;
  }
  workgroupBarrier();`;
}

/** What a program needs to make the scale and the shift of a batch by itself. */
export interface Moments {
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly globals: string;
  /** vec4 of workgroup memory that it wants for so many threads. */
  readonly scratch: (threads: number) => number;
  /** Statements, with the name of that memory, which is free again behind them. */
  readonly code: (threads: number, memory: string) => string;
}

/**
 * Makes, in every workgroup, `scales` and `shifts` from the sums Σh and Σh² that
 * the workgroups of the layer before left. The first workgroup keeps them, with
 * the running statistics.
 *
 * @param parts WGSL for the number of those workgroups.
 * @param rows Those that the norm sees as one batch.
 */
export function batchMoments(
  norm: Norm,
  spec: ModelSpec,
  parts: string,
  rows: Rows,
): Moments {
  const columns = norm.channels / 4, width = FORWARD_SUMS * columns;
  const left = {
    buffer: "before_sums",
    parts,
    width,
    at: `part * ${width}u + v`,
  };
  const at = (name: string) => offsetOf(spec, `${norm.name}.${name}`) / 4;
  const set = (name: Vector, value: string) =>
    `${coefficient(norm, name, "c")} = ${value};`;
  return {
    bindings: {
      before_sums: read(`sums ${norm.name}`),
      parameters: read("parameters"),
      norm: write("running"),
    },
    globals: `var<workgroup> scales: array<vec4<f32>, ${columns}>;
var<workgroup> shifts: array<vec4<f32>, ${columns}>;`,
    scratch: (threads) => slicesOf(threads, width) * width,
    code: (threads, memory) => `
  ${overParts(left, threads, memory)}
  for (var c = thread; c < ${columns}u; c += ${threads}u) {
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    for (var i = 0u; i < ${slicesOf(threads, width) * width}u; i += ${width}u) {
      sum0 += ${memory}[i + c];
      sum1 += ${memory}[i + ${columns}u + c];
    }
    let n = f32(${rows.code}) * ${norm.places}.0;
    let mean = sum0 / n;
    let variance = max(sum1 / n - mean * mean, vec4<f32>());
    let inverse = 1.0 / sqrt(variance + ${BATCH_NORM.eps});
    let scale = parameters[${at("weight")}u + c] * inverse;
    let shift = parameters[${at("bias")}u + c] - mean * scale;
    scales[c] = scale;
    shifts[c] = shift;
    if (group.x == 0u) {
      ${set("scale", "scale")}
      ${set("shift", "shift")}
      ${set("mean", "mean")}
      ${set("inverse", "inverse")}
      let m = ${at("running_mean")}u + c;
      let v = ${at("running_var")}u + c;
      let kept = vec4(${1 - BATCH_NORM.momentum});
      norm[m] = norm[m] * kept + mean * ${BATCH_NORM.momentum};
      norm[v] = norm[v] * kept
        + variance * (n / (n - 1.0) * ${BATCH_NORM.momentum});
    }
  }
  workgroupBarrier();`,
  };
}

/** Makes scale and shift of all norms from their running statistics. */
export function inferenceMoments(spec: ModelSpec): Program {
  const main = NORMS.map((norm) => {
    const at = (name: string) =>
      `${offsetOf(spec, `${norm.name}.${name}`) / 4}u + thread`;
    return `
  if (thread < ${norm.channels / 4}u) {
    let scale = parameters[${at("weight")}]
      / sqrt(norm[${at("running_var")}] + ${BATCH_NORM.eps});
    ${coefficient(norm, "scale", "thread")} = scale;
    ${coefficient(norm, "shift", "thread")} =
      parameters[${at("bias")}] - norm[${at("running_mean")}] * scale;
  }`;
  }).join("");
  return program({
    name: "inferenceMoments",
    bindings: { parameters: read("parameters"), norm: write("running") },
    threads: Math.max(...NORMS.map(({ channels }) => channels / 4)),
    grid: () => [1],
    main,
  });
}

/**
 * Makes, from Σd, Σd·h, Σd over h > 0 and the number of h > 0, the gradients of
 * γ, β and the layer's bias, and the coefficients of
 * dh = γ/σ · (d − mean(d) − x̂ · mean(d·x̂)) as a sum in d, h and 1, the first of
 * which is `scale`. Their sum over h > 0 is the bias's gradient. A workgroup
 * takes four channels.
 *
 * @param parts WGSL for the number of workgroups that left sums.
 * @param rows Those that the norm sees as one batch.
 */
export function normGradient(
  norm: Norm,
  stage: Stage,
  spec: ModelSpec,
  parts: string,
  rows: Rows,
  threads: number,
): FixedShare {
  const columns = norm.channels / 4, width = BACKWARD_SUMS;
  const slices = slicesOf(threads, width);
  const left = {
    buffer: "sums",
    parts,
    width,
    at: `(part * ${width}u + v) * ${columns}u + own`,
  };
  const at = (name: string) => `${offsetOf(spec, name) / 4}u + own`;
  const get = (name: Vector) => coefficient(norm, name, "own");
  return {
    bindings: {
      sums: read(`sums ${norm.name}`),
      norm: write("running"),
      gradients: write("gradients"),
    },
    groups: columns,
    globals: [
      `var<workgroup> parts_sums: array<vec4<f32>, ${slices * width}>;`,
    ],
    main: `
  ${overParts(left, threads, "parts_sums")}
  if (thread == 0u) {
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var positives = vec4<f32>();
    for (var i = 0u; i < ${slices * width}u; i += ${width}u) {
      sum0 += parts_sums[i];
      sum1 += parts_sums[i + 1u];
      sum2 += parts_sums[i + 2u];
      positives += parts_sums[i + 3u];
    }
    let n = f32(${rows.code}) * ${norm.places}.0;
    let mean = ${get("mean")};
    let inverse = ${get("inverse")};
    let scale = ${get("scale")};
    let gamma = (sum1 - mean * sum0) * inverse;
    let slope = -scale * inverse * gamma / n;
    let constant = -scale * sum0 / n - slope * mean;
    ${get("slope")} = slope;
    ${get("constant")} = constant;
    gradients[${at(`${norm.name}.weight`)}] = gamma;
    gradients[${at(`${norm.name}.bias`)}] = sum0;
    gradients[${at(`${stage.name}.bias`)}] = scale * sum2
      + slope * mean * n + constant * positives;
  }`,
  };
}
