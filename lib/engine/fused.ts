/**
 * The engines that need no package: typed arrays in, typed arrays out, in Deno,
 * in Node and in browsers.
 *
 * @module
 */
import type { Engine, EngineOptions } from "./engine.ts";
import { GpuError, hasHardwareGpu } from "./gpu.ts";
import { WasmEngine } from "./wasm/engine.ts";

/** Which engine, and how it runs. */
export interface FusedChoice {
  /** `auto` takes `webgpu` on a hardware GPU, else `wasm`. */
  readonly engine?: "auto" | "webgpu" | "wasm";
  /** For work so short that `auto` need not wake a GPU for it. */
  readonly isShort?: boolean;
  /** Threads of the wasm engine; by default one for each core. */
  readonly threads?: number | null;
  /** Told why `auto` did not take the engine that is usually fastest. */
  readonly onFallback?: (reason: string) => void;
}

/**
 * Makes an engine with the initial weights of its seed.
 *
 * @throws {GpuError} If WebGPU is asked for and cannot be had.
 * @throws {SimdError} If WebAssembly has no SIMD here.
 *
 * @example
 * ```ts
 * import { createFusedEngine, priorSample } from "@vae/mnist/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const engine = await createFusedEngine({
 *   latentDim: 2,
 *   likelihood: "mse",
 *   autoencoder: false,
 *   batchSize: 32,
 *   seed: 0,
 * });
 * const digits = await engine.decode(priorSample(3, 2, 0));
 * assertEquals(digits.length, 3 * 784);
 * engine.dispose();
 * ```
 */
export async function createFusedEngine(
  { latentDim, likelihood, autoencoder, batchSize, seed }: EngineOptions,
  choice: FusedChoice = {},
): Promise<Engine> {
  // Not what else a caller's object may hold: engines have options of their own.
  const options = { latentDim, likelihood, autoencoder, batchSize, seed };
  const { engine = "auto", threads } = choice;
  const isAuto = engine === "auto";
  try {
    if (
      engine === "webgpu" ||
      (isAuto && !choice.isShort && await hasHardwareGpu())
    ) {
      const { WebGpuEngine } = await import("./webgpu/engine.ts");
      return await WebGpuEngine.create(options);
    }
  } catch (error) {
    if (!isAuto || !(error instanceof GpuError)) throw error;
    choice.onFallback?.(error.message);
  }
  return new WasmEngine({ ...options, threads: threads ?? undefined });
}
