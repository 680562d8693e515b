/**
 * Describes what can be exported.
 *
 * @module
 */
import type { ModelState } from "../checkpoint/torch_layout.ts";
import type { ModelOptions } from "../model/spec.ts";

/** A model that can be run: a `Checkpoint`, or as much of one. */
export interface TrainedModel {
  /** Latent size and likelihood. */
  readonly options: ModelOptions;
  /** Its weights and running statistics. */
  readonly state: ModelState;
}
