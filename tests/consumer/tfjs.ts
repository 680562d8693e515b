/**
 * Trains, saves, loads and samples with the model on tfjs tensors, and decodes
 * the same latents on the tfjs engine.
 */
import {
  createEngine,
  encodePng,
  grid,
  loadCheckpoint,
  loadDataset,
  priorSample,
  saveCheckpoint,
  train,
  useTfBackend,
  VAE,
} from "@vae/mnist";

const dataset = await loadDataset({ dataset: "synthetic", limit: 640 });
for await (const event of train({ dataset, epochs: 1, latentDim: 4 })) {
  if (event.type !== "end") continue;
  await saveCheckpoint("tfjs.safetensors", await event.checkpoint());
}

await useTfBackend("cpu");
const model = await VAE.load("tfjs.safetensors");
const digits = await model.sample(4).data<"float32">();
await Deno.writeFile("samples.png", encodePng(grid(digits)));

const { options, state } = await loadCheckpoint("tfjs.safetensors");
const engine = await createEngine(options, {
  engine: "tfjs",
  tfBackend: "cpu",
});
await engine.writeState(state);
const again = await engine.decode(priorSample(4, 4, options.seed));
engine.dispose();
const isSame = again.every((pixel, i) => pixel === digits[i]);
const verdict = isSame ? "the same" : "others";
console.log(`${digits.length / 784} digits, ${verdict} from ${engine.name}`);
