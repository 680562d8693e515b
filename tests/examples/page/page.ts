/// <reference lib="dom" />
// deno bundle --platform browser --format iife --output page.js page.ts
import {
  createEngine,
  priorSample,
  syntheticDataset,
  train,
} from "jsr:@vae/mnist/core";

const button = document.querySelector("button")!;
const output = document.querySelector("output")!;
const canvas = document.querySelector("canvas")!.getContext("2d")!;

button.onclick = async () => {
  button.disabled = true;
  const dataset = await syntheticDataset({ limit: 2560, valSize: 0 });
  const model = { likelihood: "bce", autoencoder: false } as const;
  const options = { ...model, latentDim: 8, batchSize: 64, seed: 0 };
  const engine = await createEngine(options);
  const z = priorSample(64, 8, 0);
  for await (
    const event of train({ ...options, dataset, engine, epochs: 10, lr: 0.003 })
  ) {
    if (event.type !== "epoch") continue;
    const { epoch, train } = event.record;
    output.value = `epoch ${epoch}: ${train.total.toFixed(1)} nats`;
    draw(await engine.decode(z));
    await new Promise(requestAnimationFrame); // the page shows it
  }
  engine.dispose();
  button.disabled = false;
};

/** Draws 8 × 8 digits. */
function draw(digits: Float32Array): void {
  const picture = canvas.createImageData(224, 224);
  digits.forEach((mean, i) => {
    const [digit, y, x] = [i / 784, i / 28 % 28, i % 28].map(Math.floor);
    const row = 28 * Math.floor(digit / 8) + y;
    const at = 4 * (224 * row + 28 * (digit % 8) + x);
    picture.data.set([255 * mean, 255 * mean, 255 * mean, 255], at);
  });
  canvas.putImageData(picture, 0, 0);
}
