/**
 * Trains, saves, loads and samples in Node, from a bundle of the package's
 * `./core`: `node node.mjs BUNDLE`. Prints the digits as JSON.
 */
import { pathToFileURL } from "node:url";

const {
  createEngine,
  decodeCheckpoint,
  encodeCheckpoint,
  priorSample,
  syntheticDataset,
  train,
} = await import(pathToFileURL(process.argv[2]));

const dataset = await syntheticDataset({ limit: 256, valSize: 0 });
let bytes;
for await (const event of train({ dataset, epochs: 1, latentDim: 4 })) {
  if (event.type === "end") bytes = encodeCheckpoint(await event.checkpoint());
}

const { options, state } = decodeCheckpoint(bytes);
const engine = await createEngine(options);
await engine.writeState(state);
const digits = await engine.decode(priorSample(2, options.latentDim, 0));
console.log(JSON.stringify([...digits]));
engine.dispose();
