/// <reference lib="dom" />
/**
 * The plane of two dimensions that the map and the grid of digits show.
 *
 * @module
 */
import { byId, make } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, texts } from "./language.ts";
import { nameOf } from "./names.ts";
import { number } from "./numbers.ts";

/** Which plane, and where on a square canvas its points are. */
export class Plane {
  readonly #explorer: Explorer;
  readonly #onChange: (() => void)[] = [];
  readonly #selects = [
    byId<HTMLSelectElement>("map-x"),
    byId<HTMLSelectElement>("map-y"),
  ];

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    explorer.onModel(() => this.#fillSelects(first(explorer)));
    onLanguage(() => this.#fillSelects(this.dimensions));
    for (const select of this.#selects) {
      select.addEventListener("change", () => this.#changed());
    }
  }

  /** The dimensions to the right and upward. */
  get dimensions(): [number, number] {
    return this.#selects.map(({ value }) => Number(value)) as [number, number];
  }

  /** Chooses the dimensions to the right and upward. */
  show(dimensions: readonly [number, number]): void {
    this.#selects.forEach((select, i) => select.value = String(dimensions[i]));
    this.#changed();
  }

  /** Runs when other dimensions are chosen. */
  onChange(listener: () => void): void {
    this.#onChange.push(listener);
  }

  /** Where a point is, in parts of the canvas from the left and the top. */
  place(z: ArrayLike<number>, first = 0): [number, number] {
    const { range } = this.#explorer.model;
    const [right, up] = this.dimensions;
    return [
      0.5 + z[first + right] / (2 * range),
      0.5 - z[first + up] / (2 * range),
    ];
  }

  /** The current point, moved to where a pointer is. */
  pointAt(event: MouseEvent): Float32Array {
    const { z, model: { range } } = this.#explorer;
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const [right, up] = this.dimensions;
    const clamp = (part: number) => Math.max(-1, Math.min(1, 2 * part - 1));
    const point = z.slice();
    point[right] = range * clamp((event.clientX - box.left) / box.width);
    // If both are the same dimension it is the one to the right that counts.
    if (up !== right) {
      point[up] = -range * clamp((event.clientY - box.top) / box.height);
    }
    return point;
  }

  #changed(): void {
    this.#onChange.forEach((listener) => listener());
  }

  /** Names the dimensions, and chooses two. */
  #fillSelects(chosen: [number, number]): void {
    const { order, kl } = this.#explorer.model;
    this.#selects.forEach((select, i) => {
      select.replaceChildren(...order.map((dimension) => {
        const name = nameOf(dimension);
        return make("option", {
          value: String(dimension),
          textContent: kl === null
            ? name
            : texts().map.nats(name, number(kl[dimension], 2)),
        });
      }));
      select.value = String(chosen[i]);
    });
  }
}

/** The two that tell most; twice the same if there is one. */
function first({ model: { order } }: Explorer): [number, number] {
  return [order[0], order[Math.min(1, order.length - 1)]];
}
