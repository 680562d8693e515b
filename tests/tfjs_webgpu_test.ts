import { TfjsEngine } from "../lib/engine/tfjs/engine.ts";
import { engineSuite } from "./engine_suite.ts";
import { webgpuIsMissing, webgpuTolerance } from "./webgpu.ts";

engineSuite("tfjs on webgpu", {
  create: (options) => TfjsEngine.create(options, "webgpu"),
  tolerance: webgpuTolerance,
  sizes: [{ batch: 3, latentDim: 2 }],
  ignore: webgpuIsMissing,
});
