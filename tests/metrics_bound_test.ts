import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertRejects,
} from "@std/assert";
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { estimate } from "../lib/math/estimate.ts";
import { sampleBounds } from "../lib/metrics/importance.ts";
import { measure } from "../lib/metrics/metrics.ts";
import { squaredErrors } from "../lib/metrics/pixels.ts";
import { klDivergences } from "../lib/metrics/posterior.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";

/**
 * x = Wz + b + noise of variance ½, with z ~ N(0, I): the likelihood that a
 * squared error means, of a linear decoder. The columns of W are orthogonal, so
 * that the exact posterior is a diagonal Gaussian.
 */
const LATENTS = 2;
const SCALES = [0.15, 0.08];
const OFFSET = 0.4;

/** W: even pixels belong to the first latent, odd ones to the second. */
function weight(pixel: number, latent: number): number {
  if (pixel % LATENTS !== latent) return 0;
  return SCALES[latent] * (pixel % 3 - 1);
}

const NORMS = SCALES.map((_, j) => {
  let sum = 0;
  for (let i = 0; i < IMAGE_PIXELS; i++) sum += weight(i, j) ** 2;
  return sum;
});

/** Decodes by W and encodes by an exact posterior that is then distorted. */
class LinearEngine {
  constructor(readonly shift = 0, readonly stretch = 1) {}

  decode(z: Float32Array): Promise<Float32Array> {
    const means = new Float32Array(z.length / LATENTS * IMAGE_PIXELS);
    for (let at = 0; at < means.length; at++) {
      const i = at % IMAGE_PIXELS, j = i % LATENTS;
      const row = (at - i) / IMAGE_PIXELS;
      means[at] = OFFSET + weight(i, j) * z[row * LATENTS + j];
    }
    return Promise.resolve(means);
  }

  async score(z: Float32Array, images: Uint8Array): Promise<Float64Array> {
    return squaredErrors(await this.decode(z), images);
  }

  encode(images: Uint8Array) {
    const n = images.length / IMAGE_PIXELS;
    const mu = new Float32Array(n * LATENTS), logvar = mu.slice();
    for (let row = 0; row < n; row++) {
      for (let j = 0; j < LATENTS; j++) {
        // Precision 1 + 2‖w‖², mean 2w·(x − b) / precision.
        const precision = 1 + 2 * NORMS[j];
        let along = 0;
        for (let i = 0; i < IMAGE_PIXELS; i++) {
          const x = images[row * IMAGE_PIXELS + i] / 255;
          along += weight(i, j) * (x - OFFSET);
        }
        const sigma = this.stretch / Math.sqrt(precision);
        mu[row * LATENTS + j] = 2 * along / precision + this.shift * sigma;
        logvar[row * LATENTS + j] = 2 * Math.log(sigma);
      }
    }
    return Promise.resolve({ mu, logvar });
  }
}

/** Images that the model itself could have drawn, but for rounding. */
async function draw(n: number): Promise<ImageSet> {
  const key = streamKey(1, "sample");
  const z = fillNormal(new Float32Array(n * LATENTS), key, 0);
  const means = await new LinearEngine().decode(z);
  const noise = fillNormal(new Float32Array(means.length), key, 1);
  return {
    images: Uint8Array.from(
      means,
      (m, i) => Math.max(0, Math.min(255, 255 * (m + 0.2 * noise[i]))),
    ),
    labels: null,
    count: n,
  };
}

/** log N(x; b, WWᵀ + ½I) of each image, by Cholesky on the whole matrix. */
function exactLogLikelihoods(images: Uint8Array): number[] {
  const d = IMAGE_PIXELS;
  const lower = Array.from({ length: d }, () => new Float64Array(d));
  let logDeterminant = 0;
  for (let i = 0; i < d; i++) {
    for (let k = 0; k <= i; k++) {
      let sum = i === k ? 0.5 : 0;
      for (let j = 0; j < LATENTS; j++) sum += weight(i, j) * weight(k, j);
      for (let m = 0; m < k; m++) sum -= lower[i][m] * lower[k][m];
      lower[i][k] = i === k ? Math.sqrt(sum) : sum / lower[k][k];
    }
    logDeterminant += 2 * Math.log(lower[i][i]);
  }
  return Array.from({ length: images.length / d }, (_, row) => {
    const solved = new Float64Array(d);
    let square = 0;
    for (let i = 0; i < d; i++) {
      let sum = images[row * d + i] / 255 - OFFSET;
      for (let m = 0; m < i; m++) sum -= lower[i][m] * solved[m];
      solved[i] = sum / lower[i][i];
      square += solved[i] ** 2;
    }
    return -(square + logDeterminant + d * Math.log(2 * Math.PI)) / 2;
  });
}

const set = await draw(300);
const exact = exactLogLikelihoods(set.images);

async function boundsOf(engine: LinearEngine, samples: number, seed = 0) {
  const posterior = await engine.encode(set.images);
  const { reconstruction, bound } = await sampleBounds(
    engine,
    set.images,
    posterior,
    { likelihood: "mse", samples, seed },
  );
  return { reconstruction, gap: estimate(bound.map((b, i) => b - exact[i])) };
}

Deno.test("sampleBounds() is log p(x) of each image under the exact posterior", async () => {
  const engine = new LinearEngine();
  const posterior = await engine.encode(set.images);
  for (const samples of [1, 3]) {
    const { bound } = await sampleBounds(engine, set.images, posterior, {
      likelihood: "mse",
      samples,
      seed: 0,
    });
    bound.forEach((value, i) => assertAlmostEquals(value, exact[i], 1e-3));
  }
});

/** KL of the distorted posterior from the exact one, by which the ELBO lacks. */
function lack({ shift, stretch }: LinearEngine): number {
  // In units of the exact σ the mean is off by shift·stretch.
  const perLatent = (stretch ** 2 + (shift * stretch) ** 2 - 1) / 2 -
    Math.log(stretch);
  return LATENTS * perLatent;
}

Deno.test("sampleBounds() of one draw is the ELBO on average", async () => {
  const engine = new LinearEngine(0.5, 1.2);
  const { gap } = await boundsOf(engine, 1);
  assertLess(
    Math.abs(gap.mean + lack(engine)),
    4 * gap.standardError,
  );
  assertGreater(lack(engine), 5 * gap.standardError); // so it is not log p(x)
});

Deno.test("sampleBounds() rises with the draws, to log p(x)", async () => {
  const engine = new LinearEngine(0.5, 1.2);
  const gaps = [];
  for (const samples of [1, 4, 16, 256]) {
    gaps.push((await boundsOf(engine, samples)).gap);
  }
  for (let i = 1; i < gaps.length; i++) {
    assertGreater(gaps[i].mean, gaps[i - 1].mean);
  }
  const last = gaps[gaps.length - 1];
  // What is left of the bias is about half the variance of a weight over K.
  assertLess(Math.abs(last.mean), 4 * last.standardError + 0.01);
  assertLess(last.standardError, 0.02);
});

Deno.test("sampleBounds() draws from the seed, whatever comes before", async () => {
  const engine = new LinearEngine();
  const run = async (images: Uint8Array, seed: number) =>
    (await sampleBounds(engine, images, await engine.encode(images), {
      likelihood: "mse",
      samples: 2,
      seed,
    })).reconstruction;
  const whole = await run(set.images, 5);
  assertEquals(await run(set.images, 5), whole);
  const head = await run(set.images.subarray(0, 7 * IMAGE_PIXELS), 5);
  assertEquals(head, whole.subarray(0, 7));
  assertGreater(
    Math.abs((await run(set.images, 6))[0] - whole[0]),
    1e-6,
  );
});

Deno.test("sampleBounds() survives weights that exp() cannot hold", async () => {
  const dark = new Uint8Array(IMAGE_PIXELS);
  const { bound } = await sampleBounds(
    {
      score: (z) => Promise.resolve(new Float64Array(z.length).fill(784 * 81)),
    },
    dark,
    { mu: new Float32Array(1), logvar: new Float32Array(1) },
    { likelihood: "mse", samples: 4, seed: 0 },
  );
  assertAlmostEquals(
    bound[0],
    -784 * 81 - 392 * Math.log(Math.PI),
    1e-6,
  );
});

Deno.test("sampleBounds() counts the draws that matter", async () => {
  // Under the exact posterior all weights are p(x).
  const exactly = new LinearEngine();
  const some = set.images.subarray(0, 20 * IMAGE_PIXELS);
  const sampling = { likelihood: "mse", samples: 400, seed: 0 } as const;
  const all = await sampleBounds(
    exactly,
    some,
    await exactly.encode(some),
    sampling,
  );
  all.effectiveSamples.forEach((n) => assertAlmostEquals(n / 400, 1, 1e-2));

  // With σ stretched by s each latent has E w² / (E w)² = s² / √(2s² − 1).
  const stretch = 1.3;
  const wide = new LinearEngine(0, stretch);
  const { effectiveSamples } = await sampleBounds(
    wide,
    set.images,
    await wide.encode(set.images),
    sampling,
  );
  const share = (Math.sqrt(2 * stretch ** 2 - 1) / stretch ** 2) ** LATENTS;
  const { mean, standardError } = estimate(
    effectiveSamples.map((n) => n / 400),
  );
  assertLess(Math.abs(mean - share), 4 * standardError + 1 / 400);
});

Deno.test("sampleBounds() is log-mean-exp of weights in any order", async () => {
  // Scores that fall and rise by hundreds, so that the largest moves often.
  const losses = [900, 300, 301, 1000, 299.5, 700, 299];
  let k = 0;
  const { bound, effectiveSamples, reconstruction } = await sampleBounds(
    { score: () => Promise.resolve(Float64Array.of(losses[k++])) },
    new Uint8Array(IMAGE_PIXELS),
    // z = μ = 0 to 1e-9, so that log p(z) / q(z|x) is ε² / 2 − 20.
    { mu: new Float32Array(1), logvar: Float32Array.of(-40) },
    { likelihood: "bce", samples: losses.length, seed: 0 },
  );
  const key = streamKey(0, "evaluation");
  const logWeights = losses.map((loss, k) => {
    const [epsilon] = fillNormal(new Float32Array(1), key, 2 ** 31 + k);
    return epsilon ** 2 / 2 - 20 - loss;
  });
  const largest = Math.max(...logWeights);
  const weights = logWeights.map((w) => Math.exp(w - largest));
  const sum = weights.reduce((a, b) => a + b);
  const squares = weights.reduce((a, b) => a + b * b, 0);
  assertAlmostEquals(bound[0], largest + Math.log(sum / 7), 1e-9);
  assertAlmostEquals(effectiveSamples[0], sum ** 2 / squares, 1e-9);
  assertAlmostEquals(
    reconstruction[0],
    losses.reduce((a, b) => a + b) / 7,
    1e-9,
  );
});

const model = {
  latentDim: LATENTS,
  likelihood: "mse",
  autoencoder: false,
} as const;

Deno.test("measure() has log p(x) as its ELBO under the exact posterior", async () => {
  const engine = new LinearEngine();
  const metrics = await measure({
    engine,
    model,
    images: set,
    train: set,
    samples: 8,
  });
  const truth = estimate(exact);
  // The ELBO has noise of its own, of its draws: √2 in squared error by latent.
  const posterior = await engine.encode(set.images);
  const { reconstruction } = await boundsOf(engine, 8);
  const { perImage } = klDivergences(posterior, LATENTS);
  const noise = estimate(
    reconstruction.map((r, i) =>
      -r - 392 * Math.log(Math.PI) - perImage[i] - exact[i]
    ),
  );
  assertLess(Math.abs(noise.mean), 4 * noise.standardError);
  assertAlmostEquals(metrics.elbo!.mean - truth.mean, noise.mean, 1e-6);
  assertAlmostEquals(metrics.importanceWeighted!.mean, truth.mean, 1e-3);
  assertAlmostEquals(
    metrics.importanceWeighted!.standardError,
    truth.standardError,
    1e-4,
  );
  const { rate, distortion } = metrics.rateDistortion!;
  assertAlmostEquals(rate.mean + distortion.mean, -metrics.elbo!.mean, 1e-9);
  assertAlmostEquals(rate.mean, metrics.kl!.mean);
  assertAlmostEquals(
    metrics.klPerDimension!.reduce((sum, { mean }) => sum + mean, 0),
    metrics.kl!.mean,
    1e-9,
  );
  // Of data from a linear model, its own plane is close to the best.
  assertLess(metrics.pcaSquaredError.mean, metrics.squaredError.mean);
  assertLess(metrics.squaredError.mean, 1.1 * metrics.pcaSquaredError.mean);
  assertAlmostEquals(
    metrics.squaredErrorPerPixel.mean,
    metrics.squaredError.mean / 784,
    1e-12,
  );
});

Deno.test("measure() fits the variance of a pixel to the training images", async () => {
  const engine = new LinearEngine(0.5, 1.2);
  const { bestVariance, reconstruction, kl } = await measure({
    engine,
    model,
    images: set,
    train: set,
    samples: 1,
  });
  const { variance, elbo } = bestVariance!;
  assertAlmostEquals(variance, reconstruction.mean / IMAGE_PIXELS, 1e-9);
  // Where it is fitted the closed form: −392·(log 2πσ² + 1) − KL.
  const closed = -IMAGE_PIXELS / 2 * (Math.log(2 * Math.PI * variance) + 1);
  assertAlmostEquals(elbo.mean, closed - kl!.mean, 1e-6);

  const half = {
    ...set,
    images: set.images.slice(0, 150 * IMAGE_PIXELS),
    count: 150,
  };
  const other = await measure({
    engine,
    model,
    images: { ...half },
    train: { ...set, images: set.images.slice(150 * IMAGE_PIXELS), count: 150 },
    samples: 1,
  });
  // Not the best of the images measured, and still better than σ² = ½.
  const own = await measure({
    engine,
    model,
    images: half,
    train: half,
    samples: 1,
  });
  assertLess(other.bestVariance!.elbo.mean, own.bestVariance!.elbo.mean);
  assertGreater(other.bestVariance!.elbo.mean, other.elbo!.mean);
});

Deno.test("measure() speaks of an NLL from 1000 draws on, and not of grey pixels", async () => {
  const few = {
    ...set,
    images: set.images.slice(0, 2 * IMAGE_PIXELS),
    count: 2,
  };
  const binary = { ...few, images: few.images.map((p) => p < 128 ? 0 : 255) };
  const run = async (
    images: ImageSet,
    likelihood: "mse" | "bce",
    samples: number,
  ) => {
    const engine = new LinearEngine();
    const measured = { model: { ...model, likelihood }, images, train: images };
    const { nll, importanceWeighted } = await measure({
      engine,
      ...measured,
      samples,
    });
    if (nll) assertAlmostEquals(nll.mean, -importanceWeighted!.mean, 1e-9);
    return nll !== null;
  };
  assertEquals(await run(few, "mse", 999), false);
  assertEquals(await run(few, "mse", 1000), true);
  assertEquals(await run(few, "bce", 1000), false);
  assertEquals(await run(binary, "bce", 1000), true);
  assertEquals(await run(binary, "bce", 999), false);
});

Deno.test("measure() has no bounds of an autoencoder", async () => {
  const metrics = await measure({
    engine: new LinearEngine(),
    model: { ...model, autoencoder: true },
    images: set,
    train: set,
    samples: 2,
  });
  for (
    const name of [
      ...["kl", "klPerDimension", "klDecomposition", "rateDistortion"],
      ...["elbo", "bestVariance", "importanceWeighted", "nll"],
      ...["effectiveSamples", "fewEffectiveSamples"],
    ] as const
  ) assertEquals(metrics[name as keyof typeof metrics], null, name);
  // z = μ: nothing is drawn, and σ adds nothing to the variance of z.
  assertEquals(metrics.reconstruction, metrics.squaredError);
  const { mu } = await new LinearEngine().encode(set.images);
  const first = Array.from({ length: set.count }, (_, i) => mu[2 * i]);
  const mean = first.reduce((a, b) => a + b) / set.count;
  assertAlmostEquals(
    metrics.aggregatedPosterior.variance[0],
    first.reduce((sum, m) => sum + (m - mean) ** 2, 0) / set.count,
    1e-9,
  );
  assertEquals(metrics.notes.length, 2); // and there are no labels
});

Deno.test("measure() says nothing of classes where it cannot", async () => {
  const labels = Uint8Array.from({ length: set.count }, (_, i) => i % 3);
  const labelled = { ...set, labels };
  const run = (images: ImageSet, train: ImageSet) =>
    measure({ engine: new LinearEngine(), model, images, train, samples: 1 });

  const full = await run(labelled, { ...labelled });
  // Each image is among its own neighbours here, so most labels are found.
  assertGreater(full.neighborAccuracy!.mean, 1 / 3);
  assertGreater(full.probeAccuracy!.mean, 0.2);
  assertLess(full.mutualInformationGap!, 0.1);
  assertEquals(full.notes, []);

  const own = await run(labelled, labelled);
  assertEquals([own.neighborAccuracy, own.probeAccuracy], [null, null]);
  assertEquals(own.mutualInformationGap, full.mutualInformationGap);
  assertEquals(own.notes.length, 1);

  const bare = await run(set, { ...set });
  assertEquals(
    [bare.neighborAccuracy, bare.probeAccuracy, bare.mutualInformationGap],
    [null, null, null],
  );
  assertEquals(bare.notes.length, 1);
});

Deno.test("measure() refuses an empty set, and stops where it is told", async () => {
  const empty = { images: new Uint8Array(), labels: null, count: 0 };
  const rest = { engine: new LinearEngine(), model, train: set };
  await assertRejects(
    () => measure({ ...rest, images: empty }),
    RangeError,
    "no images",
  );
  const stages: string[] = [];
  await assertRejects(
    () =>
      measure({
        ...rest,
        images: set,
        onProgress: (stage, fraction) => {
          stages.push(stage);
          assertLessOrEqual(fraction, 1);
          if (stage === "sampling") throw new Error("enough");
        },
      }),
    Error,
    "enough",
  );
  assertEquals([...new Set(stages)], ["encoding", "sampling"]);
});
