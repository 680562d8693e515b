/**
 * What is in a PNG file, before it is made a picture.
 *
 * Source: Portable Network Graphics, ISO/IEC 15948, https://www.w3.org/TR/png/.
 *
 * @module
 */
import { crc32, inflateSync } from "node:zlib";
import { describeKind, kindOf } from "../files/kind.ts";
import { FormatError } from "../formats/error.ts";
import { show } from "../text.ts";
import { MAX_SIDE } from "./picture_sets.ts";

/** What the header chunk says. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  /** 0: grey, 2: RGB, 3: palette, 4: grey and alpha, 6: RGBA. */
  readonly colour: number;
  /** Samples of a pixel; of a palette that is one, its number there. */
  readonly samples: 1 | 2 | 3 | 4;
  readonly isInterlaced: boolean;
}

/** The chunks that make a picture. */
export interface PngChunks {
  readonly header: PngHeader;
  /** Red, green and blue of each colour. */
  readonly palette?: Uint8Array;
  /** The colours' alpha, or the one colour that is transparent. */
  readonly transparency?: Uint8Array;
  /** The rows of each pass, each behind the number of its filter. */
  readonly rows: Uint8Array;
}

/** The samples of a pixel, and how deep they may be, by colour type. */
const COLOURS: Readonly<
  Record<number, readonly [PngHeader["samples"], readonly number[]]>
> = {
  0: [1, [1, 2, 4, 8, 16]],
  2: [3, [8, 16]],
  3: [1, [1, 2, 4, 8]],
  4: [2, [8, 16]],
  6: [4, [8, 16]],
};

/** The pixels that a pass has: where they begin, and every how many. */
export interface Pass {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly down: number;
  readonly columns: number;
  readonly rows: number;
}

/** Adam7: left, top, and the steps to the right and down, of each pass. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** Makes the error of a file that is not as its format wants it. */
export function corrupt(reason: string): FormatError {
  return new FormatError(`it is a corrupt PNG picture (${reason})`);
}

/**
 * Reads the chunks, checks them and inflates the picture: no more of it than the
 * header says, and nothing where a side is of more than {@linkcode MAX_SIDE}
 * pixels.
 *
 * @param bytes The whole file; what follows its end is not looked at. The parts
 * of the deflated picture are moved together in it: it may be large.
 * @throws {FormatError} If it is no PNG file, too large, truncated or corrupt.
 */
export function readPng(bytes: Uint8Array<ArrayBuffer>): PngChunks {
  const kind = kindOf(bytes);
  if (kind !== "png") {
    throw new FormatError(
      kind === undefined ? "it is empty" : `it is ${describeKind(kind)}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const deflated = { begin: 0, end: 0 };
  const found: { palette?: Uint8Array; transparency?: Uint8Array } = {};
  let header: PngHeader | undefined;
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw corrupt(
        `the checksum of its chunk ${show(type)} is wrong`,
      );
    }
    const content = bytes.subarray(at + 8, end - 4);
    if (header) readChunk(type, content, at + 8);
    else if (type === "IHDR" && content.length === 13) {
      header = readHeader(view, at + 8);
    } else throw corrupt("it does not begin with its header");
    if (type === "IEND") {
      return {
        header,
        ...found,
        rows: inflate(header, bytes.subarray(deflated.begin, deflated.end)),
      };
    }
    at = end;
  }
  throw new FormatError("it is a truncated PNG picture");

  function readChunk(type: string, content: Uint8Array, begin: number): void {
    const isLate = deflated.end > 0 && (type === "PLTE" || type === "tRNS");
    if (isLate) {
      throw corrupt(`its chunk ${show(type)} comes after the picture`);
    }
    if (type === "IDAT") {
      if (deflated.end === 0) deflated.begin = deflated.end = begin;
      bytes.copyWithin(deflated.end, begin, begin + content.length);
      deflated.end += content.length;
    } else if (type === "PLTE") found.palette = content;
    else if (type === "tRNS") found.transparency = content;
    else if (type === "IHDR") throw corrupt("it has two headers");
    // A capital first says that a picture cannot be had without it (5.4).
    else if (/^[A-Z]/.test(type) && type !== "IEND") {
      throw corrupt(`its chunk ${show(type)} must be known, and is not`);
    }
  }
}

function readHeader(view: DataView, at: number): PngHeader {
  const [width, height] = [view.getUint32(at), view.getUint32(at + 4)];
  const [depth, colour, compression, filter, interlace] = Array.from(
    { length: 5 },
    (_, i) => view.getUint8(at + 8 + i),
  );
  if (![width, height].every((side) => side >= 1 && side <= MAX_SIDE)) {
    throw new FormatError(
      `it is ${width}×${height} pixels, and sides may have 1 to ${MAX_SIDE}`,
    );
  }
  const [samples, depths] = COLOURS[colour] ?? [1, []];
  if (!depths.includes(depth)) {
    throw corrupt(`there is no colour type ${colour} of ${depth} bits`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw corrupt(
      "its compression, filter or interlacing is of no known method",
    );
  }
  return {
    ...{ width, height, depth, colour, samples },
    isInterlaced: interlace === 1,
  };
}

/** Returns the passes that a picture's pixels come in; without pixels, none. */
export function passesOf({ width, height, isInterlaced }: PngHeader): Pass[] {
  return (isInterlaced ? ADAM7 : [[0, 0, 1, 1]])
    .map(([left, top, right, down]) => ({
      ...{ left, top, right, down },
      columns: Math.ceil(Math.max(0, width - left) / right),
      rows: Math.ceil(Math.max(0, height - top) / down),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Returns the bytes of a row, without that of its filter. */
export function rowBytes(
  { depth, samples }: PngHeader,
  { columns }: Pass,
): number {
  return Math.ceil(columns * samples * depth / 8);
}

/** Inflates the rows, which must be as many as the picture has. */
function inflate(header: PngHeader, deflated: Uint8Array): Uint8Array {
  const length = passesOf(header).reduce(
    (sum, pass) => sum + pass.rows * (1 + rowBytes(header, pass)),
    0,
  );
  const wrong = (how: string) =>
    corrupt(`it holds ${how} than ${header.width}×${header.height} pixels`);
  // Deflate shrinks to no less than 1/1032.
  if (length > 1032 * deflated.length) throw wrong("less");
  let rows: Uint8Array;
  try {
    rows = inflateSync(deflated, {
      maxOutputLength: length,
      chunkSize: Math.max(64, length),
    });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code === "ERR_BUFFER_TOO_LARGE") throw wrong("more");
    throw corrupt(message);
  }
  if (rows.length < length) throw wrong("less");
  return rows;
}
