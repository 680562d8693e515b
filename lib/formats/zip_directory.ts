/**
 * The directory of a zip file, the local headers that it leads to, and zip64
 * records that say nothing new.
 *
 * Source: APPNOTE.TXT 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
 *
 * @module
 */
import type { ByteSource } from "../files/byte_source.ts";
import { display, FormatError } from "./error.ts";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;

const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;
const END_64_SIZE = 56 + 20; // the record and its locator

/** Flag: the local header lacks CRC-32 and sizes. */
const HAS_DESCRIPTOR = 1 << 3;

/** Methods of compression. */
const STORED = 0;
export const DEFLATED = 8;

/** A size that stands in the extra field with this id instead. */
const IN_EXTRA = 0xffffffff, EXTRA_64 = 1;

/** The longest directory: that of 65,535 entries with usual names. */
const MAX_DIRECTORY = 2 ** 24;

interface Directory {
  readonly begin: number;
  readonly end: number;
  readonly count: number;
}

/** Where an entry lies in a zip file, and what its headers say of it. */
export interface EntryPlace {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  /** Bytes in the file, and decompressed. */
  readonly packed: number;
  readonly size: number;
  readonly dataAt: number;
  /** Where the entry, with its local header, begins and ends. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads the directory of a zip file. Nothing in it is trusted.
 *
 * @param source The whole file.
 * @returns The entries in the directory's order.
 * @throws {FormatError} If the directory or an entry's header is wrong.
 */
export function readDirectory(source: ByteSource): EntryPlace[] {
  const { begin, end, count } = findDirectory(source);
  if (end - begin > MAX_DIRECTORY) {
    throw new FormatError(
      `the zip file's directory of ${end - begin} bytes is too long`,
    );
  }
  const bytes = source.read(begin, end - begin);
  const entries = new Map<string, EntryPlace>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { next, ...entry } = readEntry(source, bytes, at, begin);
    at = next;
    if (entries.has(entry.name)) {
      throw new FormatError(`the zip file has ${display(entry.name)} twice`);
    }
    entries.set(entry.name, entry);
  }
  if (at !== bytes.length) {
    throw new FormatError("the zip file's directory has bytes left over");
  }
  const inOrder = [...entries.values()];
  checkOverlaps([...inOrder]);
  return inOrder;
}

function checkOverlaps(entries: EntryPlace[]): void {
  entries.sort((a, b) => a.begin - b.begin);
  for (let i = 1; i < entries.length; i++) {
    const [last, next] = [entries[i - 1], entries[i]];
    if (next.begin >= last.end) continue;
    throw new FormatError(
      `the zip file's entries ${display(last.name)} and ${
        display(next.name)
      } overlap`,
    );
  }
}

/** Finds the central directory. */
function findDirectory(source: ByteSource): Directory {
  const tail = Math.min(END_SIZE + END_64_SIZE, source.length);
  const view = viewOf(source.read(source.length - tail, tail));
  const at = tail - END_SIZE;
  if (at < 0 || view.getUint32(at, true) !== END) {
    throw new FormatError(
      "the zip file does not end with its directory: is it truncated?",
    );
  }
  const disks = view.getUint32(at + 4, true);
  const count = view.getUint16(at + 8, true);
  const size = view.getUint32(at + 12, true);
  const begin = view.getUint32(at + 16, true);
  const end = begin + size;
  if (disks !== 0 || count !== view.getUint16(at + 10, true)) {
    throw new FormatError("the zip file is one of several parts");
  }
  const directory = { begin, end, count };
  const isPlain = end === source.length - END_SIZE;
  const at64 = source.length - END_SIZE - END_64_SIZE;
  if (!isPlain && !(end === at64 && isEnd64(view, directory))) {
    throw new FormatError(
      begin === IN_EXTRA
        ? "the zip file is larger than 4 GiB"
        : `the zip file's directory cannot lie at bytes ${begin} to ${end}`,
    );
  }
  return directory;
}

/** Says whether a zip64 record that repeats the end record lies before it. */
function isEnd64(view: DataView, { begin, end, count }: Directory): boolean {
  const u64 = (offset: number) => view.getBigUint64(offset, true);
  return view.getUint32(0, true) === END_64 &&
    u64(24) === BigInt(count) && u64(32) === BigInt(count) &&
    u64(40) === BigInt(end - begin) && u64(48) === BigInt(begin) &&
    view.getUint32(56, true) === LOCATOR_64 && u64(56 + 8) === BigInt(end);
}

/** Reads an entry of the directory and the local header that it leads to. */
function readEntry(
  source: ByteSource,
  directory: Uint8Array,
  at: number,
  directoryAt: number,
): EntryPlace & { readonly next: number } {
  const view = viewOf(directory);
  const where = directoryAt + at;
  if (
    at + CENTRAL_SIZE > directory.length || view.getUint32(at, true) !== CENTRAL
  ) {
    throw new FormatError(
      `the zip file has no directory entry at byte ${where}`,
    );
  }
  const [flags, method] = [8, 10].map((o) => view.getUint16(at + o, true));
  const [crc, packed, size] = [16, 20, 24]
    .map((o) => view.getUint32(at + o, true));
  const [nameLength, extraLength, commentLength] = [28, 30, 32]
    .map((o) => view.getUint16(at + o, true));
  const begin = view.getUint32(at + 42, true);
  const next = at + CENTRAL_SIZE + nameLength + extraLength + commentLength;
  if (next > directory.length) {
    throw new FormatError(`the zip file's entry at byte ${where} is cut off`);
  }
  const rawName = directory.subarray(at + CENTRAL_SIZE).subarray(0, nameLength);
  const name = decodeName(rawName);
  const refuse = (reason: string) =>
    new FormatError(`the zip file's entry ${display(name)} ${reason}`);
  if (method !== STORED && method !== DEFLATED) {
    throw refuse(`is compressed by method ${method}, not by deflate`);
  }
  if (flags & 1) throw refuse("is encrypted");
  if (method === STORED && packed !== size) {
    throw refuse(`has ${packed} bytes of ${size}`);
  }

  if (begin + LOCAL_SIZE > directoryAt) {
    throw refuse(`has no header at byte ${begin}`);
  }
  const local = viewOf(source.read(begin, LOCAL_SIZE));
  if (local.getUint32(0, true) !== LOCAL) {
    throw refuse(`has no header at byte ${begin}`);
  }
  const localName = local.getUint16(26, true);
  const localExtra = local.getUint16(28, true);
  const nameAt = begin + LOCAL_SIZE;
  const dataAt = nameAt + localName + localExtra;
  const end = dataAt + packed;
  if (end > directoryAt) {
    throw refuse(`of ${packed} bytes does not fit in the file`);
  }
  const rest = source.read(nameAt, localName + localExtra);
  const hasDescriptor = flags & HAS_DESCRIPTOR;
  if (
    local.getUint16(6, true) !== flags || local.getUint16(8, true) !== method ||
    !hasDescriptor && (local.getUint32(14, true) !== crc ||
        !hasSizes(local, rest.subarray(localName), size, packed)) ||
    !equal(rawName, rest.subarray(0, localName))
  ) throw refuse("is described in two ways");
  return { name, method, crc, packed, size, dataAt, begin, end, next };
}

/**
 * Says whether a local header has these sizes: itself, or in its zip64 field, as
 * NumPy writes them however small they are.
 */
function hasSizes(
  local: DataView,
  extra: Uint8Array,
  size: number,
  packed: number,
): boolean {
  const sizes = [local.getUint32(22, true), local.getUint32(18, true)];
  if (sizes.every((size) => size === IN_EXTRA)) {
    const view = viewOf(extra);
    for (let at = 0; at + 4 <= extra.length;) {
      const [id, length] = [0, 2].map((o) => view.getUint16(at + o, true));
      if (id === EXTRA_64 && length === 16 && at + 20 <= extra.length) {
        return view.getBigUint64(at + 4, true) === BigInt(size) &&
          view.getBigUint64(at + 12, true) === BigInt(packed);
      }
      at += 4 + length;
    }
  }
  return sizes[0] === size && sizes[1] === packed;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError("the zip file has a name that is not UTF-8", {
      cause,
    });
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
