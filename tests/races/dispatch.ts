/** Runs the workgroups of a dispatch, and in each the invocations, in any order. */
import type { Report, Watched } from "./memory.ts";
import type { Compiled } from "./wgsl/compile.ts";

/** What a program gets at while it runs. */
export interface Dispatch {
  /** In the order of the program's memories. */
  readonly memories: readonly Watched[];
  readonly uniforms: readonly {
    readonly f32: Float32Array;
    readonly u32: Uint32Array;
    readonly i32: Int32Array;
  }[];
  readonly grid: readonly [number, number, number];
  /** The number of a barrier that is taken out, or −1. */
  readonly without: number;
  /** Returns the index into an array of an invocation's own. */
  within(index: number, length: number): number;
}

/** A small generator of random numbers, the xorshift of Marsaglia (2003). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_769 >>> 0) || 1;
  }

  /** An integer from 0 to `end` − 1. */
  below(end: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % end;
  }

  shuffle<T>(items: T[] | Int32Array): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1), other = items[i];
      items[i] = items[j];
      items[j] = other;
    }
  }
}

function numbers(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/** Runs a dispatch. */
export function runDispatch(
  compiled: Compiled,
  dispatch: Dispatch,
  random: Random,
  report: Report,
): void {
  const { main, threads, memories } = compiled;
  const { grid: [x, y, z] } = dispatch;
  const own = dispatch.memories.filter((_, i) =>
    memories[i].space === "workgroup"
  );
  const shared = dispatch.memories.filter((_, i) =>
    memories[i].space === "storage" && !memories[i].isReadOnly
  );
  const groups = numbers(x * y * z), order = numbers(threads);
  random.shuffle(groups);
  for (const group of groups) {
    own.forEach((memory) => memory.clear());
    shared.forEach((memory) => memory.enterGroup());
    const start = (thread: number) =>
      main(
        dispatch,
        thread,
        group % x,
        Math.floor(group / x) % y,
        Math.floor(group / (x * y)),
      );
    random.shuffle(order);
    if (!compiled.waits) {
      for (const thread of order) start(thread);
      continue;
    }
    const invocations = Array.from(
      { length: threads },
      (_, thread) => start(thread) as Generator<number, void>,
    );
    for (;;) {
      const barrier = advance(invocations, order, report);
      if (barrier === undefined) break;
      const kind = compiled.barriers[barrier];
      if (kind !== "storageBarrier") own.forEach((m) => m.passBarrier());
      if (kind === "storageBarrier") shared.forEach((m) => m.passBarrier());
      random.shuffle(order);
    }
  }
}

/** Runs all invocations to their next barrier, which must be the same for all. */
function advance(
  invocations: readonly Generator<number, void>[],
  order: Int32Array,
  report: Report,
): number | undefined {
  let first: number | undefined, isFirst = true, isDivergent = false;
  for (const thread of order) {
    const { done, value } = invocations[thread].next();
    const barrier = done ? undefined : value as number;
    if (isFirst) first = barrier;
    else if (barrier !== first) isDivergent = true;
    isFirst = false;
    if (barrier !== undefined) first ??= barrier;
  }
  if (isDivergent) {
    report("divergence", "", `not all threads come to barrier ${first}`);
  }
  return first;
}
