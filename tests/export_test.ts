import { assertEquals, assertLess } from "@std/assert";
import * as tf from "../lib/engine/tfjs/tf.ts";
import { parseSafetensors } from "../lib/formats/safetensors.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { relativeError } from "../lib/engine_check.ts";
import { useTfBackend } from "../lib/engine/tfjs/backend.ts";
import { layersModels } from "../lib/interop/keras_model.ts";
import type { Likelihood } from "../lib/model/spec.ts";
import { imageTensor } from "../lib/engine/tfjs/network.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { digits } from "./engine_suite.ts";
import {
  engineOutputs,
  goldenModel,
  modelOfClass,
  randomModel,
} from "./exported.ts";
import { goldenSets, readGolden } from "./golden/read.ts";

for (const set of goldenSets) {
  Deno.test(`encodeWeights() gives PyTorch's state dict, bit for bit (${set.name})`, () => {
    const golden = readGolden(set.name);
    const bytes = encodeWeights(goldenModel(golden, set));
    const { tensors } = parseSafetensors(bytes);
    const expected = [...golden].filter(([name]) => name.startsWith("final."))
      .map(([name, tensor]) => [name.replace("final.", ""), tensor] as const);
    assertEquals(tensors, new Map(expected));
  });
}

/** A model as `tf.loadLayersModel` finds it in a folder. */
function open(
  files: ReadonlyMap<string, Uint8Array>,
  folder: string,
): Promise<tf.LayersModel> {
  const json = JSON.parse(
    new TextDecoder().decode(files.get(`${folder}/model.json`)),
  );
  const [{ paths, weights }] = json.weightsManifest;
  assertEquals(paths, ["weights.bin"]);
  return tf.loadLayersModel(tf.io.fromMemory({
    ...json,
    weightSpecs: weights,
    weightData: files.get(`${folder}/weights.bin`)!.slice().buffer,
  }));
}

for (const likelihood of ["mse", "bce"] satisfies Likelihood[]) {
  Deno.test(`layersModels() computes what the engine does (${likelihood})`, async () => {
    await useTfBackend("cpu");
    const latentDim = 5, count = 3;
    const checkpoint = randomModel(latentDim, likelihood);
    const images = digits(count);
    const z = new Float32Array(count * latentDim);
    fillNormal(z, streamKey(0, "epsilon"), 0);
    const expected = await engineOutputs(checkpoint, images, z);

    const files = layersModels(checkpoint);
    const encoder = await open(files, "encoder");
    const decoder = await open(files, "decoder");
    const metadata = { latentDim, likelihood, data: "none" };
    assertEquals(encoder.getUserDefinedMetadata(), metadata);
    assertEquals(decoder.getUserDefinedMetadata(), metadata);
    assertEquals(encoder.outputNames, ["mu", "logvar"]);
    assertEquals(encoder.inputs[0].shape, [null, 28, 28, 1]);
    assertEquals(decoder.inputs[0].shape, [null, latentDim]);

    const [mu, logvar] = encoder.predict(imageTensor(images)) as tf.Tensor[];
    const image = decoder.predict(tf.tensor2d(z, [count, latentDim]));
    for (
      const [name, tensor, shape] of [
        ["mu", mu, [count, latentDim]],
        ["logvar", logvar, [count, latentDim]],
        ["image", image as tf.Tensor, [count, 28, 28, 1]],
      ] as const
    ) {
      assertEquals(tensor.shape, [...shape]);
      const error = relativeError(await tensor.data(), expected[name]);
      assertLess(error, 1e-5, name);
    }
  });
}

Deno.test("layersModels() tells a conditional model of classes", async () => {
  await useTfBackend("cpu");
  const latentDim = 3, count = 2;
  const classes = ["cat", "fish", "house"];
  const checkpoint = randomModel(latentDim, "bce", classes);
  const images = digits(count);
  const z = new Float32Array(count * latentDim);
  fillNormal(z, streamKey(0, "epsilon"), 0);
  const files = layersModels(checkpoint);
  const encoder = await open(files, "encoder");
  const decoder = await open(files, "decoder");
  assertEquals(decoder.getUserDefinedMetadata(), {
    ...{ latentDim, likelihood: "bce", data: "none", classCount: 3, classes },
  });
  assertEquals(encoder.inputNames, ["image", "label"]);
  assertEquals(encoder.outputNames, ["mu", "logvar"]);
  assertEquals(decoder.inputNames, ["z", "label"]);

  for (const label of classes.keys()) {
    const expected = await engineOutputs(
      modelOfClass(checkpoint, label),
      images,
      z,
    );
    const labels = tf.fill([count, 1], label, "int32");
    const [mu, logvar] = encoder.predict(
      [imageTensor(images), labels],
    ) as tf.Tensor[];
    const image = decoder.predict(
      [tf.tensor2d(z, [count, latentDim]), labels],
    ) as tf.Tensor;
    for (const [name, tensor] of Object.entries({ mu, logvar, image })) {
      const wanted = expected[name as keyof typeof expected];
      const error = relativeError(await tensor.data(), wanted);
      assertLess(error, 1e-5, `${name} of ${label}`);
    }
  }
});
