/** Models that are told of classes: their training, files and use. */
import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  type Checkpoint,
  CheckpointError,
} from "../lib/checkpoint/metadata.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { decodeWeights, encodeWeights } from "../lib/checkpoint/weights.ts";
import type { Dataset, ImageSet } from "../lib/dataset/dataset.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { relativeError } from "../lib/engine_check.ts";
import * as tf from "../lib/engine/tfjs/tf.ts";
import { useTfBackend } from "../lib/engine/tfjs/backend.ts";
import { imageTensor } from "../lib/engine/tfjs/network.ts";
import { createEngine } from "../lib/engines.ts";
import {
  parseSafetensors,
  type Tensor,
  writeSafetensors,
} from "../lib/formats/safetensors.ts";
import { initialState } from "../lib/model/init.ts";
import { priorSample } from "../lib/model/prior.ts";
import { blockOf, modelSpec } from "../lib/model/spec.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import { defaults } from "../lib/options/table.ts";
import { RunError } from "../lib/train/check.ts";
import { train } from "../lib/train/trainer.ts";
import { VAE } from "../lib/vae.ts";
import { collect, dataset, FakeEngine } from "./fake_engine.ts";
import { inFolder } from "./folder.ts";

const PETS = ["cat", "dog", "owl"];

/** Black images of pets, each split of other labels. */
function pets(classes: readonly string[] = PETS): Dataset {
  const blank = dataset(4);
  const labelled = (set: ImageSet, ...labels: number[]): ImageSet => ({
    ...set,
    labels: Uint8Array.from(labels),
  });
  return {
    ...blank,
    classes,
    train: labelled(blank.train, 2, 0, 1, 2),
    validation: labelled(blank.validation, 1, 1),
    test: labelled(blank.test!, 0, 0, 2),
  };
}

/** A run of an epoch on pets. */
async function trained(): Promise<Checkpoint> {
  const engine = new FakeEngine();
  engine.classCount = PETS.length;
  const { end } = await collect(engine, {
    dataset: pets(),
    conditional: true,
    epochs: 1,
  });
  return await end.checkpoint();
}

Deno.test("train({ conditional }) gives the labels of every split", async () => {
  const engine = new FakeEngine();
  engine.classCount = PETS.length;
  const { end } = await collect(engine, {
    dataset: pets(),
    conditional: true,
    epochs: 1,
  });
  assertEquals(engine.labels.map((labels) => [...labels!]), [
    [2, 0, 1, 2],
    [1, 1],
    [0, 0, 2],
  ]);
  const { options, data } = await end.checkpoint();
  assertEquals([options.classCount, data.classes], [3, PETS]);
});

Deno.test("train() of a plain model keeps the names of the classes", async () => {
  const { end } = await collect(new FakeEngine(), {
    dataset: pets(),
    epochs: 1,
  });
  const { options, data } = await end.checkpoint();
  assertEquals([options.classCount, data.classes], [0, PETS]);
});

Deno.test("train() goes on as conditional as a checkpoint is", async () => {
  const checkpoint = await trained();
  for (const beginning of [{ resume: checkpoint }, { from: checkpoint }]) {
    const engine = new FakeEngine();
    engine.classCount = PETS.length;
    const { end } = await collect(engine, {
      dataset: pets(),
      epochs: 2,
      ...beginning,
    });
    assertEquals(engine.labels[0], Uint8Array.of(2, 0, 1, 2));
    assertEquals((await end.checkpoint()).options.classCount, 3);
  }
  // A model of which nobody knows what its classes are called.
  const { classes: _, ...data } = checkpoint.data;
  const engine = new FakeEngine();
  engine.classCount = PETS.length;
  const from = { ...checkpoint, data };
  const { end } = await collect(engine, { dataset: pets(), from, epochs: 1 });
  assertEquals((await end.checkpoint()).data.classes, PETS);
});

Deno.test("train() refuses images without the classes of the model", async () => {
  const checkpoint = await trained();
  const { classes: _, ...nameless } = checkpoint.data;
  const plain = await (await collect(new FakeEngine(), {
    dataset: pets(),
    epochs: 1,
  })).end.checkpoint();
  const unlabelled = pets();
  const cases: [Omit<Parameters<typeof train>[0], "engine">, string][] = [
    [
      { dataset: dataset(4), conditional: true },
      "blank has no labels, and a conditional model is told of the class of " +
      "each image",
    ],
    [
      {
        dataset: {
          ...unlabelled,
          validation: { ...unlabelled.validation, labels: null },
        },
        conditional: true,
      },
      "the validation images of blank have no labels, and a conditional model",
    ],
    [{ dataset: dataset(4), from: checkpoint }, "blank has no labels"],
    [{ dataset: dataset(4), resume: checkpoint }, "blank has no labels"],
    [
      { dataset: pets(["cat", "owl", "dog"]), from: checkpoint },
      "blank has the classes cat, owl, dog, and the checkpoint cat, dog, owl",
    ],
    [
      { dataset: pets(["cat", "dog"]), resume: checkpoint },
      "blank has the classes cat, dog, and the checkpoint cat, dog, owl: train on " +
      "from it with images of the same classes, or begin a new run",
    ],
    [
      {
        dataset: pets(["cat", "dog"]),
        from: { ...checkpoint, data: nameless },
      },
      "blank has the classes cat, dog, and the model is told of 3",
    ],
    [
      { dataset: pets(), classCount: 4 },
      "blank has the classes cat, dog, owl, and the model is told of 4",
    ],
    [
      { dataset: pets(), from: plain, conditional: true },
      "classCount 3 does not fit the checkpoint, which was trained with 0",
    ],
    [
      { dataset: pets(), resume: checkpoint, classCount: 0 },
      "classCount 0 does not fit the checkpoint, which was trained with 3",
    ],
  ];
  for (const [setup, message] of cases) {
    await assertRejects(
      () => collect(new FakeEngine(), setup),
      RunError,
      message,
    );
  }
});

/** A run of three classes before its first step. */
function run(): Checkpoint {
  return {
    options: { ...defaults(trainingOptions), latentDim: 2, classCount: 3 },
    data: {
      name: "pets",
      digest: null,
      classes: PETS,
      options: defaults(dataOptions),
    },
    state: initialState(modelSpec(2, 3), 7),
    history: [],
    partial: null,
  };
}

Deno.test("encodeCheckpoint() has a column for each class behind the others", () => {
  const checkpoint = run();
  const bytes = encodeCheckpoint(checkpoint);
  assertEquals(decodeCheckpoint(bytes), checkpoint);
  const { tensors } = parseSafetensors(bytes);
  const spec = modelSpec(2, 3);
  const { parameters } = checkpoint.state;
  const columns = (
    tensor: Tensor,
    inputs: number,
    label: number,
  ) => {
    const [outputs, width] = tensor.shape;
    assertEquals(width, inputs + 3);
    return Array.from(
      { length: outputs },
      (_, row) => Number(tensor.data[row * width + inputs + label]),
    );
  };
  const heads = blockOf(spec, "heads.classes").offset;
  const decode = blockOf(spec, "fc_decode.classes").offset;
  for (let label = 0; label < 3; label++) {
    const head = parameters.subarray(heads + 4 * label, heads + 4 * label + 4);
    const tensor = (name: string) => tensors.get(name)!;
    assertEquals(columns(tensor("fc_mu.weight"), 1024, label), [
      ...head.subarray(0, 2),
    ]);
    assertEquals(columns(tensor("fc_logvar.weight"), 1024, label), [
      ...head.subarray(2),
    ]);
    // Features are channel-major in PyTorch, and channels last in the arena.
    const row = parameters.subarray(decode + 1024 * label);
    assertEquals(
      columns(tensor("fc_decode.weight"), 2, label),
      Array.from({ length: 1024 }, (_, i) => row[(i % 16) * 64 + (i >> 4)]),
    );
  }
});

Deno.test("decodeCheckpoint() refuses classes that do not fit", () => {
  const { tensors, metadata } = parseSafetensors(encodeCheckpoint(run()));
  const [options, data] = [metadata.options, metadata.data]
    .map((text) => JSON.parse(text));
  const forged = (classCount: number, classes: unknown) =>
    writeSafetensors(tensors, {
      ...metadata,
      options: JSON.stringify({ ...options, classCount }),
      data: JSON.stringify({ ...data, classes }),
    });
  const cases: [Uint8Array, string][] = [
    [forged(3, ["cat", "dog"]), "data.classes must be a name for each class"],
    [forged(3, ["cat", "dog", "dog"]), "data.classes must be a name for each"],
    [forged(3, "cat, dog, owl"), "data.classes"],
    [forged(3, ["cat", "dog", 3]), "data.classes[2]"],
    [forged(4, PETS), "data.classes must be a name for each class"],
    [
      forged(4, undefined),
      "tensor fc_mu.weight has shape [2, 1027], not [2, 1028]",
    ],
    [
      forged(257, undefined),
      "classCount takes a whole number from 0 to 256, not 257",
    ],
  ];
  for (const [bytes, message] of cases) {
    const { message: actual } = assertThrows(
      () => decodeCheckpoint(bytes),
      CheckpointError,
    );
    assert(actual.includes(message), actual);
  }
});

Deno.test("decodeWeights() knows how many classes there are", () => {
  const { state } = run();
  const bytes = encodeWeights(run());
  const weights = decodeWeights(bytes);
  assertEquals(weights.options.classCount, 3);
  assertEquals(weights.state.parameters, state.parameters);
  const { tensors, metadata } = parseSafetensors(bytes);
  const { classCount: _, ...others } = JSON.parse(metadata.options);
  const forged = { ...metadata, options: JSON.stringify(others) };
  assertThrows(
    () => decodeWeights(writeSafetensors(tensors, forged)),
    CheckpointError,
    "its options have classCount 0, its tensors 3",
  );
  const plain = encodeWeights({
    ...run(),
    options: { ...run().options, classCount: 0 },
    state: initialState(modelSpec(2), 0),
  });
  assertEquals(decodeWeights(plain).options.classCount, 0);
});

Deno.test("VAE of a trained run draws the class that it is told", () =>
  inFolder(async (folder) => {
    await useTfBackend("cpu");
    const digits = await syntheticDataset({ limit: 64, valSize: 8 });
    let checkpoint: Checkpoint | undefined;
    const events = train({
      dataset: digits,
      conditional: true,
      latentDim: 2,
      epochs: 2,
      batchSize: 16,
      engine: { engine: "wasm", threads: 1 },
    });
    for await (const event of events) {
      if (event.type === "end") checkpoint = await event.checkpoint();
    }
    const { options, state } = checkpoint!;
    const first = VAE.from(checkpoint!);
    await first.save(`${folder}/model.safetensors`);
    first.dispose();
    const model = await VAE.load(`${folder}/model.safetensors`);
    assertEquals(model.options.classCount, 10);
    assertEquals(model.classes, digits.classes);

    const labels = Uint8Array.of(7, 0, 7);
    const engine = await createEngine(
      { ...options, batchSize: 4 },
      { engine: "wasm", threads: 1 },
    );
    await engine.writeState(state);
    const images = digits.train.images.slice(0, 3 * 784);
    const encoded = await engine.encode(images, labels);
    const drawn = await engine.decode(priorSample(3, 2, 5), labels);
    engine.dispose();
    const [mu, logvar, sample, other] = tf.tidy(() => {
      const x = imageTensor(images);
      const { mu, logvar } = model.encode(x, { labels });
      const sample = model.sample(3, { seed: 5, labels });
      const other = model.sample(3, {
        seed: 5,
        labels: Uint8Array.of(1, 1, 1),
      });
      return [mu, logvar, sample, other]
        .map((tensor) => tensor.dataSync<"float32">());
    });
    assertLess(relativeError(mu, encoded.mu), 1e-4);
    assertLess(relativeError(logvar, encoded.logvar), 1e-4);
    assertLess(relativeError(sample, drawn), 1e-4);
    assert(relativeError(other, drawn) > 1e-2);

    const z = tf.tensor2d([[0, 0]]);
    assertThrows(
      () => model.decode(z),
      TypeError,
      "labels are missing: the model is told of 10 classes",
    );
    assertThrows(
      () => model.sample(2, { labels: Uint8Array.of(1, 10) }),
      RangeError,
      "there is no class 10: the model has 10, from 0",
    );
    tf.dispose(z);
    model.dispose();
  }));
