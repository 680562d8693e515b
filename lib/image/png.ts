/**
 * Pictures to PNG files, with text about where they come from.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
// @ts-types="./pngjs.d.ts"
import { PNG } from "pngjs";
import type { Picture } from "./picture.ts";

/** Signature and IHDR, the chunk that must come first. */
const HEADER_BYTES = 8 + 25;

/**
 * Encodes a picture as a PNG file of 8 bits a channel. A picture without
 * colour is stored as greys, a third of the bytes. The same input gives the
 * same bytes.
 *
 * @param picture What to encode.
 * @param metadata Text stored in the file by keyword, in the order given:
 * `Title`, `Software`, `Data set`, ... A keyword is 1 to 79 Latin-1 characters.
 * @returns The bytes of the file.
 * @throws {RangeError} If the picture has no pixels, the length of `pixels`
 * does not fit its size, or PNG does not allow a keyword or text.
 *
 * @example
 * ```ts
 * import { encodePng, grid } from "@vae/mnist";
 *
 * const digits = new Uint8Array(4 * 784);
 * const bytes = encodePng(grid(digits), { Title: "Four black tiles" });
 * console.log(bytes.length); // write them to "tiles.png"
 * ```
 */
export function encodePng(
  picture: Picture,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const { width, height, pixels } = picture;
  const expected = 3 * width * height;
  if (pixels.length !== expected || expected === 0) {
    throw new RangeError(
      `a ${width}×${height} picture cannot have ${pixels.length} bytes of pixels: it takes at least one pixel, and three bytes a pixel`,
    );
  }
  const grey = greys(pixels);
  const colorType = grey ? 0 : 2;
  const file = PNG.sync.write(
    { width, height, data: Buffer.from(grey ?? pixels) },
    {
      colorType,
      inputColorType: colorType,
      inputHasAlpha: false,
      // Flat areas and repeated glyphs compress best unfiltered.
      deflateStrategy: 0,
      filterType: 0,
    },
  );
  return new Uint8Array(Buffer.concat([
    file.subarray(0, HEADER_BYTES),
    ...Object.entries(metadata).map(([key, text]) => textChunk(key, text)),
    file.subarray(HEADER_BYTES),
  ]));
}

/** Returns one byte a pixel, or nothing if a pixel has a colour. */
export function greys(rgb: Uint8Array): Uint8Array | undefined {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0, j = 0; i < grey.length; i++, j += 3) {
    if (rgb[j] !== rgb[j + 1] || rgb[j] !== rgb[j + 2]) return undefined;
    grey[i] = rgb[j];
  }
  return grey;
}

/**
 * Makes a chunk of text (PNG specification, 11.3.3): tEXt holds Latin-1, iTXt
 * the rest as UTF-8.
 */
function textChunk(keyword: string, text: string): Buffer {
  if (!/^(?! )(?!.* {2})[ -~\u00a1-\u00ff]{1,79}(?<! )$/.test(keyword)) {
    throw new RangeError(
      `PNG cannot store text under the keyword ${
        JSON.stringify(keyword)
      }: use 1 to 79 Latin-1 characters with single spaces between words`,
    );
  }
  if (text.includes("\0")) {
    throw new RangeError(
      `PNG cannot store the text of "${keyword}": it contains a NUL character`,
    );
  }
  const latin1 = !/[^\n -~\u00a0-\u00ff]/.test(text);
  const data = latin1
    ? Buffer.from(`tEXt${keyword}\0${text}`, "latin1")
    // Not compressed, no language tag, no translated keyword.
    : Buffer.concat([
      Buffer.from(`iTXt${keyword}\0\0\0\0\0`, "latin1"),
      Buffer.from(text, "utf8"),
    ]);
  const chunk = Buffer.alloc(data.length + 8);
  chunk.writeUInt32BE(data.length - 4, 0);
  data.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(data), data.length + 4);
  return chunk;
}
