/**
 * How much each thread computes: the one thing that differs between kinds of
 * adapters.
 *
 * @module
 */

/** What a thread computes: so many places (or cells of four) × vec4 columns. */
export interface Tile {
  readonly places: number;
  readonly columns: number;
}

/** The tiles of the threads, for each of the three shapes of convolution. */
export interface Tiling {
  readonly down: readonly Tile[];
  readonly up: readonly Tile[];
  /** In vec4 of channels. */
  readonly filter: readonly {
    readonly large: number;
    readonly small: number;
  }[];
  /** Parts of each filter gradient. */
  readonly splits: readonly number[];
}

/** Many threads, to fill a GPU. */
export const HARDWARE: Tiling = {
  down: [
    { places: 4, columns: 1 },
    { places: 2, columns: 1 },
    { places: 2, columns: 1 },
  ],
  up: [
    { places: 1, columns: 1 },
    { places: 1, columns: 1 },
    { places: 1, columns: 1 },
  ],
  filter: [
    { large: 1, small: 1 },
    { large: 1, small: 1 },
    { large: 1, small: 1 },
  ],
  splits: [256, 64, 32],
};

/** Much work for each thread: on a CPU, loads and barriers are what costs. */
export const SOFTWARE: Tiling = {
  down: [
    { places: 8, columns: 2 },
    { places: 7, columns: 4 },
    { places: 16, columns: 2 },
  ],
  up: [
    { places: 14, columns: 1 },
    { places: 7, columns: 1 },
    { places: 8, columns: 1 },
  ],
  filter: [
    { large: 1, small: 1 },
    { large: 2, small: 2 },
    { large: 8, small: 2 },
  ],
  splits: [32, 16, 8],
};
