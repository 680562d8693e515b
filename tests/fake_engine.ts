/** An engine that computes nothing, and what trains with it. */
import { assert } from "@std/assert";
import type { Dataset, ImageSet } from "../lib/dataset/dataset.ts";
import type {
  BatchRef,
  Engine,
  EngineOptions,
  Hyper,
  Labels,
} from "../lib/engine/engine.ts";
import { initialState, type TrainState } from "../lib/model/init.ts";
import type { LossSums, TrainLosses } from "../lib/model/losses.ts";
import { IMAGE_PIXELS, modelSpec } from "../lib/model/spec.ts";
import { dataOptions } from "../lib/options/run.ts";
import { defaults } from "../lib/options/table.ts";
import type { EndEvent, EpochEvent, TrainEvent } from "../lib/train/events.ts";
import { train } from "../lib/train/trainer.ts";

/** Records what it is told; its "weights" count the steps. */
export class FakeEngine implements Engine {
  readonly name = "tfjs";
  readonly description = "a fake";
  /** It goes with any run. */
  readonly options = {} as Required<EngineOptions>;
  readonly batches: (BatchRef & { hyper: Hyper; rows: number[] })[] = [];
  readonly readsAfter: number[] = [];
  /** Validation totals, or the terms of them, epoch by epoch. */
  validation: (number | { reconstruction: number; kl: number })[] = [];
  /** What it was told to evaluate with. */
  readonly evaluations: Hyper[] = [];
  /** The images that it was told to train and to evaluate with. */
  readonly images: Uint8Array[] = [];
  /** The classes of those that it was told of. */
  readonly labels: (Labels | undefined)[] = [];
  /** Classes that its model is told of. */
  classCount = 0;
  /** What it was told to go on from. */
  written: TrainState | null = null;
  nonFiniteStep: number | null = null;
  onStep: (step: number) => void = () => {};
  #order = new Uint32Array();
  #unread = 0;
  #step = 0;

  setImages(images: Uint8Array, labels?: Labels): void {
    this.images.push(images);
    this.labels.push(labels);
  }

  setOrder(order: Uint32Array): void {
    this.#order = order.slice();
  }

  trainStep(batch: BatchRef, hyper: Hyper): void {
    const { first, count } = batch;
    const rows = [...this.#order.subarray(first, first + count)];
    this.batches.push({ ...batch, hyper, rows });
    this.#unread += count;
    this.#step++;
    this.onStep(batch.step);
  }

  takeLosses(): Promise<TrainLosses> {
    this.readsAfter.push(this.batches.length);
    const images = this.#unread;
    this.#unread = 0;
    const { nonFiniteStep } = this;
    return Promise.resolve({ ...this.#sums(images, 10), nonFiniteStep });
  }

  evaluate(
    images: Uint8Array,
    _draw: number,
    hyper: Hyper,
    labels?: Labels,
  ): Promise<LossSums> {
    this.evaluations.push(hyper);
    this.images.push(images);
    this.labels.push(labels);
    const count = images.length / IMAGE_PIXELS;
    const mean = this.validation.shift() ?? 5;
    if (typeof mean === "number") {
      return Promise.resolve(this.#sums(count, mean));
    }
    const { reconstruction, kl } = mean;
    return Promise.resolve({
      images: count,
      reconstruction: reconstruction * count,
      klPerDimension: Float64Array.of(kl * count, 0),
      total: (reconstruction + hyper.beta * kl) * count,
    });
  }

  #sums(images: number, mean: number): LossSums {
    return {
      images,
      reconstruction: mean * images,
      klPerDimension: Float64Array.of(0.5 * images, 0),
      total: mean * images,
    };
  }

  readState(): Promise<TrainState> {
    return Promise.resolve({
      ...initialState(modelSpec(2, this.classCount), 0),
      step: this.#step,
    });
  }

  writeState(state: TrainState): Promise<void> {
    this.#step = state.step;
    this.written = state;
    return Promise.resolve();
  }

  encode(): never {
    throw new Error("training does not encode");
  }

  decode(): never {
    throw new Error("training does not decode");
  }

  score(): never {
    throw new Error("training does not score");
  }

  dispose(): void {}
}

/** Makes a data set of black images, three of them for tests. */
export function dataset(count: number, validation = 2): Dataset {
  const set = (count: number): ImageSet => ({
    images: new Uint8Array(count * IMAGE_PIXELS),
    labels: null,
    count,
  });
  return {
    name: "blank",
    digest: "blank",
    train: set(count),
    validation: set(validation),
    test: set(3),
    notes: [],
    options: defaults(dataOptions),
  };
}

/** Trains to the end. */
export async function collect(
  engine: Engine,
  setup: Omit<Parameters<typeof train>[0], "engine">,
): Promise<{ events: TrainEvent[]; epochs: EpochEvent[]; end: EndEvent }> {
  const events: TrainEvent[] = [];
  for await (const event of train({ latentDim: 2, ...setup, engine })) {
    events.push(event);
  }
  const end = events.at(-1)!;
  assert(end.type === "end");
  const epochs = events.filter((event) => event.type === "epoch");
  return { events, epochs, end };
}
