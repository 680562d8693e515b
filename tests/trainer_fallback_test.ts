/** Where training goes on when the GPU under it fails. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Checkpoint } from "../lib/checkpoint/metadata.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { GpuError } from "../lib/engine/gpu.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { WebGpuEngine } from "../lib/engine/webgpu/engine.ts";
import type { EngineChoice } from "../lib/engines.ts";
import { type TrainingOptions, trainingOptions } from "../lib/options/run.ts";
import { defaults } from "../lib/options/table.ts";
import type { EndEvent } from "../lib/train/events.ts";
import {
  train,
  type TrainLoop,
  trainLoop,
  wasmInstead,
} from "../lib/train/trainer.ts";
import { FakeEngine } from "./fake_engine.ts";
import { withReplaced } from "./replaced.ts";

const dataset = await syntheticDataset({ limit: 40, valSize: 8 });
const options: TrainingOptions = {
  ...defaults(trainingOptions),
  latentDim: 3,
  batchSize: 8,
  epochs: 3,
};
const STEPS = Math.ceil(dataset.train.count / options.batchSize);

/** An engine on one thread; its own patience is another thing. */
const wasmOf = ({ patience: _, ...given }: TrainingOptions) =>
  new WasmEngine({ ...given, threads: 1 });

/** Whether a GPU fails in a call. */
type Fault = (method: string, args: unknown[]) => boolean;

/** An engine that is wasm but for its name, and is lost where it is told to be. */
function fragile(
  given: TrainingOptions,
  fault: Fault,
  engine: Engine = wasmOf(given),
): Engine {
  let isLost = false;
  return new Proxy(engine, {
    get(target, name) {
      if (name === "name") return "webgpu";
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        isLost ||= fault(String(name), args);
        if (isLost && name !== "dispose") {
          throw new GpuError("the GPU device was lost: by a test");
        }
        return value.apply(target, args);
      };
    },
  });
}

interface Outcome {
  end: EndEvent;
  checkpoint: Checkpoint;
  epochs: Checkpoint[];
}

/** Trains to the end. */
async function finish(
  engine: Engine,
  rest: Partial<TrainLoop> = {},
): Promise<Outcome> {
  const epochs: Checkpoint[] = [];
  for await (const event of trainLoop({ engine, dataset, options, ...rest })) {
    if (event.type === "epoch") epochs.push(await event.checkpoint());
    if (event.type === "end") {
      const { checkpoint, ...end } = event;
      return {
        end: { ...end, checkpoint },
        checkpoint: await checkpoint(),
        epochs,
      };
    }
  }
  throw new Error("the run has no end");
}

const step = (at: number): Fault => (method, [batch]) =>
  method === "trainStep" && (batch as { step: number }).step === at;
const evaluation = (draw: number): Fault => (method, args) =>
  method === "evaluate" && args[1] === draw;
/** The n-th call of a method. */
const call = (wanted: string, n: number): Fault => {
  let calls = 0;
  return (method) => method === wanted && ++calls === n;
};

const faults: Record<string, [fault: () => Fault, where: string]> = {
  "as images are uploaded": [() => call("setImages", 1), "from epoch 1"],
  "at the first step": [() => step(0), "from epoch 1"],
  "in the midst of epoch 2": [() => step(STEPS + 2), "from epoch 2"],
  "at the first step of epoch 3": [() => step(2 * STEPS), "from epoch 3"],
  "as epoch 2 is validated": [() => evaluation(2), "from epoch 2"],
  "as the state after epoch 2 is read": [
    () => call("readState", 2),
    "from epoch 2",
  ],
  "as the test images are evaluated": [
    () => evaluation(0),
    "after the last epoch 3",
  ],
};

for (const patience of [null, 1]) {
  const given = { ...options, patience };
  for (const [when, [fault, where]] of Object.entries(faults)) {
    Deno.test(`trainLoop() goes on with wasm where the GPU fails ${when}, patience ${patience}`, async () => {
      const undisturbed = await finish(
        wasmOf(given),
        { options: given },
      );
      const notes: string[] = [];
      const made: Engine[] = [];
      const engine = fragile(given, fault());
      const outcome = await finish(engine, {
        options: given,
        replaceEngine: wasmInstead(
          given,
          { threads: 1, onFallback: (note) => notes.push(note) },
          (engine) => made.push(engine),
        ),
      });
      assertEquals(made.length, 1);
      assertEquals(notes, [
        "the GPU device was lost: by a test; going on with " +
        `${made[0].description} ${where}`,
      ]);
      assertEquals(outcome.checkpoint, undisturbed.checkpoint);
      assertEquals(outcome.end.test, undisturbed.end.test);
      assertEquals(outcome.epochs, undisturbed.epochs);
      for (const each of [engine, ...made]) each.dispose();
    });
  }
}

Deno.test("trainLoop() goes on with wasm from a resumed or another's checkpoint", async () => {
  const controller = new AbortController();
  const first = wasmOf(options);
  const trainStep = first.trainStep.bind(first);
  first.trainStep = (batch, hyper) => {
    if (batch.step === STEPS + 1) controller.abort();
    trainStep(batch, hyper);
  };
  // It stands in the midst of epoch 2.
  const { checkpoint } = await finish(first, { signal: controller.signal });
  first.dispose();
  for (const beginning of [{ resume: checkpoint }, { from: checkpoint }]) {
    for (const calls of [2, STEPS + 2]) {
      const wasm = wasmOf(options);
      const undisturbed = await finish(wasm, beginning);
      const engine = fragile(options, call("trainStep", calls));
      const made: Engine[] = [];
      const outcome = await finish(engine, {
        ...beginning,
        replaceEngine: wasmInstead(
          options,
          { threads: 1 },
          (engine) => made.push(engine),
        ),
      });
      assertEquals(made.length, 1);
      assertEquals(outcome.checkpoint, undisturbed.checkpoint);
      for (const each of [wasm, engine, ...made]) each.dispose();
    }
  }
});

Deno.test("trainLoop() is the same where the GPU might have failed", async () => {
  const replaceEngine = wasmInstead(options, {}, () => {});
  // The second epoch is the best; stopped in the midst of the third, or not.
  for (const stop of [false, true]) {
    const run = async (rest: Partial<TrainLoop>) => {
      const fake = new FakeEngine();
      fake.validation = [5, 4, 6];
      const controller = new AbortController();
      fake.onStep = (step) => {
        if (stop && step === 2 * STEPS + 1) controller.abort();
      };
      const outcome = await finish(fragile(options, () => false, fake), {
        options: { ...options, latentDim: 2, patience: 1 },
        signal: controller.signal,
        ...rest,
      });
      return [outcome.epochs, outcome.checkpoint];
    };
    const [epochs, end] = await run({ replaceEngine });
    assertEquals([epochs, end], await run({}));
    const { state } = end as Checkpoint;
    assertEquals(state.step, stop ? 2 * STEPS + 2 : 2 * STEPS);
  }
});

Deno.test("trainLoop() ends where a GPU that was asked for fails", async () => {
  const choice = { engine: "webgpu" } as const;
  const replaceEngine = wasmInstead(options, choice, () => {});
  assertEquals(replaceEngine, undefined);
  const engine = fragile(options, step(STEPS + 2));
  await assertRejects(
    () => finish(engine, { replaceEngine }),
    GpuError,
    "the GPU device was lost: by a test",
  );
  engine.dispose();
});

Deno.test("trainLoop() leaves errors alone that are not of the GPU", async () => {
  const engine = fragile(options, () => false);
  engine.setOrder = () => {
    throw new RangeError("of another kind");
  };
  await assertRejects(
    () => finish(engine, { replaceEngine: wasmInstead(options, {}, () => {}) }),
    RangeError,
    "of another kind",
  );
  engine.dispose();
});

Deno.test("train() goes on with wasm where auto's GPU fails", async () => {
  const adapter = { info: { description: "fragile", vendor: "" } };
  const gpu = { requestAdapter: () => Promise.resolve(adapter) };
  const notes: string[] = [];
  const choice: EngineChoice = {
    threads: 1,
    onFallback: (note: string) => notes.push(note),
    // It is known, and not tried.
    memory: {
      recall: () => Promise.resolve({ isTaken: true, text: "" }),
      keep: () => Promise.resolve(),
    },
  };
  let disposed = 0;
  const engine = fragile(options, step(STEPS));
  const create = () => {
    const { dispose } = engine;
    engine.dispose = () => {
      disposed++;
      dispose();
    };
    return Promise.resolve(engine);
  };
  const last = await withReplaced(
    globalThis,
    { navigator: { gpu, hardwareConcurrency: 1 } },
    () =>
      withReplaced(WebGpuEngine, { create }, async () => {
        const { latentDim, batchSize, epochs } = options;
        const setup = { dataset, latentDim, batchSize, epochs, engine: choice };
        for await (const event of train(setup)) {
          if (event.type === "end") return await event.checkpoint();
        }
      }),
  );
  assertEquals(notes.length, 1);
  assertMatch(notes[0], /^the GPU device was lost: .+ from epoch 2$/);
  const wasm = wasmOf(options);
  assertEquals(last, (await finish(wasm)).checkpoint);
  assertEquals(disposed, 1);
  wasm.dispose();
});
