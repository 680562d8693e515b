/**
 * A run of the page: paused, slowed and given another β while it trains.
 *
 * @module
 */
import type { Checkpoint } from "../../checkpoint/metadata.ts";
import { DIGITS } from "../../dataset/class_names.ts";
import type { Dataset, ImageSet } from "../../dataset/split.ts";
import { klDivergences } from "../../metrics/posterior.ts";
import { meanLosses } from "../../model/losses.ts";
import { priorSample } from "../../model/prior.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { dataRecordOf } from "../../train/checkpoint_of.ts";
import { trainLoop } from "../../train/trainer.ts";
import type { OmitOfEach, Pace, Report, View } from "./messages.ts";
import { betaAt, goOn, type Plan } from "../training_plan.ts";
import { optionsOf } from "./training_digits.ts";
import { WatchedEngine } from "./watched_engine.ts";

/** Milliseconds between two reports, at least. */
const INTERVAL = 150;
/** Held-out digits that are shown. */
const SHOWN = 200;
const SAMPLES = 16;

type Told = OmitOfEach<Report, "run">;

/**
 * Trains as planned. Orders change the plan and the pace; a pause ends the loop,
 * which goes on from its checkpoint, so that no bit depends on it.
 */
export class RunInWorker {
  #plan: Plan;
  #pace: Pace;
  /** A step was asked for in a pause. */
  #isStepWanted = false;
  #isOver = false;
  /** What β is to be from the next step on. */
  #nextBeta: number | null = null;
  #engine!: WatchedEngine;
  #dataset!: Dataset;
  readonly #tell: (report: Told) => void;
  /** Ends the loop after the step in hand. */
  #halt = new AbortController();
  /** Ends the wait of a slow or paused run. */
  #wake = () => {};
  #reported = 0;

  /** Takes orders at once, and trains when it is told to. */
  constructor(plan: Plan, pace: Pace, tell: (report: Told) => void) {
    this.#plan = plan;
    this.#pace = pace;
    this.#tell = tell;
  }

  /** Changes β from the next step on, and forgets what was planned for later. */
  setBeta(beta: number): void {
    this.#nextBeta = beta;
    this.#wake();
  }

  /** Goes on at this pace. */
  setPace(pace: Pace): void {
    this.#pace = pace;
    this.#wake();
  }

  /** Takes one step if it is paused. */
  step(): void {
    this.#isStepWanted = this.#pace === 0;
    this.#wake();
  }

  /** Ends it after the step in hand. */
  stop(): void {
    this.#isOver = true;
    this.#halt.abort();
    this.#wake();
  }

  /** Trains until the last epoch; a run that was stopped says no more. */
  async train(dataset: Dataset, from?: Checkpoint): Promise<void> {
    if (this.#isOver) return;
    this.#dataset = dataset;
    this.#engine = new WatchedEngine(
      optionsOf(this.#plan),
      (steps) => this.#afterStep(steps),
    );
    const labels = dataset.validation.labels!.slice();
    const { images } = this.#shown;
    this.#tell({ type: "start", images, labels });
    try {
      let at = from ?? await this.#beginning();
      // What it goes on from is known.
      if (!from) await this.#tellSnapshot(at);
      while (at.history.length < this.#plan.epochs) {
        await this.#rest(at);
        if (this.#isOver) return;
        at = await this.#go(at);
      }
      if (!this.#isOver) this.#tell({ type: "end" });
    } finally {
      this.#engine.dispose();
    }
  }

  /** Waits while it is paused, which a plan is where it was stopped. */
  async #rest({ state: { step } }: Checkpoint): Promise<void> {
    const planned = step === this.#plan.stopped;
    if (planned) {
      this.#pace = 0;
      this.#plan = { ...this.#plan, stopped: null };
    }
    if (this.#pace === 0) this.#tell({ type: "pause", planned });
    while (this.#pace === 0 && !this.#isStepWanted && !this.#isOver) {
      await this.#wait();
    }
  }

  async #beginning(): Promise<Checkpoint> {
    return {
      options: optionsOf(this.#plan),
      data: this.#data,
      state: await this.#engine.readState(),
      history: [],
      partial: null,
    };
  }

  get #data(): Checkpoint["data"] {
    const data = dataRecordOf(this.#dataset);
    return { ...data, digest: data.digest || null };
  }

  /** Trains until an order or the plan ends the loop. */
  async #go(resume: Checkpoint): Promise<Checkpoint> {
    this.#halt = new AbortController();
    this.#isStepWanted = false;
    this.#reported = performance.now();
    let at = resume;
    const events = trainLoop({
      engine: this.#engine,
      dataset: this.#dataset,
      options: optionsOf(this.#plan),
      resume,
      schedule: (step) => ({ beta: this.#betaOf(step) }),
      signal: this.#halt.signal,
    });
    for await (const event of events) {
      if (event.type === "progress" || this.#isOver) continue;
      const before = at.state.step;
      at = await event.checkpoint();
      // It may rest or end where an epoch does.
      if (at.state.step !== before) await this.#tellSnapshot(at);
    }
    return at;
  }

  /** What β is for a step: it is asked once for each, before it is taken. */
  #betaOf(step: number): number {
    const beta = this.#nextBeta;
    this.#nextBeta = null;
    if (beta !== null && beta !== betaAt(this.#plan, step)) {
      this.#plan = goOn(this.#plan, step, beta);
      this.#tell({ type: "plan", plan: this.#plan });
    }
    return betaAt(this.#plan, step);
  }

  async #afterStep(steps: number): Promise<void> {
    const isDue = performance.now() - this.#reported >= INTERVAL;
    if (isDue) await this.#tellProgress(steps);
    if (this.#pace === Infinity) await nextTask();
    else if (this.#pace > 0) await this.#wait(1000 / this.#pace);
    if (this.#pace > 0 && steps !== this.#plan.stopped) return;
    this.#halt.abort();
    if (!isDue) await this.#tellProgress(steps);
  }

  /** Waits for an order, or so long. */
  async #wait(milliseconds?: number): Promise<void> {
    let timer;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
  }

  async #tellProgress(step: number): Promise<void> {
    const now = performance.now();
    const losses = await this.#engine.look();
    this.#tell({
      type: "progress",
      view: await this.#view(step, this.#shown),
      losses: meanLosses(losses),
      imagesPerSecond: losses.images / (now - this.#reported) * 1000,
    });
    this.#reported = now;
  }

  async #tellSnapshot(checkpoint: Checkpoint): Promise<void> {
    const { state: { step } } = checkpoint;
    const { validation } = this.#dataset;
    this.#tell({
      type: "snapshot",
      snapshot: {
        ...await this.#view(step, validation),
        // What a file says of it is the β that it would go on with.
        checkpoint: {
          ...checkpoint,
          data: this.#data,
          options: {
            ...checkpoint.options,
            beta: betaAt(this.#plan, Math.max(0, step - 1)),
          },
        },
      },
    });
  }

  /** The held-out digits that are shown. */
  get #shown() {
    const { images, labels } = this.#dataset.validation;
    return {
      images: images.slice(0, SHOWN * IMAGE_PIXELS),
      labels: labels!.slice(0, SHOWN),
    };
  }

  async #view(
    step: number,
    { images, labels }: Pick<ImageSet, "images" | "labels">,
  ): Promise<View> {
    const { latentDim } = this.#plan;
    const posterior = await this.#engine.encode(images, labels);
    const { perDimension } = klDivergences(posterior, latentDim);
    const latents = priorSample(SAMPLES, latentDim, 0);
    const classes = Uint8Array.from(
      { length: SAMPLES },
      (_, i) => i % DIGITS.length,
    );
    return {
      step,
      mu: posterior.mu,
      kl: perDimension.map((kl) => kl.reduce((a, b) => a + b, 0) / kl.length),
      samples: await this.#engine.decode(latents, classes),
    };
  }
}

/** Lets orders in: a timer would wait for milliseconds. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
