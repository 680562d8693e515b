/**
 * What programs do with what they read and write: pieces of WGSL that apply a
 * norm, or its gradient and the ReLU's, on the way in, and bias, ReLU and sums
 * on the way out.
 *
 * @module
 */
import type { ModelSpec } from "../../model/spec.ts";
import type { Norm, Stage } from "../stages.ts";
import { rectifier } from "./functions.ts";
import {
  BACKWARD_SUMS,
  batchMoments,
  coefficient,
  FORWARD_SUMS,
  type Moments,
  type Vector,
} from "./norm.ts";
import { type Binding, read, write } from "./program.ts";
import type { Rows } from "./rows.ts";
import { joined } from "./shares.ts";

/** How a program gets at the values that it reads; `at` and `c` are in vec4. */
export interface Input {
  readonly bindings: Readonly<Record<string, Binding>>;
  /** WGSL for what depends on the channels `c` alone, by name. */
  readonly constants?: Readonly<Record<string, string>>;
  /** WGSL for the value at `at`, of channels `c`. */
  readonly value: string;
  /** Functions that the value needs. */
  readonly globals?: string;
  /** A statement that keeps `value` for later programs. */
  readonly keep?: string;
  /** What a workgroup does before it reads the first value. */
  readonly moments?: Moments;
}

/** Writes the constants of an input as statements. */
export function declared({ constants = {} }: Input): string {
  return Object.entries(constants)
    .map(([name, value]) => `let ${name} = ${value};`).join("\n");
}

/** Reads the values of a buffer as they are. */
export function plain(buffer: string, type: Binding["type"]): Input {
  return { bindings: { input: read(buffer, type) }, value: "input[at]" };
}

/** Reads activations through their norm: scaled and shifted. */
export function normalised(norm: Norm, activations: string): Input {
  return {
    bindings: { input: read(activations), norm: read("running") },
    constants: coefficients(norm, ["scale", "shift"]),
    value: "fma(input[at], scale, shift)",
  };
}

/**
 * Reads them so in the first program of a step that needs the norm, which makes
 * scale and shift of what `parts` (WGSL) workgroups left.
 */
export function normalisedByBatch(
  norm: Norm,
  activations: string,
  spec: ModelSpec,
  parts: string,
  rows: Rows,
): Input {
  const moments = batchMoments(norm, spec, parts, rows);
  return {
    bindings: joined({ input: read(activations) }, moments.bindings),
    constants: { scale: "scales[c]", shift: "shifts[c]" },
    value: "fma(input[at], scale, shift)",
    moments,
  };
}

/**
 * Reads the gradient behind a norm (`∂norm`) as the one before the ReLU, and
 * keeps that in `∂layer` if another program needs it.
 */
export function throughNorm(norm: Norm, stage: Stage, keep: boolean): Input {
  return {
    bindings: {
      gradient: read(`∂${norm.name}`),
      activations: read(stage.output),
      norm: read("running"),
      ...keep && { kept: write(`∂${stage.name}`) },
    },
    constants: coefficients(norm, ["scale", "slope", "constant"]),
    value: "select(vec4<f32>(), fma(gradient[at], scale, " +
      "fma(activations[at], slope, constant)), activations[at] > vec4<f32>())",
    keep: keep ? "kept[at] = value;" : undefined,
  };
}

function coefficients(norm: Norm, vectors: Vector[]): Record<string, string> {
  return Object.fromEntries(
    vectors.map((vector) => [vector, coefficient(norm, vector, "c")]),
  );
}

/** How a program stores its results. */
export interface Output {
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly globals?: string;
  /**
   * Statements that store `value` at index `at`, of columns `c`, and add to
   * the `sums` vec4 variables `sum0`, `sum1`, …
   */
  readonly store: string;
  readonly sums: number;
  /**
   * Statements that store the sums of the workgroup's images (in `total0`, …)
   * for `c`.
   */
  readonly finish?: string;
  /** Whether a workgroup must not take more than one image. */
  readonly single?: boolean;
}

/** Stores the results as they are. */
export function stored(buffer: string): Output {
  return {
    bindings: { to: write(buffer) },
    store: "to[at] = value;",
    sums: 0,
  };
}

/** Adds the bias, applies the ReLU, and sums for the norm if one follows. */
export function rectified(
  buffer: string,
  bias: number,
  norm?: { name: string; channels: number },
): Output {
  const columns = norm ? norm.channels / 4 : 0;
  return {
    globals: rectifier,
    bindings: {
      parameters: read("parameters"),
      to: write(buffer),
      ...norm && { sums: write(`sums ${norm.name}`) },
    },
    store: `let h = rectify(value + parameters[${bias / 4}u + c]);
    to[at] = h;` + (norm ? `sum0 += h; sum1 = fma(h, h, sum1);` : ""),
    sums: norm ? FORWARD_SUMS : 0,
    finish: norm && finishSums(FORWARD_SUMS, columns),
  };
}

/** Stores the gradient behind a norm, with the sums for the norm's own gradient. */
export function gradientOf(
  norm: { name: string; channels: number },
  activations: string,
): Output {
  return {
    bindings: {
      to: write(`∂${norm.name}`),
      before: read(activations),
      sums: write(`sums ${norm.name}`),
    },
    store: `to[at] = value;
    let h = before[at];
    let isPositive = h > vec4<f32>();
    sum0 += value; sum1 = fma(value, h, sum1);
    sum2 += select(vec4<f32>(), value, isPositive);
    sum3 += select(vec4<f32>(), vec4(1.0), isPositive);`,
    sums: BACKWARD_SUMS,
    finish: finishSums(BACKWARD_SUMS, norm.channels / 4),
  };
}

function finishSums(length: number, columns: number): string {
  return Array.from(
    { length },
    (_, s) =>
      `sums[(group.x * ${length}u + ${s}u) * ${columns}u + c] = total${s};`,
  ).join("\n");
}
