/**
 * The safetensors format: a 64-bit little-endian header length, a JSON header
 * of names, types, shapes and byte ranges, then the data.
 *
 * Source: https://github.com/huggingface/safetensors#format. As upstream, the
 * reader wants the ranges to cover the data exactly, without gaps or overlaps;
 * beyond it, duplicate keys are refused, which most JSON parsers let pass.
 *
 * @module
 */
import { show, showSizes } from "../text.ts";
import {
  type ElementType,
  elementTypes,
  positions,
  type Read,
} from "./storage.ts";

/** The element types that can be read and written. */
export interface Elements {
  /** 32-bit floats. */
  F32: Float32Array;
  /** Signed 64-bit integers. */
  I64: BigInt64Array;
  /** Bytes. */
  U8: Uint8Array;
}

const arrays = { F32: Float32Array, I64: BigInt64Array, U8: Uint8Array };

/** The floats of other widths, which become F32. */
const floats: Readonly<Record<string, ElementType>> = {
  F64: elementTypes.DoubleStorage,
  F16: elementTypes.HalfStorage,
  BF16: elementTypes.BFloat16Storage,
};

/** Name of an element type. */
export type DType = keyof Elements;

/** A tensor, row-major. The length of `data` is the product of `shape`. */
export type Tensor<D extends DType = DType> = {
  [K in D]: {
    readonly dtype: K;
    readonly shape: readonly number[];
    readonly data: Elements[K];
  };
}[D];

/** What a safetensors file holds. */
export interface Safetensors {
  /** The tensors by name, in the order of the header. */
  readonly tensors: Map<string, Tensor>;
  /** The free texts under `__metadata__`. */
  readonly metadata: Record<string, string>;
}

/**
 * Bytes that are not a valid safetensors file. The message says why.
 *
 * @example
 * ```ts
 * import { decodeWeights, SafetensorsError } from "@vae/mnist/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => decodeWeights(Uint8Array.of(1)), SafetensorsError, "1 bytes");
 * ```
 */
export class SafetensorsError extends Error {
  /** The class's name, which survives minification. */
  override name = "SafetensorsError";
}

/** Upstream's limit: larger headers are refused before they are parsed. */
const MAX_HEADER = 100_000_000;

/** Root, entry, shape: no valid header nests deeper. */
const MAX_DEPTH = 3;

/**
 * Reads a safetensors file. Nothing in it is trusted, and nothing is allocated
 * for a size that the file only claims to have.
 *
 * @param bytes The whole file. The tensors are views of it where alignment
 * allows, so it must not be changed while they are in use.
 * @returns The tensors and the metadata; floats of any width as F32.
 * @throws {SafetensorsError} If anything in the file is wrong.
 */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  const { entries, dataStart } = readHeader(bytes);
  const dataLength = bytes.length - dataStart;

  let metadata: Record<string, string> = {};
  const tensors = new Map<string, Tensor>();
  const ranges: Range[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    if (name === "__metadata__") {
      metadata = readMetadata(entry);
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(name, entry, dataLength);
    ranges.push({ name, begin, end });
    const own = bytes.subarray(dataStart).subarray(begin, end);
    tensors.set(name, { ...elements(dtype, own), shape } as Tensor);
  }
  checkCoverage(ranges, dataLength);
  return { tensors, metadata };
}

/**
 * Writes a safetensors file. The data lies in the order of the map, but wider
 * types first, so that every tensor is aligned to its element.
 *
 * @param tensors The tensors by name.
 * @param metadata Free texts for `__metadata__`.
 * @returns The file. The same input gives the same bytes.
 * @throws {SafetensorsError} If a tensor's data does not fill its shape, or the
 * header would be larger than readers accept.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(([, a], [, b]) =>
    b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT
  );
  let length = 0;
  const entries = sorted.map(([name, { dtype, shape, data }]) => {
    if (product(shape) !== data.length) {
      throw new SafetensorsError(
        `tensor ${show(name)} of shape ${showSizes(shape)} has ` +
          `${data.length} elements`,
      );
    }
    const begin = length;
    length += data.byteLength;
    return [name, { dtype, shape, data_offsets: [begin, length] }];
  });
  const header = new TextEncoder().encode(
    JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }),
  );
  if (header.length > MAX_HEADER - 8) {
    throw new SafetensorsError(
      `the header would have ${header.length} bytes, over the limit of ` +
        `${MAX_HEADER}`,
    );
  }
  const headerLength = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(header, 8);
  let at = 8 + headerLength;
  for (const [, { data }] of sorted) {
    bytes.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      at,
    );
    at += data.byteLength;
  }
  return bytes;
}

function readHeader(
  bytes: Uint8Array,
): { entries: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) {
    throw new SafetensorsError(
      `the file has ${bytes.length} bytes, fewer than the 8 of a header length`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset)
    .getBigUint64(0, true);
  if (length > bytes.length - 8) {
    throw new SafetensorsError(
      `a header of ${length} bytes does not fit in the file's ${bytes.length}`,
    );
  }
  if (length > MAX_HEADER) {
    throw new SafetensorsError(
      `a header of ${length} bytes is over the limit of ${MAX_HEADER}`,
    );
  }
  const dataStart = 8 + Number(length);
  const header = bytes.subarray(8, dataStart);
  if (header[0] !== 0x7b) {
    throw new SafetensorsError("the header does not begin with {");
  }
  let json: string;
  try {
    json = new TextDecoder("utf-8", { fatal: true }).decode(header);
  } catch (cause) {
    throw new SafetensorsError("the header is not UTF-8", { cause });
  }
  checkKeys(json);
  try {
    return { entries: JSON.parse(json), dataStart };
  } catch (cause) {
    throw new SafetensorsError("the header is not JSON", { cause });
  }
}

/**
 * Refuses what `JSON.parse` would let pass: duplicate keys, of which it keeps
 * the last, `__proto__`, and nesting that costs far more memory than the text.
 */
function checkKeys(json: string): void {
  const colon = /[ \t\n\r]*:/y;
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const c = json[at];
    if (c === "{" || c === "[") {
      if (open.push(new Set()) > MAX_DEPTH) {
        throw new SafetensorsError("the header nests too deep");
      }
    } else if (c === "}" || c === "]") {
      open.pop();
    } else if (c === '"') {
      const start = at++;
      while (at < json.length && json[at] !== '"') {
        at += json[at] === "\\" ? 2 : 1;
      }
      colon.lastIndex = at + 1;
      if (colon.test(json)) checkKey(json.slice(start, at + 1), open.at(-1));
    }
  }
}

function checkKey(token: string, keys = new Set<string>()): void {
  let key: string;
  try {
    key = JSON.parse(token);
  } catch (cause) {
    throw new SafetensorsError("the header is not JSON", { cause });
  }
  if (key === "__proto__" || keys.has(key)) {
    const what = keys.has(key) ? "twice" : "which no tensor may be called";
    throw new SafetensorsError(`the header has the key ${show(key)} ${what}`);
  }
  keys.add(key);
}

interface Range {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function readEntry(
  name: string,
  entry: unknown,
  dataLength: number,
): { dtype: string; shape: number[]; begin: number; end: number } {
  const refuse = (reason: string) =>
    new SafetensorsError(`tensor ${show(name)} ${reason}`);
  if (!isObject(entry)) throw refuse(`is described by ${show(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;

  const bytes = typeof dtype === "string" ? elementSize(dtype) : undefined;
  if (bytes === undefined) {
    const known = Object.keys({ ...arrays, ...floats }).join(", ");
    throw refuse(`has dtype ${show(dtype)}, which is none of ${known}`);
  }
  if (!isSizes(shape)) throw refuse(`has shape ${show(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw refuse(`has data_offsets ${show(offsets)}`);
  }
  const [begin, end] = offsets;
  if (end < begin) throw refuse(`ends before it begins: ${showSizes(offsets)}`);
  if (end > dataLength) {
    throw refuse(
      `ends at byte ${end} of the data, which has ${dataLength}: is the file ` +
        "truncated?",
    );
  }
  const size = product(shape) * bytes;
  if (size !== end - begin) {
    throw refuse(
      `of type ${dtype} and shape ${showSizes(shape)} cannot have ` +
        `${end - begin} bytes`,
    );
  }
  return { dtype: dtype as string, shape, begin, end };
}

function elementSize(dtype: string): number | undefined {
  if (Object.hasOwn(arrays, dtype)) {
    return arrays[dtype as DType].BYTES_PER_ELEMENT;
  }
  if (Object.hasOwn(floats, dtype)) return floats[dtype].size;
}

function checkCoverage(ranges: Range[], dataLength: number): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  let last = "";
  for (const { name, begin, end } of ranges) {
    if (begin < covered) {
      throw new SafetensorsError(
        `tensor ${show(name)} begins at byte ${begin} of the data and ` +
          `overlaps tensor ${show(last)}, which ends at ${covered}`,
      );
    }
    if (begin > covered) throw unclaimed(covered, begin);
    covered = end;
    last = name;
  }
  if (covered < dataLength) throw unclaimed(covered, dataLength);
}

function unclaimed(begin: number, end: number): SafetensorsError {
  return new SafetensorsError(
    `bytes ${begin} to ${end} of the data belong to no tensor`,
  );
}

function readMetadata(value: unknown): Record<string, string> {
  if (!isObject(value)) {
    throw new SafetensorsError(`__metadata__ is ${show(value)}, not an object`);
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") {
      throw new SafetensorsError(
        `__metadata__ has ${show(text)} under ${show(key)}, not a text`,
      );
    }
  }
  return value as Record<string, string>;
}

function elements(
  dtype: string,
  bytes: Uint8Array,
): Read {
  if (Object.hasOwn(floats, dtype)) {
    const { size, read } = floats[dtype];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return read(view, positions([bytes.length / size], [1], 0));
  }
  const array = arrays[dtype as DType];
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0;
  const { buffer, byteOffset, byteLength } = aligned ? bytes : bytes.slice();
  const data = new array(
    buffer as ArrayBuffer,
    byteOffset,
    byteLength / array.BYTES_PER_ELEMENT,
  );
  return { dtype, data } as Read;
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) &&
    value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
