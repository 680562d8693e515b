// deno run --allow-read anomalies.ts FOLDER [CHECKPOINT]
import * as vae from "jsr:@vae/mnist";

const [folder, path = "vae.safetensors"] = Deno.args;
const { options, state } = await vae.loadCheckpoint(path);
const engine = await vae.createEngine(options);
await engine.writeState(state);

const all = { images: folder, valSize: 0, testSize: 0 };
const { train: images } = await vae.loadDataset(all);
const measured = { engine, model: options, images, samples: 10 };
const { reconstruction, kl } = await vae.encodeImages(measured);
engine.dispose();

const scores = images.names!.map((name, i) => {
  return { name, score: reconstruction[i] + (kl ? kl[i] : 0) };
});
for (const { name, score } of scores.sort((a, b) => b.score - a.score)) {
  console.log(`${score.toFixed(1).padStart(8)}  ${name}`);
}
