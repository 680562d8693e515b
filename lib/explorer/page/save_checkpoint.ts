/// <reference lib="dom" />
/**
 * A training run in the page as a checkpoint that the tasks open.
 *
 * @module
 */
import { encodeCheckpoint } from "../../checkpoint/codec.ts";
import type { Checkpoint } from "../../checkpoint/metadata.ts";
import { DIGITS } from "../../dataset/class_names.ts";
import { type Dataset, sha256 } from "../../dataset/split.ts";
import { synthesize } from "../../dataset/synthetic.ts";
import { dataOptions } from "../../options/run.ts";
import { defaults } from "../../options/table.ts";
import { byId, make, onClick, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { texts } from "./language.ts";

/** Where the synthetic data set's images for validation begin, of 60,000. */
const WHOLE = 60_000;

/**
 * The synthetic digits as the tasks have them with these options: a run on them can
 * go on there.
 */
export async function pageDataset(
  limit: number,
  valSize: number,
): Promise<Dataset> {
  const part = (first: number, count: number) => ({
    ...synthesize(count, { seed: 0, first }),
    count,
  });
  const train = part(0, limit);
  return {
    name: "synthetic",
    // Where the page was not served safely there is no cryptography.
    digest: crypto.subtle ? await sha256(train.images) : "",
    classes: DIGITS,
    train,
    validation: part(WHOLE - valSize, Math.min(valSize, limit)),
    test: null,
    heldOut: valSize,
    notes: [],
    options: {
      ...defaults(dataOptions),
      ...{ dataset: "synthetic", limit, valSize },
    },
  };
}

/** The bytes of a checkpoint of a run on {@linkcode pageDataset}. */
export function pageCheckpoint(
  { data, ...run }: Checkpoint,
): Uint8Array<ArrayBuffer> {
  return encodeCheckpoint({
    ...run,
    data: { ...data, digest: data.digest || null },
  });
}

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
