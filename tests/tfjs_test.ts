import { TfjsEngine } from "../lib/engine/tfjs/engine.ts";
import { engineSuite } from "./engine_suite.ts";
import { webgpuIsMissing, webgpuTolerance } from "./webgpu.ts";

engineSuite("tfjs on cpu", {
  create: (options) => TfjsEngine.create(options, "cpu"),
  tolerance: { outputs: 1e-5, gradients: 1e-4, weights: 1e-5 },
  sizes: [{ batch: 1, latentDim: 5 }, { batch: 3, latentDim: 1 }],
});

engineSuite("tfjs on webgpu", {
  create: (options) => TfjsEngine.create(options, "webgpu"),
  tolerance: webgpuTolerance,
  sizes: [{ batch: 3, latentDim: 2 }],
  ignore: webgpuIsMissing,
});
