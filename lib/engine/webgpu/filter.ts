/**
 * The gradients of the convolutions' weights: a product over all places of the
 * batch, split among workgroups. Each leaves a partial gradient, and Adam adds
 * them up.
 *
 * @module
 */
import type { ConvShape } from "../../model/spec.ts";
import { convolutionFlops } from "../stages.ts";
import { write } from "./program.ts";
import type { Rows } from "./rows.ts";
import { joined, type Share } from "./shares.ts";
import type { Input } from "./sides.ts";

/** Where the partial gradients of some weights lie. */
export interface Partials {
  /** Index of the first in the buffer `gradients`, in float32 elements. */
  readonly offset: number;
  /** At most so many parts. */
  readonly splits: number;
  /** How many units of work a row has. */
  readonly units: number;
  readonly rows: Rows;
}

/** Units of the whole batch, as WGSL. */
export function allUnits({ units, rows }: Partials): string {
  return `(${rows.code} * ${units}u)`;
}

/** Units that a part covers, as WGSL. */
export function span(partials: Partials): string {
  const { splits } = partials;
  return `((${allUnits(partials)} + ${splits - 1}u) / ${splits}u)`;
}

/** What a filter gradient reads, and how its work is shared. */
export interface FilterGradient {
  readonly shape: ConvShape;
  /** Both sides; `value` of each, at the index `at` and channels `c`. */
  readonly large: Input;
  readonly small: Input;
  readonly partials: Partials;
  /** vec4 of large and of small channels that one thread takes. */
  readonly tile: { readonly large: number; readonly small: number };
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/**
 * Prefixes the names of an input, so that a program can have two; but all norms
 * lie in one buffer.
 */
function prefixed(
  { bindings, constants = {}, value }: Input,
  prefix: string,
): {
  bindings: Input["bindings"];
  /** Declares the constants of channels `c`, for `value` with the same `i`. */
  constants: (c: string, i?: number) => string;
  value: (at: string, i?: number) => string;
} {
  const rename = (code: string, i: number, own: Record<string, string>) =>
    code.replaceAll(
      /[a-z_]\w*/g,
      (word) =>
        own[word] ??
          (word in constants
            ? `${prefix}_${word}${i}`
            : word in bindings && word !== "norm"
            ? `${prefix}_${word}`
            : word),
    );
  return {
    bindings: Object.fromEntries(
      Object.entries(bindings)
        .map(([name, binding]) => [
          name === "norm" ? name : `${prefix}_${name}`,
          binding,
        ]),
    ),
    constants: (c, i = 0) =>
      Object.entries(constants).map(([name, value]) =>
        `let ${prefix}_${name}${i} = ${rename(value, i, { c })};`
      ).join("\n"),
    value: (at, i = 0) => rename(value, i, { at }),
  };
}

/** Returns the threads of a workgroup of either filter gradient. */
export function filterThreads(
  { large, small }: ConvShape,
  tile: FilterGradient["tile"],
): number {
  return large.channels === 1
    ? small.size * small.channels / 4
    : small.channels / 4 / tile.small * (large.channels / 4 / tile.large);
}

/**
 * Makes ∂weight[tap, l, s] = Σ large[2p − 1 + tap, l] · small[p, s], in parts. A
 * workgroup takes one tap.
 */
export function filterGradient(
  { shape, large, small, partials, tile }: FilterGradient,
): Share {
  const { size, channels } = shape.large;
  const places = shape.small.size;
  const largeDepth = channels / 4, smallDepth = shape.small.channels / 4;
  const across = smallDepth / tile.small;
  const rows = range(tile.large), group = range(tile.small);
  const lanes = ["x", "y", "z", "w"];
  const l = prefixed(large, "large"), s = prefixed(small, "small");
  const each = <T>(line: (r: number, lane: string, g: number) => T): T[] =>
    rows.flatMap((r) =>
      lanes.flatMap((lane) => group.map((g) => line(r, lane, g)))
    );
  return {
    bindings: joined(
      l.bindings,
      s.bindings,
      { gradients: write("gradients") },
    ),
    groups: (images) => 9 * parts(images, partials),
    flops: partials.rows.of(1) * convolutionFlops(shape),
    main: `
  let tap = own % 9u;
  let part = own / 9u;
  let ky = tap / 3u;
  let kx = tap % 3u;
  let column = thread % ${across}u * ${tile.small}u;
  let row = thread / ${across}u * ${tile.large}u;
  ${each((r, lane, g) => `var sum${r}${lane}${g} = vec4<f32>();`).join("\n  ")}
  ${rows.map((r) => l.constants(`(row + ${r}u)`, r)).join("\n  ")}
  ${group.map((g) => s.constants(`(column + ${g}u)`, g)).join("\n  ")}
  // Places whose tap lies inside the large side.
  let low = vec2(select(0u, 1u, ky == 0u), select(0u, 1u, kx == 0u));
  let high = min(
    (vec2(${size}u) - vec2(ky, kx)) / 2u + 1u, vec2(${places}u)
  );
  let span = ${span(partials)};
  let end = min((part + 1u) * span, ${allUnits(partials)});
  for (var unit = part * span; unit < end; unit++) {
    let y = unit % ${places}u;
    if (y < low.x || y >= high.x) { continue; }
    let beside = (unit / ${places}u * ${size}u + 2u * y + ky - 1u) * ${size}u
      + kx - 1u;
    for (var x = low.y; x < high.y; x++) {
      let there = (beside + 2u * x) * ${largeDepth}u + row;
      let here = (unit * ${places}u + x) * ${smallDepth}u + column;
      ${
      group.map((g) => `let b${g} = ${s.value(`(here + ${g}u)`, g)};`).join(
        "\n      ",
      )
    }
      ${
      rows.map((r) => `let a${r} = ${l.value(`(there + ${r}u)`, r)};`).join(
        "\n      ",
      )
    }
      ${
      each((r, lane, g) =>
        `sum${r}${lane}${g} = fma(vec4(a${r}.${lane}), b${g}, ` +
        `sum${r}${lane}${g});`
      ).join("\n      ")
    }
    }
  }
  let to = ${partials.offset / 4}u + column
    + own * ${channels * smallDepth}u + row * ${4 * smallDepth}u;
  ${
      each((r, lane, g) => {
        const at = (4 * r + lanes.indexOf(lane)) * smallDepth + g;
        return `gradients[to + ${at}u] = sum${r}${lane}${g};`;
      }).join("\n  ")
    }`,
  };
}

/**
 * Makes the same where the large side has one channel, and an even size. A thread
 * takes one place of each row, for all taps; then the workgroup's sums meet.
 */
export function singleFilterGradient(
  { shape, large, small, partials }: Omit<FilterGradient, "tile">,
): Share {
  const { size } = shape.large;
  const places = shape.small.size;
  const columns = shape.small.channels / 4;
  const threads = places * columns;
  const taps = range(9).map((tap) => ({
    tap,
    ky: Math.floor(tap / 3),
    kx: tap % 3,
  }));
  const l = prefixed(large, "large"), s = prefixed(small, "small");
  return {
    bindings: joined(
      l.bindings,
      s.bindings,
      { gradients: write("gradients") },
    ),
    groups: (images) => parts(images, partials),
    flops: partials.rows.of(1) * convolutionFlops(shape),
    globals: [
      `var<workgroup> taps: array<vec4<f32>, ${9 * threads}>;`,
    ],
    main: `
  let column = thread % ${columns}u;
  let x = thread / ${columns}u;
  ${s.constants("column")}
  ${taps.map(({ tap }) => `var sum${tap} = vec4<f32>();`).join("\n  ")}
  let span = ${span(partials)};
  let end = min((own + 1u) * span, ${allUnits(partials)});
  for (var unit = own * span; unit < end; unit++) {
    let here = (unit * ${places}u + x) * ${columns}u + column;
    let b = ${s.value("here")};
    let isInside = vec2(unit % ${places}u > 0u, x > 0u);
    // The tap in the middle; a small row lies beside two large ones.
    let middle = unit * ${2 * size}u + 2u * x;
    ${
      taps.map(({ tap, ky, kx }) => {
        const inside = [
          ...ky === 0 ? ["isInside.x"] : [],
          ...kx === 0 ? ["isInside.y"] : [],
        ].join(" && ");
        const to = (ky - 1) * size + kx - 1;
        const at = to < 0 ? `middle - ${-to}u` : `middle + ${to}u`;
        const a = inside
          ? `select(0.0, ${
            l.value(`select(middle, ${at}, ${inside})`)
          }, ${inside})`
          : l.value(at);
        return `sum${tap} = fma(vec4(${a}), b, sum${tap});`;
      }).join("\n    ")
    }
  }
  ${
      taps.map(({ tap }) => `taps[thread * 9u + ${tap}u] = sum${tap};`)
        .join("\n  ")
    }
  for (var live = ${places}u; live > 1u;) {
    workgroupBarrier();
    let half = (live + 1u) / 2u;
    if (x + half < live) {
      for (var tap = thread * 9u; tap < thread * 9u + 9u; tap++) {
        taps[tap] += taps[tap + half * ${9 * columns}u];
      }
    }
    live = half;
  }
  workgroupBarrier();
  // The sums of the first ${columns} threads, in the order of the weights.
  for (var i = thread; i < ${9 * columns}u; i += ${threads}u) {
    gradients[${partials.offset / 4}u + own * ${9 * columns}u + i] =
      taps[i % ${columns}u * 9u + i / ${columns}u];
  }`,
  };
}

/** Returns how many parts a batch has. */
function parts(images: number, { units, splits, rows }: Partials): number {
  const all = rows.of(images) * units;
  return Math.ceil(all / Math.ceil(all / splits));
}
