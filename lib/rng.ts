/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds.
 *
 * A number is a pure function of a key and a counter, so initialisation,
 * shuffles, the ε of the reparameterisation and sampling give the same values
 * on every engine, in any order and on any number of threads, and resuming
 * needs no generator state beyond the step count.
 *
 * Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011, https://doi.org/10.1145/2063384.2063405.
 *
 * @module
 */

/** Two 32-bit words that select one random sequence. */
export type Key = readonly [number, number];

/**
 * The independent uses of one seed. The values are written into checkpoints'
 * meaning: changing one changes every run.
 *
 * @example
 * ```ts
 * import { streams } from "@vae/mnist/core";
 * import { assert } from "@std/assert";
 *
 * assert("epsilon" in streams);
 * ```
 */
export const streams = {
  init: 1,
  shuffle: 2,
  epsilon: 3,
  evaluation: 4,
  sample: 5,
  synthetic: 6,
  binarize: 7,
  split: 8,
} as const;

/** The name of one independent use of a seed. */
export type Stream = keyof typeof streams;

const PARITY = 0x1BD11BDA;

/**
 * The Threefry-2x32-20 bijection.
 *
 * @param k0 First key word.
 * @param k1 Second key word.
 * @param c0 First counter word.
 * @param c1 Second counter word.
 * @returns Two uniformly distributed unsigned 32-bit integers.
 *
 * @example
 * ```ts
 * import { threefry2x32 } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(threefry2x32(0, 0, 0, 0), [0x6b200159, 0x99ba4efe]);
 * ```
 *
 * @example
 * ```ts
 * import { threefry2x32 } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * // Random123's known-answer vector for key and counter zero.
 * assertEquals([...threefry2x32(0, 0, 0, 0)], [0x6b200159, 0x99ba4efe]);
 * ```
 */
export function threefry2x32(
  k0: number,
  k1: number,
  c0: number,
  c1: number,
): [number, number] {
  // Plain numbers in place of arrays: that halves the time of a normal number.
  let a = k1 | 0, b = k0 ^ k1 ^ PARITY, c = k0 | 0;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let group = 1; group <= 5; group++) {
    const odd = group & 1;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, odd ? 13 : 17) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, odd ? 15 : 29) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, odd ? 26 : 16) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, odd ? 6 : 24) ^ x0;
    x0 = (x0 + a) | 0;
    x1 = (x1 + b + group) | 0;
    const last = a;
    a = b;
    b = c;
    c = last;
  }
  return [x0 >>> 0, x1 >>> 0];
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/**
 * The key of one use of a seed.
 *
 * @param seed A whole number from 0 to 2^53 − 1.
 * @param stream What the numbers are for.
 * @returns The key for {@linkcode fillUniform}, {@linkcode fillNormal} and
 * {@linkcode permutation}.
 *
 * @example
 * ```ts
 * import { streamKey } from "@vae/mnist/core";
 * import { assertNotEquals } from "@std/assert";
 *
 * assertNotEquals(streamKey(0, "shuffle"), streamKey(1, "shuffle"));
 * ```
 */
export function streamKey(seed: number, stream: Stream): Key {
  return threefry2x32(
    seed % 2 ** 32,
    Math.floor(seed / 2 ** 32),
    streams[stream],
    0,
  );
}

/**
 * Maps 32 random bits to the open interval (0, 1). The top 23 bits and a half
 * are exact in float32, so every engine gets the same number.
 */
export function toUnit(bits: number): number {
  return ((bits >>> 9) + 0.5) * 2 ** -23;
}

/**
 * Fills `out` with uniform numbers in (0, 1). Element `i` is the word
 * `(first + i) % 2` of the counter `(⌊(first + i) / 2⌋, c1)`.
 *
 * @param out The array to fill.
 * @param key From {@linkcode streamKey}.
 * @param c1 The second counter word: which array of the stream this is.
 * @param first Index of `out[0]` in the sequence.
 * @returns `out`.
 *
 * @example
 * ```ts
 * import { fillUniform, streamKey } from "@vae/mnist/core";
 * import { assert } from "@std/assert";
 *
 * const uniform = new Float32Array(8);
 * fillUniform(uniform, streamKey(0, "init"), 0);
 * assert(uniform.every((u) => u >= 0 && u < 1));
 * ```
 */
export function fillUniform(
  out: Float32Array,
  key: Key,
  c1: number,
  first = 0,
): Float32Array {
  for (let i = -(first % 2); i < out.length; i += 2) {
    const [a, b] = threefry2x32(key[0], key[1], (first + i) / 2, c1);
    if (i >= 0) out[i] = toUnit(a);
    if (i + 1 < out.length) out[i + 1] = toUnit(b);
  }
  return out;
}

/**
 * Fills `out` with standard normal numbers by the Box–Muller transform of the
 * pairs that {@linkcode fillUniform} would give.
 *
 * @param out The array to fill.
 * @param key From {@linkcode streamKey}.
 * @param c1 The second counter word: which array of the stream this is.
 * @param first Index of `out[0]` in the sequence.
 * @returns `out`.
 *
 * @example
 * ```ts
 * import { fillNormal, streamKey } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const key = streamKey(7, "sample");
 * const whole = fillNormal(new Float32Array(6), key, 0);
 * const tail = fillNormal(new Float32Array(3), key, 0, 3);
 * assertEquals(tail, whole.slice(3));
 * ```
 */
export function fillNormal(
  out: Float32Array,
  key: Key,
  c1: number,
  first = 0,
): Float32Array {
  for (let i = -(first % 2); i < out.length; i += 2) {
    const [a, b] = threefry2x32(key[0], key[1], (first + i) / 2, c1);
    const radius = Math.sqrt(-2 * Math.log(toUnit(a)));
    const angle = 2 * Math.PI * toUnit(b);
    if (i >= 0) out[i] = radius * Math.cos(angle);
    if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/**
 * A uniformly random permutation of 0 … n − 1 (Fisher–Yates, with the unbiased
 * bounded integers of Lemire, https://arxiv.org/abs/1805.10941).
 *
 * @param n How many, at most 2^21.
 * @param key From {@linkcode streamKey}.
 * @param c1 The second counter word: the epoch, for shuffles.
 * @returns The permutation.
 *
 * @example
 * ```ts
 * import { permutation, streamKey } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const order = permutation(5, streamKey(0, "shuffle"), 1);
 * assertEquals([...order].sort(), [0, 1, 2, 3, 4]);
 * ```
 */
export function permutation(n: number, key: Key, c1: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let counter = 0;
  for (let i = n - 1; i > 0; i--) {
    const range = i + 1;
    const threshold = 2 ** 32 % range;
    let product: number;
    do {
      const [bits] = threefry2x32(key[0], key[1], counter++, c1);
      product = bits * range; // exact: below 2^53 while n ≤ 2^21
    } while (product % 2 ** 32 < threshold);
    const j = Math.floor(product / 2 ** 32);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
