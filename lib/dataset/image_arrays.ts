/**
 * Reads 28×28 images from the arrays that programs have them in.
 *
 * @module
 */
import { IMAGE_PIXELS, IMAGE_SIZE } from "../model/spec.ts";
import { show, showType, tagOf } from "../text.ts";

/**
 * Images of 28×28 pixels, light on dark, row by row:
 *
 * - a `Uint8Array` of n·784 pixels, 0 to 255;
 * - a `Float32Array` of n·784 pixels, 0 to 1;
 * - an array of n images, each of 784 numbers or of 28 rows of 28. They go from
 *   0 to 1; or, if one of them is above 1, all are whole numbers, 0 to 255.
 */
export type ImageArrays =
  | Uint8Array
  | Float32Array
  | readonly ArrayLike<number>[]
  | readonly (readonly ArrayLike<number>[])[];

const OF_CANVAS =
  "a canvas has four numbers a pixel, of which an image takes one";

const ADVICE =
  "pixels go from 0 to 255 in a Uint8Array, and from 0 to 1 in a " +
  "Float32Array";

/**
 * Makes bytes of images.
 *
 * @returns [n, 784], a copy; what is from 0 to 1 is rounded to the nearest of
 * 256 levels.
 * @throws {TypeError} If they are of another type.
 * @throws {RangeError} If there is no image, one is of another size, or a pixel
 * is out of range.
 */
export function imageBytes(images: ImageArrays): Uint8Array<ArrayBuffer> {
  const type = tagOf(images);
  if (type === "Uint8Array" || type === "Float32Array") {
    checkCount(images.length);
    return type === "Uint8Array"
      ? Uint8Array.from(images as Uint8Array)
      : fromUnits(images as Float32Array);
  }
  if (Array.isArray(images)) return fromNested(images);
  throw new TypeError(
    `images must be a Uint8Array, a Float32Array or nested arrays, not ` +
      `${showType(images)}: ` +
      (type === "Uint8ClampedArray" ? OF_CANVAS : ADVICE),
  );
}

/** Refuses what are no images, or not whole ones. */
function checkCount(length: number): void {
  if (length > 0 && length % IMAGE_PIXELS === 0) return;
  throw new RangeError(
    `${length} pixels are no images of ${IMAGE_PIXELS} each`,
  );
}

function fromUnits(pixels: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    const pixel = pixels[i];
    if (!(pixel >= 0 && pixel <= 1)) {
      throw new RangeError(`${placeOf(i)} is ${pixel}: ${ADVICE}`);
    }
    bytes[i] = Math.round(255 * pixel);
  }
  return bytes;
}

/** Reads an array of images, whose numbers tell of which scale they are. */
function fromNested(images: readonly unknown[]): Uint8Array<ArrayBuffer> {
  checkCount(images.length * IMAGE_PIXELS);
  let large = -1, part = -1;
  forEachPixel(images, (pixel, at) => {
    if (typeof pixel !== "number" || !(pixel >= 0 && pixel <= 255)) {
      throw new RangeError(`${placeOf(at)} is ${show(pixel)}: ${OF_NESTED}`);
    }
    if (large < 0 && pixel > 1) large = at;
    if (part < 0 && !Number.isInteger(pixel)) part = at;
  });
  if (large >= 0 && part >= 0) {
    throw new RangeError(
      `${placeOf(large)} is above 1, and ${placeOf(part)} is not whole: ` +
        OF_NESTED,
    );
  }
  const white = large >= 0 ? 1 : 255;
  const bytes = new Uint8Array(images.length * IMAGE_PIXELS);
  forEachPixel(images, (pixel, at) => bytes[at] = Math.round(white * pixel));
  return bytes;
}

function forEachPixel(
  images: readonly unknown[],
  visit: (pixel: number, at: number) => void,
): void {
  images.forEach((image, n) => {
    let at = n * IMAGE_PIXELS;
    for (const row of rowsOf(image, n)) {
      for (let x = 0; x < row.length; x++) visit(row[x], at++);
    }
  });
}

const OF_NESTED =
  "numbers go from 0 to 1, or they are whole and go from 0 to 255";

/** Returns an image as one row of all its pixels, or as its rows. */
function rowsOf(
  image: unknown,
  n: number,
): readonly ArrayLike<number>[] {
  const isRow = (value: unknown, length: number): value is ArrayLike<number> =>
    (Array.isArray(value) || ArrayBuffer.isView(value)) &&
    (value as unknown as ArrayLike<number>).length === length;
  if (isRow(image, IMAGE_PIXELS)) return [image];
  const isSquare = Array.isArray(image) && image.length === IMAGE_SIZE &&
    image.every((row) => isRow(row, IMAGE_SIZE));
  if (isSquare) return image;
  throw new RangeError(
    `image ${n} has neither ${IMAGE_PIXELS} numbers nor ${IMAGE_SIZE} rows of ` +
      `${IMAGE_SIZE}`,
  );
}

/** Names a pixel, as an array of images has it. */
function placeOf(at: number): string {
  return `pixel ${at % IMAGE_PIXELS} of image ${Math.floor(at / IMAGE_PIXELS)}`;
}
