/**
 * The words that the engine writes and its kernels read, each stated once.
 * `deno task build:kernels` writes `assemblyscript/words.ts` from these lists.
 *
 * @module
 */

/** The kernels; a record names one by its place in this list. */
export const KERNELS = [
  ...["gather", "gatherDrawn"] as const,
  ...["down", "up", "filterGradient"] as const,
  ...["downEdge", "upEdge", "edgeGradient"] as const,
  ...["linear", "linearGradient"] as const,
  ...["sums", "moments", "inferenceMoments"] as const,
  ...["normalise", "normGradient", "normBackward"] as const,
  ...["noise", "reparameterise", "latentTotals", "latentBackward"] as const,
  ...["densities", "totalCorrelation"] as const,
  ...["totalCorrelationBackward"] as const,
  ...["loss", "lossTotal", "score", "sigmoid"] as const,
  ...["importance", "weigh"] as const,
  ...["reduce", "adam", "pack", "foldBias"] as const,
];

/** The name of a kernel. */
export type Kernel = typeof KERNELS[number];

/** Sizes of what the work is cut into. */
export const SIZE = {
  /**
   * Images, or in the decoder draws of z, in one shard: the unit of work and of
   * partial sums.
   */
  shard: 8,
  /** Columns in one panel of packed weights: two vectors. */
  panel: 8,
  /** Elements in one unit of work of a flat pass. */
  block: 4096,
} as const;

/** Byte addresses of what threads share, each on a cache line of its own. */
export const ADDRESS = {
  /** Counts the jobs; threads wait for it to change. */
  job: 64,
  /** How many threads have reached the barrier. */
  arrived: 128,
  /** Counts the barriers passed; threads wait for it to change. */
  passed: 192,
  /** How many workers have started. */
  workers: 256,
  /** Set to 1 by a worker that fails, and by a thread that waited in vain. */
  failed: 320,
  /** Set to 1 to end the workers. */
  stop: 384,
  /** Next unit of work of each phase; at most 64 phases. */
  units: 448,
  /** The parameters of the job: the fields of `JOB`. */
  parameters: 1024,
  /** The last words of a worker that failed, as text that zeros end. */
  lastWords: 1536,
  /** The first byte that is free. */
  free: 2048,
} as const;

/** The types of a word, as AssemblyScript calls them. */
type Word = "i32" | "u32" | "usize" | "f32";

/** The fields of a record, in their order. */
type Layout = Readonly<Record<string, Word>>;

/**
 * One operation. An operand is a base address, the bytes from one image to the
 * next and, for a buffer that holds one shard of each thread, the bytes from
 * thread to thread.
 */
export const OPERATION = {
  kernel: "i32",
  /** Its number in a profile. */
  number: "i32",
  /** Units of work, for an operation that is not cut into shards. */
  units: "i32",
  /** Rows for each image of the batch: what is cut into shards. */
  draws: "i32",
  from: "usize",
  fromRow: "usize",
  fromThread: "usize",
  other: "usize",
  otherRow: "usize",
  otherThread: "usize",
  to: "usize",
  toRow: "usize",
  toThread: "usize",
  extra: "usize",
  extraRow: "usize",
  extraThread: "usize",
  /** Weights, packed or in the arena. */
  weight: "usize",
  bias: "usize",
  /** Bytes from shard to shard, where `bias` is a partial sum. */
  biasShard: "usize",
  /** Bytes from one kind of place to the next, where each has its own bias. */
  biasKind: "usize",
  /** Partial sums, and bytes from shard to shard. */
  partial: "usize",
  partialShard: "usize",
  /** Coefficients of a batch norm: see norm.ts. */
  norm: "usize",
  gamma: "usize",
  beta: "usize",
  running: "usize",
  relu: "i32",
  largeSize: "i32",
  largeChannels: "i32",
  smallSize: "i32",
  smallChannels: "i32",
  rows: "i32",
  columns: "i32",
  rowStep: "i32",
  columnStep: "i32",
  panelStep: "i32",
  /** Bytes from row to row where an image has `rows` of them, one for each draw. */
  drawStep: "usize",
  /** Rows that are added by a label, and bytes from one to the next; or 0. */
  classes: "usize",
  classesRow: "usize",
  /** Factor of Adam's step size. */
  factor: "f32",
} as const satisfies Layout;

/** The operations between two barriers: addresses and numbers of records. */
export const PHASE = {
  /** To run on every shard, in order. */
  each: "usize",
  eachCount: "i32",
  /** Rows for each image of the batch, of what runs on every shard. */
  draws: "i32",
  /** Over the whole batch, cut into units of their own. */
  whole: "usize",
  wholeCount: "i32",
  /** Run once, by the last thread to finish the phase. */
  combine: "usize",
  combineCount: "i32",
} as const satisfies Layout;

/** The parameters of one run of a program. */
export const JOB = {
  program: "usize",
  phases: "i32",
  images: "i32",
  /** Images as bytes, and the order to take them in, or 0 for their own. */
  bytes: "usize",
  order: "usize",
  /** Class of each of those images, or of each latent: a byte; or 0. */
  labels: "usize",
  /** Row of the first image among the noise's counters; −1: ε is there. */
  firstRow: "i32",
  key0: "u32",
  key1: "u32",
  counter: "u32",
  /** Key of the pixels that are drawn black or white. */
  pixelKey0: "u32",
  pixelKey1: "u32",
  latent: "i32",
  /** Classes that the model is told of; 0 if of none. */
  classCount: "i32",
  autoencoder: "i32",
  crossEntropy: "i32",
  /** Whether the KL's gradient goes along the draws alone. */
  stl: "i32",
  /** Whether the objective is the importance-weighted bound. */
  iwae: "i32",
  /** Whether the total correlation has a weight of its own. */
  btc: "i32",
  klWeight: "f32",
  capacity: "f32",
  /** Nats of KL that each dimension has free. */
  freeBits: "f32",
  /** Weight of the total correlation, less the one that the KL gives it. */
  tcExcess: "f32",
  /** Adam's step size and 1/√(1 − β₂ᵗ), bias-corrected. */
  stepSize: "f32",
  secondCorrection: "f32",
  /** Adam's decays, and what each lacks to 1. */
  beta1: "f32",
  rest1: "f32",
  beta2: "f32",
  rest2: "f32",
  /** Each thread's workspace. */
  scratch: "usize",
  scratchThread: "usize",
  /** Where each thread adds up milliseconds per operation, or 0. */
  profile: "usize",
  profileThread: "usize",
  /** Whether thread 0 may wait, and how long (ms) a thread may be silent. */
  mayWait: "i32",
  patience: "i32",
  /** Results: see `MemoryMap.results`. */
  results: "usize",
} as const satisfies Layout;

/** Values for fields of a record; those that are not given are zero. */
export type Fields<L extends Layout> = { readonly [F in keyof L]?: number };

/** Bytes from one record of a list to the next: whole cache lines. */
export const OPERATION_BYTES = 64 * Math.ceil(fieldsOf(OPERATION).length / 16);

/** Bytes from one phase to the next. */
export const PHASE_BYTES = 4 * fieldsOf(PHASE).length;

/** Writes a record at a byte address. */
export function writeRecord<L extends Layout>(
  memory: WebAssembly.Memory,
  at: number,
  layout: L,
  values: Fields<L>,
): void {
  const view = new DataView(memory.buffer, at);
  fieldsOf(layout).forEach((field, i) => {
    const value = values[field] ?? 0;
    if (layout[field] === "f32") view.setFloat32(4 * i, value, true);
    else view.setInt32(4 * i, value, true);
  });
}

function fieldsOf<L extends Layout>(layout: L): (keyof L)[] {
  return Object.keys(layout);
}
