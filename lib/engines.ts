/**
 * From an engine's name to an engine. Only the one that is chosen is loaded.
 *
 * @module
 */
import type { Engine, EngineName, EngineOptions } from "./engine/engine.ts";
import { createFusedEngine, type FusedChoice } from "./engine/fused.ts";
import type { TfBackend } from "./engine/tfjs/backend.ts";
import { SimdError } from "./engine/wasm/threads.ts";

/** Which engine, and how it runs. */
export interface EngineChoice extends Omit<FusedChoice, "engine"> {
  /**
   * `auto` takes the fastest that this machine can run: `webgpu` on a hardware
   * GPU, else `wasm`, else `tfjs`.
   */
  readonly engine?: "auto" | EngineName;
  /** The backend of the tfjs engine; `auto` takes WebGPU where it can. */
  readonly tfBackend?: "auto" | TfBackend;
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
  options: EngineOptions,
  { engine = "auto", tfBackend = "auto", ...choice }: EngineChoice = {},
): Promise<Engine> {
  if (engine !== "tfjs") {
    try {
      return await createFusedEngine(options, { ...choice, engine });
    } catch (error) {
      if (engine !== "auto" || !(error instanceof SimdError)) throw error;
      choice.onFallback?.(error.message);
    }
  }
  const { TfjsEngine } = await import("./engine/tfjs/engine.ts");
  return await TfjsEngine.create(options, tfBackend);
}
