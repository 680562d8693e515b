/**
 * Text files of black-and-white images, `.amat`: a row for each image, with a 0
 * or a 1 for each pixel and one space between them.
 *
 * @module
 */
import { FormatError } from "./error.ts";

const [ZERO, ONE, SPACE, END, NEITHER] = [..."01 \n?"].map((character) =>
  character.charCodeAt(0)
);

/**
 * Reads a file of so many rows.
 *
 * @param text The whole file.
 * @param rows How many images it must have.
 * @param columns How many pixels each has.
 * @returns [rows, columns] bytes, 0 or 255.
 * @throws {FormatError} If a row is missing, too much or malformed: the first
 * such one, counted from 1.
 */
export function parseAmat(
  text: Uint8Array,
  rows: number,
  columns: number,
): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(rows * columns);
  for (let row = 0, at = 0; row < rows; row++) {
    if (at >= text.length) {
      throw new FormatError(
        `it ends after row ${row}, and should have ${rows}`,
      );
    }
    for (let column = 1; column <= columns; column++, at += 2) {
      const isOne = text[at] === ONE;
      if (
        (!isOne && text[at] !== ZERO) ||
        text[at + 1] !== (column === columns ? END : SPACE)
      ) {
        throw new FormatError(
          `row ${row + 1} is not ${columns} times 0 or 1 with a space between`,
        );
      }
      if (isOne) pixels[at / 2] = 255;
    }
  }
  if (text.length > 2 * pixels.length) {
    throw new FormatError(`it goes on after row ${rows}`);
  }
  return pixels;
}

/**
 * Writes what {@linkcode parseAmat} has read: the very same bytes.
 *
 * @param pixels Bytes, 0 or 255; another becomes a `?`.
 * @param columns How many pixels each row has.
 */
export function writeAmat(
  pixels: Uint8Array,
  columns: number,
): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array(2 * pixels.length).fill(SPACE);
  for (let i = 0; i < pixels.length; i++) {
    const pixel = pixels[i];
    text[2 * i] = pixel === 0 ? ZERO : pixel === 255 ? ONE : NEITHER;
  }
  for (let end = columns; end <= pixels.length; end += columns) {
    text[2 * end - 1] = END;
  }
  return text;
}
