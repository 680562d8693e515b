/**
 * Decodes a PNG file, of any kind that there is, in its own depth and with as
 * many channels as it has: larger pictures are decoded several times as fast as
 * by what makes 8 bits of red, green, blue and alpha of all.
 *
 * Source: Portable Network Graphics, ISO/IEC 15948, https://www.w3.org/TR/png/.
 *
 * @module
 */
import type { Picture } from "./picture_sets.ts";
import {
  corrupt,
  type Pass,
  passesOf,
  type PngHeader,
  readPng,
  rowBytes,
} from "./png_chunks.ts";

const PALETTE = 3;

type Samples = Uint8Array | Uint16Array;

/**
 * Decodes a PNG file of 1 to 16 bits, with or without palette, transparency and
 * interlacing. Of an animated one it is the picture that stands still; what
 * follows the end of the picture is not looked at.
 *
 * @param bytes The whole file, which is written to.
 * @throws {FormatError} If it is no PNG file, is truncated or corrupt, or has a
 * side of more than 4096 pixels: then before it is decoded.
 */
export function decodePng(bytes: Uint8Array<ArrayBuffer>): Picture {
  const { header, palette, transparency, rows } = readPng(bytes);
  const { width, height, depth, samples: channels } = header;
  const passes = passesOf(header);
  let at = 0;
  for (const pass of passes) {
    const bytes = rowBytes(header, pass);
    unfilter(rows, at, bytes, pass.rows, Math.max(1, channels * depth >> 3));
    at += pass.rows * (1 + bytes);
  }
  const length = width * height * channels;
  const values = depth === 16
    ? new Uint16Array(length)
    : new Uint8Array(length);
  at = 0;
  for (const pass of passes) {
    const bytes = rowBytes(header, pass);
    unpack(rows, at, bytes, header, pass, values);
    at += pass.rows * (1 + bytes);
  }
  const size = { width, height, black: 0 };
  if (header.colour === PALETTE) {
    const colours = inPalette(values, palette, transparency);
    return { ...size, white: 255, ...colours };
  }
  const white = 2 ** depth - 1;
  if (transparency && channels % 2 === 1) {
    return { ...size, white, ...withKey(values, header, transparency) };
  }
  return { ...size, white, channels, values };
}

/** Undoes the filters of rows, in place (9.2). */
function unfilter(
  data: Uint8Array,
  at: number,
  bytes: number,
  rows: number,
  step: number,
): void {
  // Above the first row and left of the first pixel, all is 0.
  let above: Uint8Array = new Uint8Array(bytes);
  for (let y = 0; y < rows; y++, at += bytes + 1) {
    const filter = data[at];
    const row = data.subarray(at + 1, at + 1 + bytes);
    switch (filter) {
      case 0:
        break;
      case 1:
        for (let i = step; i < bytes; i++) row[i] += row[i - step];
        break;
      case 2:
        for (let i = 0; i < bytes; i++) row[i] += above[i];
        break;
      case 3:
        for (let i = 0; i < bytes; i++) {
          const left = i < step ? 0 : row[i - step];
          row[i] += (left + above[i]) >> 1;
        }
        break;
      case 4:
        for (let i = 0; i < bytes; i++) {
          row[i] += i < step
            ? above[i]
            : paeth(row[i - step], above[i], above[i - step]);
        }
        break;
      default:
        throw corrupt(`there is no filter ${filter}`);
    }
    above = row;
  }
}

/** Returns the neighbour that is nearest to left + above − corner (9.4). */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Puts the samples of a pass where they belong. */
function unpack(
  data: Uint8Array,
  at: number,
  bytes: number,
  { width, depth, samples }: PngHeader,
  { left, top, right, down, columns, rows }: Pass,
  values: Samples,
): void {
  const mask = 2 ** depth - 1;
  for (let y = 0; y < rows; y++) {
    const row = at + y * (bytes + 1) + 1;
    let to = ((top + y * down) * width + left) * samples;
    for (let x = 0; x < columns; x++, to += right * samples) {
      for (let i = 0; i < samples; i++) {
        const sample = x * samples + i;
        if (depth === 8) values[to + i] = data[row + sample];
        else if (depth === 16) {
          const byte = row + 2 * sample;
          values[to + i] = data[byte] << 8 | data[byte + 1];
        } else {
          const bit = sample * depth;
          const shift = 8 - depth - (bit & 7);
          values[to + i] = data[row + (bit >> 3)] >> shift & mask;
        }
      }
    }
  }
}

/** Looks numbers up in a palette; without an alpha there, a colour is opaque. */
function inPalette(
  numbers: Samples,
  palette: Uint8Array | undefined,
  transparency: Uint8Array | undefined,
): Pick<Picture, "channels" | "values"> {
  if (!palette) throw corrupt("it has no palette");
  const channels = transparency ? 4 : 3;
  const values = new Uint8Array(numbers.length * channels);
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i];
    if (3 * number + 3 > palette.length) {
      throw corrupt(`its palette has no colour ${number}`);
    }
    const to = i * channels;
    values[to] = palette[3 * number];
    values[to + 1] = palette[3 * number + 1];
    values[to + 2] = palette[3 * number + 2];
    if (transparency) values[to + 3] = transparency[number] ?? 255;
  }
  return { channels, values };
}

/** Adds alpha: nothing where a pixel has the one colour that is transparent. */
function withKey(
  values: Samples,
  { samples, depth }: PngHeader,
  transparency: Uint8Array,
): Pick<Picture, "channels" | "values"> {
  if (transparency.length !== 2 * samples) {
    throw corrupt("its transparent colour is none");
  }
  const key = Array.from(
    { length: samples },
    (_, i) => transparency[2 * i] << 8 | transparency[2 * i + 1],
  );
  const channels = samples === 1 ? 2 : 4;
  const count = values.length / samples;
  const all = values.constructor as new (length: number) => Samples;
  const keyed = new all(count * channels);
  for (let i = 0; i < count; i++) {
    let isKey = true;
    for (let j = 0; j < samples; j++) {
      const value = values[i * samples + j];
      keyed[i * channels + j] = value;
      isKey &&= value === key[j];
    }
    keyed[i * channels + samples] = isKey ? 0 : 2 ** depth - 1;
  }
  return { channels, values: keyed };
}
