import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { decomposeKl } from "../lib/metrics/decomposition.ts";
import { klDivergences, type Posterior } from "../lib/metrics/posterior.ts";
import { estimate } from "../lib/math/estimate.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";

/** Posteriors of n images from what μ and log σ² are of image i in dimension j. */
function posteriors(
  n: number,
  latentDim: number,
  of: (i: number, j: number) => [mu: number, logvar: number],
): Posterior {
  const mu = new Float32Array(n * latentDim), logvar = mu.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < latentDim; j++) {
      [mu[i * latentDim + j], logvar[i * latentDim + j]] = of(i, j);
    }
  }
  return { mu, logvar };
}

const meanKl = (posterior: Posterior, latentDim: number) =>
  estimate(klDivergences(posterior, latentDim).perImage).mean;

Deno.test("decomposeKl() finds no information in codes that are all the same", async () => {
  const same = posteriors(50, 3, (_, j) => [0.5 * j, -j]);
  const parts = await decomposeKl(same, 3);
  assertAlmostEquals(parts.mutualInformation.mean, 0, 1e-6);
  assertAlmostEquals(parts.totalCorrelation.mean, 0, 1e-6);
  assertAlmostEquals(parts.dimensionwiseKl.mean, meanKl(same, 3), 1e-6);
});

Deno.test("decomposeKl() finds log N where no two codes meet", async () => {
  const n = 30, latentDim = 3;
  // One image's z gives it away in each dimension: all N values are far apart.
  const apart = posteriors(n, latentDim, (i, j) => [100 * i * (j + 1), 0]);
  const parts = await decomposeKl(apart, latentDim);
  assertAlmostEquals(parts.maxInformation, Math.log(n), 1e-12);
  assertAlmostEquals(parts.mutualInformation.mean, Math.log(n), 1e-6);
  assertAlmostEquals(
    parts.totalCorrelation.mean,
    (latentDim - 1) * Math.log(n),
    1e-6,
  );
  const kl = meanKl(apart, latentDim);
  const rest = kl - latentDim * Math.log(n);
  assertAlmostEquals(parts.dimensionwiseKl.mean / rest, 1, 1e-6);
});

Deno.test("decomposeKl() agrees with the closed form of correlated Gaussians", async () => {
  // μ ~ N(0, S) and z ~ N(μ, s²): q(z) is about N(0, S + s²).
  const n = 3000, s2 = 0.25, spread = [1.1, 0.8], correlation = 0.9;
  const noise = fillNormal(
    new Float32Array(2 * n),
    streamKey(3, "sample"),
    0,
  );
  const posterior = posteriors(n, 2, (i, j) => {
    const first = noise[2 * i], second = noise[2 * i + 1];
    const mu = j === 0
      ? first
      : correlation * first + Math.sqrt(1 - correlation ** 2) * second;
    return [spread[j] * mu, Math.log(s2)];
  });
  const [a, b] = spread.map((sd) => sd ** 2 + s2);
  const covariance = correlation * spread[0] * spread[1];
  const determinant = a * b - covariance ** 2;
  const exact = {
    mutualInformation: Math.log(determinant / s2 ** 2) / 2,
    totalCorrelation: Math.log(a * b / determinant) / 2,
    dimensionwiseKl: (a - 1 - Math.log(a) + b - 1 - Math.log(b)) / 2,
  };
  const parts = await decomposeKl(posterior, 2);
  assertEquals(parts.draws, 2000);
  let sum = 0;
  for (const name of Object.keys(exact) as (keyof typeof exact)[]) {
    const { mean, standardError } = parts[name];
    // The sample of μ is not quite N(0, S): 1 / √(2n) of each variance.
    assertLess(Math.abs(mean - exact[name]), 4 * standardError + 0.03, name);
    assertLess(standardError, 0.03);
    sum += mean;
  }
  assertAlmostEquals(sum, meanKl(posterior, 2), 1e-9);
});

Deno.test("decomposeKl() finds no correlation in a single dimension", async () => {
  const posterior = posteriors(40, 1, (i) => [Math.sin(i), -2 + Math.cos(i)]);
  const { totalCorrelation } = await decomposeKl(posterior, 1);
  assertAlmostEquals(totalCorrelation.mean, 0, 1e-9);
  // Other draws, another estimate, within its error.
  const [first, second] = [
    await decomposeKl(posterior, 1, 1),
    await decomposeKl(posterior, 1, 2),
  ].map(({ mutualInformation }) => mutualInformation);
  const difference = Math.abs(first.mean - second.mean);
  assertLess(difference, 5 * first.standardError);
  assertLess(0, difference);
});
