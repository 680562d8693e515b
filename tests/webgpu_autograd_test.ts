import { WebGpuEngine } from "../lib/engine/webgpu/engine.ts";
import { testAgainstAutograd } from "./autograd.ts";
import { plain } from "./engine_suite.ts";
import { webgpuIsMissing } from "./webgpu.ts";

testAgainstAutograd(
  "webgpu",
  (options) => WebGpuEngine.create(options),
  [
    { ...plain, likelihood: "bce", capacity: 1e3, batch: 3, latentDim: 1 },
    { ...plain, autoencoder: true, capacity: 0, batch: 3, latentDim: 1 },
  ],
  webgpuIsMissing,
);
