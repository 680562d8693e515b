/**
 * What a long run will take.
 *
 * @module
 */
import { modelSpec } from "../../lib/model/spec.ts";
import type { ProgressEvent } from "../../lib/train/events.ts";
import { duration } from "./progress.ts";

/** Milliseconds after which the speed of a run is known well enough. */
const WARM = 1500;

/** Seconds from which a run is long. */
const LONG = 10;

/** Tells once, after the first steps, what training will take. */
export class Forecast {
  readonly #latentDim: number;
  readonly #runs: number;
  readonly #isKept: boolean;
  #started: number | undefined;
  #isTold = false;

  /**
   * @param latentDim Of the model, which decides how large its file is.
   * @param runs How many such runs there are from here on.
   * @param isKept Whether they are saved.
   */
  constructor(latentDim: number, runs: number, isKept = true) {
    this.#latentDim = latentDim;
    this.#runs = runs;
    this.#isKept = isKept;
  }

  /**
   * Returns the one line to show: nothing while the speed is not known, nor of a
   * run that is soon over.
   */
  text(
    { secondsLeft }: Pick<ProgressEvent, "secondsLeft">,
    now = performance.now(),
    memory = Deno.memoryUsage().rss,
  ): string | undefined {
    this.#started ??= now;
    if (this.#isTold || now - this.#started < WARM) return;
    this.#isTold = true;
    const seconds = this.#runs * secondsLeft;
    if (seconds < LONG) return;
    const { parameterCount, runningCount } = modelSpec(this.#latentDim);
    // Weights, both moments of Adam and the running statistics, in float32.
    const file = 4 * (3 * parameterCount + runningCount);
    const several = this.#runs > 1 ? ` for ${this.#runs} runs` : "";
    const time = `it will take about ${duration(seconds)}${several}`;
    return this.#isKept
      ? `${time}, ${megabytes(memory)} of memory and ` +
        `${megabytes(this.#runs * file)} on disk`
      : `${time} and ${megabytes(memory)} of memory`;
  }
}

function megabytes(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}
