/**
 * What the buffers `latents` and `densities` hold of each image. The first has all
 * that a step makes of it, because WebGPU promises eight storage buffers to a
 * program (https://www.w3.org/TR/webgpu/#limit-default).
 *
 * @module
 */
import type { ModelSpec } from "../../model/spec.ts";
import { noiseRows, type Objective } from "../engine.ts";

/** Where an image's row of `latents` has what, in float32 elements. */
export interface LatentRow {
  readonly latentDim: number;
  /** Draws of z. */
  readonly draws: number;
  /** Rows of noise: one for each pair of draws, or for each draw. */
  readonly noises: number;
  /** ε of each row of noise. Before it are μ and log σ² of each dimension. */
  readonly epsilon: number;
  /** The KL divergence of the image. */
  readonly kl: number;
  /** z of each draw. */
  readonly z: number;
  /** The importance weight of each draw, where the objective has them. */
  readonly weights: number;
  /**
   * The gradients of μ and log σ². Before `latentBackward` makes them, the share
   * of the total correlation.
   */
  readonly slopes: number;
  /** The class of the image, where the model is told of some. */
  readonly label: number;
  readonly classCount: number;
  readonly length: number;
}

/**
 * Lays out a row.
 *
 * @param model Its latent size, and of how many classes it is told.
 * @param draws Those of z for each image; one when nothing is trained.
 */
export function latentRow(
  { latentDim, classCount }: Pick<ModelSpec, "latentDim" | "classCount">,
  draws = 1,
  objective?: Objective,
): LatentRow {
  const noises = noiseRows(draws, objective);
  const epsilon = 2 * latentDim;
  const kl = epsilon + noises * latentDim;
  const z = kl + 1, weights = z + draws * latentDim;
  const slopes = weights + (objective === "iwae" ? draws : 0);
  const label = slopes + 2 * latentDim;
  const length = label + (classCount > 0 ? 1 : 0);
  return {
    ...{ latentDim, draws, noises, epsilon, kl, z, weights, slopes },
    ...{ label, classCount, length },
  };
}

/** Tells whether draws 2j and 2j + 1 share a row of noise. */
export function isPaired({ draws, noises }: LatentRow): boolean {
  return noises < draws;
}

/** Writes, as WGSL, where z of the decoder's row `row` begins. */
export function zAt(
  row: string,
  { latentDim, draws, z, length }: LatentRow,
): string {
  return draws === 1
    ? `${row} * ${length}u + ${z}u`
    : `${row} / ${draws}u * ${length}u + ${row} % ${draws}u * ${latentDim}u` +
      ` + ${z}u`;
}

/** Writes, as WGSL, the class of an image. */
export function labelAt(image: string, { label, length }: LatentRow): string {
  return `u32(latents[${image} * ${length}u + ${label}u])`;
}

/**
 * Returns the length of a row of z that is given: behind it is its class, where
 * the model is told of one.
 */
export function givenRow(
  { latentDim, classCount }: Pick<ModelSpec, "latentDim" | "classCount">,
): number {
  return latentDim + (classCount > 0 ? 1 : 0);
}

/**
 * Where an image's row of `densities` has what, for the total correlation: with
 * a_ijd = log N(z_id; μ_jd, σ²_jd) first log Σ_j exp a_ijd of each dimension;
 * then that of Σ_d a_ijd, and which share each image j has in it.
 */
export interface DensityRow {
  readonly shares: number;
  readonly length: number;
}

/** Lays out a row. */
export function densityRow(latentDim: number, batchSize: number): DensityRow {
  const shares = latentDim + 1;
  return { shares, length: shares + batchSize };
}
