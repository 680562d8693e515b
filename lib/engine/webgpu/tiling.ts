/**
 * How much each thread computes: the one thing that differs between kinds of
 * adapters.
 *
 * @module
 */

/** What a thread computes: so many places (or cells of four) × vec4 columns. */
export interface Tile {
  /** Places of the smaller side; of `up`, each has 2×2 outputs. */
  readonly places: number;
  /** vec4 of channels. */
  readonly columns: number;
}

/** How the linear layers' gradients are shared. */
export interface LinearTile {
  /** Rows of the weights that one thread takes, a multiple of four. */
  readonly rows: number;
  /** Workgroups that are wanted: the images are split for them. */
  readonly workgroups: number;
}

/** The tiles of the threads, for each of the three shapes of convolution. */
export interface Tiling {
  /** From the larger side to the smaller. */
  readonly down: readonly Tile[];
  /** From the smaller side to the larger. */
  readonly up: readonly Tile[];
  /** Filter gradients, in vec4 of the channels of both sides. */
  readonly filter: readonly {
    readonly large: number;
    readonly small: number;
  }[];
  /** Parts of each filter gradient. */
  readonly splits: readonly number[];
  /** Most workgroups of a convolution, each of which leaves sums for the norm. */
  readonly workgroups: number;
  /** The linear layers' gradients. */
  readonly linear: LinearTile;
  /** Images whose z a thread takes through the map at once. */
  readonly mapped: number;
  /** Threads that share the partial gradients of four weights. */
  readonly slices: number;
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
  // Each workgroup of the next layer adds up the sums of all: more of them make
  // that dear, fewer leave a large GPU idle.
  workgroups: 256,
  // A feature that is loaded serves four rows; at 12 dimensions only 18
  // workgroups come of that, so the images are split.
  linear: { rows: 4, workgroups: 256 },
  mapped: 1,
  // One thread would go through the 256 parts of a first layer's weights.
  slices: 4,
};

/**
 * Much work for each thread: on a CPU, loads and barriers are what costs. The
 * tiles end where llvmpipe's compiler takes minutes for larger ones.
 */
export const SOFTWARE: Tiling = {
  down: [
    { places: 14, columns: 4 },
    { places: 13, columns: 4 },
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
  // Enough for the cores, and few sums for the next layer to add up.
  workgroups: 16,
  // One part: what is split, Adam has to add up.
  linear: { rows: 12, workgroups: 1 },
  mapped: 4,
  slices: 1,
};
