/**
 * Zip files as `torch.save` and NumPy write them: entries that are stored or
 * deflated.
 *
 * @module
 */
import { constants, crc32, inflateRawSync } from "node:zlib";
import {
  type ByteSource,
  memorySource,
  partOf,
  readAhead,
} from "../files/byte_source.ts";
import { MAX_BYTES } from "./elements.ts";
import { display, FormatError } from "./error.ts";
import { MAX_RATIO } from "./gzip.ts";
import { DEFLATED, type EntryPlace, readDirectory } from "./zip_directory.ts";

/** Bytes that are read at a time to check them. */
const BLOCK = 2 ** 20;

/**
 * Reads a zip file of stored entries. Nothing in it is trusted; the entries are
 * views of it, so a size that the file only claims to have allocates nothing. A
 * CRC-32 of 0 is none, as `torch.serialization.set_crc32_options(False)` has it.
 *
 * @param bytes The whole file.
 * @returns The content of the entries by name, in the directory's order.
 * @throws {FormatError} If anything in the file is wrong, or compressed.
 */
export function readZip(bytes: Uint8Array): Map<string, Uint8Array> {
  const entries = openZip(memorySource(bytes));
  const packed = [...entries.values()].find(({ isCompressed }) => isCompressed);
  if (packed) {
    throw packed.refuse(
      "is compressed: save model.state_dict() with torch.save, which does not",
    );
  }
  return new Map(
    Array.from(
      entries,
      (
        [name, entry],
      ) => [
        name,
        entry.open({ isSummed: entry.place.crc !== 0 }).read(0, entry.size),
      ],
    ),
  );
}

/**
 * Reads the directory of a zip file. Nothing in it is trusted; what is in the
 * entries is read when they are opened.
 *
 * @param source The whole file.
 * @returns The entries by name, in the directory's order.
 * @throws {FormatError} If the directory or an entry's header is wrong.
 */
export function openZip(source: ByteSource): Map<string, ZipEntry> {
  const ahead = readAhead(source);
  return new Map(
    readDirectory(ahead)
      .map((place) => [place.name, new ZipEntry(source, place, ahead)]),
  );
}

/** A file in a zip file. */
export class ZipEntry {
  readonly #source: ByteSource;
  readonly #ahead: ByteSource;

  /**
   * Makes an entry of what its headers say.
   *
   * @param ahead The same source, for first bytes of one entry after the other.
   */
  constructor(
    source: ByteSource,
    readonly place: EntryPlace,
    ahead = source,
  ) {
    this.#source = source;
    this.#ahead = ahead;
  }

  /** Bytes of its content. */
  get size(): number {
    return this.place.size;
  }

  /** Whether it must be decompressed. */
  get isCompressed(): boolean {
    return this.place.method === DEFLATED;
  }

  /** Returns an error that names the entry. */
  refuse(reason: string, options?: ErrorOptions): FormatError {
    const { name } = this.place;
    return new FormatError(
      `the zip file's entry ${display(name)} ${reason}`,
      options,
    );
  }

  /** Reads the first bytes, at most so many, which are not checked. */
  start(length: number): Uint8Array {
    const { dataAt, packed, size } = this.place;
    if (!this.isCompressed) {
      return this.#ahead.read(dataAt, Math.min(length, size));
    }
    // Deflate makes nothing longer by more than a few bytes in a thousand.
    const bytes = this.#ahead.read(dataAt, Math.min(length + 1024, packed));
    return this.#inflate(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
      .subarray(0, length);
  }

  /**
   * Opens its content, which is in memory if it was compressed.
   *
   * @param isSummed Whether its CRC-32 is one.
   * @throws {FormatError} If it is damaged, not as long as its headers say, or
   * compressed and larger than 1 GiB.
   */
  open({ isSummed = true } = {}): ByteSource {
    const { name, crc, dataAt, packed, size } = this.place;
    let content = partOf(this.#source, dataAt, size);
    if (this.isCompressed) {
      if (size > MAX_BYTES) {
        throw this.refuse(
          `is compressed and has ${size} bytes, more than the ${MAX_BYTES} ` +
            "that fit: save it without compression",
        );
      }
      if (size > MAX_RATIO * packed) {
        throw this.refuse(`of ${packed} bytes cannot hold ${size}`);
      }
      const bytes = this.#inflate(this.#source.read(dataAt, packed), {
        chunkSize: Math.max(64, size),
        maxOutputLength: Math.max(1, size),
      });
      if (bytes.length !== size) {
        throw this.refuse(`has ${bytes.length} bytes of ${size}`);
      }
      content = memorySource(bytes);
    }
    if (!isSummed) return content;
    let sum = 0;
    for (let at = 0; at < size; at += BLOCK) {
      sum = crc32(content.read(at, Math.min(BLOCK, size - at)), sum);
    }
    if (sum !== crc) {
      throw new FormatError(
        `the CRC-32 of ${display(name)} is wrong: the file is damaged`,
      );
    }
    return content;
  }

  #inflate(
    bytes: Uint8Array,
    options: Parameters<typeof inflateRawSync>[1],
  ): Uint8Array {
    try {
      const { buffer, byteOffset, length } = inflateRawSync(bytes, options);
      return new Uint8Array(buffer, byteOffset, length);
    } catch (cause) {
      const { code, message } = cause as Error & { code: string };
      const reason = {
        ERR_BUFFER_TOO_LARGE: `holds more than its ${this.size} bytes`,
        Z_BUF_ERROR: "ends too early",
      }[code];
      throw this.refuse(reason ?? `is corrupt (${message})`, { cause });
    }
  }
}
