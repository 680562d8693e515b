/**
 * Trains on a few images for as many epochs as it is told to.
 *
 * `deno run --v8-flags=--expose-gc long_run.ts N` prints what each epoch took:
 * `{ rss, seconds }`, resident bytes without garbage, and seconds.
 */
import { syntheticDataset } from "../../lib/dataset/split.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { createEngine, type EngineChoice } from "../../lib/engines.ts";
import { defaults } from "../../lib/options/table.ts";
import { trainingOptions } from "../../lib/options/run.ts";
import type { EpochEvent } from "../../lib/train/events.ts";
import { trainLoop } from "../../lib/train/trainer.ts";

/** Trains on a few images; `onEpoch` is called after each epoch. */
export async function train(
  choice: EngineChoice,
  epochs: number,
  limit: number,
  onEpoch: (event: EpochEvent, engine: Engine) => void | Promise<void>,
): Promise<void> {
  const dataset = await syntheticDataset({ limit, valSize: 1 });
  const options = {
    ...defaults(trainingOptions),
    latentDim: 3,
    batchSize: 16,
    epochs,
  };
  const engine = await createEngine(options, choice);
  try {
    for await (const event of trainLoop({ engine, dataset, options })) {
      if (event.type === "epoch") await onEpoch(event, engine);
    }
  } finally {
    engine.dispose();
  }
}

if (import.meta.main) {
  const { gc } = globalThis as unknown as { gc: () => void };
  const rss: number[] = [], seconds: number[] = [];
  const choice = { engine: "wasm", threads: 2 } as const;
  await train(choice, Number(Deno.args[0]), 32, async (event) => {
    await event.checkpoint();
    gc();
    rss.push(Deno.memoryUsage().rss);
    seconds.push(event.seconds);
  });
  console.log(JSON.stringify({ rss, seconds }));
}
