/**
 * The 3×3 convolutions of stride 2 (`down`) and their adjoints (`up`), each for
 * the forward pass of one half of the model and for the input gradients of the
 * other. How the work is shared is in staging.ts.
 *
 * @module
 */
import type { Program } from "./program.ts";
import { type Convolution, lines, range, staged } from "./staging.ts";

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
