/**
 * NumPy's `.npy` files: a magic word, a version, a header that is a Python
 * dictionary, and the elements of one array.
 *
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
 *
 * @module
 */
import { type ArrayHeader, type Dtype, numberType } from "./elements.ts";
import { display, FormatError } from "./error.ts";
import { product } from "./storage.ts";

/** Elements that {@linkcode encodeNpy} writes. */
export type NpyData = Float32Array | Float64Array | Uint8Array | Int32Array;

/** What begins every file. */
const MAGIC = "\x93NUMPY";

/** Bytes before the header of version 1.0: the magic word, version and length. */
const PREFIX = MAGIC.length + 2 + 2;

/** The data begins at a multiple of so many bytes. */
const ALIGNMENT = 64;

/** Digits for which NumPy leaves room, should the first axis grow. */
const GROWTH_DIGITS = 21;

/** The longest header, as in NumPy: longer ones are not safe to evaluate. */
const MAX_HEADER = 10_000;

/** Bytes at a file's beginning that suffice for {@linkcode readNpyHeader}. */
export const NPY_START = 12 + MAX_HEADER;

/** The names of types of numbers, without their bits. */
const NUMBERS: Readonly<Record<string, string>> = {
  b: "bool",
  i: "int",
  u: "uint",
  f: "float",
};

/** What other types are, for a message. */
const OTHERS: Readonly<Record<string, string>> = {
  O: "Python objects, which are not unpickled: save numbers or texts",
  c: "complex numbers",
  m: "spans of time",
  M: "dates",
  V: "bytes without a meaning",
};

/**
 * Makes an `.npy` file of version 1.0: byte by byte what `numpy.save` writes.
 *
 * @param shape The size along each axis, outermost first.
 * @param data The elements, row-major.
 * @throws {FormatError} If the data is not as long as the shape says.
 *
 * @example
 * ```ts
 * import { encodeNpy } from "./npy.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const file = encodeNpy([2, 3], new Float32Array(6));
 * assertEquals(file.length, 128 + 2 * 3 * 4);
 * ```
 */
export function encodeNpy(
  shape: readonly number[],
  data: NpyData,
): Uint8Array<ArrayBuffer> {
  if (product(shape) !== data.length) {
    throw new FormatError(
      `${data.length} elements are no array of ${shape.join("×")}`,
    );
  }
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const room = shape.length === 0
    ? 0
    : Math.max(0, GROWTH_DIGITS - String(shape[0]).length);
  const words = `{'descr': '${descrOf(data)}', 'fortran_order': False, ` +
    `'shape': (${sizes}), }${" ".repeat(room)}`;
  const least = PREFIX + words.length + 1;
  const padding = ALIGNMENT - least % ALIGNMENT;
  const offset = least + padding;
  const header = `${MAGIC}\x01\0\0\0${words}${" ".repeat(padding)}\n`;
  const file = new Uint8Array(offset + data.byteLength);
  for (let i = 0; i < offset; i++) file[i] = header.charCodeAt(i);
  new DataView(file.buffer).setUint16(PREFIX - 2, offset - PREFIX, true);
  file.set(
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    offset,
  );
  return file;
}

/**
 * Reads the header, of version 1, 2 or 3. It is a literal of Python's and read as
 * nothing else.
 *
 * @param start The file's first {@linkcode NPY_START} bytes, or all that there are.
 * @throws {FormatError} If it is another kind of file, is malformed, or has elements
 * that are neither numbers nor texts.
 */
export function readNpyHeader(start: Uint8Array): ArrayHeader {
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  const magic = String.fromCharCode(...start.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw new FormatError("not a NumPy array");
  if (start.length < PREFIX + 2) throw new FormatError("truncated: no header");
  const [major, minor] = start.subarray(MAGIC.length);
  if (major < 1 || major > 3 || minor !== 0) {
    throw new FormatError(
      `the version ${major}.${minor} is not supported, only 1.0, 2.0 and 3.0`,
    );
  }
  const [begin, length] = major === 1
    ? [PREFIX, view.getUint16(PREFIX - 2, true)]
    : [PREFIX + 2, view.getUint32(PREFIX - 2, true)];
  if (length > MAX_HEADER) {
    throw new FormatError(
      `a header of ${length} bytes is longer than the ${MAX_HEADER} that NumPy reads`,
    );
  }
  const offset = begin + length;
  if (start.length < offset) {
    throw new FormatError(
      `truncated: the header ends at byte ${offset}, the file at ${start.length}`,
    );
  }
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1")
    .decode(start.subarray(begin, offset));
  const { descr, fortran_order, shape } = parseHeader(text);
  return {
    dtype: dtypeOf(descr),
    shape: [...shape.matchAll(/\d+/g)].map(Number),
    isFortran: fortran_order === "True",
    offset,
  };
}

/** The values that a header has, as they are written: each of one kind alone. */
const FIELDS = {
  descr: /\s*('[^'\\]*'|\[[^]*\](?=\s*,\s*'fortran_order'))/y,
  fortran_order: /\s*(True|False)/y,
  // Python 2 wrote an L behind long integers.
  shape:
    /\s*(\(\s*\)|\(\s*\d+L?\s*,\s*\)|\(\s*\d+L?(?:\s*,\s*\d+L?)+\s*,?\s*\))/y,
};

type Field = keyof typeof FIELDS;

/** Reads the dictionary: each key once, in any order. */
function parseHeader(text: string): Record<Field, string> {
  const found: Partial<Record<Field, string>> = {};
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) {
      throw new FormatError(
        `the header cannot be understood at ${
          display(text.slice(at, at + 30))
        }`,
      );
    }
    at = pattern.lastIndex;
    return match[1];
  };
  take(/\s*({)/y);
  for (let count = 0; count < 3; count++) {
    const key = take(/\s*'(descr|fortran_order|shape)'\s*:/y) as Field;
    if (key in found) throw new FormatError(`the header has ${key} twice`);
    found[key] = take(FIELDS[key]);
    take(count < 2 ? /\s*(,)/y : /\s*(,?\s*}\s*)$/y);
  }
  return found as Record<Field, string>;
}

function dtypeOf(descr: string): Dtype {
  if (descr.startsWith("[")) {
    throw new FormatError(
      "its elements are records with fields: save the field with the pictures",
    );
  }
  const [, order, kind, digits] =
    /^'([<>|])([biufSUOcmMV])(\d{0,9})(?:\[\w+\])?'$/.exec(descr) ?? [];
  const size = Number(digits);
  const what = `its elements, of type ${display(descr.slice(1, -1))}, `;
  if (kind in OTHERS) throw new FormatError(`${what}are ${OTHERS[kind]}`);
  const isLittle = order !== ">";
  if (kind === "S") return { name: "text", size, text: (b) => fromUtf8(b) };
  if (kind === "U") {
    return {
      name: "text",
      size: 4 * size,
      text: (b) => fromUtf32(b, isLittle),
    };
  }
  const name = kind === "b" && size === 1 ? "bool" : NUMBERS[kind] + 8 * size;
  const dtype = order === "|" && size > 1
    ? undefined
    : numberType(name, isLittle);
  if (!dtype) throw new FormatError(`${what}are of no kind that is known`);
  return dtype;
}

/** Reads a text that ends before the zeros which fill its element. */
function fromUtf8(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes.subarray(0, end));
  } catch (cause) {
    throw new FormatError("it has a text that is not UTF-8", { cause });
  }
}

function fromUtf32(bytes: Uint8Array, isLittle: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) {
    const code = view.getUint32(at, isLittle);
    if (code > 0x10ffff) {
      throw new FormatError("it has a text that is not Unicode");
    }
    text += String.fromCodePoint(code);
  }
  return text.replace(/\0+$/, "");
}

/** Typed arrays are little-endian wherever Deno runs. */
function descrOf(data: NpyData): string {
  if (data instanceof Uint8Array) return "|u1";
  if (data instanceof Int32Array) return "<i4";
  return data instanceof Float32Array ? "<f4" : "<f8";
}
