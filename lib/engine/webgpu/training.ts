/**
 * The training of an engine: its images, its steps and their losses.
 *
 * @module
 */
import type { TrainLosses } from "../../model/losses.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { drawsOf } from "../../options/conflicts.ts";
import { streamKey } from "../../rng.ts";
import { firstLine } from "../../text.ts";
import type { BatchRef, Hyper } from "../engine.ts";
import { GpuError } from "../gpu.ts";
import { createWords } from "./buffers.ts";
import { imageBuffers } from "./images.ts";
import type { Shared } from "./inference.ts";
import { latentRow } from "./latents.ts";
import { lossRow } from "./loss.ts";
import type { Dispatch } from "./program.ts";
import { MOST_JOBS } from "./queue.ts";
import { addUp, type Batch, sumRecords } from "./records.ts";
import { trainingOf, type Works } from "./works.ts";

/** Trains a model, a batch at a time. */
export class Training {
  /** Optimiser steps so far, of which Adam's corrections depend. */
  step = 0;
  /** Steps recorded by this object. */
  stepsRecorded = 0;
  works!: Works;
  readonly #shared: Shared;
  /** What a step on the present images dispatches. */
  #dispatches: readonly Dispatch[] = [];
  #images: GPUBuffer[] = [];
  #imageCount = 0;
  #order: GPUBuffer | undefined;
  #unread: Batch[] = [];
  /** Losses that were read before they were asked for. */
  #taken: Promise<TrainLosses>[] = [];

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Dispatches of a step. */
  get dispatchesPerStep(): number {
    return this.#dispatches.length;
  }

  /**
   * Uploads images.
   *
   * @param labels Their classes, if the model is told of them.
   * @param limit Most bytes of one buffer.
   * @throws {GpuError} If the device refuses them; it may also say so later.
   */
  setImages(
    images: Uint8Array,
    labels: Uint8Array | undefined,
    limit: number,
  ): void {
    const { device, queue } = this.#shared;
    queue.submit();
    for (const buffer of this.#images) buffer.destroy();
    this.#images = [];
    try {
      this.#imageCount = images.length / IMAGE_PIXELS;
      const bytes = images as Uint8Array<ArrayBuffer>;
      this.#images = imageBuffers(device, bytes, labels, limit);
    } catch (error) {
      const reason = firstLine((error as Error).message);
      throw new GpuError(`the GPU cannot hold the images: ${reason}`, {
        cause: error,
      });
    }
    this.#bind();
  }

  /** Uploads the order of the images. */
  setOrder(order: Uint32Array): void {
    const { device, queue } = this.#shared;
    if (!this.#order || this.#order.size < order.byteLength) {
      queue.submit();
      this.#order?.destroy();
      this.#order = createWords(device, "order", order.length);
      this.#bind();
    }
    queue.write(this.#order, order as Uint32Array<ArrayBuffer>);
  }

  /** Records a step; returns what to wait for before the next one, if anything. */
  record(
    { first, count, step, epsilon }: BatchRef,
    hyper: Hyper,
  ): void | Promise<void> {
    const { options, queue } = this.#shared;
    if (epsilon) this.#setNoise(epsilon);
    const t = this.step + 1;
    const { adamBeta1, adamBeta2, seed } = options;
    const [key0, key1] = streamKey(seed, "epsilon");
    const [pixelKey0, pixelKey1] = streamKey(seed, "binarize");
    const work = { kind: "training", dispatches: this.#dispatches };
    const wait = queue.record(work, {
      first,
      count,
      ordered: 1,
      ...epsilon ? {} : { noise: 1, key0, key1 },
      ...{ counter: step, pixelKey0, pixelKey1 },
      slot: this.#unread.length,
      klWeight: hyper.beta,
      capacity: hyper.capacity,
      stepSize: hyper.learningRate / (1 - adamBeta1 ** t),
      secondCorrection: 1 / Math.sqrt(1 - adamBeta2 ** t),
    });
    this.step = t;
    this.stepsRecorded++;
    this.#unread.push({ step, count, hyper, of: this.#imageCount });
    if (this.#unread.length === MOST_JOBS) this.read();
    return wait;
  }

  /** Begins to read the records of the steps so far. */
  read(): void {
    const batches = this.#unread;
    if (batches.length === 0) return;
    this.#unread = [];
    const { options, queue, buffers } = this.#shared;
    const length = batches.length * lossRow(options);
    const reading = queue.read([buffers.get("records"), length])
      .then(([records]) => sumRecords(records, batches, options));
    reading.catch(() => {}); // whoever takes the losses will hear of it
    this.#taken.push(reading);
  }

  /** Returns the losses since the last call. */
  async takeLosses(): Promise<TrainLosses> {
    this.read();
    const taken = this.#taken;
    this.#taken = [];
    const { latentDim } = this.#shared.options;
    return addUp(await Promise.all(taken), latentDim);
  }

  dispose(): void {
    for (const buffer of this.#images) buffer.destroy();
    this.#order?.destroy();
  }

  /** Makes the dispatches that read the images or their order anew. */
  #bind(): void {
    const { buffers } = this.#shared;
    const order = this.#order ?? buffers.get("order");
    this.#dispatches = trainingOf(this.works, buffers, this.#images, order);
  }

  /** Puts noise where `latentForward` would leave its own. */
  #setNoise(noise: Float32Array): void {
    const { options, queue, buffers } = this.#shared;
    const { latentDim, objective } = options;
    const row = latentRow(options, drawsOf(options), objective);
    const { length, epsilon } = row;
    const width = row.noises * latentDim;
    const rows = new Float32Array(noise.length / width * length);
    for (let i = 0; i * width < noise.length; i++) {
      const own = noise.subarray(i * width, (i + 1) * width);
      rows.set(own, i * length + epsilon);
    }
    queue.write(buffers.get("latents"), rows);
  }
}
