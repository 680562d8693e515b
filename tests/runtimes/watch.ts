/** Notes every way in which WebGPU can complain, on a small adapter. */

/** What WebGPU complained of. */
export interface Complaints {
  /** Waits for what is under way; returns what was said since the last call. */
  take(): Promise<string[]>;
}

// deno-lint-ignore no-explicit-any -- as many as the method takes
type Method = (...args: any[]) => any;

/** Puts a function around a method of all objects of a class. */
function wrap<T extends object>(
  { prototype }: { prototype: T },
  name: keyof T & string,
  around: (self: T, original: Method, args: unknown[]) => unknown,
): void {
  const original = prototype[name] as Method;
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: T, ...args: unknown[]) {
      return around(this, original.bind(this), args);
    },
  });
}

/**
 * From now on adapters have WebGPU's default limits and no better ones
 * (https://www.w3.org/TR/webgpu/#limits), and devices are listened to.
 */
export async function watch(): Promise<Complaints> {
  const defaults = await defaultLimits();
  wrap(GPU, "requestAdapter", async (_, request, [options]) => {
    const adapter: GPUAdapter | null = await request(options);
    if (adapter) Object.defineProperty(adapter, "limits", { value: defaults });
    return adapter;
  });
  const heard: string[] = [];
  const devices = new Set<GPUDevice>();
  const pending: Promise<unknown>[] = [];
  wrap(GPUAdapter, "requestDevice", async (_, request, [descriptor]) => {
    const { requiredLimits = {}, ...rest } =
      (descriptor ?? {}) as GPUDeviceDescriptor;
    for (const [name, value] of Object.entries(requiredLimits)) {
      if (value !== defaults[name as keyof GPUSupportedLimits]) {
        throw new DOMException(`${name} of ${value}`, "OperationError");
      }
    }
    const device: GPUDevice = await request({ ...rest, requiredLimits: {} });
    devices.add(device);
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      heard.push(`${error.constructor.name}: ${error.message}`);
    });
    device.lost.then(({ reason, message }) => {
      devices.delete(device);
      heard.push(`the device was lost: ${reason}, ${message}`);
    });
    return device;
  });
  wrap(GPUDevice, "createShaderModule", (_, create, [descriptor]) => {
    const module: GPUShaderModule = create(descriptor);
    const { label } = descriptor as GPUShaderModuleDescriptor;
    pending.push(
      module.getCompilationInfo().then(({ messages }) => {
        for (const { type, lineNum, message } of messages) {
          heard.push(`${type} in ${label}, line ${lineNum}: ${message}`);
        }
      }),
    );
    return module;
  });
  wrap(GPUDevice, "popErrorScope", async (_, pop) => {
    const error: GPUError | null = await pop();
    if (error) heard.push(`error scope: ${error.message}`);
    return error;
  });
  return {
    async take() {
      await Promise.all(
        [...devices].map(({ queue }) => queue.onSubmittedWorkDone()),
      );
      // Errors and the news of a loss come by tasks of their own.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all(pending.splice(0));
      return heard.splice(0);
    },
  };
}

/** The limits of a device that was asked for none. */
async function defaultLimits(): Promise<GPUSupportedLimits> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("there is no WebGPU adapter");
  const device = await adapter.requestDevice();
  const { limits } = device;
  device.destroy();
  return limits;
}

/** From now on the adapter does not say that it is software. */
export function declareHardware(): void {
  Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", {
    configurable: true,
    get: () => false,
  });
}
