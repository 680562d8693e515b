import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as ort from "onnxruntime-web";
import config from "../deno.json" with { type: "json" };
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { relativeError } from "../lib/engine_check.ts";
import { onnxModels } from "../lib/interop/onnx_model.ts";
import { bytes, float, integer, message } from "../lib/formats/protobuf.ts";
import { IMAGE_PIXELS, type Likelihood } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { digits } from "./engine_suite.ts";
import {
  engineOutputs,
  goldenModel,
  modelOfClass,
  randomModel,
} from "./exported.ts";
import { goldenLabels, goldenSets, readGolden } from "./golden/read.ts";

Deno.test("protobuf fields are those of the encoding's guide", () => {
  assertEquals(integer(1, 150), Uint8Array.of(0x08, 0x96, 0x01));
  assertEquals(integer(16, 0), Uint8Array.of(0x80, 0x01, 0x00));
  assertEquals(
    integer(1, 2 ** 40 + 1),
    Uint8Array.of(0x08, 0x81, 0x80, 0x80, 0x80, 0x80, 0x20),
  );
  assertEquals(
    bytes(2, "testing"),
    Uint8Array.of(0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67),
  );
  assertEquals(
    bytes(3, message(integer(1, 150))),
    Uint8Array.of(0x1a, 0x03, 0x08, 0x96, 0x01),
  );
  assertEquals(float(2, 25), Uint8Array.of(0x15, 0x00, 0x00, 0xc8, 0x41));
});

const FLOATS = { isTensor: true, type: "float32" } as const;

/** Runs a model, with classes if it takes them; its outputs are float32. */
async function run(
  session: ort.InferenceSession,
  name: string,
  data: Float32Array,
  shape: number[],
  labels?: Uint8Array,
): Promise<Record<string, ort.TypedTensor<"float32">>> {
  const outputs = await session.run({
    [name]: new ort.Tensor("float32", data, shape),
    ...(labels && {
      label: new ort.Tensor("int64", Array.from(labels, BigInt), [shape[0]]),
    }),
  });
  return outputs as Record<string, ort.TypedTensor<"float32">>;
}

async function open(
  model: Checkpoint,
): Promise<Record<"encoder" | "decoder", ort.InferenceSession>> {
  ort.env.wasm.numThreads = 1;
  const files = onnxModels(model);
  const [encoder, decoder] = await Promise.all(
    ["encoder.onnx", "decoder.onnx"].map((name) =>
      ort.InferenceSession.create(files.get(name)!)
    ),
  );
  return { encoder, decoder };
}

/** Images as the model sees them. */
function pixels(images: Uint8Array): Float32Array {
  return Float32Array.from(images, (byte) => byte / 255);
}

for (const likelihood of ["mse", "bce"] satisfies Likelihood[]) {
  Deno.test(`onnxModels() computes what the engine does (${likelihood})`, async () => {
    const latentDim = 5;
    const checkpoint = randomModel(latentDim, likelihood);
    const { encoder, decoder } = await open(checkpoint);
    for (const count of [1, 5]) {
      const images = digits(count);
      const z = new Float32Array(count * latentDim);
      fillNormal(z, streamKey(0, "epsilon"), 0);
      const expected = await engineOutputs(checkpoint, images, z);

      const latents = [count, latentDim];
      const square = [count, 1, 28, 28];
      const { mu, logvar } = await run(
        encoder,
        "image",
        pixels(images),
        square,
      );
      const { image } = await run(decoder, "z", z, latents);
      assertEquals([mu.dims, logvar.dims], [latents, latents]);
      assertEquals(image.dims, square);
      assertLess(relativeError(mu.data, expected.mu), 1e-5);
      assertLess(relativeError(logvar.data, expected.logvar), 1e-5);
      assertLess(relativeError(image.data, expected.image), 1e-5);
    }
  });
}

for (const set of goldenSets) {
  Deno.test(`onnxModels() computes what PyTorch does (${set.name})`, async () => {
    const golden = readGolden(set.name);
    const values = (name: string) => golden.get(name)!.data as Float32Array;
    const { encoder, decoder } = await open(goldenModel(golden, set));
    const { batch, latentDim } = set;
    const images = golden.get("images")!.data as Uint8Array;
    const labels = goldenLabels(golden)?.subarray(0, batch);
    const { mu, logvar } = await run(
      encoder,
      "image",
      pixels(images.subarray(0, batch * IMAGE_PIXELS)),
      [batch, 1, 28, 28],
      labels,
    );
    const { image } = await run(
      decoder,
      "z",
      values("eval.mu"),
      [batch, latentDim],
      labels,
    );
    const reconstruction = values("eval.reconstruction_of_mu");
    assertLess(relativeError(mu.data, values("eval.mu")), 1e-5);
    assertLess(relativeError(logvar.data, values("eval.logvar")), 1e-5);
    assertLess(relativeError(image.data, reconstruction), 1e-5);
  });
}

Deno.test("onnxModels() says what goes in and what comes out", async () => {
  const model = randomModel(5, "bce");
  const { encoder, decoder } = await open(model);
  const image = { ...FLOATS, name: "image", shape: ["batch", 1, 28, 28] };
  const latents = { ...FLOATS, shape: ["batch", 5] };
  assertEquals(encoder.inputMetadata, [image]);
  assertEquals(encoder.outputMetadata, [
    { ...latents, name: "mu" },
    { ...latents, name: "logvar" },
  ]);
  assertEquals(decoder.inputMetadata, [{ ...latents, name: "z" }]);
  assertEquals(decoder.outputMetadata, [image]);

  for (const file of onnxModels(model).values()) {
    const text = new TextDecoder("latin1").decode(file);
    const version = `\x1a${String.fromCharCode(config.version.length)}`;
    assert(
      text.startsWith(`\x08\x08\x12\x0a@vae/mnist${version}${config.version}`),
    );
    assert(text.endsWith(
      "B\x02\x10\x11" + // opset 17
        "r\x0e\n\x09latentDim\x12\x015" +
        "r\x11\n\nlikelihood\x12\x03bce" +
        "r\x0c\n\x04data\x12\x04none",
    ));
  }
});

Deno.test("onnxModels() says in doc strings what the numbers are", () => {
  const texts = (model: Checkpoint) =>
    [...onnxModels(model).values()].map((file) =>
      new TextDecoder().decode(file)
    );
  const [encoder, decoder] = texts(randomModel(5, "bce"));
  assertStringIncludes(encoder, "Grey pixels in [0, 1], light on dark");
  assertStringIncludes(encoder, "log σ²");
  // Once for the file, and once for its graph.
  assertEquals(encoder.split("ε ~ N(0, I)").length, 3);
  assertStringIncludes(decoder, "in [0, 1], light on dark: sigmoids already");
  assertStringIncludes(decoder, "drawn from the prior N(0, I)");
  const [, told] = texts(randomModel(5, "mse", ["cat", "fish"]));
  assertStringIncludes(told, "class, from 0 to 1: cat, fish.");
  assertStringIncludes(told, "to be clamped for display");
  const model = randomModel(5, "mse");
  const autoencoder = { ...model.options, autoencoder: true };
  const [plain] = texts({ ...model, options: autoencoder });
  assertStringIncludes(plain, "Not trained: an autoencoder has none.");
  const [mnist] = texts({ ...model, data: { ...model.data, name: "mnist" } });
  assertStringIncludes(mnist, "http://yann.lecun.com/exdb/mnist/, licence CC-");
});

Deno.test("onnxModels() tells a conditional model of classes", async () => {
  const latentDim = 3, count = 2;
  const classes = ["cat", "fish", "house"];
  const checkpoint = randomModel(latentDim, "mse", classes);
  const { encoder, decoder } = await open(checkpoint);
  const label = {
    ...{ isTensor: true, type: "int64" } as const,
    ...{ name: "label", shape: ["batch"] },
  };
  assertEquals(encoder.inputMetadata[1], label);
  assertEquals(decoder.inputMetadata[1], label);

  const images = digits(count);
  const z = new Float32Array(count * latentDim);
  fillNormal(z, streamKey(0, "epsilon"), 0);
  const feeds = (label: number) => ({
    image: new ort.Tensor("float32", pixels(images), [count, 1, 28, 28]),
    z: new ort.Tensor("float32", z, [count, latentDim]),
    label: new ort.Tensor("int64", Array(count).fill(BigInt(label)), [count]),
  });
  for (const number of classes.keys()) {
    const { image, z: latents, label } = feeds(number);
    const { mu, logvar } = await encoder.run({ image, label });
    const { image: decoded } = await decoder.run({ z: latents, label });
    const expected = await engineOutputs(
      modelOfClass(checkpoint, number),
      images,
      z,
    );
    for (const [name, { data }] of Object.entries({ mu, logvar })) {
      const wanted = expected[name as "mu" | "logvar"];
      assertLess(relativeError(data as Float32Array, wanted), 1e-5, name);
    }
    assertLess(
      relativeError(decoded.data as Float32Array, expected.image),
      1e-5,
    );
  }
  const { z: latents, label: beyond } = feeds(3);
  await assertRejects(
    () => decoder.run({ z: latents, label: beyond }, { logSeverityLevel: 4 }),
    Error,
    "indices",
  );

  const file = onnxModels(checkpoint).get("encoder.onnx")!;
  assert(
    new TextDecoder("latin1").decode(file).endsWith(
      'r!\n\x07classes\x12\x16["cat","fish","house"]',
    ),
  );
});
