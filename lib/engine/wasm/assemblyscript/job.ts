// The records that the engine writes and the kernels read.

/**
 * One operation; program.ts writes the same words in the same order.
 *
 * An operand is a base address, the bytes from one image to the next and, for a
 * buffer that holds one shard of each thread, the bytes from thread to thread.
 */
@unmanaged
export class Op {
  kind: i32;
  /** Units of work, for an operation that is not cut into shards. */
  units: i32;
  from: usize;
  fromRow: usize;
  fromThread: usize;
  other: usize;
  otherRow: usize;
  otherThread: usize;
  to: usize;
  toRow: usize;
  toThread: usize;
  extra: usize;
  extraRow: usize;
  extraThread: usize;
  /** Weights, packed or in the arena. */
  weight: usize;
  bias: usize;
  /** Bytes from shard to shard, where `bias` is a partial sum. */
  biasShard: usize;
  /** Partial sums, and bytes from shard to shard. */
  partial: usize;
  partialShard: usize;
  /** Coefficients of a batch norm: see norm.ts. */
  norm: usize;
  gamma: usize;
  beta: usize;
  running: usize;
  relu: i32;
  largeSize: i32;
  largeChannels: i32;
  smallSize: i32;
  smallChannels: i32;
  rows: i32;
  columns: i32;
  rowStep: i32;
  columnStep: i32;
  panelStep: i32;
}

/** A list of operations between two barriers. */
@unmanaged
export class Phase {
  /** Operations to run on every shard, in order: address and number. */
  each: usize;
  eachCount: i32;
  /** Operations over the whole batch, cut into units of their own. */
  whole: usize;
  wholeCount: i32;
  /** Run once, by the last thread to finish the phase. */
  combine: usize;
  combineCount: i32;
}

/** The parameters of one run of a program. */
@unmanaged
export class Job {
  program: usize;
  phases: i32;
  images: i32;
  /** Images as bytes, and the order to take them in, or 0 for their own. */
  bytes: usize;
  order: usize;
  /** Row of the first image among the noise's counters. */
  firstRow: i32;
  key0: u32;
  key1: u32;
  counter: u32;
  latent: i32;
  autoencoder: i32;
  crossEntropy: i32;
  klWeight: f32;
  capacity: f32;
  /** Adam's step size and 1/√(1 − β₂ᵗ), bias-corrected. */
  stepSize: f32;
  secondCorrection: f32;
  /** Each thread's workspace. */
  scratch: usize;
  scratchThread: usize;
  /** Where each thread adds up milliseconds per operation, or 0. */
  profile: usize;
  profileThread: usize;
  firstOperation: usize;
  /** Whether thread 0 may wait, and how long (ms) a thread may be silent. */
  mayWait: i32;
  patience: i32;
  /** Results: Σ loss, then Σ KL of each latent dimension. */
  results: usize;
}
