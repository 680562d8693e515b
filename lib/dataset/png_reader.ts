/**
 * Reads PNG files, one after the other.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import type { Picture } from "./picture_sets.ts";
import { decodePng } from "./png_picture.ts";

/** The bytes of the largest file: 4096×4096 pixels of 16 bits, hardly deflated. */
const MAX_BYTES = 2 ** 27;

/**
 * Returns what reads a picture, without a pause: of 60,000 small files the pauses
 * would be most of the time. All files are read into the same memory. Who asks
 * again for what could not be read gets the same error, for it may be large.
 */
export function pictureReader(): (path: string) => Picture {
  let buffer = new Uint8Array();
  let failed: { path: string; error: unknown } | undefined;
  const read = (path: string): Picture => {
    using file = Deno.openSync(path);
    const { size } = file.statSync();
    if (size > MAX_BYTES) {
      throw new FormatError(
        `it has ${Math.ceil(size / 2 ** 20)} MiB, and ${MAX_BYTES / 2 ** 20} ` +
          "are the most",
      );
    }
    if (buffer.length < size) buffer = new Uint8Array(size);
    let length = 0;
    while (length < size) {
      const count = file.readSync(buffer.subarray(length, size));
      if (count === null) break;
      length += count;
    }
    return decodePng(buffer.subarray(0, length));
  };
  return (path) => {
    if (failed?.path === path) throw failed.error;
    try {
      return read(path);
    } catch (error) {
      failed = { path, error };
      throw error;
    }
  };
}
