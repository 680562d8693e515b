/** What a program hands over that is none of it: one clear line each. */
import { assertRejects } from "@std/assert";
import {
  checkpointOf,
  createEngine,
  decodeCheckpoint,
  drawSamples,
  grid,
  imageTensor,
  loadDataset,
  rateDistortion,
  syntheticDataset,
  train,
  useTfBackend,
  VAE,
} from "../mod.ts";

const MODEL = {
  ...{ latentDim: 2, likelihood: "mse", autoencoder: false } as const,
  ...{ batchSize: 4, seed: 0 },
};
const IMAGES = await syntheticDataset({ limit: 8, valSize: 0 });

/** What training is refused with before it begins. */
const trains = (setup: unknown) => train(setup as never).next();

await useTfBackend("cpu");

const REFUSALS: [refused: () => unknown, message: string][] = [
  [
    () => createEngine(MODEL, { engine: "cuda" } as never),
    "an engine is chosen by { engine: NAME }, where NAME is one of auto, " +
    'webgpu, wasm, tfjs, not {"engine":"cuda"}',
  ],
  [() => createEngine(MODEL, "wasm" as never), 'tfjs, not "wasm"'],
  [() => trains({ dataset: IMAGES, engine: "wasm" }), 'tfjs, not "wasm"'],
  [
    () => trains({ dataset: IMAGES, conditional: "yes" }),
    'conditional takes true or false, not "yes"',
  ],
  [
    () => trains({ dataset: "mnist" }),
    "dataset takes what loadDataset() or imageDataset() resolves to, not " +
    '"mnist"',
  ],
  [() => trains(undefined), "resolves to, not missing"],
  [
    () => trains({ dataset: Promise.resolve(IMAGES) }),
    "resolves to, not another object",
  ],
  [
    () => loadDataset("synthetic" as never),
    'takes an object, as { dataset: "sy',
  ],
  [
    () => checkpointOf({ options: MODEL, dataset: IMAGES } as never),
    "resolves to: state is missing",
  ],
  [() => checkpointOf({} as never), "resolves to, not missing"],
  [
    () => decodeCheckpoint(new ArrayBuffer(9) as never),
    "a checkpoint is read from a Uint8Array, not an ArrayBuffer",
  ],
  [() => decodeCheckpoint("a.safetensors" as never), 'not "a.safetensors"'],
  [
    () => imageTensor(new Uint8Array(783)),
    "783 pixels are no images of 784 each",
  ],
  [
    () =>
      rateDistortion(
        [{ beta: 1, latentDim: 2, rate: 1, distortion: 1 }],
        {} as never,
      ),
    "yLabel is missing: what the distortion is, and its unit",
  ],
  [
    () => grid(new Uint8Array(784), { colums: 1 } as never),
    "there is no option colums",
  ],
  [
    () => drawSamples(new VAE({ latentDim: 2 }) as never),
    "pictures are drawn by an engine, not by a VAE",
  ],
];

for (const [refused, message] of REFUSALS) {
  const call = String(refused).replace(/^\(\)\s*=>\s*/, "");
  Deno.test(`${call.replaceAll(/\s+/g, " ")} is refused`, async () => {
    await assertRejects(async () => await refused(), Error, message);
  });
}
