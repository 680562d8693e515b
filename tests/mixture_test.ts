import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import {
  type GaussianMixture,
  meanLogDensity,
  sampleMixture,
} from "../lib/math/gaussian_mixture.ts";
import {
  chooseMixture,
  firstMixture,
  fitMixture,
  VARIANCE_FLOOR,
} from "../lib/math/mixture_fit.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import golden from "./features/golden.json" with { type: "json" };

function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    assertAlmostEquals(actual[i], expected[i], tolerance);
  }
}

/** L·Lᵀ of each part. */
function covariances({ columns, factors }: GaussianMixture): Float64Array {
  return factors.map((_, at) => {
    const j = at % columns, i = Math.floor(at / columns) % columns;
    const part = Math.floor(at / columns ** 2) * columns ** 2;
    let sum = 0;
    for (let k = 0; k <= Math.min(i, j); k++) {
      sum += factors[part + i * columns + k] * factors[part + j * columns + k];
    }
    return sum;
  });
}

/** Three bells on a line, far apart, with 1, 2 and 3 of 6 rows. */
function threeBells(n: number): Float32Array {
  const places = [-20, 0, 0, 30, 30, 30];
  return fillNormal(new Float32Array(n), streamKey(4, "sample"), 0)
    .map((x, i) => places[i % 6] + x);
}

Deno.test("fitMixture() is what scikit-learn fits from the same start", async () => {
  const { rows, first, weights, means, covariances: own, logDensity } =
    golden.mixture;
  const mixture = await fitMixture(Float32Array.from(rows), {
    columns: 2,
    weights: Float64Array.of(0.25, 0.25, 0.5),
    means: Float64Array.from(first.means),
    factors: Float64Array.from(first.factors),
  });
  assertClose(mixture.weights, weights, 1e-6);
  assertClose(mixture.means, means, 1e-6);
  assertClose(covariances(mixture), own, 1e-6);
  const density = meanLogDensity(mixture, Float32Array.from(rows));
  assertAlmostEquals(density, logDensity, 1e-6);
});

Deno.test("fitMixture() of one Gaussian has the rows' mean and covariance", async () => {
  const rows = Float32Array.of(1, 4, 3, 0, 5, 8, 7, 4); // means 4 and 4
  const mixture = await fitMixture(rows, firstMixture(rows, 2, 1, 0));
  assertEquals([...mixture.weights], [1]);
  assertClose(mixture.means, [4, 4], 1e-12);
  const floor = VARIANCE_FLOOR;
  assertClose(covariances(mixture), [5 + floor, 2, 2, 8 + floor], 1e-12);
  // −½ (2 log 2π + log |Σ| + 2), for the mean of yᵀΣ⁻¹y is the dimension.
  const expected = -(2 * Math.log(2 * Math.PI) + Math.log(36) + 2) / 2;
  assertAlmostEquals(meanLogDensity(mixture, rows), expected, 1e-5);
});

Deno.test("fitMixture() survives rows that are all the same, and more parts than these", async () => {
  const rows = new Float32Array(12).fill(3);
  const mixture = await fitMixture(rows, firstMixture(rows, 2, 4, 0));
  assertEquals(sampleMixture(mixture, 1, 0, 0), Float32Array.of(3, 3));
  assertEquals(mixture.factors.every(Number.isFinite), true);
});

Deno.test("chooseMixture() takes as many parts as there are bells", async () => {
  const rows = threeBells(1200);
  const { mixture, heldOut } = await chooseMixture(rows, 1, 0);
  assertEquals(mixture.weights.length, 3);
  assertEquals(heldOut.map(({ parts }) => parts), [1, 3, 10]);
  const [one, three, ten] = heldOut.map(({ logDensity }) => logDensity);
  assertGreater(three, one);
  assertLess(ten, three);
  const order = [0, 1, 2]
    .sort((a, b) => mixture.means[a] - mixture.means[b]);
  assertClose(order.map((k) => mixture.means[k]), [-20, 0, 30], 0.3);
  assertClose(
    order.map((k) => mixture.weights[k]),
    [1 / 6, 1 / 3, 1 / 2],
    0.02,
  );
  // The same seed gives the same bits, another another start.
  assertEquals((await chooseMixture(rows, 1, 0)).mixture, mixture);
  assertNotEquals(firstMixture(rows, 1, 3, 1), firstMixture(rows, 1, 3, 0));
});

Deno.test("chooseMixture() of two rows is one Gaussian, and of one an error", async () => {
  const { mixture } = await chooseMixture(Float32Array.of(2, 9), 1, 0);
  assertEquals([...mixture.means], [2]);
  await assertRejects(
    () => chooseMixture(Float32Array.of(2), 1, 0),
    RangeError,
    "fitted to 2 rows or more, not to 1",
  );
});

Deno.test("sampleMixture() has the mixture's moments", () => {
  const mixture = {
    columns: 2,
    weights: Float64Array.of(0.25, 0.75),
    means: Float64Array.of(-8, 0, 4, 1),
    factors: Float64Array.of(1, 0, 0.5, 2, 3, 0, -1, 0.5),
  };
  const n = 40_000;
  const rows = sampleMixture(mixture, n, 5);
  const mean = [0, 0], square = [0, 0];
  let product = 0, left = 0;
  for (let at = 0; at < rows.length; at += 2) {
    for (const j of [0, 1]) {
      mean[j] += rows[at + j] / n;
      square[j] += rows[at + j] ** 2 / n;
    }
    product += rows[at] * rows[at + 1] / n;
    if (rows[at] < -4.5) left++;
  }
  assertClose(mean, [1, 0.75], 0.1); // ¼ · −8 + ¾ · 4, ¾ · 1
  // ¼ (1 + 64) + ¾ (9 + 16), ¼ (0.25 + 4) + ¾ (1 + 0.25 + 1)
  assertClose(square, [35, 2.75], 0.4);
  assertAlmostEquals(product, 0.25 * 0.5 + 0.75 * (-3 + 4), 0.1);
  assertAlmostEquals(left / n, 0.25, 0.01);
  // Fewer are the first of more; at temperature 0 all are means.
  assertEquals(sampleMixture(mixture, 3, 5), rows.slice(0, 6));
  const cold = sampleMixture(mixture, 50, 5, 0);
  assertEquals(new Set(cold), new Set([-8, 0, 4, 1]));
});
