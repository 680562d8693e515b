/**
 * What comes often and is shown seldom.
 *
 * @module
 */

/** Shows one thing after another, but none too soon after the one before. */
export class Seldom {
  readonly #interval: number;
  readonly #now: () => number;
  #last = -Infinity;
  #waiting: (() => void) | undefined;

  /**
   * @param interval Milliseconds between two things that are shown, at least.
   * @param now The time in milliseconds.
   */
  constructor(interval: number, now: () => number = () => performance.now()) {
    this.#interval = interval;
    this.#now = now;
  }

  /** Shows a thing, or keeps it until the next takes its place. */
  show(thing: () => void): void {
    this.#waiting = thing;
    if (this.#now() - this.#last >= this.#interval) this.end();
  }

  /** Shows what came last, if it has not been shown. */
  end(): void {
    if (!this.#waiting) return;
    this.#waiting();
    this.#waiting = undefined;
    this.#last = this.#now();
  }
}
