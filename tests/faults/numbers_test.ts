/**
 * Numbers that are not, and data and options at their ends: training gives
 * finite losses and a checkpoint that can be written, or stops with its reason.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotMatch,
} from "@std/assert";
import { join } from "node:path";
import { encodeCheckpoint } from "../../lib/checkpoint/codec.ts";
import { writeIdx } from "../../lib/formats/idx.ts";
import { imageDataset } from "../../lib/dataset/image_dataset.ts";
import { type Dataset, syntheticDataset } from "../../lib/dataset/split.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { createEngine } from "../../lib/engines.ts";
import { initialState, type TrainState } from "../../lib/model/init.ts";
import { IMAGE_PIXELS, modelSpec } from "../../lib/model/spec.ts";
import { completeOptions, defaults } from "../../lib/options/table.ts";
import {
  type TrainingOptions,
  trainingOptions,
} from "../../lib/options/run.ts";
import { NonFiniteLossError } from "../../lib/train/events.ts";
import { trainLoop } from "../../lib/train/trainer.ts";
import { inFolder } from "../folder.ts";
import { refuses, runTask, runWell } from "../process.ts";
import type { TaskName } from "../tasks.ts";
import { webgpuIsMissing } from "../webgpu.ts";

const engines = webgpuIsMissing
  ? ["wasm"] as const
  : ["wasm", "webgpu"] as const;

const COUNT = 24;
const flat = (value: number) =>
  new Uint8Array(COUNT * IMAGE_PIXELS).fill(value);
const { train: digits } = await syntheticDataset({ limit: COUNT });

const datasets: Record<string, Dataset> = {
  "one image": await imageDataset("one", digits.images.slice(0, IMAGE_PIXELS)),
  "all black": await imageDataset("black", flat(0), { valSize: 4 }),
  "all white": await imageDataset("white", flat(255), { valSize: 4 }),
  digits: await imageDataset("digits", digits.images, { valSize: 4 }),
};

const BASE = { epochs: 2, batchSize: 8, latentDim: 2 };

/**
 * Trains in an engine whose state `prepare` may spoil.
 *
 * @returns Whether it came to its end; if not, it said why.
 */
async function trains(
  engineName: "wasm" | "webgpu",
  dataset: Dataset,
  given: Partial<TrainingOptions>,
  prepare: (engine: Engine) => Promise<void> = () => Promise.resolve(),
): Promise<boolean> {
  const options = completeOptions(trainingOptions, { ...BASE, ...given });
  const engine = await createEngine(options, {
    engine: engineName,
    threads: 1,
  });
  try {
    await prepare(engine);
    for await (const event of trainLoop({ engine, dataset, options })) {
      if (event.type === "progress") continue;
      encodeCheckpoint(await event.checkpoint()); // refuses what is not finite
      if (event.type === "end") {
        const sets = [dataset.train.images, dataset.validation.images];
        for (const images of sets) {
          const { mu, logvar } = await engine.encode(images);
          assert([...mu, ...logvar].every(Number.isFinite));
          assert((await engine.decode(mu)).every(Number.isFinite));
        }
      }
    }
    return true;
  } catch (error) {
    assertInstanceOf(error, NonFiniteLossError);
    assertMatch(error.message, /step \d+ .*: try a smaller learning rate$/);
    return false;
  } finally {
    engine.dispose();
  }
}

const extremes: readonly Partial<TrainingOptions>[] = [
  { beta: 0 },
  { beta: 1e6 },
  { batchSize: 1 },
  { latentDim: 1 },
  { latentDim: 512 },
  { autoencoder: true },
  { lr: 1e-9 },
];

for (const engine of engines) {
  const chosen = Object.entries(datasets)
    .filter(([name]) => engine === "wasm" || name === "all black");
  for (const [name, dataset] of chosen) {
    Deno.test(`trainLoop() on ${engine} learns from ${name} whatever the options`, async () => {
      for (const [i, options] of extremes.entries()) {
        // One that is emulated takes its time: every second combination.
        const likelihoods = engine === "wasm"
          ? ["mse", "bce"] as const
          : [i % 2 ? "mse" : "bce"] as const;
        for (const likelihood of likelihoods) {
          const given = { ...options, likelihood };
          const done = await trains(engine, dataset, given);
          assert(done, Deno.inspect(given));
        }
      }
    });

    Deno.test(`trainLoop() on ${engine} stops, or gets through, where ${name} diverge`, async () => {
      let stopped = 0;
      for (
        const options of [
          { lr: 10 },
          { lr: 1 },
          { lr: 10, beta: 0 },
          { lr: 10, beta: 1e6, capacity: 10_000 },
          { lr: 1, beta: 1e6, capacity: 10_000, latentDim: 512 },
          { lr: 10, autoencoder: true },
          { lr: 10, autoencoder: true, batchSize: 1 },
        ]
      ) {
        if (!await trains(engine, dataset, { ...options, epochs: 3 })) {
          stopped++;
        }
      }
      assert(stopped > 0);
    });
  }

  Deno.test(`trainLoop() on ${engine} stops where any weight is NaN or infinite`, async () => {
    const spec = modelSpec(BASE.latentDim);
    const places = [
      ...spec.parameters.map(({ name, offset }) =>
        ["parameters", name, offset] as const
      ),
      ...spec.running.map(({ name, offset }) =>
        ["running", name, offset] as const
      ),
      ["expAvg", "first moment", 7],
      ["expAvgSq", "second moment", 7],
    ] as const;
    for (const [arena, name, at] of places) {
      // Both where a run is quick; an emulated GPU is not.
      for (const value of engine === "wasm" ? [NaN, Infinity] : [NaN]) {
        const done = await trains(
          engine,
          datasets.digits,
          {},
          async (engine) => {
            const state: TrainState = await engine.readState();
            state[arena][at] = value;
            await engine.writeState(state);
          },
        );
        assert(!done, `${value} in ${name} had no consequences`);
      }
    }
  });

  Deno.test(`trainLoop() on ${engine} stops where a gradient is NaN or infinite`, async () => {
    for (const value of [NaN, Infinity, -Infinity, 3e38]) {
      const done = await trains(engine, datasets.digits, {}, (engine) => {
        const step = engine.trainStep.bind(engine);
        engine.trainStep = (batch, hyper) => {
          const epsilon = new Float32Array(batch.count * BASE.latentDim);
          if (batch.step === 1) epsilon[3] = value;
          return step({ ...batch, epsilon }, hyper);
        };
        return Promise.resolve();
      });
      assert(!done, `${value} had no consequences`);
    }
  });
}

/** IDX files of a data set's images. */
async function writeImages(folder: string): Promise<void> {
  for (
    const [name, images] of [
      ["one", digits.images.slice(0, IMAGE_PIXELS)],
      ["black", flat(0)],
    ] as const
  ) {
    const shape = [images.length / IMAGE_PIXELS, 28, 28];
    await Deno.writeFile(
      join(folder, `${name}.idx`),
      writeIdx({ shape, data: images }),
    );
  }
}

const TRAIN = "--engine wasm --threads 1 --batch-size 8 --latent-dim 2".split(
  " ",
);

/**
 * A checkpoint of a model that has not learnt, of digits with labels. If it is
 * `constant`, all have the same code.
 */
async function writeModel(
  folder: string,
  latentDim: number,
  { constant = false, autoencoder = false } = {},
): Promise<void> {
  const { options, digest } = await syntheticDataset({ limit: COUNT });
  const spec = modelSpec(latentDim);
  const state = initialState(spec, 0);
  if (constant) {
    for (const { name, shape, offset } of spec.parameterBlocks) {
      if (!name.startsWith("heads")) continue;
      state.parameters.fill(0, offset, offset + shape.reduce((a, b) => a * b));
    }
  }
  await Deno.writeFile(
    join(folder, "vae.safetensors"),
    encodeCheckpoint({
      options: { ...defaults(trainingOptions), latentDim, autoencoder },
      data: { name: "synthetic", digest, options },
      state,
      history: [],
      partial: null,
    }),
  );
}

/** Runs a task on a model; there must be no NaN in what it says or writes. */
async function shows(
  folder: string,
  task: TaskName,
  ...args: string[]
): Promise<void> {
  const { stdout, stderr } = await runWell(folder, task, [...args, ...MODEL]);
  assertNotMatch(stdout + stderr, /NaN|Infinity/, task);
  if (task !== "report") return;
  const page = await Deno.readTextFile(join(folder, "report.html"));
  assertNotMatch(page.replaceAll(/base64,[^"]*/g, ""), /NaN|Infinity/);
}

const MODEL = ["--checkpoint", "vae.safetensors", "--engine", "wasm"];

const EVALUATE = ["evaluate", "--samples", "2"] as const;
const PICTURES = ["traverse", "sample", "interpolate"] as const;

for (const autoencoder of [false, true]) {
  const kind = autoencoder ? "an autoencoder" : "a VAE";
  Deno.test(`the tasks have finite numbers for ${kind} whose codes are all the same`, () =>
    inFolder(async (folder) => {
      await writeModel(folder, 2, { constant: true, autoencoder });
      await shows(folder, ...EVALUATE);
      for (
        const task of [...PICTURES, "latents", "manifold", "report"] as const
      ) {
        await shows(folder, task);
      }
    }));
}

Deno.test("the tasks have finite numbers for a model of one latent dimension", () =>
  inFolder(async (folder) => {
    await writeModel(folder, 1);
    await shows(folder, ...EVALUATE);
    for (const task of [...PICTURES, "report"] as const) {
      await shows(folder, task);
    }
    for (const task of ["latents", "manifold"] as const) {
      await refuses(/one latent dimension/, folder, task, MODEL);
    }
  }));

Deno.test("the tasks have finite numbers for a model of 512 latent dimensions", () =>
  inFolder(async (folder) => {
    await writeModel(folder, 512);
    await shows(folder, ...EVALUATE);
    for (const task of [...PICTURES, "latents", "manifold"] as const) {
      await shows(folder, task);
    }
  }));

Deno.test("train that diverges exits 1 and keeps the checkpoint of before", () =>
  inFolder(async (folder) => {
    await writeImages(folder);
    const path = join(folder, "checkpoints/vae.safetensors");
    const data = ["--images", "one.idx", "--no-save-plots"];
    await runWell(folder, "train", [...TRAIN, ...data, "--epochs", "1"]);
    const before = await Deno.readFile(path);
    const resume = ["--resume", "checkpoints/vae.safetensors"];
    const { code, stdout, stderr } = await runTask(
      folder,
      "train",
      [...resume, "--engine", "wasm", "--no-save-plots", "--epochs", "9"]
        .concat("--lr", "10", "--checkpoint-every", "9"),
    );
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertMatch(
      stderr,
      /\nerror: the (loss|weights).* step \d+ .*smaller learning rate; .+\n$/,
    );
    assertEquals(await Deno.readFile(path), before);
  }));

for (const name of ["one", "black"]) {
  const what = name === "one" ? "one image" : "black images";
  Deno.test(`the tasks have finite numbers for a model of ${what}`, () =>
    inFolder(async (folder) => {
      await writeImages(folder);
      const train = [...TRAIN, "--images", `${name}.idx`, "--epochs", "1"];
      await runWell(folder, "train", [...train, ...MODEL]);
      const split = ["--split", "train"];
      await shows(folder, ...EVALUATE, ...split);
      for (const task of ["reconstruct", "interpolate", "report"] as const) {
        await shows(folder, task, ...split);
      }
      for (const task of ["traverse", "manifold"] as const) {
        await shows(folder, task);
      }
    }));
}
