/**
 * A model to compress with, and a file on record that it has compressed:
 * `deno run --allow-read --allow-write tests/compressed.ts` writes it anew, which
 * takes a new version of the format (`lib/compression/archive.ts`).
 */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { decodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { ImageCodec } from "../lib/compression/image_codec.ts";
import { binarize } from "../lib/dataset/binarize.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import { initialState } from "../lib/model/init.ts";
import { type ModelOptions, modelSpec } from "../lib/model/spec.ts";
import { untrained } from "./process.ts";

/** The file on record. */
export const RECORDED = new URL("fixtures/digits.vae", import.meta.url);

/** How many images it has. */
export const RECORDED_IMAGES = 8;

/** A model that has learnt nothing, but with latents and pixels far apart. */
export function modelOf(
  options: Partial<ModelOptions> & { seed?: number; scale?: number } = {},
): Checkpoint {
  const { latentDim = 5, seed = 1, scale = 1.5, ...others } = options;
  const checkpoint = decodeCheckpoint(untrained());
  const state = initialState(modelSpec(latentDim), seed);
  state.parameters = state.parameters.map((weight) => scale * weight);
  return {
    ...checkpoint,
    options: {
      ...checkpoint.options,
      likelihood: "bce",
      ...others,
      latentDim,
    },
    state,
  };
}

/** Black-and-white digits, of bytes 0 and 255. */
export function digits(count: number): Uint8Array<ArrayBuffer> {
  return binarize(synthesize(count, { seed: 3 }).images, "static", "test");
}

if (import.meta.main) {
  using codec = await ImageCodec.open(modelOf());
  const file = await codec.compress(digits(RECORDED_IMAGES));
  await Deno.writeFile(RECORDED, file);
}
