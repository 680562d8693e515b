/**
 * Opens files of arrays: `.npy`, `.npz` and IDX, of which the first and the last
 * may be compressed with gzip. The content decides, not the name.
 *
 * @module
 */
import { type ByteSource, memorySource } from "../files/byte_source.ts";
import { describeKind, kindOf } from "../files/kind.ts";
import {
  type ArrayHeader,
  fileLength,
  MAX_BYTES,
  StoredArray,
} from "./elements.ts";
import { FormatError } from "./error.ts";
import { gunzip, gunzipStart, isGzip } from "./gzip.ts";
import { readIdxHeader } from "./idx.ts";
import { NPY_START, readNpyHeader } from "./npy.ts";
import { openZip } from "./zip.ts";

/** What a file holds. */
export interface ArrayFile {
  readonly format: "NumPy" | "npz" | "IDX";
  /** Whether the whole file is gzip data. */
  readonly isGzip: boolean;
  /** Its arrays by name, which in all but `npz` is empty. */
  readonly arrays: ReadonlyMap<string, StoredArray>;
  /** Why others, or files beside them, cannot be read, by name. */
  readonly others: ReadonlyMap<string, string>;
}

/**
 * Opens a file of arrays, and reads what it says of them. An array is read, and
 * decompressed, when its rows are asked for.
 *
 * @throws {FormatError} If the file is of another kind, truncated or malformed.
 */
export function openArrays(source: ByteSource): ArrayFile {
  const start = source.read(0, Math.min(NPY_START, source.length));
  if (isGzip(start)) return openGzip(source, start);
  const header = readHeader(start);
  if (header) {
    const array = new StoredArray(source, header);
    return {
      format: header.format,
      isGzip: false,
      arrays: new Map([["", array]]),
      others: new Map(),
    };
  }
  const kind = kindOf(start);
  if (kind === "zip") return openNpz(source);
  throw new FormatError(
    kind ? `it is ${describeKind(kind)}` : "it is empty",
  );
}

/** Reads the header of a file of one array, if it is one. */
function readHeader(
  start: Uint8Array,
): (ArrayHeader & { readonly format: "NumPy" | "IDX" }) | undefined {
  switch (kindOf(start)) {
    case "npy":
      return { ...readNpyHeader(start), format: "NumPy" };
    case "idx":
      return { ...readIdxHeader(start), format: "IDX" };
  }
}

function openGzip(source: ByteSource, packedStart: Uint8Array): ArrayFile {
  const start = gunzipStart(packedStart);
  const header = readHeader(start);
  if (!header) {
    throw new FormatError(
      `it is gzip data that holds ${
        describeKind(kindOf(start)!)
      }: decompress it first`,
    );
  }
  const { format, shape, dtype } = header;
  const length = fileLength(header);
  const open = () => {
    if (length > MAX_BYTES) {
      throw new FormatError(
        `its gzip data holds ${length} bytes, more than the ${MAX_BYTES} that ` +
          "fit: decompress it first",
      );
    }
    const bytes = gunzip(source.read(0, source.length), length, {
      format,
      sizes: `${shape.join("×")} ${dtype.name}`,
    });
    if (bytes.length === length) return memorySource(bytes);
    throw new FormatError(
      `truncated: the gzip data holds ${bytes.length} of ${length} bytes`,
    );
  };
  const array = new StoredArray(lazySource(length, open), header);
  return {
    format,
    isGzip: true,
    arrays: new Map([["", array]]),
    others: new Map(),
  };
}

function openNpz(source: ByteSource): ArrayFile {
  const arrays = new Map<string, StoredArray>();
  const others = new Map<string, string>();
  for (const [file, entry] of openZip(source)) {
    const name = file.replace(/\.npy$/, "");
    if (name === file) {
      others.set(file, "no array");
      continue;
    }
    const content = lazySource(entry.size, () => entry.open());
    try {
      const header = readNpyHeader(entry.start(NPY_START));
      arrays.set(name, new StoredArray(content, header));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      others.set(name, error.message);
    }
  }
  return { format: "npz", isGzip: false, arrays, others };
}

/** Makes a source of so many bytes that is opened when it is read. */
function lazySource(length: number, open: () => ByteSource): ByteSource {
  let opened: ByteSource | undefined;
  return {
    length,
    read: (at, length) => (opened ??= open()).read(at, length),
  };
}
