/**
 * From a data set's name to its training, validation and test images.
 *
 * @module
 */
import { basename } from "node:path";
import {
  DownloadError,
  fetchFile,
  type FetchProgress,
  sha256,
} from "./download.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import { completeOptions } from "../option.ts";
import { type DataOptions, dataOptions } from "../options.ts";
import { checkImages, checkLabels, gunzipIdx, parseIdx } from "./idx.ts";
import { type Source, type SourceFile, sources } from "./mnist.ts";
import { synthesize } from "./synthetic.ts";

/** Some 28×28 images, and their labels where there are any. */
export interface ImageSet {
  /** `count`·784 pixels, row-major, one byte each. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** `count` labels, or `null` for images without. */
  readonly labels: Uint8Array<ArrayBuffer> | null;
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
  /** Images to learn from. */
  readonly train: ImageSet;
  /** Images held back from the training file. */
  readonly validation: ImageSet;
  /** Test images, or `null` for a data set without. */
  readonly test: ImageSet | null;
  /** What a user must be told, one sentence each. */
  readonly notes: readonly string[];
  /** The options that chose it, with the data set that `auto` came to. */
  readonly options: DataOptions;
}

/** What {@linkcode loadDataset} takes besides the data options. */
export interface LoadOptions {
  /** The splits that are needed. Default: all. */
  readonly splits?: readonly Split[];
  /** Stops a download; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called after every chunk of a download. */
  readonly onProgress?: (progress: FetchProgress) => void;
}

type Options = LoadOptions & { readonly data: DataOptions };

/** Loads images by range, so that no more are made than are used. */
interface ImageFile {
  readonly count: number;
  slice(first: number, count: number): ImageSet;
}

/**
 * Loads a data set, fetching it first where needed.
 *
 * `dataset: "auto"` is MNIST if it is in the data folder or can be fetched,
 * otherwise `synthetic`; any other name never falls back.
 *
 * @param options Which one, and how to split it; see `dataOptions`.
 * @returns The data set. Its images are views of the files' bytes, not copies.
 * @throws {OptionError} If an option is unknown or out of range.
 * @throws {DownloadError} If it is not in the data folder and cannot be had.
 * @throws {WriteError} If a fetched file cannot be kept in the data folder.
 * @throws {Error} If the user's own file is not an IDX file of 28×28 images.
 *
 * @example
 * ```ts
 * import { loadDataset } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const { train, validation, test } = await loadDataset({
 *   dataset: "synthetic",
 *   limit: 100,
 * });
 * assertEquals([train.count, validation.count, test?.count], [100, 100, 100]);
 * ```
 */
export async function loadDataset(
  { splits, signal, onProgress, ...given }: LoadOptions & Partial<DataOptions> =
    {},
): Promise<Dataset> {
  const data = completeOptions(dataOptions, given);
  /** The options with the data set that `auto` turned out to be. */
  const resolved = (dataset: DataOptions["dataset"]): Options => ({
    data: { ...data, dataset },
    splits,
    signal,
    onProgress,
  });
  const { dataset, images, dataDir } = data;
  const options = resolved(dataset);
  if (images !== null) {
    return await split(basename(images), () => readOwn(images), null, options);
  }
  if (dataset === "synthetic") return await loadSynthetic(options);
  if (dataset !== "auto") return await loadSource(sources[dataset], options);
  try {
    return await loadSource(sources.mnist, resolved("mnist"));
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    const synthetic = await loadSynthetic(resolved("synthetic"));
    const note = `MNIST is not in ${dataDir} and cannot be had, so synthetic ` +
      `digits stand in for it (${error.message})`;
    return { ...synthetic, notes: [note, ...synthetic.notes] };
  }
}

function loadSource(source: Source, options: Options): Promise<Dataset> {
  const fetching = { ...options, dataDir: options.data.dataDir };
  const read = async (images: SourceFile, labels: SourceFile) =>
    imageFile(
      (await fetchFile(source, images, fetching)).bytes,
      (await fetchFile(source, labels, fetching)).bytes,
    );
  return split(
    source.name,
    () => read(source.trainImages, source.trainLabels),
    () => read(source.testImages, source.testLabels),
    options,
  );
}

/** As many digits as MNIST has; the seed is fixed, for it is one data set. */
function loadSynthetic(options: Options): Promise<Dataset> {
  const file = (offset: number, count: number) => () => ({
    count,
    slice: (first: number, count: number) => ({
      ...synthesize(count, { seed: 0, first: offset + first }),
      count,
    }),
  });
  return split("synthetic", file(0, 60_000), file(60_000, 10_000), options);
}

async function readOwn(path: string): Promise<ImageFile> {
  try {
    return imageFile(gunzipIdx(await Deno.readFile(path)), null);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "no such file"
      : error instanceof Deno.errors.IsADirectory
      ? "it is a folder"
      : (error as Error).message;
    throw new Error(`cannot use ${path} as images: ${reason}`, {
      cause: error,
    });
  }
}

function imageFile(
  imageBytes: Uint8Array<ArrayBuffer>,
  labelBytes: Uint8Array<ArrayBuffer> | null,
): ImageFile {
  const images = parseIdx(imageBytes);
  const labels = labelBytes && parseIdx(labelBytes);
  const total = checkImages(images);
  if (labels) checkLabels(labels, total);
  return {
    count: total,
    slice: (first, count) => ({
      images: images.data.subarray(
        first * IMAGE_PIXELS,
        (first + count) * IMAGE_PIXELS,
      ),
      labels: labels && labels.data.subarray(first, first + count),
      count,
    }),
  };
}

async function split(
  name: string,
  training: () => ImageFile | Promise<ImageFile>,
  testing: (() => ImageFile | Promise<ImageFile>) | null,
  { data, splits = SPLITS }: Options,
): Promise<Dataset> {
  const { valSize } = data;
  const limit = data.limit ?? Infinity;
  const notes: string[] = [];
  const sets: Record<Split, ImageSet> = {
    train: NO_IMAGES,
    validation: NO_IMAGES,
    test: NO_IMAGES,
  };
  const cut = (split: Split, file: ImageFile, first: number, end: number) => {
    if (!splits.includes(split)) return;
    sets[split] = file.slice(first, Math.min(end - first, limit));
  };
  if (splits.includes("train") || splits.includes("validation")) {
    const file = await training();
    let held = valSize;
    if (held > file.count / 2) {
      held = file.count < 2 ? 0 : Math.max(1, Math.floor(file.count / 10));
      notes.push(
        `${name} has only ${file.count} images, so ${held} of them are for ` +
          `validation, not ${valSize}`,
      );
    }
    cut("train", file, 0, file.count - held);
    cut("validation", file, file.count - held, file.count);
  }
  if (testing && splits.includes("test")) {
    const file = await testing();
    cut("test", file, 0, file.count);
  }
  return {
    name,
    digest: splits.includes("train") ? await sha256(sets.train.images) : "",
    ...sets,
    test: testing && sets.test,
    notes,
    options: data,
  };
}
