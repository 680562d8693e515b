/**
 * Where the reader is: the model, the current point, the class that is drawn
 * there, and who wants to know.
 *
 * @module
 */
import { className } from "../../dataset/class_names.ts";
import type { Labels } from "../../engine/engine.ts";
import type { Model } from "./model.ts";

/** A picture, drawn or chosen, and what the encoder says of it. */
export interface Drawn {
  /** [784] */
  readonly image: Uint8Array;
  readonly mu: Float32Array;
  readonly sigma: Float32Array;
  /** Which of the model's pictures it is, if it is one. */
  readonly index?: number;
}

/** A draw from what the encoder says of a picture. */
export interface Roll {
  readonly picture: Drawn;
  /** What the dice say: [latentDim] from N(0, I), or zeros for the mean. */
  readonly epsilon: Float32Array;
  /** z = μ + σ·ε */
  readonly z: Float32Array;
  /** [n, latentDim] draws from the same distribution; z is one, if drawn. */
  readonly cloud: Float32Array;
}

/** The point to begin at: the prior's mean, or that of an autoencoder's codes. */
export function middleOf({ scale }: Model): Float32Array {
  return Float32Array.from(scale.mean);
}

/** The one state that all parts of the page share. */
export class Explorer {
  #model: Model;
  #z: Float32Array;
  #label = 0;
  #drawn: Drawn | null = null;
  #roll: Roll | null = null;
  readonly #onLabel: (() => void)[] = [];
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

  /** What was drawn from a picture's distribution last. */
  get roll(): Roll | null {
    return this.#roll;
  }

  /** The class that is drawn, if the model is told of classes. */
  get label(): number {
    return this.#label;
  }

  /** What a class is called. */
  nameOf(label: number): string {
    return className(this.#model.classes, label);
  }

  /** Decodes [n, latentDim] latents as the chosen class, unless other labels are given. */
  decode(z: Float32Array, labels?: Labels): Promise<Float32Array> {
    const { engine, options: { latentDim } } = this.#model;
    return engine.decode(z, labels ?? this.#labels(z.length / latentDim));
  }

  /** Encodes one image as the chosen class. */
  encode(
    image: Uint8Array,
  ): Promise<{ mu: Float32Array; logvar: Float32Array }> {
    return this.#model.engine.encode(image, this.#labels(1));
  }

  /** The reconstruction loss of an image that z is drawn as, with the chosen class. */
  async score(z: Float32Array, image: Uint8Array): Promise<number> {
    const [loss] = await this.#model.engine.score(z, image, this.#labels(1));
    return loss;
  }

  #labels(count: number): Labels {
    return new Uint8Array(count).fill(this.#label);
  }

  /** Chooses a class; the point stays. */
  setLabel(label: number): void {
    if (label === this.#label) return;
    this.#label = label;
    this.#onLabel.forEach((listener) => listener());
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

  /** Takes a draw from a picture's distribution; the point stays. */
  setRoll(roll: Roll): void {
    this.#roll = roll;
    this.#onMove.forEach((listener) => listener());
  }

  /** Explores another model from its middle. */
  setModel(model: Model): void {
    this.#model = model;
    this.#label = 0;
    this.#drawn = null;
    this.#roll = null;
    this.#z = middleOf(model);
    this.#onModel.forEach((listener) => listener());
    this.moveTo(this.#z);
  }

  /** Runs whenever another class is chosen. */
  onLabel(listener: () => void): void {
    this.#onLabel.push(listener);
  }

  /** Runs whenever the current point, the drawing or the draw has changed. */
  onMove(listener: () => void): void {
    this.#onMove.push(listener);
  }

  /** Runs now, and whenever the model has changed. */
  onModel(listener: () => void): void {
    this.#onModel.push(listener);
    listener();
  }
}
