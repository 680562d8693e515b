/**
 * Measures what the codes say about the classes.
 *
 * @module
 */
import type { Tick } from "../math/estimate.ts";
import { mutualInformationGap } from "./information.ts";
import { classifyByNeighbors } from "./neighbors.ts";
import type { Posterior } from "./posterior.ts";
import { classifyByProbe, fitProbe } from "./probe.ts";

/** Neighbours that vote on a class. */
export const NEIGHBORS = 5;

/** What the codes of some images say about their classes. */
export interface ClassMeasures {
  /** Of each image 1 where the nearest known codes name its class, otherwise 0. */
  readonly rightByNeighbors: Float64Array | null;
  /** The same of a linear probe. */
  readonly rightByProbe: Float64Array | null;
  /** How far the most telling dimension is ahead, from 0 to 1. */
  readonly mutualInformationGap: number | null;
  /** Why there are nulls. */
  readonly notes: readonly string[];
}

/**
 * Classifies the codes of some images by others that are known.
 *
 * @param posterior With the classes, if these are known.
 * @param known Codes [n, latentDim] to learn from, with classes; null where
 * there are no others than those to be classified.
 * @param latentDim Number of latent dimensions.
 * @param tickOf Is told of each stage how far the work is.
 */
export async function measureClasses(
  { mu, logvar, labels }: Posterior & { readonly labels: Uint8Array | null },
  known: {
    readonly codes: Float32Array;
    readonly labels: Uint8Array | null;
  } | null,
  latentDim: number,
  tickOf: (stage: string) => Tick,
): Promise<ClassMeasures> {
  const nothing = { rightByNeighbors: null, rightByProbe: null };
  if (!labels) {
    const note = "the images have no labels, so nothing is said of classes";
    return { ...nothing, mutualInformationGap: null, notes: [note] };
  }
  const gap = mutualInformationGap({ mu, logvar }, labels, latentDim);
  const notes = gap === null
    ? ["a mutual information gap needs two dimensions and two classes"]
    : [];
  if (!known?.labels) {
    const note = "an accuracy needs other images than those learnt from";
    return { ...nothing, mutualInformationGap: gap, notes: [...notes, note] };
  }
  const learnt = { codes: known.codes, labels: known.labels };
  const byNeighbors = await classifyByNeighbors(
    learnt,
    mu,
    latentDim,
    NEIGHBORS,
    tickOf("nearest neighbours"),
  );
  const probe = await fitProbe(learnt, latentDim, tickOf("linear probe"));
  return {
    rightByNeighbors: hits(byNeighbors, labels),
    rightByProbe: hits(classifyByProbe(probe, mu), labels),
    mutualInformationGap: gap,
    notes,
  };
}

/** Returns 1 for each prediction that is right, and 0 for the others. */
function hits(predicted: Uint8Array, labels: Uint8Array): Float64Array {
  return Float64Array.from(
    predicted,
    (label, i) => Number(label === labels[i]),
  );
}
