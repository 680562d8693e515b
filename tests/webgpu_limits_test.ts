import { assertEquals, assertLessOrEqual } from "@std/assert";
import { LIMITS, needsOf, programsOf } from "../lib/engine/webgpu/limits.ts";
import { Plan } from "../lib/engine/webgpu/plan.ts";
import { HARDWARE, SOFTWARE } from "../lib/engine/webgpu/tiling.ts";

for (const [name, tiling] of Object.entries({ HARDWARE, SOFTWARE })) {
  Deno.test(`every program keeps to WebGPU's default limits (${name})`, () => {
    for (const latentDim of [1, 12, 384, 385, 512]) {
      for (const likelihood of ["mse", "bce"] as const) {
        for (const autoencoder of [false, true]) {
          const model = { latentDim, likelihood, autoencoder };
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

Deno.test("training() makes 20 dispatches a step", () => {
  const model = {
    latentDim: 12,
    likelihood: "mse",
    autoencoder: false,
  } as const;
  assertEquals(new Plan(model, HARDWARE).training().length, 20);
});
