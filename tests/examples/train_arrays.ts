// deno run --allow-read=. --allow-write=. train_arrays.ts [EPOCHS] [IMAGES]
import * as vae from "jsr:@vae/mnist/core";

const [epochs = 10, n = 6400] = Deno.args.map(Number);
const dataset = await vae.syntheticDataset({ limit: n, valSize: 0 });
const model = { latentDim: 8, likelihood: "bce", autoencoder: false } as const;
const engine = await vae.createEngine({ ...model, batchSize: 64, seed: 0 });
engine.setImages(dataset.train.images);
let beta = 0;
for (let epoch = 1, step = 0; epoch <= epochs; epoch++) {
  engine.setOrder(vae.permutation(n, vae.streamKey(0, "shuffle"), epoch));
  for (let first = 0; first < n; first += 64, step++) {
    const count = Math.min(64, n - first); // the last may have fewer
    beta = Math.sin(step / 100) ** 2; // in waves
    const hyper = { beta, capacity: 0, learningRate: 0.003 * 0.999 ** step };
    await engine.trainStep({ first, count, step }, hyper);
  }
  const { reconstruction, kl } = vae.meanLosses(await engine.takeLosses());
  console.log(`${epoch}: ${reconstruction.toFixed(1)} + ${kl.toFixed(1)} nats`);
}
const state = await engine.readState();
const options = { ...engine.options, beta, epochs };
const checkpoint = vae.checkpointOf({ options, dataset, state });
await Deno.writeFile("vae.safetensors", vae.encodeCheckpoint(checkpoint));
engine.dispose();
