/** Runs that PyTorch began: what is read of them, and how they go on. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  type Checkpoint,
  loadCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { createEngine } from "../lib/engines.ts";
import {
  parseSafetensors,
  type Tensor,
  writeSafetensors,
} from "../lib/formats/safetensors.ts";
import { epochsDone, ownOptions } from "../lib/interop/torch_training.ts";
import { readWeights } from "../lib/checkpoint/weights.ts";
import { gunzipIdx, parseIdx } from "../lib/formats/idx.ts";
import { importModel } from "../lib/interop/imported.ts";
import { readPth } from "../lib/interop/torch_pth.ts";
import { encodePth } from "../lib/interop/torch_writer.ts";
import type { Value } from "../lib/formats/pickle.ts";
import { randomModel } from "./exported.ts";
import { defaults } from "../lib/options/table.ts";
import { dataOptions } from "../lib/options/run.ts";
import { inFolder } from "./folder.ts";
import { collect, dataset, FakeEngine } from "./fake_engine.ts";
import { ENGINE, runWell, untrained } from "./process.ts";
import {
  bytesOf,
  dict,
  int,
  pickle,
  pth,
  stateDictPart,
  tensor,
  text,
  tuple,
} from "./pth.ts";
import { PATTERN } from "./torch_layers.ts";

const fixture = (name: string) =>
  Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** What the usual script of PyTorch 2.13 saved after an epoch of six steps, and its next 50. */
const PTH = gunzipSync(fixture("torch-continued.pth.gz"));
const NEXT = parseSafetensors(fixture("torch-continued.safetensors")).tensors;

const imported = importModel(PTH, {});

Deno.test("importModel() reads Adam's state, options and epochs", () => {
  const { options, state, epochsBefore, history, fresh, assumed } = imported;
  const { latentDim, beta, batchSize, lr, adamBeta1, adamBeta2 } = options;
  assertEquals(
    { latentDim, beta, batchSize, lr, adamBeta1, adamBeta2 },
    {
      ...{ latentDim: 2, beta: 2, batchSize: 8, lr: 0.003 },
      ...{ adamBeta1: 0.85, adamBeta2: 0.99 },
    },
  );
  assertEquals([state.step, epochsBefore, history, fresh], [
    6,
    1,
    [],
    undefined,
  ]);
  assertEquals(assumed, [
    "a ReLU between each convolution and its batch norm, of eps 1e-5",
    "likelihood mse",
    "fc_logvar gives log σ²",
    "no further ReLU, 28×28 pixels from 0 to 1, and features in the order " +
    "channel, row, column, of which its batch norms show too little",
    "1 epoch is done (epoch 1)",
    "Adam's moments in the order of the model's tensors",
  ]);
  assert(state.expAvgSq.every((square) => square >= 0));
});

Deno.test("a run that PyTorch began has the losses that it has there", async () => {
  const { images } = digits();
  const { options, state } = imported;
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  try {
    await engine.writeState(state);
    engine.setImages(images);
    const order = NEXT.get("order")!.data as Uint8Array;
    const eps = NEXT.get("eps")!.data as Float32Array;
    const losses = NEXT.get("losses")!.data as Float32Array;
    const { batchSize: count, latentDim, beta, lr: learningRate } = options;
    const noise = count * latentDim;
    for (let i = 0; i < losses.length / 3; i++) {
      engine.setOrder(
        Uint32Array.from(order.subarray(i * count, (i + 1) * count)),
      );
      const epsilon = eps.subarray(i * noise, (i + 1) * noise);
      await engine.trainStep(
        { first: 0, count, step: state.step + i, epsilon },
        { beta, capacity: 0, learningRate },
      );
      const sums = await engine.takeLosses();
      const kl = sums.klPerDimension.reduce((a, b) => a + b);
      const found = [sums.reconstruction, kl, sums.total];
      found.forEach((sum, j) => {
        const expected = losses[3 * i + j];
        assertAlmostEquals(sum / count, expected, 1e-3 * expected);
      });
    }
  } finally {
    engine.dispose();
  }
});

function digits(): { images: Uint8Array } {
  const path = new URL("golden/digits-idx3-ubyte.gz", import.meta.url);
  return { images: parseIdx(gunzipIdx(Deno.readFileSync(path))).data };
}

Deno.test("a checkpoint keeps the epochs that were trained elsewhere", () => {
  const { options, state, epochsBefore, history } = imported;
  const checkpoint = {
    ...{ options, state, epochsBefore, history, partial: null },
    data: { name: "x", digest: null, options: defaults(dataOptions) },
  };
  assertEquals(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
});

Deno.test("train({ resume }) counts the epochs that were trained elsewhere", async () => {
  const blank = dataset(8);
  const resume = {
    ...imported,
    options: { ...imported.options, patience: 2, epochs: 9 },
    partial: null,
    epochsBefore: 3,
    data: { name: "blank", digest: null, options: blank.options },
  };
  const engine = new FakeEngine();
  engine.validation = [7, 6, 8, 9]; // of epochs 4 to 7
  const { end } = await collect(engine, { dataset: blank, resume });
  assertEquals(end.reason, "patience");
  const checkpoint = await end.checkpoint();
  const { epochsBefore, history, trained } = checkpoint;
  assertEquals([epochsBefore, trained], [3, 7]);
  assertEquals(history.map(({ epoch, step }) => [epoch, step]), [
    [4, 7],
    [5, 8],
  ]);
  assertEquals(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
  // Nothing is left of --epochs 5.
  const idle = new FakeEngine();
  const again = await collect(idle, {
    ...{ dataset: blank, resume: checkpoint, epochs: 5 },
  });
  assertEquals([again.end.reason, idle.batches], ["epochs", []]);
});

Deno.test("a checkpoint whose counters PyTorch has written is read", () => {
  const bytes = untrained();
  const { tensors, metadata } = parseSafetensors(bytes);
  const scalars = new Map(
    [...tensors].map(([name, tensor]): [string, Tensor] => [
      name,
      name.endsWith("num_batches_tracked") ? { ...tensor, shape: [] } : tensor,
    ]),
  );
  assertEquals(
    decodeCheckpoint(writeSafetensors(scalars, metadata)),
    decodeCheckpoint(bytes),
  );
});

Deno.test("deno task train --resume goes on where PyTorch stopped", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "run.pth"), PTH);
    const { stdout } = await runWell(folder, "import", [
      ..."--from run.pth --dataset synthetic --limit 48 --val-size 0".split(
        " ",
      ),
    ]);
    const path = "checkpoints/imported.safetensors";
    // The file counts one epoch: the command trains ten more.
    assertStringIncludes(
      stdout.replaceAll(/\n +/g, " "),
      `optimiser state of step 6: \`deno task train --resume ${path} --epochs ` +
        "11` goes on with it\n",
    );
    const { stderr } = await runWell(folder, "train", [
      ...ENGINE,
      ...["--resume", path, "--epochs", "3", "--no-save-plots"],
    ]);
    assert(
      stderr.includes(`going on from ${path}, step 6, after epoch 1 of 3`),
    );
    const { history, epochsBefore, state } = await loadCheckpoint(
      join(folder, path),
    );
    assertEquals(epochsBefore, 1);
    assertEquals(history.map(({ epoch, step }) => [epoch, step]), [
      [2, 12],
      [3, 18],
    ]);
    assertEquals(state.step, 18);
  }));

const float = (value: number) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytesOf("G", bytes);
};
const FALSE = Uint8Array.of(0x89), TRUE = Uint8Array.of(0x88);
const list = (...items: Uint8Array[]) => bytesOf("](", ...items, "e");

/** The model's parameters as a function of each number. */
const mapped = (f: (x: number) => number) =>
  new Map(
    [...PATTERN].filter(([name]) => !name.includes("running"))
      .map(([name, { shape, data }]): [string, Tensor] => [
        name,
        {
          dtype: "F32",
          shape,
          data: Float32Array.from(data as Float32Array, (x) => f(x)),
        },
      ]),
  );
const AVERAGES = mapped((x) => -2 * x);
const SQUARES = mapped((x) => x * x);
const NAMES = [...AVERAGES.keys()];

/** How a checkpoint with the model and Adam's state is made. */
interface Saved {
  /** The parameters' names, group after group. */
  groups?: readonly (readonly string[])[];
  /** What is in each group beside Adam's own. */
  settings?: readonly [string, Uint8Array][];
  settingsOf?: (group: number) => readonly [string, Uint8Array][];
  /** Leaves a setting out. */
  without?: string;
  step?: (i: number) => Uint8Array;
  /** What lies beside the model and the optimiser's state. */
  beside?: readonly (readonly [string, Uint8Array])[];
  /** What wraps the optimiser's state. */
  wrap?: (state: Uint8Array) => readonly [string, Uint8Array];
}

function saved(
  {
    groups = [NAMES],
    settings = [],
    settingsOf = () => [],
    without,
    step = () => int(9),
    wrap = (state) => ["optimizer_state_dict", state],
    beside = [],
  }: Saved = {},
): Uint8Array<ArrayBuffer> {
  const model = stateDictPart(PATTERN);
  const storages: Record<string, Uint8Array> = {
    ...model.storages,
    n: new Uint8Array(BigInt64Array.of(9n).buffer),
  };
  const order = groups.flat();
  const view = (prefix: string, { shape, data }: Tensor, i: number) => {
    storages[`${prefix}${i}`] = new Uint8Array(data.buffer);
    return tensor({ key: `${prefix}${i}`, length: data.length, shape });
  };
  const state = bytesOf(
    "}(",
    ...order.flatMap((name, i) => [
      int(i),
      dict([
        ["step", step(i)],
        ["exp_avg", view("a", AVERAGES.get(name)!, i)],
        ["exp_avg_sq", view("s", SQUARES.get(name)!, i)],
      ]),
    ]),
    "u",
  );
  let first = 0;
  const inGroups = groups.map((names, group) => {
    const numbers = names.map((_, i) => int(first + i));
    first += names.length;
    const all = new Map<string, Uint8Array>([
      ["lr", float(0.01)],
      ["betas", tuple(float(0.8), float(0.98))],
      ["eps", float(1e-8)],
      ["weight_decay", int(0)],
      ["amsgrad", FALSE],
      ["maximize", FALSE],
      ["params", list(...numbers)],
      ...settings,
      ...settingsOf(group),
    ]);
    if (without) all.delete(without);
    return dict([...all]);
  });
  const optimizer = dict([["state", state], [
    "param_groups",
    list(...inGroups),
  ]]);
  const entries = [["model", model.value] as const, wrap(optimizer), ...beside];
  return pth(pickle(dict(entries)), storages);
}

const HEADS = NAMES.filter((name) => /^fc_(mu|logvar)/.test(name));
const OTHERS = NAMES.filter((name) => !HEADS.includes(name));
const names = (given: readonly string[]): [string, Uint8Array] => [
  "param_names",
  list(...given.map(text)),
];

const CONTINUED: Record<string, Saved> = {
  "a script's": {},
  "a script's, under optimizer": { wrap: (state) => ["optimizer", state] },
  "Lightning's list of one": {
    wrap: (state) => ["optimizer_states", list(state)],
  },
  "a script's, under adam": { wrap: (state) => ["adam", state] },
  "one of a GAN's": { wrap: (state) => ["optimizer_G", state] },
  "a dict of one": {
    wrap: (state) => ["optimizers", dict([["vae", state]])],
  },
  "names of a model within another": {
    groups: [NAMES.slice(7), NAMES.slice(0, 7)],
    settingsOf: (group) => [
      names(
        (group === 0 ? NAMES.slice(7) : NAMES.slice(0, 7)).map((name) =>
          `module.${name}`
        ),
      ),
    ],
  },
  "AdamW's without decay": {
    settings: [["weight_decay", float(0)], ["decoupled_weight_decay", TRUE]],
  },
  "steps that are tensors": {
    step: () => tensor({ type: "LongStorage", key: "n", length: 1, shape: [] }),
  },
  "heads in a group of their own": {
    groups: [OTHERS, HEADS],
    settingsOf: (group) => group === 1 ? [["lr", float(0.005)]] : [],
  },
  "groups with names": {
    groups: [NAMES.slice(7), NAMES.slice(0, 7)],
    settingsOf: (group) => [
      names(group === 0 ? NAMES.slice(7) : NAMES.slice(0, 7)),
    ],
  },
};

for (const [what, how] of Object.entries(CONTINUED)) {
  Deno.test(`importModel() goes on with Adam's state: ${what}`, () => {
    const file = saved(how);
    const { state, options, fresh } = importModel(file, {});
    assertEquals([fresh, state.step], [undefined, 9]);
    const running = [...PATTERN].filter(([name]) => name.includes("running"));
    const arena = (moments: Map<string, Tensor>) =>
      readWeights(new Map([...moments, ...running])).parameters;
    assertEquals(state.expAvg, arena(AVERAGES));
    assertEquals(state.expAvgSq, arena(SQUARES));
    const { lr, adamBeta1, adamBeta2, headsLrFactor } = options;
    const factor = what.startsWith("heads") ? 0.5 : 1;
    assertEquals([lr, adamBeta1, adamBeta2, headsLrFactor], [
      ...[0.01, 0.8, 0.98, factor],
    ]);
  });
}

const BEGUN: Record<string, [string, Saved]> = {
  "AdamW's decay": [
    "its optimiser has weight_decay 0.01, and Adam here 0",
    { settings: [["weight_decay", float(0.01)]] },
  ],
  "another ε": [
    "its optimiser has eps 0.001, and Adam here 1e-8",
    { settings: [["eps", float(0.001)]] },
  ],
  "AMSGrad": [
    "its optimiser has amsgrad true, and Adam here false",
    { settings: [["amsgrad", TRUE]] },
  ],
  "SGD or RMSprop": ["its optimiser is not Adam", { without: "betas" }],
  "RAdam": ["its optimiser is not Adam", { without: "amsgrad" }],
  "a rate that no option takes": [
    "its optimiser's lr takes a number from 1e-9 to 10, not 100",
    { settings: [["lr", float(100)]] },
  ],
  "groups that nothing tells apart": [
    "its optimiser has 2 groups of parameters without names",
    { groups: [NAMES.slice(7), NAMES.slice(0, 7)] },
  ],
  "groups with rates of their own": [
    "its optimiser has groups of parameters with other settings",
    {
      groups: [NAMES.slice(0, 7), NAMES.slice(7)],
      settingsOf: (group) => [
        names(group === 0 ? NAMES.slice(0, 7) : NAMES.slice(7)),
        ["lr", float(0.01 * (group + 1))],
      ],
    },
  ],
  "another order": [
    "its optimiser has no exp_avg of the shape of encoder.0.weight in that " +
    "parameter's place",
    { groups: [NAMES.toReversed()] },
  ],
  "names of another model": [
    "its optimiser names parameters that the model does not have",
    { settings: [names(NAMES.map((name) => `${name}2`))] },
  ],
  "some parameters": [
    "its optimiser has 22 parameters, and the model 28",
    { groups: [NAMES.slice(6)] },
  ],
  "steps that differ": [
    "its parameters are of other steps: 0, 1, 2",
    { step: int },
  ],
  "two optimisers": [
    "it has the state of 2 optimisers",
    { wrap: (state) => ["optimizer_states", list(state, state)] },
  ],
  "something else": [
    "optimizer is no state of an optimiser",
    { wrap: () => ["optimizer", text("adam")] },
  ],
  "none": [
    "it has no state of an optimiser",
    { wrap: () => ["epoch", int(3)] },
  ],
};

for (const [what, [reason, how]] of Object.entries(BEGUN)) {
  Deno.test(`importModel() takes the weights alone beside ${what}`, () => {
    const { state, fresh, epochsBefore } = importModel(saved(how), {});
    assertEquals([fresh, epochsBefore], [reason, undefined]);
    assertEquals([state.step, Math.max(...state.expAvgSq)], [0, 0]);
    assertEquals(state.parameters, readWeights(PATTERN).parameters);
  });
}

Deno.test("epochsDone() tells from the steps where the epochs are counted from", () => {
  const count = (
    entries: [string, number | number[] | string | Map<string, number[]>][],
    step: number,
    batchSize?: number,
  ) => epochsDone(new Map(entries), step, batchSize)?.count;
  assertEquals(count([["epoch", 0]], 469), 1);
  assertEquals(count([["epoch", 2]], 3 * 469), 3); // no 1.5 epochs
  assertEquals(count([["epoch", 2]], 2 * 469), 2);
  // Either divides: an epoch of MNIST has 469 steps of 128, or 938 of 64.
  assertEquals(count([["epoch", 1]], 938, 128), 2);
  assertEquals(count([["epoch", 1]], 938, 64), 1);
  // Nothing tells; Lightning counts from 0.
  assertEquals(count([["epoch", 1]], 20), 1);
  const lightning: [string, string] = ["pytorch-lightning_version", "2.5.0"];
  assertEquals(count([["epoch", 1], lightning], 20), 2);
  assertEquals(count([["epoch", 1], ["history", [3, 2]]], 20), 2);
  const history = new Map([["train", [3, 2]], ["val", [4, 3]]]);
  assertEquals(count([["history", history]], 20), 2);
  // One entry for each step is no epoch.
  assertEquals(count([["history", Array(7).fill(1)]], 20), undefined);
  assertEquals(count([], 20), undefined);
});

/** A list of lists of lists …: small here, and 2⁶⁰ items where it is written out. */
const BOMB = bytesOf(
  "](]q\0",
  ...Array.from(
    { length: 60 },
    (_, i) => bytesOf("](h", i, "h", i, "eq", i + 1),
  ),
  "e",
);

Deno.test("importModel() writes out nothing that holds itself many times", () => {
  const names = ["betas", "lr", "eps", "weight_decay", "param_names"];
  for (const name of names) {
    const { fresh } = importModel(saved({ settings: [[name, BOMB]] }), {});
    assertEquals(typeof fresh, name === "param_names" ? "undefined" : "string");
  }
  importModel(saved({ step: (i) => i === 0 ? BOMB : int(9) }), {});
  const keys = ["beta", "lr", "batch_size", "likelihood", "epoch", "history"];
  for (const key of [...keys, "args", "options"]) {
    const { options } = importModel(saved({ wrap: () => [key, BOMB] }), {});
    assertEquals(options.beta, 1);
  }
});

Deno.test("importModel() reads an epoch that is a tensor", () => {
  const file = saved({
    beside: [[
      "epoch",
      tensor({ type: "LongStorage", key: "n", length: 1, shape: [] }),
    ]],
  });
  assertEquals(importModel(file, {}).epochsBefore, 9);
});

Deno.test("importModel() says that an epoch counts none", () => {
  for (
    const [epoch, shown] of [[float(2.5), " 2.5"], [int(-1), " -1"], [
      int(1e9),
      " 1000000000",
    ], [TRUE, ""]] as const
  ) {
    const { omitted } = importModel(saved({ beside: [["epoch", epoch]] }), {});
    assertEquals(omitted, [
      `its epoch${shown}, which counts none of its 9 steps`,
    ]);
  }
});

Deno.test("importModel() finds options that lie deep, and says which it cannot use", () => {
  const found = importModel(
    saved({
      beside: [
        ["config", dict([["model", dict([["kl_weight", float(0.5)]])]])],
        ["batch_size", int(-3)],
      ],
    }),
    {},
  );
  assertEquals(found.options.beta, 0.5);
  assert(found.assumed.includes("β = 0.5 (kl_weight)"));
  assertEquals(found.options.batchSize, 128);
  assertMatch(found.omitted[0], /^batch_size, which takes a .*, not -3$/);
  const wrong = importModel(saved({ beside: [["beta", text("4.0")]] }), {});
  assertEquals(wrong.omitted, ["beta, which is no number"]);
  assertEquals(wrong.options.beta, 1);
});

/** A run of this project that stopped within its second epoch. */
function stopped(): Checkpoint {
  const { state } = importModel(saved(), {});
  const { options, data } = randomModel(2, "mse");
  const record = (epoch: number, step: number) => ({
    ...{ epoch, step, beta: 4, capacity: 0, validation: null },
    train: { total: 40.5, reconstruction: 30, kl: 2.625 },
    klPerDimension: [2, 0.625],
  });
  return {
    ...{ state, data, options: { ...options, beta: 4 } },
    partial: {
      ...{ images: 24, reconstruction: 720, total: 972 },
      klPerDimension: Float64Array.of(48, 15),
    },
    history: [record(1, 6), record(1.5, 9)],
  };
}

Deno.test("importModel() takes back a run that stopped within an epoch", () => {
  const run = stopped();
  for (const file of [encodePth(run), encodeCheckpoint(run)]) {
    const { state, history, partial, epochsBefore } = importModel(file, {});
    assertEquals({ state, history, partial, epochsBefore }, {
      ...{ state: run.state, history: run.history, partial: run.partial! },
      epochsBefore: undefined,
    });
  }
});

Deno.test("ownOptions() heeds the β that a script has set at the top", () => {
  const options = new Map(Object.entries(stopped().options));
  assertEquals(
    ownOptions(new Map<string, Value>([["options", options]]))?.beta,
    4,
  );
  assertEquals(
    ownOptions(new Map<string, Value>([["options", options], ["beta", 2]]))
      ?.beta,
    2,
  );
});

Deno.test("readPth() turns the signs of torch._neg_view", () => {
  const tensors = readPth(fixture("torch-negated.pth"));
  assertEquals(tensors.get("fc.weight")?.data, Float32Array.of(-0, -1, -2));
});
