/**
 * The gradients of the classes' rows of weights. A one-hot class picks a row, so
 * the gradient of that is the sum over the rows of the batch that have the class:
 * each thread adds up those of a few classes, in the order of the batch, and reads
 * no others.
 *
 * @module
 */
import { blockOf, FEATURE_COUNT, type ModelSpec } from "../../model/spec.ts";
import { MAPPED } from "../stages.ts";
import { span } from "./filter.ts";
import { labelAt } from "./latents.ts";
import { linearRegion, type Split } from "./linear.ts";
import { MAP_ROW, mapRows } from "./map.ts";
import { read, write } from "./program.ts";
import { IMAGES } from "./rows.ts";
import type { FixedShare } from "./shares.ts";
import { declared, type Input } from "./sides.ts";

/**
 * Makes the heads' share, in the parts of {@linkcode linearRegion}.
 *
 * @param mapped Whether fc_decode is a part of the map.
 */
export function headClassesGradient(
  spec: ModelSpec,
  { partials, threads, latents }: Split,
  mapped: boolean,
): FixedShare {
  const heads = 2 * spec.latentDim;
  const { first, length } = linearRegion(spec, mapped);
  const offset = partials.offset + blockOf(spec, "heads.classes").offset -
    first;
  // In vec4, which may end in one class and begin in another.
  const columns = Math.ceil(spec.classCount * heads / 4);
  const across = Math.ceil(columns / threads);
  const lanes = ["x", "y", "z", "w"];
  return {
    bindings: {
      latents: read("latents", "f32"),
      gradients: write("gradients"),
    },
    groups: across * partials.splits,
    main: `
  let column = own % ${across}u * ${threads}u + thread;
  let part = own / ${across}u;
  if (column >= ${columns}u) { return; }
  let element = 4u * column + vec4<u32>(0, 1, 2, 3);
  let classes = element / ${heads}u;
  let heads = element % ${heads}u;
  let span = ${span(partials)};
  let begin = part * span;
  let end = min(begin + span, job.count);
  var sum = vec4<f32>();
  for (var image = begin; image < end; image++) {
    let label = ${labelAt("image", latents)};
    let slopes = image * ${latents.length}u + ${latents.slopes}u;
    ${
      lanes.map((lane) =>
        `if (label == classes.${lane}) { ` +
        `sum.${lane} += latents[slopes + heads.${lane}]; }`
      ).join("\n    ")
    }
  }
  gradients[${offset / 4}u + part * ${length / 4}u + column] = sum;`,
  };
}

/** Makes that of fc_decode. */
export function decodeClassesGradient(
  spec: ModelSpec,
  split: Split,
): FixedShare {
  return {
    bindings: {
      decoded: read("∂fc_decode"),
      latents: read("latents", "f32"),
      gradients: write("gradients"),
    },
    ...classSums(spec, {
      ...split,
      // All at once: what is split, Adam has to add up.
      partials: { offset: 0, splits: 1, units: 1, rows: IMAGES },
    }, {
      columns: FEATURE_COUNT / 4,
      channels: FEATURE_COUNT,
      value: { bindings: {}, value: "decoded[at]" },
      to: "gradients",
      first: `${blockOf(spec, "fc_decode.classes").offset / 4}u`,
    }),
  };
}

/** Makes that of the map, in its parts. */
export function mapClassesGradient(
  spec: ModelSpec,
  gradient: Input,
  split: Split,
): FixedShare {
  const others = (spec.latentDim + 1) * MAP_ROW;
  return {
    bindings: {
      ...gradient.bindings,
      latents: read("latents", "f32"),
      map: write("∂map"),
    },
    ...classSums(spec, split, {
      columns: MAP_ROW,
      channels: MAPPED.shape.large.channels,
      value: gradient,
      to: "map",
      first: `${split.partials.offset / 4 + others}u + part * ${
        mapRows(spec) * MAP_ROW
      }u`,
    }),
  };
}

/** What is summed, and where the classes' rows go. */
interface Summed {
  /** vec4 of a row's value, and channels of a place of it. */
  readonly columns: number;
  readonly channels: number;
  readonly value: Input;
  /** The variable of the buffer, and WGSL for where class 0 begins there. */
  readonly to: string;
  readonly first: string;
}

/** Makes the sums. A thread takes a column of vec4 and some of the classes. */
function classSums(
  { classCount }: ModelSpec,
  { partials, tile, threads, latents }: Split,
  { columns, channels, value, to, first }: Summed,
): Pick<FixedShare, "groups" | "main"> {
  const across = Math.ceil(columns / threads);
  const down = Math.ceil(classCount / tile.rows);
  const { draws } = latents;
  const lines = (line: (r: number) => string) =>
    Array.from({ length: tile.rows }, (_, r) => line(r)).join("\n  ");
  return {
    groups: across * down * partials.splits,
    main: `
  let column = own % ${across}u * ${threads}u + thread;
  let label = own / ${across}u % ${down}u * ${tile.rows}u;
  let part = own / ${across * down}u;
  if (column >= ${columns}u) { return; }
  let c = column % ${channels / 4}u;
  ${declared(value)}
  let span = ${span(partials)};
  let begin = part * span;
  let end = min(begin + span, job.count);
  ${lines((r) => `var sum${r} = vec4<f32>();`)}
  for (var image = begin; image < end; image++) {
    let r = ${labelAt("image", latents)} - label; // wraps for those before
    if (r >= ${tile.rows}u) { continue; }
    for (var row = image * ${draws}u; row < (image + 1u) * ${draws}u; row++) {
      let at = row * ${columns}u + column;
      let value = ${value.value};
      ${lines((r) => `sum${r} += select(vec4<f32>(), value, r == ${r}u);`)}
    }
  }
  let to = ${first} + label * ${columns}u + column;
  ${
      lines((r) => {
        const line = `${to}[to + ${r * columns}u] = sum${r};`;
        return classCount % tile.rows && r
          ? `if (label + ${r}u < ${classCount}u) { ${line} }`
          : line;
      })
    }`,
  };
}
