/**
 * Seeded damage: the same seed damages the same inputs in the same way, so that
 * whatever a run of the fuzz tests finds can be had again.
 */

/** Bytes at which lengths, signs and encodings turn. */
const BYTES = [
  0x00,
  0x01,
  0x0a,
  0x1b,
  0x22,
  0x5c,
  0x7b,
  0x7f,
  0x80,
  0xc2,
  0xff,
];

/** Integers at which sizes overflow. */
const INTEGERS = [
  0n,
  1n,
  0x7fn,
  0xffffn,
  0x7fff_ffffn,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

/** JSON values in place of any other. */
const VALUES: readonly unknown[] = [
  null,
  true,
  "",
  "x",
  "\u0085\u2028\x1b[31m",
  "long ".repeat(200),
  0,
  -0,
  -1,
  0.5,
  1e308,
  1e-320,
  2 ** 53,
  [],
  {},
  [[0]],
  Array(300).fill(1),
  { toString: 1 },
];

/** Damages inputs. */
export class Mutator {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `end` − 1: splitmix32. */
  below(end: number): number {
    this.#state = this.#state + 0x9e3779b9 >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ z >>> 16, 0x21f0aaad);
    z = Math.imul(z ^ z >>> 15, 0x735a2d97);
    return Math.floor(((z ^ z >>> 15) >>> 0) / 2 ** 32 * end);
  }

  /** One of them. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** `input`, damaged one to four times; `other` is there to splice with. */
  bytes(input: Uint8Array, other: Uint8Array = input): Uint8Array<ArrayBuffer> {
    let bytes = input.slice();
    for (let i = this.pick([1, 1, 1, 2, 4]); i > 0; i--) {
      bytes = this.#damage(bytes, other);
    }
    return bytes;
  }

  #damage(
    bytes: Uint8Array<ArrayBuffer>,
    other: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    // Headers are where it hurts: half of all damage is done to the first bytes.
    const reach = this.below(2) ? Math.min(64, bytes.length) : bytes.length;
    const at = this.below(reach + 1);
    const length = Math.min(this.below(40), bytes.length - at);
    switch (this.below(8)) {
      case 0:
        bytes[at] ^= 1 << this.below(8);
        return bytes;
      case 1:
        bytes[at] = this.pick(BYTES);
        return bytes;
      case 2:
        return bytes.slice(0, at);
      case 3: // delete
        return join(bytes.subarray(0, at), bytes.subarray(at + length));
      case 4: { // insert
        const more = Uint8Array.from({ length }, () => this.pick(BYTES));
        return join(bytes.subarray(0, at), more, bytes.subarray(at));
      }
      case 5: // a block twice
        return join(bytes.subarray(0, at + length), bytes.subarray(at));
      case 6: // splice
        return join(
          bytes.subarray(0, at),
          other.subarray(this.below(other.length + 1)),
        );
      default:
        return this.#integer(bytes, at);
    }
  }

  /** An extreme integer, of either byte order, in place of what is there. */
  #integer(
    bytes: Uint8Array<ArrayBuffer>,
    at: number,
  ): Uint8Array<ArrayBuffer> {
    const size = this.pick([2, 4, 8]);
    if (at + size > bytes.length) return bytes;
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, this.pick(INTEGERS), true);
    const integer = new Uint8Array(view.buffer, 0, size);
    bytes.set(this.below(2) ? integer : integer.reverse(), at);
    return bytes;
  }

  /** A JSON text with one of its values, at any depth, damaged. */
  json(text: string): string {
    const root = { root: JSON.parse(text) };
    this.#value(root, ["root"]);
    return JSON.stringify(root.root) ?? "";
  }

  #value(parent: Record<string, unknown>, keys: readonly string[]): void {
    const key = this.pick(keys);
    const value = parent[key];
    if (typeof value === "object" && value !== null && this.below(8)) {
      const inner = Object.keys(value);
      if (inner.length > 0) {
        return this.#value(value as Record<string, unknown>, inner);
      }
    }
    if (typeof value === "string" && /^[[{]/.test(value) && this.below(8)) {
      parent[key] = this.json(value);
      return;
    }
    switch (this.below(5)) {
      case 0:
        delete parent[key];
        return;
      case 1: // another name
        delete parent[key];
        parent[this.pick(["", "__metadata__", "constructor", key + "\u007f"])] =
          value;
        return;
      case 2: // another's value
        parent[key] = parent[this.pick(Object.keys(parent))];
        return;
      case 3:
        if (typeof value === "number") {
          parent[key] = value + this.pick([-1, 1, 8, 0.5, 2 ** 40]);
          return;
        }
        // falls through
      default:
        parent[key] = this.pick(VALUES);
    }
  }
}

/** Some bytes after others. */
export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
