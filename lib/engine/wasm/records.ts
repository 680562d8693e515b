/**
 * What the engine and its kernels agree on: the kinds of operation and where
 * the words they exchange lie in memory. Both TypeScript and AssemblyScript
 * read this file.
 *
 * @module
 */

/** The kernels, in the order of the interpreter's table. */
export enum Kind {
  gather,
  down,
  up,
  filterGradient,
  downEdge,
  upEdge,
  edgeGradient,
  linear,
  linearGradient,
  sums,
  moments,
  inferenceMoments,
  normalise,
  normGradient,
  normBackward,
  noise,
  reparameterise,
  latentTotals,
  latentBackward,
  loss,
  lossTotal,
  sigmoid,
  reduce,
  adam,
  pack,
}

/** Images in one shard: the unit of work and of partial sums. */
export enum Size {
  shard = 16,
  /** Columns in one panel of packed weights: two vectors. */
  panel = 8,
  /** Elements in one unit of work of a flat pass. */
  block = 4096,
  /** Words in the record of one operation: whole cache lines. */
  operation = 48,
  /** Words in the record of one phase. */
  phase = 6,
}

/** Byte addresses of the words that threads share, one cache line each. */
export enum At {
  /** Counts the jobs; threads wait for it to change. */
  job = 64,
  /** How many threads have reached the barrier. */
  arrived = 128,
  /** Counts the barriers passed; threads wait for it to change. */
  passed = 192,
  /** How many workers have started. */
  workers = 256,
  /** Set to 1 by a worker that fails, and by a thread that waited in vain. */
  failed = 320,
  /** Set to 1 to end the workers. */
  stop = 384,
  /** Next unit of work of each phase; at most 64 phases. */
  units = 448,
  /** The parameters of the job: see Job in assemblyscript/job.ts. */
  parameters = 1024,
  /** The first byte that is free. */
  free = 2048,
}
