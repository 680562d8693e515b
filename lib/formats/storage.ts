/**
 * PyTorch's storages: elements of one type in a row, and strided views of them.
 *
 * @module
 */
/** Elements of the types that tensors have here. */
export type Read =
  | { readonly dtype: "F32"; readonly data: Float32Array }
  | { readonly dtype: "I64"; readonly data: BigInt64Array }
  | { readonly dtype: "U8"; readonly data: Uint8Array };

/** How the elements of a storage are read. */
export interface ElementType {
  /** Bytes of one element. */
  readonly size: number;
  /** Reads the elements at these positions. */
  readonly read: (
    view: DataView,
    positions: Float64Array,
  ) => Read;
}

const float = (
  size: number,
  read: (view: DataView, at: number) => number,
): ElementType => ({
  size,
  read: (view, positions) => ({
    dtype: "F32",
    data: Float32Array.from(positions, (i) => read(view, size * i)),
  }),
});

/**
 * The element types by the names of their storages, which are little-endian.
 */
export const elementTypes: Readonly<Record<string, ElementType>> = {
  FloatStorage: float(4, (view, at) => view.getFloat32(at, true)),
  DoubleStorage: float(8, (view, at) => view.getFloat64(at, true)),
  HalfStorage: float(2, (view, at) => view.getFloat16(at, true)),
  BFloat16Storage: float(2, (view, at) => bfloat16(view.getUint16(at, true))),
  LongStorage: {
    size: 8,
    read: (view, positions) => ({
      dtype: "I64",
      data: BigInt64Array.from(
        positions,
        (i: number) => view.getBigInt64(8 * i, true),
      ),
    }),
  },
  ByteStorage: {
    size: 1,
    read: (view, positions) => ({
      dtype: "U8",
      data: Uint8Array.from(positions, (i) => view.getUint8(i)),
    }),
  },
};

/** Bytes of one element of the storages whose elements no weights are. */
export const otherSizes: Readonly<Record<string, number>> = {
  IntStorage: 4,
  ShortStorage: 2,
  CharStorage: 1,
  BoolStorage: 1,
  ComplexFloatStorage: 8,
  ComplexDoubleStorage: 16,
};

/** Lists where the elements of a view lie in its storage, row by row. */
export function positions(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): Float64Array {
  const all = new Float64Array(product(shape));
  if (all.length === 0) return all;
  all[0] = offset;
  let block = 1; // positions of the axes so far; each axis repeats them, shifted
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const end = block * shape[axis];
    for (let i = block; i < end; i++) all[i] = all[i - block] + strides[axis];
    block = end;
  }
  return all;
}

/** Reads a bfloat16, which is the upper half of a float. */
function bfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

const scratch = new DataView(new ArrayBuffer(4));

/** Returns the number of elements. */
export function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
