/**
 * Zip files as `torch.save` writes them: entries that are stored as they are,
 * and zip64 records that say nothing new.
 *
 * Source: APPNOTE.TXT 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
 *
 * @module
 */
import { crc32 } from "node:zlib";
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

/**
 * Reads a zip file. Nothing in it is trusted; the entries are views of it, so a
 * size that the file only claims to have allocates nothing.
 *
 * @param bytes The whole file.
 * @returns The content of the entries by name, in the directory's order.
 * @throws {FormatError} If anything in the file is wrong, or compressed.
 */
export function readZip(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const directory = findDirectory(view);
  const entries = new Map<string, Entry>();
  let at = directory.begin;
  for (let i = 0; i < directory.count; i++) {
    const entry = readEntry(bytes, view, at, directory);
    at = entry.next;
    if (entries.has(entry.name)) {
      throw new FormatError(`the zip file has ${display(entry.name)} twice`);
    }
    entries.set(entry.name, entry);
  }
  if (at !== directory.end) {
    throw new FormatError("the zip file's directory has bytes left over");
  }
  checkOverlaps([...entries.values()]);
  const contents = new Map<string, Uint8Array>();
  for (const { name, crc, content } of entries.values()) {
    if (crc32(content) !== crc) {
      throw new FormatError(
        `the CRC-32 of ${display(name)} is wrong: the file is damaged`,
      );
    }
    contents.set(name, content);
  }
  return contents;
}

interface Directory {
  readonly begin: number;
  readonly end: number;
  readonly count: number;
}

interface Entry {
  readonly name: string;
  readonly crc: number;
  readonly content: Uint8Array;
  /** Where the entry, with its local header, lies in the file. */
  readonly begin: number;
  readonly end: number;
  /** Where the directory's next entry is. */
  readonly next: number;
}

function checkOverlaps(entries: Entry[]): void {
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
function findDirectory(view: DataView): Directory {
  const at = view.byteLength - END_SIZE;
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
  const isPlain = end === at;
  if (!isPlain && !isEnd64(view, at - END_64_SIZE, { begin, end, count })) {
    throw new FormatError(
      `the zip file's directory cannot lie at bytes ${begin} to ${end}`,
    );
  }
  return { begin, end, count };
}

/** Says whether a zip64 record lies there that repeats the end record. */
function isEnd64(
  view: DataView,
  at: number,
  { begin, end, count }: Directory,
): boolean {
  if (at < 0 || at !== end) return false;
  const u64 = (offset: number) => view.getBigUint64(at + offset, true);
  return view.getUint32(at, true) === END_64 &&
    u64(24) === BigInt(count) && u64(32) === BigInt(count) &&
    u64(40) === BigInt(end - begin) && u64(48) === BigInt(begin) &&
    view.getUint32(at + 56, true) === LOCATOR_64 && u64(56 + 8) === BigInt(at);
}

/** Reads an entry of the directory and the local header that it leads to. */
function readEntry(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  { begin: directory, end }: Directory,
): Entry {
  if (at + CENTRAL_SIZE > end || view.getUint32(at, true) !== CENTRAL) {
    throw new FormatError(`the zip file has no directory entry at byte ${at}`);
  }
  const [flags, method] = [8, 10].map((o) => view.getUint16(at + o, true));
  const [crc, packed, size] = [16, 20, 24]
    .map((o) => view.getUint32(at + o, true));
  const [nameLength, extraLength, commentLength] = [28, 30, 32]
    .map((o) => view.getUint16(at + o, true));
  const begin = view.getUint32(at + 42, true);
  const next = at + CENTRAL_SIZE + nameLength + extraLength + commentLength;
  if (next > end) {
    throw new FormatError(`the zip file's entry at byte ${at} is cut off`);
  }
  const rawName = bytes.subarray(at + CENTRAL_SIZE).subarray(0, nameLength);
  const name = decodeName(rawName);
  const refuse = (reason: string) =>
    new FormatError(`the zip file's entry ${display(name)} ${reason}`);
  if (method !== 0) {
    throw refuse(
      "is compressed: save model.state_dict() with torch.save, which does not",
    );
  }
  if (flags & 1) throw refuse("is encrypted");
  if (packed !== size) throw refuse(`has ${packed} bytes of ${size}`);

  if (
    begin + LOCAL_SIZE > directory || view.getUint32(begin, true) !== LOCAL
  ) throw refuse(`has no header at byte ${begin}`);
  const localName = view.getUint16(begin + 26, true);
  const nameAt = begin + LOCAL_SIZE;
  const dataAt = nameAt + localName + view.getUint16(begin + 28, true);
  if (dataAt + size > directory) {
    throw refuse(`of ${size} bytes does not fit in the file`);
  }
  const hasDescriptor = flags & HAS_DESCRIPTOR;
  if (
    view.getUint16(begin + 6, true) !== flags ||
    view.getUint16(begin + 8, true) !== method ||
    !hasDescriptor && (view.getUint32(begin + 14, true) !== crc ||
        view.getUint32(begin + 18, true) !== packed ||
        view.getUint32(begin + 22, true) !== size) ||
    !equal(rawName, bytes.subarray(nameAt).subarray(0, localName))
  ) throw refuse("is described in two ways");
  return {
    name,
    crc,
    content: bytes.subarray(dataAt, dataAt + size),
    begin,
    end: dataAt + size,
    next,
  };
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
