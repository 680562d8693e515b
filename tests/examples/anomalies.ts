// deno run --allow-read anomalies.ts FOLDER [CHECKPOINT]
import { createEngine, loadCheckpoint, loadDataset } from "jsr:@vae/mnist";

const [folder, path = "vae.safetensors"] = Deno.args;
const { options, state } = await loadCheckpoint(path);
const engine = await createEngine(options);
await engine.writeState(state);

const all = { images: folder, valSize: 0, testSize: 0 };
const { train: { images, labels, names } } = await loadDataset(all);
const { mu, logvar } = await engine.encode(images, labels);
const distortion = await engine.score(mu, images, labels);
engine.dispose();

/** Nats that the code of an image costs: KL(q(z|x) ‖ N(0, I)). */
function rate(image: number): number {
  const at = image * options.latentDim;
  return mu.subarray(at, at + options.latentDim).reduce((sum, m, i) => {
    const v = logvar[at + i];
    return sum + (m * m + Math.exp(v) - 1 - v) / 2;
  }, 0);
}

const scores = names!.map((name, i) => ({
  name,
  score: distortion[i] + rate(i),
}));
for (const { name, score } of scores.sort((a, b) => b.score - a.score)) {
  console.log(`${score.toFixed(1).padStart(8)}  ${name}`);
}
