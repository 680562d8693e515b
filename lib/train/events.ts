/**
 * What training tells those who listen, and how it fails.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import type { EpochRecord, Losses } from "../model/losses.ts";

/** What happens while a model trains. */
export type TrainEvent = ProgressEvent | EpochEvent | EndEvent;

/** Some steps are done. */
export interface ProgressEvent {
  /** Which of the three kinds of {@linkcode TrainEvent} it is. */
  readonly type: "progress";
  /** The running epoch, counted from 1. */
  readonly epoch: number;
  /** Optimiser steps since the beginning of training. */
  readonly step: number;
  /**
   * Images of this epoch that have been trained on, and how many will be: fewer
   * than there are where the run ends within it.
   */
  readonly images: { readonly done: number; readonly total: number };
  /** Training speed since the epoch began. */
  readonly imagesPerSecond: number;
  /** Seconds until the last step, at the present speed. */
  readonly secondsLeft: number;
  /** Means over the epoch so far, as last read; null before that. */
  readonly losses: Losses | null;
}

/** An epoch has ended, or the run within one. */
export interface EpochEvent {
  /** Which of the three kinds of {@linkcode TrainEvent} it is. */
  readonly type: "epoch";
  /** Its losses. */
  readonly record: EpochRecord;
  /** Seconds that the epoch took, with its validation. */
  readonly seconds: number;
  /** Latent dimensions that carry less than 0.01 nats (`INACTIVE_KL`). */
  readonly inactive: number;
  /** The run as it stands; valid until the next event is asked for. */
  checkpoint(): Promise<Checkpoint>;
}

/** Training is over. */
export interface EndEvent {
  /** Which of the three kinds of {@linkcode TrainEvent} it is. */
  readonly type: "end";
  /** All epochs are done, patience ran out, or the signal was aborted. */
  readonly reason: "epochs" | "patience" | "aborted";
  /** Losses on the test split; null if there is none or it was aborted. */
  readonly test: Losses | null;
  /** Every epoch of the run, also those after the best one. */
  readonly history: readonly EpochRecord[];
  /**
   * The run to keep: as it stands or, with patience, as it was after the epoch
   * with the best validation total, where training then also ends.
   */
  checkpoint(): Promise<Checkpoint>;
}

/**
 * The loss of a step, or the state after it, was not a finite number.
 *
 * @example
 * ```ts
 * import { NonFiniteLossError, syntheticDataset, train } from "@vae/mnist/core";
 *
 * const dataset = await syntheticDataset({ limit: 64 });
 * try {
 *   for await (const event of train({ dataset, epochs: 1, lr: 10 })) {
 *     if (event.type === "epoch") console.assert(event.record.epoch === 1);
 *   }
 * } catch (error) {
 *   if (!(error instanceof NonFiniteLossError)) throw error;
 * }
 * ```
 */
export class NonFiniteLossError extends Error {
  /** The class's name, which survives minification. */
  override name = "NonFiniteLossError";

  /**
   * Makes the error of one step.
   *
   * @param step Counted from 1.
   * @param what What was not finite.
   */
  constructor(readonly step: number, what: "loss" | "state" = "loss") {
    const reason = what === "loss"
      ? `the loss of step ${step} is not a finite number`
      : `the weights or moments after step ${step} are not finite numbers`;
    super(`${reason}: try a smaller learning rate`);
  }
}
