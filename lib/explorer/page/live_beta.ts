/// <reference lib="dom" />
/**
 * The slider of β, which acts while a model trains.
 *
 * @module
 */
import { byId } from "./dom.ts";
import { number } from "./numbers.ts";

/** Where the slider stops: round numbers, each more by a factor after 0. */
const STOPS = [
  ...[0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8],
  ...[1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16],
];

/** The slider, and the β that it stands for. */
export class LiveBeta {
  #value = 1;
  /** Whether the reader has moved it, and the run has not come to it. */
  #isAhead = false;
  readonly #input = byId<HTMLInputElement>("train-beta");
  readonly #output = byId<HTMLOutputElement>("train-beta-value");

  /** @param onChange Runs when the reader has moved it. */
  constructor(onChange: (beta: number) => void) {
    this.#input.max = String(STOPS.length - 1);
    this.#input.addEventListener("input", () => {
      this.value = STOPS[Number(this.#input.value)];
      this.#isAhead = true;
      onChange(this.#value);
    });
    this.value = 1;
  }

  get value(): number {
    return this.#value;
  }

  /** Moves it; to the nearest stop, if it has none for this β. */
  set value(beta: number) {
    this.#value = beta;
    this.#isAhead = false;
    const distance = (stop: number) => Math.abs(stop - beta);
    const nearest = STOPS.reduce(
      (best, stop, i) => distance(stop) < distance(STOPS[best]) ? i : best,
      0,
    );
    this.#input.value = String(nearest);
    this.say();
  }

  /** Says it in the page's language. */
  say(): void {
    this.#input.ariaValueText = this.#output.value = number(this.#value);
  }

  /** Follows a run, which changes β itself where it is made again. */
  follow(beta: number): void {
    if (this.#isAhead && beta !== this.#value) return;
    this.value = beta;
  }
}
