// Walks a program: phases of operations with a barrier between them, shared
// out over the threads. Every thread of this module's memory runs this code.
import { downEdge, edgeGradient, upEdge } from "./edge";
import {
  densities,
  totalCorrelation,
  totalCorrelationBackward,
} from "./correlation";
import { adam, foldBias, pack, reduce } from "./flat";
import { importance, weigh } from "./importance";
import {
  latentBackward,
  latentTotals,
  noise,
  reparameterise,
} from "./latent";
import { linear, linearGradient } from "./linear";
import { loss, lossTotal, score, sigmoid } from "./loss";
import {
  inferenceMoments,
  moments,
  normalise,
  normBackward,
  normGradient,
  sums,
} from "./norm";
import { gather, gatherDrawn } from "./pixels";
import { down, filterGradient, up } from "./spatial";
import { At, Job, Kernel, Op, Phase, Size } from "./words";

/** Milliseconds since some moment. */
// @ts-ignore: decorator
@external("env", "now")
declare function now(): f64;

/** How often a thread looks before it sleeps: some tens of microseconds. */
const SPINS: i32 = 20000;

/** The part of the word At.job that is the number of threads. */
const THREADS: i32 = 1023;

const SHARD: i32 = Size.shard;
const OPERATION: usize = Size.operation;
const PHASE: usize = Size.phase;

// @ts-ignore: decorator
@inline
function parameters(): Job {
  return changetype<Job>(<usize> At.parameters);
}

/** What a worker does: job after job, until it is told to stop. */
export function work(): void {
  const thread = atomic.add<i32>(At.workers, 1) + 1;
  let seen = 0;
  for (;;) {
    let spins = SPINS;
    while (atomic.load<i32>(At.job) == seen) {
      if (--spins < 0) atomic.wait<i32>(At.job, seen, -1);
    }
    seen = atomic.load<i32>(At.job);
    if (atomic.load<i32>(At.stop)) return;
    const threads = seen & THREADS;
    if (thread < threads) perform(thread, threads);
  }
}

/**
 * Runs the job whose parameters are in place on so many threads. The number
 * travels in the word that starts the job, so that a worker which has just come
 * up cannot join a job that does not count on it.
 *
 * Returns 0 if a thread failed.
 */
export function run(threads: i32): i32 {
  const job = parameters();
  for (let i = 0; i < job.phases; i++) {
    store<i32>(At.units + (i << 2), 0);
  }
  store<i32>(At.arrived, 0);
  const number = (atomic.load<i32>(At.job) & ~THREADS) + THREADS + 1;
  atomic.store<i32>(At.job, number | threads);
  if (threads > 1) atomic.notify(At.job, -1);
  perform(0, threads);
  return i32(!atomic.load<i32>(At.failed));
}

function perform(thread: i32, threads: i32): void {
  const job = parameters();
  // Once the last barrier is passed, thread 0 may write the next job.
  const phases = job.phases;
  const images = job.images;
  for (let i = 0; i < phases; i++) {
    const phase = changetype<Phase>(job.program + i * PHASE);
    const counter = <usize> At.units + (i << 2);
    const eachUnits = (images * phase.draws + SHARD - 1) / SHARD;
    for (;;) {
      const unit = atomic.add<i32>(counter, 1);
      if (unit < eachUnits) {
        // There and back: what the last phase left in the cache comes first.
        const shard = i & 1 ? eachUnits - 1 - unit : unit;
        for (let k = 0; k < phase.eachCount; k++) {
          timed(phase.each + k * OPERATION, shard, thread);
        }
      } else {
        const left = unit - eachUnits;
        if (!whole(phase, left, thread)) break;
      }
    }
    if (!barrier(job, phase, thread, threads)) return;
  }
}

/** Runs one unit of the phase's whole-batch operations, if there is one. */
function whole(phase: Phase, unit: i32, thread: i32): bool {
  for (let k = 0; k < phase.wholeCount; k++) {
    const at = phase.whole + k * OPERATION;
    const units = changetype<Op>(at).units;
    if (unit < units) {
      timed(at, unit, thread);
      return true;
    }
    unit -= units;
  }
  return false;
}

/**
 * Waits for all threads. The last to come combines the partial sums of the
 * phase, alone. False if a thread failed or was silent for too long.
 */
function barrier(job: Job, phase: Phase, thread: i32, threads: i32): bool {
  const passed = atomic.load<i32>(At.passed);
  if (atomic.add<i32>(At.arrived, 1) == threads - 1) {
    for (let k = 0; k < phase.combineCount; k++) {
      timed(phase.combine + k * OPERATION, 0, thread);
    }
    atomic.store<i32>(At.arrived, 0);
    atomic.add<i32>(At.passed, 1);
    if (threads > 1) atomic.notify(At.passed, -1);
    return !atomic.load<i32>(At.failed);
  }
  const mayWait = thread > 0 || job.mayWait;
  let spins = SPINS;
  let start: f64 = 0;
  while (atomic.load<i32>(At.passed) == passed) {
    if (atomic.load<i32>(At.failed)) return false;
    if (--spins > 0) continue;
    if (!start) start = now();
    if (now() - start > job.patience) {
      atomic.store<i32>(At.failed, 1);
      return false;
    }
    if (mayWait) atomic.wait<i32>(At.passed, passed, 50_000_000);
    else spins = SPINS;
  }
  return true;
}

function timed(at: usize, unit: i32, thread: i32): void {
  const job = parameters();
  const op = changetype<Op>(at);
  if (!job.profile) return execute(op, unit, thread);
  const start = now();
  execute(op, unit, thread);
  const sum = job.profile + thread * job.profileThread + (op.number << 3);
  store<f64>(sum, load<f64>(sum) + now() - start);
}

/** The address of an operand for the rows from `first`. */
// @ts-ignore: decorator
@inline
function row(base: usize, row: usize, perThread: usize, first: i32, thread: i32): usize {
  return base + (perThread ? thread * perThread : first * row);
}

/** Runs one operation on one shard, one unit, or (to combine) everything. */
function execute(op: Op, unit: i32, thread: i32): void {
  const job = parameters();
  // A convolution over the whole map is cut into places or taps, not images.
  const units = op.units;
  const first = units ? 0 : unit * SHARD;
  const rows = job.images * op.draws;
  const images = units ? op.rows : min(SHARD, rows - first);
  const shards = (rows + SHARD - 1) / SHARD;
  const from = row(op.from, op.fromRow, op.fromThread, first, thread);
  const other = row(op.other, op.otherRow, op.otherThread, first, thread);
  const to = row(op.to, op.toRow, op.toThread, first, thread);
  const extra = row(op.extra, op.extraRow, op.extraThread, first, thread);
  const bias = op.bias ? op.bias + unit * op.biasShard : 0;
  const scratch = job.scratch + thread * job.scratchThread;
  const partial = op.partial + unit * op.partialShard;
  switch (op.kernel) {
    case Kernel.gather:
      return gather(op, job, first, images, to);
    case Kernel.gatherDrawn:
      return gatherDrawn(op, job, first, images, to);
    case Kernel.down:
      return down(op, images, from, to, scratch, units ? unit : 0, units ? unit + 1 : op.smallSize);
    case Kernel.up:
      return up(op, images, from, to, units ? unit : 0, units ? unit + 1 : op.largeSize);
    case Kernel.filterGradient:
      return filterGradient(op, images, from, other, partial, scratch, units ? unit : 0, units ? unit + 1 : 9);
    case Kernel.downEdge:
      return downEdge(op, images, from, to, scratch);
    case Kernel.upEdge:
      return upEdge(op, images, from, to, scratch);
    case Kernel.edgeGradient:
      return edgeGradient(op, images, from, other, partial, scratch);
    case Kernel.linear:
      return linear(op, job, first, images, from, to);
    case Kernel.linearGradient:
      return linearGradient(op, job, unit, rows, scratch);
    case Kernel.sums:
      return sums(op, images, from, other, partial);
    case Kernel.moments:
      return moments(op, rows, shards);
    case Kernel.inferenceMoments:
      return inferenceMoments(op);
    case Kernel.normalise:
      return normalise(op, images, from, to);
    case Kernel.normGradient:
      return normGradient(op, rows, shards);
    case Kernel.normBackward:
      return normBackward(op, images, from, to, partial);
    case Kernel.noise:
      return noise(op, job, first, images, to);
    case Kernel.reparameterise:
      return reparameterise(op, job, images, from, other, to, extra, partial);
    case Kernel.latentTotals:
      return latentTotals(op, job, shards);
    case Kernel.latentBackward:
      return latentBackward(op, job, first, images, from, other, extra, to);
    case Kernel.densities:
      return densities(op, job, first, images, from, other);
    case Kernel.totalCorrelation:
      return totalCorrelation(op, job, first, images, to, partial, scratch);
    case Kernel.totalCorrelationBackward:
      return totalCorrelationBackward(op, job, first, images, other, to, scratch);
    case Kernel.loss:
      return loss(op, job, first, images, from, to, extra, partial, bias);
    case Kernel.lossTotal:
      return lossTotal(op, shards);
    case Kernel.score:
      return score(op, job, images, from, other, to);
    case Kernel.sigmoid:
      return sigmoid(op, images, to);
    case Kernel.importance:
      return importance(op, job, from, other, to, extra, partial);
    case Kernel.weigh:
      return weigh(op, images, from, other, to, bias);
    case Kernel.reduce:
      return reduce(op, unit, shards);
    case Kernel.adam:
      return adam(op, job, unit);
    case Kernel.pack:
      return pack(op);
    case Kernel.foldBias:
      return foldBias(op);
  }
}
