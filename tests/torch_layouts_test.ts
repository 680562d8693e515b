/** Layouts of models like this one's, right and wrong: exact, or refused with the reason. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readWeights } from "../lib/checkpoint/weights.ts";
import { type Tensor, writeSafetensors } from "../lib/formats/safetensors.ts";
import { importModel } from "../lib/interop/imported.ts";
import {
  bytesOf,
  dict,
  int,
  legacyPth,
  name,
  pickle,
  pth,
  stateDict,
  stateDictPart,
  tensor,
  text,
  tuple,
  zip,
} from "./pth.ts";
import { PATTERN, PLACES, renamed } from "./torch_layers.ts";

const OWN = PLACES.join(" ");
const EXPECTED = readWeights(PATTERN);
const { value: MODEL, storages: STORAGES } = stateDictPart(PATTERN);

const named = (layers: string) => stateDict(renamed(layers));
/** This project's names with some words in place of others. */
const swapped = (words: Record<string, string>) =>
  named(OWN.replaceAll(/\S+/g, (word) => words[word] ?? word));
const file = (entries: [string, Uint8Array][]) =>
  pth(pickle(dict(entries)), STORAGES);
/** An object of a class, made of its arguments. */
const made = (module: string, what: string, ...args: Uint8Array[]) =>
  bytesOf(name(module, what), tuple(...args), "R");
/** Bytes in protocol 2. */
const bytes = (latin1: string) =>
  made("_codecs", "encode", text(latin1), text("latin1"));
const scalar = made(
  "numpy.core.multiarray",
  "scalar",
  bytesOf(made("numpy", "dtype", text("f8")), tuple("N"), "b"),
  bytes("\0\0\0\0\0\0\xe0?"),
);
const other = (changes: Record<string, Tensor | null>) => {
  const tensors = new Map(PATTERN);
  for (const [key, tensor] of Object.entries(changes)) {
    if (tensor) tensors.set(key, tensor);
    else tensors.delete(key);
  }
  return tensors;
};
const zeros = (...shape: number[]): Tensor => ({
  dtype: "F32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});
const counters = (...shape: number[]) =>
  stateDict(other(Object.fromEntries(
    PLACES.filter((place) => /[258]$/.test(place)).map((place) => [
      `${place}.num_batches_tracked`,
      { dtype: "I64", shape, data: BigInt64Array.of(7n) } as Tensor,
    ]),
  )));
/** The model in another width: how many bytes, and how one is written. */
const wide = (
  type: string,
  size: number,
  write: (view: DataView, at: number, value: number) => void,
) => {
  const storages: Record<string, Uint8Array> = {};
  const entries = [...PATTERN].map(([key, { shape, data }], i) => {
    const view = new DataView(new ArrayBuffer(size * data.length));
    data.forEach((value, at) => write(view, size * at, Number(value)));
    storages[i] = new Uint8Array(view.buffer);
    const length = data.length;
    return [key, tensor({ key: String(i), type, length, shape })] as const;
  });
  return { entries, storages };
};
const bfloat16 = (view: DataView, at: number, value: number) => {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
  view.setUint16(at, bits >> 16, true);
};
const WIDTHS = {
  F16: wide("HalfStorage", 2, (v, at, x) => v.setFloat16(at, x, true)),
  BF16: wide("BFloat16Storage", 2, bfloat16),
  F64: wide("DoubleStorage", 8, (v, at, x) => v.setFloat64(at, x, true)),
};
const saved = ({ entries, storages }: typeof WIDTHS.F16) =>
  pth(pickle(dict(entries)), storages);
const safetensors = (
  dtype: keyof typeof WIDTHS,
  metadata: Record<string, string> = {},
) => {
  let at = 0;
  const { storages } = WIDTHS[dtype];
  const header = [...PATTERN].map(([key, { shape }], i) => {
    const begin = at;
    at += storages[i].length;
    return [key, { dtype, shape, data_offsets: [begin, at] }];
  });
  const json = new TextEncoder().encode(
    JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(header) }),
  );
  const length = new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer);
  return bytesOf(length, json, ...Object.values(storages));
};

const RIGHT: Record<string, Uint8Array> = {
  "this project's names": stateDict(PATTERN),
  "one flat module, whose heads have numbers": named(
    "conv1 bn1 conv2 bn2 conv3 bn3 fc21 fc22 fc3 deconv1 bn4 deconv2 bn5 deconv3",
  ),
  "letters in place of numbers": named(
    "enc_conv_a enc_bn_a enc_conv_b enc_bn_b enc_conv_c enc_bn_c fc_mu fc_lv " +
      "fc_z dec_conv_a dec_bn_a dec_conv_b dec_bn_b dec_conv_c",
  ),
  "one letter for each side": named(
    "e_conv1 e_bn1 e_conv2 e_bn2 e_conv3 e_bn3 mu log_variance lin d_conv1 " +
      "d_bn1 d_conv2 d_bn2 d_conv3",
  ),
  "words of their own for the sides": named(
    "body.a.c body.a.n body.b.c body.b.n body.c.c body.c.n loc log_sigma2 fc " +
      "paint.a.c paint.a.n paint.b.c paint.b.n paint.c.c",
  ),
  "a last layer of another name": swapped({ "decoder.6": "final_layer.0" }),
  "fc_log_variance": swapped({ fc_logvar: "fc_log_variance" }),
  "a wrapper that looks like a decoder": stateDict(
    renamed(OWN, { prefix: "deep_vae." }),
  ),
  "a compiled model in parallel": stateDict(
    renamed(OWN, { prefix: "_orig_mod.module." }),
  ),
  "a moving average": stateDict(
    new Map<string, Tensor>([
      ["n_averaged", { dtype: "I64", shape: [], data: BigInt64Array.of(5n) }],
      ...renamed(OWN, { prefix: "module." }),
    ]),
  ),
  ...Object.fromEntries(
    "net vae weights model_state ema network my_model".split(" ").map((key) => [
      `a dict with ${key}`,
      file([["epoch", int(3)], [key, MODEL]]),
    ]),
  ),
  "a dict in a dict": file([["checkpoint", dict([["model", MODEL]])]]),
  "a model and its moving average": file([[
    "ema",
    dict([[
      "x.weight",
      tensor({
        length: 1,
        shape: [1],
      }),
    ]]),
  ], ["model", MODEL]]),
  "plain and other objects beside it": file([
    ["model_state_dict", MODEL],
    ["device", made("torch", "device", text("cpu"))],
    ["dtype", name("torch", "float32")],
    ["set", made("__builtin__", "set", bytesOf("](", int(1), "e"))],
    ["bytes", bytes("abc")],
    ["complex", made("__builtin__", "complex", int(1), int(2))],
    ["loss", scalar],
    [
      "lists",
      bytesOf(
        made("collections", "defaultdict", name("__builtin__", "list")),
        ...["(", text("train"), "](", scalar, scalar, "eu"],
      ),
    ],
    ["args", bytesOf(name("argparse", "Namespace"), ")", 0x81, "}b")],
    ["path", made("pathlib", "PosixPath", text("a"))],
    ["config", bytesOf(name("__main__", "Config"), ")", 0x81, "}b")],
    ["set4", bytesOf(0x8f, "(", int(1), 0x90)],
  ]),
  "the format before PyTorch 1.6": legacyPth(MODEL, STORAGES),
  "checksums that are off": zip([
    { name: "a/data.pkl", content: pickle(MODEL), crc: 0 },
    ...Object.entries(STORAGES).map(([key, content]) => ({
      ...{ name: `a/data/${key}`, content, crc: 0 },
    })),
  ]),
  "float16": saved(WIDTHS.F16),
  "bfloat16": saved(WIDTHS.BF16),
  "float64": saved(WIDTHS.F64),
  "safetensors in F16": safetensors("F16"),
  "safetensors in BF16": safetensors("BF16"),
  "safetensors in F64": safetensors("F64"),
  "safetensors with another's options": safetensors("F16", {
    options: '{"lr": 1}',
    classes: "seven",
    data: "{",
  }),
  "safetensors whose options are no JSON": writeSafetensors(PATTERN, {
    options: "--beta 4",
  }),
  "scalar counters": counters(),
  "counters with an axis": counters(1),
};

for (const [what, bytes] of Object.entries(RIGHT)) {
  Deno.test(`importModel() takes ${what}, exactly`, () => {
    const { state } = importModel(bytes, {});
    assertEquals(state.parameters, EXPECTED.parameters);
    assertEquals(state.running, EXPECTED.running);
  });
}

const minus = (name: string): Tensor => {
  const { dtype, shape, data } = PATTERN.get(name) as Tensor<"F32">;
  return { dtype, shape, data: data.map((x, i) => i === 3 ? -1e-3 : x) };
};

const WRONG: Record<string, [RegExp, Uint8Array]> = {
  "a batch norm right after its convolution": [
    /encoder\.1 normalises right after encoder\.0/,
    named(
      "encoder.0 encoder.1 encoder.3 encoder.4 encoder.6 encoder.7 fc_mu " +
        "fc_logvar fc_decode decoder.0 decoder.1 decoder.3 decoder.4 decoder.6",
    ),
  ],
  "a batch norm of what no ReLU has passed": [
    /encoder\.5\.running_mean is -0\.00100 at element 3, and no mean/,
    stateDict(
      other({ "encoder.5.running_mean": minus("encoder.5.running_mean") }),
    ),
  ],
  "logits without a likelihood": [
    /its outputs are -4\.0 on average, .*, its likelihood is bce$/,
    stateDict(other({
      "decoder.5.bias": zeros(16),
      "decoder.6.bias": { ...zeros(1), data: Float32Array.of(-4) } as Tensor,
    })),
  ],
  "a head of σ": [
    /fc_sigma\.weight seems to give σ or log σ/,
    swapped({ fc_logvar: "fc_sigma" }),
  ],
  "a head of log std": [
    /fc_log_std\.weight/,
    swapped({ fc_logvar: "fc_log_std" }),
  ],
  "heads that nothing tells apart": [
    /which of its layers gives μ is not clear \(head_a\.weight \[2, 1024\]/,
    swapped({ fc_mu: "head_a", fc_logvar: "head_b" }),
  ],
  "norms that nothing tells apart": [
    /the sides of its batch norms are not clear/,
    named("a b c d e f fc_mu fc_logvar fc_decode g h i j k"),
  ],
  "two models in one": [
    /it has 12 convolutions|6 encoder convolutions/,
    stateDict(new Map([...PATTERN, ...renamed(OWN, { prefix: "teacher." })])),
  ],
  "two models side by side": [
    /it holds 2 models, under first and second: save the state dict of/,
    file([
      ["first", MODEL],
      ["second", MODEL],
    ]),
  ],
  "larger kernels": [
    /encoder\.3\.weight has shape \[32, 16, 5, 5\]/,
    stateDict(other({ "encoder.3.weight": zeros(32, 16, 5, 5) })),
  ],
  "more channels": [
    /decoder\.2\.weight has shape \[64\], not \[32\]/,
    stateDict(other({
      "decoder.2.weight": zeros(64),
      "decoder.2.bias": zeros(64),
    })),
  ],
  "one layer more": [
    /which of its layers gives μ is not clear \(fc\.weight|fc\.weight/,
    stateDict(other({
      "fc.weight": zeros(256, 1024),
      "fc.bias": zeros(256),
    })),
  ],
  "no batch norm in the decoder": [
    /it has 0 decoder batch norms, not 2/,
    stateDict(
      new Map(
        [...PATTERN].filter(([name]) => !/^decoder\.[25]/.test(name)),
      ),
    ),
  ],
  "convolutions without a bias": [
    /encoder\.0\.bias \[16\] is missing/,
    stateDict(other({ "encoder.0.bias": null })),
  ],
  "NaN": [
    /fc_mu\.bias is NaN/,
    stateDict(other({
      "fc_mu.bias": { ...zeros(2), data: Float32Array.of(NaN, 0) } as Tensor,
    })),
  ],
  "NumPy's arrays in place of tensors": [
    /encoder\.0\.weight is no tensor but an object of numpy\.ndarray/,
    file([
      ["encoder.0.weight", made("numpy", "ndarray")],
      ["encoder.0.bias", tensor({ length: 16, shape: [16] })],
    ]),
  ],
  "a whole model": [
    /an object of __main__\.VAE, no dict: save model\.state_dict\(\)/,
    pth(pickle(name("__main__", "VAE"), ")", 0x81, "}b")),
  ],
  "an object with a whole model": [
    /only model \(an object of __main__\.VAE\): save model\.state_dict\(\)/,
    pth(
      pickle(dict([[
        "model",
        bytesOf(
          ...[name("__main__", "VAE"), ")", 0x81],
          dict([["_modules", dict([["fc_mu", MODEL]])]]),
          "b",
        ),
      ]])),
      STORAGES,
    ),
  ],
  "a program": [
    /^it is a program of TorchScript, neither/,
    zip([
      { name: "a/data.pkl", content: pickle(MODEL) },
      { name: "a/code/__torch__.py", content: bytesOf("") },
    ]),
  ],
  "an ONNX model": [
    /^it is an ONNX model, neither/,
    bytesOf(8, 8, 0x12, 7, "pytorch"),
  ],
  "an ONNX model of another writer": [
    /^it is an ONNX model, neither/,
    bytesOf(8, 10, 0x3a, 0xff, 0xff),
  ],
  "Keras's old files": [
    /^it is an HDF5 file, as Keras writes/,
    Uint8Array.from(
      "\x89HDF\r\n\x1a\n",
      (c) => c.charCodeAt(0),
    ),
  ],
  "Keras's files": [
    /^it is a Keras model/,
    zip([{ name: "model.weights.h5", content: bytesOf("x") }]),
  ],
  "a TensorFlow.js model": [
    /^it is a TensorFlow\.js model/,
    bytesOf('{"format":"layers-model","modelTopology":{}}'),
  ],
  "NumPy's archives": [
    /^it is an archive of NumPy arrays/,
    zip([{ name: "mu.npy", content: bytesOf("x") }]),
  ],
  "nothing": [/^it is empty/, new Uint8Array()],
};

for (const [what, [reason, bytes]] of Object.entries(WRONG)) {
  Deno.test(`importModel() refuses ${what}`, async () => {
    const error = await assertRejects(
      // deno-lint-ignore require-await -- what it throws is a rejection
      async () => importModel(bytes, {}),
      Error,
    );
    assertMatch(error.message, reason);
  });
}

Deno.test("importModel() says what it assumed, and what it left out", () => {
  const { assumed, omitted } = importModel(
    file([
      ["vae", MODEL],
      ["ema", MODEL],
      ["when", made("datetime", "datetime", bytes("x"))],
    ]),
    {},
  );
  assertEquals(assumed, [
    "a ReLU between each convolution and its batch norm, of eps 1e-5",
    "likelihood mse",
    "β = 1",
    "fc_logvar gives log σ²",
    "no further ReLU, 28×28 pixels from 0 to 1, and features in the order " +
    "channel, row, column, of which its batch norms show too little",
  ]);
  assertEquals(omitted, [
    "the model under ema",
    "datetime.datetime, of which nothing was run",
  ]);
  const { assumed: heads } = importModel(
    swapped({ fc_mu: "fc1", fc_logvar: "fc2" }),
    { likelihood: "bce", beta: 2 },
  );
  assertEquals(heads.at(-1), "fc1 gives μ and fc2 log σ²");
});

Deno.test("importModel() reads what lies beside a model further down", () => {
  const beta = bytesOf("G", 0x40, 0x10, 0, 0, 0, 0, 0, 0); // 4.0
  const inner = dict([["model", MODEL], ["beta", beta]]);
  const { options } = importModel(file([["checkpoint", inner]]), {});
  assertEquals(options.beta, 4);
});

Deno.test("importModel() finds β where scripts and Lightning keep it", () => {
  const beta = bytesOf("G", 0x40, 0x10, 0, 0, 0, 0, 0, 0); // 4.0
  const namespace = bytesOf(
    name("argparse", "Namespace"),
    ")",
    0x81,
    dict([["beta", beta]]),
    "b",
  );
  const attributes = bytesOf(
    name("lightning.fabric.utilities.data", "AttributeDict"),
    ")R",
    "(",
    text("beta"),
    beta,
    "u",
  );
  for (
    const [key, value] of [
      ["beta", beta],
      ["hyper_parameters", dict([["beta", beta]])],
      ["hyper_parameters", attributes],
      ["args", namespace],
    ] as const
  ) {
    const { options } = importModel(file([["model", MODEL], [key, value]]), {});
    assertEquals(options.beta, 4);
  }
  const chosen = importModel(file([["model", MODEL], ["beta", beta]]), {
    beta: 2,
  });
  assertEquals(chosen.options.beta, 2);
});
