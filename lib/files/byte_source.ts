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

/**
 * Makes a source of a file. It is open only while it is read; what cannot be read
 * from any place, as a pipe, is read at once.
 *
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) return memorySource(await Deno.readFile(path));
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
