import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertLessOrEqual,
  assertRejects,
} from "@std/assert";
import { binarize } from "../lib/dataset/binarize.ts";
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { completeOptions } from "../lib/options/table.ts";
import { type TrainingOptions, trainingOptions } from "../lib/options/run.ts";
import {
  epochsToTarget,
  hyperAt,
  settleWarmup,
} from "../lib/train/schedule.ts";
import { NonFiniteLossError } from "../lib/train/events.ts";
import { collect, dataset, FakeEngine } from "./fake_engine.ts";

/** Runs `body` by a clock that only the engine's steps move. */
async function withStepsOf<T>(
  milliseconds: number,
  engine: FakeEngine,
  body: () => Promise<T>,
): Promise<T> {
  const { now } = performance;
  let time = 0;
  engine.onStep = () => time += milliseconds;
  performance.now = () => time;
  try {
    return await body();
  } finally {
    performance.now = now;
  }
}

Deno.test("train() shows every image once an epoch, in a new order", async () => {
  const engine = new FakeEngine();
  await collect(engine, { dataset: dataset(10), epochs: 2, batchSize: 4 });
  assertEquals(
    engine.batches.map(({ first, count, step }) => [first, count, step]),
    [
      [0, 4, 0],
      [4, 4, 1],
      [8, 2, 2],
      [0, 4, 3],
      [4, 4, 4],
      [8, 2, 5],
    ],
  );
  const orders = [engine.batches.slice(0, 3), engine.batches.slice(3)]
    .map((batches) => batches.flatMap(({ rows }) => rows));
  for (const order of orders) {
    assertEquals(order.toSorted((a, b) => a - b), [...Array(10).keys()]);
  }
  assert(String(orders[0]) !== String(orders[1]));
});

Deno.test("train() reads the losses after 50 steps, and at an epoch's end", async () => {
  const setup = { dataset: dataset(120), epochs: 1, batchSize: 1 };
  const readsAfter = async (milliseconds: number) => {
    const engine = new FakeEngine();
    await withStepsOf(milliseconds, engine, () => collect(engine, setup));
    return engine.readsAfter;
  };
  assertEquals(await readsAfter(10), [50, 100, 120]); // long before: 200 ms
  assertEquals(await readsAfter(2.5), [80, 120]); // 50 steps take 125 ms
  assertEquals(await readsAfter(1), [120]);
});

Deno.test("train() tells every 200 ms how fast it is, and what is left", async () => {
  const engine = new FakeEngine();
  const setup = { dataset: dataset(60), epochs: 2, batchSize: 2 };
  const { events } = await withStepsOf(
    16,
    engine,
    () => collect(engine, setup),
  );
  assertEquals(
    events.flatMap((event) =>
      event.type === "progress"
        ? [[event.epoch, event.step, event.images.done, event.imagesPerSecond]]
        : []
    ),
    [[1, 13, 26, 125], [1, 26, 52, 125], [2, 43, 26, 125], [2, 56, 52, 125]],
  );
  const [first] = events;
  assert(first.type === "progress");
  assertEquals(first.images.total, 60);
  assertEquals(first.secondsLeft, (120 - 26) / 125);
  assertEquals(first.losses, null);
});

Deno.test("train() records means over the epoch's images", async () => {
  const engine = new FakeEngine();
  engine.validation = [7];
  const { epochs } = await collect(engine, {
    dataset: dataset(10),
    epochs: 1,
    batchSize: 4,
    beta: 4,
  });
  assertEquals(epochs[0].record, {
    epoch: 1,
    step: 3,
    beta: 4,
    capacity: 0,
    train: { total: 10, reconstruction: 10, kl: 0.5 },
    validation: { total: 7, reconstruction: 7, kl: 0.5 },
    klPerDimension: [0.5, 0],
  });
  assertEquals(epochs[0].inactive, 1);
});

Deno.test("train() gives the engine the pixels that the model is to see", async () => {
  const split = (images: Uint8Array<ArrayBuffer>): ImageSet => ({
    images,
    labels: null,
    count: images.length / IMAGE_PIXELS,
  });
  const grey = (count: number, first: number) =>
    Uint8Array.from({ length: count * IMAGE_PIXELS }, (_, i) => first + i);
  const [train, validation, test] = [grey(3, 0), grey(2, 7), grey(1, 9)];
  const drawn = [
    binarize(validation, "static", "validation"),
    binarize(test, "static", "test"),
  ];
  const cases = [
    ["none", [train, validation, test]],
    ["static", [binarize(train, "static", "train"), ...drawn]],
    ["dynamic", [train, ...drawn]],
  ] as const;
  for (const [kind, images] of cases) {
    const engine = new FakeEngine();
    const { end } = await collect(engine, {
      dataset: {
        ...dataset(3),
        train: split(train),
        validation: split(validation),
        test: split(test),
      },
      epochs: 1,
      likelihood: "bce",
      binarize: kind,
    });
    assertEquals(engine.images, [...images]);
    const { options, data } = await end.checkpoint();
    assertEquals([options.binarize, data.digest], [kind, "blank"]);
  }
});

Deno.test("train() works without a validation split", async () => {
  const { epochs } = await collect(new FakeEngine(), {
    dataset: dataset(4, 0),
    epochs: 1,
  });
  assertEquals(epochs[0].record.validation, null);
  assertEquals(epochs[0].record.klPerDimension, [0.5, 0]);
});

Deno.test("train() stops after the step in hand, and resumes there", async () => {
  const controller = new AbortController();
  const stopped = new FakeEngine();
  stopped.onStep = (step) => {
    if (step === 4) controller.abort();
  };
  const setup = { dataset: dataset(10), epochs: 3, batchSize: 4 };
  const { end } = await collect(stopped, {
    ...setup,
    signal: controller.signal,
  });
  assertEquals(end.reason, "aborted");
  assertEquals(end.test, null);
  const checkpoint = await end.checkpoint();
  assertEquals(checkpoint.history.length, 1);
  assertEquals(checkpoint.partial?.images, 8);

  const resumed = new FakeEngine();
  const { epochs } = await collect(resumed, {
    dataset: setup.dataset,
    resume: checkpoint,
  });
  const whole = new FakeEngine();
  const uninterrupted = await collect(whole, setup);
  assertEquals([...stopped.batches, ...resumed.batches], whole.batches);
  assertEquals(
    epochs.at(-1)!.record,
    uninterrupted.epochs.at(-1)!.record,
  );
});

Deno.test("train() stops at an epoch's end when it is aborted there", async () => {
  const controller = new AbortController();
  const engine = new FakeEngine();
  engine.onStep = (step) => {
    if (step === 2) controller.abort();
  };
  const { end } = await collect(engine, {
    dataset: dataset(10),
    batchSize: 4,
    epochs: 5,
    signal: controller.signal,
  });
  assertEquals(end.reason, "aborted");
  const checkpoint = await end.checkpoint();
  assertEquals(checkpoint.history.length, 1);
  assertEquals(checkpoint.partial, null);
});

Deno.test("train() lets a signal in where epochs are short", async () => {
  const { end } = await collect(new FakeEngine(), {
    dataset: dataset(10),
    batchSize: 4,
    epochs: 100_000,
    signal: AbortSignal.timeout(20),
  });
  assertEquals(end.reason, "aborted");
});

Deno.test("train() names the step whose loss is not finite", async () => {
  const engine = new FakeEngine();
  engine.nonFiniteStep = 6;
  const error = await assertRejects(
    () => collect(engine, { dataset: dataset(10), epochs: 1 }),
    NonFiniteLossError,
    "the loss of step 7 is not a finite number",
  );
  assertInstanceOf(error, NonFiniteLossError);
  assertEquals(error.step, 7);
});

Deno.test("train() names the last step when validation is not finite", async () => {
  const engine = new FakeEngine();
  engine.validation = [NaN];
  await assertRejects(
    () => collect(engine, { dataset: dataset(10), batchSize: 4, epochs: 1 }),
    NonFiniteLossError,
    "the loss of step 3 is not a finite number",
  );
});

Deno.test("train() of a finished checkpoint only tests", async () => {
  const setup = { dataset: dataset(4), epochs: 1 };
  const { end } = await collect(new FakeEngine(), setup);
  const engine = new FakeEngine();
  const again = await collect(engine, {
    ...setup,
    resume: await end.checkpoint(),
  });
  assertEquals(engine.batches, []);
  assertEquals(again.events.map(({ type }) => type), ["end"]);
  assertEquals(again.end.test?.total, 5);
});

function options(given: Partial<TrainingOptions>): TrainingOptions {
  return completeOptions(trainingOptions, { beta: 4, ...given });
}

Deno.test("hyperAt() is constant unless told otherwise", () => {
  const expected = { beta: 4, capacity: 0, learningRate: 0.001 };
  assertEquals(hyperAt(options({}), 0, 10), expected);
  assertEquals(hyperAt(options({}), 1e6, 10), expected);
});

Deno.test("hyperAt() raises β linearly over the warm-up", () => {
  const linear = options({ betaSchedule: "linear", warmupEpochs: 2 });
  assertEquals(
    [0, 5, 10, 20, 500].map((step) => hyperAt(linear, step, 10).beta),
    [0, 1, 2, 4, 4],
  );
});

Deno.test("hyperAt() starts a cycle every two warm-ups", () => {
  const cyclical = options({ betaSchedule: "cyclical", warmupEpochs: 2 });
  assertEquals(
    [0, 10, 20, 39, 40, 50, 60].map((step) => hyperAt(cyclical, step, 10).beta),
    [0, 2, 4, 4, 0, 2, 4],
  );
});

Deno.test("hyperAt() takes half the run for a warm-up, and four cycles", () => {
  const beta = (given: Partial<TrainingOptions>, epoch: number) =>
    hyperAt(options({ epochs: 16, ...given }), 100 * epoch, 100).beta;
  const linear = { betaSchedule: "linear" } as const;
  assertEquals([0, 4, 8, 16].map((e) => beta(linear, e)), [0, 2, 4, 4]);
  // Fu et al. 2019: M = 4 cycles, of which half is a rise.
  const cyclical = { betaSchedule: "cyclical" } as const;
  for (let cycle = 0; cycle < 4; cycle++) {
    assertEquals(
      [0, 1, 2, 3, 3.99].map((e) => beta(cyclical, 4 * cycle + e)),
      [0, 2, 4, 4, 4],
    );
  }
});

Deno.test("settleWarmup() makes epochs of a share, once", () => {
  const settled = (given: Partial<TrainingOptions>) =>
    settleWarmup(options({ epochs: 10, ...given }));
  const linear = settled({ betaSchedule: "linear" });
  assertEquals(linear.warmupEpochs, 5);
  assertEquals(settleWarmup({ ...linear, epochs: 20 }).warmupEpochs, 5);
  assertEquals(settled({ betaSchedule: "cyclical" }).warmupEpochs, 1.25);
  assertEquals(settled({ capacity: 3 }).warmupEpochs, 5);
  assertEquals(settled({ capacity: 3, warmupEpochs: 2 }).warmupEpochs, 2);
  // Nothing rises.
  assertEquals(settled({}).warmupEpochs, null);
  const autoencoder = { autoencoder: true, capacity: 3 };
  assertEquals(settled(autoencoder).warmupEpochs, null);
});

Deno.test("epochsToTarget() is where beta and the capacity come to stay", () => {
  const reached = (given: Partial<TrainingOptions>) =>
    epochsToTarget(options({ epochs: 10, ...given }));
  assertEquals(reached({}), 0);
  assertEquals(reached({ capacity: 2, autoencoder: true }), 0);
  assertEquals(reached({ capacity: 2 }), 5);
  assertEquals(reached({ betaSchedule: "linear", warmupEpochs: 12 }), 12);
  // Four cycles of 2.5 epochs: the last rises from 7.5 to 8.75.
  assertEquals(reached({ betaSchedule: "cyclical" }), 8.75);
  for (const [warmupEpochs, end] of [[5, 5], [4, 12], [2, 10], [1, 9]]) {
    assertEquals(reached({ betaSchedule: "cyclical", warmupEpochs }), end);
  }
});

Deno.test("train() keeps the length of a warm-up when it is prolonged", async () => {
  const first = await collect(new FakeEngine(), {
    dataset: dataset(4),
    batchSize: 1,
    epochs: 2,
    beta: 4,
    betaSchedule: "linear",
  });
  const resume = await first.end.checkpoint();
  assertEquals(resume.options.warmupEpochs, 1);
  const engine = new FakeEngine();
  const { end } = await collect(engine, {
    dataset: dataset(4),
    resume,
    epochs: 8,
  });
  assertEquals((await end.checkpoint()).options.warmupEpochs, 1);
  assertEquals(new Set(engine.batches.map(({ hyper }) => hyper.beta)).size, 1);
});

Deno.test("hyperAt() raises the capacity over the warm-up", () => {
  const rising = options({ capacity: 25, warmupEpochs: 5 });
  for (let step = 0; step < 80; step += 7) {
    const { capacity, beta } = hyperAt(rising, step, 10);
    assertAlmostEquals(capacity, Math.min(25, step / 2));
    assertLessOrEqual(capacity, 25);
    assertEquals(beta, 4);
  }
});

Deno.test("hyperAt() lets the learning rate fall over all epochs", () => {
  const rate = (lrSchedule: TrainingOptions["lrSchedule"], t: number) =>
    hyperAt(options({ lrSchedule, epochs: 10 }), 1000 * t, 100).learningRate;
  for (const [t, factor] of [[0, 1], [0.5, 0.5], [1, 0], [2, 0]]) {
    assertAlmostEquals(rate("cosine", t), 0.001 * factor);
  }
  // The values of torch.optim.lr_scheduler.OneCycleLR at the same places.
  for (
    const [t, factor] of [
      [0, 0.04],
      [0.15, 0.52],
      [0.3, 1],
      [0.65, 0.500002],
      [1, 0.000004],
    ]
  ) {
    assertAlmostEquals(rate("one-cycle", t), 0.001 * factor, 1e-9);
  }
  assertEquals(rate("constant", 1), 0.001);
});

Deno.test("hyperAt() raises the learning rate first, and lets it fall to the last step", () => {
  const rates = (
    steps: number[],
    stepsPerEpoch: number,
    given: Partial<TrainingOptions>,
  ) =>
    steps.map((step) =>
      hyperAt(
        options({ lr: 1, lrWarmup: 0.1, ...given }),
        step,
        stepsPerEpoch,
      ).learningRate
    );
  const assertRates = (actual: number[], expected: number[]) =>
    expected.forEach((rate, i) => assertAlmostEquals(actual[i], rate, 1e-12));
  // 567 steps are next to 0.33 × 1,719: a rise over 56.7, a fall over 510.3.
  assertRates(
    rates([0, 28.35, 56.7, 311.85, 566, 567], 1719, {
      epochs: 0.33,
      lrSchedule: "linear",
    }),
    [0.02, 0.51, 1, 0.5, 1 / 510.3, 0],
  );
  const whole = { epochs: 2 };
  assertRates(
    rates([0, 10, 20, 110, 199], 100, { ...whole, lrSchedule: "constant" }),
    [0.02, 0.51, 1, 1, 1],
  );
  assertRates(
    rates([0, 10, 20, 110, 200], 100, { ...whole, lrSchedule: "cosine" }),
    [0.02, 0.51, 1, 0.5, 0],
  );
  assertRates(
    rates([0, 100, 150, 200, 300], 100, {
      ...whole,
      lrWarmup: 0,
      lrSchedule: "linear",
    }),
    [1, 0.5, 0.25, 0, 0],
  );
  // All of the run may be a rise.
  assertRates(
    rates([0, 100, 200], 100, { ...whole, lrWarmup: 1, lrSchedule: "linear" }),
    [0.02, 0.51, 0],
  );
});
