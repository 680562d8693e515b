/**
 * Makes a data set of the user's own pictures, whatever file or folder they are
 * in.
 *
 * @module
 */
import { basename } from "node:path";
import { type DataOptions, dataOptions } from "../options/run.ts";
import { OptionError } from "../options/table.ts";
import { counted, oneLine } from "../text.ts";
import { convert, look, nameOf, type Watch } from "./convert.ts";
import { heldOutNote, shuffled, testCount } from "./held_out.ts";
import { about, readSets } from "./own_files.ts";
import { namedAlike, openClasses, openLabels } from "./own_labels.ts";
import type { Pictures, PictureSets } from "./picture_sets.ts";
import {
  type Dataset,
  type FoundImages,
  type ImageFile,
  type Split,
  splitDataset,
  validationCount,
} from "./split.ts";
import { chooseConversion, type ChosenConversion } from "./to_images.ts";

/** Training pictures by which it is chosen how all become images. */
const SAMPLE = 100;

/** The share of pictures with other borders than most from which that is said. */
const MIXED = 0.05;

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
 * pictures: see {@linkcode chooseConversion}. What "auto" came to is in the data
 * set's options.
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
  { onFound, ...watch }: Watch & {
    readonly onFound?: (found: FoundImages) => void;
  } = {},
): Promise<Dataset> {
  const name = oneLine(basename(images), 255);
  const sets = await openLabels(
    images,
    await about(images, "images", () => readSets(images, data, watch.signal)),
    data.labels,
  );
  const classes = await openClasses(images, sets, data);
  const { train, validation, test } = sets;
  const all = [train, validation, test].flatMap((set) => set ?? []);
  checkHeldOut(name, sets, data);
  const held = test ? 0 : testCount(name, train.count, data.testSize);
  const order = shuffled(train.count, "train");
  const learnt = order.subarray(0, train.count - held);
  const part = (count: number, { labels }: Pictures) => ({
    count: Math.min(count, data.limit ?? Infinity),
    labels: labels ?? null,
  });
  const heldOut = validation
    ? validation.count
    : validationCount(learnt.length, data.valSize);
  onFound?.({
    name,
    ...(classes && { classes: classes.names }),
    train: part(learnt.length - (validation ? 0 : heldOut), train),
    validation: part(heldOut, validation ?? train),
    test: test ? part(test.count, test) : held > 0 ? part(held, train) : null,
    ...{ heldOut, options: data },
  });

  let choice: Promise<ChosenConversion> | undefined;
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
        () => convert(pictures, chosen, how, watch, all),
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
  if (sets.classNote && data.classes === null) notes.push(sets.classNote);
  notes.push(...namedAlike(classes?.names ?? []));
  if (held > 0 && dataset.train.count > 0) {
    notes.push(heldOutNote(name, held, train.count));
  }
  notes.push(...dataset.notes);
  if (choice) notes.push(...notesOf(await choice, padded, data));
  return {
    ...dataset,
    ...(classes && { classes: classes.names }),
    notes,
    options: choice ? { ...data, invert: invertOf(await choice) } : data,
  };
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

/** Returns the option by which other pictures are made images as these. */
function invertOf({ isInverted }: ChosenConversion): DataOptions["invert"] {
  return isInverted ? "always" : "never";
}

/** Says how pictures were made images, where that is not as they are. */
function notesOf(
  { backdrop, isInverted, unlike, looked }: ChosenConversion,
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
  if (unlike > MIXED * looked && invert === "auto") {
    const [theirs, most] = isInverted ? ["dark", "light"] : ["light", "dark"];
    const [have, they, are] = unlike === 1
      ? ["has", "it", isInverted ? "is" : "stays"]
      : ["have", "they", isInverted ? "are" : "stay"];
    const what = isInverted ? "turned round as well" : "as light as before";
    notes.push(
      `${unlike} of ${
        counted(looked, "picture")
      } looked at ${have} ${theirs} ` +
        `borders: ${they} ${are} ${what}, for those of most are ${most}`,
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
