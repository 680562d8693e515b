/**
 * The GPU engine: the fused training step in WGSL on Deno's WebGPU.
 *
 * @module
 */
import {
  checkStateSizes,
  initialState,
  type TrainState,
} from "../../model/init.ts";
import type { LossSums, TrainLosses } from "../../model/losses.ts";
import type {
  BatchRef,
  Engine,
  EngineOptions,
  Hyper,
  Labels,
} from "../engine.ts";
import { Checks } from "../checks.ts";
import { type Gpu, GpuError, isSoftware, requestGpu } from "../gpu.ts";
import { Buffers } from "./buffers.ts";
import { Inference, inferenceBatch } from "./inference.ts";
import { Plan } from "./plan.ts";
import type { ProgramTime } from "./profile.ts";
import { MOST_JOBS, Queue } from "./queue.ts";
import { HARDWARE, SOFTWARE, type Tiling } from "./tiling.ts";
import { Training } from "./training.ts";
import { compileWorks } from "./works.ts";

/** What the GPU engine is made for. */
export interface WebGpuOptions extends EngineOptions {
  /** Most bytes of one buffer of images; the default is the device's limit. */
  readonly bindingLimit?: number;
  /** The tiles of the threads; the default suits the kind of adapter. */
  readonly tiling?: Tiling;
}

/** Trains the model with fused WGSL programs on the process's GPU. */
export class WebGpuEngine implements Engine {
  readonly name = "webgpu";
  readonly description: string;
  readonly #bindingLimit: number;
  readonly #checks: Checks;
  readonly #gpu: Gpu;
  readonly #queue: Queue;
  readonly #plan: Plan;
  readonly #buffers: Buffers;
  readonly #training: Training;
  readonly #inference: Inference;

  private constructor(
    { tiling, bindingLimit }: WebGpuOptions,
    checks: Checks,
    gpu: Gpu,
  ) {
    const { device } = gpu;
    const { options } = checks;
    this.#checks = checks;
    const tuned = tiling ? ", tuned" : "";
    this.description = `WebGPU on ${gpu.description}${tuned}`;
    this.#bindingLimit = bindingLimit ??
      device.limits.maxStorageBufferBindingSize;
    this.#gpu = gpu;
    const queue = this.#queue = new Queue(gpu);
    const buffers = this.#buffers = new Buffers(device);
    this.#plan = new Plan(
      options,
      tiling ?? (isSoftware(gpu.adapter) ? SOFTWARE : HARDWARE),
    );
    const { layout } = this.#plan;
    const sizes = layout.buffers(inferenceBatch(options), MOST_JOBS);
    for (const [name, words] of sizes) buffers.create(name, words);
    const shared = { options, checks, device, queue, buffers };
    const training = this.#training = new Training(shared);
    this.#inference = new Inference(shared, () => training.read());
    this.#write(initialState(layout.spec, options.seed));
  }

  /**
   * An engine with the initial weights of `options.seed`.
   *
   * @throws {OptionError} If an option is missing or out of range, or two do not
   * go together.
   * @throws {GpuError} If there is no adapter, or if it cannot run a program or
   * hold a buffer.
   */
  static async create(options: WebGpuOptions): Promise<WebGpuEngine> {
    const checks = new Checks("webgpu", options);
    const gpu = await requestGpu();
    if (!gpu) {
      throw new GpuError(
        "there is no WebGPU adapter: install a Vulkan driver (on Debian, " +
          "mesa-vulkan-drivers is a software one) or choose another engine",
      );
    }
    const engine = new WebGpuEngine(options, checks, gpu);
    try {
      const { pipelines } = engine.#queue;
      engine.#inference.works = engine.#training.works = await compileWorks(
        engine.#plan,
        pipelines,
        engine.#buffers,
      );
      // Errors of buffers that are too large come by a task of their own.
      await gpu.device.queue.onSubmittedWorkDone();
      gpu.check();
    } catch (error) {
      engine.dispose();
      throw await gpu.explain(error);
    }
    return engine;
  }

  /** Dispatches of a training step. */
  get dispatchesPerStep(): number {
    return this.#training.dispatchesPerStep;
  }

  /** Milliseconds of JavaScript for all work so far, by training step. */
  get cpuMsPerStep(): number {
    return this.#queue.cpuTime / this.#training.stepsRecorded;
  }

  get options(): Required<EngineOptions> {
    return this.#checks.options;
  }

  setImages(images: Uint8Array, labels?: Labels): void {
    const count = this.#checks.images(images);
    const classes = this.#checks.labels(labels, count);
    this.#gpu.check();
    this.#checks.holds(0);
    this.#training.setImages(images, classes, this.#bindingLimit);
    this.#checks.holds(count);
  }

  setOrder(order: Uint32Array): void {
    this.#checks.order(order);
    this.#training.setOrder(order);
    this.#checks.holdsOrder(order.length);
  }

  /** Returns what to wait for before the next step, if anything. */
  trainStep(batch: BatchRef, hyper: Hyper): void | Promise<void> {
    this.#checks.step(batch, hyper);
    const { pending } = this.#inference;
    const record = () => {
      this.#checks.alive();
      this.#gpu.check();
      return this.#training.record(batch, hyper);
    };
    return pending ? pending.then(record) : record();
  }

  /**
   * The training losses since the last call. More steps may be queued while the
   * promise is pending: they will count for the next call.
   */
  async takeLosses(): Promise<TrainLosses> {
    this.#checks.alive();
    this.#gpu.check();
    return await this.#training.takeLosses();
  }

  async evaluate(
    images: Uint8Array,
    draw: number,
    hyper: Hyper,
    labels?: Labels,
  ): Promise<LossSums> {
    const classes = this.#checks.labels(labels, this.#checks.images(images));
    this.#checks.hyper(hyper);
    return await this.#inference.evaluate(images, draw, hyper, classes);
  }

  async encode(
    images: Uint8Array,
    labels?: Labels,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }> {
    const classes = this.#checks.labels(labels, this.#checks.images(images));
    return await this.#inference.encode(images, classes);
  }

  async decode(z: Float32Array, labels?: Labels): Promise<Float32Array> {
    const classes = this.#checks.labels(labels, this.#checks.latents(z));
    return await this.#inference.decode(z, classes);
  }

  /**
   * Sums of 784 float32 losses in a tree of threads, whose rounding errors stay
   * near 1e-7 of the sum: WGSL has no float64.
   */
  async score(
    z: Float32Array,
    images: Uint8Array,
    labels?: Labels,
  ): Promise<Float64Array> {
    const classes = this.#checks.labels(labels, this.#checks.pairs(z, images));
    return await this.#inference.score(z, images, classes);
  }

  async readState(): Promise<TrainState> {
    this.#checks.alive();
    const { parameterCount, runningCount } = this.#plan.layout.spec;
    const { step } = this.#training;
    const [parameters, running, expAvg, expAvgSq] = await this.#read(
      ["parameters", parameterCount],
      ["running", runningCount],
      ["expAvg", parameterCount],
      ["expAvgSq", parameterCount],
    );
    return {
      step,
      parameters: parameters.slice(),
      running: running.slice(),
      expAvg: expAvg.slice(),
      expAvgSq: expAvgSq.slice(),
    };
  }

  async writeState(state: TrainState): Promise<void> {
    this.#checks.alive();
    checkStateSizes(this.#plan.layout.spec, state);
    if (this.#inference.pending) await this.#inference.pending;
    this.#checks.alive();
    this.#gpu.check();
    this.#write(state);
  }

  /** A copy of a buffer, by its name in `Layout.buffers`. */
  async readBuffer(name: string): Promise<Float32Array> {
    const [values] = await this.#read([
      name,
      this.#buffers.get(name).size / 4,
    ]);
    return values;
  }

  /**
   * Runs `work` and returns the time that each program took in it.
   *
   * @throws {GpuError} If the adapter has no timestamps.
   */
  profile(work: () => void | Promise<void>): Promise<ProgramTime[]> {
    return this.#queue.profile(work);
  }

  dispose(): void {
    if (!this.#checks.end()) return;
    this.#buffers.dispose();
    this.#training.dispose();
    this.#queue.dispose();
  }

  #fill(name: string, values: Float32Array): void {
    this.#queue.write(
      this.#buffers.get(name),
      values as Float32Array<ArrayBuffer>,
    );
  }

  #read(
    ...parts: [string, number][]
  ): Promise<Float32Array<ArrayBuffer>[]> {
    return this.#queue.read(
      ...parts.map(([name, length]) =>
        [this.#buffers.get(name), length] as const
      ),
    );
  }

  #write(state: TrainState): void {
    for (
      const name of ["parameters", "running", "expAvg", "expAvgSq"] as const
    ) {
      this.#fill(name, state[name]);
    }
    this.#fill("transposes", this.#plan.layout.transposes(state.parameters));
    this.#training.step = state.step;
  }
}
