/**
 * Makes a data set of the user's own pictures, whatever file or folder they are
 * in.
 *
 * @module
 */
import { basename } from "node:path";
import { FormatError } from "../formats/error.ts";
import { type DataOptions, dataOptions } from "../options/run.ts";
import { OptionError } from "../options/table.ts";
import { counted, oneLine } from "../text.ts";
import { type Classes, classesOf, readClasses } from "./class_labels.ts";
import { convert, look, nameOf, type Watch } from "./convert.ts";
import { about, readLabelFile, readSets } from "./own_files.ts";
import { heldOutNote, shuffled, testCount } from "./held_out.ts";
import type { Pictures, PictureSets } from "./picture_sets.ts";
import {
  type Dataset,
  type ImageFile,
  type Split,
  splitDataset,
} from "./split.ts";
import { chooseConversion, type Conversion } from "./to_images.ts";

/** Training pictures by which it is chosen how all become images. */
const SAMPLE = 100;

/**
 * Loads pictures of the user's own as a data set.
 *
 * Each split is shuffled, so that its first images are of all classes, and what
 * is held out of the training pictures is drawn at random: always in the same
 * way, whatever the seed of a run, so that runs with different seeds are trained
 * and tested on the same images. A file's own validation and test pictures are
 * these splits.
 *
 * How pictures become images is chosen once for all splits, by 100 training
 * pictures: see {@linkcode chooseConversion}.
 *
 * @param images The path of a file or folder.
 * @param data How to read it.
 * @param splits Which splits are needed.
 * @throws {OptionError} If more is to be held out than there is, or anything for
 * a split that there is.
 * @throws {Error} If the pictures, their labels or the names of classes cannot be
 * used.
 */
export async function loadOwn(
  images: string,
  data: DataOptions,
  splits?: readonly Split[],
  watch: Watch = {},
): Promise<Dataset> {
  const name = oneLine(basename(images), 255);
  const sets = await openLabels(
    await about(images, "images", () => readSets(images, data)),
    data.labels,
  );
  const classes = await openClasses(images, sets, data);
  const { train, validation, test } = sets;
  checkHeldOut(name, sets, data);
  const held = test ? 0 : testCount(name, train.count, data.testSize);
  const order = shuffled(train.count, "train");
  const learnt = order.subarray(0, train.count - held);

  let choice: Promise<Conversion> | undefined;
  let padded = 0;
  const choose = () =>
    choice ??= chooseConversion(
      look(train, learnt.subarray(0, SAMPLE), watch),
      data,
    );
  const imageFile = (
    pictures: Pictures,
    order: Uint32Array,
  ): ImageFile => ({
    count: order.length,
    slice: async (first, count) => {
      const chosen = order.subarray(first, first + count);
      const how = await choose();
      const made = await about(
        images,
        "images",
        () => convert(pictures, chosen, how, watch),
      );
      padded += made.padded;
      const { labels } = pictures;
      return {
        images: made.images,
        labels: labels && classes
          ? Uint8Array.from(chosen, (i) => classes.labelOf(labels[i]))
          : null,
        names: Array.from(chosen, (i) => nameOf(pictures, i)),
        count,
      };
    },
  });
  const testing = test
    ? imageFile(test, shuffled(test.count, "test"))
    : held > 0
    ? imageFile(train, order.subarray(learnt.length))
    : null;
  const validating = validation &&
    imageFile(validation, shuffled(validation.count, "validation"));
  const dataset = await splitDataset(
    name,
    () => imageFile(train, learnt),
    testing && (() => testing),
    data,
    splits,
    validating && (() => validating),
  );
  const notes = [...sets.notes];
  if (held > 0 && dataset.train.count > 0) {
    notes.push(heldOutNote(name, held, train.count));
  }
  notes.push(...dataset.notes);
  if (choice) notes.push(...notesOf(await choice, padded, data));
  return { ...dataset, ...(classes && { classes: classes.names }), notes };
}

/** Gives the pictures the labels of a file of their own, if there is one. */
async function openLabels(
  sets: PictureSets,
  path: string | null,
): Promise<PictureSets> {
  if (path === null) return sets;
  const { train, validation, test } = sets;
  return await about(path, "labels", async () => {
    const labels = await readLabelFile(path);
    const counts = [train, validation, test].flatMap((set) => set?.count ?? []);
    if (counts.length > 1) {
      throw new FormatError(
        `they are of one set of images, and these are in splits, of ${
          counts.join(", ")
        }`,
      );
    }
    if (labels.length !== train.count) {
      throw new FormatError(
        `${counted(labels.length, "label")} do not fit ${
          counted(train.count, "image")
        }`,
      );
    }
    return { ...sets, train: { ...train, labels } };
  });
}

/** Finds out which classes there are, if the pictures have labels. */
async function openClasses(
  images: string,
  { train, validation, test, classes }: PictureSets,
  options: DataOptions,
): Promise<Classes | undefined> {
  const chosen = options.classes;
  const names = chosen === null
    ? classes
    : await about(chosen, "names of classes", () => readClasses(chosen));
  const labels = [train, validation, test].flatMap((set) => set?.labels ?? []);
  if (labels.length === 0) {
    if (chosen === null) return;
    throw new OptionError(
      `there are names of classes, ${oneLine(chosen)}, but ` +
        `${oneLine(basename(images))} has no labels`,
    );
  }
  const [path, what] = options.labels === null
    ? [images, "images"]
    : [options.labels, "labels"];
  return await about(path, what, async () => await classesOf(labels, names));
}

/** Refuses to hold images out for a split that there is; 0 is as good as none. */
function checkHeldOut(
  name: string,
  { validation, test }: PictureSets,
  { valSize, testSize }: DataOptions,
): void {
  const isUsual = valSize === dataOptions.valSize.default;
  const [split, set] = validation && valSize > 0 && !isUsual
    ? ["validation", validation]
    : test && testSize
    ? ["test", test]
    : [];
  if (!set) return;
  throw new OptionError(
    `${name} has a ${split} split of its own, of ${
      counted(set.count, "image")
    }: no others are held out for it`,
  );
}

/** Says how pictures were made images, where that is not as they are. */
function notesOf(
  { backdrop, isInverted }: Conversion,
  padded: number,
  { invert }: DataOptions,
): string[] {
  const notes: string[] = [];
  if (backdrop !== null) {
    const colour = backdrop === 0 ? "black" : "white";
    notes.push(`what is transparent in the pictures is taken as ${colour}`);
  }
  if (isInverted && invert === "auto") {
    notes.push(
      "the borders of the pictures are light: light and dark change places",
    );
  }
  if (padded > 0) {
    notes.push(
      "made square with the colour of their borders: " +
        counted(padded, "picture"),
    );
  }
  return notes;
}
