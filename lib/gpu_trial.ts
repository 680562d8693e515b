/**
 * Whether `auto` takes a hardware GPU: its numbers are held against those of the
 * wasm engine, then its speed. Drivers are known that lose barriers
 * (https://github.com/gfx-rs/wgpu/issues/4500), and GPUs that many cores
 * outrun.
 *
 * @module
 */
import { synthesize } from "./dataset/synthetic.ts";
import { engineOptions } from "./engine/checks.ts";
import type { Engine, EngineOptions } from "./engine/engine.ts";
import {
  type Difference,
  firstDifference,
  loadProbe,
  PROBE_HYPER,
  probeInference,
  probeState,
  probeStep,
  wordDifference,
} from "./engine_check.ts";
import { IMAGE_PIXELS } from "./model/spec.ts";
import { drawsOf } from "./options/conflicts.ts";

/** What a trial of a GPU came to. */
export interface GpuVerdict {
  /** Whether it is right, and faster than all threads of the CPU. */
  readonly isTaken: boolean;
  /** One line for a person. */
  readonly text: string;
}

/** Two engines made for the same options. */
interface Trial {
  readonly gpu: Engine;
  /** The engine that is known to be right. */
  readonly reference: Engine;
  readonly options: EngineOptions;
}

/**
 * Decoded rows of the smallest step: a GPU that nobody has tried is not given
 * much to do at once, since systems reset one that is busy for seconds.
 */
const FEW = 8;

/** Milliseconds of a step after which a four times larger one is not tried. */
const SLOW = 150;

/** Milliseconds that suffice to know the pace of an engine. */
const LAP = 50;

/**
 * Tries a GPU: under a second, for it is given up as soon as it is wrong or far
 * too slow.
 *
 * @param name What the verdict calls it.
 * @throws {GpuError} If it fails.
 */
export async function tryGpu(name: string, trial: Trial): Promise<GpuVerdict> {
  const { gpu, reference, options } = trial;
  const { images } = synthesize(options.batchSize, { seed: 0 });
  for (const engine of [gpu, reference]) loadProbe(engine, images);
  const wrong = (difference: Difference) => ({
    isTaken: false,
    text: `webgpu on ${name} is wrong, ${wordDifference(difference)}`,
  });

  const completed = engineOptions(options);
  const { batchSize } = completed;
  const few = Math.min(Math.ceil(FEW / drawsOf(completed)), batchSize);
  for (const count of batchSizes(few, batchSize)) {
    // With the tiles and the sizes that training will have: drivers have failed
    // at those alone.
    let difference = await compareSteps(trial, count);
    if (difference) return wrong(difference);
    const ms = await timeSteps(gpu, count, 1);
    if (ms > SLOW && count < batchSize) {
      const verdict = compared(name, await pace(reference, count), ms);
      if (!verdict.isTaken) return verdict;
    }
    if (count > few) continue;
    difference = await probeState(gpu, options, count) ??
      await compareInference(trial, images.subarray(0, count * IMAGE_PIXELS));
    if (difference) return wrong(difference);
  }
  const ms = await pace(gpu, batchSize);
  return compared(name, await pace(reference, batchSize), ms);
}

/** The sizes of the steps, each four times the one before. */
function batchSizes(smallest: number, largest: number): number[] {
  const sizes: number[] = [];
  for (let size = smallest; size < largest; size *= 4) sizes.push(size);
  return [...sizes, largest];
}

async function compareSteps(
  { gpu, reference, options }: Trial,
  count: number,
): Promise<Difference | undefined> {
  return firstDifference(
    await probeStep(gpu, options, count),
    await probeStep(reference, options, count),
  );
}

async function compareInference(
  { gpu, reference, options }: Trial,
  images: Uint8Array,
): Promise<Difference | undefined> {
  return firstDifference(
    await probeInference(gpu, options, images),
    await probeInference(reference, options, images),
  );
}

/** Milliseconds of a step, from laps that double in length. */
async function pace(engine: Engine, count: number): Promise<number> {
  for (let steps = 1;; steps *= 2) {
    const ms = await timeSteps(engine, count, steps);
    if (ms >= LAP) return ms / steps;
  }
}

/** Milliseconds of some steps, with the reading of their losses. */
async function timeSteps(
  engine: Engine,
  count: number,
  steps: number,
): Promise<number> {
  const started = performance.now();
  for (let step = 0; step < steps; step++) {
    await engine.trainStep({ first: 0, count, step }, PROBE_HYPER);
  }
  await engine.takeLosses();
  return performance.now() - started;
}

/** Words how many times as fast the GPU is. */
function compared(
  name: string,
  referenceMs: number,
  gpuMs: number,
): GpuVerdict {
  const ratio = referenceMs / gpuMs;
  const times = ratio < 10 ? ratio.toPrecision(2) : ratio.toFixed(0);
  return {
    isTaken: ratio > 1,
    text: `webgpu on ${name}: checked, ${times}× wasm`,
  };
}
