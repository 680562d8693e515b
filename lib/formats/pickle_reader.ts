/**
 * The bytes of a pickle from front to back: numbers, texts and lines.
 *
 * @module
 */
import { FormatError } from "./error.ts";

/** Longer texts are refused: pickles that are read have no more bytes. */
const MAX_TEXT = 2 ** 24;

/**
 * Reads what follows the opcodes of a pickle. Every method refuses to read
 * beyond the end, and allocates nothing for a length that is only claimed.
 */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #opcodeAt = 0;

  /** Begins before the first of `bytes`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Bytes that have been read. */
  get at(): number {
    return this.#at;
  }

  /** Returns an error that says at which opcode's byte it happened. */
  refuse(reason: string, options?: ErrorOptions): FormatError {
    return new FormatError(
      `the pickle ${reason} (byte ${this.#opcodeAt})`,
      options,
    );
  }

  /** Reads the next opcode, which errors name until the one after it. */
  opcode(): number {
    this.#opcodeAt = this.#at;
    return this.u8();
  }

  /** Reads an unsigned byte. */
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** Reads 16 bits, unsigned. */
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  /** Reads 32 bits, unsigned. */
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /**
   * Reads a length of 64 bits. From 2^53 up it is rounded, which matters to no
   * one: it is far beyond the end in any case.
   */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  /** Reads 32 bits, signed. */
  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** Reads a float of 64 bits, the one number that is big-endian. */
  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** Reads a signed number of any length: a bigint where it must be one. */
  integer(length: number): number | bigint {
    const begin = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) {
      value = value << 8n | BigInt(this.#bytes[begin + i]);
    }
    value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** Reads bytes, as a view. */
  binary(length: number): Uint8Array {
    if (length > MAX_TEXT) {
      throw this.refuse(`has a text of ${length} bytes, over the ${MAX_TEXT}`);
    }
    const begin = this.#take(length);
    return this.#bytes.subarray(begin, begin + length);
  }

  /** Reads a text in UTF-8. */
  text(length: number): string {
    const encoded = this.binary(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(encoded);
    } catch (cause) {
      throw this.refuse("has a text that is not UTF-8", { cause });
    }
  }

  /** Reads a text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.refuse("ends too early");
    const word = this.text(end - this.#at);
    this.#take(1);
    return word;
  }

  /** Moves on by `length` bytes; returns where they begin. */
  #take(length: number): number {
    if (length > this.left) throw this.refuse("ends too early");
    this.#at += length;
    return this.#at - length;
  }
}
