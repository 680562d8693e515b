/**
 * The images: resident bytes, in as many buffers as the adapter's limit on
 * bindings asks for, and the batch that is taken from them.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { drawnPixels } from "./functions.ts";
import { type Program, program, read, write } from "./program.ts";
import type { Input } from "./sides.ts";

/** Bytes before the images of a buffer: its first row, in the first word. */
export const HEADER = 16;

const WORDS = IMAGE_PIXELS / 4;

/**
 * Makes the program that copies a batch's images, as numbers from 0 to 1, from
 * the bytes to `image`. It runs before the first layer where the images lie in
 * several buffers, or in no order.
 *
 * @param isDrawn Whether the pixels are drawn black or white.
 */
export function gather(isDrawn = false): Program {
  return program({
    name: "gather",
    bindings: {
      bytes: read("bytes", "u32"),
      order: read("order", "u32"),
      to: write("image"),
    },
    threads: 64,
    grid: (images) => [Math.ceil(images * WORDS / 64)],
    globals: isDrawn ? drawnPixels : "",
    main: `
  let at = group.x * 64u + thread;
  let image = at / ${WORDS}u;
  if (image >= job.count) { return; }
  var row = job.first + image;
  if (job.ordered == 1u) { row = order[row]; }
  row -= bytes[0]; // wraps for the rows of earlier buffers
  if (row >= (arrayLength(&bytes) - ${HEADER / 4}u) / ${WORDS}u) { return; }
  let word = bytes[${HEADER / 4}u + row * ${WORDS}u + at % ${WORDS}u];
  let pixels = (vec4(word) >> vec4<u32>(0, 8, 16, 24)) & vec4(255u);
  to[at] = ${
      isDrawn
        ? `vec4(${
          ["x", "y", "z", "w"].map((k, i) =>
            `drawn(pixels.${k}, 4u * at + ${i}u)`
          ).join(", ")
        })`
        : "vec4<f32>(pixels) / 255.0"
    };`,
  });
}

/**
 * Reads the same on the way into the first layer, for ordered images in one
 * buffer, and keeps them for the loss.
 *
 * @param isDrawn Whether the pixels are drawn black or white.
 */
export function gathered(isDrawn: boolean): Input {
  const pixel = `(at - image * ${IMAGE_PIXELS}u)`;
  const byte = `(bytes[row + ${pixel} / 4u] >> (${pixel} % 4u * 8u)) & 255u`;
  return {
    bindings: {
      bytes: read("bytes", "u32"),
      order: read("order", "u32"),
      kept: write("image", "f32"),
    },
    constants: {
      row: `order[job.first + image] * ${WORDS}u + ${HEADER / 4}u`,
    },
    value: isDrawn ? `drawn(${byte}, at)` : `f32(${byte}) / 255.0`,
    globals: isDrawn ? drawnPixels : "",
    keep: "kept[at] = value;",
  };
}

/** Creates a buffer for `count` images that begin with row `first`. */
export function imageBuffer(
  device: GPUDevice,
  count: number,
  first = 0,
): GPUBuffer {
  const buffer = device.createBuffer({
    size: HEADER + count * IMAGE_PIXELS,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, Uint32Array.of(first));
  return buffer;
}

/** Images that go to the GPU at once: some adapters refuse more than 16 MiB. */
const UPLOAD = Math.floor((1 << 24) / IMAGE_PIXELS);

/** Creates buffers with all images, none larger than `limit` bytes. */
export function imageBuffers(
  device: GPUDevice,
  images: Uint8Array<ArrayBuffer>,
  limit: number,
): GPUBuffer[] {
  const rows = Math.floor((limit - HEADER) / IMAGE_PIXELS);
  const count = images.length / IMAGE_PIXELS;
  const buffers: GPUBuffer[] = [];
  for (let first = 0; first < count; first += rows) {
    const length = Math.min(rows, count - first);
    const buffer = imageBuffer(device, length, first);
    for (let row = 0; row < length; row += UPLOAD) {
      device.queue.writeBuffer(
        buffer,
        HEADER + row * IMAGE_PIXELS,
        images,
        (first + row) * IMAGE_PIXELS,
        Math.min(UPLOAD, length - row) * IMAGE_PIXELS,
      );
    }
    buffers.push(buffer);
  }
  return buffers;
}
