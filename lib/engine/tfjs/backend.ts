/**
 * Which tfjs backend does the arithmetic.
 *
 * @module
 */
import * as tf from "./tf.ts";
import type { TfBackend } from "../engine.ts";
import { type Gpu, GpuError, requestGpu } from "../gpu.ts";

// Silences tfjs's advice to install its Node binding, which Deno cannot use.
tf.enableProdMode();

/**
 * Makes tfjs ready for use.
 *
 * @param wanted `auto` takes WebGPU where there is an adapter, else the CPU.
 * @returns The backend, and the GPU it runs on.
 * @throws {GpuError} If WebGPU is asked for and there is no adapter.
 *
 * @example
 * ```ts
 * import { useTfBackend, VAE } from "@vae/mnist";
 *
 * await useTfBackend("cpu");
 * const model = new VAE({ latentDim: 2 });
 * const digits = model.sample(4);
 * digits.print();
 * ```
 */
export async function useTfBackend(
  wanted: "auto" | TfBackend = "auto",
): Promise<{ backend: TfBackend; gpu: Gpu | null }> {
  const gpu = wanted === "cpu" ? null : await requestGpu().catch((error) => {
    if (wanted === "webgpu" || !(error instanceof GpuError)) throw error;
    return null;
  });
  if (!gpu && wanted === "webgpu") {
    throw new GpuError(
      "there is no WebGPU adapter: install a Vulkan driver (on Debian, " +
        "mesa-vulkan-drivers is a software one) or choose the cpu backend",
    );
  }
  const backend = gpu ? "webgpu" : "cpu";
  if (gpu && registeredDevice !== gpu.device) {
    // tfjs would ask for a device of its own, with the default limits.
    tf.removeBackend("webgpu");
    tf.registerBackend(
      "webgpu",
      () => new tf.WebGPUBackend(gpu.device, gpu.adapter.info),
      3,
    );
    registeredDevice = gpu.device;
  }
  if (!await tf.setBackend(backend)) {
    throw new GpuError(`tfjs cannot start its ${backend} backend`);
  }
  return { backend, gpu };
}

let registeredDevice: GPUDevice | undefined;
