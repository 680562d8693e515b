/**
 * Bytes that are read by slices, so that a large file is never in memory whole.
 *
 * @module
 */

/** Bytes that lie somewhere. */
export interface ByteSource {
  /** How many there are. */
  readonly length: number;
  /**
   * Reads `length` bytes from `at` on, all of which must lie within.
   *
   * @returns Maybe a view: they are not to be written to.
   */
  read(at: number, length: number): Uint8Array;
}

/** Makes a source of bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: (at, length) => bytes.subarray(at, at + length),
  };
}

/** Makes a source of a part of another. */
export function partOf(
  source: ByteSource,
  begin: number,
  length: number,
): ByteSource {
  return { length, read: (at, length) => source.read(begin + at, length) };
}

/** Bytes that are read ahead. */
const AHEAD = 2 ** 16;

/**
 * Makes a source that reads ahead in another, for many small parts that lie close
 * together.
 */
export function readAhead(source: ByteSource): ByteSource {
  let begin = 0, bytes: Uint8Array = new Uint8Array();
  return {
    length: source.length,
    read(at, length) {
      if (at < begin || at + length > begin + bytes.length) {
        begin = at;
        const rest = source.length - at;
        bytes = source.read(at, Math.max(length, Math.min(AHEAD, rest)));
      }
      return bytes.subarray(at - begin, at - begin + length);
    },
  };
}

/**
 * Makes a source of a file, which must be a regular one: its size is known. It is
 * open only while it is read.
 *
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const { size } = await Deno.stat(path);
  return {
    length: size,
    read(at, length) {
      using file = Deno.openSync(path);
      file.seekSync(at, Deno.SeekMode.Start);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const count = file.readSync(bytes.subarray(done));
        if (count === null) {
          throw new Error(`${path} has become shorter while it was read`);
        }
        done += count;
      }
      return bytes;
    },
  };
}
