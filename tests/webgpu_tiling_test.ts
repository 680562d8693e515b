import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { gpuName, requestGpu } from "../lib/engine/gpu.ts";
import { TILING_PARTS, tilingPart } from "../lib/engine/webgpu/candidates.ts";
import { WebGpuEngine } from "../lib/engine/webgpu/engine.ts";
import { parseTiling, tilingFault } from "../lib/engine/webgpu/limits.ts";
import {
  HARDWARE,
  SOFTWARE,
  type Tiling,
} from "../lib/engine/webgpu/tiling.ts";
import { createEngine, type EngineChoice } from "../lib/engines.ts";
import type { GpuVerdict } from "../lib/gpu_trial.ts";
import { withReplaced } from "./replaced.ts";
import { webgpuIsMissing } from "./webgpu.ts";

const options = {
  latentDim: 2,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 4,
  seed: 0,
} as const;

/** A tiling that can run, and is none of the tables. */
const own: Tiling = { ...HARDWARE, workgroups: 64, slices: 2 };

Deno.test("variants() differ from a tiling in one part, and can run", () => {
  for (const tiling of [HARDWARE, own]) {
    for (const part of TILING_PARTS) {
      const texts = part.variants(tiling).map((variant) => {
        assertEquals(tilingFault(variant), undefined);
        for (const other of TILING_PARTS) {
          const isSame = other.text(variant) === other.text(tiling);
          assertEquals(isSame, other !== part, `${part.name}, ${other.name}`);
        }
        return part.text(variant);
      });
      assert(texts.length >= 2, part.name);
      assertEquals(new Set(texts).size, texts.length);
    }
  }
  // With one place a thread, a workgroup would have 784.
  const [down] = TILING_PARTS;
  const texts = down.variants(HARDWARE).map(down.text);
  assert(!texts.includes("1×1") && texts.includes("8×1"), texts.join());
  const slices = tilingPart("slices", {
    candidates: [1, 2, 3, 4, 128],
    text: ({ slices }) => `${slices}`,
    change: (tiling, slices) => ({ ...tiling, slices }),
  });
  assertEquals(slices.variants(HARDWARE).map(slices.text), ["1", "2"]);
});

Deno.test("TILING_PARTS cover all that a tiling has", () => {
  const numbers = JSON.stringify(HARDWARE).match(/\d+/g)!;
  const hidden = numbers.flatMap((_, at) => {
    let i = 0;
    const json = JSON.stringify(HARDWARE).replaceAll(
      /\d+/g,
      (number) => i++ === at ? `${number}0` : number,
    );
    const changed: Tiling = JSON.parse(json);
    const isShown = TILING_PARTS.some((part) =>
      part.text(changed) !== part.text(HARDWARE)
    );
    return isShown ? [] : [changed];
  });
  // The first filter gradient has no tile.
  const [first, ...rest] = HARDWARE.filter;
  assertEquals(hidden, [
    { ...HARDWARE, filter: [{ ...first, large: 10 }, ...rest] },
    { ...HARDWARE, filter: [{ ...first, small: 10 }, ...rest] },
  ]);
});

Deno.test("tilingFault() says what cannot run", () => {
  assertEquals(tilingFault(HARDWARE), undefined);
  assertEquals(tilingFault(SOFTWARE), undefined);
  const first = <T>(list: readonly T[], value: T) => list.with(0, value);
  const { down, up, filter, splits, linear } = HARDWARE;
  const cases: [Partial<Tiling>, RegExp][] = [
    [{ down: first(down, { places: 1, columns: 1 }) }, /encoder\.0 .*784 thr/],
    [
      { down: first(down, { places: 4, columns: 3 }) },
      /columns is 3, .*divide/,
    ],
    [{ up: up.with(1, { places: 0, columns: 1 }) }, /up\[1\]\.places is 0,/],
    [{ filter: filter.with(2, { large: 1, small: 0.5 }) }, /small is 0\.5,/],
    [{ splits: splits.with(2, 2000) }, /the gradients .* of 134217728$/],
    [{ splits: first(splits, 1e9) }, /splits\[0\] is 1000000000,/],
    [{ linear: { ...linear, rows: 6 } }, /rows is 6, no multiple of 4/],
    [{ slices: 3 }, /slices is 3, which does not divide 64/],
    [
      { filter: filter.with(2, { large: 8, small: 16 }) },
      /^∂decoder\.0 filter with 512 dimensions needs \d+ workgroups/,
    ],
  ];
  for (const [change, reason] of cases) {
    assertMatch(tilingFault({ ...HARDWARE, ...change }) ?? "none", reason);
  }
});

Deno.test("parseTiling() takes what JSON has kept, and nothing else", () => {
  assertEquals(parseTiling(JSON.parse(JSON.stringify(own))), own);
  const { down, linear } = HARDWARE;
  for (
    const wrong of [
      null,
      3,
      {},
      { ...own, slices: "2" },
      { ...own, linear: null },
      { ...own, down: down.slice(1) },
      { ...own, down: down.with(0, null!) },
      { ...own, down: down.with(0, {} as typeof down[0]) },
      { ...own, linear: { ...linear, rows: NaN } },
      { ...own, slices: 3 },
    ]
  ) {
    assertThrows(() => parseTiling(wrong), Error, " ", JSON.stringify(wrong));
  }
});

Deno.test(
  "createEngine() takes the tiling of the GPU, which is tried with it",
  {
    ignore: webgpuIsMissing,
    // The device outlives a test.
    sanitizeResources: false,
    sanitizeOps: false,
  },
  async () => {
    const name = gpuName((await requestGpu())!.adapter);
    const asked: string[] = [], keys: string[] = [];
    const { create } = WebGpuEngine;
    const made: (Tiling | undefined)[] = [];
    const make = async (
      tiling: Tiling | undefined,
      engine: "auto" | "webgpu",
      verdict?: GpuVerdict,
    ) => {
      const choice: EngineChoice = {
        engine,
        threads: 1,
        tiling: (gpu) => {
          asked.push(gpu);
          return Promise.resolve(tiling);
        },
        memory: {
          recall: (key) => {
            keys.push(key);
            return Promise.resolve(verdict);
          },
          keep: () => Promise.resolve(),
        },
      };
      const result = await createEngine(options, choice);
      result.dispose();
      return result.description;
    };
    await withReplaced(
      GPUAdapterInfo.prototype,
      { isFallbackAdapter: false },
      () =>
        withReplaced(WebGpuEngine, {
          create(given: Parameters<typeof create>[0]) {
            made.push(given.tiling);
            return create.call(WebGpuEngine, given);
          },
        }, async () => {
          assertMatch(await make(own, "webgpu"), /, tuned$/);
          assertMatch(await make(undefined, "webgpu"), /ware\)$/);
          assertEquals([made, keys], [[own, undefined], []]);
          await make(own, "auto");
          await make(undefined, "auto", { isTaken: false, text: "" });
        }),
    );
    assertEquals(asked, [name, name, name, name]);
    assertEquals(made.slice(2, 3), [own]);
    assertEquals(keys, [`${name} ${JSON.stringify(own)}`, name]);
  },
);
