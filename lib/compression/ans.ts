/**
 * Asymmetric numeral systems: a stack that symbols are pushed on and popped
 * from, in as many bits as their probabilities are worth.
 *
 * The coder is rANS (Duda 2013, section 4, https://arxiv.org/abs/1311.2540). It
 * computes on whole numbers below 2⁵², which float64 holds exactly, with
 * operations that IEEE 754 defines to the bit.
 *
 * @module
 */
import { threefry2x32 } from "../rng.ts";

/** The head is kept from here … */
const FLOOR = 2 ** 32;

/** … to below here, so that a symbol's share of it has 16 bits or more. */
const CEILING = 2 ** 48;

/** The words below the head have 16 bits. */
const WORD = 2 ** 16;

/** A stack that does not hold what was expected. */
export class StackError extends Error {
  /** The class's name, which survives minification. */
  override name = "StackError";
}

/**
 * A stack of symbols. A symbol has a frequency of so many out of a total, a
 * power of two up to 2³², and begins at the sum of the frequencies before it.
 *
 * To pop one, find by {@linkcode Ans.slot} which it is. A pop of what was not
 * pushed draws a symbol with its probability, and gives back its bits: pushing
 * it restores the stack. Below the bottom of a new stack are random words
 * without end, for such draws.
 */
export class Ans {
  #head: number;
  #words: Uint16Array<ArrayBuffer>;
  #length: number;
  /** Random words that were taken from below the bottom; null if none may be. */
  #borrowed: number | null;

  private constructor(
    head: number,
    words: Uint16Array<ArrayBuffer>,
    borrowed: number | null,
  ) {
    this.#head = head;
    this.#words = words;
    this.#length = words.length;
    this.#borrowed = borrowed;
  }

  /** Makes an empty stack. */
  static empty(): Ans {
    return new Ans(FLOOR, new Uint16Array(), 0);
  }

  /**
   * Makes a stack of what another one came to.
   *
   * @throws {RangeError} If no stack has such a head.
   */
  static of(head: number, words: Uint16Array): Ans {
    if (!(Number.isInteger(head) && head >= FLOOR && head < CEILING)) {
      throw new RangeError(`no stack has the head ${head}`);
    }
    return new Ans(head, Uint16Array.from(words), null);
  }

  /** The newest 32 to 48 bits. */
  get head(): number {
    return this.#head;
  }

  /** The 16-bit words below the head, from the bottom up. */
  get words(): Uint16Array<ArrayBuffer> {
    return this.#words.slice(0, this.#length);
  }

  /**
   * Puts a symbol on the stack.
   *
   * @throws {StackError} If there is no such symbol: its frequency is 0.
   */
  push(start: number, frequency: number, total: number): void {
    if (frequency === 0) throw new StackError("a symbol that cannot be");
    let head = this.#head;
    const limit = frequency * (CEILING / total);
    while (head >= limit) {
      const rest = Math.floor(head / WORD);
      this.#write(head - rest * WORD);
      head = rest;
    }
    // Exact: a quotient that is not whole lies 1 / frequency or more below the
    // next whole number, and below 2⁴⁸ / frequency it is rounded by 1/32 of that.
    const quotient = Math.floor(head / frequency);
    this.#head = quotient * total + (head - quotient * frequency) + start;
  }

  /** Where in the total the topmost symbol lies: not before its start. */
  slot(total: number): number {
    return this.#head - Math.floor(this.#head / total) * total;
  }

  /**
   * Takes the topmost symbol off the stack.
   *
   * @throws {StackError} If this is another's stack, and was used up.
   */
  pop(start: number, frequency: number, total: number): void {
    const quotient = Math.floor(this.#head / total);
    let head = frequency * quotient + (this.#head - quotient * total) - start;
    while (head < FLOOR) head = head * WORD + this.#read();
    this.#head = head;
  }

  /** Whether nothing is left but the random words that were below the bottom. */
  isSpent(): boolean {
    const top = this.#length - 1;
    return this.#head === FLOOR &&
      this.words.every((word, i) => word === randomWord(top - i));
  }

  #write(word: number): void {
    if (this.#length === this.#words.length) {
      const larger = new Uint16Array(Math.max(1024, 2 * this.#length));
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[this.#length++] = word;
  }

  #read(): number {
    if (this.#length > 0) return this.#words[--this.#length];
    if (this.#borrowed === null) {
      throw new StackError("more is taken from the stack than it holds");
    }
    return randomWord(this.#borrowed++);
  }
}

/** A word below the bottom: the `depth`-th from there. */
function randomWord(depth: number): number {
  return threefry2x32(0, 0, depth, 0)[0] & 0xFFFF;
}
