/// <reference lib="dom" />
/**
 * Goes from the model that the page was made for to another, and back.
 *
 * @module
 */
import type { Texts } from "../texts/en.ts";
import { byId, onClick, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { texts, write } from "./language.ts";
import type { Model } from "./model.ts";

/** The explored model's place, and the way back to the first one. */
export class Exchange {
  readonly original: Model;
  readonly #explorer: Explorer;

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    this.original = explorer.model;
    onClick("back", () => {
      this.explore(this.original, ({ train }) => train.atOriginal);
    });
  }

  /**
   * Explores another model; the one before is given up unless it is the first.
   *
   * @param note What is said of it, and stands beside the way back.
   */
  explore(model: Model, note: (texts: Texts) => string): void {
    const before = this.#explorer.model;
    this.#explorer.setModel(model);
    if (before !== this.original) before.engine.dispose();
    byId("back").hidden = model === this.original;
    write(byId("file-status"), model === this.original ? () => "" : note);
    say(note(texts()));
    scrollTo({ top: 0 });
  }
}
