/** What a run may begin from, and what is refused. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Checkpoint } from "../lib/checkpoint/metadata.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import type { EngineOptions } from "../lib/engine/engine.ts";
import { createEngine } from "../lib/engines.ts";
import { initialState, type TrainState } from "../lib/model/init.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { inheritedOptions, RunError } from "../lib/train/check.ts";
import { train } from "../lib/train/trainer.ts";
import { engineOptions } from "../lib/engine/checks.ts";
import { collect, dataset, FakeEngine } from "./fake_engine.ts";
import { webgpuIsMissing } from "./webgpu.ts";

/** A run of two epochs that was stopped after eight of ten images. */
async function stopped(): Promise<Checkpoint> {
  const controller = new AbortController();
  const engine = new FakeEngine();
  engine.onStep = (step) => {
    if (step === 4) controller.abort();
  };
  const { end } = await collect(engine, {
    dataset: dataset(10),
    batchSize: 4,
    epochs: 2,
    lr: 0.5,
    beta: 3,
    capacity: 2,
    signal: controller.signal,
  });
  return await end.checkpoint();
}

Deno.test("train({ resume }) refuses what would be another run", async () => {
  const resume = await stopped();
  const cases: [Partial<Parameters<typeof collect>[1]>, string][] = [
    [
      { latentDim: 8 },
      "latentDim 8 does not fit the checkpoint, which was trained with 2",
    ],
    [
      { likelihood: "bce" },
      "likelihood bce does not fit the checkpoint, which was trained with mse",
    ],
    [
      { autoencoder: true },
      "autoencoder true does not fit the checkpoint, which was trained with " +
      "false",
    ],
    [
      { objective: "iwae", beta: 1, capacity: 0 },
      "objective iwae does not fit the checkpoint, which was trained with elbo",
    ],
    [
      { batchSize: 5 },
      "batchSize 5 does not fit the checkpoint, which was trained with 4",
    ],
    [
      { seed: 1 },
      "seed 1 does not fit the checkpoint, which was trained with 0",
    ],
    [
      {
        dataset: { ...dataset(10), name: "own\n", digest: "0123456789abcdef" },
      },
      "the checkpoint was trained on blank (blank…), and these are other " +
      "images: own\\u000a (0123456789ab…)",
    ],
    [
      { dataset: dataset(8) },
      "the checkpoint stands after image 8 of an epoch, and there are 8 " +
      "training images",
    ],
    [{ from: resume }, "a run begins from one checkpoint"],
  ];
  for (const [given, message] of cases) {
    const engine = new FakeEngine();
    const error = await assertRejects(
      () => collect(engine, { dataset: dataset(10), resume, ...given }),
      RunError,
    );
    assertStringIncludes(error.message, message);
    assertEquals([engine.written, engine.batches], [null, []]);
  }
});

Deno.test("train() refuses options of its course that do not go together", async () => {
  const cases: [Partial<Parameters<typeof collect>[1]>, string][] = [
    [
      { epochs: 2.5, patience: 2 },
      "patience 2 does not go with epochs 2.5: it compares whole epochs, so " +
      "ask for 3",
    ],
    [
      { lrWarmup: 0.1, lrSchedule: "one-cycle" },
      "lrWarmup 0.1 does not go with lrSchedule one-cycle, which has a rise " +
      "of its own",
    ],
    [
      { draws: 2, autoencoder: true },
      "draws 2 does not go with autoencoder, which draws no z and has no KL " +
      "term",
    ],
    [
      { klGradient: "stl", autoencoder: true },
      "klGradient stl does not go with autoencoder, which draws no z and has " +
      "no KL term",
    ],
    [
      { draws: 64 },
      "draws 64 times batchSize 128 is 8192 rows, and a step takes 2048: " +
      "choose a smaller one",
    ],
  ];
  for (const [given, message] of cases) {
    const engine = new FakeEngine();
    const error = await assertRejects(
      () => collect(engine, { dataset: dataset(10), ...given }),
      RunError,
    );
    assertEquals(error.message, message);
    assertEquals(engine.batches, []);
  }
});

Deno.test("train() refuses an engine that was made for another run", async () => {
  const engine = new FakeEngine();
  const made = {
    latentDim: 2,
    likelihood: "mse",
    autoencoder: false,
  } as const;
  const options = engineOptions({ ...made, batchSize: 4, seed: 0, draws: 2 });
  const given = { dataset: dataset(10), batchSize: 4, epochs: 1 };
  const other = Object.assign(engine, { options });
  const error = await assertRejects(() => collect(other, given), RunError);
  assertEquals(
    error.message,
    "the engine was made for draws 2, and the run has 1: make it for the " +
      "options of the run",
  );
  assertEquals(engine.batches, []);
  await collect(other, { ...given, draws: 2 });
  assertEquals(engine.batches.length, 3);
});

/** What is chosen anew where a run goes on. */
const OPTIMISER = {
  lr: 0.25,
  lrSchedule: "linear",
  lrWarmup: 0.5,
  headsLrFactor: 0.3,
  adamBeta1: 0.8,
  adamBeta2: 0.98,
  draws: 2,
  klGradient: "stl",
} as const;

Deno.test("train({ resume }) takes the optimiser's options over, or others", async () => {
  const resume = await stopped();
  const changed = await collect(new FakeEngine(), {
    dataset: dataset(10),
    resume,
    ...OPTIMISER,
  });
  const { options } = await changed.end.checkpoint();
  assertEquals({ ...resume.options, ...OPTIMISER }, options);
  const next = { ...resume, options };
  const kept = await collect(new FakeEngine(), {
    dataset: dataset(10),
    resume: next,
    epochs: 3,
  });
  assertEquals((await kept.end.checkpoint()).options, {
    ...options,
    epochs: 3,
  });
  const anew = await collect(new FakeEngine(), {
    dataset: dataset(10),
    from: next,
    epochs: 1,
  });
  const fresh = (await anew.end.checkpoint()).options;
  for (const name of Object.keys(OPTIMISER) as (keyof typeof OPTIMISER)[]) {
    assertEquals(fresh[name], trainingOptions[name].default, name);
  }
});

Deno.test("train({ resume }) says which option made the images others", async () => {
  const resume = await stopped();
  const other = dataset(9);
  const options = { ...other.options, limit: 9, valSize: 3 };
  await assertRejects(
    () =>
      collect(new FakeEngine(), {
        dataset: { ...other, digest: "other", options },
        resume,
      }),
    RunError,
    "the checkpoint was trained on blank with no limit, valSize 5000, and " +
      "these are other images: blank with limit 9, valSize 3; bring back those " +
      "that it was trained on, or begin with its weights, by from",
  );
});

Deno.test("train({ resume }) takes an option that is undefined for one not given", async () => {
  const engine = new FakeEngine();
  const resume = await stopped();
  await collect(engine, { dataset: dataset(10), resume, lr: undefined });
  assertEquals(engine.batches[0].hyper.learningRate, 0.5);
});

Deno.test("train({ from }) begins anew with a checkpoint's weights", async () => {
  const from = await stopped();
  from.state.expAvg.fill(1);
  const other = { ...dataset(6), digest: "other" };
  const engine = new FakeEngine();
  const { end } = await collect(engine, {
    dataset: other,
    from,
    epochs: 1,
    batchSize: 3,
  });
  const { state } = from;
  assertEquals(engine.written, {
    ...state,
    step: 0,
    expAvg: new Float32Array(state.expAvg.length),
    expAvgSq: new Float32Array(state.expAvgSq.length),
  });
  assertEquals(engine.batches.map(({ step, count }) => [step, count]), [
    [0, 3],
    [1, 3],
  ]);
  const { options, history, data } = await end.checkpoint();
  assertEquals([options.latentDim, options.beta, options.capacity], [2, 3, 2]);
  assertEquals([options.lr, options.epochs], [0.001, 1]);
  assertEquals([history.length, data.digest], [1, "other"]);
  await assertRejects(
    () => collect(engine, { dataset: other, from, latentDim: 3 }),
    RunError,
    "latentDim 3 does not fit the checkpoint, which was trained with 2",
  );
});

Deno.test("inheritedOptions() keeps pixels and objective, and its parts with it", async () => {
  const { options, ...run } = await stopped();
  const from: Checkpoint = {
    ...run,
    options: {
      ...options,
      likelihood: "bce",
      binarize: "dynamic",
      objective: "iwae",
      importanceSamples: 8,
      freeBits: 0.5,
    },
  };
  const model = {
    latentDim: 2,
    likelihood: "bce",
    autoencoder: false,
    classCount: 0,
    binarize: "dynamic",
    objective: "iwae",
  } as const;
  const parts = {
    ...{ beta: 3, capacity: 2, freeBits: 0.5 },
    ...{ importanceSamples: 8, tcWeight: null },
  };
  assertEquals(inheritedOptions({ from }, {}), { ...model, ...parts });
  assertEquals(inheritedOptions({ from }, { objective: "elbo" }), model);
  assertEquals(inheritedOptions({ resume: from }, {}), from.options);
  assertEquals(inheritedOptions({}, {}), {});
});

Deno.test("train({ from }) goes on with what the weights have learnt", async () => {
  const digits = await syntheticDataset({ limit: 64, valSize: 16 });
  const fresh = { dataset: digits, epochs: 20, batchSize: 16, lr: 0.01 };
  const first = async (setup: Parameters<typeof train>[0]) => {
    let total = NaN;
    let checkpoint: Checkpoint | undefined;
    for await (const event of train({ latentDim: 2, ...setup })) {
      if (event.type === "epoch" && event.record.epoch === 1) {
        total = event.record.train.total;
      }
      if (event.type === "end") checkpoint = await event.checkpoint();
    }
    return { total, checkpoint };
  };
  const engine = { engine: "wasm", threads: 1 } as const;
  const whole = await first({ ...fresh, engine });
  const other = await syntheticDataset({ limit: 48, valSize: 16 });
  const next = await first({
    dataset: other,
    from: whole.checkpoint,
    epochs: 1,
    batchSize: 16,
    engine,
  });
  assertEquals(next.total < whole.total / 2, true, `${next.total}`);
});

const engines = [
  { engine: "wasm", threads: 1 },
  { engine: "tfjs", tfBackend: "cpu" },
  { engine: "webgpu" },
] as const;

for (const choice of engines) {
  Deno.test({
    name: `${choice.engine}: writeState() refuses a state of another size`,
    ignore: choice.engine === "webgpu" && webgpuIsMissing,
    sanitizeResources: false, // GPU devices outlive a test
    sanitizeOps: false,
    async fn() {
      const options: EngineOptions = {
        latentDim: 3,
        likelihood: "mse",
        autoencoder: false,
        batchSize: 2,
        seed: 0,
      };
      const engine = await createEngine(options, choice);
      try {
        const before = await engine.readState();
        const spec = modelSpec(3);
        const smaller = initialState(modelSpec(2), 0);
        const [has, takes] = [smaller.parameters.length, spec.parameterCount];
        await assertRejects(
          () => engine.writeState(smaller),
          RangeError,
          `parameters has ${has} numbers, and the model ${takes}`,
        );
        for (
          const name of ["parameters", "running", "expAvg", "expAvgSq"] as const
        ) {
          for (const change of [-1, 1]) {
            const state: TrainState = initialState(spec, 1);
            const size = state[name].length + change;
            state[name] = new Float32Array(size);
            await assertRejects(
              () => engine.writeState(state),
              RangeError,
              `${name} has ${size} numbers, and the model ` +
                `${size - change}`,
            );
          }
        }
        assertEquals(await engine.readState(), before);
      } finally {
        engine.dispose();
      }
    },
  });
}
