import { assertEquals, assertLessOrEqual } from "@std/assert";
import { gather } from "../lib/engine/webgpu/images.ts";
import { Plan } from "../lib/engine/webgpu/plan.ts";
import type { Program } from "../lib/engine/webgpu/program.ts";
import { HARDWARE, SOFTWARE } from "../lib/engine/webgpu/tiling.ts";

/** What every WebGPU adapter has: https://www.w3.org/TR/webgpu/#limits */
const DEFAULTS = {
  storageBuffers: 8,
  threads: 256,
  workgroupBytes: 16_384,
  workgroups: 65_535,
};

const BYTES: Record<string, number> = { "f32": 4, "vec4<f32>": 16 };

/** What a program takes of each limit, for a batch. */
function needs(
  { code, bindings, grid }: Program,
  images: number,
): typeof DEFAULTS {
  const arrays = [
    ...code.matchAll(/^var<workgroup> \w+: array<([\w<>]+), (\d+)>;/gm),
  ];
  assertEquals(arrays.length, code.split("var<workgroup>").length - 1);
  return {
    storageBuffers: bindings.length,
    threads: Number(code.match(/@workgroup_size\((\d+)\)/)![1]),
    workgroupBytes: arrays.reduce(
      (sum, [, type, length]) => sum + BYTES[type] * Number(length),
      0,
    ),
    workgroups: Math.max(...grid(images).map((n) => n ?? 1)),
  };
}

for (const [name, tiling] of Object.entries({ HARDWARE, SOFTWARE })) {
  Deno.test(`every program keeps to WebGPU's default limits (${name})`, () => {
    for (const latentDim of [1, 12, 384, 385, 512]) {
      for (const likelihood of ["mse", "bce"] as const) {
        for (const autoencoder of [false, true]) {
          const model = { latentDim, likelihood, autoencoder };
          const steps = new Plan(model, tiling);
          const programs = [
            gather(),
            steps.first(),
            steps.inference(),
            ...steps.training(),
            ...steps.evaluation(),
            ...steps.encoding(),
            ...steps.decoding(),
            ...steps.scoring(),
          ];
          for (const program of programs) {
            const needed = needs(program, 2048);
            for (const limit of Object.keys(DEFAULTS)) {
              const key = limit as keyof typeof DEFAULTS;
              assertLessOrEqual(
                needed[key],
                DEFAULTS[key],
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
