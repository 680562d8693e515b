import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertRejects,
} from "@std/assert";
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { estimate } from "../lib/math/estimate.ts";
import { measure } from "../lib/metrics/metrics.ts";
import { klDivergences } from "../lib/metrics/posterior.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import {
  boundsOf,
  exact,
  LATENTS,
  LinearEngine,
  set,
} from "./linear_engine.ts";

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

Deno.test("measure() names images on which the encoder is beside itself", async () => {
  class Wild extends LinearEngine {
    override async encode(images: Uint8Array) {
      const posterior = await super.encode(images);
      posterior.logvar[2] = 700;
      posterior.logvar[4] = 1e5; // whose variance is endless
      return posterior;
    }
  }
  const measured = { model, images: set, train: set, samples: 1 };
  const { notes } = await measure({ engine: new Wild(), ...measured });
  assertMatch(notes[0], /^2 images with a KL above 10000 nats/);
});
