/** The part of the engine suite about models that are told of classes. */
import {
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import type { Engine, EngineOptions, Labels } from "../lib/engine/engine.ts";
import { relativeError } from "../lib/engine_check.ts";
import type { TrainState } from "../lib/model/init.ts";
import {
  blockOf,
  IMAGE_PIXELS,
  type ModelSpec,
  modelSpec,
} from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import {
  digits,
  type EngineTest,
  firstStep,
  hyper,
  inOrder,
  plain,
  slopeAlongGradient,
  train,
} from "./engine_steps.ts";

const { latentDim, seed } = plain;

/** The layers that are told of the class. */
const LAYERS = ["heads", "fc_decode"] as const;

/** Where a block lies in the arena. */
function span(spec: ModelSpec, name: string): [number, number] {
  const { offset, shape } = blockOf(spec, name);
  return [offset, offset + shape.reduce((a, b) => a * b)];
}

/** The rows of a layer's weights that classes pick, in an arena. */
function classRows(
  spec: ModelSpec,
  arena: Float32Array,
  layer: (typeof LAYERS)[number],
): Float32Array[] {
  const all = arena.subarray(...span(spec, `${layer}.classes`));
  const width = all.length / spec.classCount;
  return Array.from(
    { length: spec.classCount },
    (_, label) => all.subarray(label * width, (label + 1) * width),
  );
}

/** An arena of a model that is told of classes, as that of one told of none. */
function withoutClasses(spec: ModelSpec, arena: Float32Array): Float32Array {
  const plainSpec = modelSpec(spec.latentDim);
  const result = new Float32Array(plainSpec.parameterCount);
  for (const { name, offset } of plainSpec.parameterBlocks) {
    result.set(arena.subarray(...span(spec, name)), offset);
  }
  return result;
}

/**
 * The model that is told of no class and does the same for one: the class is but
 * a part of two biases.
 */
function stateOfClass(
  spec: ModelSpec,
  state: TrainState,
  label: number,
): TrainState {
  const plainSpec = modelSpec(spec.latentDim);
  const parameters = withoutClasses(spec, state.parameters);
  for (const layer of LAYERS) {
    const bias = parameters.subarray(...span(plainSpec, `${layer}.bias`));
    const row = classRows(spec, state.parameters, layer)[label];
    row.forEach((x, i) => bias[i] += x);
  }
  return {
    ...state,
    parameters,
    expAvg: new Float32Array(parameters.length),
    expAvgSq: new Float32Array(parameters.length),
  };
}

/** A row of a matrix of so many rows. */
function rowOf<T extends Float32Array | Float64Array>(
  matrix: T,
  row: number,
  rows: number,
): T {
  const width = matrix.length / rows;
  return matrix.subarray(row * width, (row + 1) * width) as T;
}

/** Registers the tests for one engine. */
export function testConditional(test: EngineTest): void {
  for (
    const { classCount, labels } of [
      { classCount: 3, labels: Uint8Array.of(0, 2, 1, 2, 2) },
      { classCount: 256, labels: Uint8Array.of(255, 0, 255) },
    ]
  ) {
    test(`encode(), decode() and score() know the class (of ${classCount})`, async (make) => {
      const count = labels.length;
      const images = digits(count);
      const z = fillNormal(new Float32Array(count * latentDim), [5, 6], 0);
      const told = await make({ classCount });
      const spec = modelSpec(latentDim, classCount);
      const outputs = async (engine: Engine, labels: Labels) => ({
        ...await engine.encode(images, labels),
        pixels: await engine.decode(z, labels),
        scores: await engine.score(z, images, labels),
      });
      const actual = await outputs(told, labels);
      const state = await told.readState();
      for (const label of new Set(labels)) {
        const engine = await make();
        await engine.writeState(stateOfClass(spec, state, label));
        const expected = await outputs(engine, null);
        for (const name of ["mu", "logvar", "pixels", "scores"] as const) {
          labels.forEach((of, row) => {
            if (of !== label) return;
            const [ours, theirs] = [actual, expected].map((of) =>
              rowOf<Float32Array | Float64Array>(of[name], row, count)
            );
            assertLess(relativeError(ours, theirs), 1e-5, name);
          });
        }
      }
    });
  }

  // With one draw the decoder has fewer rows than a map would take, with three
  // more.
  const alike: Partial<EngineOptions>[] = [
    { classCount: 3 },
    { classCount: 3, draws: 3, klGradient: "stl" },
    { classCount: 1, autoencoder: true },
    { classCount: 3, objective: "iwae", importanceSamples: 3 },
    { classCount: 3, objective: "btc" },
  ];
  for (const model of alike) {
    const { classCount = 0, ...others } = model;
    const name = Object.entries(others)
      .map(([name, value]) => value === true ? name : value)
      .join(", ") || "elbo";
    test(`trainStep() with a class for all is that of none (${name})`, async (make) => {
      const spec = modelSpec(latentDim, classCount);
      const label = classCount - 1;
      const images = digits(3);
      const told = await make(model);
      const untold = await make(others);
      await untold.writeState(
        stateOfClass(spec, await told.readState(), label),
      );
      const labels = new Uint8Array(3).fill(label);
      const ours = await firstStep(told, images, {}, hyper, labels);
      const theirs = await firstStep(untold, images);
      const { expAvg } = ours;
      assertLess(
        relativeError(withoutClasses(spec, expAvg), theirs.expAvg),
        1e-4,
      );
      assertLess(relativeError(ours.running, theirs.running), 1e-6);
      for (const layer of LAYERS) {
        const [from, to] = span(spec, `${layer}.bias`);
        classRows(spec, expAvg, layer).forEach((row, i) => {
          const expected = i === label
            ? expAvg.subarray(from, to)
            : new Float32Array(to - from);
          assertLess(relativeError(row, expected), 1e-5, `${layer}, ${i}`);
        });
      }
      const [sums, more] = [await told.takeLosses(), await untold.takeLosses()];
      assertAlmostEquals(sums.total / more.total, 1, 1e-5);
    });
  }

  const mixed: [Partial<EngineOptions>, Uint8Array][] = [
    [{ classCount: 256 }, Uint8Array.of(255, 7, 255)],
    [
      { classCount: 3, objective: "iwae", importanceSamples: 3 },
      Uint8Array.of(2, 0, 2),
    ],
    [{ classCount: 3, objective: "btc" }, Uint8Array.of(1, 0, 1)],
  ];
  for (const [model, labels] of mixed) {
    const { classCount, ...others } = model;
    const name = [classCount, ...Object.values(others)].join(", ");
    test(`trainStep() parts the bias' gradient among classes (${name})`, async (make) => {
      const spec = modelSpec(latentDim, classCount);
      const engine = await make(model);
      const state = await firstStep(engine, digits(3), {}, hyper, labels);
      for (const layer of LAYERS) {
        const bias = state.expAvg.subarray(...span(spec, `${layer}.bias`));
        const rows = classRows(spec, state.expAvg, layer);
        const sum = bias.map((_, i) =>
          rows.reduce((sum, row) => sum + row[i], 0)
        );
        assertLess(relativeError(sum, bias), 1e-5, layer);
        rows.forEach((row, label) => {
          const isThere = labels.includes(label);
          assertEquals(row.some((g) => g !== 0), isThere, `${layer}, ${label}`);
        });
      }
    });
  }

  for (
    const model of [
      { objective: "elbo" },
      { objective: "btc", tcWeight: 20 },
    ] as const
  ) {
    test(`trainStep() has the classes' slope of the loss (${model.objective})`, async (make) => {
      const spec = modelSpec(latentDim, 3);
      const engine = await make({ ...model, classCount: 3 });
      const labels = Uint8Array.of(2, 0);
      const along = LAYERS.flatMap((layer) => {
        const [from, to] = span(spec, `${layer}.classes`);
        return Array.from({ length: to - from }, (_, i) => from + i);
      });
      const slope = await slopeAlongGradient(engine, digits(2), hyper, {
        ...{ along, labels },
      });
      assertAlmostEquals(slope, 1, 0.03);
    });
  }

  test("trainStep() moves the heads' classes by headsLrFactor", async (make) => {
    const spec = modelSpec(latentDim, 3);
    const engine = await make({ classCount: 3, headsLrFactor: 0 });
    const { parameters: before } = await engine.readState();
    const labels = Uint8Array.of(2, 0, 2);
    const state = await firstStep(engine, digits(3), {}, hyper, labels);
    const [heads, decode] = LAYERS.map((layer) => {
      const rows = classRows(spec, state.parameters, layer);
      return classRows(spec, before, layer).map((row, label) =>
        row.some((x, i) => x !== rows[label][i])
      );
    });
    assertEquals(heads, [false, false, false]);
    assertEquals(decode, [true, false, true]);
  });

  test("trainStep() takes the labels in the order of the images", async (make) => {
    const [images, labels] = [digits(6), Uint8Array.of(0, 1, 2, 2, 1, 0)];
    const [order, rows] = [Uint32Array.of(3, 4, 0, 5, 2), [4, 0, 5]];
    const batch = { first: 1, count: 3, step: 7 };
    // Smaller than what it was made for, as the last one may be.
    const byOrder = await make({ classCount: 3, batchSize: 8 });
    byOrder.setImages(images, labels);
    byOrder.setOrder(order);
    await byOrder.trainStep(batch, hyper);
    const byHand = await make({ classCount: 3, batchSize: 3 });
    const pixels = new Uint8Array(3 * IMAGE_PIXELS);
    rows.forEach((row, i) =>
      pixels.set(
        images.subarray(row * IMAGE_PIXELS, (row + 1) * IMAGE_PIXELS),
        i * IMAGE_PIXELS,
      )
    );
    byHand.setImages(pixels, Uint8Array.from(rows, (row) => labels[row]));
    byHand.setOrder(inOrder(3));
    await byHand.trainStep({ ...batch, first: 0 }, hyper);
    const { expAvg } = await byOrder.readState();
    assertLess(relativeError(expAvg, (await byHand.readState()).expAvg), 1e-5);
  });

  test("evaluate() is the loss of its own draws (of their classes)", async (make) => {
    const count = 5;
    const images = digits(count);
    const labels = Uint8Array.of(1, 0, 2, 2, 1);
    const engine = await make({ classCount: 3, batchSize: 2 });
    const sums = await engine.evaluate(images, 7, hyper, labels);
    const { mu, logvar } = await engine.encode(images, labels);
    const epsilon = fillNormal(
      new Float32Array(mu.length),
      streamKey(seed, "evaluation"),
      7,
    );
    const z = mu.map((m, i) => m + Math.exp(logvar[i] / 2) * epsilon[i]);
    const losses = await engine.score(z, images, labels);
    const reconstruction = losses.reduce((a, b) => a + b);
    assertAlmostEquals(sums.reconstruction / reconstruction, 1, 1e-5);
    const kl = new Float64Array(latentDim);
    mu.forEach((m, i) => {
      const v = logvar[i];
      kl[i % latentDim] += (m ** 2 + Math.exp(v) - 1 - v) / 2;
    });
    assertLess(relativeError(sums.klPerDimension, kl), 1e-3);
    const others = await engine.evaluate(
      images,
      7,
      hyper,
      labels.map((label) => (label + 1) % 3),
    );
    assertNotEquals(others.reconstruction, sums.reconstruction);
  });

  test("writeState() resumes exactly with classes", async (make) => {
    const images = digits(8);
    const labels = Uint8Array.of(0, 2, 1, 2, 2, 0, 2, 0);
    const model = { classCount: 3 };
    const whole = await make(model);
    await train(whole, images, 1, 0, labels);
    const saved = await whole.readState();
    const resumed = await make({ ...model, seed });
    await resumed.writeState(structuredClone(saved));
    assertEquals(await resumed.readState(), saved);
    await train(whole, images, 1, 1, labels);
    await train(resumed, images, 1, 1, labels);
    assertEquals(await resumed.readState(), await whole.readState());
  });

  test("an engine refuses labels that do not fit, and goes on", async (make) => {
    const engine = await make({ classCount: 3 });
    const images = digits(4);
    const z = new Float32Array(4 * latentDim);
    const labels = Uint8Array.of(0, 1, 2, 0);
    engine.setImages(images, labels);
    engine.setOrder(inOrder(4));
    const cases: [unknown, typeof RangeError, string][] = [
      [undefined, TypeError, "labels are missing: the model is told of 3"],
      [null, TypeError, "labels are missing: the model is told of 3 classes"],
      [
        [0, 1, 2, 0],
        TypeError,
        "labels must be a Uint8Array of classes from 0, not [0,1,2,0]",
      ],
      [
        labels.subarray(1),
        RangeError,
        "3 labels do not go with 4 images or latents: each takes one",
      ],
      [
        Uint8Array.of(0, 3, 0, 9),
        RangeError,
        "there is no class 3: the model has 3, from 0",
      ],
    ];
    const before = await engine.readState();
    for (const [wrong, type, message] of cases) {
      const given = wrong as Labels;
      const uses = [
        () => engine.setImages(images, given),
        () => engine.encode(images, given),
        () => engine.decode(z, given),
        () => engine.score(z, images, given),
        () => engine.evaluate(images, 0, hyper, given),
      ];
      for (const use of uses) {
        await assertRejects(async () => await use(), type, message);
      }
    }
    assertEquals(await engine.readState(), before);
    await engine.trainStep({ first: 0, count: 4, step: 0 }, hyper);
    assertEquals((await engine.takeLosses()).images, 4);
  });

  test("an engine that is told of no classes leaves labels out", async (make) => {
    const images = digits(2);
    const [engine, other] = [await make(), await make()];
    const labels = Uint8Array.of(9);
    assertEquals(
      await engine.encode(images, labels),
      await other.encode(images),
    );
    const z = new Float32Array(2 * latentDim).fill(1);
    assertEquals(await engine.decode(z, labels), await other.decode(z));
    assertEquals(
      await firstStep(engine, images, {}, hyper, labels),
      await firstStep(other, images),
    );
  });
}
