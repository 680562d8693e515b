/**
 * Describes what can be exported.
 *
 * @module
 */
import type { ModelState } from "../checkpoint/torch_layout.ts";
import type { Likelihood, ModelOptions } from "../model/spec.ts";

/** A model that can be run: a `Checkpoint`, or as much of one. */
export interface TrainedModel {
  /** Latent size, likelihood and the number of classes. */
  readonly options: ModelOptions;
  /** The names of its classes, if they are known. */
  readonly data?: { readonly classes?: readonly string[] };
  /** Its weights and running statistics. */
  readonly state: ModelState;
}

/** What files tell of a model beside its weights. */
export interface ModelMetadata {
  readonly latentDim: number;
  readonly likelihood: Likelihood;
  /** Of a model that is told of classes. */
  readonly classCount?: number;
  /** Their names, if they are known. */
  readonly classes?: readonly string[];
}

/** Gathers what files tell of a model. */
export function metadataOf({ options, data }: TrainedModel): ModelMetadata {
  const { latentDim, likelihood, classCount = 0 } = options;
  if (classCount === 0) return { latentDim, likelihood };
  const classes = data?.classes;
  return { latentDim, likelihood, classCount, ...(classes && { classes }) };
}
