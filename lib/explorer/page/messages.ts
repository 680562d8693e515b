/**
 * What the page and its training worker tell each other.
 *
 * @module
 */
import type { Checkpoint } from "../../checkpoint/metadata.ts";
import type { Losses } from "../../model/losses.ts";
import type { Plan } from "../training_plan.ts";

/** Steps a second, at most; 0 for none. */
export type Pace = number;

/** From the page. Each run has a number, and takes the place of the one before. */
export type Order =
  /** Begin a run, from a point of another if `from` is given. */
  | {
    readonly type: "train";
    readonly run: number;
    readonly plan: Plan;
    readonly from?: Checkpoint;
    readonly pace: Pace;
  }
  | { readonly type: "pace"; readonly pace: Pace }
  /** While it is paused: one step. */
  | { readonly type: "step" }
  /** From the next step on. */
  | { readonly type: "beta"; readonly beta: number };

/** What can be seen of the network after so many steps. */
export interface View {
  readonly step: number;
  /** [n, latentDim] of the held-out digits: of some, in a snapshot of all. */
  readonly mu: Float32Array;
  /** KL of each dimension in nats, mean over these. */
  readonly kl: readonly number[];
  /** [16, 784] decoded from the same latents each time. */
  readonly samples: Float32Array;
}

/** A point that the run can go on from. */
export interface Snapshot extends View {
  readonly checkpoint: Checkpoint;
}

/** From the worker, of the run with this number. */
export type Report =
  & { readonly run: number }
  & (
    | {
      readonly type: "start";
      /** [200, 784] the held-out digits of a view, and the classes of all. */
      readonly images: Uint8Array<ArrayBuffer>;
      readonly labels: Uint8Array<ArrayBuffer>;
    }
    | {
      readonly type: "progress";
      readonly view: View;
      /** Of the steps since the last report. */
      readonly losses: Losses;
      readonly imagesPerSecond: number;
    }
    /** β was changed. */
    | { readonly type: "plan"; readonly plan: Plan }
    /** Where it begins; an epoch is done; or it rests or ends here. */
    | { readonly type: "snapshot"; readonly snapshot: Snapshot }
    /** It rests until it is told to go on: as ordered, or as planned. */
    | { readonly type: "pause"; readonly planned: boolean }
    /** No step is left. */
    | { readonly type: "end" }
    | { readonly type: "error"; readonly message: string }
  );

/** Omits keys of each member of a union. */
export type OmitOfEach<T, K extends PropertyKey> = T extends unknown
  ? Omit<T, K>
  : never;
