/**
 * The SIMD engine: the fused training step on WebAssembly and threads.
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
  addStep,
  batchLosses,
  type LossSums,
  noLosses,
  noTrainLosses,
  objective,
  type TrainLosses,
} from "../../model/losses.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { TC_WEIGHT } from "../../options/run.ts";
import { type Key, streamKey } from "../../rng.ts";
import { counted } from "../../text.ts";
import type {
  BatchRef,
  Engine,
  EngineOptions,
  Hyper,
  Labels,
} from "../engine.ts";
import { Checks } from "../checks.ts";
import { OUTPUT } from "../stages.ts";
import { MemoryMap } from "./memory.ts";
import { Plan, type Program } from "./plan.ts";
import { roundUp } from "./rows.ts";
import { compileKernels, Threads, type Variant } from "./threads.ts";
import { ADDRESS, type Fields, JOB, writeRecord } from "./words.ts";
import { hasWorkers } from "./worker.ts";

/** What the SIMD engine is made for. */
export interface WasmOptions extends EngineOptions {
  /** Threads, the caller's included; the default is one for each core. */
  readonly threads?: number;
  /** Milliseconds that a thread may be silent before it is given up. */
  readonly patience?: number;
  /** The build of the kernels; the default is the fastest that works. */
  readonly variant?: Variant;
}

/** The weights of a KL term that no one moves. */
const ELBO = { beta: 1, capacity: 0 };

/** The word that starts a job has ten bits for the number of threads. */
const MAX_THREADS = 1023;

/** What a job says of images, latents and labels that do not stay. */
type Staged = Required<Pick<Fields<typeof JOB>, "images" | "bytes" | "labels">>;

/** Time spent in one operation of the plan. */
export interface OperationTime {
  readonly name: string;
  /** Multiplications and additions for one image, where they count. */
  readonly flops: number;
  /** Summed over threads and runs. */
  readonly milliseconds: number;
}

/**
 * Trains the model with fused SIMD kernels on all cores. The result is the
 * same, bit for bit, for any number of threads.
 */
export class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly description: string;
  readonly options: Required<EngineOptions>;
  readonly #checks: Checks;
  readonly #map: MemoryMap;
  readonly #threads: Threads;
  readonly #plan: Plan;
  readonly #profile: Started["profile"];
  /** Fields of every job. */
  readonly #constants: Fields<typeof JOB>;
  #profiling = false;
  /** Whether `preparation` has run since the weights changed. */
  #isPrepared = false;
  #step = 0;
  /** The training data lie at the map's end; then come these. */
  #imageCount = 0;
  #labels = 0;
  #order = 0;
  #sums: TrainLosses;

  /**
   * An engine with the initial weights of `options.seed`.
   *
   * @throws {OptionError} If an option is missing or out of range.
   * @throws {SimdError} If WebAssembly has no SIMD here.
   * @throws {RangeError} If `threads` is out of range, or there is too little
   * memory.
   */
  constructor(options: WasmOptions) {
    this.#checks = new Checks(this.name, options);
    this.options = this.#checks.options;
    const { latentDim, classCount, autoencoder, likelihood } = this.options;
    const { objective, klGradient, freeBits, adamBeta1, adamBeta2, seed } =
      this.options;
    const [pixelKey0, pixelKey1] = streamKey(seed, "binarize");
    const { patience = 10_000, variant } = options;
    const canShare = typeof SharedArrayBuffer !== "undefined" &&
      hasWorkers();
    const threads = canShare
      ? options.threads ?? Math.min(navigator.hardwareConcurrency, MAX_THREADS)
      : 1;
    if (!(Number.isInteger(threads) && threads > 0 && threads <= MAX_THREADS)) {
      throw new RangeError(
        `threads must be a whole number from 1 to ${MAX_THREADS}, not ${threads}`,
      );
    }
    const started = start(this.options, threads, variant);
    const { map, count } = started;
    this.#map = map;
    this.#plan = started.plan;
    this.#profile = started.profile;
    this.#threads = started.threads;
    this.description = `WebAssembly on ${counted(count, "thread")}`;
    this.#constants = {
      latent: latentDim,
      classCount,
      autoencoder: Number(autoencoder),
      crossEntropy: Number(likelihood === "bce"),
      stl: Number(klGradient === "stl"),
      iwae: Number(objective === "iwae"),
      btc: Number(objective === "btc"),
      freeBits,
      tcExcess: this.#tcExcess,
      ...{ pixelKey0, pixelKey1 },
      beta1: adamBeta1,
      rest1: 1 - adamBeta1,
      beta2: adamBeta2,
      rest2: 1 - adamBeta2,
      scratch: map.scratch,
      scratchThread: map.scratchThread,
      profileThread: this.#profile.thread,
      mayWait: Number(this.#threads.mayWait),
      patience,
      results: map.results,
    };
    this.#sums = noTrainLosses(latentDim);
    this.#write(initialState(map.spec, seed));
  }

  /** Threads at work by now: workers join as they come up. */
  get threads(): number {
    return this.#threads.count;
  }

  setImages(images: Uint8Array, labels?: Labels): void {
    const count = this.#checks.images(images);
    const classes = this.#checks.labels(labels, count) ?? [];
    const { end } = this.#map;
    this.#labels = end + images.length;
    this.#order = roundUp(this.#labels + classes.length, 4);
    this.#threads.reserve(this.#order);
    this.#bytes(end, images.length).set(images);
    this.#bytes(this.#labels, classes.length).set(classes);
    this.#imageCount = count;
    this.#checks.holds(count);
  }

  setOrder(order: Uint32Array): void {
    this.#checks.order(order);
    this.#threads.reserve(this.#order + order.byteLength);
    new Uint32Array(this.#threads.memory.buffer, this.#order, order.length)
      .set(order);
    this.#checks.holdsOrder(order.length);
  }

  trainStep(batch: BatchRef, hyper: Hyper): void {
    this.#checks.step(batch, hyper);
    const { first, count, step, epsilon } = batch;
    const { latentDim, seed, adamBeta1, adamBeta2 } = this.options;
    if (epsilon) this.#fill("epsilon", epsilon, latentDim);
    const t = this.#step + 1;
    const { beta, capacity } = this.options.objective === "elbo" ? hyper : ELBO;
    this.#isPrepared = false;
    this.#run(this.#plan.training, {
      images: count,
      bytes: this.#map.end,
      order: this.#order + 4 * first,
      labels: this.#labels,
      ...noise(streamKey(seed, "epsilon"), step, epsilon ? null : 0),
      klWeight: beta,
      capacity,
      stepSize: hyper.learningRate / (1 - adamBeta1 ** t),
      secondCorrection: 1 / Math.sqrt(1 - adamBeta2 ** t),
    });
    this.#step = t;
    const losses = this.#batchLosses(count, { beta, capacity });
    addStep(this.#sums, step, this.#ofObjective(losses));
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async takeLosses(): Promise<TrainLosses> {
    this.#checks.alive();
    const sums = this.#sums;
    this.#sums = noTrainLosses(this.options.latentDim);
    return sums;
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async evaluate(
    images: Uint8Array,
    draw: number,
    hyper: Hyper,
    labels?: Labels,
  ): Promise<LossSums> {
    this.#checks.hyper(hyper);
    const { latentDim, seed } = this.options;
    const sums = noLosses(latentDim);
    const key = streamKey(seed, "evaluation");
    const n = this.#checks.images(images);
    this.#inBatches({ n, images, labels }, (first, staged) => {
      this.#infer(this.#plan.evaluation, {
        ...staged,
        ...noise(key, draw, first),
      });
      addLosses(sums, this.#batchLosses(staged.images, hyper));
    });
    // Of the whole set's means, not of each batch's.
    sums.total = objective(sums, hyper, this.options);
    return sums;
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async encode(
    images: Uint8Array,
    labels?: Labels,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }> {
    const { latentDim } = this.options;
    const n = this.#checks.images(images);
    const mu = new Float32Array(n * latentDim), logvar = mu.slice();
    this.#inBatches({ n, images, labels }, (first, staged) => {
      this.#infer(this.#plan.encoding, staged);
      for (let i = 0; i < staged.images; i++) {
        const row = this.#row("heads", i, 2 * latentDim);
        mu.set(row.subarray(0, latentDim), (first + i) * latentDim);
        logvar.set(row.subarray(latentDim), (first + i) * latentDim);
      }
    });
    return { mu, logvar };
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async decode(z: Float32Array, labels?: Labels): Promise<Float32Array> {
    const n = this.#checks.latents(z);
    const means = new Float32Array(n * IMAGE_PIXELS);
    this.#inBatches({ n, z, labels }, (first, staged) => {
      this.#infer(this.#plan.decoding, staged);
      for (let i = 0; i < staged.images; i++) {
        const row = this.#row(OUTPUT, i, IMAGE_PIXELS);
        means.set(row, (first + i) * IMAGE_PIXELS);
      }
    });
    return means;
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async score(
    z: Float32Array,
    images: Uint8Array,
    labels?: Labels,
  ): Promise<Float64Array> {
    const n = this.#checks.pairs(z, images);
    const scores = new Float64Array(n);
    this.#inBatches({ n, z, images, labels }, (first, staged) => {
      this.#infer(this.#plan.scoring, staged);
      const { buffer } = this.#threads.memory;
      scores.set(
        new Float64Array(buffer, this.#map.scores, staged.images),
        first,
      );
    });
    return scores;
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async readState(): Promise<TrainState> {
    this.#checks.alive();
    const { parameters, running, expAvg, expAvgSq } = this.#arenas();
    return {
      step: this.#step,
      parameters: Float32Array.from(parameters),
      running: Float32Array.from(running),
      expAvg: Float32Array.from(expAvg),
      expAvgSq: Float32Array.from(expAvgSq),
    };
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async writeState(state: TrainState): Promise<void> {
    this.#checks.alive();
    checkStateSizes(this.#map.spec, state);
    this.#write(state);
  }

  dispose(): void {
    if (!this.#checks.end()) return;
    this.#threads.dispose();
  }

  /** Runs `work` and returns the time that each operation took in it. */
  async profile(work: () => void | Promise<void>): Promise<OperationTime[]> {
    const { at, thread, end } = this.#profile;
    this.#bytes(at, end - at).fill(0);
    this.#profiling = true;
    await work();
    this.#profiling = false;
    const { buffer } = this.#threads.memory;
    const times = new Float64Array(buffer, at, (end - at) / 8);
    return this.#plan.operations.map(({ kernel, layer, flops }, i) => {
      let milliseconds = 0;
      for (; i < times.length; i += thread / 8) milliseconds += times[i];
      return { name: `${kernel} ${layer}`.trim(), flops, milliseconds };
    }).filter(({ milliseconds }) => milliseconds > 0);
  }

  /** Runs a program in evaluation mode. */
  #infer(program: Program, parameters: Fields<typeof JOB>): void {
    if (!this.#isPrepared) this.#run(this.#plan.preparation, {});
    this.#isPrepared = true;
    this.#run(program, parameters);
  }

  /** Runs a program on all threads. */
  #run(program: Program, parameters: Fields<typeof JOB>): void {
    writeRecord(this.#threads.memory, ADDRESS.parameters, JOB, {
      ...this.#constants,
      ...parameters,
      program: program.address,
      phases: program.phases,
      profile: this.#profiling ? this.#profile.at : 0,
    });
    this.#threads.run(program.units(parameters.images ?? 0));
  }

  /** The losses of the batch that has just run. */
  #batchLosses(
    count: number,
    hyper: Pick<Hyper, "beta" | "capacity">,
  ): LossSums {
    const results = this.#results();
    const terms = {
      images: count,
      reconstruction: results[0],
      klPerDimension: results.slice(1, -1),
    };
    return batchLosses(terms, hyper, this.options);
  }

  /** The losses of a training step, with what it has minimised as their total. */
  #ofObjective(losses: LossSums): LossSums {
    const { objective, latentDim } = this.options;
    const { images, total } = losses;
    const [last] = this.#results().subarray(-1);
    if (objective === "iwae") return { ...losses, total: last };
    if (objective === "elbo") return losses;
    const constant = (latentDim - 1) * Math.log(this.#imageCount * images);
    const correlation = last + images * constant;
    return { ...losses, total: total + this.#tcExcess * correlation };
  }

  #results(): Float64Array {
    const { buffer } = this.#threads.memory;
    return new Float64Array(
      buffer,
      this.#map.results,
      2 + this.options.latentDim,
    );
  }

  /** What `btc` adds to the weight that the KL gives the total correlation. */
  get #tcExcess(): number {
    return (this.options.tcWeight ?? TC_WEIGHT) - 1;
  }

  /**
   * Stages images, latents and labels in batches of the buffers' capacity.
   *
   * @param run Is given a batch's first row, and what a job says of the batch.
   */
  #inBatches(
    { n, images, z, labels }: {
      n: number;
      images?: Uint8Array;
      z?: Float32Array;
      labels?: Labels;
    },
    run: (first: number, staged: Staged) => void,
  ): void {
    const { capacity, staging } = this.#map;
    const { latentDim } = this.options;
    const classes = this.#checks.labels(labels, n);
    for (let first = 0; first < n; first += capacity) {
      const end = Math.min(first + capacity, n), count = end - first;
      if (images) {
        this.#bytes(staging, count * IMAGE_PIXELS)
          .set(images.subarray(first * IMAGE_PIXELS, end * IMAGE_PIXELS));
      }
      if (z) {
        const part = z.subarray(first * latentDim, end * latentDim);
        this.#fill("z", part, latentDim);
      }
      if (classes) {
        this.#bytes(this.#map.labels, count)
          .set(classes.subarray(first, end));
      }
      run(first, { images: count, bytes: staging, labels: this.#map.labels });
    }
  }

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#threads.memory.buffer, at, length);
  }

  /** One row of a buffer. */
  #row(name: string, index: number, length: number): Float32Array {
    const { at, row } = this.#map.buffer(name);
    const { buffer } = this.#threads.memory;
    return new Float32Array(buffer, at + index * row, length);
  }

  #fill(name: string, values: Float32Array, length: number): void {
    for (let i = 0; i * length < values.length; i++) {
      this.#row(name, i, length)
        .set(values.subarray(i * length, (i + 1) * length));
    }
  }

  #arenas(): Omit<TrainState, "step"> {
    const { parameterCount, runningCount } = this.#map.spec;
    const view = (at: number, length: number) =>
      new Float32Array(this.#threads.memory.buffer, at, length);
    return {
      parameters: view(this.#map.parameters, parameterCount),
      running: view(this.#map.running, runningCount),
      expAvg: view(this.#map.expAvg, parameterCount),
      expAvgSq: view(this.#map.expAvgSq, parameterCount),
    };
  }

  #write(state: TrainState): void {
    const arenas = this.#arenas();
    arenas.parameters.set(state.parameters);
    arenas.running.set(state.running);
    arenas.expAvg.set(state.expAvg);
    arenas.expAvgSq.set(state.expAvgSq);
    this.#step = state.step;
    this.#isPrepared = false;
    this.#run(this.#plan.packing, { images: 1 });
  }
}

/** Memory with the plan in it, and threads. */
interface Started {
  readonly variant: Variant;
  readonly map: MemoryMap;
  readonly plan: Plan;
  /** Of each thread: where its times are added up. */
  readonly profile: { at: number; thread: number; end: number };
  readonly threads: Threads;
  /** How many threads there are once the workers have come up. */
  readonly count: number;
}

/**
 * Starts so many threads; or this one alone where shared memory or workers are
 * refused, as a page's policy may do, for the result is the same.
 */
function start(
  options: Required<EngineOptions>,
  count: number,
  wanted?: Variant,
): Started {
  const { variant, module } = compileKernels(count > 1, wanted && [wanted]);
  const map = new MemoryMap(options, count);
  const plan = new Plan(map, options);
  const thread = roundUp(8 * plan.operations.length, 64);
  const at = map.claim(thread * count);
  const profile = { at, thread, end: map.end };
  try {
    const threads = new Threads(module, map.end, count);
    plan.install(threads.memory);
    return { variant, map, plan, profile, threads, count };
  } catch (error) {
    if (count === 1) throw error;
    return start(options, 1, wanted);
  }
}

/** Where the noise of a job comes from; `firstRow` null means: it is there. */
function noise([key0, key1]: Key, counter: number, firstRow: number | null) {
  return { key0, key1, counter, firstRow: firstRow ?? -1 };
}
