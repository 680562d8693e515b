import { assertEquals, assertThrows } from "@std/assert";
import {
  type Checkpoint,
  CheckpointError,
  checkpointOf,
  createEngine,
  decodeCheckpoint,
  encodeCheckpoint,
  type EpochRecord,
  meanLosses,
  permutation,
  RunError,
  streamKey,
  syntheticDataset,
  train,
} from "../lib/core.ts";
import { OptionError } from "../lib/options/table.ts";

const dataset = await syntheticDataset({ limit: 100, valSize: 0 });
const OPTIONS = { latentDim: 2, batchSize: 40, beta: 4, seed: 5, epochs: 2 };
const ENGINE = { engine: "wasm", threads: 1 } as const;

/** The loop that `train()` is, written out. */
async function loop(): Promise<Parameters<typeof checkpointOf>[0]> {
  const model = { likelihood: "mse", autoencoder: false } as const;
  const engine = await createEngine({ ...OPTIONS, ...model }, ENGINE);
  const { images, count } = dataset.train;
  const key = streamKey(OPTIONS.seed, "shuffle");
  const history: EpochRecord[] = [];
  engine.setImages(images);
  let step = 0;
  for (let epoch = 1; epoch <= OPTIONS.epochs; epoch++) {
    engine.setOrder(permutation(count, key, epoch));
    const hyper = { beta: 4, capacity: 0, learningRate: 0.001 };
    for (let first = 0; first < count; first += 40) {
      const rows = Math.min(40, count - first);
      await engine.trainStep({ first, count: rows, step: step++ }, hyper);
    }
    const sums = await engine.takeLosses();
    history.push({
      ...{ epoch, step, beta: 4, capacity: 0, validation: null },
      train: meanLosses(sums),
      klPerDimension: [...sums.klPerDimension].map((kl) => kl / count),
    });
  }
  const state = await engine.readState();
  const options = { ...engine.options, beta: 4, epochs: 2 };
  engine.dispose();
  return { options, dataset, state, history };
}

const run = await loop();

Deno.test("checkpointOf() makes of one's own loop what train() makes", async () => {
  let trained: Checkpoint | undefined;
  for await (
    const event of train({ ...OPTIONS, dataset, engine: ENGINE })
  ) {
    if (event.type === "end") trained = await event.checkpoint();
  }
  assertEquals(checkpointOf(run), trained);
  const { history, ...without } = run;
  const saved = decodeCheckpoint(encodeCheckpoint(checkpointOf(without)));
  assertEquals(saved, { ...trained!, history: [] });
  assertEquals(history!.length, 2);
});

Deno.test("checkpointOf() says what it refuses", () => {
  const { state, history } = run;
  const spoilt = state.parameters.with(0, NaN);
  for (
    const [change, kind, message] of [
      [{ options: { latentDim: 3 } }, RangeError, "parameters has"],
      [{ options: { latent: 3 } }, OptionError, "no option latent"],
      [{ options: { classCount: 10 } }, RangeError, "parameters has"],
      [{ options: { patience: 3, latentDim: 2 } }, RunError, "patience"],
      [
        { state: { ...state, parameters: spoilt } },
        CheckpointError,
        "encoder.0.weight",
      ],
      [{ history: [history![1]] }, CheckpointError, "history[0].epoch"],
      [{ state: { ...state, step: -1 } }, CheckpointError, "step"],
    ] as const
  ) {
    const given = { ...run, ...change } as typeof run;
    assertThrows(() => checkpointOf(given), kind, message);
  }
});
