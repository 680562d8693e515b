/**
 * What an engine does with its model beside training it: evaluate, encode,
 * decode, score.
 *
 * @module
 */
import {
  addLosses,
  type LossSums,
  noLosses,
  objective,
  type TrainLosses,
} from "../../model/losses.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { streamKey } from "../../rng.ts";
import type { Checks } from "../checks.ts";
import type { EngineOptions, Hyper } from "../engine.ts";
import { OUTPUT } from "../stages.ts";
import type { Buffers } from "./buffers.ts";
import { beforeLabels, HEADER, imageBuffer, inWords } from "./images.ts";
import { givenRow, latentRow } from "./latents.ts";
import { Loss, lossRow } from "./loss.ts";
import { type Job, MOST_JOBS, type Queue } from "./queue.ts";
import { type Batch, sumRecords } from "./records.ts";
import type { Works } from "./works.ts";

/** Images of a batch, at least: fewer would not fill a GPU. */
const FEWEST_IMAGES = 64;

/** Images of a batch, at most: slow GPUs take 10 ms for them. */
const MOST_IMAGES = 256;

/** Images that are uploaded at once, for several batches: 1.6 MB. */
const UPLOAD = 2048;

type Kind = "evaluation" | "encoding" | "decoding" | "scoring";

/** What the parts of an engine share. */
export interface Shared {
  readonly options: Required<EngineOptions>;
  readonly checks: Checks;
  readonly device: GPUDevice;
  readonly queue: Queue;
  readonly buffers: Buffers;
}

/** Images of a batch of inference, whose sums must not depend on the pace. */
export function inferenceBatch({ batchSize }: EngineOptions): number {
  return Math.min(Math.max(batchSize, FEWEST_IMAGES), MOST_IMAGES);
}

/** Runs a model on batches; one call after the other, as each may wait. */
export class Inference {
  /** The recording of the calls so far; nothing once it is over. */
  pending: Promise<unknown> | undefined;
  /** What is dispatched; the programs are bound to this object's buffers. */
  works!: Works;
  readonly #shared: Shared;
  readonly #readTraining: () => void;
  readonly #batch: number;
  /** Images that an upload has room for, in whole batches. */
  readonly #upload: number;

  /**
   * Prepares to run a model.
   *
   * @param readTraining Begins to read what an evaluation will overwrite.
   */
  constructor(shared: Shared, readTraining: () => void) {
    this.#shared = shared;
    this.#readTraining = readTraining;
    const { buffers, device, options } = shared;
    this.#batch = inferenceBatch(options);
    this.#upload = UPLOAD - UPLOAD % this.#batch;
    const isLabelled = options.classCount > 0;
    buffers.set("bytes", imageBuffer(device, this.#upload, isLabelled));
    buffers.create("order", 1); // the images have none
  }

  async evaluate(
    images: Uint8Array,
    draw: number,
    hyper: Hyper,
    labels?: Uint8Array,
  ): Promise<LossSums> {
    const { options } = this.#shared;
    const { latentDim, seed } = options;
    const [key0, key1] = streamKey(seed, "evaluation");
    const width = lossRow(options);
    const parts: Promise<TrainLosses>[] = [];
    let unread: Batch[] = [];
    const readRecords = () => {
      const batches = unread;
      unread = [];
      parts.push(
        this.#read(
          "records",
          batches.length * width,
          (records) => sumRecords(records, batches, options),
        ),
      );
    };
    await this.#inTurn(async () => {
      this.#readTraining();
      const n = images.length / IMAGE_PIXELS;
      for (const { first, count } of this.#batches(n)) {
        const at = await this.#setInput(images, labels, first);
        await this.#run("evaluation", first, {
          ...{ first: at, count },
          ...{ noise: 1, counter: draw, firstRow: first, key0, key1 },
          slot: unread.length,
        });
        unread.push({ step: 0, count, hyper });
        if (unread.length === MOST_JOBS) readRecords();
      }
      if (unread.length > 0) readRecords();
    });
    const sums = noLosses(latentDim);
    for (const part of await Promise.all(parts)) addLosses(sums, part);
    // Of the whole set's means, not of each batch's.
    sums.total = objective(sums, hyper, options);
    return sums;
  }

  async encode(
    images: Uint8Array,
    labels?: Uint8Array,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }> {
    const { options } = this.#shared;
    const { latentDim } = options;
    const n = images.length / IMAGE_PIXELS;
    const mu = new Float32Array(n * latentDim);
    const logvar = new Float32Array(n * latentDim);
    const width = latentRow(options).length;
    await this.#runEach("encoding", n, {
      prepare: (first) => this.#setInput(images, labels, first),
      read: ["latents", width],
      take: (rows, first) => {
        for (let at = 0; at < rows.length; at += width) {
          const to = (first + at / width) * latentDim;
          const middle = at + latentDim;
          mu.set(rows.subarray(at, middle), to);
          logvar.set(rows.subarray(middle, middle + latentDim), to);
        }
      },
    });
    return { mu, logvar };
  }

  async decode(z: Float32Array, labels?: Uint8Array): Promise<Float32Array> {
    const n = z.length / this.#shared.options.latentDim;
    const means = new Float32Array(n * IMAGE_PIXELS);
    await this.#runEach("decoding", n, {
      prepare: (first, count) => this.#setLatents(z, labels, first, count),
      read: [OUTPUT, IMAGE_PIXELS],
      take: (pixels, first) => means.set(pixels, first * IMAGE_PIXELS),
    });
    return means;
  }

  async score(
    z: Float32Array,
    images: Uint8Array,
    labels?: Uint8Array,
  ): Promise<Float64Array> {
    const width = lossRow(this.#shared.options);
    const scores = new Float64Array(images.length / IMAGE_PIXELS);
    await this.#runEach("scoring", scores.length, {
      prepare: async (first, count) => {
        await this.#setLatents(z, labels, first, count);
        return await this.#setInput(images, labels, first);
      },
      read: ["losses", width],
      take: (rows, first) => {
        for (let i = 0; i * width < rows.length; i++) {
          scores[first + i] = rows[i * width + Loss.reconstruction];
        }
      },
    });
    return scores;
  }

  /** Runs each batch, and waits until all results have been read. */
  async #runEach(
    kind: Kind,
    images: number,
    { prepare, read: [name, width], take }: {
      /** Uploads a batch; returns where in the upload its images begin. */
      prepare: (first: number, count: number) => Promise<number>;
      /** What to read, and how many numbers for each image. */
      read: readonly [buffer: string, width: number];
      take: (rows: Float32Array, first: number) => void;
    },
  ): Promise<void> {
    const reading: Promise<void>[] = [];
    await this.#inTurn(async () => {
      for (const { first, count } of this.#batches(images)) {
        const job = { first: await prepare(first, count), count };
        await this.#run(kind, first, job);
        reading.push(
          this.#read(name, count * width, (rows) => take(rows, first)),
        );
      }
    });
    await Promise.all(reading);
  }

  /**
   * Records something when all before it has been. Between its batches it may
   * wait for the GPU, and nothing may change the model or its buffers then.
   */
  async #inTurn(record: () => Promise<void>): Promise<void> {
    const turn = this.pending ? this.pending.then(record) : record();
    const over = turn.catch(() => {}).then(() => {
      if (this.pending === over) this.pending = undefined;
    });
    this.pending = over;
    await turn;
  }

  /**
   * Records a batch.
   *
   * @param first Its first image: 0 is the first batch of its call.
   */
  #run(kind: Kind, first: number, job: Job): void | Promise<void> {
    const { checks, queue } = this.#shared;
    const { gather, inference } = this.works;
    checks.alive();
    const dispatches = [
      ...first === 0 ? inference : [],
      ...kind === "decoding" ? [] : gather,
      ...this.works[kind],
    ];
    return queue.record({ kind, dispatches }, job);
  }

  #read<T>(
    name: string,
    length: number,
    take: (values: Float32Array) => T,
  ): Promise<T> {
    const { queue, buffers } = this.#shared;
    const reading = queue.read([buffers.get(name), length])
      .then(([values]) => take(values));
    reading.catch(() => {}); // whoever waits for all of them will hear of it
    return reading;
  }

  /** Uploads images where the last upload ends; returns where the first lies. */
  async #setInput(
    images: Uint8Array,
    labels: Uint8Array | undefined,
    first: number,
  ): Promise<number> {
    const { queue, buffers } = this.#shared;
    const at = first % this.#upload;
    if (at > 0) return at;
    const end = first + this.#upload;
    const upload = images.subarray(first * IMAGE_PIXELS, end * IMAGE_PIXELS);
    await queue.room();
    const bytes = buffers.get("bytes");
    queue.write(bytes, upload as Uint8Array<ArrayBuffer>, HEADER);
    if (labels) {
      const own = inWords(labels.subarray(first, end));
      queue.write(bytes, own, beforeLabels(this.#upload));
    }
    return at;
  }

  async #setLatents(
    z: Float32Array,
    labels: Uint8Array | undefined,
    first: number,
    count: number,
  ): Promise<number> {
    const { queue, buffers, options } = this.#shared;
    const { latentDim } = options;
    const width = givenRow(options);
    let upload = z.subarray(first * latentDim, (first + count) * latentDim);
    if (labels) {
      const rows = new Float32Array(count * width);
      for (let i = 0; i < count; i++) {
        const own = upload.subarray(i * latentDim, (i + 1) * latentDim);
        rows.set(own, i * width);
        rows[i * width + latentDim] = labels[first + i];
      }
      upload = rows;
    }
    await queue.room();
    queue.write(buffers.get("z"), upload as Float32Array<ArrayBuffer>);
    return 0;
  }

  *#batches(images: number): Generator<{ first: number; count: number }> {
    for (let first = 0; first < images; first += this.#batch) {
      yield { first, count: Math.min(this.#batch, images - first) };
    }
  }
}
