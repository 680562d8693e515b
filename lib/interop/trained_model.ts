/**
 * Describes what can be exported.
 *
 * @module
 */
import type { DataRecord } from "../checkpoint/metadata.ts";
import type { ModelState } from "../checkpoint/torch_layout.ts";
import { creditLine, creditOf } from "../dataset/mnist.ts";
import type { Likelihood, ModelOptions } from "../model/spec.ts";

/** A model that can be run: a `Checkpoint`, or as much of one. */
export interface TrainedModel {
  /** Latent size, likelihood and the number of classes. */
  readonly options: ModelOptions;
  /** What it was trained on, with the names of its classes, if they are known. */
  readonly data?: Omit<DataRecord, "digest">;
  /** Its weights and running statistics. */
  readonly state: ModelState;
}

/** What files tell of a model beside its weights. */
export interface ModelMetadata {
  readonly latentDim: number;
  readonly likelihood: Likelihood;
  /** What it was trained on: of published images, whose and on what terms. */
  readonly data?: string;
  /** Of a model that is told of classes. */
  readonly classCount?: number;
  /** Their names, if they are known. */
  readonly classes?: readonly string[];
}

/** Gathers what files tell of a model. */
export function metadataOf({ options, data }: TrainedModel): ModelMetadata {
  const { latentDim, likelihood, classCount = 0 } = options;
  const classes = data?.classes;
  return {
    ...{ latentDim, likelihood },
    ...(data && { data: describeData(data) }),
    ...(classCount > 0 && { classCount, ...(classes && { classes }) }),
  };
}

/** Says what a model was trained on: of published images, whose and on what terms. */
export function describeData(data: Omit<DataRecord, "digest">): string {
  const credit = creditOf(data);
  return credit ? creditLine(credit) : data.name;
}
