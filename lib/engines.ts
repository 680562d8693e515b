/**
 * From an engine's name to an engine, of which only the chosen one is loaded;
 * and whether an engine's numbers are right.
 *
 * @module
 */
import { synthesize } from "./dataset/synthetic.ts";
import type {
  Engine,
  EngineName,
  EngineOptions,
  TfBackend,
} from "./engine/engine.ts";
import { GpuError, hasHardwareGpu } from "./engine/gpu.ts";
import { WasmEngine } from "./engine/wasm/engine.ts";
import { SimdError } from "./engine/wasm/threads.ts";

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
 * @throws {OptionError} If an option is missing or out of range.
 * @throws {GpuError} If WebGPU is asked for and cannot be had.
 * @throws {SimdError} If WebAssembly has no SIMD here, and the wasm engine is
 * asked for or the tfjs engine cannot be loaded.
 * @throws {Error} If the tfjs engine is asked for and cannot be loaded.
 *
 * @example
 * ```ts
 * import { createEngine, priorSample } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const engine = await createEngine({
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
export async function createEngine(
  { latentDim, likelihood, autoencoder, batchSize, seed }: EngineOptions,
  choice: EngineChoice = {},
): Promise<Engine> {
  // Not what else a caller's object may hold: engines have options of their own.
  const options = { latentDim, likelihood, autoencoder, batchSize, seed };
  const { engine = "auto", threads, tfBackend = "auto", onFallback } = choice;
  const isAuto = engine === "auto";
  if (engine === "tfjs") {
    return await (await loadTfjsEngine()).create(options, tfBackend);
  }
  try {
    if (
      engine === "webgpu" ||
      (isAuto && !choice.isShort && await hasHardwareGpu())
    ) {
      const { WebGpuEngine } = await import("./engine/webgpu/engine.ts");
      return await WebGpuEngine.create(options);
    }
  } catch (error) {
    if (!isAuto || !(error instanceof GpuError)) throw error;
    onFallback?.(error.message);
  }
  try {
    return new WasmEngine({ ...options, threads: threads ?? undefined });
  } catch (error) {
    if (!isAuto || !(error instanceof SimdError)) throw error;
    // Where there is no tfjs, the lack of SIMD is what stands in the way.
    const tfjs = await loadTfjsEngine().catch(() => Promise.reject(error));
    onFallback?.(error.message);
    return await tfjs.create(options, tfBackend);
  }
}

/** What `lib/engine/tfjs/engine.ts` exports as `TfjsEngine`. */
interface TfjsEngineClass {
  create(
    options: EngineOptions,
    backend: "auto" | TfBackend,
  ): Promise<Engine>;
}

/**
 * Loads the tfjs engine. Its specifier is computed, and its type written down
 * above, because a literal `import()`, even of the type, would make npm packages
 * part of whatever imports this file.
 */
async function loadTfjsEngine(): Promise<TfjsEngineClass> {
  try {
    const { href } = new URL("./engine/tfjs/engine.ts", import.meta.url);
    return (await import(href)).TfjsEngine;
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(
      "the tfjs engine cannot be loaded, and no bundle holds it: choose the " +
        `wasm or the webgpu engine (${message})`,
      { cause },
    );
  }
}

/** The model and batch that {@linkcode runProbe} expects. */
export const PROBE: EngineOptions = {
  latentDim: 12,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 8,
  seed: 0,
};

/** What an engine computed for the same images, weights and noise. */
export interface Probe {
  /** μ and log σ² of the images, then their reconstructions. */
  readonly forward: Float32Array;
  /** Gradient of one training step. */
  readonly gradients: Float32Array;
  /** Parameters and running statistics after that step's Adam update. */
  readonly adam: Float32Array;
}

/** A part of a {@linkcode Probe}. */
export type ProbePart = keyof Probe;

/** The largest relative errors that float32 arithmetic in another order
 * explains. */
export const TOLERANCE: Readonly<Record<ProbePart, number>> = {
  forward: 1e-4,
  gradients: 1e-3,
  adam: 1e-3,
};

/**
 * Lets an engine made for {@linkcode PROBE} encode, decode and train one step.
 */
export async function runProbe(engine: Engine): Promise<Probe> {
  const { images } = synthesize(PROBE.batchSize, { seed: 0 });
  const { mu, logvar } = await engine.encode(images);
  const decoded = await engine.decode(mu);
  engine.setImages(images);
  engine.setOrder(Uint32Array.from({ length: PROBE.batchSize }, (_, i) => i));
  await engine.trainStep({ first: 0, count: PROBE.batchSize, step: 0 }, {
    beta: 1,
    capacity: 0,
    learningRate: 1e-3,
  });
  const { parameters, running, expAvg } = await engine.readState();
  return {
    forward: concat(mu, logvar, decoded),
    gradients: expAvg.map((m) => m / 0.1), // after one step m = (1 − β₁)·g
    adam: concat(parameters, running),
  };
}

/**
 * The largest difference, relative to the largest expected magnitude. NaN
 * where anything is.
 */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  if (actual.length !== expected.length) {
    throw new RangeError(
      `${actual.length} numbers cannot be compared with ${expected.length}`,
    );
  }
  let difference = 0, scale = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return difference / scale;
}

function concat(...parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
