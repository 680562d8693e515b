/**
 * Says what a data set is, and splits one.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../model/spec.ts";
import { completeOptions } from "../options/table.ts";
import { counted } from "../text.ts";
import { type DataOptions, dataOptions } from "../options/run.ts";
import { DIGITS } from "./class_names.ts";
import { synthesize } from "./synthetic.ts";

/** Some 28×28 images, and their labels where there are any. */
export interface ImageSet {
  /** `count`·784 pixels, row-major, one byte each. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** `count` labels, or `null` for images without. */
  readonly labels: Uint8Array<ArrayBuffer> | null;
  /** What the images are called, as by their files' names, if they are. */
  readonly names?: readonly string[];
  /** How many images there are. */
  readonly count: number;
}

/** A part of a data set. */
export type Split = "train" | "validation" | "test";

const SPLITS: readonly Split[] = ["train", "validation", "test"];

const NO_IMAGES: ImageSet = {
  images: new Uint8Array(),
  labels: null,
  count: 0,
};

/** A data set, split. A split that was not asked for has no images. */
export interface Dataset {
  /** The data set's name, or the base name of the user's own file. */
  readonly name: string;
  /** SHA-256 of `train.images` in hex; empty if they were not asked for. */
  readonly digest: string;
  /** Names of the classes, which labels count from 0, if it has labels. */
  readonly classes?: readonly string[];
  /** Images to learn from. */
  readonly train: ImageSet;
  /** Images held back from the training file, or a data set's own. */
  readonly validation: ImageSet;
  /** Test images, or `null` for a data set without. */
  readonly test: ImageSet | null;
  /** Images for validation, before `limit` is applied. */
  readonly heldOut?: number;
  /** What a user must be told, one sentence each. */
  readonly notes: readonly string[];
  /** The options that chose it, with what `auto` came to. */
  readonly options: DataOptions;
}

/** What is known of a data set before its pictures are made images. */
export interface FoundImages
  extends Pick<Dataset, "name" | "classes" | "heldOut" | "options"> {
  /** How many images there will be to learn from, and their labels, if any. */
  readonly train: FoundSplit;
  /** The same of images for validation. */
  readonly validation: FoundSplit;
  /** The same of test images, or `null` for a data set without. */
  readonly test: FoundSplit | null;
}

/** A split of it. */
export interface FoundSplit {
  /** How many images it will have. */
  readonly count: number;
  /** Labels in whatever form, or `null` for images without. */
  readonly labels: object | null;
}

/** Loads images by range, so that no more are made than are used. */
export interface ImageFile {
  readonly count: number;
  slice(first: number, count: number): ImageSet | Promise<ImageSet>;
}

/**
 * Makes the data set of digits that are drawn, not downloaded: as many as MNIST
 * has, or fewer.
 *
 * @param options `limit` and `valSize`, as for `loadDataset()`.
 * @throws {OptionError} If an option is unknown or out of range.
 *
 * @example
 * ```ts
 * import { syntheticDataset } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const { train, validation } = await syntheticDataset({ limit: 50 });
 * assertEquals([train.count, validation.count], [50, 50]);
 * ```
 */
export async function syntheticDataset(
  options: Partial<Pick<DataOptions, "limit" | "valSize">> = {},
): Promise<Dataset> {
  return await loadSynthetic(
    completeOptions(dataOptions, { ...options, dataset: "synthetic" }),
  );
}

/**
 * Makes the synthetic digits; their seed is fixed, for they are one data set.
 */
export async function loadSynthetic(
  data: DataOptions,
  splits?: readonly Split[],
): Promise<Dataset> {
  const file = (offset: number, count: number) => () => ({
    count,
    slice: (first: number, count: number) => ({
      ...synthesize(count, { seed: 0, first: offset + first }),
      count,
    }),
  });
  const train = file(0, 60_000), test = file(60_000, 10_000);
  const dataset = await splitDataset("synthetic", train, test, data, splits);
  return { ...dataset, classes: DIGITS };
}

/** Makes a file of images that are in memory. */
export function imageFile(
  images: Uint8Array<ArrayBuffer>,
  labels: Uint8Array<ArrayBuffer> | null,
  count: number,
): ImageFile {
  return {
    count,
    slice: (first, count) => ({
      images: images.subarray(
        first * IMAGE_PIXELS,
        (first + count) * IMAGE_PIXELS,
      ),
      labels: labels && labels.subarray(first, first + count),
      count,
    }),
  };
}

/**
 * Splits the files of training and test images as the options say.
 *
 * @param validating Images for validation, in place of the last for training.
 */
export async function splitDataset(
  name: string,
  training: () => ImageFile | Promise<ImageFile>,
  testing: (() => ImageFile | Promise<ImageFile>) | null,
  data: DataOptions,
  splits: readonly Split[] = SPLITS,
  validating?: () => ImageFile | Promise<ImageFile>,
): Promise<Dataset> {
  let held = data.valSize;
  const limit = data.limit ?? Infinity;
  const notes: string[] = [];
  const sets: Record<Split, ImageSet> = {
    train: NO_IMAGES,
    validation: NO_IMAGES,
    test: NO_IMAGES,
  };
  const cut = async (
    split: Split,
    file: ImageFile,
    first: number,
    end: number,
  ) => {
    if (!splits.includes(split)) return;
    sets[split] = await file.slice(first, Math.min(end - first, limit));
  };
  const isValidated = splits.includes("validation");
  if (validating) {
    if (splits.includes("train")) {
      const file = await training();
      await cut("train", file, 0, file.count);
    }
    if (isValidated) {
      const file = await validating();
      await cut("validation", file, 0, file.count);
      held = file.count;
    }
  } else if (splits.includes("train") || isValidated) {
    const file = await training();
    if (held > file.count / 2) {
      held = validationCount(file.count, held);
      const isAsked = data.valSize !== dataOptions.valSize.default;
      notes.push(
        `${name} has only ${counted(file.count, "training image")}, so ` +
          `${held} of them ${held === 1 ? "is" : "are"} for validation` +
          (isAsked ? `, not ${data.valSize}` : ""),
      );
    }
    await cut("train", file, 0, file.count - held);
    await cut("validation", file, file.count - held, file.count);
  }
  if (testing && splits.includes("test")) {
    const file = await testing();
    await cut("test", file, 0, file.count);
  }
  return {
    name,
    digest: splits.includes("train") ? await sha256(sets.train.images) : "",
    ...sets,
    test: testing && sets.test,
    heldOut: held,
    notes,
    options: data,
  };
}

/** Returns how many of the training images are held out to validate with. */
export function validationCount(count: number, asked: number): number {
  if (asked <= count / 2) return asked;
  return count < 2 ? 0 : Math.max(1, Math.floor(count / 10));
}

/** Returns the SHA-256 in hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}
