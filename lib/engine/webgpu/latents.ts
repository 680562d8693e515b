/**
 * What the buffer `latents` holds of each image. One buffer for all, because
 * WebGPU promises eight storage buffers to a program
 * (https://www.w3.org/TR/webgpu/#limit-default).
 *
 * @module
 */
import { noiseRows } from "../engine.ts";

/**
 * Where an image's row has what: μ and log σ² of each dimension, ε of each pair
 * of draws, the KL divergence of the image, z of each draw, and the gradients of
 * μ and log σ² (`slopes`).
 *
 * @param draws Those of z for each image; one when nothing is trained.
 */
export function latentRow(latentDim: number, draws = 1): {
  readonly epsilon: number;
  readonly kl: number;
  readonly z: number;
  readonly slopes: number;
  readonly length: number;
} {
  const epsilon = 2 * latentDim;
  const kl = epsilon + noiseRows(draws) * latentDim;
  const z = kl + 1, slopes = z + draws * latentDim;
  return { epsilon, kl, z, slopes, length: slopes + 2 * latentDim };
}

/** Writes, as WGSL, where z of the decoder's row `row` begins. */
export function zAt(row: string, latentDim: number, draws = 1): string {
  const { z, length } = latentRow(latentDim, draws);
  return draws === 1
    ? `${row} * ${length}u + ${z}u`
    : `${row} / ${draws}u * ${length}u + ${row} % ${draws}u * ${latentDim}u` +
      ` + ${z}u`;
}
