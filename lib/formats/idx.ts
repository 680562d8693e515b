/**
 * The IDX format of the MNIST files, for unsigned bytes: two zero bytes, the
 * element type, the rank, one big-endian 32-bit size per dimension, the data.
 *
 * @module
 */
import { constants, gunzipSync } from "node:zlib";
import { describeKind, kindOf } from "../files/kind.ts";
import { FormatError } from "./error.ts";

/** The content of an IDX file of unsigned bytes. */
export interface Idx {
  /** Size of each dimension, outermost first. */
  readonly shape: readonly number[];
  /** The elements, row-major. */
  readonly data: Uint8Array<ArrayBuffer>;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file of unsigned bytes.
 *
 * @param bytes The whole file, decompressed.
 * @returns Its shape and data; the data is a view of `bytes`, not a copy.
 * @throws {FormatError} If it is another kind of file, is truncated, or goes on
 * after its data.
 */
export function parseIdx(bytes: Uint8Array<ArrayBuffer>): Idx {
  const { shape, offset, length } = parseHeader(bytes);
  const file = `an IDX file of ${
    shape.join("×")
  } bytes is ${length} bytes long`;
  if (bytes.length < length) {
    throw new FormatError(
      `truncated: ${file}, but this one is ${bytes.length}`,
    );
  }
  if (bytes.length > length) {
    throw new FormatError(
      `trailing bytes: ${file}, but this one is ${bytes.length}`,
    );
  }
  return { shape, data: bytes.subarray(offset) };
}

/** Reads the header alone, which says where the data starts and the file ends. */
function parseHeader(
  bytes: Uint8Array,
): { shape: number[]; offset: number; length: number } {
  const [zero0, zero1, type, rank] = bytes;
  if (bytes.length < 4 || zero0 !== 0 || zero1 !== 0) {
    throw new FormatError(`not an IDX file: it ${describeStart(bytes)}`);
  }
  if (type !== UNSIGNED_BYTE) {
    throw new FormatError(
      `the IDX element type 0x${
        hex(type)
      } is not supported, only 0x08 (unsigned bytes)`,
    );
  }
  if (rank < 1 || rank > 4) {
    throw new FormatError(`the IDX rank ${rank} is not supported, only 1 to 4`);
  }
  const offset = 4 + 4 * rank;
  if (bytes.length < offset) {
    throw new FormatError(`truncated: the IDX header needs ${offset} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from(
    { length: rank },
    (_, axis) => view.getUint32(4 + 4 * axis),
  );
  // Four 32-bit sizes may multiply to 2^128: inexact here, but never small.
  const length = offset + shape.reduce((product, size) => product * size, 1);
  if (length > 2 ** 32) {
    throw new FormatError(
      `the IDX shape ${shape.join("×")} is larger than 4 GiB`,
    );
  }
  return { shape, offset, length };
}

/** Says how a file begins that is not what it should be. */
function describeStart(bytes: Uint8Array): string {
  const kind = kindOf(bytes);
  if (kind === undefined) return "is empty";
  if (kind !== "binary") return `is ${describeKind(kind)}`;
  return `begins with the bytes ${
    [...bytes.subarray(0, 4)].map(hex).join(" ")
  }`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/**
 * Makes an IDX file of unsigned bytes.
 *
 * @param idx The shape, of 1 to 4 dimensions, and the data.
 * @returns The whole file.
 * @throws {FormatError} If the data is not as long as the shape says.
 */
export function writeIdx({ shape, data }: Idx): Uint8Array<ArrayBuffer> {
  const offset = 4 + 4 * shape.length;
  const bytes = new Uint8Array(offset + data.length);
  bytes.set([0, 0, UNSIGNED_BYTE, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  bytes.set(data, offset);
  parseIdx(bytes);
  return bytes;
}

/**
 * Decompresses an IDX file where it is compressed with gzip. The header inside
 * says how long the result must be, and no more than that is ever allocated.
 *
 * @param bytes The file, with or without gzip.
 * @param expected The shape it must have, where that is known.
 * @returns The file without gzip.
 * @throws {FormatError} If it is no IDX file, has another shape, or its gzip data is
 * truncated, corrupt, or larger than the IDX header in it says.
 */
export function gunzipIdx(
  bytes: Uint8Array<ArrayBuffer>,
  expected?: readonly number[],
): Uint8Array<ArrayBuffer> {
  const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  // A kilobyte of deflate data holds at most a megabyte, and surely a header.
  const head = compressed
    ? inflate(bytes.subarray(0, 1024), {
      finishFlush: constants.Z_SYNC_FLUSH,
    })
    : bytes;
  if (compressed && head.length === 0) {
    throw new FormatError("truncated gzip data");
  }
  const { shape, length } = parseHeader(head);
  const sizes = shape.join("×");
  if (expected && sizes !== expected.join("×")) {
    throw new FormatError(`the shape is ${sizes}, not ${expected.join("×")}`);
  }
  if (!compressed) return bytes;
  // Deflate shrinks to no less than 1/1032, so a larger claim is a lie.
  if (length > 1032 * bytes.length) {
    throw new FormatError(
      `truncated: ${bytes.length} bytes of gzip data cannot hold ${sizes} bytes`,
    );
  }
  // One chunk of the final size spares zlib a second copy to join its chunks.
  const chunkSize = Math.max(64, length);
  return inflate(bytes, { chunkSize, maxOutputLength: length });
}

function inflate(
  bytes: Uint8Array,
  options: Parameters<typeof gunzipSync>[1],
): Uint8Array<ArrayBuffer> {
  try {
    const { buffer, byteOffset, length } = gunzipSync(bytes, options);
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
  } catch (error) {
    const reason = {
      ERR_BUFFER_TOO_LARGE:
        `the gzip data holds more than the ${options?.maxOutputLength} bytes its IDX header names`,
      Z_BUF_ERROR: "truncated gzip data",
    }[(error as { code: string }).code];
    throw new FormatError(
      reason ?? `corrupt gzip data (${(error as Error).message})`,
      { cause: error },
    );
  }
}
