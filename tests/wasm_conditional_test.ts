/** Models of the wasm engine that are told of classes. */
import { assert, assertEquals, assertLess } from "@std/assert";
import type { EngineOptions } from "../lib/engine/engine.ts";
import { usesMap } from "../lib/engine/stages.ts";
import { relativeError } from "../lib/engine_check.ts";
import { initialState } from "../lib/model/init.ts";
import { blockOf, type ModelSpec, modelSpec } from "../lib/model/spec.ts";
import { fillUniform } from "../lib/rng.ts";
import { digits, hyper, inOrder, plain } from "./engine_suite.ts";
import { Bench, engineOf } from "./wasm.ts";

type Options = Partial<EngineOptions> & { classCount: number };

/** Classes in no order, and of them not all. */
function labelsOf(count: number, classCount: number): Uint8Array {
  return Uint8Array.from(
    { length: count },
    (_, i) => (7 * i * i + 3 * i + classCount - 1) % classCount,
  );
}

/** Trains some steps of a new engine; what it says then, and its state. */
async function train(
  { threads = 2, steps = 1, ...options }: Options & {
    threads?: number;
    steps?: number;
  },
  count: number,
) {
  const engine = await engineOf({ batchSize: count, ...options, threads });
  const images = digits(count), labels = labelsOf(count, options.classCount);
  engine.setImages(images, labels);
  engine.setOrder(inOrder(count).reverse());
  for (let step = 0; step < steps; step++) {
    engine.trainStep({ first: 0, count, step }, hyper);
  }
  const losses = await engine.takeLosses();
  const state = await engine.readState();
  const evaluation = await engine.evaluate(images, 1, hyper, labels);
  const { mu, logvar } = await engine.encode(images, labels);
  const means = await engine.decode(mu, labels);
  const scores = await engine.score(mu, images, labels);
  engine.dispose();
  return { losses, state, evaluation, mu, logvar, means, scores };
}

/** The numbers of a block of an arena. */
function numbersOf(
  arena: Float32Array,
  spec: ModelSpec,
  name: string,
): Float32Array {
  const { offset, shape } = blockOf(spec, name);
  return arena.subarray(offset, offset + shape.reduce((a, b) => a * b));
}

const MODELS: readonly Options[] = [
  { classCount: 1, latentDim: 1 },
  { classCount: 10, likelihood: "bce", binarize: "dynamic", latentDim: 5 },
  { classCount: 256, latentDim: 3 },
  { classCount: 10, draws: 3, klGradient: "stl", headsLrFactor: 0.3 },
  { classCount: 3, objective: "iwae", importanceSamples: 3, latentDim: 1 },
  { classCount: 10, objective: "btc", tcWeight: 6, latentDim: 2 },
  { classCount: 2, latentDim: 300 },
];

for (const model of MODELS) {
  const name = Object.values(model).join(", ");
  Deno.test(`WasmEngine with classes has the same bits on any number of threads (${name})`, async () => {
    for (const count of [1, 33]) {
      const results: unknown[] = [];
      for (const threads of [1, 2, 3]) {
        results.push(await train({ ...model, threads, steps: 2 }, count));
      }
      for (const result of results) assertEquals(result, results[0]);
    }
  });
}

Deno.test("WasmEngine stages the labels of each part of many images", async () => {
  const model = { latentDim: 300, classCount: 256 };
  const engine = await engineOf({ ...model, threads: 2 });
  const count = 133, last = 128; // as many as it takes at a time
  const images = digits(count), labels = labelsOf(count, model.classCount);
  const run = async (first: number) => {
    const bytes = images.subarray(784 * first);
    const own = labels.subarray(first);
    const { mu, logvar } = await engine.encode(bytes, own);
    const means = await engine.decode(mu, own);
    const scores = await engine.score(mu, bytes, own);
    return { mu, logvar, means, scores };
  };
  const [whole, rest] = [await run(0), await run(last)];
  for (const name of ["mu", "logvar", "means", "scores"] as const) {
    const part = rest[name];
    assertEquals(whole[name].slice(-part.length), part, name);
  }
  engine.dispose();
});

Deno.test("WasmEngine has the same gradients with classes in the map and apart", async () => {
  const model = { classCount: 10, latentDim: 4 };
  const step = async (batchSize: number) => {
    assertEquals(usesMap(4, batchSize, 10), batchSize > 16);
    const { state } = await train({ ...model, batchSize }, 9);
    return state.expAvg;
  };
  const apart = await step(9), together = await step(64);
  const spec = modelSpec(model.latentDim, model.classCount);
  for (const { name } of spec.parameterBlocks) {
    const [ours, theirs] = [together, apart]
      .map((arena) => numbersOf(arena, spec, name));
    assertLess(relativeError(ours, theirs), 2e-5, name);
  }
});

Deno.test("WasmEngine has the factor of the heads for the rows of their classes", async () => {
  const spec = modelSpec(plain.latentDim, 3);
  const start = initialState(spec, plain.seed).parameters;
  const move = async (headsLrFactor: number) => {
    const { state } = await train({ classCount: 3, headsLrFactor }, 7);
    return state.parameters.map((p, i) => p - start[i]);
  };
  const [whole, half] = [await move(1), await move(0.5)];
  for (const { name } of spec.parameterBlocks) {
    const factor = name.startsWith("heads") ? 0.5 : 1;
    const [ours, theirs] = [half, whole]
      .map((arena) => numbersOf(arena, spec, name));
    // A weight is kept with 24 bits, and moves by a thousandth or less.
    assertLess(relativeError(ours, theirs.map((p) => factor * p)), 1e-3, name);
    assert(ours.some((by) => by !== 0), name);
  }
});

/** Numbers from −1 to 1. */
function random(length: number, counter: number): Float32Array {
  return fillUniform(new Float32Array(length), [3, 4], counter)
    .map((x) => 2 * x - 1);
}

/** A bench, and a job on it with labels in an order. */
function prepare(labels: Uint8Array, order: Uint32Array, classCount: number) {
  const bench = new Bench();
  const job = {
    labels: bench.claim(labels.length),
    order: bench.claim(order.length),
    classCount,
  };
  const { buffer } = bench.threads.memory;
  new Uint8Array(buffer, job.labels, labels.length).set(labels);
  new Uint32Array(buffer, job.order, order.length).set(order);
  return { bench, job };
}

/** Rows so many numbers apart. */
function spread(
  values: Float32Array,
  length: number,
  step: number,
): Float32Array {
  const spread = new Float32Array(values.length / length * step);
  values.forEach((x, i) =>
    spread[Math.floor(i / length) * step + i % length] = x
  );
  return spread;
}

for (
  const { images, draws, inputs, outputs, classCount } of [
    { images: 1, draws: 1, inputs: 4, outputs: 2, classCount: 1 },
    { images: 5, draws: 3, inputs: 5, outputs: 42, classCount: 3 },
    { images: 41, draws: 1, inputs: 12, outputs: 32, classCount: 256 },
  ]
) {
  const name = `${images} × ${draws} rows, ${classCount} classes`;
  const rows = images * draws;
  const labels = labelsOf(images + 3, classCount);
  const order = inOrder(images).map((i) => (2 * i + 1) % (images + 3));
  const labelOf = (row: number) => labels[order[Math.floor(row / draws)]];
  const k = Math.ceil(inputs / 4) * 4, width = Math.ceil(outputs / 8) * 8;

  Deno.test(`linear() adds the rows of classes, then rectifies (${name})`, () => {
    const { bench, job } = prepare(labels, order, classCount);
    const x = random(rows * inputs, 1), weights = random(inputs * outputs, 2);
    const bias = random(width, 3), classes = random(classCount * outputs, 4);
    const expected = Float64Array.from({ length: rows * outputs }, (_, at) => {
      const [row, column] = [Math.floor(at / outputs), at % outputs];
      let sum = bias[column] + classes[labelOf(row) * outputs + column];
      for (let i = 0; i < inputs; i++) {
        sum += x[row * inputs + i] * weights[i * outputs + column];
      }
      return Math.max(0, sum);
    });
    const weight = bench.claim(k * width), to = bench.claim(rows * width);
    bench.run(1, [], [{
      kernel: "pack",
      units: 1,
      from: bench.put(weights),
      to: weight,
      rows: inputs,
      columns: outputs,
      rowStep: outputs,
      columnStep: 1,
      panelStep: 32 * k,
    }]);
    bench.run(
      images,
      [{
        kernel: "linear",
        draws,
        from: bench.put(spread(x, inputs, k)),
        fromRow: 4 * k,
        to,
        toRow: 4 * width,
        weight,
        bias: bench.put(bias),
        classes: bench.put(classes),
        classesRow: 4 * outputs,
        relu: 1,
        rows: inputs,
        columns: outputs,
      }],
      [],
      job,
    );
    const result = bench.get(to, rows * width)
      .filter((_, i) => i % width < outputs);
    assertLess(relativeError(result, expected), 1e-6);
  });

  Deno.test(`linearGradient() sums the rows of each class (${name})`, () => {
    const { bench, job } = prepare(labels, order, classCount);
    const x = random(rows * inputs, 1), gradient = random(rows * outputs, 2);
    const expected = {
      weights: new Float64Array(inputs * outputs),
      bias: new Float64Array(outputs),
      classes: new Float64Array(classCount * outputs),
    };
    gradient.forEach((g, at) => {
      const [row, column] = [Math.floor(at / outputs), at % outputs];
      expected.bias[column] += g;
      expected.classes[labelOf(row) * outputs + column] += g;
      for (let i = 0; i < inputs; i++) {
        expected.weights[i * outputs + column] += x[row * inputs + i] * g;
      }
    });
    // What was there is written over, and what is behind it is left.
    const put = (length: number) =>
      bench.put(new Float32Array(length + 8).fill(99));
    const to = put(inputs * outputs), bias = put(outputs);
    const classes = put(classCount * outputs);
    const [rowStep, columnStep] = [4, 16];
    bench.run(
      images,
      [],
      [{
        kernel: "linearGradient",
        draws,
        units: Math.ceil(inputs / rowStep) * Math.ceil(outputs / columnStep),
        from: bench.put(spread(x, inputs, k)),
        fromRow: 4 * k,
        other: bench.put(spread(gradient, outputs, width)),
        otherRow: 4 * width,
        to,
        toRow: 4 * outputs,
        bias,
        classes,
        classesRow: 4 * outputs,
        rows: inputs,
        columns: outputs,
        rowStep,
        columnStep,
      }],
      job,
    );
    for (
      const [at, numbers] of [
        [to, expected.weights],
        [bias, expected.bias],
        [classes, expected.classes],
      ] as const
    ) {
      const { length } = numbers;
      assertLess(relativeError(bench.get(at, length), numbers), 1e-6);
      assert(bench.get(at + 4 * length, 8).every((x) => x === 99));
    }
  });
}
