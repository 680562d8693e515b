/**
 * From an engine's name to an engine, of which only those in question are
 * loaded.
 *
 * @module
 */
import { engineOptions } from "./engine/checks.ts";
import type {
  Engine,
  EngineName,
  EngineOptions,
  TfBackend,
} from "./engine/engine.ts";
import {
  findHardwareGpu,
  GpuError,
  gpuName,
  requestGpu,
} from "./engine/gpu.ts";
import { WasmEngine } from "./engine/wasm/engine.ts";
import { SimdError } from "./engine/wasm/threads.ts";
import type { Tiling } from "./engine/webgpu/tiling.ts";
import { type GpuVerdict, tryGpu } from "./gpu_trial.ts";
import { drawsOf } from "./options/conflicts.ts";
import { OptionError } from "./options/table.ts";
import { show } from "./text.ts";

/** Which engine, and how it runs. */
export interface EngineChoice {
  /**
   * `auto` takes the fastest that this machine can run: `webgpu` on a hardware
   * GPU that computes what `wasm` does, and sooner; else `wasm`, else `tfjs`.
   */
  readonly engine?: "auto" | EngineName;
  /** For work so short that `auto` need not wake a GPU for it. */
  readonly isShort?: boolean;
  /** Threads of the wasm engine; by default one for each core. */
  readonly threads?: number | null;
  /** The backend of the tfjs engine; `auto` takes WebGPU where it can. */
  readonly tfBackend?: "auto" | TfBackend;
  /**
   * Told why `auto` did not take the engine that is usually fastest.
   *
   * @param detail The many lines that go with it, as of a {@linkcode GpuError}.
   */
  readonly onFallback?: (reason: string, detail?: string) => void;
  /** Told in a line of a hardware GPU that `auto` has tried and takes. */
  readonly onTrial?: (text: string) => void;
  /** Where the outcomes of such trials are kept; nowhere by default. */
  readonly memory?: GpuMemory;
  /**
   * Returns how the work of a GPU's threads is tiled, given its name; nothing if
   * as usual, which is the default.
   */
  readonly tiling?: (gpu: string) => Promise<Tiling | undefined>;
}

/** Keeps what trials of GPUs came to: a trial takes up to a second. */
export interface GpuMemory {
  /**
   * Returns what is known of a GPU.
   *
   * @param gpu Its name, and what makes its programs others than the usual ones:
   * a tiling, the draws of z, the gradient of the KL term, pixels that are
   * drawn, the objective, free nats, classes.
   * @returns Nothing if it is to be tried.
   */
  recall(gpu: string, latentDim: number): Promise<GpuVerdict | undefined>;
  /** Keeps what a trial has just come to. */
  keep(gpu: string, latentDim: number, verdict: GpuVerdict): Promise<void>;
}

/**
 * Makes an engine with the initial weights of its seed.
 *
 * @param given What it is made for; other options that a run has are left out.
 * @param choice Which engine, on how many threads; the fastest that there is
 * unless given.
 * @returns The engine: `dispose()` frees what it holds.
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
  given: EngineOptions,
  choice: EngineChoice = {},
): Promise<Engine> {
  // Not what else a caller's object may hold: engines have options of their own.
  const options = engineOptions(given);
  checkChoice(choice);
  const { engine = "auto", threads, tfBackend = "auto", onFallback } = choice;
  const isAuto = engine === "auto";
  if (engine === "tfjs") {
    return await (await loadTfjsEngine()).create(options, tfBackend);
  }
  try {
    const name = engine === "webgpu"
      ? choice.tiling && await findGpu()
      : isAuto && !choice.isShort
      ? await findHardwareGpu()
      : undefined;
    const tiling = name === undefined ? undefined : await choice.tiling?.(name);
    if (
      engine === "webgpu" ||
      (name !== undefined && await takesGpu(name, options, tiling, choice))
    ) return await createGpuEngine(options, tiling);
  } catch (error) {
    if (!isAuto || !(error instanceof GpuError)) throw error;
    onFallback?.(error.message, error.detail);
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

const NAMES = ["auto", "webgpu", "wasm", "tfjs"];

/** Refuses what is no choice of an engine, and engines that there are not. */
function checkChoice(choice: unknown): void {
  const name = choice && typeof choice === "object"
    ? (choice as EngineChoice).engine ?? "auto"
    : undefined;
  if (name !== undefined && NAMES.includes(name)) return;
  throw new OptionError(
    `an engine is chosen by { engine: NAME }, where NAME is one of ${
      NAMES.join(", ")
    }, not ${show(choice)}`,
  );
}

async function createGpuEngine(
  options: EngineOptions,
  tiling: Tiling | undefined,
): Promise<Engine> {
  const { WebGpuEngine } = await import("./engine/webgpu/engine.ts");
  return await WebGpuEngine.create({ ...options, tiling });
}

/** Finds a GPU, emulated or not; returns its name. */
async function findGpu(): Promise<string | undefined> {
  const gpu = await requestGpu();
  return gpu ? gpuName(gpu.adapter) : undefined;
}

/** Tells whether `auto` takes the GPU, from memory or by a trial. */
async function takesGpu(
  name: string,
  options: Required<EngineOptions>,
  tiling: Tiling | undefined,
  { threads, memory, onFallback, onTrial }: EngineChoice,
): Promise<boolean> {
  const { latentDim, klGradient, binarize, objective, freeBits, classCount } =
    options;
  const draws = drawsOf(options);
  // What was right with other programs says nothing of these.
  const key = [
    name,
    ...tiling ? [JSON.stringify(tiling)] : [],
    ...draws > 1 ? [`draws ${draws}`] : [],
    ...klGradient === "analytic" ? [] : [klGradient],
    ...binarize === "dynamic" ? ["drawn pixels"] : [],
    ...objective === "elbo" ? [] : [objective],
    ...freeBits > 0 ? ["free nats"] : [],
    ...classCount > 0 ? [`${classCount} classes`] : [],
  ].join(" ");
  const known = await memory?.recall(key, latentDim);
  const verdict = known ?? await tryEngines(name, options, tiling, threads);
  if (verdict && !known) await memory?.keep(key, latentDim, verdict);
  if (verdict?.isTaken === false) {
    onFallback?.(verdict.text);
    return false;
  }
  if (verdict && !known) onTrial?.(verdict.text);
  return true;
}

/**
 * Tries the GPU beside the wasm engine.
 *
 * @returns Nothing where WebAssembly has no SIMD: then there is nothing to hold
 * the GPU against, nor anything nearly as fast.
 */
async function tryEngines(
  name: string,
  given: EngineOptions,
  tiling: Tiling | undefined,
  threads: EngineChoice["threads"],
): Promise<GpuVerdict | undefined> {
  // With Adam's usual decays, which are but constants of a program: short ones
  // make the trial's few steps so large that numbers overflow.
  const decays = { adamBeta1: undefined, adamBeta2: undefined };
  const options = engineOptions({ ...given, ...decays });
  let reference: Engine;
  try {
    reference = new WasmEngine({ ...options, threads: threads ?? undefined });
  } catch (error) {
    if (error instanceof SimdError) return;
    throw error;
  }
  try {
    const gpu = await createGpuEngine(options, tiling);
    try {
      return await tryGpu(name, { gpu, reference, options });
    } finally {
      gpu.dispose();
    }
  } finally {
    reference.dispose();
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
 * part of whatever imports this file. Bundlers, too, are told to leave it alone.
 */
async function loadTfjsEngine(): Promise<TfjsEngineClass> {
  try {
    const { href } = new URL(
      /* webpackIgnore: true */ /* @vite-ignore */ "./engine/tfjs/engine.ts",
      import.meta.url,
    );
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ href))
      .TfjsEngine;
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(
      "the tfjs engine cannot be loaded, and no bundle holds it: choose the " +
        `wasm or the webgpu engine (${message})`,
      { cause },
    );
  }
}
