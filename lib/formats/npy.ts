/**
 * NumPy's `.npy` files: a magic word, a version, a header that is a Python
 * dictionary, and the elements of one array.
 *
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
 *
 * @module
 */
import { FormatError } from "./error.ts";
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

/** Typed arrays are little-endian wherever Deno runs. */
function descrOf(data: NpyData): string {
  if (data instanceof Uint8Array) return "|u1";
  if (data instanceof Int32Array) return "<i4";
  return data instanceof Float32Array ? "<f4" : "<f8";
}
