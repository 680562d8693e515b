/**
 * Arrays as files have them: a type, a shape, an order, and where the bytes of
 * the elements lie. They are read by rows, when they are asked for.
 *
 * @module
 */
import type { ByteSource } from "../files/byte_source.ts";
import { FormatError } from "./error.ts";
import { product } from "./storage.ts";

/** What the elements of an array are. */
export interface Dtype {
  /** NumPy's name, as `float32`; of texts, `text`. */
  readonly name: string;
  /** Bytes of an element. */
  readonly size: number;
  /** Reads the number at a byte. */
  readonly number?: (view: DataView, at: number) => number;
  /** The typed array of such numbers, if there is one in their byte order. */
  readonly Native?: Native;
  /** Reads the text in an element's bytes. */
  readonly text?: (bytes: Uint8Array) => string;
}

/** What a file says of the array in it. */
export interface ArrayHeader {
  readonly dtype: Dtype;
  /** The size along each axis, outermost first. */
  readonly shape: readonly number[];
  /** Whether the first axis runs fastest, as in Fortran. */
  readonly isFortran: boolean;
  /** Where the elements begin. */
  readonly offset: number;
}

/** The most bytes of an array that must be in memory whole. */
export const MAX_BYTES = 2 ** 30;

/** Makes the readers of numbers, by NumPy's names. */
const READERS: Readonly<
  Record<string, (isLittle: boolean) => NonNullable<Dtype["number"]>>
> = {
  bool: () => (view, at) => view.getUint8(at) === 0 ? 0 : 1,
  int8: () => (view, at) => view.getInt8(at),
  uint8: () => (view, at) => view.getUint8(at),
  int16: (little) => (view, at) => view.getInt16(at, little),
  uint16: (little) => (view, at) => view.getUint16(at, little),
  int32: (little) => (view, at) => view.getInt32(at, little),
  uint32: (little) => (view, at) => view.getUint32(at, little),
  int64: (little) => (view, at) => Number(view.getBigInt64(at, little)),
  uint64: (little) => (view, at) => Number(view.getBigUint64(at, little)),
  float16: (little) => (view, at) => view.getFloat16(at, little),
  float32: (little) => (view, at) => view.getFloat32(at, little),
  float64: (little) => (view, at) => view.getFloat64(at, little),
};

/** Typed arrays, which are little-endian wherever Deno runs. */
const NATIVE = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
};

type Native = typeof NATIVE[keyof typeof NATIVE];

/** Elements of some rows. */
export type Values = InstanceType<Native>;

/** Returns a type of numbers by NumPy's name, if there is one. */
export function numberType(name: string, isLittle: boolean): Dtype | undefined {
  const reader = READERS[name];
  if (!reader) return;
  const size = name === "bool" ? 1 : Number(name.match(/\d+$/)![0]) / 8;
  const isNative = name in NATIVE && (isLittle || size === 1);
  return {
    name,
    size,
    number: reader(isLittle),
    ...(isNative && { Native: NATIVE[name as keyof typeof NATIVE] }),
  };
}

/** Bytes that are read at a time, unless a row has more. */
const BLOCK = 2 ** 20;

/** Bytes of an array that stays in memory once a row of it has been asked for. */
const KEPT = 2 ** 27;

/** Rows that are put in order at a time. */
const FEW = 64;

/** An array that lies in a file. Rows are read when they are asked for. */
export class StoredArray {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The size along the first axis. */
  readonly rowCount: number;
  /** How many elements a row has. */
  readonly rowSize: number;
  readonly #source: ByteSource;
  readonly #header: ArrayHeader;
  readonly #rowBytes: number;
  /** All rows, if the array is small or their elements lie apart. */
  #all?: Uint8Array;

  /**
   * Makes an array of what a file says of it.
   *
   * @param source The whole file. Nothing is read yet.
   * @throws {FormatError} If the file is not as long as the header says.
   */
  constructor(source: ByteSource, header: ArrayHeader) {
    checkLength(header, source.length);
    this.#source = source;
    this.#header = header;
    this.dtype = header.dtype;
    this.shape = header.shape;
    this.rowCount = header.shape[0] ?? 1;
    this.rowSize = product(header.shape.slice(1));
    this.#rowBytes = this.rowSize * header.dtype.size;
  }

  /**
   * Reads a row of numbers: of all, in any order.
   *
   * @returns Its elements, row-major whatever the file's order is. Maybe a view.
   */
  row(index: number): Values {
    const length = this.#rowBytes * this.rowCount;
    if (length <= KEPT && !this.#header.isFortran) {
      this.#all ??= this.#source.read(this.#header.offset, length);
    }
    return decode(this.dtype, this.#bytes(index, 1));
  }

  /** Reads all rows of numbers, one after the other. */
  *rows(): Generator<Values> {
    for (const [bytes, count] of this.#blocks()) {
      const values = decode(this.dtype, bytes);
      for (let i = 0; i < count; i++) {
        yield values.subarray(i * this.rowSize, (i + 1) * this.rowSize);
      }
    }
  }

  /**
   * Reads all numbers in the order that the file has them in, which needs no more
   * memory than a part; `rowOf` tells of which row a part's elements are.
   */
  *parts(): Generator<{ values: Values; rowOf: (at: number) => number }> {
    const { offset, isFortran } = this.#header;
    const { size } = this.dtype;
    const total = this.rowCount * this.rowSize;
    const perPart = BLOCK / size;
    for (let first = 0; first < total; first += perPart) {
      const count = Math.min(perPart, total - first);
      const bytes = this.#source.read(offset + first * size, count * size);
      yield {
        values: decode(this.dtype, bytes),
        rowOf: (at) =>
          isFortran
            ? (first + at) % this.rowCount
            : Math.floor((first + at) / this.rowSize),
      };
    }
  }

  /** Reads all texts, of which each row has one. */
  *texts(): Generator<string> {
    const { text, size } = this.dtype;
    for (const [bytes, count] of this.#blocks()) {
      for (let i = 0; i < count; i++) {
        yield text!(bytes.subarray(size * i, size * (i + 1)));
      }
    }
  }

  /** Says what it is: `float32, 60000×28×28`. */
  describe(): string {
    return `${this.dtype.name}, ${this.shape.join("×") || "a single value"}`;
  }

  *#blocks(): Generator<[bytes: Uint8Array, rows: number]> {
    const perBlock = Math.max(1, Math.floor(BLOCK / this.#rowBytes));
    for (let first = 0; first < this.rowCount; first += perBlock) {
      const count = Math.min(perBlock, this.rowCount - first);
      yield [this.#bytes(first, count), count];
    }
  }

  /** Reads the bytes of some rows, row-major. */
  #bytes(first: number, count: number): Uint8Array {
    const { offset } = this.#header;
    const [begin, length] = [first * this.#rowBytes, count * this.#rowBytes];
    // One axis alone is the same in both orders.
    if (this.#header.isFortran && this.shape.length > 1) {
      this.#all ??= this.#sort();
    }
    return this.#all?.subarray(begin, begin + length) ??
      this.#source.read(offset + begin, length);
  }

  /** Puts all elements, which are in Fortran order, row by row. */
  #sort(): Uint8Array {
    const length = this.#rowBytes * this.rowCount;
    if (length > MAX_BYTES) {
      throw new FormatError(
        `${length} bytes in Fortran order are more than the ${MAX_BYTES} that ` +
          "fit: save the array in C order, as numpy.ascontiguousarray() makes it",
      );
    }
    const bytes = this.#source.read(this.#header.offset, length);
    const sorted = new Uint8Array(length);
    // By blocks of rows, which the processor's cache holds.
    for (let first = 0; first < this.rowCount; first += FEW) {
      const count = Math.min(FEW, this.rowCount - first);
      sortRows(bytes, sorted, this.shape, this.dtype.size, first, count);
    }
    return sorted;
  }
}

/** Puts some rows, whose elements lie apart in Fortran order, where they belong. */
function sortRows(
  bytes: Uint8Array,
  sorted: Uint8Array,
  shape: readonly number[],
  size: number,
  first: number,
  count: number,
): void {
  const [rows, ...axes] = shape;
  const rowSize = product(axes);
  const at = axes.map(() => 0);
  for (let i = 0; i < rowSize; i++) {
    // Where the element of row 0 is: the last axis runs slowest.
    let element = 0;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      element = element * axes[axis] + at[axis];
    }
    for (let row = first; row < first + count; row++) {
      const from = (row + rows * element) * size;
      const to = (row * rowSize + i) * size;
      for (let byte = 0; byte < size; byte++) {
        sorted[to + byte] = bytes[from + byte];
      }
    }
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      if (++at[axis] < axes[axis]) break;
      at[axis] = 0;
    }
  }
}

function decode({ size, number, Native }: Dtype, bytes: Uint8Array): Values {
  const count = bytes.length / size;
  if (Native) {
    const { buffer, byteOffset } = bytes.byteOffset % size === 0
      ? bytes
      : bytes.slice();
    return new Native(buffer as ArrayBuffer, byteOffset, count);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = number!(view, size * i);
  return values;
}

/** Returns the bytes of a file with this array alone. */
export function fileLength({ dtype, shape, offset }: ArrayHeader): number {
  // Sizes may multiply to more than 2^53: inexact here, but never small.
  return offset + product(shape) * dtype.size;
}

function checkLength(header: ArrayHeader, found: number): void {
  const length = fileLength(header);
  if (found === length) return;
  const { dtype, shape } = header;
  throw new FormatError(
    `${found < length ? "truncated" : "trailing bytes"}: a file of ${
      shape.join("×")
    } ${dtype.name} is ${length} bytes long, but this one is ${found}`,
  );
}
