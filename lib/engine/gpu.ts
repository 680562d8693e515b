/**
 * The one WebGPU device of the process, which tfjs and the engines share.
 *
 * @module
 */

/** A device that is ready, and what it runs on. */
export interface Gpu {
  /** What the device was made from. */
  readonly adapter: GPUAdapter;
  /** The device, with the limits that the adapter offers. */
  readonly device: GPUDevice;
  /** One line for a person: the adapter's name, and whether it is software. */
  readonly description: string;
  /** Throws the first error that the device has reported since the last call. */
  check(): void;
  /**
   * The reason why something failed, as far as the device tells it.
   *
   * @param error What was thrown.
   */
  explain(error: unknown): Promise<GpuError>;
}

/**
 * The device reported an error, was lost or could not be had.
 *
 * @example
 * ```ts
 * import { createEngine, GpuError } from "@vae/mnist/core";
 *
 * const options = {
 *   latentDim: 2,
 *   likelihood: "mse",
 *   autoencoder: false,
 *   batchSize: 8,
 *   seed: 0,
 * } as const;
 * const engine = await createEngine(options, { engine: "webgpu" })
 *   .catch((error) => {
 *     if (!(error instanceof GpuError)) throw error;
 *     return createEngine(options, { engine: "wasm" });
 *   });
 * engine.dispose();
 * ```
 */
export class GpuError extends Error {
  /** The class's name, which survives minification. */
  override name = "GpuError";
  /** What only a developer wants to see, such as a program's source. */
  readonly detail: string | undefined;

  /**
   * Makes an error.
   *
   * @param message One line.
   * @param options The cause, and the many lines that go with it.
   */
  constructor(message: string, options?: ErrorOptions & { detail?: string }) {
    super(message, options);
    this.detail = options?.detail;
  }
}

/**
 * Limits raised from the defaults to what the adapter offers: images fit in few
 * large buffers. All programs keep to the defaults of the others, which every
 * adapter has (https://www.w3.org/TR/webgpu/#limits).
 */
export const LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

/**
 * Tells whether there is a GPU that is not an emulation on the CPU.
 *
 * @throws {GpuError} If the runtime cannot tell.
 */
export async function hasHardwareGpu(): Promise<boolean> {
  const adapter = await requestAdapter();
  return adapter !== null && !isSoftware(adapter);
}

/** Milliseconds in which the runtime tells of a lost device. */
const NEWS_DELAY = 50;

let shared: Promise<Gpu | null> | undefined;

/**
 * Returns the process's GPU, or null where no adapter exists. It is asked for
 * once, and again after it was lost or refused.
 *
 * @throws {GpuError} If there is an adapter, but no device of it.
 */
export function requestGpu(): Promise<Gpu | null> {
  return shared ??= openGpu().catch((error) => {
    shared = undefined;
    throw error;
  });
}

async function openGpu(): Promise<Gpu | null> {
  const adapter = await requestAdapter();
  if (!adapter) return null;
  const device = await granted(
    "device",
    () =>
      adapter.requestDevice({
        requiredFeatures: adapter.features.has("timestamp-query")
          ? ["timestamp-query"]
          : [],
        requiredLimits: Object.fromEntries(
          LIMITS.map((name) => [name, adapter.limits[name]]),
        ),
      }),
  );

  // Shader and validation errors arrive here, never as exceptions.
  const errors: string[] = [];
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    errors.push((event as GPUUncapturedErrorEvent).error.message);
  });
  let lost: string | undefined;
  device.lost.then(({ message, reason }) => {
    lost = reason === "destroyed" ? "it was destroyed" : message || reason;
    shared = undefined;
  });

  const check = () => {
    if (lost !== undefined) {
      throw new GpuError(`the GPU device was lost: ${lost}`);
    }
    const first = errors.shift();
    if (first !== undefined) {
      errors.length = 0;
      throw new GpuError(`the GPU reported an error: ${first}`);
    }
  };

  const kind = isSoftware(adapter) ? "software" : "hardware";
  return {
    adapter,
    device,
    description: `${adapter.info.description || adapter.info.vendor} (${kind})`,
    check,
    async explain(error) {
      // The news of a loss comes after the errors that it causes.
      await new Promise((resolve) => setTimeout(resolve, NEWS_DELAY));
      try {
        check();
      } catch (reported) {
        return reported as GpuError;
      }
      if (error instanceof GpuError) return error;
      const { message } = error as Error;
      return new GpuError(`the GPU cannot go on: ${message}`);
    },
  };
}

async function requestAdapter(): Promise<GPUAdapter | null> {
  // Undefined in a browser without WebGPU, whatever the types say.
  const gpu: GPU | undefined = globalThis.navigator?.gpu;
  if (!gpu) return null;
  return await granted(
    "adapter",
    () => gpu.requestAdapter({ powerPreference: "high-performance" }),
  );
}

/** Waits for what the runtime gives; rewords its reason not to. */
async function granted<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { message } = error as Error;
    throw new GpuError(`WebGPU gives no ${what}: ${message}`, { cause: error });
  }
}

/** Tells whether the adapter is an emulation on the CPU. */
export function isSoftware(adapter: GPUAdapter): boolean {
  return (adapter.info as GPUAdapterInfo & { isFallbackAdapter?: boolean })
    .isFallbackAdapter ?? false;
}
