/**
 * The search for the tiling that suits a GPU: coordinate descent in one pass.
 * One part after the other is varied while the rest stays as it was found, and
 * the fastest stays. Parts hardly depend on each other, for nearly every program
 * has a tile of its own; all combinations would be billions.
 *
 * @module
 */
import type { EngineOptions } from "../../lib/engine/engine.ts";
import { GpuError } from "../../lib/engine/gpu.ts";
import type { TilingPart } from "../../lib/engine/webgpu/candidates.ts";
import { WebGpuEngine } from "../../lib/engine/webgpu/engine.ts";
import { Plan } from "../../lib/engine/webgpu/plan.ts";
import type { Tiling } from "../../lib/engine/webgpu/tiling.ts";
import {
  firstDifference,
  probeStep,
  type ProbeTensor,
  wordDifference,
} from "../../lib/engine_check.ts";
import { duration } from "./progress.ts";
import { StepBench } from "./step_bench.ts";

/**
 * Times the programs of a training step in a tiling, in milliseconds.
 *
 * @throws {GpuError} If one does not compile, or computes something else.
 */
export type Measure = (tiling: Tiling) => Promise<ReadonlyMap<string, number>>;

/** What came of one part. */
export interface TunedPart {
  /** The operation that it is about. */
  readonly operation: string;
  /** What the default has there. */
  readonly default: string;
  /** The fastest. */
  readonly best: string;
  /** Milliseconds a step of the programs that it changes, before and after. */
  readonly before: number;
  readonly after: number;
}

/** What came of all. */
export interface Tuned {
  /** The parts that were varied. */
  readonly parts: readonly TunedPart[];
  /** Milliseconds a step of all programs, before and after. */
  readonly before: number;
  readonly after: number;
  /** The best tiling; nothing if the default is. */
  readonly tiling: Tiling | undefined;
}

/** How a search goes on. */
export interface Search {
  /** The default, to begin with. */
  readonly base: Tiling;
  /** What is varied, in this order. */
  readonly parts: readonly TilingPart[];
  readonly options: EngineOptions;
  readonly measure: Measure;
  /** Told in a line of what is left out. */
  readonly onNote: (text: string) => void;
  /** Told of each measurement to come, and how far the search is. */
  readonly onProgress?: (fraction: number, text: string) => void;
  /** Stops the search. */
  readonly signal?: AbortSignal;
  /** After so many seconds, the rest stays as it is. */
  readonly seconds?: number;
}

/** A bound for drivers that take long to compile. */
const MOST_SECONDS = 600;

/** What is not faster by this factor may be so by chance. */
const MARGIN = 0.97;

/**
 * Searches for the tiling whose programs take the least time.
 *
 * @throws {GpuError} If not even the default can be measured.
 */
export async function tune(
  { base, parts, options, measure, onNote, ...search }: Search,
): Promise<Tuned> {
  const { onProgress, signal, seconds = MOST_SECONDS } = search;
  const start = performance.now();
  const isLate = () => performance.now() - start >= 1000 * seconds;
  const done: TunedPart[] = [];
  let best = base;
  for (const [i, part] of parts.entries()) {
    if (isLate()) {
      onNote(
        `note: after ${
          duration(seconds)
        }, ${part.name} and what would follow ` +
          "stay as they are",
      );
      break;
    }
    const variants = part.variants(best);
    if (variants.length === 0) continue;
    const names = touchedPrograms(options, [best, ...variants]);
    const sum = async (tiling: Tiling) => {
      signal?.throwIfAborted();
      onProgress?.(i / parts.length, `${part.name}  ${part.text(tiling)}`);
      return total(await measure(tiling), names);
    };
    const before = await sum(best);
    let fastest = best, after = before;
    for (const variant of variants) {
      if (isLate()) break;
      try {
        const time = await sum(variant);
        if (time >= Math.min(after, MARGIN * before)) continue;
        [fastest, after] = [variant, time];
      } catch (error) {
        if (!(error instanceof GpuError)) throw error;
        const what = `${part.name} ${part.text(variant)}`;
        onNote(`note: ${what} is left out: ${error.message}`);
      }
    }
    best = fastest;
    done.push({
      operation: part.name,
      default: part.text(base),
      best: part.text(best),
      before,
      after,
    });
  }
  const before = total(await measure(base));
  const after = best === base ? before : total(await measure(best));
  const isFaster = after < before;
  if (best !== base && !isFaster) {
    onNote("note: together they are not faster: the default stays");
  }
  const tiling = isFaster ? best : undefined;
  return { parts: done, before, after, tiling };
}

/** Adds up the times of some programs, or of all. */
function total(
  times: ReadonlyMap<string, number>,
  names: Iterable<string> = times.keys(),
): number {
  let sum = 0;
  for (const name of names) sum += times.get(name)!;
  return sum;
}

/** Finds the programs of a training step that are not the same in all tilings. */
function touchedPrograms(
  options: EngineOptions,
  tilings: readonly Tiling[],
): Set<string> {
  const all = tilings.map((tiling) => {
    const plan = new Plan(options, tiling);
    const programs = [plan.first(), ...plan.training().slice(1)];
    return programs.map(({ name, code, grid }) => ({
      name,
      work: `${code} ${grid(options.batchSize)}`,
    }));
  });
  return new Set(
    all[0].filter(({ work }, i) => all.some((each) => each[i].work !== work))
      .map(({ name }) => name),
  );
}

/**
 * Makes what measures tilings on the process's GPU. Each must train a step as
 * the first one did that was measured.
 */
export function tilingMeasure(options: EngineOptions): Measure {
  let expected: ProbeTensor[] | undefined;
  return async (tiling) => {
    const engine = await WebGpuEngine.create({ ...options, tiling });
    try {
      const bench = new StepBench(engine, options.batchSize);
      const tensors = await probeStep(engine, options, options.batchSize);
      expected ??= tensors;
      const difference = firstDifference(tensors, expected);
      if (difference) {
        throw new GpuError(`it is wrong, ${wordDifference(difference)}`);
      }
      return await bench.programTimes();
    } finally {
      engine.dispose();
    }
  };
}
