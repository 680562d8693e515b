/**
 * What the page and its training worker tell each other.
 *
 * @module
 */
import type { Checkpoint } from "../../checkpoint/metadata.ts";
import type { TrainState } from "../../model/init.ts";
import type { Likelihood } from "../../model/spec.ts";
import type { EpochRecord, Losses } from "../../model/losses.ts";

/** From the page: begin, or stop after the step in hand. */
export type Order =
  | {
    readonly type: "train";
    readonly latentDim: number;
    readonly beta: number;
    readonly likelihood: Likelihood;
    /** Classes of which the model is told; 0 for none. */
    readonly classCount: number;
  }
  | { readonly type: "stop" };

/** From the worker. */
export type Report =
  /** The engine is up, with so many epochs before it. */
  | {
    readonly type: "start";
    readonly engine: string;
    readonly epochs: number;
  }
  | {
    readonly type: "progress";
    /** Epochs so far; a fraction within one. */
    readonly epoch: number;
    readonly imagesPerSecond: number;
    readonly losses: Losses | null;
    /** [16, 784] decoded from the same latents each time. */
    readonly samples: Float32Array;
  }
  | {
    readonly type: "epoch";
    readonly record: EpochRecord;
    readonly state: TrainState;
    /** The rest of the run's checkpoint. */
    readonly run: Omit<Checkpoint, "state">;
    /** The first of the held-out images, [m, 784]. */
    readonly images: Uint8Array;
    /** [n, latentDim] of the held-out images, with their classes. */
    readonly mu: Float32Array;
    readonly labels: Uint8Array;
    readonly samples: Float32Array;
  }
  | { readonly type: "end"; readonly reason: string }
  | { readonly type: "error"; readonly message: string };
