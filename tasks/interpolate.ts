/**
 * `deno task interpolate`: changes one digit into another.
 *
 * @module
 */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { className } from "../lib/dataset/class_names.ts";
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { grid } from "../lib/image/grid.ts";
import {
  inRows,
  interpolations,
  titleOf,
} from "../lib/latent/interpolations.ts";
import { type Class, ofClass } from "../lib/latent/sheets.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { permutation, streamKey } from "../lib/rng.ts";
import { MAX_CLASSES } from "../lib/options/run.ts";
import {
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import { counted, oneLine, show } from "../lib/text.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import {
  classOf,
  labelOf,
  listOf,
  pictureName,
  withinClass,
} from "./shared/model_classes.ts";
import { imageAt, openSeenImages } from "./shared/data.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, digitOptions, outFile } from "./shared/options.ts";
import {
  headingOf,
  pictureFiles,
  swing,
  writeAnimation,
  writePicture,
} from "./shared/pictures.ts";
import { showDigits, tell } from "./shared/terminal.ts";

const flags = {
  fromIndex: {
    type: "integer",
    default: null,
    min: 0,
    max: 1_000_000,
    help: "number of the image to begin with, with --to-index",
  },
  toIndex: {
    type: "integer",
    default: null,
    min: 0,
    max: 1_000_000,
    help: "number of the image to end with",
  },
  classes: {
    type: "text",
    default: null,
    metavar: "A,B",
    help: "from digits of class A to digits of class B, such as 3,8",
  },
  class: {
    ...common.class,
    help: "draw this class, its name or number, of a conditional model; " +
      "default: that of the pair's first image",
  },
  n: {
    type: "integer",
    default: 8,
    min: 1,
    max: 1000,
    help: "how many pairs, chosen at random",
  },
  steps: {
    type: "integer",
    default: 12,
    min: 2,
    max: 1000,
    help: "decoded digits from one end to the other",
  },
  mode: {
    type: "choice",
    default: "linear",
    choices: ["linear", "slerp"],
    help: "along the straight line, or the arc around the origin",
  },
  seed: common.seed,
  gif: common.gif,
  split: common.split,
  dataDir: data.dataDir,
  out: outFile("interpolation.png"),
  ...digitOptions,
} as const satisfies OptionTable;

/** What `deno task interpolate` does. */
export const task: Task = {
  name: "interpolate",
  summary: "Changes one digit into another, a pair in each row.",
  examples: ["--classes 3,8 --mode slerp --gif", "--from-index 0 --to-index 7"],
  options: flags,
};

type Options = OptionValues<typeof flags>;

/** The numbers of two images. */
type Pair = readonly [from: number, to: number];

const main: Main<typeof flags> = async (options, { given }) => {
  const { steps, mode, scale } = options;
  checkChoice(options, given.has("n"));
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { out, animation } = await pictureFiles(options);
  const images = await openSeenImages(
    checkpoint,
    options.split,
    given.has("dataDir") ? options.dataDir : undefined,
  );
  const shownClass = options.class === null
    ? null
    : classOf(checkpoint, options.class);
  const pairs = choosePairs(images, checkpoint, options, shownClass);
  const shown = pairs.flat();
  for (const index of shown) imageAt(images, index);
  const ways = await interpolations(engine, images, shown, {
    ...{ steps, mode, shownClass },
  });
  const names = pairs.map((pair) => nameOf(images, checkpoint, pair));
  const digits = inRows(ways);
  const title = titleOf(
    checkpoint.options.classCount,
    { mode, shownClass },
    `${options.split} images`,
  );
  const heading = headingOf(title, checkpoint);
  const picture = grid(digits, {
    ...heading,
    columns: steps + 2,
    scale,
    rowLabels: names,
    columnLabels: scale > 1
      ? ["original", ...Array(steps).fill(""), "original"]
      : [],
  });
  await writePicture(out, picture, title, checkpoint);
  if (animation) {
    const frame = (step: number) =>
      grid(inRows(ways, step, 1), {
        ...{ ...heading, columns: 3, scale, rowLabels: names },
      });
    await writeAnimation(animation, swing(steps, frame), title, checkpoint);
  }
  if (options.preview) {
    showDigits(digits.subarray(0, (steps + 2) * IMAGE_PIXELS));
  }
  if (options.json) {
    console.log(JSON.stringify({
      ...{ out, animation, pairs, steps, mode },
      ...shownClass && { class: shownClass.label },
    }));
  } else {
    const written = animation ? `${out}, ${animation}` : out;
    const made = counted(pairs.length, "pair") + ofClass(shownClass);
    tell(`${written}: ${made} (${describe(checkpoint)})`);
  }
};

function checkChoice(
  { fromIndex, toIndex, classes }: Options,
  countGiven: boolean,
): void {
  if ((fromIndex === null) !== (toIndex === null)) {
    throw new OptionError("--from-index and --to-index go together");
  }
  if (fromIndex !== null && (classes !== null || countGiven)) {
    throw new OptionError(
      "--from-index and --to-index are one pair: --classes and -n choose others",
    );
  }
  if (classes !== null && !/^[^,]+,[^,]+$/.test(classes)) {
    throw new OptionError(
      `--classes takes two classes such as 3,8, not ${show(classes)}`,
    );
  }
}

/** The pair that is asked for, or some that the seed chooses. */
function choosePairs(
  { labels, count }: ImageSet,
  checkpoint: Checkpoint,
  { fromIndex, toIndex, classes, n, seed, split }: Options,
  shownClass: Class | null,
): Pair[] {
  if (fromIndex !== null && toIndex !== null) return [[fromIndex, toIndex]];
  const order = permutation(count, streamKey(seed, "sample"), 0);
  if (classes !== null && labels === null) {
    throw new TaskError(
      "these images have no labels to find --classes by: choose a pair with " +
        "--from-index and --to-index",
    );
  }
  if (classes === null && labels && checkpoint.options.classCount > 0) {
    const within = withinClass(
      order.filter((i) => !shownClass || labels[i] === shownClass.label),
      labels,
    );
    if (within.length > 0) return inPairs(within, n);
    throw new TaskError(
      `no two of the ${count} ${split} images are of ` +
        `${shownClass ? `class ${shownClass.name}` : "one class"}: choose ` +
        "a pair with --from-index and --to-index",
    );
  }
  const [from, to] = classes === null
    ? halves(order)
    : twoClasses(order, labels!, checkpoint, classes, split);
  return Array.from(
    { length: Math.min(n, from.length, to.length) },
    (_, i): Pair => [from[i], to[i]],
  );
}

/** Takes images two by two, `n` pairs if there are as many. */
function inPairs(order: Uint32Array, n: number): Pair[] {
  return Array.from(
    { length: Math.min(n, order.length >> 1) },
    (_, i): Pair => [order[2 * i], order[2 * i + 1]],
  );
}

function twoClasses(
  order: Uint32Array,
  labels: Uint8Array,
  checkpoint: Checkpoint,
  classes: string,
  split: string,
): [Uint32Array, Uint32Array] {
  const names = checkpoint.data.classes;
  const wanted = classes.split(",")
    .map((text) => labelOf(checkpoint, text, names?.length ?? MAX_CLASSES));
  if (wanted.includes(undefined)) {
    throw new OptionError(
      `--classes takes two ${
        names ? `of ${listOf(names)}` : "classes such as 3,8"
      }, not ${show(classes)}`,
    );
  }
  const [from, to] = wanted.map((label) => {
    const found = order.filter((index) => labels[index] === label);
    if (found.length > 0) return found;
    throw new TaskError(
      `none of the ${order.length} ${split} images is of class ${
        oneLine(className(names, label!))
      }`,
    );
  });
  return labels[from[0]] === labels[to[0]] ? halves(from) : [from, to];
}

/** Two equal parts; a single image is both. */
function halves(order: Uint32Array): [Uint32Array, Uint32Array] {
  const half = Math.max(1, order.length >> 1);
  return [order.subarray(0, half), order.subarray(-half)];
}

/** `3 to 8`, or `3` of one class, where they are known; otherwise the numbers. */
function nameOf(
  { labels }: ImageSet,
  checkpoint: Checkpoint,
  pair: Pair,
): string {
  const [from, to] = pair.map((index) =>
    labels ? pictureName(checkpoint, labels[index]) : `${index}`
  );
  return from === to ? from : `${from} to ${to}`;
}

if (import.meta.main) await runTask(task, flags, main);
