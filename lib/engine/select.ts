/**
 * From an engine's name to an engine. Only the one that is chosen is loaded.
 *
 * @module
 */
import type { Engine, EngineName, EngineOptions } from "./engine.ts";
import { GpuError, hasHardwareGpu } from "./gpu.ts";
import type { TfBackend } from "./tf_backend.ts";
import { WasmEngine } from "./wasm/engine.ts";
import { SimdError } from "./wasm/threads.ts";

/** Which engine, and how it runs. */
export interface EngineChoice {
  /**
   * `auto` takes the fastest that this machine can run: `webgpu` on a hardware
   * GPU, else `wasm`, else `tfjs`.
   */
  readonly engine?: "auto" | EngineName;
  /** For work so short that `auto` need not wake a GPU for it. */
  readonly isShort?: boolean;
  /** Threads of the wasm engine; by default one for each core. */
  readonly threads?: number | null;
  /** The backend of the tfjs engine; `auto` takes WebGPU where it can. */
  readonly tfBackend?: "auto" | TfBackend;
  /** Told why `auto` did not take the engine that is usually fastest. */
  readonly onFallback?: (reason: string) => void;
}

/**
 * Makes an engine with the initial weights of its seed.
 *
 * @throws {GpuError} If WebGPU is asked for and cannot be had.
 * @throws {SimdError} If the wasm engine is asked for and WebAssembly has no
 * SIMD here.
 *
 * @example
 * ```ts
 * import { createEngine } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const engine = await createEngine({
 *   latentDim: 2,
 *   likelihood: "mse",
 *   autoencoder: false,
 *   batchSize: 32,
 *   seed: 0,
 * });
 * const digit = await engine.decode(Float32Array.of(0.5, -1));
 * assertEquals(digit.length, 784);
 * engine.dispose();
 * ```
 */
export async function createEngine(
  { latentDim, likelihood, autoencoder, batchSize, seed }: EngineOptions,
  choice: EngineChoice = {},
): Promise<Engine> {
  // Not what else a caller's object may hold: engines have options of their own.
  const options = { latentDim, likelihood, autoencoder, batchSize, seed };
  const { engine = "auto", threads, tfBackend = "auto" } = choice;
  const isAuto = engine === "auto";
  if (
    engine === "webgpu" ||
    (isAuto && !choice.isShort && await hasHardwareGpu())
  ) {
    try {
      const { WebGpuEngine } = await import("./webgpu/engine.ts");
      return await WebGpuEngine.create(options);
    } catch (error) {
      if (!isAuto || !(error instanceof GpuError)) throw error;
      choice.onFallback?.(error.message);
    }
  }
  if (isAuto || engine === "wasm") {
    try {
      return new WasmEngine({ ...options, threads: threads ?? undefined });
    } catch (error) {
      if (!isAuto || !(error instanceof SimdError)) throw error;
      choice.onFallback?.(error.message);
    }
  }
  const { TfjsEngine } = await import("./tfjs.ts");
  return await TfjsEngine.create(options, tfBackend);
}
