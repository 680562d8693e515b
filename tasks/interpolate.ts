/**
 * `deno task interpolate`: changes one digit into another.
 *
 * @module
 */
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { grid } from "../lib/image/grid.ts";
import { interpolate } from "../lib/latent/interpolate.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { permutation, streamKey } from "../lib/rng.ts";
import {
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { concatenate, imageAt, openSeenImages } from "./shared/data.ts";
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
  const { latentDim } = checkpoint.options;
  const images = await openSeenImages(
    checkpoint,
    options.split,
    given.has("dataDir") ? options.dataDir : undefined,
  );
  const pairs = choosePairs(images, options);
  const ends = concatenate(pairs.flat().map((index) => imageAt(images, index)));
  const { mu } = await engine.encode(ends);
  const latent = (i: number) => mu.subarray(i * latentDim, (i + 1) * latentDim);
  const ways = pairs.map((_, row) =>
    interpolate(latent(2 * row), latent(2 * row + 1), steps, mode)
  );
  const decoded = await engine.decode(concatenate(ways));

  const original = (i: number) => floats(pixels(ends, i, 1));
  /** In each row, decoded digits between their originals. */
  const rows = (first: number, count: number) =>
    concatenate(pairs.flatMap((_, row) => [
      original(2 * row),
      pixels(decoded, row * steps + first, count),
      original(2 * row + 1),
    ]));
  const names = pairs.map((pair) => nameOf(images, pair));
  const digits = rows(0, steps);
  const kind = mode === "linear" ? "on the straight line" : "on the arc";
  const title = `Interpolations between the codes of two ${options.split} ` +
    `images, ${kind}; the originals at both ends`;
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
      grid(rows(step, 1), { ...heading, columns: 3, scale, rowLabels: names });
    await writeAnimation(animation, swing(steps, frame), title, checkpoint);
  }
  if (options.preview) {
    showDigits(digits.subarray(0, (steps + 2) * IMAGE_PIXELS));
  }
  if (options.json) {
    console.log(JSON.stringify({ out, animation, pairs, steps, mode }));
  } else {
    const written = animation ? `${out}, ${animation}` : out;
    const made = counted(pairs.length, "pair");
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
  if (classes !== null && !/^\d,\d$/.test(classes)) {
    throw new OptionError(
      `--classes takes two digits such as 3,8, not "${classes}"`,
    );
  }
}

/** The pair that is asked for, or some that the seed chooses. */
function choosePairs(
  { labels, count }: ImageSet,
  { fromIndex, toIndex, classes, n, seed, split }: Options,
): Pair[] {
  if (fromIndex !== null && toIndex !== null) return [[fromIndex, toIndex]];
  const order = permutation(count, streamKey(seed, "sample"), 0);
  if (classes !== null && labels === null) {
    throw new TaskError(
      "these images have no labels to find --classes by: choose a pair with " +
        "--from-index and --to-index",
    );
  }
  const [from, to] = classes === null
    ? halves(order)
    : twoClasses(order, labels!, classes, split);
  return Array.from(
    { length: Math.min(n, from.length, to.length) },
    (_, i): Pair => [from[i], to[i]],
  );
}

function twoClasses(
  order: Uint32Array,
  labels: Uint8Array,
  classes: string,
  split: string,
): [Uint32Array, Uint32Array] {
  const [from, to] = classes.split(",").map(Number).map((wanted) => {
    const found = order.filter((index) => labels[index] === wanted);
    if (found.length > 0) return found;
    throw new TaskError(
      `none of the ${order.length} ${split} images is of class ${wanted}`,
    );
  });
  return labels[from[0]] === labels[to[0]] ? halves(from) : [from, to];
}

/** Two equal parts; a single image is both. */
function halves(order: Uint32Array): [Uint32Array, Uint32Array] {
  const half = Math.max(1, order.length >> 1);
  return [order.subarray(0, half), order.subarray(-half)];
}

/** `3 to 8` where the classes are known, otherwise the numbers. */
function nameOf({ labels }: ImageSet, [from, to]: Pair): string {
  return labels ? `${labels[from]} to ${labels[to]}` : `${from} to ${to}`;
}

function pixels<T extends Float32Array | Uint8Array>(
  images: T,
  first: number,
  count: number,
): T {
  return images.subarray(
    first * IMAGE_PIXELS,
    (first + count) * IMAGE_PIXELS,
  ) as T;
}

function floats(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => byte / 255);
}

if (import.meta.main) await runTask(task, flags, main);
