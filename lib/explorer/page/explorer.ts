/**
 * Where the reader is: the model, the current point, and who wants to know.
 *
 * @module
 */
import type { Model } from "./model.ts";

/** What the encoder says of a drawing. */
export interface Drawn {
  readonly mu: Float32Array;
  readonly sigma: Float32Array;
}

/** The point to begin at: the prior's mean, or that of an autoencoder's codes. */
export function middleOf({ scale }: Model): Float32Array {
  return Float32Array.from(scale.mean);
}

/** The one state that all parts of the page share. */
export class Explorer {
  #model: Model;
  #z: Float32Array;
  #drawn: Drawn | null = null;
  readonly #onMove: (() => void)[] = [];
  readonly #onModel: (() => void)[] = [];

  constructor(model: Model) {
    this.#model = model;
    this.#z = middleOf(model);
  }

  get model(): Model {
    return this.#model;
  }

  /** The current point. */
  get z(): Float32Array {
    return this.#z;
  }

  /** Where the drawing is, if there is one. */
  get drawn(): Drawn | null {
    return this.#drawn;
  }

  /** Goes to a point. */
  moveTo(z: Float32Array): void {
    this.#z = z.slice();
    this.#onMove.forEach((listener) => listener());
  }

  /** Changes some numbers of the current point. */
  turn(...changes: readonly (readonly [dimension: number, to: number])[]) {
    const z = this.#z.slice();
    for (const [dimension, to] of changes) z[dimension] = to;
    this.moveTo(z);
  }

  /** Goes where a drawing is, or forgets it and stays. */
  setDrawn(drawn: Drawn | null): void {
    this.#drawn = drawn;
    this.moveTo(drawn?.mu ?? this.#z);
  }

  /** Explores another model from its middle. */
  setModel(model: Model): void {
    this.#model = model;
    this.#drawn = null;
    this.#z = middleOf(model);
    this.#onModel.forEach((listener) => listener());
    this.moveTo(this.#z);
  }

  /** Runs whenever the current point or the drawing's has changed. */
  onMove(listener: () => void): void {
    this.#onMove.push(listener);
  }

  /** Runs now, and whenever the model has changed. */
  onModel(listener: () => void): void {
    this.#onModel.push(listener);
    listener();
  }
}
