import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import * as tf from "../lib/engine/tfjs/tf.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import { relativeError } from "../lib/engine_check.ts";
import { useTfBackend } from "../lib/engine/tfjs/backend.ts";
import { initialState } from "../lib/model/init.ts";
import { klDivergence, reconstructionLoss } from "../lib/engine/tfjs/loss.ts";
import { imageTensor } from "../lib/engine/tfjs/network.ts";
import { priorSample } from "../lib/model/prior.ts";
import {
  arenaIndices,
  blockOf,
  DECODER,
  ENCODER,
  type ModelSpec,
  modelSpec,
  offsetOf,
  padding,
} from "../lib/model/spec.ts";
import { VAE } from "../lib/vae.ts";
import { OptionError } from "../lib/options/table.ts";
import { readGolden } from "./golden/read.ts";

for (
  const [latentDim, classCount] of [[1, 0], [2, 0], [12, 0], [513, 0], [3, 5]]
) {
  const told = classCount > 0 ? `, ${classCount} classes` : "";
  Deno.test(`modelSpec() gives every element its own place (latent ${latentDim}${told})`, () => {
    const spec = modelSpec(latentDim, classCount);
    for (
      const [tensors, length] of [
        [spec.parameters, spec.parameterCount],
        [spec.running, spec.runningCount],
      ] as const
    ) {
      const used = new Uint8Array(length);
      for (const tensor of tensors) {
        for (const at of arenaIndices(tensor)) {
          assert(at < length);
          assertEquals(used[at]++, 0, `${tensor.name} at ${at}`);
        }
      }
      // Nothing but the padding of blocks to four elements is unused.
      assert(used.filter((n) => n === 0).length < 4 * tensors.length);
    }
  });
}

Deno.test("modelSpec() has the number of parameters of the model", () => {
  const count = (latentDim: number, classCount = 0) =>
    modelSpec(latentDim, classCount).parameters
      .reduce((sum, tensor) => sum + arenaIndices(tensor).length, 0);
  // Convolutions both ways, batch norms, heads, decoder input.
  const convolutions = 2 * 9 * (16 + 16 * 32 + 32 * 64) +
    (16 + 32 + 64) + (32 + 16 + 1);
  const norms = 2 * (16 + 32 + 64 + 32 + 16);
  const linear = (d: number) => 2 * (1024 * d + d) + 1024 * d + 1024;
  for (const d of [2, 12]) {
    assertEquals(count(d), convolutions + norms + linear(d));
    // A column of the heads and one of fc_decode for each class.
    assertEquals(count(d, 10) - count(d), 10 * (2 * d + 1024));
  }
});

Deno.test("offsetOf() refuses a name that the model does not have", () => {
  assertThrows(
    () => offsetOf(modelSpec(2), "encoder.1.weight"),
    RangeError,
    "no tensor encoder.1.weight",
  );
});

Deno.test("padding() makes the sizes fit without remainder", () => {
  for (const shape of [...ENCODER, ...DECODER]) {
    const [before, after] = padding(shape);
    const positions = before + shape.large.size + after - 3;
    assertEquals(positions / 2 + 1, shape.small.size);
  }
});

Deno.test("modelSpec() has a block for each layer's classes behind its bias", () => {
  const { parameterBlocks } = modelSpec(3, 5);
  const names = parameterBlocks.map(({ name }) => name);
  for (
    const [layer, width] of [["heads", 2 * 3], ["fc_decode", 1024]] as const
  ) {
    const block = blockOf(modelSpec(3, 5), `${layer}.classes`);
    assertEquals(block.shape, [5, width]);
    const at = names.indexOf(`${layer}.classes`);
    assertEquals(names[at - 1], `${layer}.bias`);
  }
  assertThrows(
    () => blockOf(modelSpec(3), "heads.classes"),
    RangeError,
    "the model has no block heads.classes",
  );
});

Deno.test("initialState() has PyTorch's ranges", () => {
  // 1/√fan_in: a transposed convolution's fan-in counts its outputs.
  checkInitial(modelSpec(12), {
    "encoder.0.weight": 1 / 3,
    "encoder.3.bias": 1 / 12,
    "fc_mu.weight": 1 / 32,
    "fc_decode.bias": 1 / Math.sqrt(12),
    "decoder.0.weight": 1 / Math.sqrt(9 * 32),
    "decoder.6.weight": 1 / 3,
  });
});

Deno.test("initialState() counts classes among a layer's inputs", () => {
  checkInitial(modelSpec(2, 14), {
    "fc_logvar.weight": 1 / Math.sqrt(1024 + 14),
    "fc_mu.bias": 1 / Math.sqrt(1024 + 14),
    "fc_decode.weight": 1 / 4,
    "fc_decode.bias": 1 / 4,
  });
});

/** Holds initial values against the bounds of uniform distributions. */
function checkInitial(
  spec: ModelSpec,
  bounds: Readonly<Record<string, number>>,
): void {
  const { parameters, running } = initialState(spec, 0);
  for (const [name, bound] of Object.entries(bounds)) {
    const tensor = spec.parameters.find((tensor) => tensor.name === name)!;
    const values = Array.from(arenaIndices(tensor), (at) => parameters[at]);
    const largest = Math.max(...values.map(Math.abs));
    assert(largest <= bound * (1 + 1e-6), name);
    const expected = bound * values.length / (values.length + 1);
    assert(largest > 0.85 * expected, `${name}: ${largest} of ${bound}`);
    const mean = values.reduce((a, b) => a + b) / values.length;
    assertAlmostEquals(mean / bound, 0, 3 / Math.sqrt(3 * values.length));
  }
  for (const tensor of spec.parameters.filter(({ fanIn }) => fanIn === 0)) {
    const expected = tensor.name.endsWith("weight") ? 1 : 0;
    for (const at of arenaIndices(tensor)) {
      assertEquals(parameters[at], expected);
    }
  }
  for (const tensor of spec.running) {
    const expected = tensor.name.endsWith("running_var") ? 1 : 0;
    for (const at of arenaIndices(tensor)) assertEquals(running[at], expected);
  }
}

Deno.test("initialState() has the spread of PyTorch's own initial weights", () => {
  const golden = readGolden();
  const spec = modelSpec(12);
  const { parameters } = initialState(spec, 1);
  const deviation = (values: ArrayLike<number>) => {
    const all = Array.from(values);
    return Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length);
  };
  for (const tensor of spec.parameters) {
    const theirs = golden.get(`init.${tensor.name}`)!.data as Float32Array;
    if (tensor.fanIn === 0 || theirs.length < 16) continue;
    const ours = Array.from(arenaIndices(tensor), (at) => parameters[at]);
    // The relative standard error of a deviation is below 1/√n for U.
    assertAlmostEquals(
      deviation(ours) / deviation(theirs),
      1,
      5 / Math.sqrt(theirs.length),
      tensor.name,
    );
  }
});

Deno.test("klDivergence() agrees with a numerical integral", async () => {
  await useTfBackend("cpu");
  for (const [mu, logvar] of [[0, 0], [1.5, -1], [-0.3, 0.8]]) {
    const sigma = Math.exp(logvar / 2);
    const density = (x: number, m: number, s: number) =>
      Math.exp(-(((x - m) / s) ** 2) / 2) / (s * Math.sqrt(2 * Math.PI));
    let integral = 0;
    const step = 1e-3;
    for (let x = mu - 10 * sigma; x < mu + 10 * sigma; x += step) {
      const q = density(x, mu, sigma);
      integral += q * Math.log(q / density(x, 0, 1)) * step;
    }
    const kl = tf.tidy(() =>
      klDivergence(tf.tensor2d([[mu]]), tf.tensor2d([[logvar]])).dataSync()[0]
    );
    assertAlmostEquals(kl, integral, 1e-5);
  }
});

Deno.test("reconstructionLoss() is stable for large logits", async () => {
  await useTfBackend("cpu");
  const loss = (logit: number, target: number) =>
    tf.tidy(() =>
      reconstructionLoss(
        tf.tensor2d([[logit]]),
        tf.tensor2d([[target]]),
        "bce",
      ).dataSync()[0]
    );
  assertEquals(loss(200, 0), 200);
  assertEquals(loss(-200, 1), 200);
  assertEquals(loss(200, 1), 0);
  const p = 1 / (1 + Math.exp(-0.7));
  assertAlmostEquals(
    loss(0.7, 0.25),
    -0.25 * Math.log(p) - 0.75 * Math.log(1 - p),
    1e-6,
  );
});

Deno.test("VAE.encode() takes [n, 784] and [n, 28, 28, 1] alike", async () => {
  await useTfBackend("cpu");
  const model = new VAE({ latentDim: 2, seed: 4 });
  tf.tidy(() => {
    const images = imageTensor(synthesize(2, { seed: 0 }).images);
    const square = model.encode(images).mu.dataSync();
    const flat = model.encode(images.reshape([2, 784])).mu.dataSync();
    assertEquals(flat, square);
  });
  model.dispose();
});

Deno.test("VAE.sample() decodes the seed's prior draws", async () => {
  await useTfBackend("cpu");
  const model = new VAE({ latentDim: 3, likelihood: "bce" });
  tf.tidy(() => {
    const z = tf.tensor2d(priorSample(2, 3, 9, 0.5), [2, 3]);
    const sample = model.sample(2, { seed: 9, temperature: 0.5 });
    assertEquals(sample.dataSync(), model.decode(z).dataSync());
    assertEquals(sample.shape, [2, 28, 28, 1]);
    for (const pixel of sample.dataSync()) assert(pixel > 0 && pixel < 1);
  });
  model.dispose();
});

Deno.test("VAE.reparameterize() adds σ·ε, and nothing in an autoencoder", async () => {
  await useTfBackend("cpu");
  tf.tidy(() => {
    const mu = tf.tensor2d([[1, 2]]);
    const logvar = tf.tensor2d([[0, Math.log(4)]]);
    const epsilon = tf.tensor2d([[0.5, -1]]);
    const draw = (autoencoder: boolean) => {
      const model = new VAE({ latentDim: 2, autoencoder });
      const z = model.reparameterize(mu, logvar, epsilon).dataSync();
      model.dispose();
      return z;
    };
    assert(relativeError(draw(false), [1.5, 0]) < 1e-6);
    assertEquals([...draw(true)], [1, 2]);
  });
});

Deno.test("VAE.save() and VAE.load() keep the model", async () => {
  await useTfBackend("cpu");
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/model.safetensors`;
    const model = new VAE({ latentDim: 5, likelihood: "bce", seed: 3 });
    await model.save(path);
    const loaded = await VAE.load(path);
    assertEquals(loaded.options, model.options);
    assertEquals(await loaded.weights(), await model.weights());
    model.dispose();
    loaded.dispose();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("VAE frees what it makes", async () => {
  await useTfBackend("cpu");
  const before = tf.memory().numTensors;
  const model = new VAE({ latentDim: 2 });
  const images = imageTensor(synthesize(2, { seed: 0 }).images);
  const { mu, logvar, z, output } = model.forward(images, { training: true });
  tf.dispose([images, mu, logvar, z, output, model.sample(1)]);
  model.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("VAE refuses options out of range", () => {
  assertThrows(
    () => new VAE({ latentDim: 0 }),
    OptionError,
    "latentDim takes a whole number from 1 to 512, not 0",
  );
});
