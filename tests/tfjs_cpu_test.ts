import { TfjsEngine } from "../lib/engine/tfjs/engine.ts";
import { engineSuite } from "./engine_suite.ts";

// The backend takes its time for each image, so the larger golden sets go but
// one step here. The others go on to their last weights on this backend, and
// the larger ones do on WebGPU, by the same code of the engine.
engineSuite("tfjs on cpu", {
  create: (options) => TfjsEngine.create(options, "cpu"),
  tolerance: { outputs: 1e-5, gradients: 1e-4, weights: 1e-5 },
  sizes: [{ batch: 1, latentDim: 5 }, { batch: 2, latentDim: 1 }],
  wholeUpTo: 6,
});
