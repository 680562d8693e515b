/// <reference lib="dom" />
/**
 * A training run in the page as a checkpoint that the tasks open.
 *
 * @module
 */
import { byId, make, onClick, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { texts } from "./language.ts";

/** Offers to save what came out of training while it is explored. */
export function startSaving(explorer: Explorer): void {
  explorer.onModel(() =>
    byId("save-checkpoint").hidden = !explorer.model.checkpoint
  );
  onClick("save-checkpoint", () => {
    const { checkpoint } = explorer.model;
    if (!checkpoint) return;
    const name = "trained.safetensors";
    const href = URL.createObjectURL(new Blob([checkpoint()]));
    make("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    say(texts().files.saved(name));
  });
}
