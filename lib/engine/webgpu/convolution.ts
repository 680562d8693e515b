/**
 * The 3×3 convolutions of stride 2 (`down`) and their adjoints (`up`), each for
 * the forward pass of one half of the model and for the input gradients of the
 * other.
 *
 * One workgroup takes one image, or several in turn where the batch is larger
 * than the number of workgroups. It brings the whole input map into workgroup
 * memory, padded, and on the way applies the norm, or the norm's and ReLU's
 * gradient, once to each element. Then each thread computes a tile of places ×
 * columns in registers, with weights from the cache. The tile's size and the
 * most workgroups are all that differs between kinds of adapters.
 *
 * @module
 */
import type { ConvShape } from "../../model/spec.ts";
import { convolutionFlops } from "../stages.ts";
import { type Program, program, read } from "./program.ts";
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
  /** Rows that take the images' place, where their number is always the same. */
  readonly rows?: number;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const lines = <T>(items: T[], line: (item: T, i: number) => string) =>
  items.map(line).join("\n");

/** Makes the convolution from the large side to the small one. */
export function down(convolution: Convolution): Program {
  const { shape, tile, weights } = convolution;
  const { large, small } = shape;
  const lanes = large.channels === 1 ? [""] : [".x", ".y", ".z", ".w"];
  const depth = large.channels / lanes.length;
  const columns = small.channels / 4;
  const width = 2 * small.size + 1;
  const rows = range(tile.places), group = range(tile.columns);
  return staged(convolution, {
    size: large.size,
    width,
    channels: large.channels,
    before: 1,
    places: small.size ** 2,
    outputs: [""],
    columns,
    main: `
  ${
      lines(rows, (r) =>
        `let from${r} = (place${r} / ${small.size}u * ${2 * width}u` +
        ` + place${r} % ${small.size}u * 2u) * ${depth}u;`)
    }
  for (var tap = 0u; tap < 9u; tap++) {
    let beside = (tap / 3u * ${width}u + tap % 3u) * ${depth}u;
    for (var k = 0u; k < ${depth}u; k++) {
      ${lines(rows, (r) => `let a${r} = tile[from${r} + beside + k];`)}
      let w = ${weights.offset / 4}u + column
        + (tap * ${depth}u + k) * ${lanes.length * columns}u;
      ${
      lines(lanes, (lane, i) =>
        lines(group, (g) =>
          `{
        let b = weights[w + ${i * columns + g}u];
        ${
            lines(
              rows,
              (r) => `sum${r}_${g} = fma(vec4(a${r}${lane}), b, sum${r}_${g});`,
            )
          } }`))
    }
    }
  }`,
    store: (r, g) => ({
      value: `sum${r}_${g}`,
      at: `place${r} * ${columns}u + column + ${g}u`,
    }),
  });
}

/**
 * Each place of the small side, its right, lower and diagonal neighbour, and
 * which output of the cell (the 2×2 large places) meets them by which tap.
 */
const NEIGHBOURS = [
  { x: 0, y: 0, taps: [[0, 4], [1, 5], [2, 7], [3, 8]] },
  { x: 1, y: 0, taps: [[1, 3], [3, 6]] },
  { x: 0, y: 1, taps: [[2, 1], [3, 2]] },
  { x: 1, y: 1, taps: [[3, 0]] },
] as const;

/**
 * Makes the adjoint, from the small side to the large one. A thread's places are
 * cells of 2×2 outputs, which the same four inputs make with all nine taps.
 */
export function up(convolution: Convolution): Program {
  const { shape, tile, weights } = convolution;
  const { large, small } = shape;
  const single = large.channels === 1;
  const depth = small.channels / 4;
  const columns = single ? 1 : large.channels / 4;
  const width = small.size + 1;
  const rows = range(tile.places), group = range(tile.columns);
  const lanes = single ? [""] : [".x", ".y", ".z", ".w"];
  return staged(convolution, {
    size: small.size,
    width,
    channels: small.channels,
    before: 0,
    places: small.size ** 2,
    outputs: ["0", "1", "2", "3"],
    columns,
    scalar: single,
    main: `
  ${
      lines(rows, (r) =>
        `let from${r} = (place${r} / ${small.size}u * ${width}u` +
        ` + place${r} % ${small.size}u) * ${depth}u;`)
    }
  for (var k = 0u; k < ${depth}u; k++) {
    let w = ${weights.offset / 4}u + column + k * ${lanes.length * columns}u;
    ${
      lines([...NEIGHBOURS], ({ x, y, taps }) =>
        `{
    ${
          lines(rows, (r) =>
            `let a${r} = tile[from${r} + k + ${(y * width + x) * depth}u];`)
        }
    ${
          lines([...taps], ([output, tap]) =>
            lines(lanes, (lane, i) =>
              lines(group, (g) => {
                const at = (tap * depth * lanes.length + i) * columns + g;
                return `{ let b = weights[w + ${at}u];
      ${
                  lines(rows, (r) => {
                    const sum = `sum${r}_${g}_${output}`;
                    return single
                      ? `${sum} += dot(a${r}, b);`
                      : `${sum} = fma(vec4(a${r}${lane}), b, ${sum});`;
                  })
                } }`;
              })))
        } }`)
    }
  }`,
    store: (r, g, output) => {
      const y = `(place${r} / ${small.size}u * 2u + ${output >> 1}u)`;
      const x = `(place${r} % ${small.size}u * 2u + ${output & 1}u)`;
      return {
        value: `sum${r}_${g}_${output}`,
        at: `(${y} * ${large.size}u + ${x}) * ${columns}u + column + ${g}u`,
        where: large.size % 2
          ? `${y} < ${large.size}u && ${x} < ${large.size}u`
          : undefined,
      };
    },
    perImage: large.size ** 2 * columns,
  });
}

interface Staging {
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

/** Makes what both have in common: staging, the threads' shares, and the sums. */
function staged(
  { name, shape, input, output, weights, tile, workgroups, rows: fixed }:
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
  const count = fixed === undefined ? "job.count" : `${fixed}u`;
  const accumulators = scalar ? "f32" : "vec4<f32>";
  return program({
    name,
    bindings: joined(
      input.bindings,
      { weights: read(weights.buffer) },
      output.bindings,
    ),
    threads,
    grid: (images) => [Math.min(fixed ?? images, most)],
    flops: convolutionFlops(shape),
    globals: `${output.globals ?? ""}${moments?.globals ?? ""}
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
        : `for (var image = group.x; image < ${count}; image += ${most}u) {`
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
