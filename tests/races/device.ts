/** A GPUDevice that runs programs with {@linkcode runDispatch}, one at a time. */
import { type Dispatch, type Random, runDispatch } from "./dispatch.ts";
import { type Report, Watched } from "./memory.ts";
import { compile, type Compiled } from "./wgsl/compile.ts";
import type { MemorySyntax } from "./wgsl/scope.ts";
import { type Scalar, stride } from "./wgsl/types.ts";

/** Bytes after a buffer, for what is read or written beyond its end. */
const SPARE = 16;

const WORDS: Partial<
  Record<
    Scalar,
    new (buffer: ArrayBuffer) => Float32Array | Uint32Array | Int32Array
  >
> = { f32: Float32Array, u32: Uint32Array, i32: Int32Array };

/** A buffer of the device. */
export class FakeBuffer {
  readonly size: number;
  readonly label: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  #isDestroyed = false;

  constructor({ size, label = "" }: GPUBufferDescriptor) {
    this.size = size;
    this.label = label;
    this.bytes = new Uint8Array(Math.ceil(size / 16) * 16 + SPARE);
  }

  /** Its bytes, if it is still there. */
  get(): Uint8Array<ArrayBuffer> {
    if (this.#isDestroyed) throw new Error(`${this.label} was destroyed`);
    return this.bytes;
  }

  destroy(): void {
    this.#isDestroyed = true;
  }

  mapAsync(): Promise<void> {
    this.get();
    return Promise.resolve();
  }

  getMappedRange(): ArrayBuffer {
    return this.bytes.slice(0, this.size).buffer;
  }

  unmap(): void {}
}

/** A program with all that it is run on. */
export interface Job {
  readonly name: string;
  readonly code: string;
  readonly compiled: Compiled;
  /** The buffers that it may write. */
  readonly written: readonly FakeBuffer[];
  /**
   * Runs it and returns how many accesses to memory were watched.
   *
   * @param without The number of a barrier to leave out.
   */
  run(random: Random, report: Report, without?: number): number;
}

/** Buffers that are bound, by number. */
export interface Group {
  readonly entries: ReadonlyMap<
    number,
    { buffer: FakeBuffer; size: number; offset: number }
  >;
  readonly offset: number;
}

/** Runs each dispatch. */
export type OnDispatch = (job: Job) => void;

/** Makes `navigator.gpu` a device that is watched. */
export function installGpu(onDispatch: OnDispatch): void {
  const limits = {
    maxBufferSize: 2 ** 28,
    maxStorageBufferBindingSize: 2 ** 27,
    minUniformBufferOffsetAlignment: 256,
  };
  const device = makeDevice(limits, onDispatch);
  const adapter = {
    features: new Set(),
    limits,
    info: { description: "WGSL in JavaScript" },
    requestDevice: () => Promise.resolve(device),
  };
  Object.defineProperty(navigator, "gpu", {
    value: { requestAdapter: () => Promise.resolve(adapter) },
    configurable: true,
  });
}

function makeDevice(limits: unknown, onDispatch: OnDispatch) {
  const compiled = new Map<string, Compiled>();
  return {
    limits,
    features: new Set(),
    lost: new Promise(() => {}),
    addEventListener() {},
    pushErrorScope() {},
    popErrorScope: () => Promise.resolve(null),
    createBuffer: (descriptor: GPUBufferDescriptor) =>
      new FakeBuffer(descriptor),
    createBindGroupLayout: (descriptor: unknown) => descriptor,
    createPipelineLayout: (descriptor: unknown) => descriptor,
    createBindGroup: ({ entries }: { entries: Iterable<GPUBindGroupEntry> }) =>
      new Map([...entries].map(({ binding, resource }) => {
        const { buffer, size, offset = 0 } = resource as GPUBufferBinding;
        const own = buffer as unknown as FakeBuffer;
        return [binding, {
          buffer: own,
          size: size ?? own.size - offset,
          offset,
        }];
      })),
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) => ({ code }),
    createComputePipeline: pipeline,
    createComputePipelineAsync: (descriptor: never) =>
      Promise.resolve(pipeline(descriptor)),
    createCommandEncoder: () => makeEncoder(onDispatch),
    queue: {
      submit: (lists: (() => void)[][]) =>
        lists.forEach((commands) => commands.forEach((run) => run())),
      writeBuffer,
      onSubmittedWorkDone: () => Promise.resolve(),
    },
  };

  function pipeline(
    { label = "", compute: { module } }: {
      label?: string;
      compute: { module: { code: string } };
    },
  ): Pipeline {
    const { code } = module;
    let known = compiled.get(code);
    if (!known) compiled.set(code, known = compile(code));
    return { name: label, code, compiled: known };
  }
}

export type Pipeline = Pick<Job, "name" | "code" | "compiled">;

function writeBuffer(
  buffer: FakeBuffer,
  at: number,
  data: ArrayBuffer | ArrayBufferView<ArrayBuffer>,
  offset = 0,
  size?: number,
): void {
  const isView = ArrayBuffer.isView(data);
  const unit = isView && "BYTES_PER_ELEMENT" in data
    ? data.BYTES_PER_ELEMENT as number
    : 1;
  const all = isView
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  const bytes = all.subarray(
    offset * unit,
    size === undefined ? undefined : (offset + size) * unit,
  );
  if (at + bytes.length > buffer.size) {
    throw new Error(`${buffer.label} has no room for what is written`);
  }
  buffer.get().set(bytes, at);
}

function makeEncoder(onDispatch: OnDispatch) {
  const commands: (() => void)[] = [];
  return {
    beginComputePass() {
      let pipeline: Pipeline;
      const groups: Group[] = [];
      return {
        setPipeline(next: Pipeline) {
          pipeline = next;
        },
        setBindGroup(i: number, entries: Group["entries"], offsets = [0]) {
          groups[i] = { entries, offset: offsets[0] ?? 0 };
        },
        dispatchWorkgroups(x: number, y = 1, z = 1) {
          const job = makeJob(pipeline, [...groups], [x, y, z]);
          commands.push(() => onDispatch(job));
        },
        end() {},
      };
    },
    copyBufferToBuffer(
      from: FakeBuffer,
      at: number,
      to: FakeBuffer,
      toAt: number,
      size: number,
    ) {
      commands.push(() =>
        to.get().set(from.get().subarray(at, at + size), toAt)
      );
    },
    finish: () => commands,
  };
}

/** Makes what {@linkcode OnDispatch} is given. */
export function makeJob(
  pipeline: Pipeline,
  groups: readonly Group[],
  grid: Dispatch["grid"],
): Job {
  const { compiled, name } = pipeline;
  const find = ([group, binding]: readonly [number, number]) => {
    const entry = groups[group]?.entries.get(binding);
    if (!entry) throw new Error(`${name} lacks the buffer ${group}.${binding}`);
    return entry;
  };
  const stored = compiled.memories.filter(({ binding }) => binding);
  const written = stored.filter(({ isReadOnly }) => !isReadOnly)
    .map(({ binding }) => find(binding!).buffer);
  for (const buffer of written) {
    const uses = stored.filter((m) => find(m.binding!).buffer === buffer);
    if (uses.length > 1) throw new Error(`${name} binds ${buffer.label} twice`);
  }
  return {
    ...pipeline,
    written,
    run(random, report, without = -1) {
      const uniforms = compiled.uniforms.map((binding) => {
        const { buffer, size } = find(binding);
        const { offset } = groups[binding[0]];
        const { buffer: bytes } = buffer.get().slice(offset, offset + size);
        return {
          f32: new Float32Array(bytes),
          u32: new Uint32Array(bytes),
          i32: new Int32Array(bytes),
        };
      });
      const memories = compiled.memories.map((memory) =>
        watch(
          memory,
          memory.binding && find(memory.binding),
          compiled.threads,
          report,
        )
      );
      const within = (index: number, length: number) => {
        if (index >>> 0 < length) return index;
        report("bounds", "a variable", `element ${index} of ${length}`);
        return length;
      };
      const dispatch = { memories, uniforms, grid, without, within };
      runDispatch(compiled, dispatch, random, report);
      return memories.reduce((sum, { accesses }) => sum + accesses, 0);
    },
  };
}

function watch(
  { name, space, isReadOnly, element, length = 0 }: MemorySyntax,
  bound: { buffer: FakeBuffer; size: number; offset: number } | undefined,
  threads: number,
  report: Report,
): Watched {
  const Array = WORDS[element.scalar] ?? Uint32Array;
  const words = stride(element);
  const isShared = space === "workgroup";
  const count = bound ? Math.floor(bound.size / 4 / words) : length;
  const view = bound
    ? new Array(bound.buffer.get().buffer)
    : new Array(new ArrayBuffer(4 * (count + 1) * words));
  const label = bound ? `${name} (${bound.buffer.label})` : name;
  return new Watched(
    label,
    view,
    count,
    isReadOnly ? 0 : threads,
    isShared,
    report,
  );
}
