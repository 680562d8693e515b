import { assertAlmostEquals, assertEquals } from "@std/assert";
import { accuracy, estimate } from "../lib/math/estimate.ts";
import { logNormalizer, squaredErrors } from "../lib/metrics/pixels.ts";
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

Deno.test("accuracy() has the standard error of a share", () => {
  const labels = new Uint8Array(100).fill(3);
  const predicted = labels.map((label, i) => i < 80 ? label : 1);
  const { mean, standardError } = accuracy(predicted, labels);
  assertAlmostEquals(mean, 0.8);
  assertAlmostEquals(standardError, Math.sqrt(0.8 * 0.2 / 99), 1e-12);
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
