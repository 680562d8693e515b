/**
 * What every engine refuses, in the same words: each one hands its arguments to
 * an object of this class before it uses them.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../model/spec.ts";
import { conflictOf, drawsOf } from "../options/conflicts.ts";
import { trainingOptions } from "../options/run.ts";
import { completeOptions, OptionError } from "../options/table.ts";
import { show, showType, tagOf } from "../text.ts";
import {
  type BatchRef,
  type EngineName,
  type EngineOptions,
  type Hyper,
  type Labels,
  noiseRows,
} from "./engine.ts";

const { latentDim, likelihood, autoencoder, batchSize, seed } = trainingOptions;
const { draws, klGradient, headsLrFactor, adamBeta1, adamBeta2 } =
  trainingOptions;
const { binarize, objective, importanceSamples, tcWeight, freeBits } =
  trainingOptions;
const { classCount } = trainingOptions;

/** The options that an engine cannot do without. */
const REQUIRED = { latentDim, likelihood, autoencoder, batchSize, seed };

/** Those that it takes. */
const OPTIONS = {
  ...REQUIRED,
  ...{ draws, klGradient, headsLrFactor, adamBeta1, adamBeta2 },
  ...{ binarize, objective, importanceSamples, tcWeight, freeBits },
  classCount,
};

/**
 * Checks and completes the options that an engine is made for.
 *
 * @param given They may be among others, which are left out.
 * @throws {OptionError} If one is missing or out of range, or two do not go
 * together.
 */
export function engineOptions(given: EngineOptions): Required<EngineOptions> {
  for (const name of Object.keys(REQUIRED) as (keyof typeof REQUIRED)[]) {
    if (given[name] !== undefined) continue;
    const all = Object.keys(REQUIRED).join(", ");
    throw new OptionError(`${name} is missing: an engine takes ${all}`);
  }
  const names = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];
  const options = completeOptions(
    OPTIONS,
    Object.fromEntries(names.map((name) => [name, given[name]])),
  );
  const conflict = conflictOf(options);
  if (conflict !== undefined) throw new OptionError(conflict);
  return options;
}

/** Checks the arguments of one engine. */
export class Checks {
  /** What the engine is made for. */
  readonly options: Required<EngineOptions>;
  readonly #name: EngineName;
  #images = 0;
  #order = 0;
  #isDisposed = false;

  /**
   * Begins with the options that the engine is made for.
   *
   * @throws {OptionError} As {@linkcode engineOptions}.
   */
  constructor(name: EngineName, options: EngineOptions) {
    this.#name = name;
    this.options = engineOptions(options);
  }

  /**
   * Refuses to use an engine after its end.
   *
   * @throws {Error} If it has been disposed of.
   */
  alive(): void {
    if (!this.#isDisposed) return;
    throw new Error(
      `this ${this.#name} engine has been disposed of: make another`,
    );
  }

  /** Ends the engine; false if it has ended before. */
  end(): boolean {
    if (this.#isDisposed) return false;
    return this.#isDisposed = true;
  }

  /**
   * Checks images that are evaluated, encoded or scored.
   *
   * @returns How many there are.
   * @throws {TypeError} If they are not bytes.
   * @throws {RangeError} If the last one is not whole.
   */
  images(images: Uint8Array): number {
    this.alive();
    checkType("images", images, "Uint8Array", "bytes from 0 to 255");
    return rows("images", images.length, IMAGE_PIXELS, "pixels to an image");
  }

  /** Notes that the engine holds so many images, which have no order yet. */
  holds(images: number): void {
    this.#images = images;
    this.#order = 0;
  }

  /**
   * Checks latents.
   *
   * @returns How many there are.
   * @throws {TypeError} If they are not float32.
   * @throws {RangeError} If the last one is not whole.
   */
  latents(z: Float32Array): number {
    this.alive();
    checkType("z", z, "Float32Array", "latents");
    return rows(
      "z",
      z.length,
      this.options.latentDim,
      "dimensions to a latent",
    );
  }

  /**
   * Checks images and a latent for each.
   *
   * @returns How many there are of either.
   * @throws {RangeError} If one kind is more than the other.
   */
  pairs(z: Float32Array, images: Uint8Array): number {
    const [latents, count] = [this.latents(z), this.images(images)];
    if (latents === count) return count;
    throw new RangeError(
      `${latents} latents do not go with ${count} images: each takes one`,
    );
  }

  /** Checks the classes of images or latents: see {@linkcode checkLabels}. */
  labels(
    labels: Labels | undefined,
    count: number,
  ): Uint8Array | undefined {
    return checkLabels(this.options.classCount, labels, count);
  }

  /**
   * Checks the order of the training images.
   *
   * @throws {TypeError} If it is not of 32-bit numbers.
   * @throws {RangeError} If it names an image that is not there.
   */
  order(order: Uint32Array): void {
    this.alive();
    checkType("the order", order, "Uint32Array", "image numbers");
    const beyond = order.find((index) => index >= this.#images);
    if (beyond !== undefined) {
      throw new RangeError(
        `the order names image ${beyond} of ${this.#images}`,
      );
    }
  }

  /** Notes that the engine holds an order of so many images. */
  holdsOrder(length: number): void {
    this.#order = length;
  }

  /**
   * Checks a batch and what it is trained with.
   *
   * @throws {RangeError} If it is not within the order, larger than the engine
   * was made for, or a number is none.
   */
  step({ first, count, epsilon }: BatchRef, hyper: Hyper): void {
    this.alive();
    this.hyper(hyper);
    const isWhole = Number.isInteger(first) && first >= 0 &&
      Number.isInteger(count) && count > 0;
    if (
      !isWhole || count > this.options.batchSize || first + count > this.#order
    ) {
      throw new RangeError(
        `a batch of ${count} rows from ${first}: the engine was made for ` +
          `${this.options.batchSize} at a time, and the order has ` +
          `${this.#order}: the last batch of an epoch is the shorter one that ` +
          "is left",
      );
    }
    const rows = count *
      noiseRows(drawsOf(this.options), this.options.objective);
    if (epsilon === undefined || this.latents(epsilon) === rows) return;
    throw new RangeError(
      `epsilon has ${epsilon.length} numbers, not ${rows}×${this.options.latentDim}`,
    );
  }

  /**
   * Checks the weights of the loss and the learning rate.
   *
   * @throws {TypeError} If one is not a number.
   * @throws {RangeError} If one is below 0 or not finite.
   */
  hyper(hyper: Hyper): void {
    for (const name of ["beta", "capacity", "learningRate"] as const) {
      const value = hyper[name];
      if (typeof value !== "number") {
        throw new TypeError(`${name} takes a number, not ${show(value)}`);
      }
      if (value >= 0 && value < Infinity) continue;
      throw new RangeError(
        `${name} takes a finite number of 0 or more, not ${value}`,
      );
    }
  }
}

/**
 * Checks the classes of images or latents.
 *
 * @param classCount Classes that the model is told of.
 * @param labels From a caller.
 * @param count How many images or latents there are.
 * @returns Nothing where the model is told of no classes.
 * @throws {TypeError} If they are not there, or are not bytes.
 * @throws {RangeError} If they are not as many, or one is not the model's.
 */
export function checkLabels(
  classCount: number,
  labels: Labels | undefined,
  count: number,
): Uint8Array | undefined {
  if (classCount === 0) return;
  if (!labels) {
    throw new TypeError(
      `labels are missing: the model is told of ${classCount} classes`,
    );
  }
  checkType("labels", labels, "Uint8Array", "classes from 0");
  if (labels.length !== count) {
    throw new RangeError(
      `${labels.length} labels do not go with ${count} images or latents: ` +
        "each takes one",
    );
  }
  const beyond = labels.find((label) => label >= classCount);
  if (beyond === undefined) return labels;
  throw new RangeError(
    `there is no class ${beyond}: the model has ${classCount}, from 0`,
  );
}

/** Refuses arrays of another type, which would be taken for this one. */
function checkType(
  name: string,
  value: unknown,
  wanted: "Uint8Array" | "Float32Array" | "Uint32Array",
  what: string,
): void {
  if (tagOf(value) === wanted) return;
  throw new TypeError(
    `${name} must be a ${wanted} of ${what}, not ${showType(value)}`,
  );
}

/** Counts the rows of a matrix, all of which must be whole. */
function rows(
  name: string,
  length: number,
  width: number,
  unit: string,
): number {
  if (length % width === 0) return length / width;
  throw new RangeError(
    `${name} has ${length} numbers, which is no multiple of ${width}, the ${unit}`,
  );
}
