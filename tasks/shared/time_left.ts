/**
 * How far each stage of a measurement is, and how long the long ones will take.
 *
 * @module
 */
import { duration, type Progress } from "./progress.ts";

/** Milliseconds after which the speed of a stage is known well enough. */
const WARM = 1500;

/** Seconds from which a stage is long. */
const LONG = 20;

/** Shows one stage after another. */
export class Stages {
  readonly #progress: Pick<Progress, "update" | "clear">;
  readonly #onLong: (stage: string, time: string) => void;
  #stage = "";
  #started = 0;
  #isTold = false;

  /** @param onLong Told once of each long stage, when its time is known. */
  constructor(
    progress: Pick<Progress, "update" | "clear">,
    onLong: (stage: string, time: string) => void = () => {},
  ) {
    this.#progress = progress;
    this.#onLong = onLong;
  }

  /** Shows how far a stage is, from 0 to 1. */
  update(stage: string, fraction: number, now = performance.now()): void {
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#started = now;
      this.#isTold = false;
    }
    const percent = `${stage} ${Math.round(100 * fraction)} %`;
    const elapsed = now - this.#started;
    if (elapsed < WARM) return this.#progress.update(fraction, percent);
    const seconds = elapsed / fraction / 1000;
    if (!this.#isTold && seconds >= LONG) {
      this.#progress.clear();
      this.#onLong(stage, duration(seconds));
    }
    this.#isTold = true;
    const left = duration((1 - fraction) * seconds);
    this.#progress.update(fraction, `${percent}  ${left} left`);
  }
}
