/**
 * The images: resident bytes, in as many buffers as the adapter's limit on
 * bindings asks for, and the batch that is taken from them. Where the model is
 * told of classes, the label of each image is a byte behind them all.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { drawnPixels } from "./functions.ts";
import type { LatentRow } from "./latents.ts";
import { type Program, program, read, write } from "./program.ts";
import type { Input } from "./sides.ts";

/**
 * Bytes before the images of a buffer: its first row, in the first word, and how
 * many there are, in the second.
 */
export const HEADER = 16;

const WORDS = IMAGE_PIXELS / 4;

/** Bytes before the labels of a buffer with so many images. */
export function beforeLabels(images: number): number {
  return HEADER + images * IMAGE_PIXELS;
}

/**
 * Writes a statement that keeps the class of the image in `row` (WGSL) of the
 * buffer with the latents of `image`.
 */
function keptLabel(
  row: string,
  { length, label }: LatentRow,
): string {
  const byte = `bytes[${HEADER / 4}u + bytes[1] * ${WORDS}u + ${row} / 4u]`;
  return `latents[image * ${length}u + ${label}u] =
    f32((${byte} >> (${row} % 4u * 8u)) & 255u);`;
}

/**
 * Makes the program that copies a batch's images, as numbers from 0 to 1, from
 * the bytes to `image`. It runs before the first layer where the images lie in
 * several buffers, or in no order.
 *
 * @param latents Where the label of each goes.
 * @param isDrawn Whether the pixels are drawn black or white.
 */
export function gather(latents: LatentRow, isDrawn = false): Program {
  const isLabelled = latents.classCount > 0;
  const rows = isLabelled
    ? "bytes[1]"
    : `(arrayLength(&bytes) - ${HEADER / 4}u) / ${WORDS}u`;
  return program({
    name: "gather",
    bindings: {
      bytes: read("bytes", "u32"),
      order: read("order", "u32"),
      to: write("image"),
      ...isLabelled && { latents: write("latents", "f32") },
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
  if (row >= ${rows}) { return; }${
      isLabelled
        ? `
  if (at % ${WORDS}u == 0u) { ${keptLabel("row", latents)} }`
        : ""
    }
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
 * @param latents Where the label of each goes.
 * @param isDrawn Whether the pixels are drawn black or white.
 */
export function gathered(latents: LatentRow, isDrawn: boolean): Input {
  const pixel = `(at - image * ${IMAGE_PIXELS}u)`;
  const isLabelled = latents.classCount > 0;
  const byte = `(bytes[row + ${pixel} / 4u] >> (${pixel} % 4u * 8u)) & 255u`;
  return {
    bindings: {
      bytes: read("bytes", "u32"),
      order: read("order", "u32"),
      kept: write("image", "f32"),
      ...isLabelled && { latents: write("latents", "f32") },
    },
    constants: {
      row: `order[job.first + image] * ${WORDS}u + ${HEADER / 4}u`,
    },
    value: isDrawn ? `drawn(${byte}, at)` : `f32(${byte}) / 255.0`,
    globals: isDrawn ? drawnPixels : "",
    keep: "kept[at] = value;" + (!isLabelled ? "" : `
    if (${pixel} == 0u) {
      let own = order[job.first + image];
      ${keptLabel("own", latents)}
    }`),
  };
}

/**
 * Creates a buffer for `count` images that begin with row `first`, and for their
 * labels if they are to have some.
 */
export function imageBuffer(
  device: GPUDevice,
  count: number,
  isLabelled: boolean,
  first = 0,
): GPUBuffer {
  const buffer = device.createBuffer({
    size: beforeLabels(count) + (isLabelled ? 4 * Math.ceil(count / 4) : 0),
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, Uint32Array.of(first, count));
  return buffer;
}

/** Images that go to the GPU at once: some adapters refuse more than 16 MiB. */
const UPLOAD = Math.floor((1 << 24) / IMAGE_PIXELS);

/** Fills labels up to whole words, of which alone buffers are written. */
export function inWords(labels: Uint8Array): Uint8Array<ArrayBuffer> {
  const words = new Uint8Array(4 * Math.ceil(labels.length / 4));
  words.set(labels);
  return words;
}

/**
 * Creates buffers with all images, and their labels if the model is told of
 * them, none larger than `limit` bytes.
 */
export function imageBuffers(
  device: GPUDevice,
  images: Uint8Array<ArrayBuffer>,
  labels: Uint8Array | undefined,
  limit: number,
): GPUBuffer[] {
  const rows = labels
    ? Math.floor((limit - HEADER - 3) / (IMAGE_PIXELS + 1))
    : Math.floor((limit - HEADER) / IMAGE_PIXELS);
  const count = images.length / IMAGE_PIXELS;
  const buffers: GPUBuffer[] = [];
  for (let first = 0; first < count; first += rows) {
    const length = Math.min(rows, count - first);
    const buffer = imageBuffer(device, length, labels !== undefined, first);
    for (let row = 0; row < length; row += UPLOAD) {
      device.queue.writeBuffer(
        buffer,
        HEADER + row * IMAGE_PIXELS,
        images,
        (first + row) * IMAGE_PIXELS,
        Math.min(UPLOAD, length - row) * IMAGE_PIXELS,
      );
    }
    if (labels) {
      const own = inWords(labels.subarray(first, first + length));
      device.queue.writeBuffer(buffer, beforeLabels(length), own);
    }
    buffers.push(buffer);
  }
  return buffers;
}
