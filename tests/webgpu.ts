/** Whether there is a WebGPU adapter; VAE_REQUIRE_WEBGPU=1 insists on one. */
import { requestGpu } from "../lib/engine/gpu.ts";

export const webgpuIsMissing = await requestGpu() === null;

if (webgpuIsMissing) {
  if (Deno.env.get("VAE_REQUIRE_WEBGPU") === "1") {
    throw new Error("VAE_REQUIRE_WEBGPU=1, but there is no WebGPU adapter");
  }
  console.log("skipping the WebGPU tests: there is no adapter");
}
