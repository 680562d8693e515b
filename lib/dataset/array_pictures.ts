/**
 * Pictures and labels from files of arrays, `.npy`, `.npz` and IDX, and from
 * folders of these.
 *
 * @module
 */
import { basename, join } from "node:path";
import { fileSource } from "../files/byte_source.ts";
import { type ArrayFile, openArrays } from "../formats/array_file.ts";
import type { StoredArray } from "../formats/elements.ts";
import { display, FormatError } from "../formats/error.ts";
import { oneLine } from "../text.ts";
import { classNamesIn, withLikelyLabels } from "./array_classes.ts";
import { isLabels, labelsOf } from "./array_labels.ts";
import { namesIn } from "./array_paths.ts";
import {
  type Choice,
  chooseArrays,
  chooseLabels,
  chooseSplit,
  type NamedArrays,
  type Pair,
} from "./array_layouts.ts";
import { type ArraySplit, setsOf, within } from "./array_sets.ts";
import {
  hasSiblings,
  type Siblings,
  siblingsIn,
  siblingsOf,
} from "./array_siblings.ts";
import { naturally } from "./natural_order.ts";
import { statFile, statPath } from "./paths.ts";
import type { PictureSets } from "./picture_sets.ts";

/** How {@linkcode readArrays} reads. */
export interface ArrayOptions {
  /** The name of the array of pictures, or `null` for the one there is. */
  readonly array: string | null;
  /**
   * A file of labels, for which other files are not looked for, or `null`. It is
   * for {@linkcode readLabels}.
   */
  readonly labels: string | null;
  /** Stops it; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

const NPY = /\.npy(\.gz)?$/i;

/** What Google's browser calls the files of QuickDraw, before the class. */
const QUICKDRAW = /^full(_|%2F)numpy_bitmap(_|%2F)/;

/** Other files of a folder that a note lists. */
const LISTED = 3;

/**
 * Reads the pictures of a file of arrays, or of a folder of such files, with the
 * labels that are there too. What is large is not read whole: see
 * {@linkcode Pictures}.
 *
 * Names of arrays and of files that well-known data sets have say what is what:
 * MedMNIST's, Keras's and scikit-learn's; torchvision's, EMNIST's, QMNIST's and
 * Kuzushiji-49's, of which one of the files for training, or the folder, leads to
 * all. A folder of other `.npy` files has a class in each, as QuickDraw.
 *
 * @throws {FormatError} If they cannot be used. The message does not name `path`,
 * but any other file.
 */
export async function readArrays(
  path: string,
  { array, labels, signal }: ArrayOptions,
): Promise<PictureSets> {
  const { isDirectory } = await statPath(path);
  if (isDirectory) return await readFolder(path, array, signal);
  if (hasSiblings(path) && labels === null) {
    return await readSiblings(await siblingsOf(path), array, { path, signal });
  }
  const notes: string[] = [];
  const file = await open(path, notes);
  const chosen = chooseArrays(file, array);
  const choice = labels === null
    ? withLikelyLabels(file, chosen, notes)
    : chosen;
  const splits = splitsOf(file, choice, path, notes);
  const all = Object.values(splits).flatMap((split) => split.labels ?? []);
  const named = all.length > 0 && labels === null
    ? classNamesIn(file, all, notes)
    : {};
  return { ...await setsOf(splits, notes, signal), ...named };
}

/**
 * Reads labels from an `.npy`, `.npz` or IDX file of their own.
 *
 * @throws {FormatError} If the file holds none. The message does not name `path`.
 */
export async function readLabels(path: string): Promise<(number | string)[]> {
  const file = await open(path, []);
  const isIdx = file.format === "IDX";
  const name = chooseLabels(file, isIdx);
  return within(name, () => labelsOf(file.arrays.get(name)!, isIdx));
}

/** Opens a file of arrays, and notes what its name says wrongly. */
async function open(path: string, notes: string[]): Promise<ArrayFile> {
  await statFile(path);
  const file = openArrays(await fileSource(path));
  const name = oneLine(basename(path), 255);
  if (/\.gz$/i.test(path) && !file.isGzip) {
    notes.push(
      `${name} is no gzip data, as its name says, and is read as it is`,
    );
  }
  return file;
}

/** The splits of a file, or of a folder's files as one. */
function splitsOf(
  file: NamedArrays,
  choice: Choice,
  path: string,
  notes: string[],
): Record<"train", ArraySplit> & Partial<Record<keyof Choice, ArraySplit>> {
  const used: string[] = [];
  const read = ({ images, labels }: Pair): ArraySplit => {
    const found = labels === undefined
      ? undefined
      : labelsBeside(file, labels, notes);
    used.push(
      display(images) + (found ? ` (with the labels ${display(labels!)})` : ""),
    );
    return {
      arrays: [{ name: images, array: file.arrays.get(images)! }],
      ...(found && { labels: found }),
      ...turned(path, notes),
    };
  };
  const { train, validation, test } = choice;
  const splits = {
    train: read(train),
    ...(validation && { validation: read(validation) }),
    ...(test && { test: read(test) }),
  };
  if (file.arrays.size + file.others.size > 1) {
    notes.unshift(`images are read from ${used.join(", ")}`);
  }
  return splits;
}

/** Reads labels that lie beside pictures; what are none is noted. */
function labelsBeside(
  { arrays, others }: NamedArrays,
  name: string,
  notes: string[],
): (number | string)[] | undefined {
  const array = arrays.get(name);
  if (array && isLabels(array.shape)) {
    return within(name, () => labelsOf(array));
  }
  const reason = array
    ? `its shape ${array.shape.join("×") || "()"} is not one for each picture`
    : others.get(name);
  notes.push(`${display(name)} is not used as labels: ${reason}`);
}

/** EMNIST's files have their pictures by columns. */
function turned(path: string, notes: string[]): { isTransposed?: true } {
  if (!/^emnist-.*idx3/i.test(basename(path))) return {};
  const note = "EMNIST's pictures are stored by columns, and turned";
  if (!notes.includes(note)) notes.push(note);
  return { isTransposed: true };
}

/** Reads files of one data set: for training and maybe to test with. */
async function readSiblings(
  { train, test }: Siblings,
  array: string | null,
  { path: given, signal }: { path?: string; signal?: AbortSignal },
): Promise<PictureSets> {
  const notes: string[] = [];
  const others = [train.images, train.labels, test.images, test.labels]
    .flatMap((path) => path === undefined || path === given ? [] : path);
  if (others.length > 0) {
    const names = others.map((path) => oneLine(basename(path), 255));
    notes.push(
      `${names.join(", ")} ${names.length === 1 ? "is" : "are"} read` +
        (given ? " with it" : ""),
    );
  }
  const read = async (
    { images, labels }: Siblings["train"],
  ): Promise<ArraySplit> => {
    const name = images === given ? "" : basename(images!);
    const file = await about(name, () => open(images!, notes));
    const choice = within(name, () => chooseArrays(file, array));
    const { train } = splitsOf(file, { train: choice.train }, images!, notes);
    return {
      ...train,
      arrays: [{ ...train.arrays[0], name }],
      ...(labels !== undefined && {
        labels: await about(basename(labels), () => readLabels(labels)),
      }),
    };
  };
  return await setsOf(
    {
      train: await read(train),
      ...(test.images !== undefined && { test: await read(test) }),
    },
    notes,
    signal,
  );
}

/** Reads a folder: the files of a data set, or of a class each. */
async function readFolder(
  folder: string,
  wanted: string | null,
  signal?: AbortSignal,
): Promise<PictureSets> {
  const siblings = await siblingsIn(folder);
  if (siblings) return await readSiblings(siblings, wanted, { signal });
  const names = await namesIn(folder);
  const files = names.filter((name) => NPY.test(name)).sort(naturally);
  if (files.length === 0) {
    throw new FormatError(
      "it has no .npy and no IDX files; of .npz files, choose one",
    );
  }
  const notes: string[] = [];
  const arrays = new Map<string, StoredArray>();
  for (const name of files) {
    const file = await about(name, () => open(join(folder, name), notes));
    for (const array of file.arrays.values()) {
      arrays.set(name.replace(NPY, ""), array);
    }
  }
  const rest = names.filter((name) => !files.includes(name));
  if (rest.length > 0) {
    const listed = rest.sort(naturally).slice(0, LISTED).map((n) => oneLine(n));
    notes.push(
      `of the folder, ${rest.length} that are no .npy files are not read: ` +
        listed.join(", ") + (rest.length > LISTED ? " …" : ""),
    );
  }
  const file = { arrays, others: new Map() };
  const choice = wanted === null
    ? chooseSplit(file)
    : chooseArrays(file, wanted);
  if (choice) {
    const splits = splitsOf(file, choice, folder, notes);
    return await setsOf(splits, notes, signal);
  }
  notes.push(
    `each of the ${arrays.size} files is taken as a class, called as the file`,
  );
  const classes = Array.from(arrays, ([name, array]) => ({
    name,
    array,
    label: name.replace(QUICKDRAW, ""),
  }));
  return await setsOf({ train: { arrays: classes } }, notes, signal);
}

/** Puts the name of a file before what is wrong with it. */
async function about<T>(name: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    return within(name, () => {
      throw error;
    });
  }
}
