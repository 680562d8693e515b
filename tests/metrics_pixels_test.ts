import { assertAlmostEquals, assertEquals } from "@std/assert";
import { estimate, pairedDifference } from "../lib/math/estimate.ts";
import {
  gaussianLoss,
  isBlackOrWhite,
  logNormalizer,
  squaredErrors,
} from "../lib/metrics/pixels.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { fillUniform, streamKey } from "../lib/rng.ts";
import { digits } from "./engine_suite.ts";

const key = streamKey(4, "sample");

function uniforms(n: number, draw: number): Float32Array {
  return fillUniform(new Float32Array(n), key, draw);
}

Deno.test("estimate() has the standard error that a bootstrap finds", () => {
  const n = 400, resamples = 4000;
  const values = uniforms(n, 0).map((u) => -Math.log(u)); // far from normal
  const { mean, standardError } = estimate(values);
  const picks = uniforms(n * resamples, 1);
  let sum = 0, squares = 0;
  for (let b = 0; b < resamples; b++) {
    let resampled = 0;
    for (let i = 0; i < n; i++) {
      resampled += values[Math.floor(picks[b * n + i] * n)] / n;
    }
    sum += resampled - mean;
    squares += (resampled - mean) ** 2;
  }
  const spread = Math.sqrt(squares / resamples - (sum / resamples) ** 2);
  assertAlmostEquals(standardError / spread, 1, 0.05);
});

Deno.test("estimate() of one value has no standard error", () => {
  assertEquals(estimate([4]), { mean: 4, standardError: NaN });
});

Deno.test("pairedDifference() leaves out what both have in common", () => {
  const a = [1, 5, 9, 3], b = [0.5, 5.5, 8, 3];
  const { mean, standardError } = pairedDifference(a, b);
  assertAlmostEquals(mean, 0.25);
  // Of ½, −½, 1, 0: variance 1.25 / 3.
  assertAlmostEquals(standardError, Math.sqrt(1.25 / 3 / 4), 1e-12);
});

Deno.test("gaussianLoss() is that of logNormalizer() for σ² = ½, and a density", () => {
  assertAlmostEquals(gaussianLoss(7, 0.5), 7 + logNormalizer("mse"), 1e-9);
  const variance = 0.03, step = 1e-3;
  let sum = 0;
  for (let x = -3; x < 3; x += step) {
    // Of one pixel, the others being exact: a 784th of the constant.
    const others = 783 / 2 * Math.log(2 * Math.PI * variance);
    sum += Math.exp(others - gaussianLoss(x ** 2, variance)) * step;
  }
  assertAlmostEquals(sum, 1, 1e-6);
});

Deno.test("squaredErrors() sums each image's pixels by the formula", () => {
  const n = 3;
  const means = uniforms(n * IMAGE_PIXELS, 2);
  const images = digits(n);
  const errors = squaredErrors(means, images);
  assertEquals(errors.length, n);
  for (let row = 0; row < n; row++) {
    let expected = 0;
    for (let i = row * IMAGE_PIXELS; i < (row + 1) * IMAGE_PIXELS; i++) {
      expected += (means[i] - images[i] / 255) ** 2;
    }
    assertAlmostEquals(errors[row], expected, 1e-9);
  }
});

Deno.test("logNormalizer() makes the squared error a density", () => {
  // ∫ exp(−(x − m)²) dx of a pixel must be e^(constant / 784).
  const h = 0.01;
  let integral = 0;
  for (let x = -20; x <= 20; x += h) {
    integral += h * Math.exp(-((x - 0.3) ** 2));
  }
  assertAlmostEquals(
    logNormalizer("mse") / IMAGE_PIXELS,
    Math.log(integral),
    1e-9,
  );
  // Of a binary pixel, the probabilities of black and white sum to 1 as it is.
  assertEquals(logNormalizer("bce"), 0);
});

Deno.test("isBlackOrWhite() sees a single grey pixel", () => {
  const images = new Uint8Array(2 * IMAGE_PIXELS).fill(255, 5, 900);
  assertEquals(isBlackOrWhite(images), true);
  images[900] = 254;
  assertEquals(isBlackOrWhite(images), false);
});
