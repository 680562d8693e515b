/// <reference lib="dom" />
/**
 * Pause, more epochs, one step, slow motion, and a slider over the epochs.
 *
 * @module
 */
import { byId, onClick } from "./dom.ts";
import { epochAt } from "./loss_chart.ts";
import { texts, write } from "./language.ts";
import type { Pace } from "./messages.ts";
import type { RunRecord } from "./run_record.ts";
import { MORE_EPOCHS } from "./training_digits.ts";

/** What the reader wants of a run. */
export interface TimelineActions {
  readonly pace: (pace: Pace) => void;
  readonly step: () => void;
  readonly lookAt: (epoch: number) => void;
  /** The run is over: some more epochs. */
  readonly more: () => void;
}

/** The controls, and how they stand. */
export class Timeline {
  readonly #pause = byId<HTMLButtonElement>("train-pause");
  readonly #step = byId<HTMLButtonElement>("train-step");
  readonly #pace = byId<HTMLSelectElement>("train-pace");
  readonly #epoch = byId<HTMLInputElement>("train-epoch");
  #isPaused = false;
  #isEnded = false;

  constructor(actions: TimelineActions) {
    const setPaused = (isPaused: boolean) => {
      this.#isPaused = isPaused;
      actions.pace(this.pace);
    };
    this.#pause.addEventListener("click", () => {
      if (this.#isEnded) actions.more();
      else setPaused(!this.#isPaused);
    });
    this.#pace.addEventListener("change", () => {
      if (!this.#isPaused) actions.pace(this.pace);
    });
    // The step in hand is the one, if there is one.
    onClick("train-step", () => {
      if (this.#isPaused) actions.step();
      else setPaused(true);
    });
    const look = () => actions.lookAt(Number(this.#epoch.value));
    this.#epoch.addEventListener("input", look);
    const chart = byId<HTMLCanvasElement>("train-curves");
    chart.addEventListener("click", ({ clientX }) => {
      const epochs = Number(this.#epoch.max);
      this.#epoch.value = String(epochAt(chart, clientX, epochs));
      look();
    });
  }

  /** Steps a second as chosen, or none in a pause. */
  get pace(): Pace {
    return this.#isPaused ? 0 : Number(this.#pace.value);
  }

  /** Whether every step can be followed. */
  get isSlow(): boolean {
    return this.pace < Infinity;
  }

  /** A run begins, or rests. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
  }

  /** Shows how a run stands. */
  show(run: RunRecord): void {
    this.#isEnded = run.state === "ended";
    const isOver = this.#isEnded || run.state === "failed";
    this.#pause.disabled = run.state === "failed";
    this.#step.disabled = isOver;
    write(this.#pause, ({ train }) => {
      if (this.#isEnded) return train.more(MORE_EPOCHS);
      return this.#isPaused ? train.goOn : train.pause;
    });
    this.#epoch.max = String(run.plan.epochs);
    const epoch = String(run.epoch);
    // Arrow keys must get past an epoch that is not kept.
    if (run.isFollowed) this.#epoch.value = epoch;
    this.#epoch.ariaValueText = texts().train.momentOf(
      epoch,
      run.plan.epochs,
      run.isFollowed && !isOver,
    );
  }
}
