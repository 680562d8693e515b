/** The coder of compressed images, and its normal distributions. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { Ans, StackError } from "../lib/compression/ans.ts";
import {
  exp,
  LATENT_BINS,
  LATENT_TOTAL,
  LatentBins,
} from "../lib/compression/gaussian.ts";
import { sha256 } from "../lib/dataset/split.ts";
import { normalQuantile } from "../lib/math/quantile.ts";
import { fillUniform, streamKey } from "../lib/rng.ts";

/** Numbers from 0 to 1, the same ones each time. */
function uniform(count: number, counter = 0): Float32Array {
  return fillUniform(new Float32Array(count), streamKey(0, "sample"), counter);
}

/** Symbols of all sizes: start, frequency, total. */
function symbols(count: number): [number, number, number][] {
  const u = uniform(3 * count);
  return Array.from({ length: count }, (_, i) => {
    const total = 2 ** Math.floor(33 * u[3 * i]);
    const frequency = Math.max(1, Math.floor(total * u[3 * i + 1] ** 4));
    return [Math.floor((total - frequency) * u[3 * i + 2]), frequency, total];
  });
}

Deno.test("Ans gives back what was pushed, the last first, and is empty then", () => {
  const stack = Ans.empty();
  const pushed = symbols(3000);
  for (const symbol of pushed) stack.push(...symbol);
  const other = Ans.of(stack.head, stack.words);
  for (const [start, frequency, total] of pushed.toReversed()) {
    const slot = other.slot(total);
    assert(start <= slot && slot < start + frequency);
    other.pop(start, frequency, total);
  }
  assertEquals(other.words.length, 0);
  assert(other.isSpent());
});

Deno.test("Ans takes the entropy of what is pushed, and 32 bits or less", () => {
  for (
    const [total, frequencies] of [
      [2 ** 16, [1, 65535]],
      [2 ** 16, [50000, 10000, 5000, 536]],
      [2 ** 28, [2 ** 27, 2 ** 28 - 2 ** 27 - 3, 3]],
    ] as const
  ) {
    const stack = Ans.empty();
    let bits = 0;
    for (const u of uniform(100_000)) {
      let start = 0, i = 0;
      while (u * total >= start + frequencies[i]) start += frequencies[i++];
      stack.push(start, frequencies[i], total);
      bits -= Math.log2(frequencies[i] / total);
    }
    const taken = 16 * stack.words.length + Math.log2(stack.head);
    assertAlmostEquals(taken, bits + 32, 1e-5 * bits + 0.1);
  }
});

Deno.test("Ans draws by popping, and gets the bits back by pushing", () => {
  const stack = Ans.empty();
  const ends = [0, 2 ** 26, 2 ** 27, 2 ** 28];
  const drawn: number[] = [];
  const counts = [0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const slot = stack.slot(2 ** 28);
    const symbol = ends.findLastIndex((end) => end <= slot);
    stack.pop(ends[symbol], ends[symbol + 1] - ends[symbol], 2 ** 28);
    drawn.push(symbol);
    counts[symbol]++;
  }
  // Four standard deviations of a binomial.
  counts.forEach((count, symbol) => {
    const p = (ends[symbol + 1] - ends[symbol]) / 2 ** 28;
    assertAlmostEquals(count, 4000 * p, 4 * Math.sqrt(4000 * p * (1 - p)));
  });
  assertEquals(stack.isSpent(), false);
  for (const symbol of drawn.toReversed()) {
    stack.push(ends[symbol], ends[symbol + 1] - ends[symbol], 2 ** 28);
  }
  assert(stack.isSpent());
});

Deno.test("Ans refuses what is not on another's stack", () => {
  const stack = Ans.of(2 ** 32, Uint16Array.of(1, 2));
  assertThrows(
    () => {
      for (let i = 0; i < 5; i++) stack.pop(stack.slot(2 ** 16), 1, 2 ** 16);
    },
    StackError,
    "more is taken from the stack than it holds",
  );
  assertThrows(() => stack.push(0, 0, 2), StackError, "cannot be");
  for (const head of [2 ** 32 - 1, 2 ** 48, 2 ** 32 + 0.5, NaN]) {
    assertThrows(() => Ans.of(head, new Uint16Array()), RangeError, `${head}`);
  }
});

/** exp and the normal distribution function, by mpmath with 40 digits. */
const EXP: [number, number][] = [
  [-32, 1.2664165549094176e-14],
  [-10.5, 2.7536449349747158e-05],
  [-1, 0.36787944117144233],
  [-0.3125, 0.7316156289466418],
  [0, 1],
  [0.1, 1.1051709180756477],
  [0.34657, 1.4142084849595797],
  [1, 2.718281828459045],
  [2.5, 12.182493960703473],
  [12, 162754.79141900392],
  [31.9, 71448641012172.98],
];
const PHI: [number, number][] = [
  [0, 0.5],
  [0.1, 0.539827837277029],
  [0.5, 0.6914624612740131],
  [1, 0.8413447460685429],
  [1.234567, 0.8915041515245979],
  [2, 0.9772498680518208],
  [3, 0.9986501019683699],
  [4, 0.9999683287581669],
  [5, 0.9999997133484281],
  [6.5, 0.99999999995984],
];

Deno.test("exp() is right to the last bit or the one before", () => {
  for (const [x, expected] of EXP) {
    assertAlmostEquals(exp(x) / expected, 1, 2 ** -51, `${x}`);
  }
});

const bins = new LatentBins();

Deno.test("LatentBins has the normal distribution function, to a millionth", () => {
  for (const [x, expected] of PHI) {
    assertAlmostEquals(bins.cumulative(x) / LATENT_TOTAL, expected, 5e-7);
    assertAlmostEquals(bins.cumulative(-x) / LATENT_TOTAL, 1 - expected, 5e-7);
  }
  assertEquals(bins.cumulative(-Infinity), 0);
  assertEquals(bins.cumulative(NaN), 0);
  assertEquals(bins.cumulative(Infinity), LATENT_TOTAL);
});

Deno.test("LatentBins has a distribution function that never falls", () => {
  let last = 0;
  for (let i = 0; i <= 100_000; i++) {
    const mass = bins.cumulative((i - 50_000) / 6100);
    assert(Number.isInteger(mass) && mass >= last && mass <= LATENT_TOTAL);
    last = mass;
  }
  assertEquals(last, LATENT_TOTAL);
});

Deno.test("LatentBins has bins of the same mass, with their centres within", () => {
  for (const i of [1, 2, 77, 20_000, 32_768, 50_001, LATENT_BINS - 1]) {
    assertAlmostEquals(bins.edges[i], normalQuantile(i / LATENT_BINS), 1e-4);
    const middle = normalQuantile((i + 0.5) / LATENT_BINS);
    assertAlmostEquals(bins.centres[i], middle, 1e-4);
  }
  for (let i = 0; i < LATENT_BINS; i++) {
    const [start, end] = [bins.edges[i], bins.edges[i + 1]];
    assert(start < bins.centres[i] && bins.centres[i] < end, `bin ${i}`);
  }
});

Deno.test("LatentBins finds the bin of a slot, whatever the distribution", () => {
  const u = uniform(3 * 2000, 1);
  for (let i = 0; i < u.length; i += 3) {
    const mu = 12 * u[i] - 6;
    const sigma = exp(20 * u[i + 1] - 15);
    const slot = Math.floor(u[i + 2] * LATENT_TOTAL);
    const bin = bins.find(slot, mu, sigma);
    assert(bins.below(bin, mu, sigma) <= slot);
    assert(slot < bins.below(bin + 1, mu, sigma));
  }
  assertEquals(bins.find(LATENT_TOTAL - 1, 0, 1), LATENT_BINS - 1);
  assertEquals(bins.below(LATENT_BINS, 1e3, 1e-14), LATENT_TOTAL);
});

Deno.test("LatentBins is the same on every machine, to the bit", async () => {
  assertEquals(
    await sha256(new Uint8Array(bins.edges.buffer)),
    "b6577d645d6eb808d89890046de562c93a2e2b082d7b56f608dd104485f30bff",
  );
  assertEquals(
    await sha256(new Uint8Array(bins.centres.buffer)),
    "d326581eac23cb8aaa2357b896ae1bb9c5c6c1818790fc3135a2d3c4f5684494",
  );
});
