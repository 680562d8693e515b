/**
 * The one WebGPU device of the process, which tfjs and the engines share.
 *
 * @module
 */

/** A device that is ready, and what it runs on. */
export interface Gpu {
  /** What the device was made from. */
  readonly adapter: GPUAdapter;
  /** The device, with WebGPU's default limits. */
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
 * Finds a GPU that is not an emulation on the CPU.
 *
 * @returns Its name, if there is one.
 * @throws {GpuError} If the runtime cannot tell.
 */
export async function findHardwareGpu(): Promise<string | undefined> {
  const adapter = shared ? (await shared)?.adapter : await requestAdapter();
  return adapter && !isSoftware(adapter) ? gpuName(adapter) : undefined;
}

/** Milliseconds in which the runtime tells of a lost device. */
const NEWS_DELAY = 50;

let shared: Promise<Gpu | null> | undefined;

/**
 * The adapter that was asked for and has no device yet, and what gave it. Drivers
 * may print each time that one is asked for, as libwayland does where there is no
 * XDG_RUNTIME_DIR.
 */
let waiting: {
  readonly gpu: GPU;
  readonly adapter: Promise<GPUAdapter | null>;
} | undefined;

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
  // An adapter makes one device (https://www.w3.org/TR/webgpu/#dom-gpuadapter-requestdevice).
  waiting = undefined;
  if (!adapter) return null;
  // No limit is raised: all programs keep to those that every adapter has
  // (https://www.w3.org/TR/webgpu/#limits), and images that are too many for one
  // buffer of 128 MiB lie in several.
  const device = await granted(
    "device",
    () =>
      adapter.requestDevice({
        requiredFeatures: adapter.features.has("timestamp-query")
          ? ["timestamp-query"]
          : [],
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
  const warning = isWarp(adapter)
    ? "; its barriers are known to fail: https://github.com/gfx-rs/wgpu/issues/7904"
    : "";
  return {
    adapter,
    device,
    description: `${gpuName(adapter)} (${kind}${warning})`,
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
  if (waiting?.gpu !== gpu) {
    const adapter = granted(
      "adapter",
      () => gpu.requestAdapter({ powerPreference: "high-performance" }),
    );
    waiting = { gpu, adapter };
  }
  try {
    return await waiting.adapter;
  } catch (error) {
    waiting = undefined;
    throw error;
  }
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

/** Names of emulations on the CPU, for adapters that do not say what they are. */
const SOFTWARE = /llvmpipe|lavapipe|swiftshader/i;

/**
 * Tells whether the adapter is an emulation on the CPU. Chrome before 136 says
 * so on the adapter, not in its information
 * (https://developer.chrome.com/blog/new-in-webgpu-136).
 */
export function isSoftware(adapter: GPUAdapter): boolean {
  type Declared = { readonly isFallbackAdapter?: boolean };
  return isWarp(adapter) ||
    ((adapter.info as Declared).isFallbackAdapter ??
      (adapter as Declared).isFallbackAdapter ??
      SOFTWARE.test(words(adapter)));
}

/** Tells Direct3D's emulation, which is software whatever it says of itself. */
function isWarp(adapter: GPUAdapter): boolean {
  return /microsoft basic render/i.test(words(adapter));
}

/** The name of an adapter; browsers tell no more than its vendor and family. */
export function gpuName({ info }: GPUAdapter): string {
  return info.description ||
    [info.vendor, info.architecture].filter((word) => word).join(" ");
}

function words({ info }: GPUAdapter): string {
  const { vendor, architecture, device, description } = info;
  return [vendor, architecture, device, description].join(" ");
}
