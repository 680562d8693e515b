/**
 * Decodes a PNG file, of any kind that there is.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { crc32, inflateSync } from "node:zlib";
// @ts-types="../image/pngjs.d.ts"
import { PNG } from "pngjs";
import { describeKind, kindOf } from "../files/kind.ts";
import { FormatError } from "../formats/error.ts";
import { MAX_SIDE, type Picture } from "./picture_sets.ts";

/** What the header chunk says. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly isInterlaced: boolean;
}

/** The samples of a pixel, and how deep they may be, by PNG's colour types. */
const COLOURS: Readonly<Record<number, readonly [number, readonly number[]]>> =
  {
    0: [1, [1, 2, 4, 8, 16]],
    2: [3, [8, 16]],
    3: [1, [1, 2, 4, 8]],
    4: [2, [8, 16]],
    6: [4, [8, 16]],
  };

const PALETTE = 3;

/** Where a pass begins, and its steps: one for all pixels. */
const WHOLE = [0, 0, 1, 1] as const;

/** Adam7: where each pass begins, and its steps, from left and from above. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Decodes a PNG file of 1 to 16 bits, with or without palette, transparency and
 * interlacing. Of an animated one it is the picture that stands still; what
 * follows the end of the picture is not looked at.
 *
 * @param bytes The whole file.
 * @returns Red, green, blue and alpha, in the file's own depth.
 * @throws {FormatError} If it is no PNG file, is truncated or corrupt, or has a
 * side of more than {@linkcode MAX_SIDE} pixels: then before it is decoded.
 */
export function decodePng(bytes: Uint8Array<ArrayBuffer>): Picture {
  const { header, data, end } = readChunks(bytes);
  const { width, height, depth, colour } = header;
  checkLength(header, data);
  try {
    const { data: values } = PNG.sync.read(
      Buffer.from(bytes.buffer, bytes.byteOffset, end),
      { skipRescale: true, checkCRC: false },
    );
    const white = colour === PALETTE ? 255 : 2 ** depth - 1;
    return { width, height, channels: 4, black: 0, white, values };
  } catch (error) {
    throw new FormatError(
      `it is a corrupt PNG picture (${(error as Error).message})`,
      { cause: error },
    );
  }
}

/** Goes through the chunks, with their checksums, before any of them is used. */
function readChunks(bytes: Uint8Array<ArrayBuffer>): {
  header: Header;
  data: Uint8Array[];
  end: number;
} {
  const kind = kindOf(bytes);
  if (kind !== "png") {
    throw new FormatError(
      kind === undefined ? "it is empty" : `it is ${describeKind(kind)}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const data: Uint8Array[] = [];
  let header: Header | undefined;
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (end > bytes.length) break;
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new FormatError(
        "it is a corrupt PNG picture (a checksum is wrong)",
      );
    }
    if (!header) {
      if (type !== "IHDR" || end - at !== 25) break;
      header = readHeader(view, at + 8);
    }
    if (type === "IDAT") data.push(bytes.subarray(at + 8, end - 4));
    if (type === "IEND" && data.length > 0) return { header, data, end };
    at = end;
  }
  throw new FormatError("it is a truncated PNG picture");
}

function readHeader(view: DataView, at: number): Header {
  const [width, height] = [view.getUint32(at), view.getUint32(at + 4)];
  const depth = view.getUint8(at + 8), colour = view.getUint8(at + 9);
  if (![width, height].every((side) => side >= 1 && side <= MAX_SIDE)) {
    throw new FormatError(
      `it is ${width}×${height} pixels, and sides may have 1 to ${MAX_SIDE}`,
    );
  }
  if (!COLOURS[colour]?.[1].includes(depth)) {
    throw new FormatError(
      `it is a corrupt PNG picture (there is no colour type ${colour} of ` +
        `${depth} bits)`,
    );
  }
  const isInterlaced = view.getUint8(at + 12) === 1;
  return { width, height, depth, colour, isInterlaced };
}

/**
 * Refuses data of another length than the picture's: pngjs takes what is missing
 * as black, and inflates what is interlaced to any length.
 */
function checkLength(header: Header, data: readonly Uint8Array[]): void {
  const { width, height, depth, colour, isInterlaced } = header;
  const bits = depth * COLOURS[colour][0];
  let expected = 0;
  for (const [left, top, right, down] of isInterlaced ? PASSES : [WHOLE]) {
    const columns = Math.ceil(Math.max(0, width - left) / right);
    const rows = Math.ceil(Math.max(0, height - top) / down);
    if (columns > 0) expected += rows * (1 + Math.ceil(columns * bits / 8));
  }
  let reason: string | undefined;
  try {
    const { length } = inflateSync(
      data.length === 1 ? data[0] : Buffer.concat(data),
      { maxOutputLength: expected, chunkSize: Math.max(64, expected) },
    );
    if (length < expected) {
      reason = `it holds less than ${width}×${height} pixels`;
    }
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    reason = code === "ERR_BUFFER_TOO_LARGE"
      ? `it holds more than ${width}×${height} pixels`
      : message;
  }
  if (reason === undefined) return;
  throw new FormatError(`it is a corrupt PNG picture (${reason})`);
}
