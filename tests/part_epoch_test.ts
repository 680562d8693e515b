/** Runs that end within an epoch, and what goes on from there. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import type { Checkpoint } from "../lib/checkpoint/metadata.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { GpuError } from "../lib/engine/gpu.ts";
import { createEngine } from "../lib/engines.ts";
import { type TrainingOptions, trainingOptions } from "../lib/options/run.ts";
import { completeOptions } from "../lib/options/table.ts";
import { endOfRun } from "../lib/train/patience.ts";
import { trainLoop, wasmInstead } from "../lib/train/trainer.ts";
import { collect, dataset, FakeEngine } from "./fake_engine.ts";

/** Ten images in batches of four: three steps an epoch. */
const THREE = { dataset: dataset(10), batchSize: 4 };

Deno.test("train() ends within an epoch, and validates, tests and records there", async () => {
  const engine = new FakeEngine();
  const { end, epochs } = await collect(engine, { ...THREE, epochs: 1.5 });
  assertEquals(
    engine.batches.map(({ first, count, step }) => [first, count, step]),
    [[0, 4, 0], [4, 4, 1], [8, 2, 2], [0, 4, 3], [4, 4, 4]],
  );
  assertEquals(epochs.map(({ record }) => [record.epoch, record.step]), [
    [1, 3],
    [1.5, 5],
  ]);
  assertEquals(epochs[1].record.train.total, 10);
  assertEquals(epochs[1].record.validation?.total, 5);
  assertEquals([end.reason, end.test?.total], ["epochs", 5]);
  const { history, partial, state } = await end.checkpoint();
  assertEquals([history.length, partial?.images, state.step], [2, 8, 5]);
});

Deno.test("train() takes the steps next to the epochs asked for, and one at least", async () => {
  const cases: [number, number, number[]][] = [
    [0.001, 1, [0.001]],
    [0.33, 1, [0.33]],
    [0.5, 2, [0.5]],
    [0.8, 2, [0.8]],
    [0.9, 3, [1]], // next to a whole epoch
    [1.1, 3, [1]],
    [1.2, 4, [1, 1.2]],
    [2, 6, [1, 2]],
  ];
  for (const [epochs, steps, recorded] of cases) {
    const engine = new FakeEngine();
    const { end } = await collect(engine, { ...THREE, epochs });
    assertEquals(engine.batches.length, steps, `${epochs}`);
    assertEquals(end.history.map(({ epoch }) => epoch), recorded);
    const { partial } = await end.checkpoint();
    assertEquals(partial === null, Number.isInteger(recorded.at(-1)));
  }
});

Deno.test("train() goes on from a part of an epoch with its other images", async () => {
  const whole = new FakeEngine();
  const { end: expected } = await collect(whole, { ...THREE, epochs: 2 });
  const engines: FakeEngine[] = [];
  let resume: Checkpoint | undefined;
  for (const epochs of [0.3, 0.7, 1.2, 1.7, 2]) {
    engines.push(new FakeEngine());
    const { end, epochs: told } = await collect(engines.at(-1)!, {
      ...THREE,
      epochs,
      resume,
    });
    assertEquals(told.at(-1)?.record.epoch, epochs);
    resume = decodeCheckpoint(encodeCheckpoint(await end.checkpoint()));
  }
  assertEquals(engines.flatMap(({ batches }) => batches), whole.batches);
  assertEquals(resume, await expected.checkpoint());
});

Deno.test("train() of a part of an epoch that is trained only tests", async () => {
  const { end } = await collect(new FakeEngine(), { ...THREE, epochs: 1.5 });
  const resume = await end.checkpoint();
  for (const epochs of [1.5, 1.6, 1, 0.2]) { // 1.6: as many steps as 1.5
    const engine = new FakeEngine();
    const again = await collect(engine, { ...THREE, resume, epochs });
    assertEquals(again.events.map(({ type }) => type), ["end"]);
    assertEquals(engine.batches, []);
    const { options: _, ...run } = await again.end.checkpoint();
    const { options: __, ...before } = resume;
    assertEquals(run, before);
    const options = { ...resume.options, epochs };
    assertEquals(endOfRun(options, resume, 3), "epochs");
  }
  const more = { ...resume.options, epochs: 1.9 };
  assertEquals(endOfRun(more, resume, 3), undefined);
});

/** A run of three epochs that was told to stop in its second, after step 5. */
async function stopped(): Promise<Checkpoint> {
  const controller = new AbortController();
  const engine = new FakeEngine();
  engine.onStep = (step) => step === 4 && controller.abort();
  const { end } = await collect(engine, {
    ...THREE,
    epochs: 3,
    signal: controller.signal,
  });
  assertEquals(end.reason, "aborted");
  return await end.checkpoint();
}

Deno.test("train() records what it has not where the steps are done", async () => {
  const resume = await stopped();
  const engine = new FakeEngine();
  const { end } = await collect(engine, { ...THREE, resume, epochs: 1.7 });
  assertEquals(engine.batches, []);
  const expected = await collect(new FakeEngine(), { ...THREE, epochs: 1.7 });
  assertEquals(await end.checkpoint(), await expected.end.checkpoint());
});

Deno.test("train() of a run that is past the end of a part adds no record", async () => {
  const resume = await stopped();
  const engine = new FakeEngine();
  const { end, epochs } = await collect(engine, {
    ...THREE,
    resume,
    epochs: 1.3,
  });
  assertEquals([engine.batches, epochs, end.reason], [[], [], "epochs"]);
  const { history, partial } = await end.checkpoint();
  assertEquals([history.length, partial], [1, resume.partial]);
});

Deno.test("train() tells of a part of an epoch how much of it is left", async () => {
  const { now } = performance;
  let time = 0;
  const engine = new FakeEngine();
  engine.onStep = () => time += 110;
  performance.now = () => time;
  try {
    const setup = { dataset: dataset(10), batchSize: 2, epochs: 1.6 };
    const { events } = await collect(engine, setup);
    const told = events.flatMap((event) =>
      event.type === "progress"
        ? [[event.epoch, event.step, event.images.done, event.images.total]]
        : []
    );
    assertEquals(told, [[1, 2, 4, 10], [1, 4, 8, 10], [2, 7, 4, 6]]);
    const left = events.flatMap((event) =>
      event.type === "progress" ? [event.secondsLeft] : []
    );
    // Sixteen images, of which two take 110 ms.
    [12, 8, 2].forEach((images, i) =>
      assertAlmostEquals(left[i], images * 0.055)
    );
  } finally {
    performance.now = now;
  }
});

const digits = await syntheticDataset({ limit: 24, valSize: 8 });

/** Three steps an epoch; a run of seven. */
const options: TrainingOptions = completeOptions(trainingOptions, {
  latentDim: 2,
  batchSize: 8,
  epochs: 2.4,
  lr: 0.02,
  lrSchedule: "linear",
  lrWarmup: 0.3,
  betaSchedule: "linear",
});

/** Trains on digits with the wasm engine, to the end or to a stop. */
async function trained(
  options: TrainingOptions,
  { resume, stop }: { resume?: Checkpoint; stop?: number } = {},
): Promise<{ checkpoint: Checkpoint; reason: string }> {
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const step = engine.trainStep.bind(engine);
  engine.trainStep = (batch, hyper) => {
    if (batch.step + 1 === stop) controller.abort();
    return step(batch, hyper);
  };
  try {
    const setup = { engine, dataset: digits, options, resume, signal };
    for await (const event of trainLoop(setup)) {
      if (event.type !== "end") continue;
      const bytes = encodeCheckpoint(await event.checkpoint());
      return { checkpoint: decodeCheckpoint(bytes), reason: event.reason };
    }
    throw new Error("the run has no end");
  } finally {
    engine.dispose();
  }
}

Deno.test("wasm: a run that ends within an epoch has the same bytes wherever it is stopped", async () => {
  assertEquals(digits.train.count, 24);
  const { checkpoint } = await trained(options);
  assertEquals(checkpoint.history.map(({ epoch, step }) => [epoch, step]), [
    [1, 3],
    [2, 6],
    [2.4, 7],
  ]);
  const expected = encodeCheckpoint(checkpoint);
  for (let stop = 1; stop <= 7; stop++) {
    const before = await trained(options, { stop });
    assertEquals([before.reason, before.checkpoint.state.step], [
      "aborted",
      stop,
    ]);
    const after = await trained(before.checkpoint.options, {
      resume: before.checkpoint,
    });
    assertEquals(after.reason, "epochs");
    assertEquals(encodeCheckpoint(after.checkpoint), expected, `${stop}`);
  }
});

Deno.test("wasm: half an epoch and the rest has the bytes of two epochs", async () => {
  const constant = { ...options, lrSchedule: "constant", lrWarmup: 0 } as const;
  const steady = { ...constant, betaSchedule: "constant" } as const;
  const two = await trained({ ...steady, epochs: 2 });
  for (const epochs of [0.5, 1.4]) {
    const half = await trained({ ...steady, epochs });
    assert(half.checkpoint.state.step < 6);
    const rest = await trained({ ...steady, epochs: 2 }, {
      resume: half.checkpoint,
    });
    assertEquals(
      encodeCheckpoint(rest.checkpoint),
      encodeCheckpoint(two.checkpoint),
    );
  }
});

Deno.test("wasmInstead() names the part of an epoch that it goes on from", async () => {
  const cases: [epochs: number, done: number, where: string][] = [
    [0.33, 0, "from epoch 0.33"],
    [2.5, 1, "from epoch 2"],
    [2.5, 2, "from epoch 2.5"],
    [2.5, 2.5, "after the last epoch 2.5"],
    [2, 0.5, "from epoch 1"],
    [3, 3, "after the last epoch 3"],
  ];
  for (const [epochs, done, where] of cases) {
    let told = "";
    const replace = wasmInstead(
      { ...options, epochs },
      { onFallback: (text) => told = text, threads: 1 },
      (engine) => engine.dispose(),
    )!;
    await replace(new GpuError("it is lost"), done);
    assert(told.endsWith(` ${where}`), told);
  }
});
