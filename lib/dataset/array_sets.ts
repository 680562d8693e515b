/**
 * From arrays to pictures that are read one by one.
 *
 * @module
 */
import { display, FormatError } from "../formats/error.ts";
import { counted } from "../text.ts";
import { findScale, type NamedArray, type Scale } from "./array_scale.ts";
import { type Geometry, geometryOf, transposed } from "./array_shapes.ts";
import {
  MAX_PICTURES,
  type Picture,
  type Pictures,
  type PictureSets,
} from "./picture_sets.ts";

/** The arrays of a split, and the labels of their pictures. */
export interface ArraySplit {
  /** One or several, which may be a class each. */
  readonly arrays: readonly (NamedArray & { readonly label?: string })[];
  /** One for each picture, otherwise. */
  readonly labels?: readonly (number | string)[];
  /** Whether the pictures lie by columns. */
  readonly isTransposed?: boolean;
}

/** The splits that there are. */
export interface ArraySplits {
  readonly train: ArraySplit;
  readonly validation?: ArraySplit;
  readonly test?: ArraySplit;
}

interface Part extends NamedArray {
  readonly label?: string;
  readonly geometry: Geometry;
}

/**
 * Makes pictures of arrays. Their shapes are checked first, then all values are
 * read once, for the scale of all splits.
 *
 * @param notes What was chosen before.
 * @param signal Stops the reading.
 * @throws {FormatError} If shapes, values or the number of labels do not fit.
 */
export async function setsOf(
  splits: ArraySplits,
  notes: readonly string[],
  signal?: AbortSignal,
): Promise<PictureSets> {
  const { train, validation, test } = splits;
  const all = [train, validation, test].flatMap((split) => split ?? []);
  const parts = new Map(all.map((split) => [split, partsOf(split)]));
  const geometries = [...parts.values()].flat()
    .flatMap(({ geometry: { note } }) => note ?? []);
  const scale = await findScale([...parts.values()].flat(), signal);
  const pictures = (split: ArraySplit) =>
    picturesOf(parts.get(split)!, scale, split.labels);
  return {
    train: pictures(train),
    ...(validation && { validation: pictures(validation) }),
    ...(test && { test: pictures(test) }),
    notes: [
      ...notes,
      ...new Set(geometries),
      ...(scale.note ? [scale.note] : []),
    ],
  };
}

function partsOf({ arrays, labels, isTransposed }: ArraySplit): Part[] {
  const parts = arrays.map(({ name, array, label }) => {
    const geometry = within(name, () => {
      if (array.dtype.number) return geometryOf(array.shape);
      throw new FormatError("it has texts, not pictures");
    });
    return {
      name,
      array,
      label,
      geometry: isTransposed ? transposed(geometry) : geometry,
    };
  });
  const count = countOf(parts);
  if (count > MAX_PICTURES) {
    throw new FormatError(
      `it has ${count} pictures, more than the ${MAX_PICTURES} that are taken`,
    );
  }
  if (labels && labels.length !== count) {
    throw new FormatError(
      `${counted(labels.length, "label")} do not fit ${
        counted(count, "picture")
      }${
        arrays.length === 1 && arrays[0].name &&
        ` of ${display(arrays[0].name)}`
      }`,
    );
  }
  return parts;
}

function picturesOf(
  parts: readonly Part[],
  scale: Scale,
  given?: readonly (number | string)[],
): Pictures {
  const labels = given ??
    (parts[0].label === undefined
      ? undefined
      : parts.flatMap(({ label, geometry: { count } }) =>
        new Array<string>(count).fill(label!)
      ));
  const picture = (index: number): Picture => {
    let [part, row] = [0, index];
    while (row >= parts[part].geometry.count) {
      row -= parts[part++].geometry.count;
    }
    return pictureOf(parts[part], row, scale);
  };
  return { count: countOf(parts), picture, ...(labels && { labels }) };
}

function countOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { geometry }) => sum + geometry.count, 0);
}

function pictureOf(
  { array, geometry }: Part,
  index: number,
  { black, white }: Scale,
): Picture {
  const { width, height, channels, strides } = geometry;
  const [down, right, channel] = strides;
  const row = array.row(index);
  const isInOrder = channel === 1 && right === channels &&
    down === width * channels;
  let values = row;
  if (!isInOrder) {
    values = row.slice();
    let i = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          values[i++] = row[y * down + x * right + c * channel];
        }
      }
    }
  }
  return { width, height, channels, black, white, values };
}

/** Puts the name of an array or a file before what is wrong with it. */
export function within<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (name === "" || !(error instanceof FormatError)) throw error;
    throw new FormatError(`${display(name)}: ${error.message}`, {
      cause: error,
    });
  }
}
