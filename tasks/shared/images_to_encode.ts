/**
 * The images that are encoded: a split of the checkpoint's data set, or others.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { className } from "../../lib/dataset/class_names.ts";
import type { Dataset, ImageSet } from "../../lib/dataset/dataset.ts";
import { firstImages } from "../../lib/dataset/first_images.ts";
import { naturally } from "../../lib/dataset/natural_order.ts";
import { concatenate } from "../../lib/math/concatenate.ts";
import { type DataOptions, dataOptions } from "../../lib/options/run.ts";
import { defaults, type OptionValues } from "../../lib/options/table.ts";
import { oneLine } from "../../lib/text.ts";
import { TaskError } from "./cli.ts";
import { checkData, openDataset, openSeenImages, seenBy } from "./data.ts";
import { listOf } from "./model_classes.ts";
import { common, data, pick } from "./options.ts";

const { images, labels, classes, array, invert, centre } = data;

/** Options of images of one's own. */
const own = { images, labels, classes, array, invert, centre } as const;

/** Options that choose the images to encode. */
export const choosing = {
  split: {
    ...common.split,
    help: "which images; of --images all, unless given",
  },
  limit: { ...data.limit, help: "encode the first images only" },
  ...own,
  dataDir: data.dataDir,
} as const;

type Options = OptionValues<typeof choosing>;

/** The images to encode, what they all are, and their classes' names. */
export interface Opened {
  readonly set: ImageSet;
  readonly kind: string;
  readonly classes?: readonly string[];
}

/**
 * Chooses images of one's own to encode, if any, and keeps them from being replaced
 * by what is written.
 *
 * @throws {OptionError} As {@linkcode checkData}.
 */
export function chooseOwn(options: Options): DataOptions {
  const chosen = {
    ...defaults(dataOptions),
    ...pick<typeof own>(options, own),
  };
  checkData(chosen);
  return chosen;
}

/**
 * Opens a split of the checkpoint's data set; or images of one's own, in the
 * order of their file or folder, all of them unless a split is asked for.
 *
 * @param given The options that were on the command line.
 * @throws {TaskError} If there are none, or they lack the labels that the model
 * is told.
 */
export async function openToEncode(
  checkpoint: Checkpoint,
  options: Options,
  given: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Opened> {
  const { split, limit } = options;
  const chosen = chooseOwn(options);
  const opened = chosen.images !== null
    ? await openOwn(checkpoint, chosen, options, given, signal)
    : {
      set: await openSeenImages(
        checkpoint,
        split,
        given.has("dataDir") ? options.dataDir : undefined,
      ),
      kind: split,
      classes: checkpoint.data.classes,
    };
  const { set } = opened;
  if (limit === null || limit >= set.count) return opened;
  const first = Array.from({ length: limit }, (_, i) => i);
  return { ...opened, set: firstImages(set, first, limit) };
}

async function openOwn(
  checkpoint: Checkpoint,
  chosen: DataOptions,
  { split }: Options,
  given: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Opened> {
  const trained = checkpoint.data.options;
  const isSplit = given.has("split");
  const dataset = await openDataset(
    {
      ...chosen,
      // As the images that the model knows are made of their pictures.
      invert: given.has("invert") ? chosen.invert : trained.invert,
      centre: given.has("centre") ? chosen.centre : trained.centre,
      ...isSplit ? {} : { valSize: 0, testSize: 0 },
    },
    signal,
    new Set(),
    (found) => {
      const sets = isSplit
        ? [found[split]]
        : [found.train, found.validation, found.test];
      for (const set of sets) {
        if (set && set.count > 0) checkLabelled(checkpoint, found.name, set);
      }
    },
  );
  const name = oneLine(dataset.name);
  const set = isSplit ? dataset[split] : wholeOf(dataset);
  if (!set?.count) {
    throw new TaskError(
      `${name} has no ${split} images: leave --split out to encode all`,
    );
  }
  const seen = seenBy(checkpoint, set, isSplit ? split : "train");
  return told(checkpoint, {
    set: seen,
    kind: isSplit ? `${name} ${split}` : name,
    classes: dataset.classes,
  });
}

/** Joins the splits that a data set came in, each in the order of its names. */
function wholeOf({ train, validation, test }: Dataset): ImageSet {
  const parts = [train, validation, test]
    .filter((set) => set !== null && set.count > 0)
    .map((set) => {
      const names = set!.names;
      const order = Array.from({ length: set!.count }, (_, i) => i);
      if (names) order.sort((a, b) => naturally(names[a], names[b]));
      return firstImages(set!, order, order.length);
    });
  if (parts.length === 1) return parts[0];
  const labels = parts.flatMap((set) => set.labels ?? []);
  return {
    images: concatenate(parts.map(({ images }) => images)),
    labels: labels.length === parts.length ? concatenate(labels) : null,
    names: parts.flatMap(({ names = [] }) => names),
    count: parts.reduce((sum, { count }) => sum + count, 0),
  };
}

/**
 * Gives images the labels by which a conditional model knows their classes, which
 * have the same names.
 *
 * @throws {TaskError} If it is told of classes, and an image has none of these.
 */
function told(
  checkpoint: Checkpoint,
  opened: Opened,
): Opened {
  const { options: { classCount }, data } = checkpoint;
  if (classCount === 0) return opened;
  const { set, kind, classes } = opened;
  checkLabelled(checkpoint, kind, set);
  const known = data.classes ??
    Array.from({ length: classCount }, (_, label) => String(label));
  const labels = set.labels!.map((label) => {
    const name = className(classes, label);
    const found = known.indexOf(name);
    if (found >= 0) return found;
    const isNumber = name === String(label);
    throw new TaskError(
      `the model has no class ${oneLine(name)}: it has ${listOf(known)}` +
        (isNumber ? "; name those of the images with --classes" : ""),
    );
  });
  return { ...opened, set: { ...set, labels }, classes: known };
}

/** Refuses images without the labels that a conditional model is told. */
function checkLabelled(
  { options: { classCount } }: Checkpoint,
  name: string,
  { labels }: { readonly labels: object | null },
): void {
  if (classCount === 0 || labels !== null) return;
  throw new TaskError(
    `${oneLine(name)} has no labels, and the model is told the class of each ` +
      "image: name a file of them with --labels",
  );
}
