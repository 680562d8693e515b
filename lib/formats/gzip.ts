/**
 * Decompresses gzip data of one or several members, never to more bytes than
 * what is in it says that it has.
 *
 * @module
 */
import { constants, gunzipSync } from "node:zlib";
import { FormatError } from "./error.ts";

/** A kilobyte of deflate data holds at most a megabyte, and surely a header. */
const START = 1024;

/** The most bytes that one of deflate data stands for. */
export const MAX_RATIO = 1032;

/** Tells whether a file begins as gzip data does. */
export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

/**
 * Decompresses the beginning, in which a header says how much there is.
 *
 * @param bytes Gzip data, or its first kilobyte.
 * @throws {FormatError} If nothing can be decompressed.
 */
export function gunzipStart(
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const start = inflate(bytes.subarray(0, START), {
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  if (start.length === 0) throw new FormatError("truncated gzip data");
  return start;
}

/**
 * Decompresses all of it.
 *
 * @param length The bytes that it has, as the header in it says.
 * @param content What that header is of, and what it says, for messages.
 * @throws {FormatError} If it is truncated or corrupt, holds more, or cannot
 * hold so much.
 */
export function gunzip(
  bytes: Uint8Array,
  length: number,
  { format, sizes }: { readonly format: string; readonly sizes: string },
): Uint8Array<ArrayBuffer> {
  if (length > MAX_RATIO * bytes.length) {
    throw new FormatError(
      `truncated: ${bytes.length} bytes of gzip data cannot hold ${sizes}`,
    );
  }
  // One chunk of the final size spares zlib a second copy to join its chunks.
  const chunkSize = Math.max(64, length);
  return inflate(
    bytes,
    { chunkSize, maxOutputLength: length },
    `the gzip data holds more than the ${length} bytes its ${format} header names`,
  );
}

function inflate(
  bytes: Uint8Array,
  options: Parameters<typeof gunzipSync>[1],
  tooLong?: string,
): Uint8Array<ArrayBuffer> {
  try {
    const { buffer, byteOffset, length } = gunzipSync(bytes, options);
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
  } catch (error) {
    const reason = {
      ERR_BUFFER_TOO_LARGE: tooLong,
      Z_BUF_ERROR: "truncated gzip data",
    }[(error as { code: string }).code];
    throw new FormatError(
      reason ?? `corrupt gzip data (${(error as Error).message})`,
      { cause: error },
    );
  }
}
