/**
 * Encodes and decodes many images, some at a time.
 *
 * @module
 */
import type { ImageSet } from "../dataset/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Tick } from "../math/estimate.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import { squaredErrors } from "./pixels.ts";
import type { Posterior } from "./posterior.ts";

/** Images encoded or decoded at a time. */
const CHUNK = 1024;

/** Encodes many images. */
export async function encode(
  engine: Pick<Engine, "encode">,
  { images, labels }: Pick<ImageSet, "images" | "labels">,
  tick: Tick,
): Promise<Posterior> {
  const parts: Posterior[] = [];
  const classes = labels && chunks(labels, CHUNK);
  let done = 0;
  for (const [i, chunk] of chunks(images, CHUNK * IMAGE_PIXELS).entries()) {
    parts.push(await engine.encode(chunk, classes && classes[i]));
    done += chunk.length;
    await tick(done / images.length);
  }
  return {
    mu: concatenate(parts.map(({ mu }) => mu)),
    logvar: concatenate(parts.map(({ logvar }) => logvar)),
  };
}

/** Returns Σ(x̂ − x)² of each image, with z = μ. */
export async function errorsOfMeans(
  engine: Pick<Engine, "decode">,
  { images, labels }: Pick<ImageSet, "images" | "labels">,
  mu: Float32Array,
): Promise<Float64Array> {
  const n = images.length / IMAGE_PIXELS;
  const errors = new Float64Array(n);
  const classes = labels && chunks(labels, CHUNK);
  let first = 0;
  for (const [i, z] of chunks(mu, CHUNK * mu.length / n).entries()) {
    const means = await engine.decode(z, classes && classes[i]);
    const at = first * IMAGE_PIXELS;
    const chunk = images.subarray(at, at + means.length);
    errors.set(squaredErrors(means, chunk), first);
    first += CHUNK;
  }
  return errors;
}

/** Cuts an array into pieces of at most `length`. */
function chunks<T extends Uint8Array | Float32Array>(
  values: T,
  length: number,
): T[] {
  return Array.from(
    { length: Math.ceil(values.length / length) },
    (_, i) => values.subarray(i * length, (i + 1) * length) as T,
  );
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
