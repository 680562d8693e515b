import { assertEquals } from "@std/assert";
import { TfjsEngine, useTfBackend } from "../lib/engine/tfjs/engine.ts";
import * as tf from "../lib/engine/tfjs/tf.ts";
import { engineSuite } from "./engine_suite.ts";
import { digits, firstStep, plain } from "./engine_steps.ts";

// The backend takes its time for each image, so the larger golden sets go but
// one step here. The others go on to their last weights on this backend, and
// the larger ones do on WebGPU, by the same code of the engine.
engineSuite("tfjs on cpu", {
  create: (options) => TfjsEngine.create(options, "cpu"),
  tolerance: { outputs: 1e-5, gradients: 1e-4, weights: 1e-5 },
  sizes: [{ batch: 1, latentDim: 5 }, { batch: 2, latentDim: 1 }],
  wholeUpTo: 6,
});

Deno.test("tfjs on cpu: trainStep() leaves no tensor behind", async () => {
  await useTfBackend("cpu");
  const tensors = () => tf.memory().numTensors;
  const before = tensors();
  for (
    const model of [
      { draws: 3, klGradient: "stl" },
      { objective: "iwae", importanceSamples: 2 },
    ] as const
  ) {
    const engine = await TfjsEngine.create({ ...plain, ...model }, "cpu");
    const made = tensors();
    for (let step = 0; step < 2; step++) {
      await firstStep(engine, digits(1), { step });
      await engine.takeLosses();
      assertEquals(tensors(), made);
    }
    engine.dispose();
    assertEquals(tensors(), before);
  }
});
