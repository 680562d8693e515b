import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { decodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { readWeights } from "../lib/checkpoint/weights.ts";
import { parseSafetensors, type Tensor } from "../lib/formats/safetensors.ts";
import { ImportError } from "../lib/interop/error.ts";
import { mapNames } from "../lib/interop/torch_names.ts";
import { untrained } from "./process.ts";
import { PLACES } from "./torch_layers.ts";

const OWN = parseSafetensors(untrained()).tensors;

/** PyTorch's state dict, without the optimiser. */
const MODEL = new Map(
  [...OWN].filter(([name]) => !name.startsWith("optimizer.")),
);

const VARIANTS: Record<string, string> = {
  "this project's": PLACES.join(" "),
  "attributes of two modules":
    "enc.conv1 enc.bn1 enc.conv2 enc.bn2 enc.conv3 enc.bn3 mu logvar fc_z " +
    "dec.deconv1 dec.bn1 dec.deconv2 dec.bn2 dec.deconv3",
  "full words":
    "encoder.conv1 encoder.batch_norm1 encoder.conv2 encoder.batch_norm2 " +
    "encoder.conv3 encoder.batch_norm3 encoder.fc_mu encoder.fc_var " +
    "decoder.fc decoder.deconv1 decoder.norm1 decoder.deconv2 " +
    "decoder.norm2 decoder.deconv3",
  "one flat module":
    "conv1 bn1 conv2 bn2 conv3 bn3 fc21 fc22 fc3 deconv1 bn4 deconv2 bn5 deconv3",
  "counted from zero, camel case":
    "conv0 norm0 conv1 norm1 conv2 norm2 fcMu fcLogVar decoderInput " +
    "convT0 norm3 convT1 norm4 convT2",
  "class names":
    "Conv2d_1 BatchNorm2d_1 Conv2d_2 BatchNorm2d_2 Conv2d_3 BatchNorm2d_3 " +
    "fc1 fc2 fc3 ConvTranspose2d_1 BatchNorm2d_4 ConvTranspose2d_2 " +
    "BatchNorm2d_5 ConvTranspose2d_3",
  "nested sequences":
    "encoder.0.0 encoder.0.2 encoder.1.0 encoder.1.2 encoder.2.0 encoder.2.2 " +
    "fc_mu fc_var decoder_input decoder.0.0 decoder.0.2 decoder.1.0 " +
    "decoder.1.2 final_decoder.2",
  "one sequence with its linear layer":
    "encoder.0 encoder.2 encoder.3 encoder.5 encoder.6 encoder.8 z_mean " +
    "z_log_var decoder.0 decoder.2 decoder.4 decoder.5 decoder.7 decoder.8",
  "the decoder's norms first":
    "enc1 norm3 enc2 norm4 enc3 norm5 vmean vlogvar proj dec1 norm1 dec2 " +
    "norm2 dec3",
  "ten and more":
    "enc.2 enc.4 enc.9 enc.11 enc.10.1 enc.13 fc31 fc32 fc4 up.8 up.10 " +
    "up.11 up.14 up.100",
};

/** The model with other names for its layers, in an order of their own. */
function renamed(layers: string, prefix = ""): Map<string, Tensor> {
  const words = layers.split(" ");
  assertEquals(words.length, PLACES.length);
  return new Map(
    [...MODEL].reverse().map(([name, tensor]) => {
      const dot = name.lastIndexOf(".");
      const layer = words[PLACES.indexOf(name.slice(0, dot))];
      return [prefix + layer + name.slice(dot), tensor];
    }),
  );
}

function refused(tensors: ReadonlyMap<string, Tensor>): string {
  const { message } = assertThrows(() => mapNames(tensors), ImportError);
  assertStringIncludes(message, "the tensors do not fit this model: ");
  return message.slice("the tensors do not fit this model: ".length);
}

/** The model with some tensors replaced, or without them. */
function changed(changes: Record<string, number[] | null>) {
  const tensors = new Map<string, Tensor>(MODEL);
  for (const [name, shape] of Object.entries(changes)) {
    if (!shape) tensors.delete(name);
    else {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      tensors.set(name, { dtype: "F32", shape, data });
    }
  }
  return tensors;
}

for (const [what, layers] of Object.entries(VARIANTS)) {
  Deno.test(`mapNames() knows the names of ${what}`, () => {
    for (const prefix of ["", "module.", "_orig_mod.model.", "vae."]) {
      const named = mapNames(renamed(layers, prefix));
      assertEquals(named.size, MODEL.size);
      for (const [name, tensor] of MODEL) {
        assert(named.get(name) === tensor, name);
      }
    }
  });
}

Deno.test("mapNames() takes a checkpoint's weights, not its training", () => {
  const state = readWeights(mapNames(OWN));
  const own = decodeCheckpoint(untrained()).state;
  assertEquals(state.parameters, own.parameters);
  assertEquals(state.running, own.running);
  assertEquals([state.step, Math.max(...state.expAvgSq)], [0, 0]);
});

Deno.test("mapNames() needs no counters of batches", () => {
  const tensors = new Map(
    [...MODEL].filter(([name]) => !name.endsWith("num_batches_tracked")),
  );
  assertEquals(mapNames(tensors).size, tensors.size);
});

Deno.test("mapNames() lists what is missing, misshaped and left over", () => {
  assertEquals(
    refused(changed({ "encoder.2.running_var": null, "decoder.6.bias": [2] })),
    "decoder.6.bias has shape [2], not [1]; " +
      "encoder.2.running_var [16] is missing",
  );
  assertEquals(
    refused(
      changed({ "encoder.0.bias": null, "scale": [3], "fc_mu.gain": [] }),
    ),
    "scale [3] has no place; fc_mu.gain [] has no place; " +
      "encoder.0.bias [16] is missing",
  );
  assertEquals(
    refused(changed({ "fc_mu.running_mean": [3] })),
    "fc_mu.running_mean [3] has no place",
  );
  assertEquals(
    refused(changed({ "encoder.3.weight": [32, 16, 5, 5] })),
    "encoder.3.weight has shape [32, 16, 5, 5], not [32, 16, 3, 3]",
  );
  assertEquals(
    refused(changed({ "fc_logvar.weight": null, "fc_logvar.bias": null })),
    "it has 0 log σ² layers, not 1",
  );
  assertStringIncludes(
    refused(changed({ "encoder.9.weight": [64, 64, 3, 3] })),
    "it has 4 encoder convolutions, not 3 (encoder.0.weight [16, 1, 3, 3], ",
  );
  assertStringIncludes(
    refused(changed({ "x.weight": [1, 2, 3] })),
    "has no place",
  );
  assertStringIncludes(
    refused(changed({ "x.bias": [3] })),
    "x.bias [3] has no weight beside it",
  );
  assertEquals(
    refused(
      new Map([...changed({}), ["a\n\x9b.weight", MODEL.get("fc_mu.bias")!]]),
    )
      .match(/\p{Cc}/u),
    null,
  );
});

Deno.test("mapNames() counts what one line cannot hold", () => {
  const message = refused(
    new Map(
      Array.from(
        { length: 900 },
        (_, i) => [`x${i}`, MODEL.get("fc_mu.bias")!],
      ),
    ),
  );
  assert(message.length < 1000 && !message.includes("\n"), message);
  assertStringIncludes(message, "x0 [3] has no place; ");
  assertStringIncludes(message, "; and 903 more");
  const many = Array.from({ length: 1001 }, (_, i) => [`x${i}`] as const);
  assertThrows(
    () =>
      mapNames(new Map(many.map(([name]) => [name, MODEL.get("fc_mu.bias")!]))),
    ImportError,
    "1001 tensors",
  );
});

Deno.test("mapNames() refuses two layers for one place", () => {
  const twice = new Map([
    ...MODEL,
    ...[...MODEL].map(([name, tensor]) => [`ema.${name}`, tensor] as const),
  ]);
  assertStringIncludes(refused(twice), "it has 6 encoder convolutions, not 3");
  assertStringIncludes(
    refused(
      renamed(
        "a b c d e f fc_mu fc_logvar fc_decode g h i j k",
      ),
    ),
    "the sides of its batch norms are not clear",
  );
});

Deno.test("mapNames() refuses latent sizes that no model here has", () => {
  assertEquals(
    refused(changed({ "fc_mu.weight": [513, 1024] })),
    "fc_mu.weight has shape [513, 1024], not [1 to 512, 1024]",
  );
  assertEquals(
    refused(changed({ "fc_mu.weight": [3, 784] })),
    "fc_mu.weight has shape [3, 784], not [3, 1024]",
  );
  assertStringIncludes(
    refused(changed({ "fc_mu.weight": [4, 1024] })),
    "fc_mu.bias has shape [3], not [4]",
  );
});

/** The model with columns for so many classes in its linear layers. */
function told(mu: number, logvar: number, decode: number) {
  return changed({
    "fc_mu.weight": [3, 1024 + mu],
    "fc_logvar.weight": [3, 1024 + logvar],
    "fc_decode.weight": [1024, 3 + decode],
  });
}

Deno.test("mapNames() knows a model that is told of classes", () => {
  const sizes = (tensors: ReadonlyMap<string, Tensor>) =>
    ["fc_mu", "fc_logvar", "fc_decode"]
      .map((name) => mapNames(tensors).get(`${name}.weight`)!.shape);
  assertEquals(sizes(told(7, 7, 7)), [[3, 1031], [3, 1031], [1024, 10]]);
  // fc1, fc2 and fc3, of which only the shapes tell what they are.
  const numbered = new Map(
    [...told(256, 256, 256)].map(([name, tensor]) => [
      name.replace("fc_mu", "fc1").replace("fc_logvar", "fc2")
        .replace("fc_decode", "fc3"),
      tensor,
    ]),
  );
  assertEquals(sizes(numbered), [[3, 1280], [3, 1280], [1024, 259]]);
});

Deno.test("mapNames() refuses halves that are told of other classes", () => {
  assertEquals(
    refused(told(0, 0, 2)),
    "encoder and decoder are to be told of the same classes, and the columns " +
      "for them are 0 in fc_mu.weight [3, 1024], 0 in fc_logvar.weight [3, " +
      "1024], 2 in fc_decode.weight [1024, 5]",
  );
  assertStringIncludes(refused(told(2, 2, 0)), "2 in fc_mu.weight [3, 1026]");
  assertStringIncludes(refused(told(2, 3, 2)), "3 in fc_logvar.weight");
  assertStringIncludes(
    refused(told(257, 257, 257)),
    "fc_mu.weight has shape [3, 1281], not [3, 1024]",
  );
});

Deno.test("mapNames() refuses a batch norm right after its convolution", () => {
  const other = renamed(
    "encoder.0 encoder.1 encoder.3 encoder.4 encoder.6 encoder.7 fc_mu " +
      "fc_logvar fc_decode decoder.0 decoder.1 decoder.3 decoder.4 decoder.6",
  );
  assertStringIncludes(
    refused(other),
    "encoder.1 normalises right after encoder.0, here the ReLU comes between",
  );
});
