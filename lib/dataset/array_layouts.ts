/**
 * Which of the arrays of a file are pictures and which are their labels: by the
 * names that well-known data sets have, or by what else there is.
 *
 * @module
 */
import type { StoredArray } from "../formats/elements.ts";
import { display, FormatError } from "../formats/error.ts";
import { counted } from "../text.ts";
import { geometryOf } from "./array_shapes.ts";
import { isLabels } from "./array_labels.ts";
import { ChoiceError } from "./choice_error.ts";

/** Arrays by name, and why others cannot be read. */
export interface NamedArrays {
  readonly arrays: ReadonlyMap<string, StoredArray>;
  readonly others: ReadonlyMap<string, string>;
}

/** The names of an array of pictures and of one of their labels. */
export interface Pair {
  readonly images: string;
  readonly labels?: string;
}

/** The pairs of the splits that there are. */
export interface Choice {
  readonly train: Pair;
  readonly validation?: Pair;
  readonly test?: Pair;
}

type Names = readonly [images: string, labels: string];

/** Layouts with splits. */
const SPLIT: readonly Record<keyof Choice, Names>[] = [
  // MedMNIST, https://medmnist.com
  {
    train: ["train_images", "train_labels"],
    validation: ["val_images", "val_labels"],
    test: ["test_images", "test_labels"],
  },
  // Keras's mnist.npz, and what scikit-learn calls them with a large X
  {
    train: ["x_train", "y_train"],
    validation: ["x_val", "y_val"],
    test: ["x_test", "y_test"],
  },
];

/** What else the layouts' `val` is called. */
const VALIDATION = ["val", "valid", "validation"];

/** numpy.savez(path, images, labels) */
const UNNAMED: Names = ["arr_0", "arr_1"];

/** What labels are called beside a single array of pictures. */
const LABELS = ["labels", "label", "y", "target", "targets"];

/** Arrays that a message lists. */
const LISTED = 6;

/**
 * Chooses what to read.
 *
 * @param file The arrays of a file.
 * @param wanted The name of the array of pictures, or `null` for any.
 * @throws {FormatError} If there is no array of pictures, it is not clear which
 * one, or the one that is wanted is none.
 */
export function chooseArrays(
  file: NamedArrays,
  wanted: string | null,
): Choice {
  if (wanted !== null && !file.arrays.has(wanted)) {
    if (file.arrays.has("")) {
      throw new FormatError(
        `it has one array, without a name: ${display(wanted)} is not in it`,
      );
    }
    checkReadable(file, wanted);
    throw new FormatError(
      `it has no array ${display(wanted)}, only ${listed(file)}`,
    );
  }
  return chooseSplit(file, wanted) ?? choosePair(file, wanted);
}

/** Chooses splits whose names are known, unless another array is wanted. */
export function chooseSplit(
  file: NamedArrays,
  wanted: string | null = null,
): Choice | undefined {
  for (const layout of SPLIT) {
    const train = pairOf(file, layout.train);
    if (!train || (wanted !== null && train.images !== wanted)) continue;
    const validation = VALIDATION.map((word) =>
      pairOf(file, [
        layout.validation[0].replace("val", word),
        layout.validation[1].replace("val", word),
      ])
    ).find((pair) => pair !== undefined);
    const test = pairOf(file, layout.test);
    return { train, ...(validation && { validation }), ...(test && { test }) };
  }
}

function choosePair(file: NamedArrays, wanted: string | null): Choice {
  const images = wanted ?? theOneOf(file);
  const partners = [...SPLIT.flatMap(Object.values<Names>), UNNAMED]
    .flatMap(([x, y]) => x === images.toLowerCase() ? y : []);
  const labels = [...partners, ...LABELS].map((name) => find(file, name))
    .find((name) => name !== undefined && name !== images);
  return { train: { images, ...(labels !== undefined && { labels }) } };
}

/** Finds the only array that can be pictures. */
function theOneOf(file: NamedArrays): string {
  const names = [...file.arrays.keys()];
  // A single one is tried in any case: what is wrong with it is the reason.
  if (names.length === 1 && file.others.size === 0) return names[0];
  const fit = names.filter((name) =>
    !LABELS.includes(name.toLowerCase()) && isPictures(file, name)
  );
  // scikit-learn's digits have their pictures as rows, too.
  if (fit.length === 2 && fit.includes("images") && fit.includes("data")) {
    const [rows, pictures] = ["data", "images"]
      .map((name) => file.arrays.get(name)!);
    if (
      rows.shape.length === 2 && rows.rowCount === pictures.rowCount &&
      rows.rowSize === pictures.rowSize
    ) return "images";
  }
  if (fit.length === 1) return fit[0];
  if (fit.length > 1) {
    throw new ChoiceError(
      `it has ${fit.length} arrays that could be the pictures, ${
        several(fit)
      }: choose one by its name`,
      "array",
    );
  }
  // Nor is there a doubt if only one is no list of labels.
  const tables = names.filter((name) => {
    const { dtype, shape } = file.arrays.get(name)!;
    return dtype.number && shape.length > 1 && !isLabels(shape);
  });
  if (tables.length === 1) return tables[0];
  throw new FormatError(
    `it has no array of pictures, N×H×W and the like, but ${listed(file)}`,
  );
}

function isPictures({ arrays }: NamedArrays, name: string): boolean {
  const { dtype, shape } = arrays.get(name)!;
  if (!dtype.number) return false;
  try {
    geometryOf(shape);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

/** Returns the names as the file has them, if it has the pictures. */
function pairOf(file: NamedArrays, [x, y]: Names): Pair | undefined {
  const [images, labels] = [find(file, x), find(file, y)];
  if (images === undefined) return;
  checkReadable(file, images);
  return { images, ...(labels !== undefined && { labels }) };
}

/**
 * Chooses the array of labels in a file of these.
 *
 * @throws {FormatError} If there is none, or it is not clear which one.
 */
export function chooseLabels(file: NamedArrays, isIdx: boolean): string {
  const names = [...file.arrays.keys()];
  if (names.length === 1 && file.others.size === 0) return names[0];
  const fit = names.filter((name) =>
    isLabels(file.arrays.get(name)!.shape, isIdx)
  );
  const known = LABELS.map((name) => find(file, name))
    .find((name) => name !== undefined && fit.includes(name));
  if (known !== undefined) return known;
  if (fit.length === 1) return fit[0];
  throw new FormatError(
    fit.length > 1
      ? `it has ${fit.length} arrays that could be the labels, ${
        several(fit)
      }: call the right one labels`
      : `it has no array of labels, N or N×1, but ${listed(file)}`,
  );
}

function checkReadable({ others }: NamedArrays, name: string): void {
  const reason = others.get(name);
  if (reason === undefined) return;
  throw new FormatError(`${display(name)} cannot be read: ${reason}`);
}

/** Finds a name in lower or upper case, as X_train. */
function find(
  { arrays, others }: NamedArrays,
  name: string,
): string | undefined {
  return [...arrays.keys(), ...others.keys()]
    .find((other) => other.toLowerCase() === name);
}

/** Lists some names of arrays. */
export function several(names: readonly string[]): string {
  return names.slice(0, LISTED).map(display).join(" and ") +
    (names.length > LISTED ? " and …" : "");
}

/** Lists what a file has. */
function listed({ arrays, others }: NamedArrays): string {
  const count = arrays.size + others.size;
  if (count === 0) return "nothing";
  const shown = [...arrays, ...others].slice(0, LISTED).map(([name, what]) =>
    `${display(name)} (${typeof what === "string" ? what : what.describe()})`
  );
  const more = count - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${counted(more, "other")}` : "");
}
