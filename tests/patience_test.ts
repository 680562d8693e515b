/** Early stopping: which epoch is kept, and that stops do not change it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Checkpoint } from "../lib/checkpoint/metadata.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { createEngine } from "../lib/engines.ts";
import { completeOptions } from "../lib/options/table.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { RunError } from "../lib/train/check.ts";
import { trainLoop } from "../lib/train/trainer.ts";
import { collect, dataset, FakeEngine } from "./fake_engine.ts";

const digits = await syntheticDataset({ limit: 24, valSize: 8 });
const options = completeOptions(trainingOptions, {
  latentDim: 2,
  batchSize: 8,
  epochs: 40,
  lr: 0.02,
  patience: 3,
});

/** Where a run is stopped: after an epoch, or in the midst of the next. */
interface Stop {
  readonly epoch: number;
  readonly isLater?: boolean;
}

/**
 * Trains on digits until the end or a stop.
 *
 * @returns The run as it is saved: after an epoch as one that is killed leaves
 * it; otherwise as one that is told to stop does.
 */
async function trained(
  resume?: Checkpoint,
  stop?: Stop,
): Promise<{ checkpoint: Checkpoint; epochs: number; reason: string }> {
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const step = engine.trainStep.bind(engine);
  engine.trainStep = (batch, hyper) => {
    const { epoch, isLater } = stop ?? { epoch: Infinity };
    if (isLater && batch.step === 3 * epoch) controller.abort();
    return step(batch, hyper);
  };
  try {
    const setup = { engine, dataset: digits, options, resume, signal };
    for await (const event of trainLoop(setup)) {
      if (event.type === "progress") continue;
      const isKilled = event.type === "epoch" && !stop?.isLater &&
        event.record.epoch === stop?.epoch;
      if (event.type !== "end" && !isKilled) continue;
      const bytes = encodeCheckpoint(await event.checkpoint());
      return {
        checkpoint: decodeCheckpoint(bytes),
        epochs: event.type === "end" ? event.history.length : stop!.epoch,
        reason: event.type === "end" ? event.reason : "killed",
      };
    }
    throw new Error("the run has no end");
  } finally {
    engine.dispose();
  }
}

Deno.test("train() keeps the same best epoch wherever it is stopped", async () => {
  const whole = await trained();
  assertEquals(whole.reason, "patience");
  const best = whole.checkpoint.history.length;
  assertEquals(whole.epochs, best + 3);
  assert(best > 1, `the best epoch is ${best}`);
  const expected = encodeCheckpoint(whole.checkpoint);
  for (let epoch = best - 1; epoch <= whole.epochs; epoch++) {
    for (const isLater of [false, true]) {
      if (isLater && epoch === whole.epochs) continue;
      const { checkpoint, reason } = await trained(undefined, {
        epoch,
        isLater,
      });
      assertEquals(reason, isLater ? "aborted" : "killed");
      assertEquals(checkpoint.history.length, epoch);
      assertEquals(checkpoint.best?.epoch, Math.min(epoch, best));
      const resumed = await trained(checkpoint);
      assertEquals(encodeCheckpoint(resumed.checkpoint), expected, `${epoch}`);
      assertEquals(resumed.reason, "patience");
    }
  }
});

Deno.test("train() of a run that patience ended trains nothing", async () => {
  const { checkpoint } = await trained();
  assertEquals(checkpoint.best, undefined);
  assertEquals(checkpoint.trained, checkpoint.history.length + 3);
  const engine = new FakeEngine();
  const { end } = await collect(engine, {
    dataset: digits,
    resume: checkpoint,
  });
  assertEquals([end.reason, engine.batches], ["patience", []]);
  // More patience, and it trains on from the epoch that it kept.
  const more = new FakeEngine();
  const { epochs } = await collect(more, {
    dataset: digits,
    resume: checkpoint,
    patience: 5,
    epochs: checkpoint.history.length + 1,
  });
  assertEquals(epochs, []); // so few epochs it has had
  const later = await collect(more, {
    dataset: digits,
    resume: checkpoint,
    patience: 5,
    epochs: checkpoint.trained! + 1,
  });
  assertEquals(later.epochs[0].record.epoch, checkpoint.history.length + 1);
});

Deno.test("train() keeps the best epoch when patience runs out", async () => {
  const engine = new FakeEngine();
  engine.validation = [9, 6, 7, 6.5, 8];
  const { end, epochs } = await collect(engine, {
    dataset: dataset(4),
    batchSize: 4,
    epochs: 10,
    patience: 2,
  });
  assertEquals(end.reason, "patience");
  assertEquals(epochs.length, 4);
  assertEquals(end.history.length, 4);
  assertEquals((await epochs[2].checkpoint()).best?.epoch, 2);
  const kept = await end.checkpoint();
  assertEquals(kept.history.length, 2);
  assertEquals([kept.best, kept.trained], [undefined, 4]);
  assertEquals(kept.state.step, 2);
  assertEquals((await engine.readState()).step, 2);
});

/** Trains a fake engine one step an epoch, with these validation losses. */
async function kept(
  validation: [reconstruction: number, kl: number][],
  given: Omit<Parameters<typeof collect>[1], "dataset">,
): Promise<{ epochs: number; kept: number; engine: FakeEngine }> {
  const engine = new FakeEngine();
  engine.validation = validation
    .map(([reconstruction, kl]) => ({ reconstruction, kl }));
  const { end, epochs } = await collect(engine, {
    dataset: dataset(4),
    batchSize: 4,
    patience: 2,
    ...given,
  });
  const { history } = await end.checkpoint();
  return { epochs: epochs.length, kept: history.length, engine };
}

Deno.test("train() compares epochs at the target beta", async () => {
  // At the β of its time, 4/4 of a step into 4, the first is by far the best.
  const validation: [number, number][] = [
    [100, 30], // 220 at β = 4
    [110, 25], // 210
    [120, 20], // 200
    [130, 15], // 190
    [125, 16], // 189
    [135, 14], // 191
    [136, 14], // 192
  ];
  const linear = { beta: 4, betaSchedule: "linear", warmupEpochs: 4 } as const;
  const result = await kept(validation, { ...linear, epochs: 20 });
  assertEquals([result.epochs, result.kept], [7, 5]);
});

Deno.test("train() counts patience from where beta and capacity are reached", async () => {
  const worse = Array.from(
    { length: 20 },
    (_, i): [number, number] => [100 + i, 1],
  );
  const epochs = async (given: Parameters<typeof kept>[1]) =>
    (await kept(worse, { epochs: 20, ...given })).epochs;
  assertEquals(await epochs({}), 3);
  const warmup = { warmupEpochs: 4.5 };
  assertEquals(await epochs({ ...warmup, betaSchedule: "linear" }), 7);
  // Cycles begin after 0, 9 and 18 epochs; the last rises until 22.5.
  assertEquals(await epochs({ ...warmup, betaSchedule: "cyclical" }), 20);
  assertEquals(
    await epochs({ ...warmup, betaSchedule: "cyclical", epochs: 18 }),
    16,
  );
  assertEquals(await epochs({ ...warmup, capacity: 2 }), 7);
  // Half the run, unless told otherwise.
  assertEquals(await epochs({ betaSchedule: "linear", epochs: 10 }), 7);
});

Deno.test("train() tests what it keeps at the target beta and capacity", async () => {
  const { engine, kept: epoch } = await kept([[9, 1], [8, 1], [9, 1]], {
    beta: 4,
    betaSchedule: "linear",
    capacity: 3,
    warmupEpochs: 10,
    epochs: 3,
  });
  assertEquals(epoch, 2);
  assertEquals(
    engine.evaluations.map(({ beta, capacity }) => [beta, capacity]).at(-1),
    [4, 3],
  );
  const whole = new FakeEngine();
  await collect(whole, {
    dataset: dataset(4),
    batchSize: 4,
    betaSchedule: "cyclical",
    beta: 2,
    epochs: 3,
  });
  assertEquals(whole.evaluations.at(-1)!.beta, 2);
});

Deno.test("train() without an epoch's model at hand keeps a later one", async () => {
  const engine = new FakeEngine();
  engine.validation = [5, 7];
  const first = await collect(engine, {
    dataset: dataset(4),
    batchSize: 4,
    epochs: 2,
  });
  const resume = await first.end.checkpoint();
  engine.validation = [8, 9];
  const { end } = await collect(engine, {
    dataset: dataset(4),
    resume,
    epochs: 9,
    patience: 2,
  });
  assertEquals(end.reason, "patience");
  assertEquals((await end.checkpoint()).history.length, 2);
});

Deno.test("train() refuses patience without validation images", async () => {
  await assertRejects(
    () => collect(new FakeEngine(), { dataset: dataset(4, 0), patience: 1 }),
    RunError,
    "patience compares validation losses, and no images are held out for " +
      "them: choose a larger valSize",
  );
});
