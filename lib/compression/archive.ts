/**
 * The file that compressed images are kept in: a header, the coder's stack, and
 * a checksum. Numbers are big-endian.
 *
 * | at | bytes | what                                              |
 * | -- | ----- | ------------------------------------------------- |
 * | 0  | 8     | the signature                                     |
 * | 8  | 1     | version of the format                             |
 * | 9  | 1     | the byte of a white pixel; a black one's is 0     |
 * | 10 | 2 + 2 | rows and columns of an image                      |
 * | 14 | 4     | number of images                                  |
 * | 18 | 32    | SHA-256 of the model's tensors                    |
 * | 50 | 32    | SHA-256 of the pixels                             |
 * | 82 | 6     | the stack's head                                  |
 * | 88 | 4     | number of words below it                          |
 * | 92 | 2 n   | the words, from the bottom up                     |
 * |    | 4     | CRC-32 of all before                              |
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { describeKind, kindOf } from "../files/kind.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../model/spec.ts";
import { CompressionError } from "./error.ts";

/**
 * The version that is written, and the only one that is read. It counts up, too,
 * when the kernels' bits change: the test of a file on record then fails.
 */
const VERSION = 1;

/** As PNG's: it shows what a transfer as text does to a file. */
const SIGNATURE = Uint8Array.of(0x89, 0x56, 0x41, 0x45, 0x0d, 0x0a, 0x1a, 0x0a);

const HEADER_BYTES = 92;
const CHECKSUM_BYTES = 4;
const DIGEST_BYTES = 32;
const HEAD_BITS = 48;

/** A pixel takes 1/65,536 of a bit or more, whatever the model. */
const PIXELS_PER_BIT = 2 ** 16;

/** What an IDX file of the images may take. */
const MAX_PIXELS = 2 ** 32 - 16;

/** What is in a file. */
export interface Archive {
  /** Number of images. */
  readonly count: number;
  /** The byte of a white pixel: 1 or 255. */
  readonly white: number;
  /** SHA-256 of the model's tensors, in hex. */
  readonly model: string;
  /** SHA-256 of the pixels, in hex. */
  readonly pixels: string;
  /** The coder's head. */
  readonly head: number;
  /** The 16-bit words below it. */
  readonly words: Uint16Array;
}

/** Makes the file. */
export function formatArchive(archive: Archive): Uint8Array<ArrayBuffer> {
  const { count, white, model, pixels, head, words } = archive;
  const end = HEADER_BYTES + 2 * words.length;
  const bytes = new Uint8Array(end + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(SIGNATURE);
  view.setUint8(8, VERSION);
  view.setUint8(9, white);
  view.setUint16(10, IMAGE_SIZE);
  view.setUint16(12, IMAGE_SIZE);
  view.setUint32(14, count);
  bytes.set(Uint8Array.fromHex(model), 18);
  bytes.set(Uint8Array.fromHex(pixels), 50);
  view.setUint16(82, Math.floor(head / 2 ** 32));
  view.setUint32(84, head % 2 ** 32);
  view.setUint32(88, words.length);
  words.forEach((word, i) => view.setUint16(HEADER_BYTES + 2 * i, word));
  view.setUint32(end, crc32(bytes.subarray(0, end)));
  return bytes;
}

/**
 * Reads a file. Nothing in it is trusted: what it returns is no larger than the
 * file, and `count` not more than so many bytes can hold.
 *
 * @throws {CompressionError} If it is another kind of file, of another version,
 * truncated or damaged.
 */
export function parseArchive(bytes: Uint8Array): Archive {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (SIGNATURE.some((byte, i) => i < bytes.length && byte !== bytes[i])) {
    const kind = kindOf(bytes)!;
    throw new CompressionError(
      `it is ${describeKind(kind)}, not ${describeKind("vae")}`,
    );
  }
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) {
    throw new CompressionError(`it is truncated to ${bytes.length} bytes`);
  }
  if (bytes[8] !== VERSION) {
    throw new CompressionError(
      `it has version ${bytes[8]} of the format, and this program knows ` +
        `${VERSION}: use the version of the package that wrote it`,
    );
  }
  const length = view.getUint32(88);
  const end = HEADER_BYTES + 2 * length;
  if (bytes.length !== end + CHECKSUM_BYTES) {
    throw new CompressionError(
      `it is truncated or damaged: it has ${bytes.length} bytes, and should ` +
        `have ${end + CHECKSUM_BYTES}`,
    );
  }
  const archive: Archive = {
    count: view.getUint32(14),
    white: bytes[9],
    model: hex(bytes, 18),
    pixels: hex(bytes, 50),
    head: view.getUint16(82) * 2 ** 32 + view.getUint32(84),
    words: Uint16Array.from(
      { length },
      (_, i) => view.getUint16(HEADER_BYTES + 2 * i),
    ),
  };
  if (view.getUint32(end) !== crc32(bytes.subarray(0, end))) {
    throw new CompressionError("it is damaged: its checksum is wrong");
  }
  const { count, white, head } = archive;
  const size = `${view.getUint16(10)}×${view.getUint16(12)}`;
  const pixels = count * IMAGE_PIXELS;
  const most = PIXELS_PER_BIT * (HEAD_BITS + 16 * length);
  const wrong = size !== `${IMAGE_SIZE}×${IMAGE_SIZE}`
    ? `images of ${size} pixels`
    : white !== 1 && white !== 255
    ? `white pixels of ${white}`
    : head < 2 ** 32
    ? `the head ${head}`
    : count === 0 || pixels > MAX_PIXELS || pixels > most
    ? `${count} images in ${bytes.length} bytes`
    : undefined;
  if (wrong === undefined) return archive;
  throw new CompressionError(`it says what cannot be: ${wrong}`);
}

function hex(bytes: Uint8Array, at: number): string {
  return bytes.subarray(at, at + DIGEST_BYTES).toHex();
}
