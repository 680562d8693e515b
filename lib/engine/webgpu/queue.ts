/**
 * Work for the GPU: many steps are recorded into one submission, so that the
 * GPU never waits for JavaScript, and few submissions are under way at a time,
 * so that memory stays bounded and an interrupt is soon obeyed.
 *
 * @module
 */
import { type Gpu, GpuError, isSoftware } from "../gpu.ts";
import {
  JOB,
  JOB_BYTES,
  type Pipelines,
  pipelinesOf,
  type Program,
} from "./program.ts";

/** The words of a job that differ from 0. */
export type Job = Partial<Record<keyof typeof JOB, number>>;

/** A program with its pipeline and its buffers. */
export interface Dispatch {
  readonly program: Program;
  readonly pipeline: GPUComputePipeline;
  readonly buffers: GPUBindGroup;
}

/** Time spent in one program. */
export interface ProgramTime {
  readonly name: string;
  /** Summed over its runs. */
  milliseconds: number;
  /** Multiplications and additions for one image, where they count. */
  readonly flops: number;
}

/** Jobs that one submission can hold. */
export const MOST_JOBS = 512;

/** Milliseconds that a submission should keep the GPU busy. */
const SUBMISSION_TIME = 75;

/** Milliseconds of work that may lie before the GPU. */
const BACKLOG_TIME = 3 * SUBMISSION_TIME;

/** Jobs of the first submission to an idle GPU; then always twice as many. */
const FIRST_JOBS = 4;

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
  readonly #jobs: GPUBuffer;
  readonly #jobGroup: GPUBindGroup;
  readonly #jobData: ArrayBuffer;
  readonly #jobStride: number;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #recorded = 0;
  #jobsPerSubmission = 1;
  /** Milliseconds of the GPU for one job, as last measured. */
  #pace = SUBMISSION_TIME;
  /** What has been submitted since the GPU was last known to be idle. */
  #ahead = { since: 0, jobs: 0 };
  #profile: Promise<void>[] | undefined;
  readonly #times = new Map<string, ProgramTime>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#device = gpu.device;
    this.#software = isSoftware(gpu.adapter);
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

  /** Records programs for a batch; submits when there is enough to do. */
  record(programs: readonly Dispatch[], job: Job): void {
    const started = performance.now();
    const offset = this.#recorded * this.#jobStride;
    const words = new Uint32Array(this.#jobData, offset, JOB_BYTES / 4);
    const floats = new Float32Array(this.#jobData, offset, JOB_BYTES / 4);
    Object.entries(JOB).forEach(([name, type], i) => {
      const value = job[name as keyof typeof JOB] ?? 0;
      (type === "f32" ? floats : words)[i] = value;
    });
    this.#recorded++;
    this.#encoder ??= this.#device.createCommandEncoder();
    if (this.#profile) {
      this.#recordTimed(programs, job.count!, offset);
    } else {
      if (!this.#pass) this.#pass = this.#encoder.beginComputePass();
      this.#pass.setBindGroup(0, this.#jobGroup, [offset]);
      for (const dispatch of programs) run(this.#pass, dispatch, job.count!);
    }
    if (!this.#profile) this.cpuTime += performance.now() - started;
    if (this.#recorded >= this.#jobsPerSubmission) this.submit();
    if (this.#ahead.jobs * this.#pace >= BACKLOG_TIME) this.#catchUp();
  }

  /** Submits what has been recorded. */
  submit(): void {
    if (!this.#encoder) return;
    const started = performance.now();
    const jobs = this.#recorded;
    this.#device.queue.writeBuffer(
      this.#jobs,
      0,
      this.#jobData,
      0,
      jobs * this.#jobStride,
    );
    this.#pass?.end();
    const commands = this.#encoder.finish();
    const finished = performance.now();
    this.#device.queue.submit([commands]);
    const submitted = performance.now();
    this.cpuTime += (this.#software ? finished : submitted) - started;
    this.#encoder = this.#pass = undefined;
    this.#recorded = 0;
    if (this.#ahead.jobs === 0) this.#ahead.since = started;
    this.#ahead.jobs += jobs;
    this.#jobsPerSubmission = Math.round(Math.min(
      Math.max(1, SUBMISSION_TIME / this.#pace),
      Math.max(FIRST_JOBS, 2 * this.#jobsPerSubmission),
      MOST_JOBS,
    ));
  }

  /**
   * Waits until the GPU has nothing to do. Deno blocks in such calls until all
   * submitted work is done, and only then makes a promise of it that resolves
   * after a rest of 10 ms: that one is not worth waiting for.
   */
  #catchUp(): void {
    this.#device.queue.onSubmittedWorkDone().catch(() => {});
    this.#caughtUp();
  }

  #caughtUp(): void {
    const { since, jobs } = this.#ahead;
    if (jobs > 0) {
      this.#pace = Math.max(0.01, (performance.now() - since) / jobs);
    }
    this.#ahead.jobs = 0;
    this.#jobsPerSubmission = Math.max(
      1,
      Math.min(FIRST_JOBS, Math.round(SUBMISSION_TIME / this.#pace)),
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
    this.submit();
    const bytes = parts.reduce((sum, [, length]) => sum + 4 * length, 0);
    const staging = this.#device.createBuffer({
      size: bytes,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    try {
      const encoder = this.#device.createCommandEncoder();
      let at = 0;
      for (const [buffer, length] of parts) {
        encoder.copyBufferToBuffer(buffer, 0, staging, at, 4 * length);
        at += 4 * length;
      }
      this.#device.queue.submit([encoder.finish()]);
      const mapped = staging.mapAsync(GPUMapMode.READ);
      this.#caughtUp();
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
    this.#times.clear();
    const readings: Promise<void>[] = this.#profile = [];
    await work();
    this.#profile = undefined;
    this.submit();
    await Promise.all(readings);
    return [...this.#times.values()];
  }

  dispose(): void {
    this.#jobs.destroy();
  }

  #recordTimed(
    programs: readonly Dispatch[],
    images: number,
    offset: number,
  ): void {
    const device = this.#device, encoder = this.#encoder!;
    const count = 2 * programs.length;
    const querySet = device.createQuerySet({ type: "timestamp", count });
    programs.forEach((dispatch, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        },
      });
      pass.setBindGroup(0, this.#jobGroup, [offset]);
      run(pass, dispatch, images);
      pass.end();
    });
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.QUERY_RESOLVE;
    const resolved = device.createBuffer({ size: 8 * count, usage });
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    this.#profile!.push(
      this.read([resolved, 2 * count]).then(([floats]) => {
        const ticks = new BigUint64Array(floats.buffer);
        programs.forEach(({ program: { name, flops } }, i) => {
          const time = this.#times.get(name) ??
            { name, milliseconds: 0, flops };
          time.milliseconds += Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e6;
          this.#times.set(name, time);
        });
        resolved.destroy();
        querySet.destroy();
      }),
    );
  }
}

function run(
  pass: GPUComputePassEncoder,
  { program, pipeline, buffers }: Dispatch,
  images: number,
): void {
  const [x, y] = program.grid(images);
  pass.setPipeline(pipeline);
  pass.setBindGroup(1, buffers);
  pass.dispatchWorkgroups(x, y);
}
