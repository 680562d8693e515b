/**
 * The images that a task works on.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { fixedDraw } from "../../lib/dataset/binarize.ts";
import { firstImages } from "../../lib/dataset/first_images.ts";
import {
  type Dataset,
  type FoundImages,
  type ImageSet,
  loadDataset,
  type Split,
} from "../../lib/dataset/dataset.ts";
import { DownloadError } from "../../lib/files/mirrors.ts";
import { filesOf, type SourceName, sources } from "../../lib/dataset/mnist.ts";
import { sha256 } from "../../lib/dataset/split.ts";
import { conflictOfData } from "../../lib/options/conflicts.ts";
import { type DataOptions, dataOptions } from "../../lib/options/run.ts";
import { OptionError } from "../../lib/options/table.ts";
import { oneLine } from "../../lib/text.ts";
import { commandOf, shellWord, TaskError } from "./cli.ts";
import { readsFrom } from "./files.ts";
import { flagOf } from "./flags.ts";
import { checkLabels } from "./model_classes.ts";
import { pick } from "./options.ts";
import { ownRemedy } from "./own_remedy.ts";
import { Progress } from "./progress.ts";
import { say } from "./terminal.ts";

/**
 * Refuses options that choose images and do not go together; keeps the files that
 * they name from being replaced by what is written.
 *
 * @param given The options that were on the command line.
 * @throws {OptionError} If one is of one's own images, and there are none; or if a
 * data set is chosen beside them.
 */
export function checkData(
  options: DataOptions,
  given?: ReadonlySet<string>,
): void {
  const conflict = conflictOfData(options, flagOf, given);
  if (conflict !== undefined) throw new OptionError(conflict);
  const { images, labels, classes } = options;
  for (const path of [images, labels, classes]) {
    if (path !== null) readsFrom(path);
  }
}

/** Shows how far the reading of one's own pictures is. */
function showReading(
  progress: Progress,
): (done: number, total: number) => void {
  return (done, total) =>
    progress.update(done / total, `reading pictures  ${done} of ${total}`);
}

/**
 * Loads the data set that a run asks for, showing the download if there is one.
 *
 * @param given The options that were on the command line.
 * @param check Refuses it for what is known before pictures of one's own are read.
 * @throws {TaskError} If it cannot be had, or fewer images can be held out than
 * were asked for.
 */
export async function openDataset(
  options: DataOptions,
  signal: AbortSignal,
  given: ReadonlySet<string>,
  check?: (found: FoundImages) => void,
): Promise<Dataset> {
  checkData(options, given);
  const { images } = options;
  if (
    images === null && options.dataset === "binarized-mnist" &&
    given.has("valSize")
  ) {
    throw new TaskError(
      "--val-size does not go with --dataset binarized-mnist, whose 10000 " +
        "validation images are its own",
    );
  }
  const progress = new Progress();
  const { dataset: asked, dataDir } = options;
  let isTold = false;
  const dataset = await loadDataset({
    ...pick(options, dataOptions),
    signal,
    onProgress: ({ file, url, loaded, total }) => {
      if (!isTold) say(downloadText(asked, dataDir, url));
      isTold = true;
      progress.update(total && loaded / total, `fetching ${file}`);
    },
    onPicture: showReading(progress),
    onFound: (found) => {
      checkHeldOut(found, options, given);
      check?.(found);
    },
  }).catch(async (error) => {
    throw await ownRemedy(error, options) ??
      withRemedy(error, asked as SourceName, { dataDir });
  }).finally(() => progress.clear());
  checkHeldOut(dataset, options, given);
  sayNotes(dataset);
  return dataset;
}

/** Refuses to hold out fewer images than were asked for. */
function checkHeldOut(
  { name, heldOut }: Pick<Dataset, "name" | "heldOut">,
  { valSize }: DataOptions,
  given: ReadonlySet<string>,
): void {
  if (!given.has("valSize") || heldOut! >= valSize) return;
  throw new TaskError(
    `--val-size ${valSize} is more than half of the training images of ` +
      `${name}: choose a smaller one`,
  );
}

/** What this process has said of data sets. */
const said = new Set<string>();

/** Says what is to be known of a data set, once, however many splits are loaded. */
function sayNotes({ notes }: Dataset): void {
  for (const note of notes) {
    if (!said.has(note)) say(`note: ${note}`);
    said.add(note);
  }
}

/** Megabytes that a data set's files have on the mirrors. */
const DOWNLOADS: Readonly<Record<string, number>> = {
  "mnist": 12,
  "fashion-mnist": 31,
  "kmnist": 21,
  "binarized-mnist": 110,
};

/** Says what is downloaded, from where and why. */
export function downloadText(
  asked: DataOptions["dataset"],
  dataDir: string,
  url: string,
): string {
  const name = asked === "auto" ? "mnist" : asked;
  return `${name} is not in ${dataDir} yet: downloading it once, ` +
    `${DOWNLOADS[name]} MB, from ${new URL(url).host}`;
}

/**
 * Adds to the error of a download what to do; leaves another as it is.
 *
 * @param options.from Where the files were to be taken from, if not from the
 * mirrors.
 */
export function withRemedy(
  error: unknown,
  name: SourceName,
  { dataDir, from = null }: {
    readonly dataDir: string;
    readonly from?: string | null;
  },
): unknown {
  if (!(error instanceof DownloadError)) return error;
  const names = filesOf(sources[name])
    .map((file) => file.amat ?? `${file.name}.gz`);
  const files = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  const words = ["--dataset", name];
  if (dataDir !== dataOptions.dataDir.default) {
    words.push("--data-dir", dataDir);
  }
  const command = [commandOf("fetch"), ...words.map(shellWord)].join(" ");
  const remedy = from === null
    ? `get ${files} elsewhere, into one folder, and then ` +
      `\`${command} --from FOLDER\``
    : `--from takes ${files} as they were published: get again what is missing ` +
      "there or differs";
  return new TaskError(`${error.message}; ${remedy}`, { cause: error });
}

/** Data sets of one's own that this process has read, by what chooses them. */
const own = new Map<string, Promise<Dataset>>();

/**
 * Loads images of one's own, once in a process: all splits, which are drawn from
 * the same pictures.
 */
function openOwn(options: DataOptions, progress: Progress): Promise<Dataset> {
  const key = JSON.stringify(options);
  const dataset = own.get(key) ??
    loadDataset({ ...options, onPicture: showReading(progress) });
  own.set(key, dataset);
  return dataset;
}

/**
 * Loads a split of the data set that a checkpoint was trained on.
 *
 * @throws {TaskError} If it cannot be had, has no such split or other classes, or
 * if other images of one's own are in their place: then the test images may be
 * such as were trained on.
 */
export async function openImages(
  { options, data }: Checkpoint,
  split: Split,
  dataDir: string = data.options.dataDir,
): Promise<ImageSet> {
  checkData(data.options);
  // A run has what `auto` came to, and only an imported model takes any images.
  const { dataset: chosen, images: path } = data.options;
  if (chosen === "auto" && path === null && data.digest !== null) {
    throw new TaskError(
      `the model was trained on images in memory, ${oneLine(data.name)}, ` +
        "which are in no file: measure it in code, by measure() on them, or " +
        `on images of a file, by \`${commandOf("encode")} --images PATH\``,
    );
  }
  const progress = new Progress();
  const dataset =
    await (path === null
      ? loadDataset({ ...data.options, dataDir, splits: [split] })
      : openOwn(data.options, progress)).catch((error) => {
        if (path !== null && error.cause instanceof Deno.errors.NotFound) {
          throw new TaskError(
            `the model was trained on ${path}: ${error.message}; bring it back, ` +
              "or train anew",
            { cause: error },
          );
        }
        if (!(error instanceof DownloadError)) throw error;
        throw new TaskError(
          `${chosen} is not in ${dataDir}: get it with ` +
            `\`${commandOf("fetch")} --dataset ${chosen}\``,
        );
      }).finally(() => progress.clear());
  // Of pictures of one's own, training has said what was chosen.
  if (path === null) sayNotes(dataset);
  const images = dataset[split];
  if (!images?.count) {
    throw new TaskError(
      `${data.name} has no ${split} images: choose another --split`,
    );
  }
  checkLabels({ options, data }, dataset, images);
  const isKnown = path !== null && data.digest !== null;
  if (isKnown && dataset.digest !== data.digest) {
    throw new TaskError(
      `the model was trained on other images than are in ${path} now: bring ` +
        "those back, or train anew",
    );
  }
  return images;
}

/** Loads a split as {@linkcode openImages}, as the checkpoint's model sees it. */
export async function openSeenImages(
  checkpoint: Checkpoint,
  split: Split,
  dataDir?: string,
): Promise<ImageSet> {
  return seenBy(
    checkpoint,
    await openImages(checkpoint, split, dataDir),
    split,
  );
}

/**
 * Makes of images what a model sees of them: where that is black-and-white
 * pixels, the one draw of them that it is validated and tested with.
 *
 * @param split Which split the images are the first of.
 */
export function seenBy(
  { options }: Pick<Checkpoint, "options">,
  set: ImageSet,
  split: Split,
): ImageSet {
  return { ...set, images: fixedDraw(set.images, options.binarize, split) };
}

/**
 * Loads the images that a checkpoint was trained on.
 *
 * @param path The checkpoint's file.
 * @throws {TaskError} If others are in their place. Of an imported model nobody
 * knows, and any will do.
 */
export async function openTrainingImages(
  checkpoint: Checkpoint,
  path: string,
  dataDir?: string,
): Promise<ImageSet> {
  const train = await openImages(checkpoint, "train", dataDir);
  const { digest } = checkpoint.data;
  if (digest === null || await sha256(train.images) === digest) return train;
  throw new TaskError(
    `${path} was trained on other images than these: choose their folder with ` +
      "--data-dir",
  );
}

/**
 * Takes one image out of a set.
 *
 * @throws {TaskError} If it has no image of that number.
 */
export function imageAt(set: ImageSet, index: number): ImageSet {
  const { count } = set;
  if (index >= count) {
    throw new TaskError(
      `there is no image ${index}: the ${count} images are numbered from 0 ` +
        `to ${count - 1}`,
    );
  }
  return firstImages(set, [index], 1);
}
