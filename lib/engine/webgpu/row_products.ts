/**
 * Products of one vector in workgroup memory with many rows of weights.
 *
 * @module
 */
import { FEATURE_COUNT } from "../../model/spec.ts";

/** Threads of a workgroup: each has one vec4 of the features. */
export const LATENT_THREADS = FEATURE_COUNT / 4;

/** Threads that share the products of four rows. */
const SLICES = 32;

/** Rows [n, width] of weights: their buffer, and where they start in it. */
export interface Weights {
  readonly buffer: string;
  readonly offset: number;
}

/**
 * Writes the products of `tile` with rows of weights: those of a thread with
 * four rows at once, so that it loads each element for all of them. The program
 * has `partial`, a vec4 of workgroup memory for each thread.
 *
 * @param width vec4 of a row.
 * @param use Statements with the product `sum` of row `n`, which is always the
 * same thread's.
 */
export function overRows(
  rows: number,
  width: number,
  { buffer, offset }: Weights,
  use: string,
): string {
  const each = Math.min(Math.ceil(rows / 4), LATENT_THREADS / SLICES);
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
