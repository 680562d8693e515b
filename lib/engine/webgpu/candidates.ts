/**
 * Tilings to try on a GPU. The tables of tiling.ts say what suits kinds of
 * adapters by reasoning; which of its neighbours is faster on one of them, only
 * a measurement tells.
 *
 * @module
 */
import { tilingFault } from "./limits.ts";
import type { Tile, Tiling } from "./tiling.ts";

/** One thing in a tiling that can be chosen by itself. */
export interface TilingPart {
  /** The operation that it is about. */
  readonly name: string;
  /** Words what a tiling has there. */
  readonly text: (tiling: Tiling) => string;
  /** Makes the other tilings to try, which differ there alone and can run. */
  readonly variants: (tiling: Tiling) => Tiling[];
}

/**
 * Makes a part of its candidates.
 *
 * @param change Puts a candidate into a tiling.
 */
export function tilingPart<T>(
  name: string,
  { candidates, text, change }: {
    readonly candidates: readonly T[];
    readonly text: TilingPart["text"];
    readonly change: (tiling: Tiling, candidate: T) => Tiling;
  },
): TilingPart {
  return {
    name,
    text,
    variants: (tiling) =>
      candidates.map((candidate) => change(tiling, candidate))
        .filter((other) =>
          text(other) !== text(tiling) && tilingFault(other) === undefined
        ),
  };
}

/** The layers' shapes, from the image on. */
const SHAPES = ["28 – 14", "14 – 7", "7 – 4"];

/** All pairs. */
function pairs<A, B>(first: readonly A[], second: readonly B[]): [A, B][] {
  return first.flatMap((a) => second.map((b): [A, B] => [a, b]));
}

const tiles = (places: readonly number[], columns: readonly number[]) =>
  pairs(places, columns).map(([places, columns]): Tile => ({
    places,
    columns,
  }));

/**
 * A thread of `down` keeps a vec4 sum for each place and column. Few leave more
 * threads to wait for memory with; many use a weight that was loaded more often.
 * 16 sums are 64 registers, a quarter of what a thread can have on NVIDIA's and
 * AMD's GPUs: beyond, too few threads fit.
 */
const DOWN = tiles([1, 2, 4, 8], [1, 2]);

/** A place of `up` has four sums, so a quarter as many places. */
const UP = tiles([1, 2, 4], [1, 2]);

/** A filter gradient keeps 4 × large × small sums. */
const FILTER = [[1, 1], [1, 2], [2, 1], [2, 2], [4, 1]]
  .map(([large, small]) => ({ large, small }));

/**
 * Nine workgroups to a split: 16 of them fill a small GPU, 256 the largest, and
 * Adam has to add up as many parts.
 */
const SPLITS = [16, 32, 64, 128, 256];

/** From as many workgroups as small GPUs run at a time to four for each core. */
const WORKGROUPS = [32, 64, 128, 256, 512];

/** Rows use a feature that was loaded again, and leave fewer workgroups. */
const LINEAR = pairs([4, 8], [64, 256, 1024])
  .map(([rows, workgroups]) => ({ rows, workgroups }));

/** Images that use a load of the map again, and leave fewer threads to wait. */
const MAPPED_IMAGES = [1, 2, 4];

/** Beyond 8, larger models would have too many workgroups. */
const SLICES = [1, 2, 4, 8];

const put = <T>(list: readonly T[], i: number, value: T): T[] =>
  list.with(i, value);

/** All that is tried, in the order in which it is. */
export const TILING_PARTS: readonly TilingPart[] = [
  ...(["down", "up"] as const).flatMap((key) =>
    SHAPES.map((shape, i) =>
      tilingPart(`${key} ${shape}`, {
        candidates: key === "down" ? DOWN : UP,
        text: (tiling) => `${tiling[key][i].places}×${tiling[key][i].columns}`,
        change: (tiling, tile) => ({
          ...tiling,
          [key]: put(tiling[key], i, tile),
        }),
      })
    )
  ),
  // The first layer's filter gradient has no tile: its image has one channel.
  ...[1, 2].map((i) =>
    tilingPart(`filter ${SHAPES[i]}`, {
      candidates: FILTER,
      text: ({ filter }) => `${filter[i].large}×${filter[i].small}`,
      change: (tiling, tile) => ({
        ...tiling,
        filter: put(tiling.filter, i, tile),
      }),
    })
  ),
  ...SHAPES.map((shape, i) =>
    tilingPart(`splits ${shape}`, {
      candidates: SPLITS,
      text: ({ splits }) => `${splits[i]}`,
      change: (tiling, count) => ({
        ...tiling,
        splits: put(tiling.splits, i, count),
      }),
    })
  ),
  tilingPart("linear", {
    candidates: LINEAR,
    text: ({ linear }) => `${linear.rows} rows, ${linear.workgroups} groups`,
    change: (tiling, linear) => ({ ...tiling, linear }),
  }),
  tilingPart("mapped", {
    candidates: MAPPED_IMAGES,
    text: ({ mapped }) => `${mapped}`,
    change: (tiling, mapped) => ({ ...tiling, mapped }),
  }),
  tilingPart("slices", {
    candidates: SLICES,
    text: ({ slices }) => `${slices}`,
    change: (tiling, slices) => ({ ...tiling, slices }),
  }),
  tilingPart("workgroups", {
    candidates: WORKGROUPS,
    text: ({ workgroups }) => `${workgroups}`,
    change: (tiling, workgroups) => ({ ...tiling, workgroups }),
  }),
];
