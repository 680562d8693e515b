/**
 * Models whose layers are wired otherwise than this project's, with the same
 * tensors: written by PyTorch 2.13, as `torch/rewired.py` says.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { parseSafetensors, type Tensor } from "../lib/formats/safetensors.ts";
import { ImportError } from "../lib/interop/error.ts";
import { importModel } from "../lib/interop/imported.ts";
import { outputKind } from "../lib/interop/outputs.ts";
import { mapNames } from "../lib/interop/torch_names.ts";
import { readPth } from "../lib/interop/torch_pth.ts";
import { stateDict } from "./pth.ts";

const fixture = (name: string) =>
  Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const modelOf = (name: string) =>
  mapNames(readPth(gunzipSync(fixture(`${name}.pth.gz`))));
const WIRINGS = parseSafetensors(
  fixture("torch-wirings.safetensors"),
).tensors;

function refusal(tensors: ReadonlyMap<string, Tensor>, likelihood = "mse") {
  return assertThrows(
    () =>
      importModel(stateDict(new Map(tensors)), {
        likelihood: likelihood as "mse" | "bce",
      }),
    ImportError,
  ).message;
}

const SAID = {
  standardised:
    "standardised pixels give, (x − 0.1307) / 0.3081: here pixels " +
    "lie between 0 and 1",
  signed: "pixels between −1 and 1 give: here pixels lie between 0 and 1",
  padded: "images that are padded to 32×32 pixels give: here images have 28×28",
  resized: "images that are resized to 32×32 pixels give: here images have",
  pooled: "convolutions of stride 1 with max-pooling give: here each",
  twice: "a ReLU behind each of them gives as well: here there is one before",
};

for (const [wiring, words] of Object.entries(SAID)) {
  Deno.test(`importModel() tells an encoder that is wired otherwise: ${wiring}`, () => {
    const model = modelOf("torch-class-first");
    for (const [name, tensor] of model) {
      const found = WIRINGS.get(`${wiring}.${name}`);
      if (found) model.set(name, found);
      if (!name.endsWith("num_batches_tracked")) continue;
      model.set(name, { ...tensor, data: BigInt64Array.of(20n) } as Tensor);
    }
    const message = refusal(model, "bce");
    assert(message.includes(words), message);
  });
}

Deno.test("importModel() tells ReLUs around the linear layers", () => {
  assertEquals(
    refusal(modelOf("torch-rectified")),
    "its batch norms have run over what a ReLU between the encoder and its " +
      "heads and another before the decoder give: here there is none",
  );
});

/** A model with its features in the order row, column, channel. */
function channelsLast(
  model: ReadonlyMap<string, Tensor>,
  classCount: number,
): Map<string, Tensor> {
  const inFile = (i: number) => i % 16 * 64 + Math.floor(i / 16);
  return new Map([...model].map(([name, tensor]): [string, Tensor] => {
    const { shape: [rows, width = 1], data } = tensor;
    if (!name.startsWith("fc_")) return [name, tensor];
    const isDecoder = name.startsWith("fc_decode");
    const moved = new Float32Array(data.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < width; column++) {
        // The class comes first in this model.
        const isFeature = width > 1 && column >= classCount;
        const to = isDecoder ? inFile(row) * width + column : row * width +
          (isFeature ? classCount + inFile(column - classCount) : column);
        moved[to] = Number(data[row * width + column]);
      }
    }
    return [name, { ...tensor, data: moved } as Tensor];
  }));
}

Deno.test("importModel() finds features whose channels come last, and turns them", () => {
  const model = modelOf("torch-class-first");
  const bce = { likelihood: "bce" } as const;
  const own = importModel(stateDict(model), bce);
  const turned = importModel(stateDict(channelsLast(model, 3)), bce);
  assertEquals(turned.state.parameters, own.state.parameters);
  const words =
    "features in the order row, column, channel, as its batch norms show";
  assert(turned.assumed.includes(words), turned.assumed.join("; "));
  assert(!own.assumed.includes(words));
});

Deno.test("importModel() says what too few steps do not show", () => {
  const { assumed } = importModel(stateDict(modelOf("torch-continued")), {});
  assertEquals(
    assumed.at(-1),
    "no further ReLU, 28×28 pixels from 0 to 1, and features in the order " +
      "channel, row, column, of which its batch norms show too little",
  );
});

Deno.test("importModel() refuses what is told of a number", () => {
  const model = modelOf("torch-continued");
  for (const name of ["fc_mu", "fc_logvar", "fc_decode"]) {
    const { shape: [rows, width] } = model.get(`${name}.weight`)!;
    const data = new Float32Array(rows * (width + 1));
    model.set(`${name}.weight`, {
      dtype: "F32",
      shape: [rows, width + 1],
      data,
    });
  }
  assert(refusal(model).includes("it is told of a number, such as the label"));
});

Deno.test("outputKind() tells pixels, logits and what a ReLU makes pixels of", () => {
  const pixels = Float32Array.from(
    { length: 1000 },
    (_, i) => i % 5 === 0 ? 0.5 + i % 3 / 6 : i % 2 / 50,
  );
  const noise = (i: number) => Math.sin(7 * i) / 20;
  const kindOf = (of: (pixel: number, i: number) => number) =>
    outputKind(pixels, pixels.map(of))?.kind;
  assertEquals(kindOf((x, i) => x + noise(i)), "pixels");
  assertEquals(
    kindOf((x, i) => Math.log((x + 0.01) / (1.01 - x)) + noise(i)),
    "logits",
  );
  assertEquals(kindOf((x, i) => x > 0.1 ? x + noise(i) : -1), "rectified");
  assertEquals(kindOf((_, i) => noise(i)), undefined);
});
