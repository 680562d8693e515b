/**
 * Jupyter, as far as it is there, and one output of a cell, which may change.
 *
 * @module
 */
import type { MimeBundle } from "../image/display.ts";

/** What Deno's kernel has of Jupyter's messages. */
export interface Jupyter {
  /** Sends a message to whoever shows the notebook. */
  broadcast(type: string, content: Record<string, unknown>): Promise<void>;
}

/**
 * Milliseconds for what was sent to be on its way. Deno's kernel (2.9.6) may say
 * that a cell is done before that, and what comes later a page throws away.
 */
const SENDING = 100;

/** Returns Jupyter's messages; nothing outside a notebook. */
export function findJupyter(): Jupyter | undefined {
  try {
    return (Deno as { jupyter?: Jupyter }).jupyter;
  } catch {
    return undefined; // Deno's getter throws; elsewhere there is no Deno
  }
}

/** Stands below the cell that was running when it was first shown. */
export class Output {
  readonly #jupyter: Jupyter;
  readonly #id = crypto.randomUUID();
  #isShown = false;

  /** Begins with nothing to see. */
  constructor(jupyter: Jupyter) {
    this.#jupyter = jupyter;
  }

  /** Shows this in place of what was there. */
  async show(data: MimeBundle): Promise<void> {
    const type = this.#isShown ? "update_display_data" : "display_data";
    this.#isShown = true;
    const transient = { display_id: this.#id };
    await this.#jupyter.broadcast(type, { data, metadata: {}, transient });
  }

  /** Shows this as the last thing that the cell does. */
  async showLast(data: MimeBundle): Promise<void> {
    await this.show(data);
    await new Promise((resolve) => setTimeout(resolve, SENDING));
  }
}
