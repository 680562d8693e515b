/**
 * The part of the engine suite about what is minimised, and about pixels that a
 * step draws for itself.
 */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { drawPixels } from "../lib/dataset/binarize.ts";
import type { EngineOptions } from "../lib/engine/engine.ts";
import { relativeError } from "../lib/engine_check.ts";
import { arenaIndices, IMAGE_PIXELS, modelSpec } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import {
  constant,
  digits,
  type EngineTest,
  firstStep,
  forgetImages,
  gradientError,
  hyper,
  inOrder,
  plain,
  slopeAlongGradient,
} from "./engine_steps.ts";

const { latentDim, seed } = plain;
const spec = modelSpec(latentDim);
const { mu, logvar, pixel, kl } = constant;

/** Noise of so many rows, so that no draw has all the weight. */
function quietNoise(rows: number): Float32Array {
  return fillNormal(new Float32Array(rows * latentDim), [5, 6], 0)
    .map((e) => 0.01 * e);
}

/** Where the decoder's parameters lie. */
function decoderIndices(): number[] {
  return spec.parameters
    .filter(({ name }) => /^(fc_decode|decoder)/.test(name))
    .flatMap((tensor) => [...arenaIndices(tensor)]);
}

/** Registers the tests for one engine. */
export function testObjectives(test: EngineTest): void {
  test("trainStep() draws pixels of its own (dynamic)", async (make) => {
    const [images, order] = [digits(6), Uint32Array.of(3, 4, 0, 5, 2)];
    const batch = { first: 1, count: 3, step: 7 };
    const pixels = new Uint8Array(3 * IMAGE_PIXELS);
    [4, 0, 5].forEach((row, i) =>
      pixels.set(
        images.subarray(row * IMAGE_PIXELS, (row + 1) * IMAGE_PIXELS),
        i * IMAGE_PIXELS,
      )
    );
    drawPixels(pixels, streamKey(seed, "binarize"), batch.step);

    const drawing = await make({ likelihood: "bce", binarize: "dynamic" });
    const given = await make({ likelihood: "bce" });
    // What is not trained on is drawn by whoever has it.
    assertEquals(await drawing.encode(images), await given.encode(images));
    drawing.setImages(images);
    drawing.setOrder(order);
    await drawing.trainStep(batch, hyper);
    given.setImages(pixels);
    given.setOrder(inOrder(3));
    await given.trainStep({ ...batch, first: 0 }, hyper);
    // One pixel of another colour would be a difference of 1e-4 or more.
    const [ours, theirs] = [
      await drawing.takeLosses(),
      await given.takeLosses(),
    ];
    assertAlmostEquals(ours.total / theirs.total, 1, 1e-6);
    const { expAvg } = await drawing.readState();
    assertLess(relativeError(expAvg, (await given.readState()).expAvg), 1e-5);
  });

  for (
    const model of [
      { objective: "iwae", importanceSamples: 2 },
      { objective: "btc" },
    ] as const
  ) {
    const { objective } = model;
    test(`trainStep() takes a smaller last batch (${objective})`, async (make) => {
      const key = streamKey(seed, "epsilon");
      const rows = objective === "iwae" ? 2 * 2 : 2;
      const epsilon = fillNormal(new Float32Array(rows * latentDim), key, 9);
      const larger = await make({ ...model, batchSize: 8 });
      const tcWeight = objective === "btc" ? 4 : null; // what it is by itself
      const same = await make({ ...model, tcWeight, batchSize: 2 });
      const drawn = await firstStep(larger, digits(2), { step: 9 });
      const given = await firstStep(same, digits(2), { step: 9, epsilon });
      assertLess(relativeError(drawn.expAvg, given.expAvg), 1e-5);
      const [{ total }, { total: expected }] = [
        await larger.takeLosses(),
        await same.takeLosses(),
      ];
      assertAlmostEquals(total / expected, 1, 1e-6);
    });
  }

  test("trainStep() has the slope of the loss (btc)", async (make) => {
    const engine = await make({ objective: "btc", tcWeight: 20 });
    const slope = await slopeAlongGradient(engine, digits(2), hyper);
    assertAlmostEquals(slope, 1, 0.03);
  });

  test("trainStep() has the slope of the loss (free nats)", async (make) => {
    const images = digits(2);
    const first = await make();
    await firstStep(first, images);
    const { klPerDimension } = await first.takeLosses();
    const [, middle, high] = klPerDimension.map((kl) => kl / 2).sort();
    // Two of the three dimensions are free.
    const engine = await make({ freeBits: (middle + high) / 2 });
    const knobs = { ...hyper, beta: 1000 };
    const slope = await slopeAlongGradient(engine, images, knobs);
    assertAlmostEquals(slope, 1, 0.03);
  });

  test(
    "trainStep() has the decoder's slope of the loss (iwae)",
    async (make) => {
      // With respect to the decoder the gradient is that of the loss; to the
      // encoder it is so in the mean alone.
      const engine = await make({
        likelihood: "bce",
        objective: "iwae",
        importanceSamples: 3,
      });
      const slope = await slopeAlongGradient(engine, digits(1), hyper, {
        epsilon: quietNoise(3),
        along: decoderIndices(),
      });
      assertAlmostEquals(slope, 1, 0.03);
    },
  );

  test("trainStep() of one draw sticks the landing (iwae)", async (make) => {
    const images = digits(2);
    const one = await make({ objective: "iwae", importanceSamples: 1 });
    const stl = await make({ klGradient: "stl" });
    const states = [
      await firstStep(one, images),
      await firstStep(stl, images),
    ] as const;
    for (const tensor of spec.parameters) {
      // A bias before a norm may have no gradient but rounding.
      if (/coder.*bias/.test(tensor.name)) continue;
      const error = gradientError(tensor, ...states);
      assertLess(error, 1e-4, `gradient of ${tensor.name}`);
    }
    const [ours, theirs] = [await one.takeLosses(), await stl.takeLosses()];
    assertAlmostEquals(ours.reconstruction / theirs.reconstruction, 1, 1e-6);
    assertLess(
      relativeError(ours.klPerDimension, theirs.klPerDimension),
      1e-6,
    );
  });

  test("trainStep() of a tcWeight of 1 has the elbo (btc)", async (make) => {
    const [btc, elbo] = [
      await make({ objective: "btc", tcWeight: 1 }),
      await make(),
    ];
    const states = [
      await firstStep(btc, digits(2)),
      await firstStep(elbo, digits(2)),
    ];
    assertLess(relativeError(states[0].expAvg, states[1].expAvg), 1e-5);
    const [ours, theirs] = [await btc.takeLosses(), await elbo.takeLosses()];
    assertAlmostEquals(ours.total / theirs.total, 1, 1e-6);
  });

  test("trainStep() leaves a KL alone that is free (stl)", async (make) => {
    const free = await make({ klGradient: "stl", freeBits: 1000 });
    const none = await make({ klGradient: "stl" });
    const states = [
      await firstStep(free, digits(2)),
      await firstStep(none, digits(2), {}, { ...hyper, beta: 0 }),
    ];
    assertLess(relativeError(states[0].expAvg, states[1].expAvg), 1e-6);
  });

  const closedForms: [Partial<EngineOptions>, TotalOf][] = [
    [{ freeBits: 0.3 }, ({ reconstruction, kl }) =>
      // The KLs are 0.125, 0.611 and 0.074: two of them are free.
      reconstruction + 3 * Math.abs(0.3 + kl[1] + 0.3 - 2)],
    // All posteriors are one, so log q(z) is log q(z|x) − log N, of N images.
    [
      { objective: "btc", tcWeight: 6 },
      ({ reconstruction, kl, images }) =>
        reconstruction + kl.reduce((a, b) => a + b) +
        5 * (latentDim - 1) * Math.log(images),
    ],
    [{ objective: "iwae", importanceSamples: 2 }, iwaeOfConstant],
  ];
  for (const [model, totalOf] of closedForms) {
    const { objective = "elbo", freeBits } = model;
    const what = freeBits ? "free nats" : objective;
    test(
      `takeLosses() has the total in closed form (${what})`,
      async (make) => {
        const engine = await make(model);
        await forgetImages(engine);
        const images = digits(6);
        engine.setImages(images);
        engine.setOrder(inOrder(6));
        const rows = objective === "iwae" ? 2 : 1;
        const width = 2 * rows * latentDim;
        const epsilon = fillNormal(new Float32Array(2 * width), [5, 6], 0);
        let total = 0;
        for (const step of [0, 1]) {
          const noise = epsilon.subarray(step * width, (step + 1) * width);
          await engine.trainStep(
            { first: 2 * step, count: 2, step, epsilon: noise },
            { beta: 3, capacity: 2, learningRate: 0 },
          );
          for (const b of [0, 1]) {
            const at = (2 * step + b) * IMAGE_PIXELS;
            total += totalOf({
              reconstruction: images.subarray(at, at + IMAGE_PIXELS)
                .reduce((sum, byte) => sum + (pixel - byte / 255) ** 2, 0),
              kl,
              epsilon: noise.subarray(b * width / 2, (b + 1) * width / 2),
              images: 6,
            });
          }
        }
        const sums = await engine.takeLosses();
        assertEquals(sums.images, 4);
        assertAlmostEquals(sums.total / total, 1, 1e-5);
        assertLess(
          relativeError(sums.klPerDimension, kl.map((kl) => 4 * kl)),
          1e-5,
        );
      },
    );
  }
}

/** What the total of an image is made of. */
interface Terms {
  reconstruction: number;
  /** KL of each dimension, in nats. */
  kl: readonly number[];
  /** The image's rows of noise. */
  epsilon: Float32Array;
  /** How many there are to train on. */
  images: number;
}

type TotalOf = (terms: Terms) => number;

/** −log (1/K) Σ w where p(x|z) is the same for any z. */
function iwaeOfConstant({ reconstruction, epsilon }: Terms): number {
  let sum = 0;
  for (let at = 0; at < epsilon.length; at += latentDim) {
    let logRatio = 0; // log p(z) − log q(z|x)
    for (let d = 0; d < latentDim; d++) {
      const e = epsilon[at + d], z = mu[d] + Math.exp(logvar[d] / 2) * e;
      logRatio += (e ** 2 + logvar[d] - z ** 2) / 2;
    }
    sum += Math.exp(logRatio);
  }
  return reconstruction - Math.log(sum / (epsilon.length / latentDim));
}
