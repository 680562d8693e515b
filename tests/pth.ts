/** Writes `.pth` files, good and bad, piece by piece. */
import { crc32 } from "node:zlib";

type Part = number | string | Uint8Array;

/** Bytes, and texts as UTF-8, one after the other. */
export function bytesOf(...parts: Part[]): Uint8Array<ArrayBuffer> {
  const pieces = parts.map((part) =>
    typeof part === "number"
      ? Uint8Array.of(part)
      : typeof part === "string"
      ? new TextEncoder().encode(part)
      : part
  );
  const all = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A number of `size` bytes, little-endian. */
export function le(size: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes.subarray(0, size);
}

/** An entry of a zip file, and what its headers say if not the truth. */
export interface ZipEntry {
  name: string;
  content: Uint8Array;
  method?: number;
  crc?: number;
  size?: number;
  begin?: number;
}

/** A zip file of stored entries, without zip64 records. */
export function zip(entries: readonly ZipEntry[]): Uint8Array<ArrayBuffer> {
  let body = new Uint8Array();
  let directory = new Uint8Array();
  for (const { name, content, method = 0, crc, size, begin } of entries) {
    const common = bytesOf(
      ...[0, method, 0, 0].map((n) => le(2, n)),
      le(4, crc ?? crc32(content)),
      le(4, size ?? content.length),
      le(4, size ?? content.length),
      le(2, name.length),
      le(2, 0),
    );
    directory = bytesOf(
      directory,
      "PK\x01\x02",
      le(2, 20),
      le(2, 20),
      common,
      new Uint8Array(10),
      le(4, begin ?? body.length),
      name,
    );
    body = bytesOf(body, "PK\x03\x04", le(2, 20), common, name, content);
  }
  return bytesOf(
    body,
    directory,
    "PK\x05\x06",
    le(4, 0),
    le(2, entries.length),
    le(2, entries.length),
    le(4, directory.length),
    le(4, body.length),
    le(2, 0),
  );
}

/** The file of a pickle and its storages. */
export function pth(
  pickle: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array<ArrayBuffer> {
  return zip([
    { name: "archive/data.pkl", content: pickle },
    ...Object.entries(storages).map(([key, content]) => ({
      name: `archive/data/${key}`,
      content,
    })),
    { name: "archive/version", content: bytesOf("3\n") },
  ]);
}

/** A pickle of protocol 2. */
export const pickle = (...value: Part[]) => bytesOf(0x80, 2, ...value, ".");

export const text = (s: string) =>
  bytesOf("X", le(4, new TextEncoder().encode(s).length), s);

/** A whole number: LONG1, with room for any sign. */
export function int(n: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(n), true);
  return bytesOf(0x8a, 8, bytes);
}

export const tuple = (...items: Part[]) => bytesOf("(", ...items, "t");

export const name = (module: string, name: string) =>
  bytesOf("c", module, "\n", name, "\n");

export const dict = (entries: readonly (readonly [string, Part])[]) =>
  bytesOf("}(", ...entries.flatMap(([k, v]) => [text(k), v]), "u");

/** A view of a storage, as a pickle describes it. */
export interface View {
  key?: string;
  type?: string;
  length: number;
  offset?: number;
  shape: readonly number[];
  strides?: readonly number[];
}

export function tensor(
  { key = "0", type = "FloatStorage", length, offset = 0, ...view }: View,
): Uint8Array {
  const { shape, strides = rowMajor(shape) } = view;
  return bytesOf(
    name("torch._utils", "_rebuild_tensor_v2"),
    tuple(
      tuple(
        text("storage"),
        name("torch", type),
        text(key),
        text("cpu"),
        int(length),
      ),
      "Q",
      int(offset),
      tuple(...shape.map(int)),
      tuple(...strides.map(int)),
      0x89, // False
      name("collections", "OrderedDict"),
      ")R",
    ),
    "R",
  );
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
}

/** Tensors of floats or whole numbers. */
type Tensors = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: ArrayBufferView }
>;

/** The file of a state dict of floats. */
export function stateDict(tensors: Tensors): Uint8Array<ArrayBuffer> {
  const { value, storages } = stateDictPart(tensors);
  return pth(pickle(value), storages);
}

/** A state dict in a pickle, and its storages, whose keys begin with `prefix`. */
export function stateDictPart(
  tensors: Tensors,
  prefix = "",
): { value: Uint8Array; storages: Record<string, Uint8Array> } {
  const storages: Record<string, Uint8Array> = {};
  const entries = [...tensors].map(([name, { shape, data }], i) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const isLong = data instanceof BigInt64Array;
    const key = `${prefix}${i}`;
    storages[key] = bytes;
    return [
      name,
      tensor({
        key,
        type: isLong ? "LongStorage" : "FloatStorage",
        length: bytes.length / (isLong ? 8 : 4),
        shape,
      }),
    ] as const;
  });
  return { value: dict(entries), storages };
}

/**
 * A file as `torch.save` wrote it before PyTorch 1.6: pickles of a magic number, the
 * protocol, the system, the object and the storages' keys, then the storages.
 */
export function legacyPth(
  value: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>>,
): Uint8Array<ArrayBuffer> {
  const magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  const keys = Object.keys(storages);
  return bytesOf(
    pickle(0x8a, 10, Uint8Array.from(magic, (c) => c.charCodeAt(0))),
    pickle(int(1001)),
    pickle(dict([["little_endian", 0x88]])),
    pickle(value),
    pickle("](", ...keys.map(text), "e"),
    ...keys.flatMap((key) => [le(8, storages[key].length / 4), storages[key]]),
  );
}
