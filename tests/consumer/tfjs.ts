/** Trains, saves, loads and samples with the model on tfjs tensors. */
import {
  encodePng,
  grid,
  loadDataset,
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
console.log(`${digits.length / 784} digits`);
