/**
 * The IDX format of the MNIST files: two zero bytes, the element type, the rank,
 * one big-endian 32-bit size per dimension, the data, big-endian too.
 *
 * @module
 */
import { describeKind, kindOf } from "../files/kind.ts";
import { type ArrayHeader, fileLength, numberType } from "./elements.ts";
import { FormatError } from "./error.ts";
import { gunzip, gunzipStart, isGzip } from "./gzip.ts";

/** The content of an IDX file of unsigned bytes. */
export interface Idx {
  /** Size of each dimension, outermost first. */
  readonly shape: readonly number[];
  /** The elements, row-major. */
  readonly data: Uint8Array<ArrayBuffer>;
}

const UNSIGNED_BYTE = 0x08;

/** NumPy's names of the element types. */
const TYPES: Readonly<Record<number, string>> = {
  [UNSIGNED_BYTE]: "uint8",
  0x09: "int8",
  0x0b: "int16",
  0x0c: "int32",
  0x0d: "float32",
  0x0e: "float64",
};

/** Rank 4 has the longest header. */
const MAX_RANK = 4;

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

/** Reads the header of a file of unsigned bytes. */
function parseHeader(
  bytes: Uint8Array,
): Pick<ArrayHeader, "shape" | "offset"> & { readonly length: number } {
  const header = readIdxHeader(bytes);
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw new FormatError(
      `the IDX element type 0x${
        hex(bytes[2])
      } is not supported, only 0x08 (unsigned bytes)`,
    );
  }
  return { ...header, length: fileLength(header) };
}

/**
 * Reads the header alone, which says where the data starts and the file ends.
 *
 * @param start The file's first 20 bytes, or all that there are.
 * @throws {FormatError} If it is another kind of file, or claims more than 4 GiB.
 */
export function readIdxHeader(start: Uint8Array): ArrayHeader {
  const [zero0, zero1, type, rank] = start;
  if (start.length < 4 || zero0 !== 0 || zero1 !== 0) {
    throw new FormatError(`not an IDX file: it ${describeStart(start)}`);
  }
  const dtype = numberType(TYPES[type], false);
  if (!dtype) {
    throw new FormatError(`there is no IDX element type 0x${hex(type)}`);
  }
  if (rank < 1 || rank > MAX_RANK) {
    throw new FormatError(
      `the IDX rank ${rank} is not supported, only 1 to ${MAX_RANK}`,
    );
  }
  const offset = 4 + 4 * rank;
  if (start.length < offset) {
    throw new FormatError(`truncated: the IDX header needs ${offset} bytes`);
  }
  const view = new DataView(start.buffer, start.byteOffset);
  const shape = Array.from(
    { length: rank },
    (_, axis) => view.getUint32(4 + 4 * axis),
  );
  const header = { dtype, shape, isFortran: false, offset };
  if (fileLength(header) > 2 ** 32) {
    throw new FormatError(
      `the IDX shape ${shape.join("×")} is larger than 4 GiB`,
    );
  }
  return header;
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
  const isCompressed = isGzip(bytes);
  const { shape, length } = parseHeader(
    isCompressed ? gunzipStart(bytes) : bytes,
  );
  const sizes = shape.join("×");
  if (expected && sizes !== expected.join("×")) {
    throw new FormatError(`the shape is ${sizes}, not ${expected.join("×")}`);
  }
  if (!isCompressed) return bytes;
  return gunzip(bytes, length, { format: "IDX", sizes: `${sizes} bytes` });
}
