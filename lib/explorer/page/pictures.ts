/// <reference lib="dom" />
/**
 * The pictures that the page holds: which one is looked at, and what the network
 * makes of it.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { byId, onClick, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, texts, write } from "./language.ts";
import type { Model } from "./model.ts";
import { number } from "./numbers.ts";
import { paint } from "./picture.ts";
import { onTheme } from "./theme.ts";

/** Pictures that are measured before what moves may move. */
const AT_ONCE = 16;

/** A picture that was chosen. */
interface Chosen {
  readonly index: number;
  readonly label: number | null;
  /** [784] from 0 to 1: the picture, and what the network draws of its μ. */
  readonly pixels: Float32Array;
  readonly reconstruction: Float32Array;
  /** −log p(x|μ) as the model's loss has it. */
  readonly error: number;
}

/** What is chosen among the pictures, and the panel that shows it. */
export class Pictures {
  readonly #explorer: Explorer;
  readonly #onOnly: (() => void)[] = [];
  #chosen: Chosen | null = null;
  #only: number | null = null;
  /** The mean error of a model's pictures, once it is known. */
  #mean: { model: Model; error: number } | null = null;

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    onTheme(() => this.#show());
    onLanguage(() => this.#show());
    explorer.onModel(() => {
      this.#chosen = null;
      this.#only = null;
      this.#show();
    });
    onClick("previous-picture", () => this.step(-1));
    onClick("next-picture", () => this.step(1));
    for (const id of ["map", "picture"]) {
      byId(id).addEventListener("keydown", ({ key, metaKey }) => {
        if (metaKey) return;
        if (key === "[") this.step(-1);
        if (key === "]") this.step(1);
      });
    }
  }

  /** How many there are. */
  get count(): number {
    return this.#explorer.model.images.length / IMAGE_PIXELS;
  }

  /** The class that is looked at alone, or null if all are. */
  get only(): number | null {
    return this.#only;
  }

  /** Looks at one class alone, or at all. */
  setOnly(label: number | null): void {
    this.#only = label;
    this.#onOnly.forEach((listener) => listener());
  }

  /** Runs when another class is looked at. */
  onOnly(listener: () => void): void {
    this.#onOnly.push(listener);
  }

  /** Says whether a picture is of what is looked at. */
  isShown(index: number): boolean {
    const { labels } = this.#explorer.model;
    return this.#only === null || labels?.[index] === this.#only;
  }

  /** Goes on to the next picture of what is looked at, or to the one before. */
  step(by: 1 | -1): void {
    const { count } = this;
    let index = this.#chosen?.index ?? (by > 0 ? -1 : 0);
    for (let tried = 0; tried < count; tried++) {
      index = (index + by + count) % count;
      if (this.isShown(index)) return void this.choose(index);
    }
  }

  /** Goes to where the network puts a picture, and says how well it draws it. */
  async choose(index: number): Promise<void> {
    const explorer = this.#explorer;
    const { model } = explorer;
    const { images, engine } = model;
    const first = index * IMAGE_PIXELS;
    const image = images.slice(first, first + IMAGE_PIXELS);
    const label = model.labels?.[index] ?? null;
    const labels = Uint8Array.of(label ?? 0);
    const isGone = () => explorer.model !== model;
    const { mu, logvar } = await engine.encode(image, labels);
    if (isGone()) return;
    const reconstruction = Float32Array.from(await engine.decode(mu, labels));
    if (isGone()) return;
    const [error] = await engine.score(mu, image, labels);
    if (isGone()) return;
    const pixels = Float32Array.from(image, (byte) => byte / 255);
    this.#chosen = { index, label, pixels, reconstruction, error };
    if (label !== null && label < model.classCount) explorer.setLabel(label);
    const sigma = logvar.map((v) => Math.exp(v / 2));
    explorer.setDrawn({ image, mu: mu.slice(), sigma, index });
    this.#show();
    say(this.#sentence());
    await this.#measure(model);
  }

  /** Averages the errors of all: what is good or bad is so among them. */
  async #measure(model: Model): Promise<void> {
    if (this.#mean?.model === model) return;
    const { engine, images, labels } = model;
    const { count } = this;
    let sum = 0;
    for (let first = 0; first < count; first += AT_ONCE) {
      const end = Math.min(count, first + AT_ONCE);
      const some = images.subarray(first * IMAGE_PIXELS, end * IMAGE_PIXELS);
      const of = labels?.slice(first, end) ?? new Uint8Array(end - first);
      const { mu } = await engine.encode(some, of);
      if (this.#explorer.model !== model) return;
      const errors = await engine.score(mu.slice(), some, of);
      sum += errors.reduce((a, b) => a + b);
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (this.#explorer.model !== model) return;
    }
    this.#mean = { model, error: sum / count };
    this.#show();
  }

  #sentence(): string {
    const { map } = texts();
    const { index, label, error } = this.#chosen!;
    const { options: { likelihood } } = this.#explorer.model;
    const name = label === null ? null : this.#explorer.nameOf(label);
    return map.picture(
      index + 1,
      name,
      map.error(likelihood, number(error, 1)),
    );
  }

  #show(): void {
    const panel = byId("picture");
    panel.hidden = this.count === 0;
    const chosen = this.#chosen;
    byId("picture-pair").hidden = chosen === null;
    if (!chosen) {
      const { count } = this;
      write(byId("picture-words"), ({ map }) => map.noPicture(count));
      return;
    }
    paint(byId<HTMLCanvasElement>("picture-image"), chosen.pixels);
    paint(
      byId<HTMLCanvasElement>("picture-reconstruction"),
      chosen.reconstruction,
    );
    const mean = this.#mean?.model === this.#explorer.model
      ? this.#mean.error
      : null;
    write(
      byId("picture-words"),
      ({ map }) =>
        mean === null
          ? this.#sentence()
          : `${this.#sentence()} ${map.meanError(this.count, number(mean, 1))}`,
    );
  }
}
