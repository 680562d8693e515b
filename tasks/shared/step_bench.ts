/**
 * The clock of `bench`: the training step, over and over.
 *
 * @module
 */
import { synthesize } from "../../lib/dataset/synthetic.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import {
  type OperationTime,
  WasmEngine,
} from "../../lib/engine/wasm/engine.ts";
import { WebGpuEngine } from "../../lib/engine/webgpu/engine.ts";
import { TaskError } from "./cli.ts";

const ROUNDS = 9;

/** Batches of images to go round. */
const BATCHES = 8;

/** Milliseconds that one round of steps should last. */
export const ROUND_TIME = 500;

/** Steps before a peer's clock starts, and ours beside it. */
export const WARM_UP = 10;

/** How often programs are timed, and in at most how many steps each time. */
const PROFILE_ROUNDS = 5;
const PROFILE_STEPS = 8;

/** Milliseconds that such a round should last on a slow GPU. */
const PROFILE_TIME = 100;

/** Runs the training step of an engine over and over. */
export class StepBench {
  #step = 0;
  #stepsPerRound = 1;

  constructor(readonly engine: Engine, readonly batchSize: number) {
    const images = BATCHES * batchSize;
    engine.setImages(synthesize(images, { seed: 0 }).images);
    engine.setOrder(Uint32Array.from({ length: images }, (_, i) => i));
  }

  /** Milliseconds a step, over rounds that each end with a look at the losses. */
  async measure(
    rounds = ROUNDS,
  ): Promise<{ median: number; min: number; max: number }> {
    await this.#time(2); // compilation, and workers that are still starting
    const guess = await this.#time(2);
    this.#stepsPerRound = Math.max(1, Math.round(ROUND_TIME / guess));
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      times.push(await this.#time(this.#stepsPerRound));
    }
    times.sort((a, b) => a - b);
    return { median: times[rounds >> 1], min: times[0], max: times.at(-1)! };
  }

  /** Milliseconds a step of one round beside others, who left caches cold. */
  async round(): Promise<number> {
    await this.#train(Math.min(WARM_UP, this.#stepsPerRound));
    return await this.#time(2 * this.#stepsPerRound);
  }

  /** Milliseconds a step in each operation. */
  async profile(): Promise<OperationTime[]> {
    const { engine } = this;
    if (!(engine instanceof WasmEngine || engine instanceof WebGpuEngine)) {
      throw new TaskError(
        `the ${engine.name} engine has no profile of its operations`,
      );
    }
    const steps = this.#stepsPerRound;
    const parts = await engine.profile(() => this.#train(steps));
    return [...Map.groupBy(parts, ({ name }) => name)].map(([name, parts]) => ({
      name,
      milliseconds: parts.reduce((sum, p) => sum + p.milliseconds, 0) / steps,
      flops: parts.reduce((sum, p) => sum + p.flops, 0),
    })).sort((a, b) => b.milliseconds - a.milliseconds);
  }

  /**
   * Milliseconds a step in each program of a GPU engine: medians, for a round
   * that something else on the GPU has disturbed tells nothing.
   */
  async programTimes(): Promise<Map<string, number>> {
    const guess = await this.#time(2);
    const steps = Math.min(PROFILE_STEPS, Math.round(PROFILE_TIME / guess));
    this.#stepsPerRound = Math.max(1, steps);
    const times = new Map<string, number[]>();
    for (let round = 0; round < PROFILE_ROUNDS; round++) {
      for (const { name, milliseconds } of await this.profile()) {
        times.set(name, [...times.get(name) ?? [], milliseconds]);
      }
    }
    const median = (values: number[]) =>
      values.sort((a, b) => a - b)[PROFILE_ROUNDS >> 1];
    return new Map([...times].map(([name, all]) => [name, median(all)]));
  }

  async #time(steps: number): Promise<number> {
    const start = performance.now();
    await this.#train(steps);
    return (performance.now() - start) / steps;
  }

  async #train(steps: number): Promise<void> {
    for (const end = this.#step + steps; this.#step < end; this.#step++) {
      await this.engine.trainStep({
        first: this.#step % BATCHES * this.batchSize,
        count: this.batchSize,
        step: this.#step,
      }, { beta: 1, capacity: 0, learningRate: 1e-3 });
    }
    await this.engine.takeLosses();
  }
}
