/// <reference lib="dom" />
/**
 * The die on the button: it stands for the draw, whose numbers are Gaussian.
 *
 * @module
 */

/** Faces in turn, none like the one before. */
const FACES = [5, 3, 6, 1, 4, 2];

/** Rolls it once, to the face of a number. */
export function rollDie(die: HTMLElement, number: number): void {
  die.dataset.face = String(FACES[number % FACES.length]);
  die.classList.remove("rolling");
  void die.offsetWidth; // without a layout between, it would not begin anew
  die.classList.add("rolling");
}
