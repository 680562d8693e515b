/**
 * fc_decode and decoder.0 as one linear map of z (see `usesMap`): its L + 1 rows
 * are those of fc_decode's weights and its bias, after decoder.0, and one follows
 * for each class that the model is told of. They lie behind the transposes, as
 * weights that others are made of.
 *
 * @module
 */
import type { ModelSpec } from "../../model/spec.ts";
import { linearFlops, MAPPED } from "../stages.ts";
import { type Program, program, read } from "./program.ts";
import type { Rows } from "./rows.ts";
import { joined } from "./shares.ts";
import type { Input, Output } from "./sides.ts";

const { size, channels } = MAPPED.shape.large;
const COLUMNS = channels / 4;

/** vec4 of a row of the map, and of an image that it makes. */
export const MAP_ROW = size ** 2 * COLUMNS;

/** Returns how many rows the map has. */
export function mapRows(
  { latentDim, classCount }: Pick<ModelSpec, "latentDim" | "classCount">,
): number {
  return latentDim + 1 + classCount;
}

/** A multiple of the columns, of which two rounds make an image. */
const THREADS = Math.ceil(size ** 2 / 2) * COLUMNS;

/** What {@linkcode mapped} reads and writes. */
export interface Mapped {
  readonly latentDim: number;
  /**
   * z: its buffer, where (in WGSL) that of a row begins there, and the row's
   * class, if the model is told of it.
   */
  readonly z: {
    readonly buffer: string;
    readonly at: (row: string) => string;
    readonly label?: (row: string) => string;
  };
  readonly rows: Rows;
  /** Where the map lies in the transposes. */
  readonly map: number;
  readonly output: Output;
  /** Most workgroups, and how many rows of its own one takes at once. */
  readonly workgroups: number;
  readonly images: number;
}

/**
 * Makes [z, 1] · M, in place of fc_decode and decoder.0, with the row of M that is
 * the class's.
 */
export function mapped(
  { latentDim, z, rows, map, output, workgroups, images }: Mapped,
): Program {
  const range = (length: number) => Array.from({ length }, (_, i) => i);
  const sums = range(output.sums);
  const lines = (line: (k: number) => string) =>
    range(images).map(line).join("\n      ");
  const first = map / 4;
  const { label } = z;
  const classes = first + (latentDim + 1) * MAP_ROW;
  return program({
    name: MAPPED.name,
    bindings: joined({
      latents: read(z.buffer, "f32"),
      transposes: read("transposes"),
    }, output.bindings),
    threads: THREADS,
    grid: (images) => [Math.min(rows.of(images), workgroups)],
    flops: rows.of(1) * linearFlops(latentDim, ["map"]),
    globals: `${output.globals ?? ""}
var<workgroup> latent: array<f32, ${images * latentDim}>;
${sums.length ? `var<workgroup> partial: array<vec4<f32>, ${THREADS}>;` : ""}`,
    main: `
  let c = thread % ${COLUMNS}u;
  ${sums.map((s) => `var sum${s} = vec4<f32>();`).join("\n  ")}
  for (var first = group.x; first < ${rows.code}; first += ${
      images * workgroups
    }u) {
    for (var i = thread; i < ${images * latentDim}u; i += ${THREADS}u) {
      let image = first + i / ${latentDim}u * ${workgroups}u;
      let row = min(image, ${rows.code} - 1u);
      latent[i] = latents[${z.at("row")} + i % ${latentDim}u];
    }
    workgroupBarrier();${
      label
        ? lines((k) => {
          const row = `first + ${k * workgroups}u`;
          const own = label(`min(${row}, ${rows.code} - 1u)`);
          return `
    let class${k} = ${classes}u + ${own} * ${MAP_ROW}u;`;
        })
        : ""
    }
    for (var i = thread; i < ${MAP_ROW}u; i += ${THREADS}u) {
      let bias = transposes[${first + latentDim * MAP_ROW}u + i];
      ${
      lines((k) =>
        `var value${k} = bias${label ? ` + transposes[class${k} + i]` : ""};`
      )
    }
      for (var d = 0u; d < ${latentDim}u; d++) {
        let w = transposes[${first}u + d * ${MAP_ROW}u + i];
        ${
      lines((k) =>
        `value${k} = fma(vec4(latent[d + ${k * latentDim}u]), w, value${k});`
      )
    }
      }
      ${
      lines((k) =>
        `if (first + ${k * workgroups}u < ${rows.code}) {
        let value = value${k};
        let at = (first + ${k * workgroups}u) * ${MAP_ROW}u + i;
        ${output.store}
      }`
      )
    }
    }
    workgroupBarrier();
  }
  ${sums.map((s) => `var total${s} = vec4<f32>();`).join("\n  ")}
  ${
      sums.map((s) =>
        `partial[thread] = sum${s};
  workgroupBarrier();
  if (thread < ${COLUMNS}u) {
    for (var i = thread; i < ${THREADS}u; i += ${COLUMNS}u) {
      total${s} += partial[i];
    }
  }
  workgroupBarrier();`
      ).join("\n  ")
    }
  ${output.finish ? `if (thread < ${COLUMNS}u) { ${output.finish} }` : ""}`,
  });
}

/**
 * Reads the map's gradient, which lies in `∂map` in parts.
 *
 * @param rows Those of the map.
 * @param parts How many.
 */
export function mapParts(rows: number, parts: number): Input {
  const length = rows * MAP_ROW;
  const terms = Array.from(
    { length: parts },
    (_, part) => `input[at + ${part * length}u]`,
  );
  return {
    bindings: { input: read("∂map") },
    value: `(${terms.join(" + ")})`,
  };
}
