import { assertEquals } from "@std/assert";
import { TfjsEngine, useTfBackend } from "../lib/engine/tfjs/engine.ts";
import * as tf from "../lib/engine/tfjs/tf.ts";
import { engineSuite } from "./engine_suite.ts";
import { digits, firstStep, hyper, plain } from "./engine_steps.ts";

// The backend takes its time for each image, so the larger golden sets go but
// one step here. The others go on to their last weights on this backend, and
// the larger ones do on WebGPU, by the same code of the engine.
engineSuite("tfjs on cpu", {
  create: (options) => TfjsEngine.create(options, "cpu"),
  tolerance: { outputs: 1e-5, gradients: 1e-4, weights: 1e-5 },
  sizes: [{ batch: 1, latentDim: 5 }, { batch: 2, latentDim: 1 }],
  wholeUpTo: 6,
});

Deno.test("tfjs on cpu: an engine leaves no tensor behind", async () => {
  await useTfBackend("cpu");
  const tensors = () => tf.memory().numTensors;
  const before = tensors();
  for (
    const model of [
      { draws: 3, klGradient: "stl" },
      { objective: "iwae", importanceSamples: 2, classCount: 3 },
    ] as const
  ) {
    const engine = await TfjsEngine.create({ ...plain, ...model }, "cpu");
    const made = tensors();
    const [images, labels] = [digits(1), Uint8Array.of(2)];
    for (let step = 0; step < 2; step++) {
      await firstStep(engine, images, { step }, hyper, labels);
      await engine.takeLosses();
      assertEquals(tensors(), made);
    }
    const { mu } = await engine.encode(images, labels);
    await engine.decode(mu, labels);
    await engine.score(mu, images, labels);
    await engine.evaluate(images, 0, hyper, labels);
    assertEquals(tensors(), made);
    engine.dispose();
    assertEquals(tensors(), before);
  }
});
