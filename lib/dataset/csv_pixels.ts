/**
 * The pixels of many pictures as text has them, kept in a byte or four each.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { show } from "../text.ts";

/** How far rounding takes a fraction out of −1 to 1. */
const TOLERANCE = 1e-4;
const MOST = 1 + TOLERANCE;

/** The largest integers that stand for white if they are the largest of all. */
const LEVELS = [1, 15, 16];

/** Pixels in a block of memory, unless a picture has more. */
const BLOCK = 2 ** 20;

/** What `Number()` takes, and no table means: `0x10`. */
const OTHER_BASE = /^\s*0[xob]/i;

/** The last character that such a text begins with. */
const ZERO = "0".charCodeAt(0);

/** How the numbers of a file become grey levels. */
export interface PixelScale {
  readonly black: number;
  readonly white: number;
  /** What was assumed, where that is to be said. */
  readonly note?: string;
}

/**
 * Collects pixels, of which all are integers from 0 to 255, or all are fractions
 * from −1 to 1.
 */
export class CsvPixels {
  readonly #size: number;
  /** Pictures in a block. */
  readonly #perBlock: number;
  #count = 0;
  #blocks: (Uint8Array | Float32Array)[] = [];
  #areFractions = false;
  #least = 0;
  #largest = 0;

  /** @param size Pixels in a picture. */
  constructor(size: number) {
    this.#size = size;
    this.#perBlock = Math.max(1, Math.floor(BLOCK / size));
  }

  /**
   * Adds the pixels of one picture.
   *
   * @param columns Where in the row they are.
   * @throws {FormatError} If one is missing, no number, or out of range.
   */
  add(row: readonly string[], columns: readonly number[]): void {
    const at = this.#count % this.#perBlock * this.#size;
    if (at === 0) this.#blocks.push(this.#newBlock());
    let block = this.#blocks[this.#blocks.length - 1];
    for (let i = 0; i < columns.length; i++) {
      const text = row[columns[i]];
      const value = Number(text);
      const isByte = value >= 0 && value <= 255 && Number.isInteger(value);
      // Number() takes an empty text for 0.
      const isNone = Number.isNaN(value) ||
        (value === 0 && text.trim() === "") ||
        (text.length > 2 && text.charCodeAt(0) <= ZERO &&
          OTHER_BASE.test(text));
      if (isNone) {
        throw unreadable(text, columns[i]);
      }
      if (!isByte && !this.#areFractions) {
        if (Math.abs(value) > MOST || this.#largest > 1) {
          throw this.#outOfRange(value, columns[i]);
        }
        this.#becomeFractions();
        block = this.#blocks[this.#blocks.length - 1];
      }
      if (this.#areFractions && Math.abs(value) > MOST) {
        throw this.#outOfRange(value, columns[i]);
      }
      if (value > this.#largest) this.#largest = value;
      if (value < this.#least) this.#least = value;
      block[at + i] = value;
    }
    this.#count++;
  }

  /** Returns one picture's values, as kept. */
  get(index: number): Uint8Array | Float32Array {
    const at = index % this.#perBlock * this.#size;
    return this.#blocks[Math.floor(index / this.#perBlock)]
      .subarray(at, at + this.#size);
  }

  /**
   * Finds the scale of the values, once there are all.
   *
   * @throws {FormatError} If none is known.
   */
  scale(): PixelScale {
    const [least, largest] = [this.#least, this.#largest];
    if (!this.#areFractions) {
      const white = LEVELS.includes(largest) ? largest : 255;
      return { black: 0, white, ...this.#note(0, white, largest > 127) };
    }
    if (least >= -TOLERANCE) {
      return { black: 0, white: 1, ...this.#note(0, 1, largest >= 0.5) };
    }
    // Less than half of −1 are overshoots of some filter, whose black is 0.
    if (least > -0.5) {
      throw new FormatError(
        `its smallest pixel is ${least}, which is of no scale that is known: ` +
          "save pixels from 0 to 255, or as fractions from 0 to 1",
      );
    }
    return { black: -1, white: 1, ...this.#note(-1, 1, false) };
  }

  /** Says what the values are taken for, unless it is as usual. */
  #note(black: number, white: number, isUsual: boolean): { note?: string } {
    if (isUsual) return {};
    const note =
      `its pixels go from ${this.#least} to ${this.#largest} and are ` +
      `taken as ${black}, black, to ${white}, white`;
    return { note };
  }

  #newBlock(): Uint8Array | Float32Array {
    const length = this.#perBlock * this.#size;
    return this.#areFractions
      ? new Float32Array(length)
      : new Uint8Array(length);
  }

  #becomeFractions(): void {
    this.#areFractions = true;
    this.#blocks = this.#blocks.map((bytes) => new Float32Array(bytes));
  }

  #outOfRange(value: number, column: number): FormatError {
    const before = this.#areFractions
      ? ", as fractions came before"
      : this.#largest > 1
      ? ", as integers came before"
      : "";
    const range = this.#areFractions
      ? "from −1 to 1"
      : this.#largest > 1
      ? "an integer from 0 to 255"
      : "an integer from 0 to 255, or a fraction from −1 to 1";
    return new FormatError(
      `the pixel in column ${
        column + 1
      } is ${value}, and must be ${range}${before}`,
    );
  }
}

function unreadable(text: string, column: number): FormatError {
  const place = `column ${column + 1}`;
  return new FormatError(
    text.trim() === ""
      ? `there is no pixel in ${place}: every row must have all`
      : `the pixel in ${place} is ${show(text)}, which is no number`,
  );
}
