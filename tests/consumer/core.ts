/** Trains 200 steps, saves, loads and samples, on typed arrays alone. */
import {
  createEngine,
  decodeCheckpoint,
  encodeCheckpoint,
  priorSample,
  syntheticDataset,
  train,
} from "@vae/mnist/core";

const dataset = await syntheticDataset({ limit: 6400, valSize: 0 });
const run = train({ dataset, batchSize: 64, epochs: 2, latentDim: 8 });
for await (const event of run) {
  if (event.type !== "end") continue;
  const checkpoint = await event.checkpoint();
  await Deno.writeFile("vae.safetensors", encodeCheckpoint(checkpoint));
  console.log(`${checkpoint.state.step} steps`);
}

const saved = decodeCheckpoint(await Deno.readFile("vae.safetensors"));
const engine = await createEngine(saved.options);
await engine.writeState(saved.state);
const digits = await engine.decode(priorSample(16, 8, 0));
console.log(`${digits.length / 784} digits`);
engine.dispose();
