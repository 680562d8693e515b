/**
 * Models whose tensors fit this project's and mean something else: written by
 * PyTorch 2.13, as `torch/misread.py` says.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { readWeights } from "../lib/checkpoint/weights.ts";
import { parseSafetensors, type Tensor } from "../lib/formats/safetensors.ts";
import { ImportError } from "../lib/interop/error.ts";
import { type Imported, importModel } from "../lib/interop/imported.ts";
import { mapNames } from "../lib/interop/torch_names.ts";
import { readPth } from "../lib/interop/torch_pth.ts";
import { stateDict } from "./pth.ts";
import { PLACES, renamed } from "./torch_layers.ts";

const fixture = (name: string) =>
  Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const CLASS_FIRST = gunzipSync(fixture("torch-class-first.pth.gz"));
const CONTINUED = mapNames(
  readPth(gunzipSync(fixture("torch-continued.pth.gz"))),
);
const STATISTICS = parseSafetensors(
  fixture("torch-activations.safetensors"),
).tensors;

const CLASSES = 3;

/** The columns of a weight in another order. */
function reordered(
  { shape, data }: Tensor,
  columnOf: (column: number, width: number) => number,
): Tensor {
  const width = shape[1];
  const moved = Float32Array.from(data as Float32Array, (_, i) => {
    const column = columnOf(i % width, width);
    return Number(data[i - i % width + column]);
  });
  return { dtype: "F32", shape, data: moved };
}

/** The class-first model with these layers as others have them. */
const behind = (...layers: string[]) =>
  new Map([...readPth(CLASS_FIRST)].map(([name, tensor]): [string, Tensor] => [
    name,
    layers.some((layer) => name === `${layer}.weight`)
      ? reordered(tensor, (column, width) => (column + CLASSES) % width)
      : tensor,
  ]));

const HEADS = ["fc_mu", "fc_logvar"];

for (
  const [where, file, words] of [
    ["first", CLASS_FIRST, "before the features and before z"],
    [
      "behind",
      stateDict(behind(...HEADS, "fc_decode")),
      "behind the features and behind z",
    ],
    [
      "in two places",
      stateDict(behind(...HEADS)),
      "behind the features and before z",
    ],
  ] as const
) {
  Deno.test(`importModel() finds a one-hot class that stands ${where}`, () => {
    const { state, options, assumed } = importModel(file, {
      likelihood: "bce",
    });
    assertEquals(options.classCount, CLASSES);
    assertEquals(assumed[1], `the one-hot class ${words}`);
    const expected = readWeights(behind(...HEADS, "fc_decode"));
    assertEquals(state.parameters, expected.parameters);
  });
}

Deno.test("importModel() says that weights do not show where the class stands", () => {
  const plain = gunzipSync(fixture("torch-conditional.pth.gz"));
  const { assumed } = importModel(plain, {});
  assertEquals(
    assumed[1],
    "the one-hot class behind the features and behind z, of which its weights " +
      "show nothing yet",
  );
});

Deno.test("importModel() refuses logits as pixels, whatever their mean", () => {
  const model = readPth(CLASS_FIRST);
  const refuses = () =>
    assertThrows(
      () => importModel(stateDict(model), {}),
      ImportError,
      "likelihood is bce",
    );
  refuses();
  const bias = model.get("decoder.6.bias") as Tensor;
  model.set("decoder.6.bias", {
    ...bias,
    data: Float32Array.from(bias.data as Float32Array, (x) => x + 2),
  } as Tensor);
  refuses();
});

Deno.test("importModel() refuses heads in the other order, whatever their KL", () => {
  const heads = (mu: string, logvar: string) => {
    const layers = PLACES.join(" ").replace("fc_mu", mu)
      .replace("fc_logvar", logvar);
    const model = mapNames(readPth(CLASS_FIRST));
    return stateDict(renamed(layers, { model }));
  };
  const bce = { likelihood: "bce" } as const;
  const { assumed } = importModel(heads("fc21", "fc22"), bce);
  assertEquals(assumed.at(-1), "fc21 gives μ and fc22 log σ²");
  assertThrows(
    () => importModel(heads("fc22", "fc21"), bce),
    ImportError,
    "seem to stand in the other order: drawn digits come out better",
  );
});

/** The model of torch-continued with what its norms run over in PyTorch. */
function running(activation: string, onlyIn = ""): Map<string, Tensor> {
  return new Map([...CONTINUED].map(([name, tensor]): [string, Tensor] => {
    const found = STATISTICS.get(`${activation}.${name}`);
    if (found && name.startsWith(onlyIn)) return [name, found];
    const usual = STATISTICS.get(`ReLU.${name}`);
    if (usual) return [name, usual];
    return name.endsWith("num_batches_tracked")
      ? [
        name,
        { dtype: "I64", shape: [], data: BigInt64Array.of(20n) } as Tensor,
      ]
      : [name, tensor];
  }));
}

for (const activation of ["Softplus", "Sigmoid", "SiLU", "ELU"]) {
  Deno.test(`importModel() refuses a model with ${activation} before its norms`, () => {
    for (const half of ["", "decoder."]) {
      const file = stateDict(running(activation, half));
      assertThrows(() => importModel(file, {}), ImportError);
    }
  });
}

Deno.test("importModel() names the activation that a positive mean hides", () => {
  for (const activation of ["Softplus", "Sigmoid"]) {
    assertThrows(
      () => importModel(stateDict(running(activation)), {}),
      ImportError,
      `run over what ${activation} gives, not a ReLU`,
    );
  }
});

Deno.test("importModel() takes a model with ReLUs before its norms", () => {
  const { state }: Imported = importModel(stateDict(running("ReLU")), {});
  assert(state.running.length > 0);
});
