/** What every engine must do: each engine's test file runs this suite. */
import {
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertRejects,
} from "@std/assert";
import type { BatchRef, Engine, EngineOptions } from "../lib/engine/engine.ts";
import { OptionError } from "../lib/options/table.ts";
import { relativeError } from "../lib/engine_check.ts";
import type { TrainState } from "../lib/model/init.ts";
import { arenaIndices, IMAGE_PIXELS, modelSpec } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { testConditional } from "./engine_conditional.ts";
import { testDraws } from "./engine_draws.ts";
import { testObjectives } from "./engine_objectives.ts";
import {
  constant,
  digits,
  type EngineTest,
  firstStep,
  forgetImages,
  hyper,
  inOrder,
  plain,
  slopeAlongGradient,
  train,
} from "./engine_steps.ts";
import {
  goldenLabels,
  goldenSets,
  goldenSpec,
  goldenState,
  readGolden,
} from "./golden/read.ts";

export { digits, hyper, inOrder, plain };

export interface SuiteOptions {
  /** Called before each test; the suite disposes what it returns. */
  create: (options: EngineOptions) => Promise<Engine>;
  /** Largest error against PyTorch, relative to the largest value. */
  tolerance: { outputs: number; gradients: number; weights: number };
  /** Batch and latent sizes of the finite-difference tests. */
  sizes: { batch: number; latentDim: number }[];
  /**
   * Most rows of the decoder, in a golden set, with which it is trained on to
   * its last step; larger sets are held against their first step alone.
   */
  wholeUpTo?: number;
  /** Skips the suite. */
  ignore?: boolean;
}

export function engineSuite(
  label: string,
  { create, tolerance, sizes, wholeUpTo = Infinity, ignore = false }:
    SuiteOptions,
): void {
  const test: EngineTest = (name, run) => {
    Deno.test({
      name: `${label}: ${name}`,
      ignore,
      // GPU devices and worker pools outlive a test.
      sanitizeResources: false,
      sanitizeOps: false,
      fn: async () => {
        const engines: Engine[] = [];
        try {
          await run(async (options) => {
            const engine = await create({ ...plain, ...options });
            engines.push(engine);
            return engine;
          });
        } finally {
          for (const engine of engines) engine.dispose();
        }
      },
    });
  };

  for (const set of goldenSets) {
    const { name, batch, beta, learningRate, ...options } = set;
    const { draws = 1, importanceSamples } = set;
    const { adamBeta1 = trainingOptions.adamBeta1.default } = set;

    test(`trainStep() agrees with PyTorch (${name})`, async (make) => {
      const golden = readGolden(name);
      const epsilon = golden.get("eps")!;
      const noise = epsilon.shape[1] * epsilon.shape[2];
      const losses = golden.get("losses")!;
      const [recorded] = losses.shape;
      const steps = batch * (importanceSamples ?? draws) > wholeUpTo
        ? 1
        : recorded;
      const spec = goldenSpec(golden);
      const engine = await make({ ...options, batchSize: batch });
      await engine.writeState(goldenState(golden, "init"));
      engine.setImages(
        golden.get("images")!.data as Uint8Array,
        goldenLabels(golden),
      );
      engine.setOrder(inOrder(steps * batch));

      for (let step = 0; step < steps; step++) {
        await engine.trainStep({
          first: step * batch,
          count: batch,
          step,
          epsilon: (epsilon.data as Float32Array)
            .subarray(step * noise, (step + 1) * noise),
        }, { beta, capacity: 0, learningRate });
        const sums = await engine.takeLosses();
        const kl = sums.klPerDimension.reduce((a, b) => a + b, 0);
        [sums.reconstruction, kl, sums.total].forEach((sum, i) =>
          assertLess(
            relativeError([sum / batch], [Number(losses.data[3 * step + i])]),
            tolerance.outputs,
            `${["reconstruction", "KL", "total"][i]} of step ${step}`,
          )
        );
        if (step > 0) continue;
        const { expAvg } = await engine.readState();
        for (const tensor of spec.parameters) {
          // The first moment after one step is (1 − β₁)·gradient.
          const gradient = Array.from(
            arenaIndices(tensor),
            (at) => expAvg[at] / (1 - adamBeta1),
          );
          const expected = golden.get(`step0.grad.${tensor.name}`)!.data;
          assertLess(
            relativeError(gradient, expected as Float32Array),
            tolerance.gradients,
            `gradient of ${tensor.name}`,
          );
        }
      }

      const state = await engine.readState();
      assertEquals(state.step, steps);
      if (steps < recorded) return; // the file has the last weights alone
      for (
        const [tensors, arena] of [
          [spec.parameters, state.parameters],
          [spec.running, state.running],
        ] as const
      ) {
        for (const tensor of tensors) {
          const expected = golden.get(`final.${tensor.name}`)!
            .data as Float32Array;
          arenaIndices(tensor).forEach((at, i) =>
            assertAlmostEquals(
              arena[at],
              expected[i],
              tolerance.weights * Math.max(1, Math.abs(expected[i])),
              `${tensor.name}[${i}] after ${steps} steps`,
            )
          );
        }
      }
    });

    test(`encode() and decode() agree with PyTorch (${name})`, async (make) => {
      const golden = readGolden(name);
      const engine = await make({ ...options, batchSize: 4 });
      await engine.writeState(goldenState(golden, "final"));
      const images = (golden.get("images")!.data as Uint8Array)
        .subarray(0, batch * IMAGE_PIXELS);
      const labels = goldenLabels(golden)?.subarray(0, batch);
      const { mu, logvar } = await engine.encode(images, labels);
      const expected = (name: string) =>
        golden.get(`eval.${name}`)!.data as Float32Array;
      const pixels = await engine.decode(expected("mu"), labels);
      assertLess(relativeError(mu, expected("mu")), tolerance.outputs);
      assertLess(relativeError(logvar, expected("logvar")), tolerance.outputs);
      assertLess(
        relativeError(pixels, expected("reconstruction_of_mu")),
        tolerance.outputs,
      );
    });
  }

  for (
    const variant of [
      { likelihood: "mse", capacity: 0 },
      { likelihood: "bce", capacity: 1e3 }, // KL below C: its gradient turns
      { likelihood: "mse", capacity: 0, autoencoder: true },
      { likelihood: "bce", capacity: 0, draws: 2 },
      { likelihood: "mse", capacity: 1e3, draws: 3 },
    ] as const
  ) {
    const { capacity, ...model } = variant;
    for (const size of sizes) {
      const { batch, latentDim } = size;
      const name = [
        model.likelihood,
        "autoencoder" in model ? "autoencoder" : `capacity ${capacity}`,
        ..."draws" in model ? [`${model.draws} draws`] : [],
        `batch ${batch}`,
        `latent ${latentDim}`,
      ].join(", ");
      test(`trainStep() has the slope of the loss (${name})`, async (make) => {
        const engine = await make({ ...model, latentDim, batchSize: batch });
        const knobs = { ...hyper, beta: 0.5, capacity };
        const slope = await slopeAlongGradient(engine, digits(batch), knobs);
        assertAlmostEquals(slope, 1, 0.03);
      });
    }
  }

  testDraws(test);
  testObjectives(test);
  testConditional(test);

  test("trainStep() follows the order", async (make) => {
    const images = digits(8);
    const shuffled = new Uint8Array(4 * IMAGE_PIXELS);
    [6, 1, 7, 2].forEach((row, i) =>
      shuffled.set(
        images.subarray(row * IMAGE_PIXELS, (row + 1) * IMAGE_PIXELS),
        i * IMAGE_PIXELS,
      )
    );
    const byOrder = await make();
    byOrder.setImages(images);
    byOrder.setOrder(Uint32Array.of(0, 6, 1, 7, 2));
    await byOrder.trainStep({ first: 1, count: 4, step: 0 }, hyper);
    const byHand = await make();
    byHand.setImages(shuffled);
    byHand.setOrder(inOrder(4));
    await byHand.trainStep({ first: 0, count: 4, step: 0 }, hyper);
    assertEquals(await byOrder.readState(), await byHand.readState());
  });

  for (const draws of [1, 3]) {
    test(`trainStep() takes a smaller last batch (${draws} draws)`, async (make) => {
      const states: TrainState[] = [];
      for (const batchSize of [8, 2]) {
        const engine = await make({ batchSize, draws });
        states.push(await firstStep(engine, digits(2)));
        assertEquals((await engine.takeLosses()).images, 2);
      }
      assertLess(relativeError(states[0].expAvg, states[1].expAvg), 1e-5);
    });
  }

  test("writeState() resumes exactly", async (make) => {
    const images = digits(12);
    const whole = await make();
    await train(whole, images, 3);
    const firstPart = await make();
    await train(firstPart, images, 2);
    const saved = await firstPart.readState();
    const resumed = await make({ seed: plain.seed });
    await resumed.writeState(structuredClone(saved));
    await train(resumed, images, 1, 2);
    assertEquals(await resumed.readState(), await whole.readState());
  });

  test("an engine refuses what it cannot work with, and goes on", async (make) => {
    const engine = await make();
    const { latentDim } = plain;
    const images = digits(4);
    const z = new Float32Array(4 * latentDim);
    engine.setImages(images);
    engine.setOrder(inOrder(4));
    // What plain JavaScript may hand over.
    const floats = Float32Array.from(
      images,
      (byte) => byte / 255,
    ) as unknown as Uint8Array;
    const beta = (() => 1) as unknown as number;
    const step = (batch: Partial<BatchRef>, knobs = hyper) =>
      engine.trainStep({ first: 0, count: 4, step: 0, ...batch }, knobs);
    const cases: [() => unknown, typeof RangeError, string][] = [
      [
        () => engine.decode(new Float32Array(4)),
        RangeError,
        "z has 4 numbers, which is no multiple of 3",
      ],
      [
        () => engine.decode([0, 0, 0] as unknown as Float32Array),
        TypeError,
        "z must be a Float32Array of latents, not [0,0,0]",
      ],
      [
        () => engine.encode(new Uint8Array(100)),
        RangeError,
        "images has 100 numbers, which is no multiple of 784",
      ],
      [
        () => engine.encode(floats),
        TypeError,
        "images must be a Uint8Array of bytes from 0 to 255, not a Float32Array",
      ],
      [
        () => engine.evaluate(floats, 0, hyper),
        TypeError,
        "not a Float32Array",
      ],
      [
        () => engine.evaluate(images, 0, { ...hyper, beta }),
        TypeError,
        "beta takes a number, not a function",
      ],
      [() => engine.score(z, floats), TypeError, "not a Float32Array"],
      [
        () => engine.score(z, digits(3)),
        RangeError,
        "4 latents do not go with 3 images",
      ],
      [() => engine.setImages(floats), TypeError, "not a Float32Array"],
      [
        () => engine.setImages(new Uint8Array(785)),
        RangeError,
        "images has 785 numbers",
      ],
      [
        () => engine.setOrder(Uint32Array.of(0, 4)),
        RangeError,
        "the order names image 4 of 4",
      ],
      [
        () => engine.setOrder([0] as unknown as Uint32Array),
        TypeError,
        "the order must be a Uint32Array of image numbers, not [0]",
      ],
      [
        () => engine.encode(new Int32Array(784) as unknown as Uint8Array),
        TypeError,
        "not an Int32Array",
      ],
      [() => step({ count: 5 }), RangeError, "a batch of 5 rows from 0"],
      [
        () => step({ first: 1 }),
        RangeError,
        "a batch of 4 rows from 1: the engine was made for 4 at a time, and " +
        "the order has 4: the last batch of an epoch is the shorter one",
      ],
      [() => step({ first: -1 }), RangeError, "a batch of 4 rows from -1"],
      [() => step({ count: 0 }), RangeError, "a batch of 0 rows"],
      [
        () => step({ epsilon: new Float32Array(6) }),
        RangeError,
        "epsilon has 6 numbers, not 4×3",
      ],
      [
        () => step({}, { ...hyper, beta }),
        TypeError,
        "beta takes a number, not a function",
      ],
      ...[NaN, Infinity, -0.001].map((learningRate): (typeof cases)[number] => [
        () => step({}, { ...hyper, learningRate }),
        RangeError,
        `learningRate takes a finite number of 0 or more, not ${learningRate}`,
      ]),
    ];
    const several = await make({ draws: 3 });
    several.setImages(images);
    several.setOrder(inOrder(4));
    cases.push([
      () =>
        several.trainStep({ first: 0, count: 4, step: 0, epsilon: z }, hyper),
      RangeError,
      "epsilon has 12 numbers, not 8×3",
    ]);
    const before = await engine.readState();
    for (const [act, type, message] of cases) {
      await assertRejects(async () => await act(), type, message);
    }
    assertEquals(await engine.readState(), before);
    await step({});
    assertEquals((await engine.takeLosses()).images, 4);
  });

  test("what only promises rejects, it never throws at once", async (make) => {
    const engine = await make();
    const none = new Uint8Array(1);
    const promises = [
      engine.encode(none),
      engine.decode(new Float32Array(1)),
      engine.score(new Float32Array(1), none),
      engine.evaluate(none, 0, hyper),
    ];
    for (const promise of promises) {
      await assertRejects(() => promise, RangeError);
    }
  });

  test("an engine says that it has been disposed of", async (make) => {
    const engine = await make();
    const images = digits(4);
    engine.setImages(images);
    engine.setOrder(inOrder(4));
    const state = await engine.readState();
    engine.dispose();
    engine.dispose();
    const z = new Float32Array(plain.latentDim);
    const uses: (() => unknown)[] = [
      () => engine.setImages(images),
      () => engine.setOrder(inOrder(4)),
      () => engine.trainStep({ first: 0, count: 4, step: 0 }, hyper),
      () => engine.takeLosses(),
      () => engine.evaluate(images, 0, hyper),
      () => engine.encode(images),
      () => engine.decode(z),
      () => engine.score(z, digits(1)),
      () => engine.readState(),
      () => engine.writeState(state),
    ];
    for (const use of uses) {
      await assertRejects(
        async () => await use(),
        Error,
        `this ${engine.name} engine has been disposed of: make another`,
      );
    }
  });

  test("an engine names the option that is missing or wrong", async () => {
    const cases: [Partial<Record<keyof EngineOptions, unknown>>, string][] = [
      [
        { ...plain, likelihood: undefined },
        "likelihood is missing: an engine takes latentDim,",
      ],
      [
        { ...plain, batchSize: undefined },
        "batchSize is missing: an engine takes latentDim, likelihood,",
      ],
      [{ ...plain, latentDim: 0 }, "latentDim takes a whole number from 1 to"],
      [{ ...plain, batchSize: 2.5 }, "batchSize takes a whole number from 1"],
      [{ ...plain, batchSize: 0 }, "batchSize takes a whole number from 1"],
      [{ ...plain, batchSize: 2049 }, "from 1 to 2048"],
      [
        { ...plain, likelihood: "l2" },
        'likelihood takes one of mse, bce, not "l2"',
      ],
      [{ ...plain, classCount: 257 }, "classCount takes a whole number from 0"],
      [{ ...plain, draws: 0 }, "draws takes a whole number from 1 to 64"],
      [
        { ...plain, klGradient: "none" },
        'klGradient takes one of analytic, stl, not "none"',
      ],
      [{ ...plain, headsLrFactor: -1 }, "headsLrFactor takes a number from 0"],
      [{ ...plain, adamBeta1: 1 }, "adamBeta1 takes a number from 0 to 0.99"],
      [{ ...plain, adamBeta2: NaN }, "adamBeta2 takes a number from 0 to 0.99"],
      [
        { ...plain, batchSize: 1000, draws: 3 },
        "draws 3 times batchSize 1000 is 3000 rows, and a step takes 2048: " +
        "choose a smaller one",
      ],
      [
        { ...plain, binarize: "dynamic" },
        "binarize dynamic does not go with likelihood mse: black-and-white " +
        "pixels take likelihood bce",
      ],
      [
        { ...plain, objective: "iwae", draws: 2 },
        "draws 2 does not go with objective iwae, which has draws and a",
      ],
      [
        { ...plain, objective: "iwae", batchSize: 500 },
        "importanceSamples 5 times batchSize 500 is 2500 rows",
      ],
      [
        { ...plain, objective: "btc", freeBits: 1 },
        "freeBits 1 does not go with objective btc, which draws z once and",
      ],
      [
        { ...plain, autoencoder: true, draws: 2 },
        "draws 2 does not go with autoencoder, which draws no z and has no KL term",
      ],
      [
        { ...plain, autoencoder: true, klGradient: "stl" },
        "klGradient stl does not go with autoencoder, which draws no z and has " +
        "no KL term",
      ],
    ];
    for (const [options, message] of cases) {
      await assertRejects(
        async () => await create(options as unknown as EngineOptions),
        OptionError,
        message,
      );
    }
  });

  test("score() is the loss that the decoder's outputs have", async (make) => {
    const images = digits(5);
    for (const likelihood of ["mse", "bce"] as const) {
      const engine = await make({ likelihood });
      const z = fillNormal(new Float32Array(5 * plain.latentDim), [5, 6], 0);
      const means = await engine.decode(z);
      const scores = await engine.score(z, images);
      assertEquals(scores.length, 5);
      for (let row = 0; row < 5; row++) {
        let expected = 0;
        for (let i = 784 * row; i < 784 * (row + 1); i++) {
          const x = images[i] / 255, m = means[i];
          expected += likelihood === "mse"
            ? (m - x) ** 2
            : -x * Math.log(m) - (1 - x) * Math.log1p(-m);
        }
        assertAlmostEquals(scores[row] / expected, 1, 1e-6);
      }
    }
  });

  test("score() cuts nothing off where a model is sure", async (make) => {
    const engine = await make({ likelihood: "bce" });
    const state = await engine.readState();
    // Weights of 0 and a last bias of 40: every logit is 40.
    const { parameterBlocks } = modelSpec(plain.latentDim);
    const { offset } = parameterBlocks.find(({ name }) =>
      name === "decoder.6.bias"
    )!;
    state.parameters.fill(0);
    state.parameters[offset] = 40;
    await engine.writeState(state);
    const z = new Float32Array(2 * plain.latentDim);
    const images = new Uint8Array(2 * 784);
    images.fill(255, 784);
    const [black, white] = await engine.score(z, images);
    assertAlmostEquals(black, 784 * 40, 1e-2);
    assertAlmostEquals(white, 784 * Math.exp(-40), 1e-12);
  });

  test("takeLosses() sums since its last call", async (make) => {
    // With a learning rate of zero the model stays as it is.
    const { latentDim } = plain;
    const { kl, pixel } = constant;
    const size = 2;
    const engine = await make();
    await forgetImages(engine);
    const images = digits(3 * size);
    engine.setImages(images);
    engine.setOrder(inOrder(3 * size));
    const klSum = kl.reduce((a, b) => a + b);
    const capacities = [0.25, 2, 0]; // the KL of 0.8 is above, below, above
    const step = (step: number) =>
      engine.trainStep({ first: size * step, count: size, step }, {
        beta: 3,
        capacity: capacities[step],
        learningRate: 0,
      });
    const check = async (steps: readonly number[]) => {
      const sums = await engine.takeLosses();
      const count = size * steps.length;
      const pixels = size * IMAGE_PIXELS;
      const reconstruction = steps.flatMap((step) => [
        ...images.subarray(step * pixels, (step + 1) * pixels),
      ]).reduce((sum, byte) => sum + (pixel - byte / 255) ** 2, 0);
      const total = reconstruction + steps.reduce(
        (sum, step) => sum + size * 3 * Math.abs(klSum - capacities[step]),
        0,
      );
      assertEquals(sums.images, count);
      assertEquals(sums.nonFiniteStep, null);
      assertAlmostEquals(sums.reconstruction / reconstruction, 1, 1e-5);
      assertAlmostEquals(sums.total / total, 1, 1e-5);
      assertLess(
        relativeError(sums.klPerDimension, kl.map((kl) => kl * count)),
        1e-5,
      );
    };
    await step(0);
    await step(1);
    await check([0, 1]);
    await step(2);
    await check([2]);
    assertEquals(await engine.takeLosses(), {
      images: 0,
      reconstruction: 0,
      klPerDimension: new Float64Array(latentDim),
      total: 0,
      nonFiniteStep: null,
    });
  });

  test("takeLosses() names the first step that is not finite", async (make) => {
    const engine = await make();
    await train(engine, digits(8), 1);
    const state = await engine.readState();
    assertEquals((await engine.takeLosses()).nonFiniteStep, null);
    state.parameters[0] = NaN;
    await engine.writeState(state);
    await train(engine, digits(8), 2, 1);
    assertEquals((await engine.takeLosses()).nonFiniteStep, 1);
  });

  for (
    const model of [
      { likelihood: "mse" },
      { likelihood: "bce", draws: 3 }, // which are those of training alone
    ] as const
  ) {
    const { likelihood } = model;
    test(`evaluate() is the loss of its own draws (${likelihood})`, async (make) => {
      const { latentDim, seed } = plain;
      const count = 5;
      const images = digits(count);
      const engine = await make({ ...model, batchSize: 2 });
      const weights = { beta: 3, capacity: 0.25, learningRate: 1 };
      const sums = await engine.evaluate(images, 7, weights);

      const { mu, logvar } = await engine.encode(images);
      const key = streamKey(seed, "evaluation");
      const epsilon = fillNormal(new Float32Array(mu.length), key, 7);
      const z = mu.map((m, i) => m + Math.exp(logvar[i] / 2) * epsilon[i]);
      const means = await engine.decode(z);
      const reconstruction = images.reduce((sum, byte, i) => {
        const x = byte / 255, p = means[i];
        return sum +
          (likelihood === "mse"
            ? (p - x) ** 2
            : -x * Math.log(p) - (1 - x) * Math.log(1 - p));
      }, 0);
      const kl = Float64Array.from({ length: latentDim }, (_, d) => {
        let sum = 0;
        for (let i = d; i < mu.length; i += latentDim) {
          sum += (mu[i] ** 2 + Math.exp(logvar[i]) - 1 - logvar[i]) / 2;
        }
        return sum;
      });
      const klSum = kl.reduce((a, b) => a + b);
      assertEquals(sums.images, count);
      assertAlmostEquals(sums.reconstruction / reconstruction, 1, 1e-4);
      assertLess(relativeError(sums.klPerDimension, kl), 1e-3);
      assertAlmostEquals(
        sums.total / (reconstruction + 3 * Math.abs(klSum - 0.25 * count)),
        1,
        1e-3,
      );
    });
  }

  test("evaluate() of an autoencoder decodes μ and has no KL", async (make) => {
    const engine = await make({ autoencoder: true });
    const images = digits(3);
    const sums = await engine.evaluate(images, 0, hyper);
    const means = await engine.decode((await engine.encode(images)).mu);
    const reconstruction = means
      .reduce((sum, p, i) => sum + (p - images[i] / 255) ** 2, 0);
    assertEquals([...sums.klPerDimension], [0, 0, 0]);
    assertAlmostEquals(sums.reconstruction / reconstruction, 1, 1e-4);
    assertEquals(sums.total, sums.reconstruction);
  });
}
