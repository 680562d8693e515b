/**
 * A training run in the page, by what makes it again.
 *
 * @module
 */
import type { Likelihood } from "../../model/spec.ts";

/** What is decided before the first step. */
export interface PlanStart {
  readonly seed: number;
  readonly latentDim: number;
  readonly beta: number;
  readonly likelihood: Likelihood;
  /** Classes of which the model is told; 0 for none. */
  readonly classCount: number;
  /** Passes over the training images after which it ends. */
  readonly epochs: number;
}

/** What a reader did while it trained: from this step on β is another. */
export interface PlanEvent {
  /** Steps done before it counts. */
  readonly step: number;
  readonly beta: number;
}

/** Enough to train to the same weights again. */
export interface Plan extends PlanStart {
  /** By step. */
  readonly events: readonly PlanEvent[];
  /** Steps done when it was stopped, or null if it ran to its end. */
  readonly stopped: number | null;
}
