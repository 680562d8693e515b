/**
 * Ways between the codes of images, decoded.
 *
 * @module
 */
import { firstImages } from "../dataset/first_images.ts";
import type { ImageSet } from "../dataset/split.ts";
import { concatenate } from "../math/concatenate.ts";
import { toUnitPixels } from "../metrics/pixels.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import { interpolate, type InterpolationMode } from "./interpolate.ts";
import { type Class, repeated } from "./sheets.ts";
import type { LatentEngine } from "./space.ts";

/** Two images, and what is decoded between their codes: pixels, 784 each. */
export interface Interpolation {
  readonly from: Float32Array;
  /** [steps, 784], from the code of the first to that of the second. */
  readonly decoded: Float32Array;
  readonly to: Float32Array;
}

/** How it goes from one code to another. */
export interface InterpolationWay {
  /** Decoded digits from one end to the other, at least 2. */
  readonly steps: number;
  /** Along the straight line, unless told otherwise. */
  readonly mode?: InterpolationMode;
  /** What a conditional model draws, if it is not the class of the first image. */
  readonly shownClass?: Class | null;
}

/**
 * Interpolates between images that an order has next to each other: its first
 * and second, third and fourth, and so on.
 *
 * @throws {RangeError} If there are fewer than 2 steps.
 */
export async function interpolations(
  engine: LatentEngine,
  images: ImageSet,
  order: ArrayLike<number>,
  { steps, mode, shownClass = null }: InterpolationWay,
): Promise<Interpolation[]> {
  const pairs = order.length >> 1;
  if (pairs === 0) return [];
  const { images: ends, labels } = firstImages(images, order, 2 * pairs);
  const { mu } = await engine.encode(ends, labels);
  const { latentDim } = engine.options;
  const originals = toUnitPixels(ends);
  const latent = (i: number) => mu.subarray(i * latentDim, (i + 1) * latentDim);
  const z = Array.from(
    { length: pairs },
    (_, i) => interpolate(latent(2 * i), latent(2 * i + 1), steps, mode),
  );
  const decoded = await engine.decode(
    concatenate(z),
    repeated(shownClass, pairs * steps) ??
      (labels && concatenate(
        z.map((_, i) => new Uint8Array(steps).fill(labels[2 * i])),
      )),
  );
  const part = (of: Float32Array, first: number, n: number) =>
    of.subarray(first * IMAGE_PIXELS, (first + n) * IMAGE_PIXELS);
  return z.map((_, i) => ({
    from: part(originals, 2 * i, 1),
    decoded: part(decoded, i * steps, steps),
    to: part(originals, 2 * i + 1, 1),
  }));
}

/**
 * Lays interpolations out in rows, the originals at both ends.
 *
 * @param ways At least one.
 * @param first The first decoded digit that is shown.
 * @param count How many are.
 * @returns [ways, count + 2, 784]
 */
export function inRows(
  ways: readonly Interpolation[],
  first = 0,
  count = ways[0].decoded.length / IMAGE_PIXELS,
): Float32Array {
  const [start, end] = [first, first + count].map((i) => i * IMAGE_PIXELS);
  return concatenate(
    ways.flatMap(({ from, decoded, to }) => [
      from,
      decoded.subarray(start, end),
      to,
    ]),
  );
}

/** Says what is between the ends. */
export function titleOf(
  classCount: number,
  { mode, shownClass }: Omit<InterpolationWay, "steps">,
  of: string,
): string {
  const kind = mode === "slerp" ? "on the arc" : "on the straight line";
  const drawn = classCount === 0
    ? ""
    : shownClass
    ? `; drawn as class ${shownClass.name}`
    : "; drawn as the class of the first image";
  return `Interpolations between the codes of two ${of}, ${kind}; the ` +
    `originals at both ends${drawn}`;
}
