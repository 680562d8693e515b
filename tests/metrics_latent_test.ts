import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import {
  classInformation,
  mutualInformationGap,
  normalCdf,
} from "../lib/metrics/information.ts";
import {
  activeUnits,
  aggregatedPosterior,
  klDivergences,
} from "../lib/metrics/posterior.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";

/** ∫ f from −40 to 40, by the trapezoid rule: exact for smooth bells. */
function integral(f: (z: number) => number): number {
  const h = 1 / 256;
  let sum = 0;
  for (let z = -40; z <= 40; z += h) sum += h * f(z);
  return sum;
}

function normalPdf(z: number, mu = 0, sigma = 1): number {
  return Math.exp(-(((z - mu) / sigma) ** 2) / 2) /
    (sigma * Math.sqrt(2 * Math.PI));
}

Deno.test("klDivergences() is the integral of q log(q / p)", () => {
  const mu = Float32Array.of(0, 1.5, -3, 0.25);
  const logvar = Float32Array.of(0, -2, 1, -4);
  const { perImage, perDimension } = klDivergences({ mu, logvar }, 2);
  const expected = Array.from(mu, (m, i) => {
    const sigma = Math.exp(logvar[i] / 2);
    return integral((z) => {
      const q = normalPdf(z, m, sigma);
      if (q === 0) return 0;
      const logRatio = z * z / 2 - ((z - m) / sigma) ** 2 / 2 - Math.log(sigma);
      return q * logRatio;
    });
  });
  expected.forEach((kl, i) =>
    assertAlmostEquals(perDimension[i % 2][Math.floor(i / 2)], kl, 1e-6)
  );
  assertAlmostEquals(perImage[0], expected[0] + expected[1], 1e-6);
  assertAlmostEquals(perImage[1], expected[2] + expected[3], 1e-6);
});

Deno.test("klDivergences() keeps what is left of a collapsed dimension", () => {
  const { perImage } = klDivergences(
    { mu: Float32Array.of(0), logvar: Float32Array.of(2 ** -30) },
    1,
  );
  assertAlmostEquals(perImage[0], 2 ** -62, 2 ** -68); // x²/4
});

Deno.test("activeUnits() counts variances of μ above 0.01", () => {
  // ±m has the variance m²; the last column is constant.
  const mu = Float32Array.of(0.11, 0.09, 2, 7, -0.11, -0.09, -2, 7);
  assertEquals(activeUnits(mu, 4), 2);
});

Deno.test("aggregatedPosterior() has the moments of draws from it", () => {
  const posterior = {
    mu: Float32Array.of(1, -2, 3, 0.5),
    logvar: Float32Array.of(Math.log(2), -1, Math.log(4), 0),
  };
  const { mean, variance } = aggregatedPosterior(posterior, 2);
  assertAlmostEquals(mean[0], 2);
  assertAlmostEquals(variance[0], 1 + 3, 1e-6); // Var[1, 3] + E[2, 4]
  const draws = 200_000;
  const noise = fillNormal(
    new Float32Array(2 * draws),
    streamKey(0, "sample"),
    0,
  );
  let sum = 0, squares = 0;
  for (let i = 0; i < noise.length; i++) {
    const at = 2 * (i % 2) + 1;
    const z = posterior.mu[at] + Math.exp(posterior.logvar[at] / 2) * noise[i];
    sum += z;
    squares += z * z;
  }
  const drawn = sum / noise.length;
  assertAlmostEquals(mean[1], drawn, 0.01);
  assertAlmostEquals(variance[1], squares / noise.length - drawn ** 2, 0.02);
});

Deno.test("normalCdf() is the integral of the density", () => {
  for (const x of [-6, -2.5, -0.3, 0, 0.7, 1, 3, 5]) {
    const steps = 20_000, h = (x + 12) / steps;
    let sum = 0;
    for (let i = 0; i < steps; i++) sum += h * normalPdf((i + 0.5) * h - 12);
    assertAlmostEquals(normalCdf(x), sum, 1e-7);
  }
  assertEquals([normalCdf(-Infinity), normalCdf(Infinity)], [0, 1]);
});

const COUNT = 2000;
const labels = Uint8Array.from({ length: COUNT }, (_, i) => i % 10);

/** Codes of two dimensions with a small posterior noise. */
function codes(first: (i: number) => number, second: (i: number) => number) {
  const mu = Float32Array.from(
    { length: 2 * COUNT },
    (_, at) => (at % 2 ? second : first)(at >> 1),
  );
  return { mu, logvar: new Float32Array(2 * COUNT).fill(-8) };
}

const noise = fillNormal(
  new Float32Array(2 * COUNT),
  streamKey(2, "sample"),
  0,
);

Deno.test("mutualInformationGap() of a code that names the class is 1", () => {
  const perfect = codes((i) => labels[i], (i) => noise[i]);
  assertAlmostEquals(mutualInformationGap(perfect, labels, 2)!, 1, 0.03);
});

Deno.test("mutualInformationGap() of noise, or of a code twice, is 0", () => {
  const random = codes((i) => noise[i], (i) => noise[COUNT + i]);
  assertAlmostEquals(mutualInformationGap(random, labels, 2)!, 0, 0.01);
  const twice = codes((i) => labels[i], (i) => -3 * labels[i]);
  assertAlmostEquals(mutualInformationGap(twice, labels, 2)!, 0, 1e-5);
});

Deno.test("mutualInformationGap() needs two dimensions and two classes", () => {
  const posterior = codes((i) => labels[i], (i) => noise[i]);
  assertEquals(
    mutualInformationGap(posterior, labels.slice().fill(4), 2),
    null,
  );
  const single = {
    mu: posterior.mu.subarray(0, COUNT),
    logvar: posterior.logvar.subarray(0, COUNT),
  };
  assertEquals(mutualInformationGap(single, labels, 1), null);
});

Deno.test("classInformation() is the mutual information of two bells", () => {
  const classes = Uint8Array.of(0, 1);
  for (const apart of [0.5, 1, 2]) {
    const mu = Float32Array.of(-apart, apart);
    const logvar = new Float32Array(2);
    const [information] = classInformation({ mu, logvar }, classes, 1);
    const expected = integral((z) => {
      const a = normalPdf(z, -apart), b = normalPdf(z, apart);
      if (a === 0 || b === 0) return 0;
      const both = (a + b) / 2;
      return (a * Math.log(a / both) + b * Math.log(b / both)) / 2;
    });
    // Cutting z into pieces can only lose information, and loses little.
    assertLess(information, expected + 1e-6);
    assertAlmostEquals(information, expected, 0.02 * expected);
  }
});
