/** Runs of the page: the same bits, however they are held, turned or forked. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
} from "@std/assert";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { engineOptions } from "../lib/engine/checks.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import type {
  OmitOfEach,
  Report,
  Snapshot,
} from "../lib/explorer/page/messages.ts";
import {
  betaAt,
  goOn,
  type Plan,
  planUntil,
} from "../lib/explorer/training_plan.ts";
import { RunInWorker } from "../lib/explorer/page/run_in_worker.ts";
import { RunRecord } from "../lib/explorer/page/run_record.ts";
import {
  optionsOf,
  STEPS_PER_EPOCH,
  trainingDigits,
} from "../lib/explorer/page/training_digits.ts";
import { train } from "../lib/train/trainer.ts";

type Told = OmitOfEach<Report, "run">;

const PLAN: Plan = {
  ...{ seed: 5, latentDim: 2, beta: 1, likelihood: "bce", classCount: 0 },
  ...{ epochs: 2, events: [], stopped: null },
};
/** Four steps to an epoch. */
const dataset = await syntheticDataset({ limit: 200, valSize: 64 });

/** What a run tells that takes these orders. */
async function reports(
  plan: Plan,
  order: (report: Told, run: RunInWorker) => void = () => {},
  { from, pace = Infinity }: { from?: Snapshot; pace?: number } = {},
): Promise<Told[]> {
  const told: Told[] = [];
  const run = new RunInWorker(plan, pace, (report) => {
    told.push(report);
    order(report, run);
  });
  await run.train(dataset, from?.checkpoint);
  return told;
}

function snapshotsOf(told: Told[]): Snapshot[] {
  return told.filter((report) => report.type === "snapshot")
    .map(({ snapshot }) => snapshot);
}

/** The state where a run ends. */
function endOf(told: Told[]) {
  return snapshotsOf(told).at(-1)!.checkpoint.state;
}

Deno.test("RunInWorker trains as train() does", async () => {
  const told = await reports(PLAN);
  const options = optionsOf(PLAN);
  const engine = new WasmEngine({
    ...engineOptions(options),
    threads: 1,
    variant: "plain",
  });
  for await (const event of train({ ...options, dataset, engine })) {
    if (event.type !== "end") continue;
    const { checkpoint } = snapshotsOf(told).at(-1)!;
    const { state, history } = await event.checkpoint();
    assertEquals(checkpoint.state, state);
    assertEquals(checkpoint.history, history);
  }
  engine.dispose();
  assertEquals(snapshotsOf(told).map(({ step }) => step), [0, 4, 8]);
  assertEquals(told.at(-1), { type: "end" });
});

Deno.test("RunInWorker comes to the same bits paused, step by step, and slowly", async () => {
  const { state, history } =
    snapshotsOf(await reports(PLAN)).at(-1)!.checkpoint;
  let steps = 0;
  const stepped = await reports(PLAN, (report, run) => {
    if (report.type !== "pause") return;
    if (steps++ < 6) run.step();
    else run.setPace(200);
  }, { pace: 0 });
  assertEquals(endOf(stepped), state);
  assertEquals(snapshotsOf(stepped).at(-1)!.checkpoint.history, history);
  assertEquals(
    snapshotsOf(stepped).map(({ step }) => step),
    [0, 1, 2, 3, 4, 5, 6, 8],
  );
});

Deno.test("RunInWorker takes another β from the next step on, as its plan then says", async () => {
  let step = 0;
  const told = await reports(PLAN, (report, run) => {
    if (report.type === "snapshot") ({ step } = report.snapshot);
    if (report.type !== "pause") return;
    const beta = { 3: 8, 6: 0 }[step];
    if (beta !== undefined) run.setBeta(beta);
    run.step();
  }, { pace: 0 });
  const plan = told.findLast((report) => report.type === "plan")!.plan;
  const events = [{ step: 3, beta: 8 }, { step: 6, beta: 0 }];
  assertEquals(plan, { ...PLAN, events });
  const { checkpoint } = snapshotsOf(told).at(-1)!;
  assertEquals(checkpoint.history.map(({ beta }) => beta), [8, 0]);
  assertEquals(checkpoint.options.beta, 0);
  // Made again by the plan, at full speed.
  assertEquals(endOf(await reports(plan)), checkpoint.state);
  const still = endOf(await reports(PLAN)).parameters;
  assert(checkpoint.state.parameters.some((weight, i) => weight !== still[i]));
});

Deno.test("RunInWorker rests where its plan was stopped, and goes on to the same bits", async () => {
  const events = [{ step: 3, beta: 8 }, { step: 6, beta: 0 }];
  const plan = { ...PLAN, events };
  const state = endOf(await reports(plan));
  const told = await reports({ ...plan, stopped: 5 }, (report, run) => {
    if (report.type === "pause") run.setPace(Infinity);
  });
  assertEquals(endOf(told), state);
  const snapshots = snapshotsOf(told);
  assertEquals(snapshots.map(({ step }) => step), [0, 4, 5, 8]);
  // Forks without a change: from an epoch's end, from within one, from the start.
  for (const from of [snapshots[1], snapshots[2], snapshots[0]]) {
    assertEquals(endOf(await reports(plan, undefined, { from })), state);
  }
});

Deno.test("RunInWorker goes on after its end as if it had been longer", async () => {
  const long = { ...PLAN, epochs: 4, events: [{ step: 10, beta: 8 }] };
  const from = snapshotsOf(await reports(PLAN)).at(-1)!;
  assertEquals(from.step, 8);
  const told = await reports(long, undefined, { from });
  assertEquals(endOf(told), endOf(await reports(long)));
  assertEquals(snapshotsOf(told).map(({ step }) => step), [12, 16]);
  // What is read of digits held out is what is drawn of them.
  const end = snapshotsOf(told).at(-1)!;
  const { validation } = end.checkpoint.history.at(-1)!;
  assertAlmostEquals(end.kl[0] + end.kl[1], validation!.kl, 1e-3);
});

Deno.test("RunInWorker gives checkpoints that a file holds, and that train() resumes", async () => {
  const plan = { ...PLAN, stopped: 5, classCount: 10 };
  const told = await reports(plan, (report, run) => {
    if (report.type === "pause") run.stop();
  });
  const checkpoints = snapshotsOf(told).map(({ checkpoint }) =>
    decodeCheckpoint(encodeCheckpoint(checkpoint))
  );
  assertEquals(checkpoints, snapshotsOf(told).map((at) => at.checkpoint));
  const [, , resume] = checkpoints;
  assertEquals(resume.state.step, 5);
  assertEquals(resume.data.digest, dataset.digest);
  const steps = [];
  for await (
    const event of train({ dataset, resume, engine: { engine: "wasm" } })
  ) {
    if (event.type === "epoch") steps.push(event.record.step);
  }
  assertEquals(steps, [8]);
});

Deno.test("RunInWorker forgets the rest of a plan where β is changed", async () => {
  const events = [{ step: 2, beta: 2 }, { step: 6, beta: 0 }];
  const told = await reports({ ...PLAN, events, stopped: 7 }, (report, run) => {
    if (report.type !== "snapshot" || report.snapshot.step !== 4) return;
    run.setBeta(3);
  });
  assertEquals(
    told.findLast((report) => report.type === "plan")!.plan,
    { ...PLAN, events: [{ step: 2, beta: 2 }, { step: 4, beta: 3 }] },
  );
  assertEquals(told.at(-1), { type: "end" });
});

Deno.test("RunInWorker shows the KL of the posteriors, and samples", async () => {
  const [begin] = snapshotsOf(await reports({ ...PLAN, classCount: 10 }));
  assertEquals(begin.mu.length, 64 * PLAN.latentDim);
  assertEquals(begin.samples.length, 16 * 784);
  assertEquals(begin.kl.length, PLAN.latentDim);
  begin.kl.forEach((nats) => assert(nats > 0));
});

Deno.test("trainingDigits() are those of the data set with the options that they name", async () => {
  const digits = await trainingDigits();
  const { limit, valSize } = digits.options;
  const { heldOut, ...same } = await syntheticDataset({
    limit: limit!,
    valSize,
  });
  assertEquals(heldOut, valSize);
  assertEquals(digits.digest, same.digest);
  assertEquals(digits.options, same.options);
  assertEquals(digits.classes, same.classes);
  assertEquals(digits.validation, same.validation);
  assertEquals(digits.train.count, STEPS_PER_EPOCH * 64 - 16);
});

Deno.test("betaAt() goes by the last event before a step", () => {
  const plan = {
    ...PLAN,
    events: [{ step: 3, beta: 8 }, { step: 6, beta: 0 }],
  };
  assertEquals([0, 2, 3, 5, 6, 9].map((step) => betaAt(plan, step)), [
    ...[1, 1, 8, 8, 0, 0],
  ]);
});

Deno.test("goOn() and planUntil() keep what was before", () => {
  const events = [{ step: 3, beta: 8 }, { step: 6, beta: 0 }];
  const plan: Plan = { ...PLAN, events, stopped: 7 };
  assertEquals(goOn(plan, 6, 2).events, [events[0], { step: 6, beta: 2 }]);
  assertEquals(goOn(plan, 6, 8).events, [events[0]]);
  assertEquals(goOn(plan, 0, 2), { ...PLAN, beta: 2 });
  assertEquals(goOn(plan, 6, 2).stopped, null);
  assertEquals(planUntil(plan, 6), {
    ...PLAN,
    events: [events[0]],
    stopped: 6,
  });
});

Deno.test("RunRecord keeps epochs and where it rests, and shows any of them", async () => {
  const losses = { total: 5, reconstruction: 3, kl: 2 };
  const [begin] = snapshotsOf(await reports(PLAN));
  const at = (step: number): Snapshot => ({ ...begin, step });
  const plan = { ...PLAN, events: [{ step: 100, beta: 3 }] };
  const run = new RunRecord(1, plan);
  assertEquals(run.shownPlan, null);
  const progress = (step: number) =>
    run.addProgress({ view: at(step), losses, imagesPerSecond: 1 });
  for (let step = 0; step <= 150; step += 10) progress(step);
  for (const step of [0, 94, 150]) run.addSnapshot(at(step));
  progress(160);
  assertEquals(run.view!.step, 160);
  assertEquals(run.snapshot!.step, 150);
  run.addSnapshot(at(188));
  assertEquals(run.snapshots.map(({ step }) => step), [0, 94, 188]);
  assertEquals(run.shownPlan, plan);

  run.lookAt(1);
  assertEquals(run.isFollowed, false);
  assertEquals(run.view!.step, 94);
  assertEquals(run.shownPlan, { ...PLAN, stopped: 94 });
  const fork = new RunRecord(2, goOn(plan, 94, 5), { run, at: run.snapshot! });
  assertEquals(fork.snapshots.map(({ step }) => step), [0, 94]);
  assertLess(fork.points.at(-1)!.epoch, 1);
  assert(fork.before.length > 0);
  assertEquals(fork.before.at(-1)!.beta, 3);
  assertEquals(run.epoch, 1);
  run.lookAt(2);
  assertEquals([run.isFollowed, run.epoch], [true, 2]);
  const longer = new RunRecord(3, plan, { run, at: run.snapshot! });
  assertEquals(longer.before, []);

  for (let epoch = 3; epoch <= 200; epoch++) {
    run.addSnapshot(at(epoch * STEPS_PER_EPOCH));
    assertLess(run.snapshots.length, 41);
  }
  assertEquals(run.snapshots[0].step, 0);
  assertEquals(run.snapshots.at(-1)!.step, 200 * STEPS_PER_EPOCH);
  run.lookAt(7);
  assertEquals(run.epoch * STEPS_PER_EPOCH, run.view!.step);
  assertLess(run.epoch, 7);
});
