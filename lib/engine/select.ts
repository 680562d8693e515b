/**
 * From an engine's name to an engine. Only the one that is chosen is loaded.
 *
 * @module
 */
import type { Engine, EngineName, EngineOptions } from "./engine.ts";
import type { TfBackend } from "./tf_backend.ts";

/** Which engine, and how it runs. */
export interface EngineChoice {
  /** `auto` takes the fastest that this machine can run. */
  readonly engine?: "auto" | EngineName;
  /** The backend of the tfjs engine; `auto` takes WebGPU where it can. */
  readonly tfBackend?: "auto" | TfBackend;
}

/**
 * Makes an engine with the initial weights of its seed.
 *
 * @throws {GpuError} If WebGPU is asked for and cannot be had.
 */
export async function createEngine(
  options: EngineOptions,
  { tfBackend = "auto" }: EngineChoice = {},
): Promise<Engine> {
  const { TfjsEngine } = await import("./tfjs.ts");
  return await TfjsEngine.create(options, tfBackend);
}
