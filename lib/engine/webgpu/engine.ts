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
import {
  addLosses,
  type LossSums,
  noLosses,
  noTrainLosses,
  objective,
  type TrainLosses,
} from "../../model/losses.ts";
import { ADAM, IMAGE_PIXELS } from "../../model/spec.ts";
import { streamKey } from "../../rng.ts";
import type { BatchRef, Engine, EngineOptions, Hyper } from "../engine.ts";
import { Checks } from "../checks.ts";
import { type Gpu, GpuError, isSoftware, requestGpu } from "../gpu.ts";
import { OUTPUT } from "../stages.ts";
import { Buffers } from "./buffers.ts";
import { gather, HEADER, imageBuffer, imageBuffers } from "./images.ts";
import { latentRow } from "./latent.ts";
import { Loss, lossRow } from "./loss.ts";
import type { Program } from "./program.ts";
import {
  type Dispatch,
  type Job,
  MOST_JOBS,
  type ProgramTime,
  Queue,
} from "./queue.ts";
import { addUp, type Batch, sumRecords } from "./records.ts";
import { Plan } from "./plan.ts";
import { HARDWARE, SOFTWARE, type Tiling } from "./tiling.ts";

/** What the GPU engine is made for. */
export interface WebGpuOptions extends EngineOptions {
  /** Most bytes of one buffer of images; the default is the device's limit. */
  readonly bindingLimit?: number;
  /** The tiles of the threads; the default suits the kind of adapter. */
  readonly tiling?: Tiling;
}

/** Images of an evaluation's batch, at least. */
const FEWEST_IMAGES = 64;

/** What each purpose dispatches, ready to run. */
type Dispatches = Record<
  | "gather"
  | "first"
  | "training"
  | "inference"
  | "evaluation"
  | "encoding"
  | "decoding"
  | "scoring",
  Dispatch[]
>;

/** Trains the model with fused WGSL programs on the process's GPU. */
export class WebGpuEngine implements Engine {
  readonly name = "webgpu";
  readonly description: string;
  readonly #options: WebGpuOptions;
  readonly #checks: Checks;
  readonly #gpu: Gpu;
  readonly #queue: Queue;
  readonly #plan: Plan;
  /** Images that the buffers have room for. */
  readonly #room: number;
  readonly #buffers: Buffers;
  #ready!: Dispatches;
  /** What a training step on the present images dispatches. */
  #training: Dispatch[] = [];
  #images: GPUBuffer[] = [];
  #step = 0;
  #stepsRecorded = 0;
  #unread: Batch[] = [];
  /** Losses that were read before they were asked for. */
  #taken: Promise<TrainLosses>[] = [];

  private constructor(options: WebGpuOptions, checks: Checks, gpu: Gpu) {
    this.#checks = checks;
    this.description = `WebGPU on ${gpu.description}`;
    this.#options = options;
    this.#gpu = gpu;
    this.#queue = new Queue(gpu);
    this.#buffers = new Buffers(gpu.device);
    this.#plan = new Plan(
      options,
      options.tiling ?? (isSoftware(gpu.adapter) ? SOFTWARE : HARDWARE),
    );
    this.#room = Math.max(options.batchSize, FEWEST_IMAGES);
    for (const [name, words] of this.#plan.buffers(this.#room, MOST_JOBS)) {
      this.#buffers.create(name, words);
    }
    this.#buffers.create("order", 1);
    this.#buffers.set("bytes", imageBuffer(gpu.device, this.#room));
    this.#write(initialState(this.#plan.spec, options.seed));
  }

  /**
   * An engine with the initial weights of `options.seed`.
   *
   * @throws {OptionError} If an option is missing or out of range.
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
      await engine.#prepare();
      // Errors of buffers that are too large come by a task of their own.
      await gpu.device.queue.onSubmittedWorkDone();
      gpu.check();
    } catch (error) {
      engine.dispose();
      throw error;
    }
    return engine;
  }

  /** Dispatches of a training step. */
  get dispatchesPerStep(): number {
    return this.#training.length;
  }

  /** Milliseconds of JavaScript for all work so far, by training step. */
  get cpuMsPerStep(): number {
    return this.#queue.cpuTime / this.#stepsRecorded;
  }

  setImages(images: Uint8Array): void {
    const count = this.#checks.images(images);
    this.#gpu.check();
    this.#queue.submit();
    for (const buffer of this.#images) buffer.destroy();
    const { device } = this.#gpu;
    this.#images = imageBuffers(
      device,
      images as Uint8Array<ArrayBuffer>,
      this.#options.bindingLimit ?? device.limits.maxStorageBufferBindingSize,
    );
    this.#bindImages();
    this.#checks.holds(count);
  }

  setOrder(order: Uint32Array): void {
    this.#checks.order(order);
    if (this.#buffers.get("order").size < order.byteLength) {
      this.#queue.submit();
      this.#buffers.create("order", order.length);
      this.#bindImages();
    }
    this.#queue.write(
      this.#buffers.get("order"),
      order as Uint32Array<ArrayBuffer>,
    );
    this.#checks.holdsOrder(order.length);
  }

  trainStep(batch: BatchRef, hyper: Hyper): void {
    this.#checks.step(batch, hyper);
    const { first, count, step, epsilon } = batch;
    const { seed } = this.#options;
    this.#gpu.check();
    if (epsilon) this.#fillNoise(epsilon);
    const t = this.#step + 1;
    const [key0, key1] = streamKey(seed, "epsilon");
    this.#run(this.#training, {
      first,
      count,
      ordered: 1,
      ...epsilon ? {} : { noise: 1, counter: step, key0, key1 },
      slot: this.#unread.length,
      klWeight: hyper.beta,
      capacity: hyper.capacity,
      stepSize: hyper.learningRate / (1 - ADAM.beta1 ** t),
      secondCorrection: 1 / Math.sqrt(1 - ADAM.beta2 ** t),
    });
    this.#step = t;
    this.#stepsRecorded++;
    this.#unread.push({ step, count, hyper });
    if (this.#unread.length === MOST_JOBS) this.#readTraining();
  }

  /**
   * The training losses since the last call. More steps may be queued while the
   * promise is pending: they will count for the next call.
   */
  async takeLosses(): Promise<TrainLosses> {
    this.#checks.alive();
    this.#gpu.check();
    this.#readTraining();
    const taken = this.#taken;
    this.#taken = [];
    return addUp(await Promise.all(taken), this.#options.latentDim);
  }

  async evaluate(
    images: Uint8Array,
    draw: number,
    hyper: Hyper,
  ): Promise<LossSums> {
    this.#checks.images(images);
    this.#checks.hyper(hyper);
    const { latentDim, seed, autoencoder } = this.#options;
    const [key0, key1] = streamKey(seed, "evaluation");
    this.#readTraining();
    const parts: Promise<TrainLosses>[] = [];
    let unread: Batch[] = [];
    this.#run(this.#ready.inference, { count: 1 });
    for (const { first, count } of this.#batches(images.length, IMAGE_PIXELS)) {
      this.#setInput(images, first, count);
      this.#run([...this.#ready.gather, ...this.#ready.evaluation], {
        count,
        ...{ noise: 1, counter: draw, firstRow: first, key0, key1 },
        slot: unread.length,
      });
      unread.push({ step: 0, count, hyper });
      if (unread.length === MOST_JOBS) {
        parts.push(this.#readRecords(unread));
        unread = [];
      }
    }
    parts.push(this.#readRecords(unread));
    const sums = noLosses(latentDim);
    for (const part of await Promise.all(parts)) addLosses(sums, part);
    // Of the whole set's means, not of each batch's.
    sums.total = objective(sums, hyper, autoencoder);
    return sums;
  }

  async encode(
    images: Uint8Array,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }> {
    const { latentDim } = this.#options;
    const n = this.#checks.images(images) * latentDim;
    const mu = new Float32Array(n), logvar = new Float32Array(n);
    const width = latentRow(latentDim).length;
    this.#run(this.#ready.inference, { count: 1 });
    const reading: Promise<void>[] = [];
    for (const { first, count } of this.#batches(images.length, IMAGE_PIXELS)) {
      this.#setInput(images, first, count);
      this.#run([...this.#ready.gather, ...this.#ready.encoding], { count });
      reading.push(
        this.#read(["latents", count * width]).then(([rows]) => {
          for (let i = 0; i < count; i++) {
            const at = i * width, middle = at + latentDim;
            const to = (first + i) * latentDim;
            mu.set(rows.subarray(at, middle), to);
            logvar.set(rows.subarray(middle, middle + latentDim), to);
          }
        }),
      );
    }
    await Promise.all(reading);
    return { mu, logvar };
  }

  async decode(z: Float32Array): Promise<Float32Array> {
    const { latentDim } = this.#options;
    const means = new Float32Array(this.#checks.latents(z) * IMAGE_PIXELS);
    this.#run(this.#ready.inference, { count: 1 });
    const reading: Promise<void>[] = [];
    for (const { first, count } of this.#batches(z.length, latentDim)) {
      const end = (first + count) * latentDim;
      this.#fill("z", z.subarray(first * latentDim, end));
      this.#run(this.#ready.decoding, { count });
      reading.push(
        this.#read([OUTPUT, count * IMAGE_PIXELS]).then(([pixels]) =>
          means.set(pixels, first * IMAGE_PIXELS)
        ),
      );
    }
    await Promise.all(reading);
    return means;
  }

  /**
   * Sums of 784 float32 losses in a tree of threads, whose rounding errors stay
   * near 1e-7 of the sum: WGSL has no float64.
   */
  async score(z: Float32Array, images: Uint8Array): Promise<Float64Array> {
    this.#checks.pairs(z, images);
    const { latentDim } = this.#options;
    const width = lossRow(latentDim);
    const scores = new Float64Array(images.length / IMAGE_PIXELS);
    this.#run(this.#ready.inference, { count: 1 });
    const reading: Promise<void>[] = [];
    for (const { first, count } of this.#batches(images.length, IMAGE_PIXELS)) {
      const end = (first + count) * latentDim;
      this.#fill("z", z.subarray(first * latentDim, end));
      this.#setInput(images, first, count);
      this.#run([...this.#ready.gather, ...this.#ready.scoring], { count });
      reading.push(
        this.#read(["losses", count * width]).then(([rows]) => {
          for (let i = 0; i < count; i++) {
            scores[first + i] = rows[i * width + Loss.reconstruction];
          }
        }),
      );
    }
    await Promise.all(reading);
    return scores;
  }

  async readState(): Promise<TrainState> {
    this.#checks.alive();
    const { parameterCount, runningCount } = this.#plan.spec;
    const step = this.#step;
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

  // deno-lint-ignore require-await -- what it throws is to reject
  async writeState(state: TrainState): Promise<void> {
    this.#checks.alive();
    this.#gpu.check();
    checkStateSizes(this.#plan.spec, state);
    this.#write(state);
  }

  /** A copy of a buffer, by its name in `Plan.buffers`. */
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
    for (const buffer of this.#images) buffer.destroy();
    this.#queue.dispose();
  }

  async #prepare(): Promise<void> {
    const plan = this.#plan;
    const programs: Record<keyof Dispatches, Program[]> = {
      gather: [gather()],
      first: [plan.first()],
      training: plan.training(),
      inference: [plan.inference()],
      evaluation: plan.evaluation(),
      encoding: plan.encoding(),
      decoding: plan.decoding(),
      scoring: plan.scoring(),
    };
    this.#ready = Object.fromEntries(
      await Promise.all(
        Object.entries(programs).map(async ([name, list]) => [
          name,
          await Promise.all(list.map((program) => this.#prepared(program))),
        ]),
      ),
    );
  }

  async #prepared(program: Program): Promise<Dispatch> {
    const pipeline = await this.#queue.pipelines.compile(program);
    return { program, pipeline, buffers: this.#buffers.bind(program) };
  }

  /** Makes the dispatches that read the images or their order anew. */
  #bindImages(): void {
    const bind = (
      { program, pipeline }: Dispatch,
      bytes?: GPUBuffer,
    ): Dispatch => ({
      program,
      pipeline,
      buffers: this.#buffers.bind(program, bytes),
    });
    const { gather, first, training } = this.#ready;
    this.#ready.gather = gather.map((dispatch) => bind(dispatch));
    this.#training = this.#images.length === 1
      ? [bind(first[0], this.#images[0]), ...training.slice(1)]
      : [...this.#images.map((bytes) => bind(gather[0], bytes)), ...training];
  }

  #run(dispatches: readonly Dispatch[], job: Job): void {
    this.#queue.record(dispatches, job);
  }

  #fill(name: string, values: Float32Array): void {
    this.#queue.write(
      this.#buffers.get(name),
      values as Float32Array<ArrayBuffer>,
    );
  }

  /** Puts noise where `latentForward` would leave its own. */
  #fillNoise(noise: Float32Array): void {
    const { latentDim } = this.#options;
    const { length, epsilon } = latentRow(latentDim);
    const rows = new Float32Array(noise.length / latentDim * length);
    for (let i = 0; i * latentDim < noise.length; i++) {
      const own = noise.subarray(i * latentDim, (i + 1) * latentDim);
      rows.set(own, i * length + epsilon);
    }
    this.#fill("latents", rows);
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

  #setInput(images: Uint8Array, first: number, count: number): void {
    const at = first * IMAGE_PIXELS;
    this.#queue.write(
      this.#buffers.get("bytes"),
      images.subarray(at, at + count * IMAGE_PIXELS) as Uint8Array<ArrayBuffer>,
      HEADER,
    );
  }

  *#batches(
    length: number,
    each: number,
  ): Generator<{ first: number; count: number }> {
    const n = length / each;
    for (let first = 0; first < n; first += this.#room) {
      yield { first, count: Math.min(this.#room, n - first) };
    }
  }

  #write(state: TrainState): void {
    for (
      const name of ["parameters", "running", "expAvg", "expAvgSq"] as const
    ) {
      this.#fill(name, state[name]);
    }
    this.#fill("transposes", this.#plan.transposes(state.parameters));
    this.#step = state.step;
  }

  /** Begins to read the records of the training steps so far. */
  #readTraining(): void {
    if (this.#unread.length === 0) return;
    const reading = this.#readRecords(this.#unread);
    reading.catch(() => {}); // whoever takes the losses will hear of it
    this.#taken.push(reading);
    this.#unread = [];
  }

  /** The sums of the records in the first slots, one for each batch. */
  async #readRecords(batches: readonly Batch[]): Promise<TrainLosses> {
    if (batches.length === 0) return noTrainLosses(this.#options.latentDim);
    const length = batches.length * lossRow(this.#options.latentDim);
    const [records] = await this.#read(["records", length]);
    return sumRecords(records, batches, this.#options);
  }
}
