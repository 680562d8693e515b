/**
 * What a WGSL program is, and how it becomes a pipeline.
 *
 * @module
 */
import { firstLine } from "../../text.ts";
import { GpuError } from "../gpu.ts";

/** Whether this is Deno, whose WebGPU differs from browsers' in two things. */
export const isDeno = "Deno" in globalThis;

/** One storage buffer of a program. */
export interface Binding {
  /** Name of the buffer in the engine. */
  readonly buffer: string;
  /** Type of its elements. */
  readonly type: "f32" | "vec4<f32>" | "u32";
  readonly access: "read" | "read_write";
}

/** Binds a buffer that a program reads. */
export function read(
  buffer: string,
  type: Binding["type"] = "vec4<f32>",
): Binding {
  return { buffer, type, access: "read" };
}

/** Binds a buffer that a program writes, and may read. */
export function write(
  buffer: string,
  type: Binding["type"] = "vec4<f32>",
): Binding {
  return { buffer, type, access: "read_write" };
}

/** One dispatch. */
export interface Program {
  /** The operation and the layer, for profiles. */
  readonly name: string;
  readonly code: string;
  readonly bindings: readonly Binding[];
  /** Workgroups for a batch of so many images. */
  readonly grid: (images: number) => readonly [number, number?];
  /** Multiplications and additions for one image, where they count. */
  readonly flops: number;
}

/** A program with its pipeline and its buffers. */
export interface Dispatch {
  readonly program: Program;
  readonly pipeline: GPUComputePipeline;
  readonly buffers: GPUBindGroup;
}

/** Records a program for a batch of so many images. */
export function dispatch(
  pass: GPUComputePassEncoder,
  { program, pipeline, buffers }: Dispatch,
  images: number,
): void {
  const [x, y] = program.grid(images);
  pass.setPipeline(pipeline);
  pass.setBindGroup(1, buffers);
  pass.dispatchWorkgroups(x, y);
}

/** What {@linkcode program} makes a program of. */
export interface Source {
  readonly name: string;
  /** The buffers, by the names that the code gives them. */
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Threads of a workgroup. */
  readonly threads: number;
  readonly grid: Program["grid"];
  /** Functions and workgroup variables. */
  readonly globals?: string;
  /** Statements; `group` and `thread` say where they run. */
  readonly main: string;
  readonly flops?: number;
}

/**
 * The words that differ from step to step, in the order of the struct. `count`
 * images are taken from row `first` of the order (or, unless `ordered`, of the
 * images themselves). If `noise` is 0, ε has been given. Both ε and the pixels
 * are drawn at `counter`, each with its key.
 */
export const JOB = {
  first: "u32",
  count: "u32",
  ordered: "u32",
  noise: "u32",
  counter: "u32",
  firstRow: "u32",
  key0: "u32",
  key1: "u32",
  pixelKey0: "u32",
  pixelKey1: "u32",
  slot: "u32",
  klWeight: "f32",
  capacity: "f32",
  stepSize: "f32",
  secondCorrection: "f32",
} as const;

/** Bytes of a job, a multiple of 16. */
export const JOB_BYTES = 64;

const job = `struct Job { ${
  Object.entries(JOB).map(([name, type]) => `${name}: ${type}`).join(", ")
} }
@group(0) @binding(0) var<uniform> job: Job;`;

/** Assembles the source of a program. */
export function program(
  { name, bindings, threads, grid, globals = "", main, flops = 0 }: Source,
): Program {
  const declared = Object.entries(bindings).map(([name, binding], i) =>
    `@group(1) @binding(${i}) ` +
    `var<storage, ${binding.access}> ${name}: array<${binding.type}>;`
  );
  const code = [
    job,
    ...declared,
    globals,
    `@compute @workgroup_size(${threads})`,
    "fn main(@builtin(workgroup_id) group: vec3<u32>,",
    "        @builtin(local_invocation_index) thread: u32) {",
    main,
    "}",
  ].join("\n");
  return { name, code, bindings: Object.values(bindings), grid, flops };
}

/** The pipelines of one device; equal programs share one. */
export class Pipelines {
  readonly jobLayout: GPUBindGroupLayout;
  readonly #device: GPUDevice;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(device: GPUDevice) {
    this.#device = device;
    this.jobLayout = device.createBindGroupLayout({
      entries: [{
        binding: 0,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: "uniform", hasDynamicOffset: true },
      }],
    });
  }

  /** Returns the layout of a program's own buffers. */
  layout({ bindings }: Program): GPUBindGroupLayout {
    const key = bindings.map(({ access }) => access).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.#device.createBindGroupLayout({
        entries: bindings.map(({ access }, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: {
            type: access === "read" ? "read-only-storage" : "storage",
          },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /**
   * Compiles a program, once.
   *
   * @throws {GpuError} If it has an error or needs more than the device gives.
   * All that the driver says, and the numbered source, are its detail.
   */
  compile(program: Program): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(program.code);
    if (!pipeline) {
      pipeline = this.#compile(program);
      this.#pipelines.set(program.code, pipeline);
    }
    return pipeline;
  }

  async #compile(program: Program): Promise<GPUComputePipeline> {
    const device = this.#device;
    device.pushErrorScope("validation");
    const creating = this.#create(program);
    // What it throws matters only where the scope has no error.
    creating.catch(() => {});
    const error = await device.popErrorScope();
    if (error) throw compileError(program, error);
    return await creating.catch((error) => {
      throw compileError(program, error);
    });
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async #create(program: Program): Promise<GPUComputePipeline> {
    const device = this.#device;
    const label = program.name;
    const module = device.createShaderModule({ label, code: program.code });
    const descriptor: GPUComputePipelineDescriptor = {
      label,
      layout: device.createPipelineLayout({
        bindGroupLayouts: [this.jobLayout, this.layout(program)],
      }),
      compute: { module, entryPoint: "main" },
    };
    // A page must not stand still meanwhile; in Deno that has failed:
    // https://github.com/denoland/deno/issues/32181
    return isDeno
      ? device.createComputePipeline(descriptor)
      : device.createComputePipelineAsync(descriptor);
  }
}

function compileError({ name, code }: Program, error: { message: string }) {
  const { message } = error;
  const source = code.split("\n").map((line, i) =>
    `${String(i + 1).padStart(4)}  ${line}`
  );
  return new GpuError(
    `the program ${name} does not compile: ${firstLine(message)}`,
    { cause: error, detail: [message.trim(), "", ...source].join("\n") },
  );
}

const perDevice = new WeakMap<GPUDevice, Pipelines>();

/** Returns the pipelines of a device, which all its engines share. */
export function pipelinesOf(device: GPUDevice): Pipelines {
  let pipelines = perDevice.get(device);
  if (!pipelines) perDevice.set(device, pipelines = new Pipelines(device));
  return pipelines;
}
