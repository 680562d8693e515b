/**
 * A training run in the page, by what makes it again.
 *
 * @module
 */
import type { Likelihood } from "../model/spec.ts";

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

/** Returns the β that counts for the step after so many. */
export function betaAt({ beta, events }: Plan, step: number): number {
  return events.findLast((event) => event.step <= step)?.beta ?? beta;
}

/**
 * Returns the plan of a run that goes on from a step with this β, whatever was
 * planned for later: of one whose β is changed as it trains, and of one that
 * forks from another.
 */
export function goOn(plan: Plan, step: number, beta: number): Plan {
  if (step === 0) return { ...plan, beta, events: [], stopped: null };
  const events = plan.events.filter((event) => event.step < step);
  const before: Plan = { ...plan, events, stopped: null };
  return betaAt(before, step) === beta
    ? before
    : { ...before, events: [...events, { step, beta }] };
}

/** Returns the plan of what a run had done after so many steps. */
export function planUntil(plan: Plan, step: number): Plan {
  const events = plan.events.filter((event) => event.step < step);
  return { ...plan, events, stopped: step };
}
