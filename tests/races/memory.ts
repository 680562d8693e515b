/** Memory that remembers who touched it, and says when that is a race. */

/** What is wrong with a program. */
export type Fault =
  /** Two invocations touch an element, one of them writes, and no barrier orders that. */
  | "race"
  /** An index beyond the end, which robust access would hide. */
  | "bounds"
  /** Invocations of a workgroup wait at different barriers, or only some wait. */
  | "divergence"
  /** Memory of a workgroup is read before anything was written to it. */
  | "unset";

/** Hears of faults. */
export type Report = (fault: Fault, where: string, detail: string) => void;

type Words = Float32Array | Uint32Array | Int32Array | Uint8Array;

/** Stands for readers in workgroups that nothing orders. */
const ALL = 2 ** 31 - 1;

/**
 * One array in a dispatch. Every invocation has a key, which is new after each
 * barrier that orders this memory: keys from `#group` to `#interval` are those of
 * its own workgroup before the last such barrier, which cannot race. The last key
 * of an interval stands for several invocations.
 */
export class Watched {
  readonly name: string;
  readonly words: Words;
  readonly length: number;
  accesses = 0;
  readonly #report: Report;
  readonly #threads: number;
  /** The key of who last wrote, and who read, each element; or 0. */
  readonly #writers: Int32Array;
  readonly #readers: Int32Array;
  /** Whether reading what was never written is a fault. */
  readonly #startsUnset: boolean;
  #group = 1;
  #interval = 1;

  /**
   * @param words Has room for one element more, which takes what goes astray.
   * @param length Number of elements.
   * @param threads Of a workgroup; 0 if the memory cannot be written.
   */
  constructor(
    name: string,
    words: Words,
    length: number,
    threads: number,
    startsUnset: boolean,
    report: Report,
  ) {
    this.name = name;
    this.words = words;
    this.length = length;
    this.#threads = threads;
    this.#startsUnset = startsUnset;
    this.#report = report;
    this.#writers = new Int32Array(threads > 0 ? length + 1 : 0);
    this.#readers = new Int32Array(threads > 0 ? length + 1 : 0);
  }

  /** Forgets everything: the memory of a new workgroup. */
  clear(): void {
    this.words.fill(0);
    this.#writers.fill(0);
    this.#readers.fill(0);
    this.#group = this.#interval = 1;
  }

  /** Begins another workgroup, which nothing orders after those before. */
  enterGroup(): void {
    this.passBarrier();
    this.#group = this.#interval;
  }

  /** Orders what the workgroup did so far before what it will do. */
  passBarrier(): void {
    this.#interval += this.#threads + 1;
  }

  /** Returns the index to read from, of memory that nobody writes. */
  peek(index: number, thread: number): number {
    this.accesses++;
    const i = index >>> 0;
    return i < this.length ? i : this.#beyond(index, thread, "reads");
  }

  /** Returns the index to read from. */
  read(index: number, thread: number): number {
    this.accesses++;
    const i = index >>> 0;
    if (i >= this.length) return this.#beyond(index, thread, "reads");
    const me = this.#interval + thread;
    const writer = this.#writers[i];
    if (writer !== me) this.#checkReader(i, writer, thread);
    const reader = this.#readers[i];
    if (reader !== me) {
      this.#readers[i] = this.#isOrdered(reader)
        ? me
        : reader >= this.#group && reader !== ALL
        ? this.#interval + this.#threads
        : ALL;
    }
    return i;
  }

  /** Returns the index to write to. */
  write(index: number, thread: number): number {
    this.accesses++;
    const i = index >>> 0;
    if (i >= this.length) return this.#beyond(index, thread, "writes");
    const me = this.#interval + thread;
    const writer = this.#writers[i], reader = this.#readers[i];
    if (writer !== me) {
      if (!this.#isOrdered(writer)) {
        this.#race(i, thread, "writes", "wrote", writer);
      }
      this.#writers[i] = me;
    }
    if (reader !== me && !this.#isOrdered(reader)) {
      this.#race(i, thread, "writes", "read", reader);
    }
    return i;
  }

  #isOrdered(key: number): boolean {
    return key === 0 || key >= this.#group && key < this.#interval;
  }

  #checkReader(index: number, writer: number, thread: number): void {
    if (!this.#isOrdered(writer)) {
      this.#race(index, thread, "reads", "wrote", writer);
    } else if (writer === 0 && this.#startsUnset) {
      const detail = `thread ${thread} reads element ${index}, never written`;
      this.#report("unset", this.name, detail);
    }
  }

  #race(
    i: number,
    thread: number,
    does: string,
    did: string,
    key: number,
  ): void {
    const other = key === ALL
      ? "several workgroups"
      : key < this.#group
      ? "another workgroup"
      : key === this.#interval + this.#threads
      ? "several threads"
      : `thread ${key - this.#interval}`;
    this.#report(
      "race",
      this.name,
      `thread ${thread} ${does} element ${i}, which ${other} ${did}`,
    );
  }

  #beyond(index: number, thread: number, does: string): number {
    const detail =
      `thread ${thread} ${does} element ${index} of ${this.length}`;
    this.#report("bounds", this.name, detail);
    return this.length;
  }
}
