/**
 * The kernels, instantiated, and the workers that run them with us.
 *
 * @module
 */
import { plain, relaxed } from "./kernels.ts";
import { ADDRESS } from "./words.ts";
import { startWorker, type Thread } from "./worker.ts";

/**
 * Thrown where WebAssembly or its SIMD instructions are missing.
 *
 * @example
 * ```ts
 * import { createEngine, SimdError } from "@vae/mnist";
 *
 * const options = {
 *   latentDim: 2,
 *   likelihood: "mse",
 *   autoencoder: false,
 *   batchSize: 8,
 *   seed: 0,
 * } as const;
 * const wasm = createEngine(options, { engine: "wasm" });
 * const engine = await wasm.catch((error) => {
 *   if (!(error instanceof SimdError)) throw error;
 *   return createEngine(options, { engine: "tfjs" });
 * });
 * engine.dispose();
 * ```
 */
export class SimdError extends Error {
  /** The class's name, which survives minification. */
  override name = "SimdError";
}

/**
 * A worker failed, or fell silent, in the middle of a job.
 *
 * @example
 * ```ts
 * import { syntheticDataset, train, WorkerError } from "@vae/mnist/core";
 *
 * const dataset = await syntheticDataset({ limit: 64 });
 * try {
 *   for await (const event of train({ dataset, epochs: 1 })) {
 *     if (event.type === "epoch") console.assert(event.record.epoch === 1);
 *   }
 * } catch (error) {
 *   if (!(error instanceof WorkerError)) throw error;
 * }
 * ```
 */
export class WorkerError extends Error {
  /** The class's name, which survives minification. */
  override name = "WorkerError";
}

/** Pages (64 KiB) that the memory may grow to, as the kernels are built. */
const MAXIMUM_PAGES = 32768;

/** Bytes of a failed worker's last words. */
const LAST_WORDS = ADDRESS.free - ADDRESS.lastWords;

/** A worker runs jobs until it is told to stop; it is made from this text. */
const WORKER = `onmessage = ({ data: { module, memory } }) => {
  const env = { memory, now: () => performance.now() };
  let instance;
  try {
    instance = new WebAssembly.Instance(module, { env });
  } catch {
    return close(); // no job counts on it yet
  }
  try {
    instance.exports.work();
  } catch (error) {
    const words = new TextEncoder().encode(error);
    new Uint8Array(memory.buffer, ${ADDRESS.lastWords}, ${LAST_WORDS})
      .set(words.subarray(0, ${LAST_WORDS}));
    Atomics.store(new Int32Array(memory.buffer), ${ADDRESS.failed / 4}, 1);
  }
  close();
};`;

/** How the kernels were built: with fused multiply-add, or without. */
export type Variant = "relaxed" | "plain";

/** How a module's import of a shared memory with a maximum begins. */
const SHARED_MEMORY = "\x03env\x06memory\x02\x03";

/**
 * The fastest build that this machine accepts.
 *
 * @param shared Whether its memory will be shared, which a page in a browser
 * may only do if it is isolated from other origins.
 * @throws {SimdError} If it accepts none.
 */
export function compileKernels(
  shared: boolean,
  variants: readonly Variant[] = ["relaxed", "plain"],
): { variant: Variant; module: WebAssembly.Module } {
  for (const variant of variants) {
    const code = atob(variant === "relaxed" ? relaxed : plain);
    const bytes = Uint8Array.from(code, (byte) => byte.charCodeAt(0));
    if (!shared) {
      // One bit of the import's limits; atomics are valid on either memory.
      // https://github.com/WebAssembly/threads/blob/main/proposals/threads/Overview.md
      bytes[code.indexOf(SHARED_MEMORY) + SHARED_MEMORY.length - 1] &= ~2;
    }
    if (globalThis.WebAssembly?.validate(bytes)) {
      return { variant, module: new WebAssembly.Module(bytes) };
    }
  }
  throw new SimdError(
    "this machine's WebAssembly has no SIMD: use the tfjs engine",
  );
}

/** One memory, the kernels on it, and workers that come up on their own. */
export class Threads {
  readonly memory: WebAssembly.Memory;
  /** Whether this thread may wait; a browser's main thread may not. */
  readonly mayWait: boolean;
  readonly #run: (threads: number) => number;
  readonly #workers: Thread[] = [];

  /**
   * @throws {RangeError} If there is no such memory.
   * @throws {Error} If this machine refuses workers, or to share memory.
   */
  constructor(module: WebAssembly.Module, bytes: number, threads: number) {
    this.memory = allocate(bytes, () =>
      new WebAssembly.Memory({
        initial: pages(bytes),
        maximum: MAXIMUM_PAGES,
        shared: threads > 1,
      }));
    this.mayWait = mayWait();
    const env = { memory: this.memory, now: () => performance.now() };
    const { exports } = new WebAssembly.Instance(module, { env });
    this.#run = exports.run as (threads: number) => number;

    try {
      while (this.#workers.length < threads - 1) {
        // Until it has come up no job counts on it: the others do its share.
        this.#workers.push(startWorker(WORKER));
      }
      for (const worker of this.#workers) {
        worker.postMessage({ module, memory: this.memory });
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get #words(): Int32Array {
    return new Int32Array(this.memory.buffer);
  }

  /** Threads that are up by now, this one included. */
  get count(): number {
    return 1 + Atomics.load(this.#words, ADDRESS.workers / 4);
  }

  /**
   * Runs the job whose parameters are in memory on the threads that are up, but
   * on no more than it has units of work.
   *
   * @throws {WorkerError} If a worker failed, in this job or before: what was
   * to be written may be half written, and the workers are gone.
   */
  run(units: number): void {
    if (this.#run(Math.min(this.count, units))) return;
    this.dispose();
    const { buffer } = this.memory;
    const words = new Uint8Array(buffer, ADDRESS.lastWords, LAST_WORDS).slice();
    const reason = new TextDecoder().decode(words).replace(/\0.*/s, "");
    throw new WorkerError(
      "a worker of the wasm engine " +
        (reason ? `failed: ${reason}` : "failed or fell silent") +
        "; go on from the last checkpoint, with one thread if it recurs",
    );
  }

  /**
   * Makes room for `bytes` bytes.
   *
   * @throws {RangeError} If there is no such memory.
   */
  reserve(bytes: number): void {
    const missing = pages(bytes) - this.memory.buffer.byteLength / 65536;
    if (missing > 0) allocate(bytes, () => this.memory.grow(missing));
  }

  dispose(): void {
    const words = this.#words;
    Atomics.store(words, ADDRESS.stop / 4, 1);
    Atomics.add(words, ADDRESS.job / 4, 1024);
    Atomics.notify(words, ADDRESS.job / 4);
    for (const worker of this.#workers) worker.terminate();
  }
}

/**
 * Floating-point operations a second that one thread can do at most: what
 * multiply-adds reach that never leave the registers.
 */
export function peakFlops(): number {
  const { module } = compileKernels(false);
  const memory = new WebAssembly.Memory({
    initial: 64,
    maximum: MAXIMUM_PAGES,
  });
  const env = { memory, now: () => performance.now() };
  const { exports } = new WebAssembly.Instance(module, { env });
  const peak = exports.peak as (rounds: number) => number;
  const rounds = 5_000_000;
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    peak(rounds);
    best = Math.min(best, performance.now() - start);
  }
  return 96 * rounds / best * 1000;
}

/** Says how much was wanted, which WebAssembly's own errors leave out. */
function allocate<T>(bytes: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const wanted = Math.ceil(bytes / 2 ** 20);
    const most = MAXIMUM_PAGES / 16;
    throw new RangeError(
      `the wasm engine cannot have ${wanted} MB of memory` +
        (wanted > most ? `, ${most} MB at most` : "") +
        ": take fewer images or smaller batches",
      { cause: error },
    );
  }
}

function pages(bytes: number): number {
  return Math.ceil(bytes / 65536);
}

function mayWait(): boolean {
  try {
    const word = new Int32Array(new SharedArrayBuffer(4));
    return Atomics.wait(word, 0, 1) === "not-equal";
  } catch {
    return false;
  }
}
