/** What an engine runs on fails: threads, memory, WebAssembly, the GPU. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/checkpoint/codec.ts";
import type { Checkpoint } from "../../lib/checkpoint/metadata.ts";
import { syntheticDataset } from "../../lib/dataset/split.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { GpuError, requestGpu } from "../../lib/engine/gpu.ts";
import { createEngine, type EngineChoice } from "../../lib/engines.ts";
import { WasmEngine } from "../../lib/engine/wasm/engine.ts";
import { SimdError, WorkerError } from "../../lib/engine/wasm/threads.ts";
import { defaults } from "../../lib/options/table.ts";
import {
  type TrainingOptions,
  trainingOptions,
} from "../../lib/options/run.ts";
import { fillUniform } from "../../lib/rng.ts";
import { trainLoop, wasmInstead } from "../../lib/train/trainer.ts";
import { inFolder } from "../folder.ts";
import { lineWords, type Result, runWell } from "../process.ts";
import { withReplaced } from "../replaced.ts";
import { webgpuIsMissing } from "../webgpu.ts";

const dataset = await syntheticDataset({ limit: 40, valSize: 8 });
const options: TrainingOptions = {
  ...defaults(trainingOptions),
  latentDim: 3,
  batchSize: 8,
  epochs: 3,
};

/** Trains to the end; `onEpoch` sees each epoch's checkpoint, as saved. */
async function finish(
  engine: Engine,
  resume?: Checkpoint,
  onEpoch = (_: Checkpoint) => {},
): Promise<Checkpoint> {
  try {
    for await (const event of trainLoop({ engine, dataset, options, resume })) {
      if (event.type === "end") return await event.checkpoint();
      if (event.type === "progress") continue;
      onEpoch(decodeCheckpoint(encodeCheckpoint(await event.checkpoint())));
    }
    throw new Error("the run has no end");
  } finally {
    engine.dispose();
  }
}

const wasm = (threads: number) =>
  new WasmEngine({ ...options, threads, patience: 200 });

const undisturbed = await finish(wasm(1));

const sleep = (milliseconds: number) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** WebAssembly with another Memory. */
const withMemory = (Memory: unknown) =>
  Object.create(WebAssembly, { Memory: { value: Memory } });

class NoMemory {
  constructor() {
    throw new RangeError("could not allocate memory");
  }
}

let made = 0;
const refusals: Record<string, Record<string, unknown>> = {
  "SharedArrayBuffer": { SharedArrayBuffer: undefined },
  "a Worker": {
    Worker: class {
      constructor() {
        throw new DOMException("refused by the policy", "SecurityError");
      }
    },
  },
  "all Workers but the first": {
    Worker: class extends Worker {
      constructor(script: string | URL, options?: WorkerOptions) {
        if (made++ > 0) throw new Error("no more threads");
        super(script, options);
      }
    },
  },
  "to post a shared memory": {
    Worker: class extends Worker {
      override postMessage(): void {
        throw new DOMException("it is not isolated", "DataCloneError");
      }
    },
  },
  "to share a memory": {
    WebAssembly: withMemory(
      class extends WebAssembly.Memory {
        constructor(descriptor: WebAssembly.MemoryDescriptor) {
          if (descriptor.shared) throw new RangeError("could not allocate");
          super(descriptor);
        }
      },
    ),
  },
};

for (const [what, globals] of Object.entries(refusals)) {
  Deno.test(`createEngine() takes one thread where it is refused ${what}`, () =>
    withReplaced(globalThis, globals, async () => {
      const engine = await createEngine(options, {
        engine: "wasm",
        threads: 3,
      });
      assertMatch(engine.description, /on 1 thread$/);
      assertEquals(await finish(engine), undisturbed);
    }));
}

/** The text of a worker that throws; the runtime prints that it did. */
const REFUSED = "data:text/javascript,throw new Error('refused')";

const absences: Record<string, unknown> = {
  "whose script is refused": class extends Worker {
    constructor(_: string | URL, options?: WorkerOptions) {
      super(REFUSED, options);
    }
  },
  "that cannot instantiate": class extends Worker {
    override postMessage({ memory }: { memory: WebAssembly.Memory }): void {
      super.postMessage({ memory, module: "no module" });
    }
  },
};

for (const [what, Worker] of Object.entries(absences)) {
  Deno.test(`WasmEngine does without a worker ${what}`, async () => {
    const engine = await withReplaced(globalThis, { Worker }, () => wasm(3));
    await sleep(200); // in which a worker would have come up
    assertEquals(engine.threads, 1);
    assertEquals(await finish(engine), undisturbed);
  });
}

/**
 * Text before the workers' script, by which a worker dies in the middle of a
 * step: threads look at the clock while they wait for each other.
 */
const dying = (when: string, how: string) =>
  `{
  const now = performance.now.bind(performance);
  let calls = 0;
  performance.now = () => {
    if (++calls && (${when})) { ${how} }
    return now();
  };
}
`;

const TRAP = "throw new Error('stack overflow')";
const SILENCE =
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); ${TRAP}`;

/** A Blob that holds such a script. */
const blobOf = (before: string) =>
  class extends Blob {
    constructor(parts: BlobPart[], options?: BlobPropertyBag) {
      super([before, ...parts], options);
    }
  };

const deaths: Record<string, [how: string, tries: number, reason: RegExp]> = {
  "traps": [TRAP, 12, /^a worker .* failed: Error: stack overflow; go on/],
  "falls silent": [SILENCE, 3, /^a worker .* failed or fell silent; go on/],
};

for (const [what, [how, tries, reason]] of Object.entries(deaths)) {
  Deno.test(`trainLoop() ends where a worker ${what}; its checkpoint goes on`, async () => {
    const moments = fillUniform(new Float32Array(tries), [1, 2], 0);
    for (const moment of moments) {
      // As often a worker looks in any run, however seldom threads must wait.
      const Blob = blobOf(dying(`calls > ${Math.floor(40 * moment)}`, how));
      const engine = await withReplaced(
        globalThis,
        { Blob },
        () => wasm(2),
      );
      while (engine.threads < 2) await sleep(1);
      let saved: Checkpoint | undefined;
      const error = await assertRejects(
        () => finish(engine, undefined, (epoch) => saved = epoch),
        WorkerError,
      );
      assertMatch(error.message, reason);
      assertEquals(error.message.includes("\n"), false);
      assertEquals(await finish(wasm(1), saved), undisturbed);
    }
  });
}

Deno.test("WasmEngine says how much memory it cannot have", () =>
  withReplaced(globalThis, { WebAssembly: withMemory(NoMemory) }, () => {
    for (const threads of [1, 2]) {
      const { message } = assertThrows(() => wasm(threads), RangeError);
      assertMatch(
        message,
        /^the wasm engine cannot have \d+ MB of memory: take fewer images .+$/,
      );
    }
  }));

Deno.test("WasmEngine.setImages() refuses 2 GiB and keeps what it has", async () => {
  const engine = wasm(2);
  const { images } = dataset.train;
  engine.setImages(images);
  const huge = new Uint8Array(784 * 2_740_000);
  const error = assertThrows(() => engine.setImages(huge), RangeError);
  assertMatch(
    error.message,
    /^the wasm engine cannot have 2\d{3} MB of memory, 2048 MB at most: .+$/,
  );
  const beyond = Uint32Array.of(dataset.train.count);
  assertThrows(() => engine.setOrder(beyond), RangeError, "names image");
  assertEquals(await finish(engine), undisturbed);
});

Deno.test("WasmEngine.setOrder() says that its memory cannot grow", async () => {
  class Fixed extends WebAssembly.Memory {
    override grow(): number {
      throw new RangeError("could not grow");
    }
  }
  const globals = { WebAssembly: withMemory(Fixed) };
  const engine = await withReplaced(globalThis, globals, () => wasm(1));
  engine.setImages(new Uint8Array(784));
  assertThrows(
    () => engine.setOrder(new Uint32Array(1_000_000)),
    RangeError,
    "MB of memory: take fewer images",
  );
  // Without an order there is nothing to train on, rather than what lies there.
  const batch = { first: 0, count: 1, step: 0 };
  const hyper = { beta: 1, capacity: 0, learningRate: 1e-3 };
  assertThrows(() => engine.trainStep(batch, hyper), RangeError, "has 0");
  engine.dispose();
});

Deno.test("createEngine() goes from a missing WebAssembly to tfjs, where it may", () =>
  withReplaced(globalThis, { WebAssembly: undefined }, async () => {
    await assertRejects(
      () => createEngine(options, { engine: "wasm" }),
      SimdError,
      "this machine's WebAssembly has no SIMD: use the tfjs engine",
    );
    const notes: string[] = [];
    const engine = await createEngine(options, {
      isShort: true,
      tfBackend: "cpu",
      onFallback: (reason) => notes.push(reason),
    });
    assertEquals(engine.name, "tfjs");
    assertEquals(notes.length, 1);
    engine.dispose();
  }));

/**
 * Runs the real task, with the permissions of its line, after a script that
 * breaks something.
 */
async function runBroken(
  folder: string,
  name: "train" | "sweep" | "compare",
  breakage: string,
  args: string,
): Promise<Result> {
  await Deno.writeTextFile(join(folder, "broken.js"), breakage);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...lineWords(name),
      `--config=${fileURLToPath(new URL("../../deno.json", import.meta.url))}`,
      "--preload=broken.js",
      fileURLToPath(new URL(`../../tasks/${name}.ts`, import.meta.url)),
      ..."--dataset synthetic --val-size 8 --batch-size 8 --latent-dim 3"
        .split(" "),
      ..."--epochs 10000".split(" "),
      ...args.split(" "),
    ],
    cwd: folder,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Lets workers die after a second. */
const SHORT_LIVES = `globalThis.Blob = class extends Blob {
  constructor(parts, options) {
    super([${JSON.stringify(dying("now() > 1000", TRAP))}, ...parts], options);
  }
};`;

const SAVED = "--no-save-plots --checkpoint vae.st";

Deno.test("train ends with one line where a worker dies, and resumes to the same bytes", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await runBroken(
      folder,
      "train",
      SHORT_LIVES,
      `${SAVED} --limit 64 --engine wasm --threads 2`,
    );
    assertMatch(stderr, /\nerror: a worker .+ failed: .+checkpoint.*\n$/);
    assertEquals(code, 1);

    const { history } = await loadCheckpoint(join(folder, "vae.st"));
    assert(history.length > 0);
    const epochs = ["--epochs", String(history.length + 1), "--no-save-plots"];
    const resume = ["--resume", "vae.st", "--engine", "wasm", ...epochs];
    await runWell(folder, "train", resume);
    await runWell(folder, "train", [
      ..."--dataset synthetic --val-size 8 --batch-size 8 --latent-dim 3"
        .split(" "),
      ..."--limit 64 --engine wasm --checkpoint whole.st".split(" "),
      ...epochs,
    ]);
    assertEquals(
      await Deno.readFile(join(folder, "vae.st")),
      await Deno.readFile(join(folder, "whole.st")),
    );
  }));

/** The first run of each: what messages call it, and its file. */
const several = {
  sweep: { name: "β = 1, 3 latent dimensions", file: "beta-1-latent-3" },
  compare: { name: "autoencoder", file: "autoencoder" },
} as const;

for (const task of ["sweep", "compare"] as const) {
  const { name, file } = several[task];
  const path = `checkpoints/${task}/${file}.safetensors`;

  Deno.test(`${task} ends with the command that goes on where a worker dies`, () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await runBroken(
        folder,
        task,
        SHORT_LIVES,
        "--beta 1 --limit 64 --engine wasm --threads=2",
      );
      const [line, step, command] = stderr.match(
        /\nerror: .+: a worker .+ failed: .+ holds the run after step (\d+)\. Continue with: deno task (.+)\n$/,
      )!;
      assert(line.startsWith(`\nerror: ${name}: a worker `), line);
      assert(line.includes(`; ${path} holds the run `), line);
      assertEquals([code, stdout], [1, ""]);
      const words = command.split(" ");
      assertEquals([words[0], ...words.slice(-2)], [task, "--threads", "1"]);
      assertEquals(words.includes("--threads=2"), false);

      // The lock is gone with the process, and the run goes on where it stood.
      const { state, history } = await loadCheckpoint(join(folder, path));
      assertEquals(state.step, Number(step));
      const epochs = String(history.length + 1);
      const again = await runWell(folder, task, [
        ...words.slice(1),
        "--epochs",
        epochs,
      ]);
      assertMatch(again.stderr, new RegExp(`: going on after step ${step}\n`));
      const resumed = await loadCheckpoint(join(folder, path));
      assertEquals(resumed.history.slice(0, -1), history);
    }));
}

/** Forgets the process's device, so that the next one asks anew. */
async function loseGpu(): Promise<void> {
  const gpu = await requestGpu();
  gpu?.device.destroy();
  await gpu?.device.lost;
}

function testGpu(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: webgpuIsMissing,
    // The device outlives a test.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      try {
        await fn();
      } finally {
        await loseGpu();
      }
    },
  });
}

const ask = navigator.gpu?.requestAdapter.bind(navigator.gpu);
const adapter = await ask?.();

/** The adapter, as hardware, with some of its properties replaced. */
const adapterWith = (values: Record<string, unknown>) =>
  new Proxy(adapter!, {
    get(target, name) {
      if (name in values) return values[name as string];
      if (name === "info") return { description: "broken", vendor: "" };
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

const refuse = (message: string) => () =>
  Promise.reject(new DOMException(message, "OperationError"));

const brokenGpus: Record<string, [() => unknown, RegExp]> = {
  "gives no adapter and throws": [
    refuse("driver crashed"),
    /^WebGPU gives no adapter: driver crashed$/,
  ],
  "refuses a device": [
    () => adapterWith({ requestDevice: refuse("out of devices") }),
    /^WebGPU gives no device: out of devices$/,
  ],
  "gives a lost device": [
    () =>
      adapterWith({
        async requestDevice(descriptor: GPUDeviceDescriptor) {
          const fresh = await ask();
          const device = await fresh!.requestDevice(descriptor);
          device.destroy();
          return device;
        },
      }),
    /^the GPU .+$/,
  ],
};

for (const [what, [requestAdapter, message]] of Object.entries(brokenGpus)) {
  testGpu(`createEngine() does without a GPU that ${what}`, async () => {
    await loseGpu();
    const broken = async () => await requestAdapter();
    const create = (choice: EngineChoice) =>
      withReplaced(
        navigator.gpu,
        { requestAdapter: broken },
        () => createEngine(options, choice),
      );
    const error = await assertRejects(
      () => create({ engine: "webgpu" }),
      GpuError,
    );
    assertMatch(error.message, message);
    await loseGpu();

    const notes: string[] = [];
    const engine = await create({ onFallback: (note) => notes.push(note) });
    assertInstanceOf(engine, WasmEngine);
    assertEquals(notes.length, 1);
    assertMatch(notes[0], message);
    assertEquals(await finish(engine), undisturbed);
    await loseGpu();

    // Nothing of it is remembered.
    (await createEngine(options, { engine: "webgpu" })).dispose();
  });
}

testGpu(
  "trainLoop() ends where the GPU is lost; wasm goes on from its checkpoint",
  async () => {
    const whole = await finish(
      await createEngine(options, { engine: "webgpu" }),
    );
    for (const death of [0, 5, 8, 14]) {
      const engine = await createEngine(options, { engine: "webgpu" });
      const step = engine.trainStep.bind(engine);
      engine.trainStep = async (batch, hyper) => {
        if (batch.step === death) await loseGpu();
        return step(batch, hyper);
      };
      let saved: Checkpoint | undefined;
      const error = await assertRejects(
        () => finish(engine, undefined, (epoch) => saved = epoch),
        GpuError,
      );
      assertEquals(error.message, "the GPU device was lost: it was destroyed");
      assertEquals(saved?.history.length ?? 0, Math.floor(death / 5));

      const rest = await finish(wasm(2), saved);
      assertEquals(rest.state.step, whole.state.step);
      rest.history.forEach(({ train, validation }, i) => {
        const expected = whole.history[i];
        const close = (a: number, b: number) =>
          assertAlmostEquals(a / b, 1, 1e-5);
        close(train.total, expected.train.total);
        close(train.kl, expected.train.kl);
        close(validation!.total, expected.validation!.total);
      });
    }
  },
);

testGpu(
  "trainLoop() goes on with wasm where the GPU is lost, from its last state",
  async () => {
    const engine = await createEngine(options, { engine: "webgpu" });
    const step = engine.trainStep.bind(engine);
    engine.trainStep = async (batch, hyper) => {
      if (batch.step === 8) await loseGpu();
      return step(batch, hyper);
    };
    const notes: string[] = [];
    const choice = {
      threads: 1,
      onFallback: (note: string) => notes.push(note),
    };
    using engines = new DisposableStack();
    const replaceEngine = wasmInstead(options, choice, (engine) => {
      engines.adopt(engine, (engine) => engine.dispose());
    });
    const setup = { engine, dataset, options, replaceEngine };
    const runs: Checkpoint[] = [];
    for await (const event of trainLoop(setup)) {
      if (event.type !== "progress") runs.push(await event.checkpoint());
    }
    engine.dispose();
    assertEquals(notes.length, 1);
    assertMatch(
      notes[0],
      /^the GPU device was lost: it was destroyed; going on with .+ from epoch 2$/,
    );
    assertEquals(runs.length, options.epochs + 1);
    assertEquals(runs.at(-1), await finish(wasm(1), runs[0]));
  },
);

const endings: Record<string, [code: number, statement: string]> = {
  "throws": [1, 'throw new Error("thrown");'],
  "exits": [3, "Deno.exit(3);"],
  "ends": [0, ""],
  "disposes of the engine": [0, "engine.dispose();"],
};

for (const [what, [expected, statement]] of Object.entries(endings)) {
  testGpu(
    `a process that ${what} amid recorded steps ends well`,
    () =>
      inFolder(async (folder) => {
        const module = new URL(
          "../../lib/engine/webgpu/engine.ts",
          import.meta.url,
        );
        await Deno.writeTextFile(
          join(folder, "main.ts"),
          `import { WebGpuEngine } from ${JSON.stringify(module.href)};
const engine = await WebGpuEngine.create(${JSON.stringify(options)});
engine.setImages(new Uint8Array(8 * 784));
engine.setOrder(Uint32Array.from({ length: 8 }, (_, i) => i));
const hyper = { beta: 1, capacity: 0, learningRate: 1e-3 };
const batch = { first: 0, count: 1 };
let isRecorded = false;
const { submit } = GPUQueue.prototype;
GPUQueue.prototype.submit = function (commands) {
  isRecorded = false;
  return submit.call(this, commands);
};
for (let step = 0; step < 1000 && !isRecorded; step++) {
  isRecorded = true; // unless this step is submitted
  await engine.trainStep({ ...batch, step }, hyper);
}
console.log(isRecorded);
${statement}`,
        );
        const { code, stdout, stderr } = await new Deno.Command(
          Deno.execPath(),
          {
            args: ["run", "-A", "--no-config", "main.ts"],
            cwd: folder,
            env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
          },
        ).output();
        const decoder = new TextDecoder();
        const said = decoder.decode(stderr);
        assertEquals(decoder.decode(stdout), "true\n", said);
        assertEquals(code, expected, said);
        assertEquals(/panic/i.test(said), false, said);
      }),
  );
}

/** Takes the device away a while after the checkpoint at `path` is there. */
const shortDevice = (path: string) =>
  `const ask = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await ask.call(this, descriptor);
  const timer = setInterval(() => {
    try {
      Deno.statSync("${path}");
    } catch {
      return;
    }
    clearInterval(timer);
    setTimeout(() => device.destroy(), 500);
  }, 50);
  return device;
};`;

testGpu(
  "train ends with the command that goes on where the GPU is lost",
  () =>
    inFolder(async (folder) => {
      const { code, stderr } = await runBroken(
        folder,
        "train",
        shortDevice("vae.st"),
        `${SAVED} --limit 8 --engine webgpu`,
      );
      assertEquals(code, 1, stderr);
      const [, kept, command] = stderr.match(
        /\nerror: the GPU .+; vae\.st holds the run after step (\d+)\. Continue with: deno task train (.+)\n$/,
      )!;
      assertMatch(command, /--resume vae\.st/);
      assertMatch(command, /--engine wasm/);
      const { state, history } = await loadCheckpoint(join(folder, "vae.st"));
      assertEquals(state.step, Number(kept));
      const epochs = history.length + 1;
      const args = [...command.split(" "), "--epochs", String(epochs)];
      await runWell(folder, "train", args);
      const resumed = await loadCheckpoint(join(folder, "vae.st"));
      assertEquals(resumed.history.slice(0, -1), history);
      assertEquals(resumed.history.length, epochs);
    }),
);

for (const task of ["sweep", "compare"] as const) {
  testGpu(
    `${task} ends with the command that goes on where the GPU is lost`,
    () =>
      inFolder(async (folder) => {
        const { name, file } = several[task];
        const path = `checkpoints/${task}/${file}.safetensors`;
        const { code, stderr } = await runBroken(
          folder,
          task,
          shortDevice(path),
          "--beta 1 --limit 8 --engine webgpu",
        );
        assertEquals(code, 1, stderr);
        const { state } = await loadCheckpoint(join(folder, path));
        assertMatch(
          stderr,
          new RegExp(
            `\nerror: ${name}: the GPU .+; ${RegExp.escape(path)} holds the ` +
              `run after step ${state.step}\\. Continue with: deno task ${task} ` +
              ".* --beta 1 --limit 8 --engine wasm\n$",
          ),
        );
      }),
  );
}
