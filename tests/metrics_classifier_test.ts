import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
} from "@std/assert";
import { minimize } from "../lib/math/minimize.ts";
import { classifyByNeighbors } from "../lib/metrics/neighbors.ts";
import { classifyByProbe, fitProbe } from "../lib/metrics/probe.ts";
import { fillNormal, fillUniform, streamKey } from "../lib/rng.ts";

const key = streamKey(3, "sample");

function normals(n: number, draw: number): Float32Array {
  return fillNormal(new Float32Array(n), key, draw);
}

function classesOf(n: number, count: number, draw: number): Uint8Array {
  return Uint8Array.from(
    fillUniform(new Float32Array(n), key, draw),
    (u) => Math.floor(u * count),
  );
}

/** All distances, sorted; then a count. */
function bruteForce(
  codes: Float32Array,
  labels: Uint8Array,
  code: Float32Array,
  k: number,
): number {
  const d = code.length;
  const nearest = Array.from(labels, (label, row) => {
    const distance = code.reduce(
      (sum, c, j) => sum + (c - codes[row * d + j]) ** 2,
      0,
    );
    return { label, distance };
  }).sort((a, b) => a.distance - b.distance).slice(0, k);
  const votes = (label: number) =>
    nearest.filter((neighbor) => neighbor.label === label).length;
  return nearest.reduce((best, neighbor) =>
    votes(neighbor.label) > votes(best.label) ? neighbor : best
  ).label;
}

for (const [dimensions, k] of [[1, 1], [3, 5], [12, 5], [13, 4], [12, 300]]) {
  Deno.test(`classifyByNeighbors() is what brute force finds (${dimensions} dimensions, k = ${k})`, async () => {
    // Unlike variances, so that the order of the dimensions matters.
    const stretched = (n: number, draw: number) =>
      normals(n * dimensions, draw).map((c, at) => c * (1 + at % dimensions));
    const codes = stretched(200, 0);
    const labels = classesOf(200, 4, 1);
    const asked = stretched(60, 2);
    const found = await classifyByNeighbors(
      { codes, labels },
      asked,
      dimensions,
      k,
    );
    const expected = Uint8Array.from({ length: 60 }, (_, i) =>
      bruteForce(
        codes,
        labels,
        asked.subarray(i * dimensions, (i + 1) * dimensions),
        k,
      ));
    assertEquals(found, expected);
    assertGreater(new Set(expected).size, k === 300 ? 0 : 1);
  });
}

Deno.test("classifyByNeighbors() settles ties by nearness, then by order", async () => {
  const train = {
    codes: Float32Array.of(1, -1, 2, 3, -3),
    labels: Uint8Array.of(7, 5, 5, 7, 9),
  };
  const at = (x: number, k: number) =>
    classifyByNeighbors(train, Float32Array.of(x), 1, k).then(([c]) => c);
  assertEquals(await at(0, 1), 7); // 1 and −1 are as near: the first
  assertEquals(await at(0, 2), 7); // one vote each
  assertEquals(await at(0, 3), 5); // 7, 5, 5
  assertEquals(await at(0.2, 4), 7); // 7, 5, 5, 7: the nearest is a 7
  assertEquals(await at(-1.5, 2), 5);
});

Deno.test("fitProbe() separates what lines can separate", async () => {
  const labels = classesOf(300, 3, 4);
  const noise = normals(600, 5);
  const codes = Float32Array.from(noise, (e, at) => {
    const angle = 2 * Math.PI * labels[at >> 1] / 3;
    return 50 + 9 * (at % 2 ? Math.sin(angle) : Math.cos(angle)) + e;
  });
  const probe = await fitProbe({ codes, labels }, 2);
  assertEquals(classifyByProbe(probe, codes), labels);
});

/** The loss as its definition has it, from the raw codes. */
function naiveLoss(
  weights: Float64Array,
  codes: Float32Array,
  labels: Uint8Array,
  d: number,
): number {
  const n = labels.length;
  const column = (j: number) =>
    Array.from({ length: n }, (_, i) => codes[i * d + j]);
  const standard = Array.from({ length: d }, (_, j) => {
    const values = column(j);
    const mean = values.reduce((a, b) => a + b) / n;
    const deviation = Math.sqrt(
      values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n,
    );
    return values.map((v) => (v - mean) / deviation);
  });
  const classes = weights.length / (d + 1);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const logits = Array.from({ length: classes }, (_, c) => {
      let sum = weights[c * (d + 1) + d];
      for (let j = 0; j < d; j++) {
        sum += weights[c * (d + 1) + j] * standard[j][i];
      }
      return sum;
    });
    const total = logits.reduce((sum, l) => sum + Math.exp(l), 0);
    loss += Math.log(total) - logits[labels[i]];
  }
  const penalty = weights.reduce(
    (sum, w, at) => at % (d + 1) === d ? sum : sum + w * w / 2,
    0,
  );
  return (loss + penalty) / n;
}

Deno.test("fitProbe() ends where the loss has no slope", async () => {
  const d = 3, n = 400;
  const labels = classesOf(n, 4, 6);
  const codes = normals(n * d, 7).map((e, at) =>
    5 * (at % d) + (1 + at % d) * (e + 0.7 * labels[Math.floor(at / d)])
  );
  const { weights } = await fitProbe({ codes, labels }, d);
  const least = naiveLoss(weights, codes, labels, d);
  assertLess(least, 0.95 * Math.log(4)); // better than not looking
  weights.forEach((_, at) => {
    const moved = (by: number) => {
      const other = weights.slice();
      other[at] += by;
      return naiveLoss(other, codes, labels, d);
    };
    const slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
    assertAlmostEquals(slope, 0, 5e-6, `slope along weight ${at}`);
    assertGreater(moved(0.1), least);
    assertGreater(moved(-0.1), least);
  });
});

Deno.test("fitProbe() of codes that say nothing knows the classes' shares", async () => {
  const labels = Uint8Array.from({ length: 100 }, (_, i) => i < 70 ? 2 : i % 2);
  const codes = new Float32Array(100).fill(3);
  const { weights } = await fitProbe({ codes, labels }, 1);
  const biases = [1, 3, 5].map((at) => weights[at]);
  const total = biases.reduce((sum, b) => sum + Math.exp(b), 0);
  biases.forEach((b, c) =>
    assertAlmostEquals(Math.exp(b) / total, [0.15, 0.15, 0.7][c], 1e-5)
  );
});

Deno.test("minimize() finds the minimum of a stretched bowl", async () => {
  const stretch = Float64Array.from({ length: 30 }, (_, i) => 10 ** (i / 14));
  const fractions: number[] = [];
  const found = await minimize(
    (x, gradient) => {
      let sum = 0;
      x.forEach((value, i) => {
        const off = value - i;
        sum += stretch[i] * off * off / 2;
        gradient[i] = stretch[i] * off;
      });
      return sum;
    },
    new Float64Array(30),
    { tick: (fraction) => void fractions.push(fraction) },
  );
  found.forEach((value, i) => assertAlmostEquals(value, i, 2e-6));
  assertLess(fractions.length, 200);
  assert(fractions.every((fraction) => fraction >= 0 && fraction <= 1));
});
