import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { isSoftware, requestGpu } from "../lib/engine/gpu.ts";
import type { BatchRef, EngineOptions } from "../lib/engine/engine.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { createEngine, type EngineChoice } from "../lib/engines.ts";
import { type GpuVerdict, tryGpu } from "../lib/gpu_trial.ts";
import { withReplaced } from "./replaced.ts";
import { webgpuIsMissing } from "./webgpu.ts";

const options = {
  latentDim: 2,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 12,
  seed: 0,
} as const;

/** Gives `work` a device of its own, for a device keeps what is odd about it. */
async function onFreshGpu<T>(work: () => Promise<T>): Promise<T> {
  const forget = async () => {
    const { device } = (await requestGpu())!;
    await device.queue.onSubmittedWorkDone();
    device.destroy();
    await device.lost;
  };
  await forget();
  try {
    return await work();
  } finally {
    await forget();
  }
}

/** A test in which the adapter is hardware, whatever it is. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: webgpuIsMissing,
    // The device outlives a test.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      const info = GPUAdapterInfo.prototype;
      await withReplaced(info, { isFallbackAdapter: false }, fn);
    },
  });
}

/** What `auto` takes, and what it says. */
async function choose(
  choice: EngineChoice = {},
  more: Partial<EngineOptions> = {},
) {
  const fallbacks: string[] = [], trials: string[] = [];
  const engine = await createEngine({ ...options, ...more }, {
    threads: 2,
    onFallback: (reason) => fallbacks.push(reason),
    onTrial: (text) => trials.push(text),
    ...choice,
  });
  engine.dispose();
  return { engine, fallbacks, trials };
}

/** Lets each step of the wasm engine take so many milliseconds on the clock. */
async function withSlowWasm<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const now = performance.now.bind(performance);
  const step = WasmEngine.prototype.trainStep;
  let late = 0;
  return await withReplaced(
    performance,
    { now: () => now() + late },
    () =>
      withReplaced(WasmEngine.prototype, {
        trainStep(this: WasmEngine, ...given: Parameters<typeof step>) {
          step.apply(this, given);
          late += ms;
        },
      }, work),
  );
}

/** Compiles one program, wherever it is used, from another source. */
function withProgram<T>(
  program: string,
  change: (code: string) => string,
  work: () => Promise<T>,
): Promise<T> {
  const compile = GPUDevice.prototype.createShaderModule;
  let changed = 0;
  return withReplaced(GPUDevice.prototype, {
    createShaderModule(
      this: GPUDevice,
      descriptor: GPUShaderModuleDescriptor,
    ) {
      const { label, code } = descriptor;
      if (label !== program) return compile.call(this, descriptor);
      const other = change(code);
      if (other !== code) changed++;
      return compile.call(this, { ...descriptor, code: other });
    },
  }, async () => {
    const result = await onFreshGpu(work);
    if (changed === 0) throw new Error(`${program} was not changed`);
    return result;
  });
}

test("createEngine() takes wasm where a right GPU is slower", async () => {
  const { engine, fallbacks, trials } = await choose({}, {
    draws: 2,
    klGradient: "stl",
    headsLrFactor: 0.3,
  });
  assertEquals(engine.name, "wasm");
  assertEquals(trials, []);
  assertEquals(fallbacks.length, 1);
  assertMatch(fallbacks[0], /^webgpu on .+: checked, 0\.\d+× wasm$/);
});

test("createEngine() finds a GPU right though Adam has no memory", async () => {
  const { fallbacks } = await choose({}, {
    latentDim: 12,
    batchSize: 8,
    adamBeta2: 0,
  });
  assertMatch(fallbacks[0], /: checked, /);
});

test("createEngine() takes a right GPU that is faster", async () => {
  const { engine, fallbacks, trials } = await withSlowWasm(1e6, choose);
  assertEquals(engine.name, "webgpu");
  assertEquals(fallbacks, []);
  assertEquals(trials.length, 1);
  assertMatch(trials[0], /^webgpu on .+: checked, \d+× wasm$/);
});

const scaled = (code: string) =>
  code.replace(/(?<=[\s(=])fma\(/, "1.01 * fma(");

/** Sources that compute something else, and where that shows. */
const wrong: Record<string, [(code: string) => string, RegExp]> = {
  "encoder.3": [scaled, /first in encoder\.3 or encoder\.6 \(/],
  "∂decoder.3 filter": [
    scaled,
    /first in ∂decoder\.3 filter or adam \(∂decoder\.3\.weight is off by/,
  ],
  // The first step is right; its weights are kept transposed for the next.
  "adam": [
    (code) => code.replaceAll("= parameter[k];", "= 1.01 * parameter[k];"),
    /first in adam \(/,
  ],
};

for (const [program, [change, where]] of Object.entries(wrong)) {
  test(`createEngine() does without a GPU whose ${program} is wrong`, async () => {
    const { engine, fallbacks } = await withProgram(
      program,
      change,
      () => withSlowWasm(1e6, choose),
    );
    assertEquals(engine.name, "wasm");
    assertEquals(fallbacks.length, 1);
    assertMatch(fallbacks[0], /^webgpu on .+ is wrong, first in /);
    assertMatch(fallbacks[0], where);
  });
}

test("createEngine() tries a GPU once where the outcome is kept", async () => {
  const kept = new Map<string, GpuVerdict>();
  let recalls = 0;
  const memory: EngineChoice["memory"] = {
    recall: (gpu, latentDim) => {
      recalls++;
      return Promise.resolve(kept.get(`${gpu}, ${latentDim}`));
    },
    keep: (gpu, latentDim, verdict) => {
      kept.set(`${gpu}, ${latentDim}`, verdict);
      return Promise.resolve();
    },
  };
  const { fallbacks } = await choose({ memory });
  const [[key, verdict]] = kept;
  assertMatch(key, /^.+, 2$/);
  assertEquals(verdict, { isTaken: false, text: fallbacks[0] });

  // What is kept holds, whatever is in it.
  const text = "it was slower";
  kept.set(key, { isTaken: false, text });
  const slower = await choose({ memory });
  assertEquals(slower.engine.name, "wasm");
  assertEquals(slower.fallbacks, [text]);
  kept.set(key, { isTaken: true, text: "it was faster" });
  const faster = await choose({ memory });
  assertEquals(faster.engine.name, "webgpu");
  assertEquals([...faster.fallbacks, ...faster.trials], []);

  // An engine that is asked for by name, and short work, ask nobody.
  assertEquals(recalls, 3);
  assertEquals((await choose({ memory, engine: "wasm" })).engine.name, "wasm");
  const named = await choose({ memory, engine: "webgpu" });
  assertEquals(named.engine.name, "webgpu");
  assertEquals((await choose({ memory, isShort: true })).engine.name, "wasm");
  assertEquals(recalls, 3);
});

test("createEngine() keeps outcomes apart whose programs differ", async () => {
  const keys: string[] = [];
  const memory: EngineChoice["memory"] = {
    recall: (gpu) => {
      keys.push(gpu);
      return Promise.resolve({ isTaken: false, text: "it is known" });
    },
    keep: () => Promise.reject(new Error("there was no trial")),
  };
  const others: Partial<EngineOptions>[] = [
    { draws: 2 },
    { draws: 3 },
    { klGradient: "stl" },
    { draws: 2, klGradient: "stl" },
    { objective: "btc" },
    { objective: "iwae" },
    { objective: "iwae", importanceSamples: 2 },
    { freeBits: 0.1 },
    { classCount: 10 },
    { binarize: "dynamic", likelihood: "bce" },
    {},
    // In the same programs, other constants.
    { headsLrFactor: 0.3, adamBeta1: 0.7, adamBeta2: 0.95 },
  ];
  for (const other of others) {
    (await createEngine({ ...options, ...other }, { memory })).dispose();
  }
  assertEquals(keys.length, others.length);
  assertEquals(new Set(keys).size, others.length - 1);
  assertEquals(keys.at(-1), keys.at(-2));
});

test("createEngine() passes on the source of a program that fails", async () => {
  const details: (string | undefined)[] = [];
  const { engine } = await withProgram(
    "latentForward",
    (code) => code.replace("let image", "let picture"),
    () => choose({ onFallback: (_, detail) => details.push(detail) }),
  );
  assertEquals(engine.name, "wasm");
  assertEquals(details.length, 1);
  assertMatch(details[0]!, /^ {3}1 {2}struct Job /m);
});

/**
 * Tries a wasm engine in the GPU's place, with `trainStep` as given.
 *
 * @param more Options of both engines.
 * @param own Those of the one in the GPU's place.
 */
async function tryInPlace(
  trainStep: (batch: BatchRef, step: () => void) => void,
  more: Partial<EngineOptions> = {},
  own: Partial<EngineOptions> = {},
): Promise<{ verdict: GpuVerdict; sizes: number[] }> {
  const batchSize = 40;
  const model = { ...options, batchSize, threads: 1, ...more };
  const gpu = new WasmEngine({ ...model, ...own });
  const reference = new WasmEngine(model);
  const sizes: number[] = [];
  const step = gpu.trainStep.bind(gpu);
  gpu.trainStep = (batch, hyper) => {
    sizes.push(batch.count);
    trainStep(batch, () => step(batch, hyper));
  };
  try {
    const verdict = await tryGpu("a fake", { gpu, reference, options: model });
    return { verdict, sizes };
  } finally {
    gpu.dispose();
    reference.dispose();
  }
}

Deno.test("tryGpu() notices what is wrong at the run's batch size alone", async () => {
  for (const size of [8, 32, 40]) {
    const { verdict, sizes } = await tryInPlace((batch, step) => {
      step();
      if (batch.count === size) step();
    });
    assertEquals(verdict.isTaken, false);
    assertMatch(
      verdict.text,
      /^webgpu on a fake is wrong, first in encoder\.0 /,
    );
    assertEquals(sizes.at(-1), size);
  }
});

Deno.test("tryGpu() holds the run's own draws of z and KL gradient against wasm's", async () => {
  const of = { draws: 4, klGradient: "stl" } as const;
  const right = await tryInPlace((_, step) => step(), of);
  assertMatch(right.verdict.text, /^webgpu on a fake: checked, /);
  // So that the first step decodes no more than eight rows.
  assertEquals(right.sizes[0], 2);
  assertEquals(new Set(right.sizes), new Set([2, 8, 32, 40]));
  for (
    const [own, where] of [
      [{ klGradient: "analytic" }, /first in latentBackward or /],
      [{ draws: 1 }, /first in map or /],
    ] as const
  ) {
    const { verdict } = await tryInPlace((_, step) => step(), of, own);
    assertEquals(verdict.isTaken, false);
    assertMatch(verdict.text, /^webgpu on a fake is wrong, /);
    assertMatch(verdict.text, where);
  }
});

Deno.test("tryGpu() holds the run's own objective and pixels against wasm's", async () => {
  for (
    const [of, own, where] of [
      [{ objective: "btc" }, { tcWeight: 2 }, /first in correlation /],
      [
        // The bound of one draw has another value, but the same z.
        { objective: "iwae", importanceSamples: 1 },
        { objective: "elbo", importanceSamples: null },
        /first in importance /,
      ],
      [{ freeBits: 1000 }, { freeBits: 0 }, /first in latentBackward or /],
      [
        { likelihood: "bce", binarize: "dynamic" },
        { binarize: "none" },
        /first in encoder\.0 or /,
      ],
    ] as const
  ) {
    const wrong = await tryInPlace((_, step) => step(), of, own);
    assertEquals(wrong.verdict.isTaken, false);
    assertMatch(wrong.verdict.text, where);
  }
});

Deno.test("tryGpu() gives both engines the classes of a conditional run", async () => {
  const of = { classCount: 10, batchSize: 12 };
  const { verdict } = await tryInPlace((_, step) => step(), of);
  assertMatch(verdict.text, /^webgpu on a fake: checked, /);
});

Deno.test("tryGpu() gives a slow GPU no more to do than 8 images", async () => {
  const now = performance.now.bind(performance);
  let late = 0;
  const { verdict, sizes } = await withReplaced(
    performance,
    { now: () => now() + late },
    () =>
      tryInPlace((_, step) => {
        step();
        late += 1e6;
      }),
  );
  assertEquals(verdict.isTaken, false);
  assertMatch(verdict.text, /^webgpu on a fake: checked, .+× wasm$/);
  assertEquals(sizes, [8, 8]);
});

/** An adapter that says this of itself. */
function adapter(
  info: Record<string, unknown>,
  more: Record<string, unknown> = {},
): GPUAdapter {
  return { info, ...more } as unknown as GPUAdapter;
}

Deno.test("isSoftware() knows emulations by what they say, else by name", () => {
  const description = "llvmpipe (LLVM 15.0.6, 256 bits)";
  const nvidia = "NVIDIA GeForce RTX 4090";
  const cases: [GPUAdapter, boolean][] = [
    [adapter({ description, isFallbackAdapter: true }), true],
    [adapter({ description: nvidia, isFallbackAdapter: true }), true],
    [adapter({ description: nvidia, isFallbackAdapter: false }), false],
    // Chrome before 136.
    [adapter({ description: "" }, { isFallbackAdapter: true }), true],
    [adapter({ description }, { isFallbackAdapter: false }), false],
    [adapter({ description }), true],
    [adapter({ vendor: "google", architecture: "swiftshader" }), true],
    [adapter({ description: "lavapipe" }), true],
    [adapter({ description: nvidia }), false],
    [adapter({ vendor: "nvidia", architecture: "ampere" }), false],
    // Direct3D's emulation has been seen to pass for hardware.
    [
      adapter({
        description: "Microsoft Basic Render Driver",
        isFallbackAdapter: false,
      }),
      true,
    ],
  ];
  for (const [adapter, expected] of cases) {
    assertEquals(isSoftware(adapter), expected, JSON.stringify(adapter));
  }
});

test("requestGpu() says what is wrong with Direct3D's emulation", async () => {
  const info = GPUAdapterInfo.prototype;
  const description = "Microsoft Basic Render Driver";
  await withReplaced(info, { description }, () =>
    onFreshGpu(async () => {
      assertMatch(
        (await requestGpu())!.description,
        /^Microsoft Basic .+ \(software; its barriers are known to fail: .+7904\)$/,
      );
      const { engine, fallbacks } = await choose();
      assertEquals(engine.name, "wasm");
      assertEquals(fallbacks, []);
    }));
});

test("requestGpu() asks for no more than every adapter has", async () => {
  const asked: GPUDeviceDescriptor[] = [];
  const { requestDevice } = GPUAdapter.prototype;
  await withReplaced(GPUAdapter.prototype, {
    requestDevice(this: GPUAdapter, descriptor: GPUDeviceDescriptor) {
      asked.push(descriptor);
      return requestDevice.call(this, descriptor);
    },
  }, () => onFreshGpu(requestGpu));
  assertNotEquals(asked.length, 0);
  for (const { requiredLimits } of asked) {
    assertEquals(requiredLimits, undefined);
  }
});

test("createEngine() asks for an adapter once, whether it is taken or not", async () => {
  const { requestAdapter } = GPU.prototype;
  for (const isFallbackAdapter of [true, false]) {
    let asked = 0;
    await withReplaced(
      GPUAdapterInfo.prototype,
      { isFallbackAdapter },
      () =>
        onFreshGpu(() =>
          withReplaced(GPU.prototype, {
            requestAdapter(this: GPU, options: GPURequestAdapterOptions) {
              asked++;
              return requestAdapter.call(this, options);
            },
          }, async () => {
            for (let i = 0; i < 2; i++) {
              (await choose({ engine: "auto" })).engine.dispose();
            }
            await requestGpu();
          })
        ),
    );
    assertEquals(asked, 1);
  }
});
