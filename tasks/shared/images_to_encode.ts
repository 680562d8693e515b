/**
 * The images that are encoded: a split of the checkpoint's data set, or others.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { className } from "../../lib/dataset/class_names.ts";
import type { ImageSet, Split } from "../../lib/dataset/dataset.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import { type DataOptions, dataOptions } from "../../lib/options/run.ts";
import {
  defaults,
  OptionError,
  type OptionValues,
} from "../../lib/options/table.ts";
import { oneLine } from "../../lib/text.ts";
import { TaskError } from "./cli.ts";
import { openDataset, openSeenImages, seenBy } from "./data.ts";
import { flagOf } from "./flags.ts";
import { common, data, pick } from "./options.ts";

const { images, labels, classes, array, invert, centre } = data;

/** Options that say how images of one's own are read. */
const ownOptions = { labels, classes, array, invert, centre } as const;

const own = { images, ...ownOptions, limit: data.limit } as const;

/** Options that choose the images to encode. */
export const choosing = {
  split: {
    ...common.split,
    help: "which images; of --images all, unless given",
  },
  limit: { ...data.limit, help: "encode the first images only" },
  images,
  ...ownOptions,
  dataDir: data.dataDir,
} as const;

type Options = OptionValues<typeof choosing>;

/** The images to encode, what they all are, and their classes' names. */
export interface Opened {
  readonly set: ImageSet;
  readonly kind: string;
  readonly classes?: readonly string[];
}

/** Opens a split of the checkpoint's data set, or other images. */
export async function openToEncode(
  checkpoint: Checkpoint,
  options: Options,
  given: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Opened> {
  const { split, limit } = options;
  if (options.images !== null) {
    return await openOwn(checkpoint, options, given, signal);
  }
  const lost = Object.keys(ownOptions).find((name) => given.has(name));
  if (lost !== undefined) {
    throw new OptionError(`${flagOf(lost)} goes with --images`);
  }
  const set = await openSeenImages(
    checkpoint,
    split,
    given.has("dataDir") ? options.dataDir : undefined,
  );
  const { classes: names } = checkpoint.data;
  return told(checkpoint, {
    set: first(set, limit),
    kind: split,
    ...names && { classes: names },
  });
}

/** Opens images of one's own, all of them unless a split is asked for. */
async function openOwn(
  checkpoint: Checkpoint,
  options: Options,
  given: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Opened> {
  const split: Split = given.has("split") ? options.split : "train";
  const chosen: DataOptions = {
    ...defaults(dataOptions),
    ...pick<typeof own>(options, own),
    ...given.has("split") ? {} : { valSize: 0, testSize: 0 },
  };
  const dataset = await openDataset(chosen, signal, new Set());
  const set = dataset[split];
  if (!set?.count) {
    throw new TaskError(
      `${oneLine(dataset.name)} has no ${split} images: leave --split out ` +
        "to encode all",
    );
  }
  const { classes: names } = dataset;
  return told(checkpoint, {
    set: seenBy(checkpoint, set, split),
    kind: given.has("split")
      ? `${oneLine(dataset.name)} ${split}`
      : oneLine(dataset.name),
    ...names && { classes: names },
  });
}

/**
 * Gives the images the labels by which a conditional model knows their classes.
 *
 * @throws {TaskError} If it is told of classes, and an image has none of these.
 */
function told(
  { options: { classCount }, data }: Checkpoint,
  opened: Opened,
): Opened {
  if (classCount === 0) return opened;
  const { set, classes } = opened;
  if (set.labels === null) {
    throw new TaskError(
      `the model is told the class of each image, and these ${opened.kind} ` +
        "images have no labels",
    );
  }
  const { classes: known } = data;
  const labelOf = (label: number) =>
    known && classes ? known.indexOf(classes[label]) : label;
  const translated = set.labels.map((label) => {
    const own = labelOf(label);
    if (own >= 0 && own < classCount) return own;
    const names = Array.from(
      { length: classCount },
      (_, i) => className(known, i),
    );
    throw new TaskError(
      `the model has no class ${oneLine(className(classes, label))}: it has ` +
        oneLine(names.join(", "), 200),
    );
  });
  return {
    ...opened,
    set: { ...set, labels: translated },
    ...known && { classes: known },
  };
}

/** Takes the first images of a set, or all of it. */
function first(set: ImageSet, limit: number | null): ImageSet {
  if (limit === null || limit >= set.count) return set;
  return {
    images: set.images.subarray(0, limit * IMAGE_PIXELS),
    labels: set.labels && set.labels.subarray(0, limit),
    ...set.names && { names: set.names.slice(0, limit) },
    count: limit,
  };
}
