/**
 * Makes a data set of images in memory.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import { type DataOptions, dataOptions } from "../options/run.ts";
import { completeOptions } from "../options/table.ts";
import { counted, oneLine } from "../text.ts";
import { classesOf } from "./class_labels.ts";
import { heldOutNote, rowName, shuffled, testCount } from "./held_out.ts";
import { type ImageArrays, imageBytes } from "./image_arrays.ts";
import { type Dataset, type ImageFile, splitDataset } from "./split.ts";

/** What {@linkcode imageDataset} takes besides the images. */
export interface ImageDatasetOptions
  extends Partial<Pick<DataOptions, "limit" | "valSize" | "testSize">> {
  /** The class of each image: its number, or a word. */
  readonly labels?: ArrayLike<number | string>;
  /** The names of the classes, in the order of their numbers. */
  readonly classes?: readonly string[];
}

/**
 * Makes a data set of images in memory, as `loadDataset()` makes one of images
 * in a file: they are shuffled, and what is held out to validate and to test
 * with is drawn at random, always in the same way. `names` says of each image
 * where it was: `row 0` is the first.
 *
 * Labels that are names of classes mean these; whole numbers are otherwise their
 * numbers, from 0. Without names, the different labels are the classes, in
 * order. Nothing is turned light on dark.
 *
 * @param name What to call it.
 * @param images 28×28 pixels each, 0 is background.
 * @param options Labels and names of classes; `limit`, `valSize` and `testSize`,
 * as for `loadDataset()`.
 * @returns The data set; the images are copied.
 * @throws {TypeError} If the images are in another kind of array.
 * @throws {RangeError} If there is no image, one is of another size, a pixel is
 * out of range, or the labels fit neither the images nor the names.
 * @throws {OptionError} If an option is unknown or out of range, or no image
 * would be left to train on.
 *
 * @example
 * ```ts
 * import { imageDataset } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const noise = () => Float32Array.from({ length: 784 }, Math.random);
 * const images = Array.from({ length: 100 }, noise);
 * const labels = images.map((_, i) => i % 2 ? "tail" : "head");
 * const dataset = await imageDataset("coins", images, { labels, valSize: 20 });
 * assertEquals(dataset.classes, ["head", "tail"]);
 * const { train, validation, test } = dataset;
 * assertEquals([train.count, validation.count, test?.count], [70, 20, 10]);
 * ```
 */
export async function imageDataset(
  name: string,
  images: ImageArrays,
  { labels, classes, ...options }: ImageDatasetOptions = {},
): Promise<Dataset> {
  const { limit, valSize, testSize } = completeOptions(dataOptions, options);
  const bytes = imageBytes(images);
  const count = bytes.length / IMAGE_PIXELS;
  const known = labelsOf(name, count, labels, classes);
  const held = testCount(name, count, testSize);
  const order = shuffled(count, "train");
  const learnt = order.subarray(0, count - held);
  const file = (order: Uint32Array): ImageFile => ({
    count: order.length,
    slice: (first, count) => {
      const chosen = order.subarray(first, first + count);
      const images = new Uint8Array(count * IMAGE_PIXELS);
      chosen.forEach((from, to) =>
        images.set(imageOf(bytes, from), to * IMAGE_PIXELS)
      );
      return {
        images,
        labels: known ? Uint8Array.from(chosen, (i) => known.labels[i]) : null,
        names: Array.from(chosen, rowName),
        count,
      };
    },
  });
  const dataset = await splitDataset(
    name,
    () => file(learnt),
    held > 0 ? () => file(order.subarray(learnt.length)) : null,
    completeOptions(dataOptions, { limit, valSize }),
  );
  return {
    ...dataset,
    ...(known && { classes: known.names }),
    notes: [
      ...(held > 0 ? [heldOutNote(name, held, count)] : []),
      ...dataset.notes,
    ],
  };
}

function imageOf(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS);
}

/** Makes class labels of what is given, if anything is. */
function labelsOf(
  name: string,
  count: number,
  given: ArrayLike<number | string> | undefined,
  classes: readonly string[] | undefined,
): { labels: Uint8Array; names: readonly string[] } | undefined {
  const images = oneLine(name);
  if (!given) {
    if (!classes) return;
    throw new RangeError(
      `there are names of classes, and ${images} has no labels`,
    );
  }
  if (given.length !== count) {
    throw new RangeError(
      `${counted(given.length, "label")} of ${images} do not fit ${
        counted(count, "image")
      }`,
    );
  }
  const labels = Array.from(given);
  try {
    const { names, labelOf } = classesOf(labels, classes);
    return { labels: Uint8Array.from(labels, labelOf), names };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new RangeError(`${images}: ${cause.message}`, { cause });
  }
}
