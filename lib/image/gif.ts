/**
 * Encodes grey pictures as animated GIF files. gifenc does the encoding: it is
 * small, depends on nothing, and takes indexed pixels, so that greys stay as
 * they are.
 *
 * @module
 */
// @ts-types="./gifenc.d.ts"
import gifenc from "gifenc";
import type { Picture } from "./picture.ts";
import { greys } from "./png.ts";

const PALETTE = Array.from({ length: 256 }, (_, grey) => [grey, grey, grey]);

/** GIF stores text in blocks of at most so many bytes. */
const BLOCK = 255;

/** One picture of an animation. */
export interface Frame {
  /** What is shown. */
  readonly picture: Picture;
  /** For how long, in milliseconds; GIF keeps hundredths of a second. */
  readonly delay: number;
}

/**
 * Encodes grey pictures of one size as a GIF file that loops for ever. No grey
 * is changed. The same input gives the same bytes.
 *
 * @param frames The pictures in order: at least one. They are taken one by one,
 * so that a generator needs memory for one only.
 * @param comment Text stored in the file, as UTF-8.
 * @returns The bytes of the file.
 * @throws {RangeError} If there is no frame, frames differ in size, or a pixel
 * has a colour.
 *
 * @example
 * ```ts
 * import { encodeGif, grid } from "@vae/mnist";
 *
 * const frames = [0, 0.5, 1].map((grey) => ({
 *   picture: grid(new Float32Array(784).fill(grey)),
 *   delay: 200,
 * }));
 * const bytes = encodeGif(frames, "From black to white"); // for "fade.gif"
 * ```
 */
export function encodeGif(
  frames: Iterable<Frame>,
  comment = "",
): Uint8Array<ArrayBuffer> {
  const encoder = gifenc.GIFEncoder();
  let first: Picture | undefined;
  let count = 0;
  for (const { picture, delay } of frames) {
    const { width, height } = picture;
    // gifenc writes a palette with each frame that brings one.
    const palette = first ? undefined : PALETTE;
    first ??= picture;
    if (width !== first.width || height !== first.height) {
      throw new RangeError(
        `a GIF has frames of one size, but frame ${count} is ${width}×${height} and the first ${first.width}×${first.height}`,
      );
    }
    const indices = greys(picture.pixels);
    if (!indices) {
      throw new RangeError(
        `a GIF is made of grey pictures, but frame ${count} has a colour`,
      );
    }
    encoder.writeFrame(indices, width, height, { palette, delay, repeat: 0 });
    count++;
  }
  if (count === 0) throw new RangeError("there is no GIF without a frame");
  if (comment) encoder.stream.writeBytes(commentExtension(comment));
  encoder.finish();
  return encoder.bytes();
}

/**
 * Writes a comment (GIF89a specification, 24): blocks led by their lengths, and
 * an empty one.
 */
function commentExtension(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  const extension = [0x21, 0xfe];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    extension.push(block.length, ...block);
  }
  return [...extension, 0];
}
