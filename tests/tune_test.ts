import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { GpuError, requestGpu } from "../lib/engine/gpu.ts";
import { tilingPart } from "../lib/engine/webgpu/candidates.ts";
import { Plan } from "../lib/engine/webgpu/plan.ts";
import { HARDWARE, type Tiling } from "../lib/engine/webgpu/tiling.ts";
import {
  type Measure,
  type Search,
  tilingMeasure,
  tune,
} from "../tasks/shared/tuning.ts";
import { inFolder } from "./folder.ts";
import { runTask } from "./process.ts";
import { withReplaced } from "./replaced.ts";
import { timestampsAreMissing } from "./webgpu.ts";

const options = {
  latentDim: 2,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 4,
  seed: 0,
} as const;

/** A tiling that can run, and is none of the tables. */
const own: Tiling = { ...HARDWARE, workgroups: 64, slices: 2 };

/** Parts of few candidates. */
const workgroups = tilingPart("workgroups", {
  candidates: [32, 64, 128],
  text: ({ workgroups }) => `${workgroups}`,
  change: (tiling, workgroups) => ({ ...tiling, workgroups }),
});
const slices = tilingPart("slices", {
  candidates: [1, 2, 3, 4],
  text: ({ slices }) => `${slices}`,
  change: (tiling, slices) => ({ ...tiling, slices }),
});

/** Times every program of a step alike, or fails. */
function clock(
  time: (tiling: Tiling) => number,
): { measure: Measure; measured: Tiling[] } {
  const measured: Tiling[] = [];
  const names = new Plan(options, HARDWARE).training().map(({ name }) => name);
  return {
    measured,
    measure: (tiling) => {
      measured.push(tiling);
      return Promise.try(() => {
        const each = time(tiling);
        return new Map(names.map((name) => [name, each]));
      });
    },
  };
}

/** Searches from the table for hardware; what was found and what was said. */
async function search(
  time: (tiling: Tiling) => number,
  more: Partial<Search> = {},
) {
  const notes: string[] = [];
  const { measure, measured } = clock(time);
  const tuned = await tune({
    base: HARDWARE,
    parts: [workgroups, slices],
    options,
    measure,
    onNote: (text) => notes.push(text),
    ...more,
  });
  return { tuned, notes, measured };
}

Deno.test("tune() finds the fastest of each part, and says so", async () => {
  const { tuned, notes, measured } = await search((tiling) =>
    (tiling.workgroups === 64 ? 0.5 : 1) * (tiling.slices === 2 ? 0.25 : 1)
  );
  assertEquals(tuned.tiling, own);
  assertEquals(notes, []);
  const [first, second] = tuned.parts;
  assertEquals(
    [first.operation, first.default, first.best, first.after / first.before],
    ["workgroups", "256", "64", 0.5],
  );
  // The second is varied where the first was the best; Adam alone changes.
  assertEquals(second, {
    operation: "slices",
    default: "4",
    best: "2",
    before: 0.5,
    after: 0.125,
  });
  assertEquals(tuned.after / tuned.before, 0.125);
  assertEquals(
    measured.map(({ workgroups, slices }) => [workgroups, slices]),
    [
      ...[[256, 4], [32, 4], [64, 4], [128, 4]],
      ...[[64, 4], [64, 1], [64, 2]],
      ...[[256, 4], [64, 2]],
    ],
  );
});

Deno.test("tune() leaves the default where nothing is clearly faster", async () => {
  const { tuned, notes } = await search(({ workgroups }) =>
    workgroups === 64 ? 0.98 : 1
  );
  assertEquals(tuned.tiling, undefined);
  assertEquals(tuned.parts.map(({ best }) => best), ["256", "4"]);
  assertEquals(tuned.before, tuned.after);
  assertEquals(notes, []);

  // What is faster in turn may be slower together.
  let calls = 0;
  const late = await search(({ workgroups }) =>
    ++calls > 7 && workgroups === 64 ? 2 : workgroups === 64 ? 0.5 : 1
  );
  assertEquals(late.tuned.parts[0].best, "64");
  assertEquals(late.tuned.tiling, undefined);
  assertMatch(late.notes[0], /together they are not faster/);
});

Deno.test("tune() leaves out what fails, with a line", async () => {
  const { tuned, notes } = await search(({ workgroups }) => {
    if (workgroups === 32) throw new GpuError("it is wrong, first in adam");
    return workgroups === 128 ? 0.5 : 1;
  });
  assertEquals(tuned.tiling?.workgroups, 128);
  assertEquals(notes, [
    "note: workgroups 32 is left out: it is wrong, first in adam",
  ]);
  await assertRejects(
    () =>
      search(() => {
        throw new GpuError("no timestamps");
      }),
    GpuError,
    "no timestamps",
  );
  await assertRejects(
    () =>
      search(({ slices }) => {
        if (slices === 2) throw new TypeError("a bug");
        return 1;
      }),
    TypeError,
  );
});

Deno.test("tune() ends when it is told to, and in time", async () => {
  const controller = new AbortController();
  const stopped = search(() => {
    controller.abort();
    return 1;
  }, { signal: controller.signal });
  await assertRejects(() => stopped, DOMException);

  const { tuned, notes, measured } = await search(() => 1, { seconds: 0 });
  assertEquals(tuned.parts, []);
  assertEquals(tuned.tiling, undefined);
  assertEquals(measured, [HARDWARE]);
  assertMatch(notes[0], /^note: after 0 s, workgroups and what would follow /);
});

/** A test that needs an adapter with timestamps. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: timestampsAreMissing,
    // The device outlives a test.
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}

test("tilingMeasure() times the programs of a tiling", async () => {
  const found = await tune({
    base: HARDWARE,
    parts: [slices],
    options,
    measure: tilingMeasure(options),
    onNote: (text) => assert(/^note: together/.test(text), text),
  });
  assertEquals(found.parts.length, 1);
  assert(found.parts[0].before > 0 && found.parts[0].before < found.before);
});

test("tilingMeasure() refuses what is wrong or does not compile", async () => {
  const measure = tilingMeasure(options);
  const names = new Plan(options, HARDWARE).training().map(({ name }) => name);
  assertEquals([...(await measure(HARDWARE)).keys()].sort(), names.sort());
  const variant = { ...HARDWARE, slices: 1 };
  const compile = GPUDevice.prototype.createShaderModule;
  const withAdam = async (change: (code: string) => string) => {
    const { device } = (await requestGpu())!;
    device.destroy(); // with its pipelines
    await device.lost;
    return await withReplaced(GPUDevice.prototype, {
      createShaderModule(this: GPUDevice, given: GPUShaderModuleDescriptor) {
        const code = given.label === "adam" ? change(given.code) : given.code;
        return compile.call(this, { ...given, code });
      },
    }, () => measure(variant));
  };
  await assertRejects(
    () => withAdam((code) => code.replace("* m /", "* 1.1 * m /")),
    GpuError,
    "it is wrong, first in adam",
  );
  await assertRejects(
    () => withAdam((code) => code.replace("let m", "let n")),
    GpuError,
    "the program adam does not compile",
  );
});

Deno.test("bench --tune refuses what it has no use for", () =>
  inFolder(async (folder) => {
    const cases: [string[], RegExp][] = [
      [
        ["--engine", "wasm"],
        /^error: --tune is of the webgpu engine: .+wasm\n/,
      ],
      [
        ["--engine", "tfjs"],
        /^error: --tune is of the webgpu engine: .+tfjs\n/,
      ],
      [["--compare", "tfjs"], /^error: --tune: run --compare by itself, /],
      [["--profile"], /^error: --tune: run --profile by itself, /],
    ];
    for (const [words, message] of cases) {
      const result = await runTask(folder, "bench", ["--tune", ...words]);
      assertEquals([result.code, result.stdout], [2, ""]);
      assertMatch(result.stderr, message);
    }
  }));
