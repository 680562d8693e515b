/**
 * Writes zip files of stored entries, aligned so that they can be mapped into
 * memory.
 *
 * Source: APPNOTE.TXT 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
 *
 * @module
 */
import { crc32 } from "node:zlib";

/** The id of an extra field that only pads, as PyTorch writes it: "FB". */
const PADDING = 0x4246;

/** Version 1.0 of the format: files that are stored. */
const VERSION = 10;

/** The first day that zip files know, so that the same content is the same bytes. */
const DATE = 1 << 5 | 1;

/**
 * Writes a zip file whose entries' contents begin at multiples of `alignment`.
 *
 * @param entries Names in ASCII, and contents.
 * @param alignment Bytes, at most 65,535.
 * @throws {RangeError} If there are more entries or bytes than a zip file has
 * without zip64.
 */
export function writeZip(
  entries: ReadonlyMap<string, Uint8Array>,
  alignment: number,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, content] of entries) {
    const common = commonFields(name, content);
    const head = 30 + name.length + 4;
    const padding = (alignment - (at + head) % alignment) % alignment;
    directory.push(
      fields([4, 0x02014b50], [2, VERSION]),
      common,
      fields([2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, at]),
      ascii(name),
    );
    const entry = [
      fields([4, 0x04034b50]),
      common,
      fields([2, 4 + padding]),
      ascii(name),
      fields([2, PADDING], [2, padding]),
      new Uint8Array(padding),
      content,
    ];
    parts.push(...entry);
    at += lengthOf(entry);
  }
  const size = lengthOf(directory);
  if (entries.size > 0xffff || at + size > 0xffffffff) {
    throw new RangeError(
      `${entries.size} entries of ${at} bytes are more than a zip file holds`,
    );
  }
  const end = fields(
    ...[[4, 0x06054b50], [2, 0], [2, 0]] as const,
    ...[[2, entries.size], [2, entries.size], [4, size], [4, at], [
      2,
      0,
    ]] as const,
  );
  return join([...parts, ...directory, end]);
}

/** What an entry's two headers have in common, up to the length of its name. */
function commonFields(name: string, content: Uint8Array): Uint8Array {
  const { length } = content;
  return fields(
    ...[[2, VERSION], [2, 0], [2, 0], [2, 0], [2, DATE]] as const,
    ...[[4, crc32(content)], [4, length], [4, length], [
      2,
      name.length,
    ]] as const,
  );
}

/** Writes numbers of so many bytes each, the lowest byte first. */
function fields(
  ...numbers: readonly (readonly [bytes: 2 | 4, value: number])[]
): Uint8Array {
  const view = new DataView(
    new ArrayBuffer(numbers.reduce((sum, [bytes]) => sum + bytes, 0)),
  );
  let at = 0;
  for (const [bytes, value] of numbers) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
