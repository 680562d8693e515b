/** What the WebGPU tests need; VAE_REQUIRE_WEBGPU=1 insists on all of it. */
import { isSoftware, requestGpu } from "../lib/engine/gpu.ts";

const gpu = await requestGpu();

/** Whether there is no WebGPU adapter. */
export const webgpuIsMissing = gpu === null;

/** Whether programs cannot be timed. */
export const timestampsAreMissing =
  gpu?.adapter.features.has("timestamp-query") !== true;

if (timestampsAreMissing) {
  const what = webgpuIsMissing
    ? "there is no WebGPU adapter"
    : "the WebGPU adapter has no timestamps";
  if (Deno.env.get("VAE_REQUIRE_WEBGPU") === "1") {
    throw new Error(`VAE_REQUIRE_WEBGPU=1, but ${what}`);
  }
  console.log(`skipping WebGPU tests: ${what}`);
}

/**
 * Largest errors against PyTorch, for the engine suite. WGSL lets a GPU's
 * exp, log and division be less exact than a CPU's.
 */
export const webgpuTolerance = gpu && isSoftware(gpu.adapter)
  ? { outputs: 1e-5, gradients: 1e-4, weights: 1e-5 }
  : { outputs: 1e-4, gradients: 1e-3, weights: 1e-4 };
