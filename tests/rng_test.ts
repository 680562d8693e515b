import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
} from "@std/assert";
import {
  fillNormal,
  fillUniform,
  type Key,
  permutation,
  type Stream,
  streamKey,
  streams,
  threefry2x32,
  toUnit,
} from "../lib/rng.ts";

Deno.test("threefry2x32() gives Random123's known answers", () => {
  // kat_vectors of https://github.com/DEShawResearch/random123
  const ones = 0xffffffff;
  assertEquals(threefry2x32(0, 0, 0, 0), [0x6b200159, 0x99ba4efe]);
  assertEquals(threefry2x32(ones, ones, ones, ones), [0x1cb996fc, 0xbb002be7]);
  assertEquals(
    threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3),
    [0xc4923a9c, 0x483df7a0],
  );
});

Deno.test("streamKey() separates seeds and streams", () => {
  const keys = new Set<string>();
  for (const seed of [0, 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    for (const stream of Object.keys(streams) as (keyof typeof streams)[]) {
      keys.add(String(streamKey(seed, stream)));
    }
  }
  assertEquals(keys.size, 5 * Object.keys(streams).length);
});

// Computed with JAX's threefry_2x32 from what lib/rng.ts documents. A change
// of these numbers changes what every seed gives.
Deno.test("a seed gives the numbers that it always gave", () => {
  const keys: Record<Stream, Key> = {
    init: [0x41ece51c, 0x0a8002ab],
    shuffle: [0x7491e12f, 0xe56d7ba0],
    epsilon: [0xb17ee27c, 0x811cd42c],
    evaluation: [0x420529a5, 0x618613e3],
    sample: [0x7f0eaa93, 0x823d35b5],
    synthetic: [0xe93143ff, 0xb4239b94],
    binarize: [0x9e3f4db8, 0xab398c79],
    split: [0x22889c83, 0x03fbe553],
  };
  assertEquals(Object.keys(keys), Object.keys(streams));
  for (const [stream, key] of Object.entries(keys)) {
    assertEquals(streamKey(2 ** 32 + 5, stream as Stream), key, stream);
  }
  assertEquals(
    [...fillUniform(new Float32Array(3), streamKey(7, "init"), 2)],
    [0.32584208250045776, 0.32053738832473755, 0.5213142037391663],
  );
  const normal = fillNormal(new Float32Array(3), streamKey(7, "epsilon"), 2);
  [-1.0786996524120633, 0.9770562433550074, 1.7786141645517202]
    .forEach((x, i) => assertAlmostEquals(normal[i], x, 1e-6));
  assertEquals(
    [...permutation(10, streamKey(7, "shuffle"), 2)],
    [6, 8, 3, 5, 1, 2, 9, 4, 7, 0],
  );
});

Deno.test("toUnit() stays inside (0, 1) and is exact in float32", () => {
  for (const bits of [0, 1, 511, 512, 0x7fffffff, 0xffffffff]) {
    const u = toUnit(bits);
    assert(u > 0 && u < 1);
    assertEquals(Math.fround(u), u);
  }
});

Deno.test("fillUniform() has the mean and variance of U(0, 1)", () => {
  const n = 200_000;
  const u = fillUniform(new Float32Array(n), streamKey(1, "sample"), 0);
  const mean = u.reduce((a, b) => a + b) / n;
  const variance = u.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
  assertAlmostEquals(mean, 1 / 2, 4 * Math.sqrt(1 / 12 / n));
  assertAlmostEquals(variance, 1 / 12, 1e-3);
});

Deno.test("fillNormal() has the moments of N(0, 1)", () => {
  const n = 200_000;
  const x = fillNormal(new Float32Array(n), streamKey(1, "sample"), 0);
  const moment = (k: number) => x.reduce((a, b) => a + b ** k, 0) / n;
  // Standard errors: √(1/n), √(2/n), √(15/n), √(96/n); five of each.
  assertAlmostEquals(moment(1), 0, 5 * Math.sqrt(1 / n));
  assertAlmostEquals(moment(2), 1, 5 * Math.sqrt(2 / n));
  assertAlmostEquals(moment(3), 0, 5 * Math.sqrt(15 / n));
  assertAlmostEquals(moment(4), 3, 5 * Math.sqrt(96 / n));
  let lag = 0;
  for (let i = 1; i < n; i++) lag += x[i] * x[i - 1];
  assertAlmostEquals(lag / n, 0, 5 * Math.sqrt(1 / n));
});

Deno.test("fillNormal() gives any part of the sequence by itself", () => {
  const key = streamKey(3, "epsilon");
  const whole = fillNormal(new Float32Array(11), key, 5);
  for (const first of [0, 1, 4, 7]) {
    const part = fillNormal(new Float32Array(11 - first), key, 5, first);
    assertEquals(part, whole.slice(first));
  }
  assertNotEquals(fillNormal(new Float32Array(11), key, 6), whole);
});

Deno.test("permutation() is a permutation that the counter changes", () => {
  const key = streamKey(0, "shuffle");
  const order = permutation(1000, key, 1);
  assertEquals([...order].sort((a, b) => a - b), [...Array(1000).keys()]);
  assertEquals(permutation(1000, key, 1), order);
  assertNotEquals(permutation(1000, key, 2), order);
});

Deno.test("permutation() is uniform", () => {
  // All 24 orders of 4: χ² with 23 degrees of freedom is below 60 but for one
  // key in 40,000.
  const counts = new Map<string, number>();
  const tries = 24_000;
  const key = streamKey(0, "shuffle");
  for (let i = 0; i < tries; i++) {
    const order = String(permutation(4, key, i));
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  const expected = tries / 24;
  const chiSquare = [...counts.values()]
    .reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assertEquals(counts.size, 24);
  assert(chiSquare < 60, `χ² = ${chiSquare}`);
});
