/**
 * Loads a data set by its name, or from the user's own file.
 *
 * @module
 */
import { conflictOfData } from "../options/conflicts.ts";
import { completeOptions, OptionError } from "../options/table.ts";
import { type DataOptions, dataOptions } from "../options/run.ts";
import { DownloadError } from "../files/mirrors.ts";
import type { FetchProgress } from "../files/transfer.ts";
import { fetchFile } from "./download.ts";
import { type Idx, parseIdx } from "../formats/idx.ts";
import { IMAGE_SIZE } from "../model/spec.ts";
import { type Source, type SourceFile, sources } from "./mnist.ts";
import {
  type Dataset,
  type FoundImages,
  type ImageFile,
  imageFile,
  loadSynthetic,
  type Split,
  splitDataset,
} from "./split.ts";
import { show } from "../text.ts";

export type {
  Dataset,
  FoundImages,
  FoundSplit,
  ImageSet,
  Split,
} from "./split.ts";

/** What {@linkcode loadDataset} takes besides the data options. */
export interface LoadOptions {
  /** The splits that are needed. Default: all. */
  readonly splits?: readonly Split[];
  /** Stops a download; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called after every chunk of a download. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Called now and then while pictures of the user's own are read. */
  readonly onPicture?: (done: number, total: number) => void;
  /**
   * Called with what there is of pictures of the user's own, before they are made
   * images, which may take long: what it throws ends the loading.
   */
  readonly onFound?: (found: FoundImages) => void;
}

type Options = LoadOptions & { readonly data: DataOptions };

/**
 * Loads a data set, fetching it first where needed.
 *
 * `dataset: "auto"` is MNIST if it is in the data folder or can be fetched,
 * otherwise `synthetic`; any other name never falls back. `binarized-mnist` has
 * validation images of its own, whatever `valSize` is.
 *
 * Pictures of the user's own, a file or folder in `images`, become 28×28 grey
 * pixels, light on dark. They are shuffled, and what is held out to validate and
 * to test with is drawn at random, if they are not split already: always in the
 * same way.
 *
 * @param options Which images and how they are split: the data options, those
 * left out with their defaults; which splits are needed, and who is told of
 * progress.
 * @returns The data set. A downloaded one's images are views of the files' bytes,
 * not copies.
 * @throws {OptionError} If an option is unknown or out of range.
 * @throws {DownloadError} If it is not in the data folder and cannot be had.
 * @throws {WriteError} If a fetched file cannot be kept in the data folder.
 * @throws {Error} If the user's own pictures, labels or names of classes cannot
 * be used.
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
  options: LoadOptions & Partial<DataOptions> = {},
): Promise<Dataset> {
  if (typeof options !== "object") {
    throw new OptionError(
      `loadDataset() takes an object, as { dataset: "synthetic" }, not ${
        show(options)
      }`,
    );
  }
  const { splits, signal, onProgress, onPicture, onFound, ...given } = options;
  const data = completeOptions(dataOptions, given);
  const conflict = conflictOfData(data);
  if (conflict !== undefined) throw new OptionError(conflict);
  /** The options with the data set that `auto` turned out to be. */
  const resolved = (dataset: DataOptions["dataset"]): Options => ({
    data: { ...data, dataset },
    splits,
    signal,
    onProgress,
  });
  const { dataset, images } = data;
  if (images !== null) {
    const { loadOwn } = await import("./own.ts");
    return await loadOwn(images, data, splits, { signal, onPicture, onFound });
  }
  if (dataset === "synthetic") return await loadSynthetic(data, splits);
  if (dataset !== "auto") {
    return await loadSource(sources[dataset], resolved(dataset));
  }
  try {
    return await loadSource(sources.mnist, resolved("mnist"));
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    const synthetic = await loadSynthetic(
      { ...data, dataset: "synthetic" },
      splits,
    );
    const note = `MNIST could not be downloaded (${error.summary}): using ` +
      "synthetic digits instead";
    return { ...synthetic, notes: [note, ...synthetic.notes] };
  }
}

async function loadSource(
  source: Source,
  options: Options,
): Promise<Dataset> {
  const fetching = { ...options, dataDir: options.data.dataDir };
  const read = async (images: SourceFile, labels?: SourceFile) =>
    idxFile(
      (await fetchFile(source, images, fetching)).bytes,
      labels ? (await fetchFile(source, labels, fetching)).bytes : null,
    );
  const { validationImages, classes } = source;
  const dataset = await splitDataset(
    source.name,
    () => read(source.trainImages, source.trainLabels),
    () => read(source.testImages, source.testLabels),
    options.data,
    options.splits,
    validationImages && (() => read(validationImages)),
  );
  return { ...dataset, ...(classes && { classes }) };
}

function idxFile(
  imageBytes: Uint8Array<ArrayBuffer>,
  labelBytes: Uint8Array<ArrayBuffer> | null,
): ImageFile {
  const images = parseIdx(imageBytes);
  const labels = labelBytes && parseIdx(labelBytes);
  const count = checkImages(images);
  if (labels) checkLabels(labels, count);
  return imageFile(images.data, labels && labels.data, count);
}

/**
 * Checks that an IDX file holds 28×28 images.
 *
 * @returns How many.
 * @throws {Error} If its shape is not N×28×28 with N ≥ 1.
 */
export function checkImages({ shape }: Idx): number {
  const [count, rows, columns] = shape;
  if (
    shape.length !== 3 || rows !== IMAGE_SIZE || columns !== IMAGE_SIZE ||
    count === 0
  ) {
    throw new Error(
      `images must be N×${IMAGE_SIZE}×${IMAGE_SIZE} with N ≥ 1, but the shape is ${
        shape.join("×")
      }`,
    );
  }
  return count;
}

/**
 * Checks that an IDX file holds one label for each image.
 *
 * @throws {Error} If its shape is not that number alone.
 */
export function checkLabels({ shape }: Idx, imageCount: number): void {
  if (shape.length !== 1) {
    throw new Error(
      `labels must be one byte each, but the shape is ${shape.join("×")}`,
    );
  }
  if (shape[0] !== imageCount) {
    throw new Error(`${shape[0]} labels do not fit ${imageCount} images`);
  }
}
