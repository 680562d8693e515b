/**
 * Pictures of what a model has learnt, each with one call.
 *
 * @module
 */
import type { ImageSet } from "../dataset/split.ts";
import { className } from "../dataset/class_names.ts";
import { grid, type GridOptions } from "../image/grid.ts";
import type { Picture } from "../image/picture.ts";
import {
  type Class,
  manifoldSheet,
  sampleSheet,
  traversalSheet,
} from "./sheets.ts";
import {
  checkLatentEngine,
  type LatentEngine,
  type LatentSpace,
  measureLatents,
  unmeasuredLatents,
} from "./space.ts";

/** What the pictures of a latent space have in common. */
export interface LatentPictureOptions extends GridOptions {
  /**
   * Images that the latent space is measured on, as the model sees them: the
   * most active dimensions come first. An autoencoder, which has no prior, is
   * drawn on the scale of its codes and needs them.
   */
  readonly images?: ImageSet;
  /** The names of the classes of a conditional model: `dataset.classes`. */
  readonly classes?: readonly string[];
}

/** How {@linkcode drawSamples} draws. */
export interface SamplePictureOptions extends LatentPictureOptions {
  /** How many: 64 unless given, or 8 of each class. */
  readonly n?: number;
  /** The same seed gives the same digits; 0 unless given. */
  readonly seed?: number;
  /** Standard deviation of z, 1 unless given. */
  readonly temperature?: number;
}

/** How {@linkcode drawTraversal} draws. */
export interface TraversalPictureOptions extends LatentPictureOptions {
  /** How far to either side, in standard deviations; 3 unless given. */
  readonly range?: number;
  /** Digits in a row, 11 unless given. */
  readonly steps?: number;
  /** The code to begin with, [latentDim]; the prior's mean unless given. */
  readonly code?: Float32Array;
  /** What a conditional model draws: class 0 unless given. */
  readonly label?: number;
}

/** How {@linkcode drawManifold} draws. */
export interface ManifoldPictureOptions extends LatentPictureOptions {
  /** Digits along each side, 20 unless given. */
  readonly n?: number;
  /** What a conditional model draws: class 0 unless given. */
  readonly label?: number;
}

/**
 * Draws new digits: z from the prior, or as an autoencoder's codes lie. Of a
 * conditional model a row has a class, and a column a z.
 *
 * @param engine One with a model's state.
 * @param options How many, which seed and temperature; and those of `grid()`.
 * @returns The picture.
 * @throws {OptionError} If there is no such option.
 * @throws {TypeError} If it is given a `VAE`, not an engine.
 * @throws {RangeError} If `n` is no whole number of at least 1, or an
 * autoencoder comes without images.
 *
 * @example
 * ```ts
 * import { createEngine, drawSamples, encodePng } from "@vae/mnist";
 *
 * const options = { latentDim: 2, batchSize: 1, seed: 0 };
 * const engine = await createEngine({
 *   ...options,
 *   likelihood: "mse",
 *   autoencoder: false,
 * });
 * const picture = await drawSamples(engine, { n: 9, seed: 7 });
 * const bytes = encodePng(picture); // for "samples.png"
 * engine.dispose();
 * ```
 */
export async function drawSamples(
  engine: LatentEngine,
  options: SamplePictureOptions = {},
): Promise<Picture> {
  const { images, classes: names, seed = 0, temperature, ...rest } = options;
  const { classCount } = engine.options;
  const { n = classCount > 0 ? 8 : 64, ...layout } = rest;
  checkWhole("n", n, 1);
  const classes = Array.from(
    { length: classCount },
    (_, label) => classOf(engine, names, label)!,
  );
  const latents = await latentsOf(engine, images);
  const draw = { n, seed, temperature, classes };
  const sheet = await sampleSheet(engine, latents, draw);
  const { columns, rowLabels } = sheet;
  return grid(sheet.digits, {
    ...{ title: sheet.title, columns, rowLabels },
    ...layout,
  });
}

/**
 * Moves along each latent dimension, one in each row, the most active first if
 * there are images to measure them on.
 *
 * @param engine One with a model's state.
 * @param options From where, how far and in how many steps; and those of `grid()`.
 * @returns The picture.
 * @throws {OptionError} If there is no such option.
 * @throws {TypeError} If it is given a `VAE`, not an engine.
 * @throws {RangeError} If there are fewer than 2 steps, the range is not above 0,
 * the code is of another length, there is no such class, or an autoencoder comes
 * without images.
 *
 * @example
 * ```ts
 * import { createEngine, drawTraversal, synthesize } from "@vae/mnist";
 *
 * const engine = await createEngine({
 *   ...{ latentDim: 4, batchSize: 1, seed: 0 },
 *   likelihood: "mse",
 *   autoencoder: false,
 * });
 * const images = { ...synthesize(100, { seed: 0 }), count: 100 };
 * const picture = await drawTraversal(engine, { images, steps: 7 });
 * engine.dispose();
 * ```
 */
export async function drawTraversal(
  engine: LatentEngine,
  options: TraversalPictureOptions = {},
): Promise<Picture> {
  const { images, classes, range = 3, steps = 11, ...rest } = options;
  const { code, label, ...layout } = rest;
  const { latentDim } = engine.options;
  checkWhole("steps", steps, 2);
  if (!(range > 0 && range < Infinity)) {
    throw new RangeError(`range takes a number above 0, not ${range}`);
  }
  if (code && code.length !== latentDim) {
    throw new RangeError(
      `a code has ${latentDim} numbers, and this one ${code.length}`,
    );
  }
  const sheet = await traversalSheet(
    engine,
    await latentsOf(engine, images),
    {
      ...{ range, steps, shownClass: classOf(engine, classes, label) },
      ...(code && { image: { name: "a code", code } }),
    },
  );
  const { title, note, rowLabels, columnLabels } = sheet;
  return grid(sheet.digits, {
    ...{ title, subtitle: note, columns: steps, rowLabels, columnLabels },
    ...layout,
  });
}

/**
 * Maps two latent dimensions over values that the prior has equally often, the
 * two most active if there are images to measure them on (Kingma & Welling 2014,
 * figure 4, https://arxiv.org/abs/1312.6114).
 *
 * @param engine One with a model's state.
 * @param options How many on each side; and those of `grid()`.
 * @returns The picture.
 * @throws {OptionError} If there is no such option.
 * @throws {TypeError} If it is given a `VAE`, not an engine.
 * @throws {RangeError} If the model has one latent dimension, `n` is no whole
 * number of at least 2, there is no such class, or an autoencoder comes without
 * images.
 *
 * @example
 * ```ts
 * import { createEngine, drawManifold } from "@vae/mnist";
 *
 * const engine = await createEngine({
 *   ...{ latentDim: 2, batchSize: 1, seed: 0 },
 *   likelihood: "mse",
 *   autoencoder: false,
 * });
 * const picture = await drawManifold(engine, { n: 5 });
 * engine.dispose();
 * ```
 */
export async function drawManifold(
  engine: LatentEngine,
  options: ManifoldPictureOptions = {},
): Promise<Picture> {
  const { images, classes, n = 20, label, ...layout } = options;
  checkWhole("n", n, 2);
  const latents = await latentsOf(engine, images);
  const shown = classOf(engine, classes, label);
  const sheet = await manifoldSheet(engine, latents, n, shown);
  const { title, note, rowLabels, columnLabels } = sheet;
  return grid(sheet.digits, {
    ...{ title, subtitle: note, rowLabels, columnLabels },
    ...{ columns: n, gap: 0 },
    ...layout,
  });
}

/** Measures the latent space, if there are images to do so. */
async function latentsOf(
  engine: LatentEngine,
  images: ImageSet | undefined,
): Promise<LatentSpace> {
  checkLatentEngine(engine);
  if (images) return await measureLatents(engine, images);
  const { latentDim, autoencoder } = engine.options;
  if (!autoencoder) return unmeasuredLatents(latentDim);
  throw new RangeError(
    "an autoencoder has no prior: give it images, whose codes say where its " +
      "latents lie",
  );
}

/** Returns the class that a conditional model draws. */
function classOf(
  { options: { classCount } }: LatentEngine,
  names: readonly string[] | undefined,
  label = 0,
): Class | null {
  if (classCount === 0) return null;
  if (Number.isInteger(label) && label >= 0 && label < classCount) {
    return { label, name: className(names, label) };
  }
  throw new RangeError(
    `there is no class ${label}: the model has ${classCount}, from 0`,
  );
}

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(
    `${name} takes a whole number of at least ${least}, not ${value}`,
  );
}
