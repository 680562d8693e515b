/**
 * Pictures of what a model makes of images, each with one call.
 *
 * @module
 */
import type { ImageSet } from "../dataset/split.ts";
import { grid, type GridOptions, pairGrid } from "../image/grid.ts";
import type { Picture } from "../image/picture.ts";
import type { InterpolationMode } from "./interpolate.ts";
import { inRows, interpolations, titleOf } from "./interpolations.ts";
import { checkLatentEngine, type LatentEngine } from "./space.ts";

/** How {@linkcode drawInterpolations} draws. */
export interface InterpolationPictureOptions extends GridOptions {
  /** The numbers of the images: the first eight pairs unless given. */
  readonly pairs?: readonly (readonly [from: number, to: number])[];
  /** Decoded digits from one end to the other, 12 unless given. */
  readonly steps?: number;
  /** Along the straight line, unless given, or the arc around the origin. */
  readonly mode?: InterpolationMode;
}

/** Pairs that are drawn where nobody chooses. */
const PAIRS = 8;

/**
 * Changes images into one another, a pair in each row, on the way between their
 * codes. A conditional model draws the class of the first.
 *
 * @param engine One with a model's state.
 * @param images As the model sees them.
 * @param options Which pairs, and how it goes; and those of `grid()`.
 * @returns The picture, the originals at both ends of each row.
 * @throws {OptionError} If there is no such option.
 * @throws {TypeError} If it is given a `VAE`, not an engine.
 * @throws {RangeError} If there are fewer than 2 steps or images, or no such
 * image.
 *
 * @example
 * ```ts
 * import { createEngine, drawInterpolations, synthesize } from "@vae/mnist";
 *
 * const engine = await createEngine({
 *   ...{ latentDim: 4, batchSize: 1, seed: 0 },
 *   likelihood: "mse",
 *   autoencoder: false,
 * });
 * const images = { ...synthesize(10, { seed: 0 }), count: 10 };
 * const pairs = [[0, 1], [0, 2]] as const;
 * const picture = await drawInterpolations(engine, images, { pairs });
 * engine.dispose();
 * ```
 */
export async function drawInterpolations(
  engine: LatentEngine,
  images: ImageSet,
  options: InterpolationPictureOptions = {},
): Promise<Picture> {
  checkLatentEngine(engine);
  const { pairs, steps = 12, mode, ...layout } = options;
  const all = Array.from(
    { length: Math.min(2 * PAIRS, images.count) },
    (_, i) => i,
  );
  const order = pairs?.flat() ?? all;
  if (order.length < 2) {
    throw new RangeError("an interpolation takes two images at least");
  }
  for (const index of order) {
    if (Number.isInteger(index) && index >= 0 && index < images.count) continue;
    throw new RangeError(
      `there is no image ${index}: there are ${images.count}, from 0`,
    );
  }
  const ways = await interpolations(engine, images, order, { steps, mode });
  const { classCount } = engine.options;
  return grid(inRows(ways), {
    title: titleOf(classCount, { mode }, "images"),
    columns: steps + 2,
    columnLabels: ["original", ...Array(steps).fill(""), "original"],
    ...layout,
  });
}

/**
 * Draws images above what the model makes of them, z = μ.
 *
 * @param engine One with a model's state.
 * @param images As the model sees them.
 * @param options Those of `pairGrid()`.
 * @returns The picture.
 * @throws {OptionError} If there is no such option.
 * @throws {TypeError} If it is given a `VAE`, not an engine.
 * @throws {RangeError} If there is no image.
 *
 * @example
 * ```ts
 * import { createEngine, drawReconstructions, synthesize } from "@vae/mnist";
 *
 * const engine = await createEngine({
 *   ...{ latentDim: 4, batchSize: 1, seed: 0 },
 *   likelihood: "mse",
 *   autoencoder: false,
 * });
 * const images = { ...synthesize(8, { seed: 0 }), count: 8 };
 * const picture = await drawReconstructions(engine, images);
 * engine.dispose();
 * ```
 */
export async function drawReconstructions(
  engine: LatentEngine,
  { images, labels }: Pick<ImageSet, "images" | "labels">,
  options: Omit<GridOptions, "rowLabels"> = {},
): Promise<Picture> {
  checkLatentEngine(engine);
  const { mu } = await engine.encode(images, labels);
  return pairGrid(images, await engine.decode(mu, labels), {
    title: "Originals above their reconstructions, z = μ",
    ...options,
  });
}
