import { assertEquals, assertLessOrEqual } from "@std/assert";
import type { EngineOptions } from "../lib/engine/engine.ts";
import { LIMITS, needsOf, programsOf } from "../lib/engine/webgpu/limits.ts";
import { Plan } from "../lib/engine/webgpu/plan.ts";
import { MOST_JOBS } from "../lib/engine/webgpu/queue.ts";
import { HARDWARE, SOFTWARE } from "../lib/engine/webgpu/tiling.ts";

for (const [name, tiling] of Object.entries({ HARDWARE, SOFTWARE })) {
  Deno.test(`every program keeps to WebGPU's default limits (${name})`, () => {
    // The map ends in training at 317, in inference at 376 dimensions; a batch
    // of one never trains it. With 256 classes it ends at 278.
    for (const latentDim of [1, 12, 278, 317, 376, 384, 385, 512]) {
      for (const likelihood of ["mse", "bce"] as const) {
        for (
          const [batchSize, more] of [
            [1, {}],
            [2048, {}],
            [2048, { autoencoder: true }],
            [1, { draws: 2, klGradient: "stl" }],
            [32, { draws: 64 }],
            [682, { draws: 3, klGradient: "stl" }],
            [1024, { draws: 2 }],
            [1024, { draws: 2, freeBits: 0.5 }],
            [2048, { objective: "btc" }],
            [32, { objective: "iwae", importanceSamples: 64 }],
            [2048, { objective: "iwae", importanceSamples: 1 }],
            [1, { classCount: 10 }],
            [2048, { classCount: 256 }],
            [682, { classCount: 1, draws: 3 }],
            [32, { classCount: 256, draws: 64, freeBits: 0.5 }],
            [2048, { classCount: 10, objective: "btc" }],
            [409, { classCount: 10, objective: "iwae" }],
          ] as [number, Partial<EngineOptions>][]
        ) {
          const plan = new Plan({
            latentDim,
            likelihood,
            autoencoder: false,
            batchSize,
            ...more,
            binarize: likelihood === "bce" ? "dynamic" : "none",
          }, tiling);
          for (const [name, words] of plan.layout.buffers(256, MOST_JOBS)) {
            assertLessOrEqual(4 * words, 2 ** 27, name);
          }
          for (const program of programsOf(plan)) {
            const needed = needsOf(program, batchSize);
            for (const limit of Object.keys(LIMITS)) {
              const key = limit as keyof typeof LIMITS;
              assertLessOrEqual(
                needed[key],
                LIMITS[key],
                `${program.name}, ${latentDim} dimensions: ${key}`,
              );
            }
          }
        }
      }
    }
  });
}

Deno.test("training() makes 20 dispatches a step, 22 with the map, whatever the draws", () => {
  const model = {
    latentDim: 12,
    likelihood: "mse",
    autoencoder: false,
  } as const;
  const count = (batchSize: number, more: Partial<EngineOptions> = {}) =>
    new Plan({ ...model, batchSize, ...more }, HARDWARE).training().length;
  assertEquals(count(8), 20);
  assertEquals(count(4, { draws: 2 }), 20);
  assertEquals(count(128), 22);
  assertEquals(count(8, { draws: 2, freeBits: 1 }), 22);
  assertEquals(count(8, { classCount: 10 }), 20);
  assertEquals(count(128, { classCount: 10 }), 22);
  assertEquals(count(128, { objective: "btc" }), 24);
  assertEquals(count(128, { objective: "iwae" }), 27);
  assertEquals(count(2, { objective: "iwae", importanceSamples: 1 }), 26);
});
