/**
 * An engine whose training can be watched and held after each step.
 *
 * @module
 */
import { engineOptions } from "../../engine/checks.ts";
import type { BatchRef, EngineOptions, Hyper } from "../../engine/engine.ts";
import { WasmEngine } from "../../engine/wasm/engine.ts";
import {
  addLosses,
  noTrainLosses,
  type TrainLosses,
} from "../../model/losses.ts";

/**
 * Computes the same bits on every machine: its kernels are those without the
 * relaxed multiply-add, which may or may not round in between.
 * https://github.com/WebAssembly/relaxed-simd/blob/main/proposals/relaxed-simd/Overview.md
 */
export class WatchedEngine extends WasmEngine {
  /** What was looked at, and counts for the trainer still. */
  #seen: TrainLosses;

  /**
   * An engine for these of a run's options.
   *
   * @param afterStep Awaited after each step, with the steps so far.
   */
  constructor(
    options: EngineOptions,
    readonly afterStep: (steps: number) => Promise<void>,
  ) {
    super({ ...engineOptions(options), threads: 1, variant: "plain" });
    this.#seen = noTrainLosses(options.latentDim);
  }

  override async trainStep(batch: BatchRef, hyper: Hyper): Promise<void> {
    super.trainStep(batch, hyper);
    await this.afterStep(batch.step + 1);
  }

  /** Returns the losses since the last look, and keeps them for the trainer. */
  async look(): Promise<TrainLosses> {
    const recent = await super.takeLosses();
    addLosses(this.#seen, recent);
    this.#seen.nonFiniteStep ??= recent.nonFiniteStep;
    return recent;
  }

  override async takeLosses(): Promise<TrainLosses> {
    await this.look();
    const all = this.#seen;
    this.#seen = noTrainLosses(this.options.latentDim);
    return all;
  }
}
