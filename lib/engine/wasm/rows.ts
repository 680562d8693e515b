/**
 * How long the rows of the buffers are, which buffers have one for what, and how
 * many weights a convolution has.
 *
 * @module
 */
import { FEATURE_BUFFER, NORMS, OUTPUT, type Stage } from "../stages.ts";
import { FEATURE_COUNT, IMAGE_PIXELS } from "../../model/spec.ts";
import { SIZE } from "./words.ts";

/** Rounds up to a multiple. */
export function roundUp(size: number, multiple: number): number {
  return Math.ceil(size / multiple) * multiple;
}

/** Elements of one image in each buffer. */
export function rowSizes(latentDim: number): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = { image: IMAGE_PIXELS };
  for (const { name, input, places, channels } of NORMS) {
    sizes[input] = sizes[name] = sizes[`∂${name}`] = places * channels;
  }
  sizes.heads = sizes["∂heads"] = 2 * latentDim;
  sizes.z = sizes["∂z"] = sizes.epsilon = latentDim;
  sizes.fc_decode = sizes["∂fc_decode"] = FEATURE_COUNT;
  sizes[OUTPUT] = sizes[`∂${OUTPUT}`] = IMAGE_PIXELS;
  return sizes;
}

/** Buffers with a row for each draw of z: the decoder's. */
export const PER_DRAW: ReadonlySet<string> = new Set([
  ...["z", "fc_decode", OUTPUT],
  ...NORMS.flatMap(({ name, input }) => [input, name])
    .filter((name) => name.startsWith("decoder.")),
].flatMap((name) => [name, `∂${name}`]));

/** Buffers that one phase fills and reads: room for a shard a thread will do. */
export const PASSING: ReadonlySet<string> = new Set([
  ...NORMS.map(({ name }) => name).filter((name) => name !== FEATURE_BUFFER),
  `∂${OUTPUT}`,
]);

/**
 * Bytes of a buffer's row. Panels are written whole; and rows that are a
 * multiple of 4 KiB apart would fall on the same lines of the cache.
 */
export function rowBytes(size: number): number {
  const bytes = 4 * roundUp(size, SIZE.panel);
  return bytes % 4096 ? bytes : bytes + 64;
}

/** Weights of a convolution. */
export function weightCount({ shape: { large, small } }: Stage): number {
  return 9 * large.channels * small.channels;
}

/** Biases of a convolution: one for each channel that it writes. */
export function biasCount({ direction, shape }: Stage): number {
  return (direction === "down" ? shape.small : shape.large).channels;
}
