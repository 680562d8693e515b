/**
 * The gradients of the linear layers' weights and biases: sums over the images
 * of the batch, in parts. (Forward is in latent.ts, the input gradients in
 * latent_backward.ts.)
 *
 * @module
 */
import { FEATURE_COUNT, type ModelSpec, offsetOf } from "../../model/spec.ts";
import { linearFlops, MAPPED, type Norm } from "../stages.ts";
import { type Partials, span } from "./filter.ts";
import { type LatentRow, zAt } from "./latents.ts";
import { MAP_ROW, mapRows } from "./map.ts";
import { coefficient } from "./norm.ts";
import { read, write } from "./program.ts";
import type { FixedShare } from "./shares.ts";
import { declared, type Input } from "./sides.ts";
import type { LinearTile } from "./tiling.ts";

const COLUMNS = FEATURE_COUNT / 4;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/**
 * Where the parameters whose gradients are made here lie in the arena: together.
 *
 * @param mapped Whether fc_decode is a part of the map, and has none here.
 */
export function linearRegion(
  spec: ModelSpec,
  mapped: boolean,
): { first: number; length: number } {
  const first = offsetOf(spec, "fc_mu.weight");
  const end = mapped
    ? offsetOf(spec, "fc_decode.weight")
    : offsetOf(spec, "fc_decode.bias") + FEATURE_COUNT;
  return { first, length: end - first };
}

/** Returns into how many parts the images are split to fill an adapter. */
export function linearSplits(
  latentDim: number,
  { rows, workgroups }: LinearTile,
  threads: number,
): number {
  const blocks = Math.ceil(2 * latentDim / rows) + Math.ceil(latentDim / rows);
  const all = blocks * Math.ceil(COLUMNS / threads);
  return Math.max(1, Math.floor(workgroups / all));
}

/** How a gradient's work is shared, and where its parts lie. */
export interface Split {
  readonly partials: Partials;
  readonly tile: LinearTile;
  /** Threads of a workgroup. */
  readonly threads: number;
  readonly latents: LatentRow;
}

/** A product over rows of the batch: some numbers of each, times its `value`. */
interface Product extends Split {
  /** Rows of the batch for each image, by which it is split. */
  readonly each: number;
  /** Rows of the weights: so many numbers in `latents` for each of these. */
  readonly rows: number;
  /** WGSL for where those of the row `image` begin. */
  readonly factors: string;
  /** vec4 of an image's value, and of a place of it. */
  readonly columns: number;
  readonly channels: number;
  readonly value: Input;
  /** Declares what else is summed, and adds the factor `d` or `value`. */
  readonly total: (r: number) => readonly [declare: string, add: string];
  /** Statements with the sums; `row` is the first of them. */
  readonly store: string;
}

/** Makes a product. A thread takes a column of vec4 and some of the rows. */
function product(
  { partials, tile, threads, each, rows: count, factors, total, ...of }:
    Product,
): Pick<FixedShare, "groups" | "main"> {
  const across = Math.ceil(of.columns / threads);
  const down = Math.ceil(count / tile.rows);
  const times = each === 1 ? "" : ` * ${each}u`;
  const lines = (line: (r: number) => string) =>
    range(tile.rows).map(line).join("\n    ");
  return {
    groups: across * down * partials.splits,
    main: `
  let column = own % ${across}u * ${threads}u + thread;
  let row = own / ${across}u % ${down}u * ${tile.rows}u;
  let part = own / ${across * down}u;
  let span = ${span(partials)};
  let begin = part * span;
  let end = min(begin + span, job.count);
  if (column >= ${of.columns}u) { return; }
  let c = column % ${of.channels / 4}u;
  ${declared(of.value)}
  ${
      lines((r) =>
        `var sum${r} = vec4<f32>();
    let from${r} = min(row + ${r}u, ${count - 1}u);
    ${total(r)[0]}`
      )
    }
  for (var image = begin${times}; image < end${times}; image++) {
    let at = image * ${of.columns}u + column;
    let value = ${of.value.value};
    let latent = ${factors};
    ${
      lines((r) =>
        `let d${r} = latents[latent + from${r}];
    sum${r} = fma(value, vec4(d${r}), sum${r});
    ${total(r)[1]}`
      )
    }
  }
  ${of.store}`,
  };
}

/** Writes a statement for each row of a block that is there, of `count` rows. */
function stored(
  tile: LinearTile,
  count: number,
  line: (r: number) => string,
): string {
  return range(tile.rows).map((r) =>
    count % tile.rows && r
      ? `if (row + ${r}u < ${count}u) { ${line(r)} }`
      : line(r)
  ).join("\n    ");
}

/**
 * Makes the heads' gradient. The features' norm is applied to the sum:
 * Σ (h·scale + shift)·d = scale·Σ h·d + shift·Σ d.
 */
export function headsGradient(
  spec: ModelSpec,
  norm: Norm,
  activations: string,
  split: Split,
  mapped: boolean,
): FixedShare {
  const { tile, partials, latents } = split;
  const heads = 2 * spec.latentDim;
  const { first, length } = linearRegion(spec, mapped);
  const bias = (offsetOf(spec, "fc_mu.bias") - first) / 4;
  return {
    bindings: {
      features: read(activations),
      norm: read("running"),
      latents: read("latents", "f32"),
      gradients: write("gradients"),
    },
    flops: linearFlops(spec.latentDim, ["heads"]),
    ...product({
      ...split,
      each: 1,
      rows: heads,
      factors: `image * ${latents.length}u + ${latents.slopes}u`,
      columns: COLUMNS,
      channels: norm.channels,
      value: { bindings: {}, value: "features[at]" },
      total: (r) => [`var total${r} = 0.0;`, `total${r} += d${r};`],
      store: `
    let to = ${partials.offset / 4}u + part * ${length / 4}u;
    let scale = ${coefficient(norm, "scale", "c")};
    let shift = ${coefficient(norm, "shift", "c")};
    // Four features of each head: adam() knows of it.
    let weight = to + column * ${heads}u + row;
    ${
        stored(tile, heads, (r) =>
          `gradients[weight + ${r}u] = fma(sum${r}, scale, shift * total${r});`)
      }
    if (column == 0u) {
      let bias = to + ${bias}u + row / 4u;
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
    }`,
    }),
  };
}

/** Makes the gradient of fc_decode. */
export function decodeGradient(spec: ModelSpec, split: Split): FixedShare {
  const { first, length } = linearRegion(spec, false);
  const weight = (offsetOf(spec, "fc_decode.weight") - first) / 4;
  return {
    bindings: {
      decoded: read("∂fc_decode"),
      latents: read("latents", "f32"),
      gradients: write("gradients"),
    },
    flops: split.latents.draws * linearFlops(spec.latentDim, ["fc_decode"]),
    ...affine(spec, split, {
      columns: COLUMNS,
      channels: FEATURE_COUNT,
      value: { bindings: {}, value: "decoded[at]" },
      to: "gradients",
      first: `${split.partials.offset / 4}u + part * ${
        length / 4
      }u + ${weight}u`,
    }),
  };
}

/**
 * Makes the gradient of the map, [z, 1]ᵀ · `gradient`, in parts in `∂map`. That
 * of the classes' rows is in class_gradients.ts.
 *
 * @param gradient What arrives at decoder.0's output, before its ReLU.
 */
export function mapGradient(
  spec: ModelSpec,
  gradient: Input,
  split: Split,
): FixedShare {
  return {
    bindings: {
      ...gradient.bindings,
      latents: read("latents", "f32"),
      map: write("∂map"),
    },
    flops: split.latents.draws * linearFlops(spec.latentDim, ["map"]),
    ...affine(spec, split, {
      columns: MAP_ROW,
      channels: MAPPED.shape.large.channels,
      value: gradient,
      to: "map",
      first: `${split.partials.offset / 4}u + part * ${
        mapRows(spec) * MAP_ROW
      }u`,
    }),
  };
}

/** Makes the product of z with the value, and below it the value's own sum. */
function affine(
  spec: ModelSpec,
  split: Split,
  { to, first, columns, ...of }:
    & Pick<Product, "columns" | "channels" | "value">
    & { to: string; first: string },
): Pick<FixedShare, "groups" | "main"> {
  const { latentDim } = spec;
  return product({
    ...split,
    ...of,
    columns,
    each: split.latents.draws,
    rows: latentDim,
    factors: zAt("image", split.latents),
    total: (r) =>
      r ? ["", ""] : ["var total = vec4<f32>();", "total += value;"],
    store: `
    let to = ${first} + column;
    ${
      stored(
        split.tile,
        latentDim,
        (r) => `${to}[to + (row + ${r}u) * ${columns}u] = sum${r};`,
      )
    }
    if (row == 0u) { ${to}[to + ${latentDim * columns}u] = total; }`,
  });
}
