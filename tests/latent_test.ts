import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import {
  latentMap,
  priorQuantiles,
  spread,
  traversal,
} from "../lib/latent/traversal.ts";
import {
  codeScale,
  fromUnits,
  priorScale,
  toUnits,
} from "../lib/latent/scale.ts";
import { interpolate } from "../lib/latent/interpolate.ts";
import { normalQuantile } from "../lib/math/quantile.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";

function normal(n: number, c1: number): Float32Array {
  return fillNormal(new Float32Array(n), streamKey(3, "sample"), c1);
}

function rows(values: Float32Array, d: number): number[][] {
  return Array.from(
    { length: values.length / d },
    (_, i) => [...values.subarray(i * d, (i + 1) * d)],
  );
}

function angle(a: number[], b: number[]): number {
  const dot = a.reduce((sum, x, k) => sum + x * b[k], 0);
  return Math.acos(dot / Math.hypot(...a) / Math.hypot(...b));
}

Deno.test("interpolate() goes straight in even steps", () => {
  const way = rows(interpolate([0, 8], [4, 0], 5), 2);
  assertEquals(way, [[0, 8], [1, 6], [2, 4], [3, 2], [4, 0]]);
});

Deno.test("interpolate() has its ends exactly, in either mode", () => {
  const [a, b] = [normal(12, 0), normal(12, 1)];
  for (const mode of ["linear", "slerp"] as const) {
    const way = rows(interpolate(a, b, 7, mode), 12);
    assertEquals(way.length, 7);
    assertEquals(way[0], [...a]);
    assertEquals(way[6], [...b]);
    assertEquals(rows(interpolate(a, b, 2, mode), 12), [[...a], [...b]]);
  }
});

Deno.test("interpolate() turns at an even pace, by slerp's closed form", () => {
  // Shoemake: (sin((1−t)ω)·a + sin(tω)·b) / sin ω, for unit vectors.
  const unit = (v: Float32Array) => [...v].map((x) => x / Math.hypot(...v));
  const [a, b] = [unit(normal(12, 2)), unit(normal(12, 3))];
  const omega = angle(a, b);
  const way = rows(interpolate(a, b, 9, "slerp"), 12);
  way.forEach((z, i) => {
    const t = i / 8;
    z.forEach((x, k) => {
      const expected = (Math.sin((1 - t) * omega) * a[k] +
        Math.sin(t * omega) * b[k]) / Math.sin(omega);
      assertAlmostEquals(x, expected, 1e-6);
    });
    assertAlmostEquals(Math.hypot(...z), 1, 1e-6);
  });
});

Deno.test("interpolate() changes the length linearly along an arc", () => {
  const way = rows(interpolate([2, 0, 0], [0, 5, 0], 4, "slerp"), 3);
  way.forEach((z, i) => {
    assertAlmostEquals(Math.hypot(...z), 2 + i, 1e-6);
    assertAlmostEquals(Math.atan2(z[1], z[0]), i * Math.PI / 6, 1e-6);
  });
});

Deno.test("interpolate() keeps its length between opposite directions", () => {
  for (const a of [[3, 0, 0, 0], [1, -2, 3, 0.5], [...normal(12, 4)]]) {
    const b = a.map((x) => -x);
    const way = rows(interpolate(a, b, 5, "slerp"), a.length);
    way.forEach((z) =>
      assertAlmostEquals(Math.hypot(...z), Math.hypot(...a), 1e-5)
    );
    for (let i = 1; i < 5; i++) {
      assertAlmostEquals(angle(way[i - 1], way[i]), Math.PI / 4, 1e-3);
    }
  }
});

Deno.test("interpolate() is straight where there is no arc", () => {
  const cases: [number[], number[]][] = [
    [[2], [-4]], // one dimension
    [[0, 0], [4, 2]], // from the origin
    [[4, 2], [0, 0]], // to it
    [[1, 2], [3, 6]], // one direction
    [[1, 2], [1, 2]], // nowhere
  ];
  for (const [a, b] of cases) {
    const way = interpolate(a, b, 5, "slerp");
    const straight = interpolate(a, b, 5, "linear");
    way.forEach((x, i) => assertAlmostEquals(x, straight[i], 1e-6));
  }
});

Deno.test("interpolate() refuses what is no way", () => {
  assertThrows(
    () => interpolate([1, 2], [1, 2, 3], 3),
    RangeError,
    "a latent of 2 dimensions to one of 3",
  );
  for (const steps of [1, 2.5, NaN]) {
    assertThrows(() => interpolate([1], [2], steps), RangeError, `${steps}`);
  }
});

Deno.test("normalQuantile() inverts an integral of the density", () => {
  // Simpson's rule from 0.
  const area = (x: number) => {
    const n = 4000;
    const density = (u: number) => Math.exp(-u * u / 2);
    let sum = density(0) + density(x);
    for (let i = 1; i < n; i++) sum += (i % 2 ? 4 : 2) * density(i * x / n);
    return sum * x / n / 3 / Math.sqrt(2 * Math.PI);
  };
  for (const x of [0.01, 0.1, 0.5, 1, 1.1503, 1.44, 1.96, 2.5, 3, 4, 5]) {
    assertAlmostEquals(normalQuantile(0.5 + area(x)), x, 1e-8);
    assertAlmostEquals(normalQuantile(0.5 - area(x)), -x, 1e-8);
  }
});

Deno.test("normalQuantile() inverts the tail far out", () => {
  // Q(x) = φ(x)·(1/x)·∫₀^∞ exp(−s − s²/2x²) ds, substituting u = x + s/x.
  for (const x of [3, 6, 8, 12, 20]) {
    const n = 20_000, end = 40;
    const f = (s: number) => Math.exp(-s - s * s / (2 * x * x));
    let sum = f(0) + f(end);
    for (let i = 1; i < n; i++) sum += (i % 2 ? 4 : 2) * f(i * end / n);
    const tail = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) / x * sum * end /
      n / 3;
    assertAlmostEquals(normalQuantile(tail), -x, 1e-9);
  }
});

Deno.test("normalQuantile() is odd, rises, and ends at infinity", () => {
  assertEquals(normalQuantile(0.5), 0);
  assertEquals([normalQuantile(0), normalQuantile(1)], [-Infinity, Infinity]);
  let last = -Infinity;
  for (let i = 1; i < 2048; i++) {
    const x = normalQuantile(i / 2048);
    assert(x > last, `${i}`);
    assertAlmostEquals(x, -normalQuantile(1 - i / 2048), 1e-13);
    last = x;
  }
  for (const p of [-0.1, 1.1, NaN]) {
    assertThrows(() => normalQuantile(p), RangeError, `${p}`);
  }
});

Deno.test("spread() is even and symmetric", () => {
  assertEquals(spread(3, 4), [-3, -1, 1, 3]);
  assertEquals(spread(0.3, 2), [-0.3, 0.3]);
  const values = spread(3, 11);
  assertEquals(values[5], 0);
  values.forEach((x, i) => assertEquals(x + values[10 - i], 0));
  assertAlmostEquals(values[1], -2.4, 1e-12);
});

Deno.test("traversal() moves one dimension in each row", () => {
  const z = traversal([1, 2, 3], [2, 0], [-1, 0, 0.5]);
  assertEquals(rows(z, 3), [
    [1, 2, 2],
    [1, 2, 3],
    [1, 2, 3.5],
    [0, 2, 3],
    [1, 2, 3],
    [1.5, 2, 3],
  ]);
});

Deno.test("codeScale() is the mean and the standard deviation of each dimension", () => {
  // Two dimensions of three codes: 1, 2, 6 and 5, 5, 5.
  const codes = Float32Array.of(1, 5, 2, 5, 6, 5);
  const scale = codeScale(codes, 2);
  assertEquals([...scale.mean], [3, 5]);
  assertAlmostEquals(scale.deviation[0], Math.sqrt((4 + 1 + 9) / 3), 1e-12);
  assertEquals(scale.deviation[1], 0);
  const z = Float32Array.of(0, 0, 2, 7);
  const placed = fromUnits(z, scale);
  assertEquals([...placed.subarray(0, 2)], [3, 5]);
  assertAlmostEquals(placed[2], 3 + 2 * scale.deviation[0], 1e-6);
  assertEquals(placed[3], 5);
  const back = toUnits(placed, scale);
  assertAlmostEquals(back[2], 2, 1e-6);
  assertEquals(back[3], 0);
  assertEquals(fromUnits(z, priorScale(2)), z);
});

Deno.test("priorQuantiles() cuts the prior into equal parts", () => {
  const values = priorQuantiles(20);
  // Tables: Φ⁻¹(0.025), Φ⁻¹(0.475), Φ⁻¹(0.975).
  assertAlmostEquals(values[0], -1.959963984540054, 1e-12);
  assertAlmostEquals(values[9], -0.06270677794321385, 1e-12);
  assertAlmostEquals(values[19], 1.959963984540054, 1e-12);
  const draws = normal(200_000, 5);
  // Between two values lies a twentieth of the prior.
  for (let i = 1; i < 20; i++) {
    const share = draws.filter((x) => x > values[i - 1] && x < values[i]);
    assertAlmostEquals(share.length / draws.length, 0.05, 0.0025);
  }
});

Deno.test("latentMap() grows to the right and upward, others at 0", () => {
  assertEquals(rows(latentMap(4, [3, 1], [-1, 2]), 4), [
    [0, 2, 0, -1],
    [0, 2, 0, 2],
    [0, -1, 0, -1],
    [0, -1, 0, 2],
  ]);
});
