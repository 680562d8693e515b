/**
 * The gradients of the linear layers' weights and biases: sums over the images
 * of the batch, in parts. (Forward and input gradients are in latent.ts.)
 *
 * @module
 */
import { FEATURE_COUNT, type ModelSpec, offsetOf } from "../../model/spec.ts";
import { linearFlops, type Norm } from "../stages.ts";
import { type Partials, span } from "./filter.ts";
import { latentRow } from "./latent.ts";
import { coefficient } from "./norm.ts";
import { read, write } from "./program.ts";
import type { FixedShare } from "./shares.ts";
import type { LinearTile } from "./tiling.ts";

const COLUMNS = FEATURE_COUNT / 4;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Where the linear layers' parameters lie in the arena: together. */
export function linearRegion(
  spec: ModelSpec,
): { first: number; length: number } {
  const first = offsetOf(spec, "fc_mu.weight");
  const end = offsetOf(spec, "fc_decode.bias") + FEATURE_COUNT;
  return { first, length: end - first };
}

/** How the work is shared: blocks of rows and of columns. */
function blocks(latentDim: number, { rows }: LinearTile, threads: number) {
  const heads = Math.ceil(2 * latentDim / rows);
  const columns = Math.ceil(COLUMNS / threads);
  return {
    heads,
    columns,
    all: columns * (heads + Math.ceil(latentDim / rows)),
  };
}

/** Returns into how many parts the images are split to fill an adapter. */
export function linearSplits(
  latentDim: number,
  tile: LinearTile,
  threads: number,
): number {
  const { all } = blocks(latentDim, tile, threads);
  return Math.max(1, Math.floor(tile.workgroups / all));
}

/**
 * Makes both layers' gradients. A thread takes a column of four features and
 * some rows of the joint weights: first the heads', then the decoder's. The
 * features' norm is applied to the sum:
 * Σ (h·scale + shift)·d = scale·Σ h·d + shift·Σ d.
 */
export function linearGradients(
  spec: ModelSpec,
  norm: Norm,
  activations: string,
  partials: Partials,
  tile: LinearTile,
  threads: number,
): FixedShare {
  const { latentDim } = spec;
  const heads = 2 * latentDim;
  const row = latentRow(latentDim);
  const shares = blocks(latentDim, tile, threads);
  const rows = range(tile.rows);
  const { first, length } = linearRegion(spec);
  const at = (name: string) => (offsetOf(spec, name) - first) / 4;
  const lines = (line: (r: number) => string) => rows.map(line).join("\n    ");
  /** Runs a statement for each row that is there, of `count` rows. */
  const stored = (count: number, line: (r: number) => string) =>
    lines((r) =>
      count % tile.rows && r
        ? `if (row + ${r}u < ${count}u) { ${line(r)} }`
        : line(r)
    );
  const loop = (
    buffer: string,
    count: number,
    offset: number,
    total: (r: number) => string,
  ) => `
    ${lines((r) => `let from${r} = min(row + ${r}u, ${count - 1}u);`)}
    for (var image = begin; image < end; image++) {
      let value = ${buffer}[image * ${COLUMNS}u + column];
      let own_row = image * ${row.length}u + ${offset}u;
      ${
    lines((r) =>
      `let d${r} = latents[own_row + from${r}];
      sum${r} = fma(value, vec4(d${r}), sum${r});
      ${total(r)}`
    )
  }
    }`;
  return {
    bindings: {
      activations: read(activations),
      norm: read("running"),
      latents: read("latents", "f32"),
      decoded: read("∂fc_decode"),
      gradients: write("gradients"),
    },
    groups: shares.all * partials.splits,
    flops: linearFlops(latentDim),
    main: `
  let column = own % ${shares.columns}u * ${threads}u + thread;
  let block = own / ${shares.columns}u % ${shares.all / shares.columns}u;
  let part = own / ${shares.all}u;
  let span = ${span(partials)};
  let begin = part * span;
  let end = min(begin + span, job.count);
  let to = ${partials.offset / 4}u + part * ${length / 4}u;
  ${lines((r) => `var sum${r} = vec4<f32>();`)}
  if (column >= ${COLUMNS}u) { return; }
  if (block < ${shares.heads}u) {
    let row = block * ${tile.rows}u;
    ${lines((r) => `var total${r} = 0.0;`)}
    ${
      loop(
        "activations",
        heads,
        row.slopes,
        (r) => `total${r} += d${r};`,
      )
    }
    let c = column % ${norm.channels / 4}u;
    let scale = ${coefficient(norm, "scale", "c")};
    let shift = ${coefficient(norm, "shift", "c")};
    // Four features of each head: adam() knows of it.
    let weight = to + column * ${heads}u + row;
    ${
      stored(heads, (r) =>
        `gradients[weight + ${r}u] = fma(sum${r}, scale, shift * total${r});`)
    }
    if (column == 0u) {
      let bias = to + ${at("fc_mu.bias")}u + row / 4u;
      ${
      range(tile.rows / 4).map((i) =>
        `if (row + ${4 * i}u < ${heads}u) {
        gradients[bias + ${i}u] = vec4(${
          range(4).map((k) => 4 * i + k).map((r) =>
            `select(0.0, total${r}, row + ${r}u < ${heads}u)`
          ).join(", ")
        });
      }`
      ).join("\n      ")
    }
    }
  } else {
    let row = (block - ${shares.heads}u) * ${tile.rows}u;
    var total = vec4<f32>();
    ${loop("decoded", latentDim, row.z, (r) => r ? "" : "total += value;")}
    let weight = to + ${at("fc_decode.weight")}u + row * ${COLUMNS}u + column;
    ${
      stored(latentDim, (r) =>
        `gradients[weight + ${r * COLUMNS}u] = sum${r};`)
    }
    if (row == 0u) {
      gradients[to + ${at("fc_decode.bias")}u + column] = total;
    }
  }`,
  };
}
