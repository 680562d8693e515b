/**
 * What common formats make of black-and-white images.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../model/spec.ts";

/** The effort of a compressor that may take its time. */
const BEST = { level: 9 };

/** Bytes of a row of one bit a pixel. */
const ROW_BYTES = Math.ceil(IMAGE_SIZE / 8);

/**
 * Images in one WebP picture, a square of 2,800 pixels. The format allows 16,383,
 * but the encoder takes 26 bytes of memory for each pixel.
 */
export const WEBP_IMAGES = 10_000;

/**
 * Compresses with gzip, as the bytes that they are.
 *
 * @param images [n, 784] bytes.
 */
export function gzipOfBytes(images: Uint8Array): Uint8Array {
  return gzipSync(images, BEST);
}

/**
 * Compresses with gzip, after eight pixels were put in each byte.
 *
 * @param images [n, 784] bytes; all but 0 are white.
 */
export function gzipOfBits(images: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(images.length / 8));
  images.forEach((byte, i) => {
    if (byte !== 0) bits[i >> 3] |= 128 >> (i & 7);
  });
  return gzipSync(bits, BEST);
}

/**
 * Makes one PNG file of one bit a pixel: all images, one below the other. Rows
 * are not filtered, as the PNG specification (12.7) advises for so few bits.
 *
 * @param images [n, 784] bytes; all but 0 are white.
 */
export function binaryPng(images: Uint8Array): Uint8Array {
  const height = images.length / IMAGE_SIZE;
  const rows = new Uint8Array(height * (1 + ROW_BYTES));
  images.forEach((byte, i) => {
    if (byte === 0) return;
    const x = i % IMAGE_SIZE, y = (i - x) / IMAGE_SIZE;
    rows[y * (1 + ROW_BYTES) + 1 + (x >> 3)] |= 128 >> (x & 7);
  });
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, IMAGE_SIZE);
  new DataView(header.buffer).setUint32(4, height);
  header[8] = 1; // one bit, of grey
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, BEST)),
    chunk("IEND", new Uint8Array()),
  ]);
}

/**
 * Makes WebP pictures without loss, each of as many images as go in. The encoder
 * is downloaded when this is first called.
 *
 * It is libwebp, left at its own effort (method 4, quality 75). The most that it
 * can do (6, 100) takes 35 times as long for 10,000 digits, and saves nothing.
 *
 * @param images [n, 784] bytes; all but 0 are white.
 * @throws If the encoder cannot be loaded.
 */
export async function webpPictures(
  images: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>[]> {
  // deno-lint-ignore no-import-prefix -- as in lib/math/pca.ts
  const encoder = await import("npm:@jsquash/webp@1.5.0/encode.js");
  const pictures: Uint8Array<ArrayBuffer>[] = [];
  const step = WEBP_IMAGES * IMAGE_PIXELS;
  for (let at = 0; at < images.length; at += step) {
    const picture = squareOf(images.subarray(at, at + step));
    const webp = await encoder.default(picture, { lossless: 1 });
    pictures.push(new Uint8Array(webp));
  }
  return pictures;
}

/** Sets images side by side, row by row; white where none is left. */
function squareOf(images: Uint8Array): ImageData {
  const count = images.length / IMAGE_PIXELS;
  const columns = Math.ceil(Math.sqrt(count));
  const width = columns * IMAGE_SIZE;
  const square = new ImageData(width, Math.ceil(count / columns) * IMAGE_SIZE);
  const rgba = square.data.fill(255);
  images.forEach((byte, i) => {
    if (byte !== 0) return;
    const image = Math.floor(i / IMAGE_PIXELS), pixel = i % IMAGE_PIXELS;
    const column = image % columns, row = (image - column) / columns;
    const x = pixel % IMAGE_SIZE, y = (pixel - x) / IMAGE_SIZE;
    const at = (row * IMAGE_SIZE + y) * width + column * IMAGE_SIZE + x;
    rgba.fill(0, 4 * at, 4 * at + 3); // the last is how opaque it is
  });
  return square;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}
