import { assertEquals, assertLessOrEqual } from "@std/assert";
import { LIMITS, needsOf, programsOf } from "../lib/engine/webgpu/limits.ts";
import { Plan } from "../lib/engine/webgpu/plan.ts";
import { HARDWARE, SOFTWARE } from "../lib/engine/webgpu/tiling.ts";

for (const [name, tiling] of Object.entries({ HARDWARE, SOFTWARE })) {
  Deno.test(`every program keeps to WebGPU's default limits (${name})`, () => {
    // The map ends in training at 317, in inference at 376 dimensions; a batch
    // of one never trains it.
    for (const latentDim of [1, 12, 317, 376, 384, 385, 512]) {
      for (const likelihood of ["mse", "bce"] as const) {
        for (
          const [autoencoder, batchSize] of [
            [false, 1],
            [false, 2048],
            [true, 2048],
          ] as const
        ) {
          const model = { latentDim, likelihood, autoencoder, batchSize };
          for (const program of programsOf(new Plan(model, tiling))) {
            const needed = needsOf(program, 2048);
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

Deno.test("training() makes 20 dispatches a step, 22 with the map", () => {
  const model = {
    latentDim: 12,
    likelihood: "mse",
    autoencoder: false,
  } as const;
  const count = (batchSize: number) =>
    new Plan({ ...model, batchSize }, HARDWARE).training().length;
  assertEquals(count(8), 20);
  assertEquals(count(128), 22);
});
