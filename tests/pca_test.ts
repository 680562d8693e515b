import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fitPca, pcaErrors, projectPca } from "../lib/math/pca.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { digits } from "./engine_suite.ts";

function normal(n: number, counter: number): Float32Array {
  return fillNormal(new Float32Array(n), streamKey(3, "sample"), counter);
}

/** Rows whose covariance is L·Lᵀ, with the columns of L given. */
function rowsOf(...factor: number[][]): Float32Array {
  const scale = Math.sqrt(factor.length);
  return Float32Array.from(
    factor.flatMap((column) => [
      ...column.map((x) => scale * x),
      ...column.map((x) => -scale * x),
    ]),
  );
}

function assertClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
): void {
  assertEquals(actual.length, expected.length);
  expected.forEach((x, i) => assertAlmostEquals(actual[i], x, tolerance));
}

const HALF = Math.SQRT1_2;

Deno.test("fitPca() finds the axes of a Gaussian that is turned by 45°", async () => {
  // Standard deviations 1.3 and 1, so shares of 1.69 / 2.69 and 1 / 2.69.
  const n = 100_000;
  const draws = normal(2 * n, 11);
  const rows = draws.map((x, at) => {
    const [a, b] = at % 2 ? [draws[at - 1], x] : [x, draws[at + 1]];
    return at % 2 ? HALF * (1.3 * a + b) : HALF * (1.3 * a - b);
  });
  const { components, shares } = await fitPca(rows, 2, 2);
  assertClose(shares, [0.628, 0.372], 0.005);
  assertClose(components, [HALF, HALF, HALF, -HALF], 0.02);

  // The same covariance without chance. Coordinates of a component are equal
  // to rounding here, and the first of them is positive all the same.
  const exact = await fitPca(
    rowsOf([1.3 * HALF, 1.3 * HALF], [-HALF, HALF]),
    2,
    2,
  );
  assertClose(exact.shares, [1.69 / 2.69, 1 / 2.69], 1e-7);
  assertClose(exact.components, [HALF, HALF, HALF, -HALF], 1e-6);
});

Deno.test("fitPca() has the closed form of three dimensions", async () => {
  // [[2, −1, 0], [−1, 2, −1], [0, −1, 2]] has the eigenvalues 2 + √2, 2 and
  // 2 − √2; below are the columns of its Cholesky factor.
  const rows = rowsOf(
    [Math.SQRT2, -HALF, 0],
    [0, Math.sqrt(3 / 2), -Math.sqrt(2 / 3)],
    [0, 0, 2 / Math.sqrt(3)],
  ).map((x, at) => x + [5, 0, -3][at % 3]);
  const { mean, components, shares } = await fitPca(rows, 3, 3);
  assertClose(mean, [5, 0, -3], 1e-6);
  assertClose(
    shares,
    [(2 + Math.SQRT2) / 6, 1 / 3, (2 - Math.SQRT2) / 6],
    1e-6,
  );
  assertClose(
    components,
    [-0.5, HALF, -0.5, HALF, 0, -HALF, 0.5, HALF, 0.5],
    1e-6,
  );
});

Deno.test("fitPca() gives the same signs for rows in any order and mirrored", async () => {
  const rows = normal(6 * 50, 12);
  const { components } = await fitPca(rows, 6, 6);
  const mirrored = await fitPca(rows.map((x) => -x), 6, 6);
  const turned = Float32Array.from(
    { length: rows.length },
    (_, at) => rows[rows.length - 6 - 6 * Math.floor(at / 6) + at % 6],
  );
  const reversed = await fitPca(turned, 6, 6);
  assertClose(mirrored.components, [...components], 1e-9);
  assertClose(reversed.components, [...components], 1e-9);
  for (let at = 0; at < 36; at += 6) {
    const direction = [...components.subarray(at, at + 6)];
    assert(Math.max(...direction) >= -Math.min(...direction));
  }
});

Deno.test("fitPca() of rows that are all the same has no directions", async () => {
  const rows = Float32Array.from(
    { length: 300 },
    (_, at) => [0.1, 7, -3][at % 3],
  );
  const { components, shares } = await fitPca(rows, 3, 2);
  assertEquals([...components], [0, 0, 0, 0, 0, 0]);
  assertEquals(shares, [NaN, NaN]);
});

/** All sign combinations of disjoint patterns around grey. */
const PATTERNS = [
  { pixels: 30, size: 60 },
  { pixels: 20, size: 40 },
  { pixels: 25, size: 30 },
  { pixels: 40, size: 3 },
];

function patternImages(): Uint8Array {
  const count = 2 ** PATTERNS.length;
  const images = new Uint8Array(count * IMAGE_PIXELS);
  for (let row = 0; row < count; row++) {
    let at = row * IMAGE_PIXELS + 100;
    PATTERNS.forEach(({ pixels, size }, p) => {
      const sign = row >> p & 1 ? 1 : -1;
      images.fill(100 + sign * size, at, at += pixels);
    });
  }
  return images;
}

Deno.test("fitPca() finds the components of a known covariance", async () => {
  // The covariance's eigenvalues are pixels·size², its eigenvectors the
  // patterns, so that what is left of d components is the sum of the others.
  const images = patternImages();
  const left = PATTERNS.map(({ pixels, size }) => pixels * size ** 2);
  for (const d of [1, 2, 3, 4, 6]) {
    const pca = await fitPca(images, IMAGE_PIXELS, d);
    const expected = left.slice(d).reduce((a, b) => a + b, 0);
    const errors = pcaErrors(pca, images);
    assertAlmostEquals(
      errors.reduce((a, b) => a + b) / errors.length,
      expected,
      1e-9,
    );
    for (const error of errors) assertAlmostEquals(error, expected, 1e-6);
    assertAlmostEquals(pca.mean[100], 100, 1e-9);
  }
  const { components } = await fitPca(images, IMAGE_PIXELS, 2);
  for (let p = 0, at = 100; p < 2; at += PATTERNS[p++].pixels) {
    // The first pixel of each pattern, of a vector of length one.
    assertAlmostEquals(
      components[p * IMAGE_PIXELS + at],
      1 / Math.sqrt(PATTERNS[p].pixels),
      1e-9,
    );
  }
});

Deno.test("pcaErrors() of images unlike those it was fitted on", async () => {
  const pca = await fitPca(patternImages(), IMAGE_PIXELS, 2);
  const image = new Uint8Array(IMAGE_PIXELS).fill(10); // all of it off the plane
  let expected = 0;
  for (let i = 0; i < IMAGE_PIXELS; i++) {
    expected += (10 - pca.mean[i]) ** 2;
  }
  for (let p = 0, at = 100; p < 2; at += PATTERNS[p++].pixels) {
    expected -= PATTERNS[p].pixels * 90 ** 2; // along a pattern
  }
  assertAlmostEquals(pcaErrors(pca, image)[0], expected, 1e-6);
});

Deno.test("fitPca() of one image leaves no error", async () => {
  const image = digits(1);
  const [error] = pcaErrors(await fitPca(image, IMAGE_PIXELS, 3), image);
  assertAlmostEquals(error, 0, 1e-12);
});

Deno.test("projectPca() finds the axes that points were spread along", async () => {
  // In three dimensions, 3 and 2 along two orthogonal directions, 0.1 across.
  const directions = [[2, -1, 2], [2, 2, -1], [-1, 2, 2]]
    .map((v) => v.map((x) => x / 3));
  const n = 20_000;
  const scales = [3, 2, 0.1];
  const draws = normal(3 * n, 6);
  const latents = new Float32Array(3 * n).map((_, at) => {
    const [row, k] = [at - at % 3, at % 3];
    return 5 + directions.reduce(
      (sum, direction, j) => sum + scales[j] * draws[row + j] * direction[k],
      0,
    );
  });
  const { points, shares } = await projectPca(latents, 3, 2);
  assertEquals(points.length, 2 * n);
  assertAlmostEquals(shares[0], 9 / 13.01, 0.01);
  assertAlmostEquals(shares[1], 4 / 13.01, 0.01);
  for (let i = 0; i < 200; i++) {
    assertAlmostEquals(points[2 * i], 3 * draws[3 * i], 0.2);
    assertAlmostEquals(points[2 * i + 1], 2 * draws[3 * i + 1], 0.2);
  }
});

Deno.test("projectPca() of all dimensions keeps every distance", async () => {
  const latents = normal(5 * 40, 7);
  const { points, shares } = await projectPca(latents, 5, 5);
  assertAlmostEquals(shares.reduce((a, b) => a + b), 1, 1e-9);
  const distance = (v: ArrayLike<number>, i: number, j: number) =>
    Math.hypot(
      ...[0, 1, 2, 3, 4].map((k) => v[5 * i + k] - v[5 * j + k]),
    );
  for (let i = 1; i < 40; i++) {
    assertAlmostEquals(
      distance(points, 0, i),
      distance(latents, 0, i),
      1e-5,
    );
  }
});

Deno.test("fitPca() finds the same axes from the products of few rows", async () => {
  // Seven rows of twelve columns, and each of them twice: the same moments.
  const columns = 12;
  const few = fillNormal(new Float32Array(7 * columns), [1, 2], 0);
  const many = new Float32Array(21 * few.length);
  for (let at = 0; at < many.length; at += few.length) many.set(few, at);
  const [a, b] = [
    await fitPca(few, columns, 8),
    await fitPca(many, columns, 8),
  ];
  a.shares.forEach((share, k) => assertAlmostEquals(share, b.shares[k], 1e-9));
  // Six directions are all that seven rows have; the rest are zeros.
  for (let at = 0; at < 6 * columns; at++) {
    assertAlmostEquals(a.components[at], b.components[at], 1e-6);
  }
  assertEquals(a.components.slice(6 * columns).every((x) => x === 0), true);
  pcaErrors(a, few).slice(0).forEach((error) =>
    assertAlmostEquals(error, 0, 1e-9)
  );
});
