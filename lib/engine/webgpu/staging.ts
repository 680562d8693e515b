/**
 * What both directions of the convolutions have in common. One workgroup takes
 * one image, or several in turn where the batch is larger than the number of
 * workgroups. It brings the whole input map into workgroup memory, padded, and on
 * the way applies the norm, or the norm's and ReLU's gradient, once to each
 * element. Then each thread computes a tile of places × columns in registers,
 * with weights from the cache. The tile's size and the most workgroups are all
 * that differs between kinds of adapters.
 *
 * @module
 */
import type { ConvShape } from "../../model/spec.ts";
import { convolutionFlops } from "../stages.ts";
import { type Program, program, read } from "./program.ts";
import type { Rows } from "./rows.ts";
import { joined } from "./shares.ts";
import { declared, type Input, type Output } from "./sides.ts";
import type { Tile } from "./tiling.ts";

/** What a convolution reads and writes. */
export interface Convolution {
  readonly name: string;
  readonly shape: ConvShape;
  readonly input: Input;
  readonly output: Output;
  /**
   * The weights: their buffer, and where they start in it. `down` wants them as
   * [3, 3, large, small], `up` as [3, 3, small, large].
   */
  readonly weights: { readonly buffer: string; readonly offset: number };
  readonly tile: Tile;
  /** Most workgroups. */
  readonly workgroups: number;
  /** The images, or what takes their place. */
  readonly rows: Rows;
}

/** Returns 0 … n − 1. */
export const range = (n: number) => Array.from({ length: n }, (_, i) => i);
/** Writes a line for each item. */
export const lines = <T>(items: T[], line: (item: T, i: number) => string) =>
  items.map(line).join("\n");

/** What differs between them. */
export interface Staging {
  /** The input map: pixels along a side, channels, and with its padding. */
  readonly size: number;
  readonly width: number;
  readonly channels: number;
  /** Rows and columns of padding before the map. */
  readonly before: number;
  /** Places that threads share out, and names of each one's outputs. */
  readonly places: number;
  readonly outputs: string[];
  /** Columns of the result, in vec4, or one if `scalar`. */
  readonly columns: number;
  readonly scalar?: boolean;
  readonly main: string;
  readonly store: (place: number, column: number, output: number) => {
    value: string;
    at: string;
    where?: string;
  };
  /** Elements of an image of the result. */
  readonly perImage?: number;
}

/** Makes a convolution: staging, the threads' shares, and the sums. */
export function staged(
  { name, shape, input, output, weights, tile, workgroups, rows: all }:
    Convolution,
  staging: Staging,
): Program {
  const { size, width, channels, before, places, columns } = staging;
  const { perImage = places * columns, scalar = false, outputs } = staging;
  const rows = range(tile.places), group = range(tile.columns);
  const depth = Math.max(1, channels / 4);
  const type = channels === 1 ? "f32" : "vec4<f32>";
  const across = columns / tile.columns; // threads side by side
  const along = Math.ceil(places / tile.places);
  const threads = across * along;
  const sums = range(output.sums);
  const kept = threads * tile.columns * sums.length;
  // Once the map has been read, its memory serves for the sums.
  const inPlace = channels > 1;
  const map = width * width * depth;
  const memory = inPlace ? "tile" : "partial";
  const { moments } = input;
  const scratch = moments?.scratch(threads) ?? 0;
  const most = output.single ? Infinity : workgroups;
  const accumulators = scalar ? "f32" : "vec4<f32>";
  return program({
    name,
    bindings: joined(
      input.bindings,
      { weights: read(weights.buffer) },
      output.bindings,
    ),
    threads,
    grid: (images) => [Math.min(all.of(images), most)],
    flops: all.of(1) * convolutionFlops(shape),
    globals: `${output.globals ?? ""}${moments?.globals ?? ""}${
      input.globals ?? ""
    }
var<workgroup> tile: array<${type}, ${
      inPlace ? Math.max(map, kept, scratch) : map
    }>;
${
      !inPlace && kept
        ? `var<workgroup> partial: array<vec4<f32>, ${kept}>;`
        : ""
    }`,
    main: `
  ${moments?.code(threads, "tile") ?? ""}
  let column = thread % ${across}u * ${tile.columns}u;
  let share = thread / ${across}u;
  ${
      lines(
        rows,
        (r) =>
          `let own${r} = share + ${r * along}u;
  let place${r} = min(own${r}, ${places - 1}u);`,
      )
    }
  ${
      lines(group, (g) =>
        lines(sums, (s) => `var total${s}_${g} = vec4<f32>();`))
    }
  ${
      output.single
        ? `let image = group.x;
  {`
        : `for (var image = group.x; image < ${all.code}; image += ${most}u) {`
    }
    for (var i = thread; i < ${map}u; i += ${threads}u) {
      let c = i % ${depth}u;
      let y = i / ${width * depth}u - ${before}u;
      let x = i / ${depth}u % ${width}u - ${before}u;
      var value = ${type}();
      if (y < ${size}u && x < ${size}u) { // also false for −1
        let at = ((image * ${size}u + y) * ${size}u + x) * ${depth}u + c;
        ${declared(input)}
        value = ${input.value};
        ${input.keep ?? ""}
      }
      tile[i] = value;
    }
    workgroupBarrier();
    ${
      lines(rows, (r) =>
        lines(group, (g) =>
          lines(outputs, (o) =>
            `var sum${r}_${g}${o && `_${o}`} = ${accumulators}();`)))
    }
    ${staging.main}
    ${
      lines(group, (g) =>
        `{
      let c = column + ${g}u;
      ${lines(sums, (s) => `var sum${s} = total${s}_${g};`)}
      ${
          lines(rows, (r) =>
            lines(outputs, (_, o) => {
              const { value, at, where } = staging.store(r, g, o);
              const conditions = [
                ...(r + 1) * along > places ? [`own${r} < ${places}u`] : [],
                ...where ? [where] : [],
              ];
              return `${
                conditions.length ? `if (${conditions.join(" && ")})` : ""
              } {
        let at = image * ${perImage}u + ${at};
        let value = ${value};
        ${output.store}
      }`;
            }))
        }
      ${lines(sums, (s) => `total${s}_${g} = sum${s};`)}
    }`)
    }
    workgroupBarrier();
  }
  ${
      sums.length
        ? `
  let mine = thread * ${tile.columns * sums.length}u;
  ${
          lines(group, (g) =>
            lines(sums, (s) =>
              `${memory}[mine + ${g * sums.length + s}u] = total${s}_${g};`))
        }
  for (var live = ${along}u; live > 1u;) {
    workgroupBarrier();
    let half = (live + 1u) / 2u;
    if (share + half < live) {
      let other = mine + half * ${across * tile.columns * sums.length}u;
      for (var i = 0u; i < ${tile.columns * sums.length}u; i++) {
        ${memory}[mine + i] += ${memory}[other + i];
      }
    }
    live = half;
  }
  if (share == 0u) {
    ${
          lines(group, (g) =>
            `{
      let c = column + ${g}u;
      ${
              lines(sums, (s) =>
                `let total${s} = ${memory}[mine + ${g * sums.length + s}u];`)
            }
      ${output.finish ?? ""}
    }`)
        }
  }`
        : ""
    }`,
  });
}
