/** A GPU that computes nothing, in a time of its own. */
import { assertEquals } from "@std/assert";
import type { Gpu } from "../lib/engine/gpu.ts";
import { JOB, type Program } from "../lib/engine/webgpu/program.ts";

/** Milliseconds of JavaScript to record a dispatch, and to finish it. */
const RECORDING = 0.0005;

/** What a fake GPU has been given to do at once. */
interface Submission {
  /** Milliseconds that it takes. */
  readonly time: number;
  /** When it ends. */
  readonly end: number;
  /** Submissions under way, with this one. */
  readonly underWay: number;
  /** Milliseconds until all of them end. */
  readonly backlog: number;
}

interface Run {
  readonly program: string;
  readonly offset: number;
}

/** How a fake GPU behaves. */
export interface FakeGpuOptions {
  /** Milliseconds that a program takes on so many images. */
  readonly time: (program: string, images: number) => number;
  /** Whether asking for the end of all work waits for it, as in Deno. */
  readonly blocks: boolean;
}

/**
 * Keeps the time: it stands still but for what JavaScript takes, and for the
 * GPU where something waits for that.
 */
export class FakeGpu {
  readonly submissions: Submission[] = [];
  /** Bytes of each upload. */
  readonly uploads: number[] = [];
  /** Command buffers that were finished and not submitted. */
  unsubmitted = 0;
  /** The present, in milliseconds. */
  now = 0;
  /** Milliseconds that the GPU was idle between submissions. */
  idle = 0;
  readonly device: GPUDevice;
  readonly adapter: GPUAdapter;
  readonly #options: FakeGpuOptions;
  readonly #waiting: { end: number; resolve: () => void }[] = [];
  readonly #jobs = new Uint32Array(1 << 16);

  constructor(options: FakeGpuOptions) {
    this.#options = options;
    this.device = this.#makeDevice();
    const { limits, features } = this.device;
    this.adapter = {
      limits,
      features,
      info: { description: "fake", vendor: "", isFallbackAdapter: false },
      requestDevice: () => Promise.resolve(this.device),
    } as unknown as GPUAdapter;
  }

  /** What a queue takes. */
  get gpu(): Gpu {
    return {
      adapter: this.adapter,
      device: this.device,
      description: "fake",
      check() {},
      explain: (error) => Promise.reject(error),
    };
  }

  /** Ends the device, so that the process asks for another. */
  async lose(): Promise<void> {
    this.device.destroy();
    await this.device.lost;
  }

  /** Waits for something that waits for this GPU. */
  async finish<T>(work: T | Promise<T>): Promise<T> {
    if (!(work instanceof Promise)) return work;
    let isOver = false;
    const over = () => isOver = true;
    work.then(over, over);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (isOver) return await work;
      const next = Math.min(...this.#waiting.map(({ end }) => end));
      if (next === Infinity) throw new Error("nothing will ever end");
      this.now = Math.max(this.now, next);
      const due = this.#waiting.filter(({ end }) => end <= this.now);
      for (const each of due) {
        this.#waiting.splice(this.#waiting.indexOf(each), 1);
        each.resolve();
      }
    }
  }

  get #end(): number {
    return this.submissions.at(-1)?.end ?? 0;
  }

  #untilEnd(): Promise<void> {
    const end = this.#end;
    if (this.#options.blocks) this.now = Math.max(this.now, end);
    return new Promise((resolve) => this.#waiting.push({ end, resolve }));
  }

  #submit(runs: readonly Run[]): void {
    this.unsubmitted--;
    const time = runs.reduce((sum, { program, offset }) => {
      const count = Object.keys(JOB).indexOf("count");
      const images = this.#jobs[offset / 4 + count];
      return sum + this.#options.time(program, images);
    }, 0);
    if (this.submissions.length > 0) {
      this.idle += Math.max(0, this.now - this.#end);
    }
    const end = Math.max(this.now, this.#end) + time;
    const before = this.submissions.filter(({ end }) => end > this.now);
    this.submissions.push({
      time,
      end,
      underWay: before.length + 1,
      backlog: end - this.now,
    });
  }

  #makeDevice(): GPUDevice {
    const makeEncoder = () => {
      const runs: Run[] = [];
      const isOpen = { pass: false, encoder: true };
      return {
        beginComputePass: () => {
          assertEquals(isOpen, { pass: false, encoder: true });
          isOpen.pass = true;
          let program = "", offset = 0;
          return {
            setPipeline: ({ label }: { label: string }) => program = label,
            setBindGroup: (index: number, _: unknown, offsets?: number[]) => {
              if (index === 0) offset = offsets![0];
            },
            dispatchWorkgroups: () => {
              this.now += RECORDING;
              runs.push({ program, offset });
            },
            end: () => isOpen.pass = false,
          };
        },
        copyBufferToBuffer: () => assertEquals(isOpen.pass, false),
        finish: () => {
          assertEquals(isOpen, { pass: false, encoder: true });
          isOpen.encoder = false;
          this.now += runs.length * RECORDING;
          this.unsubmitted++;
          return runs;
        },
      };
    };
    const lost = Promise.withResolvers<unknown>();
    return {
      limits: {
        minUniformBufferOffsetAlignment: 256,
        maxBufferSize: 1 << 28,
        maxStorageBufferBindingSize: 1 << 27,
      },
      features: new Set<string>(),
      lost: lost.promise,
      destroy: () => lost.resolve({ reason: "destroyed", message: "" }),
      addEventListener() {},
      pushErrorScope() {},
      popErrorScope: () => Promise.resolve(null),
      createBuffer: ({ size, usage }: GPUBufferDescriptor) => ({
        size,
        usage,
        destroy() {},
        mapAsync: () => this.#untilEnd(),
        getMappedRange: () => new ArrayBuffer(size),
      }),
      createBindGroupLayout: () => ({}),
      createBindGroup: () => ({}),
      createPipelineLayout: () => ({}),
      createShaderModule: () => ({}),
      createComputePipeline: ({ label }: { label: string }) => ({ label }),
      createCommandEncoder: makeEncoder,
      queue: {
        writeBuffer: (
          { usage }: GPUBuffer,
          _: number,
          data: ArrayBuffer,
          first = 0,
          size = data.byteLength - first,
        ) => {
          this.uploads.push(size);
          if (usage & GPUBufferUsage.UNIFORM) {
            this.#jobs.set(new Uint32Array(data, first, size / 4));
          }
        },
        submit: ([runs]: Run[][]) => this.#submit(runs),
        onSubmittedWorkDone: () => this.#untilEnd(),
      },
    } as unknown as GPUDevice;
  }
}

/** Makes what runs one program of this name. */
export function fakeWork(kind: string) {
  const program = { name: kind, grid: () => [1] } as unknown as Program;
  const pipeline = { label: kind } as unknown as GPUComputePipeline;
  const buffers = {} as GPUBindGroup;
  return { kind, dispatches: [{ program, pipeline, buffers }] };
}
