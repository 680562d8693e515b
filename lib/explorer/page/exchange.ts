/// <reference lib="dom" />
/**
 * Goes from the model that the page was made for to another, and back.
 *
 * @module
 */
import { byId, onClick, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { texts } from "./language.ts";
import type { Model } from "./model.ts";

/** The explored model's place, and the way back to the first one. */
export class Exchange {
  readonly original: Model;
  readonly #explorer: Explorer;

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    this.original = explorer.model;
    onClick("back", () => {
      this.explore(this.original);
      say(texts().train.atOriginal);
    });
  }

  /** Explores another model; the one before is given up unless it is the first. */
  explore(model: Model): void {
    const before = this.#explorer.model;
    this.#explorer.setModel(model);
    if (before !== this.original) before.engine.dispose();
    byId("back").hidden = model === this.original;
    scrollTo({ top: 0 });
  }
}
