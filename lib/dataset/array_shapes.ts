/**
 * How pictures lie in an array, which only its shape tells.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import { MAX_PICTURES, MAX_SIDE } from "./picture_sets.ts";

/** The pictures of an array, and where the values of one lie in its row. */
export interface Geometry {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
  /** Values from a row of the picture, a column and a channel to the next. */
  readonly strides: readonly [y: number, x: number, channel: number];
  /** What was assumed, if it is not plain. */
  readonly note?: string;
}

const WANTED =
  "pictures are N×H×W, N×H×W×C or N×C×H×W with 1, 3 or 4 channels, " +
  "or squares in rows of N×H·H";

/**
 * Tells how pictures lie in an array of a shape.
 *
 * @throws {FormatError} If there are none, it is not clear which, or they are too
 * many or too large.
 */
export function geometryOf(shape: readonly number[]): Geometry {
  const geometry = placesOf(shape);
  const { count, height, width } = geometry;
  if (count > MAX_PICTURES) {
    throw new FormatError(
      `it has ${count} pictures, more than the ${MAX_PICTURES} that are taken: ` +
        "save fewer",
    );
  }
  if (count === 0) throw new FormatError("it has no pictures");
  if ([height, width].some((side) => side < 1 || side > MAX_SIDE)) {
    throw new FormatError(
      `its pictures are ${width}×${height}, and sides must be 1 to ${MAX_SIDE}`,
    );
  }
  return geometry;
}

/** Turns pictures that a file has by columns. */
export function transposed(geometry: Geometry): Geometry {
  const { height, width, strides: [y, x, channel] } = geometry;
  return {
    ...geometry,
    height: width,
    width: height,
    strides: [x, y, channel],
  };
}

function placesOf(shape: readonly number[]): Geometry {
  const [count, a, b, c] = shape;
  const sizes = shape.join("×");
  switch (shape.length) {
    case 2: {
      const side = Math.sqrt(a);
      if (!Number.isInteger(side) || side < 2) {
        throw new FormatError(
          `its shape is ${sizes}: if that is one picture, make it 1×${sizes}; ` +
            `${WANTED}`,
        );
      }
      if (count === a) {
        throw new FormatError(
          `its shape ${sizes} is one picture or ${count} of ${side}×${side}: ` +
            `make it 1×${sizes} or ${count}×${side}×${side}`,
        );
      }
      return {
        ...grey(count, side, side),
        ...(a !== IMAGE_PIXELS && {
          note: `rows of ${a} values are taken as pictures of ${side}×${side}`,
        }),
      };
    }
    case 3:
      if (isChannels(b) && !isChannels(a)) {
        throw new FormatError(
          `its shape ${sizes} seems to be one picture with ${b} channels: make ` +
            `it 1×${sizes}; ${WANTED}`,
        );
      }
      return grey(count, a, b);
    case 4:
      if (isChannels(a) && isChannels(c)) {
        throw new FormatError(
          `its shape ${sizes} has channels second or last: which one is not ` +
            "clear; save grey pictures as N×H×W",
        );
      }
      if (isChannels(c)) {
        const strides = [b * c, c, 1] as const;
        return { count, height: a, width: b, channels: c, strides };
      }
      if (isChannels(a)) {
        const strides = [c, 1, b * c] as const;
        return { count, height: b, width: c, channels: a, strides };
      }
  }
  throw new FormatError(`its shape is ${sizes || "()"}: ${WANTED}`);
}

function grey(count: number, height: number, width: number): Geometry {
  return { count, height, width, channels: 1, strides: [width, 1, 1] };
}

function isChannels(size: number): size is 1 | 3 | 4 {
  return size === 1 || size === 3 || size === 4;
}
