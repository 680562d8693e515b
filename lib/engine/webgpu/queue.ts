/**
 * Work for the GPU: many steps are recorded into one submission, so that the
 * GPU never waits for JavaScript, and few submissions are under way at a time,
 * so that memory stays bounded and an interrupt is soon obeyed.
 *
 * A submission that finds too many under way waits for the oldest. In Deno that
 * wait is a call that blocks; elsewhere it is a promise, which whoever records
 * must await.
 *
 * @module
 */
import { type Gpu, GpuError, isSoftware } from "../gpu.ts";
import { type Load, Pace } from "./pace.ts";
import { Profile, type ProgramTime } from "./profile.ts";
import {
  type Dispatch,
  dispatch,
  isDeno,
  JOB,
  JOB_BYTES,
  type Pipelines,
  pipelinesOf,
} from "./program.ts";

/** The words of a job that differ from 0. */
export type Job = Partial<Record<keyof typeof JOB, number>>;

/** What one job runs. */
export interface Work {
  /** What it does: jobs of one kind take about the same time for an image. */
  readonly kind: string;
  readonly dispatches: readonly Dispatch[];
}

/** Jobs that one submission can hold. */
export const MOST_JOBS = 512;

const NOTHING: Load = { kind: "", jobs: 0, images: 0 };

/** Records work for the GPU, submits it in good portions, and reads buffers. */
export class Queue {
  /**
   * Milliseconds of JavaScript for recording and submitting, so far; without
   * the submission itself to a software GPU, which lets it wait for the one
   * before.
   */
  cpuTime = 0;
  readonly pipelines: Pipelines;
  readonly #gpu: Gpu;
  readonly #device: GPUDevice;
  readonly #software: boolean;
  readonly #blocks: boolean;
  readonly #pace = new Pace();
  readonly #jobs: GPUBuffer;
  readonly #jobGroup: GPUBindGroup;
  readonly #jobData: ArrayBuffer;
  readonly #jobStride: number;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #recorded: Load = NOTHING;
  /** Ends with the oldest submission under way, and so on; not in Deno. */
  readonly #ends: Promise<void>[] = [];
  #profile: Profile | undefined;

  /**
   * Makes a queue.
   *
   * @param blocks Whether asking for the end of all work waits for it, and so
   * does asking for a buffer, as in Deno: the promise, which then resolves after
   * a rest of 10 ms, is not worth waiting for.
   */
  constructor(gpu: Gpu, blocks = isDeno) {
    this.#gpu = gpu;
    this.#device = gpu.device;
    this.#software = isSoftware(gpu.adapter);
    this.#blocks = blocks;
    this.pipelines = pipelinesOf(gpu.device);
    const { minUniformBufferOffsetAlignment } = gpu.device.limits;
    this.#jobStride = Math.max(JOB_BYTES, minUniformBufferOffsetAlignment);
    this.#jobData = new ArrayBuffer(MOST_JOBS * this.#jobStride);
    this.#jobs = this.#device.createBuffer({
      size: this.#jobData.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.#jobGroup = this.#device.createBindGroup({
      layout: this.pipelines.jobLayout,
      entries: [{
        binding: 0,
        resource: { buffer: this.#jobs, size: JOB_BYTES },
      }],
    });
  }

  /**
   * Records work on a batch; submits when there is enough to do.
   *
   * @returns What to wait for before recording more, if anything.
   */
  record({ kind, dispatches }: Work, job: Job): void | Promise<void> {
    if (this.#recorded.jobs > 0 && this.#recorded.kind !== kind) this.submit();
    const started = performance.now();
    const { jobs, images } = this.#recorded;
    const offset = jobs * this.#jobStride;
    const words = new Uint32Array(this.#jobData, offset, JOB_BYTES / 4);
    const floats = new Float32Array(this.#jobData, offset, JOB_BYTES / 4);
    Object.entries(JOB).forEach(([name, type], i) => {
      const value = job[name as keyof typeof JOB] ?? 0;
      (type === "f32" ? floats : words)[i] = value;
    });
    const count = job.count!;
    this.#recorded = { kind, jobs: jobs + 1, images: images + count };
    this.#encoder ??= this.#device.createCommandEncoder();
    const bind = (pass: GPUComputePassEncoder) =>
      pass.setBindGroup(0, this.#jobGroup, [offset]);
    if (this.#profile) {
      return this.#profile.record(this.#encoder, bind, dispatches, count);
    }
    bind(this.#pass ??= this.#encoder.beginComputePass());
    for (const each of dispatches) dispatch(this.#pass, each, count);
    this.cpuTime += performance.now() - started;
    if (jobs + 1 < MOST_JOBS) {
      if (!this.#pace.isEnough(this.#recorded)) return;
      if (!this.#blocks && this.#pace.isFull) return this.#submitLater();
    }
    this.submit();
  }

  /** Submits what has been recorded. */
  submit(): void {
    if (!this.#encoder) return;
    const started = performance.now();
    const load = this.#recorded;
    const { queue } = this.#device;
    if (load.jobs > 0) {
      const bytes = load.jobs * this.#jobStride;
      queue.writeBuffer(this.#jobs, 0, this.#jobData, 0, bytes);
    }
    this.#pass?.end();
    const encoder = this.#encoder;
    this.#encoder = this.#pass = undefined;
    this.#recorded = NOTHING;
    // Deno panics at its end if something finished was never submitted:
    // https://github.com/denoland/deno/issues/29140
    const commands = encoder.finish();
    this.cpuTime += performance.now() - started;
    let submitting: number;
    try {
      // After finishing, which takes long, so that the GPU is idle for less.
      if (this.#blocks && this.#pace.isFull) {
        queue.onSubmittedWorkDone().catch(() => {}); // a lost device shows later
        this.#pace.end(performance.now());
      }
    } finally {
      submitting = performance.now();
      queue.submit([commands]);
    }
    if (!this.#software) this.cpuTime += performance.now() - submitting;
    this.#pace.begin(load, submitting);
    if (!this.#blocks) this.#expectEnd();
  }

  /**
   * Returns what to wait for before submitting more, if anything: so it is in
   * Deno, where submitting waits by itself.
   */
  room(): void | Promise<void> {
    if (!this.#blocks && this.#pace.isFull) return this.#ends[0];
  }

  async #submitLater(): Promise<void> {
    const encoder = this.#encoder;
    await this.#ends[0];
    if (this.#encoder === encoder) this.submit();
  }

  #expectEnd(): void {
    const ended = () => {
      this.#pace.end(performance.now(), 1);
      this.#ends.shift();
    };
    // It does not fail for a lost device, which shows when it is used next.
    this.#ends.push(
      this.#device.queue.onSubmittedWorkDone().then(ended, ended),
    );
  }

  /** Writes to a buffer, after all that has been recorded. */
  write(buffer: GPUBuffer, data: ArrayBufferView<ArrayBuffer>, at = 0): void {
    this.submit();
    this.#device.queue.writeBuffer(
      buffer,
      at,
      data.buffer,
      data.byteOffset,
      data.byteLength,
    );
  }

  /**
   * Reads buffers, after all that has been recorded.
   *
   * @param parts Buffers, and how many float32 elements of each.
   * @throws {GpuError} If the device was lost or has reported an error.
   */
  async read(
    ...parts: (readonly [GPUBuffer, number])[]
  ): Promise<Float32Array<ArrayBuffer>[]> {
    const bytes = parts.reduce((sum, [, length]) => sum + 4 * length, 0);
    const staging = this.#device.createBuffer({
      size: bytes,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    try {
      this.#pass?.end();
      this.#pass = undefined;
      this.#encoder ??= this.#device.createCommandEncoder();
      let at = 0;
      for (const [buffer, length] of parts) {
        this.#encoder.copyBufferToBuffer(buffer, 0, staging, at, 4 * length);
        at += 4 * length;
      }
      if (!this.#blocks && this.#pace.isFull) await this.#submitLater();
      else this.submit();
      const mapped = staging.mapAsync(GPUMapMode.READ);
      if (this.#blocks) this.#pace.end(performance.now());
      await mapped;
      const all = new Float32Array(staging.getMappedRange().slice(0));
      this.#gpu.check();
      at = 0;
      return parts.map(([, length]) => all.subarray(at, at += length));
    } catch (error) {
      throw await this.#gpu.explain(error);
    } finally {
      staging.destroy();
    }
  }

  /**
   * Runs `work` with a clock at each dispatch.
   *
   * @throws {GpuError} If the adapter has no timestamps.
   */
  async profile(work: () => void | Promise<void>): Promise<ProgramTime[]> {
    if (!this.#device.features.has("timestamp-query")) {
      throw new GpuError("a profile needs timestamps, which this GPU has not");
    }
    this.submit();
    const profile = new Profile(this.#device, (part) => this.read(part));
    this.#profile = profile;
    try {
      await work();
    } finally {
      this.#profile = undefined;
    }
    return await profile.times();
  }

  /** Drops what has been recorded and frees the queue's buffer. */
  dispose(): void {
    this.#encoder = this.#pass = undefined;
    this.#recorded = NOTHING;
    this.#jobs.destroy();
  }
}
