import { assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";
import {
  type Checkpoint,
  CheckpointError,
} from "../lib/checkpoint/checkpoint.ts";
import { fromPyTorch } from "../lib/checkpoint/torch_layout.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import {
  encodePickle,
  PersistentId,
  PythonCall,
  PythonName,
  PythonTuple,
  type PythonValue,
} from "../lib/formats/pickle_writer.ts";
import { unpickle, type Value } from "../lib/formats/pickle.ts";
import { parseSafetensors } from "../lib/formats/safetensors.ts";
import { readZip } from "../lib/formats/zip.ts";
import { writeZip } from "../lib/formats/zip_writer.ts";
import { encodePth } from "../lib/interop/torch_writer.ts";
import { readPth } from "../lib/interop/torch_pth.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { randomModel } from "./exported.ts";

const tuple = (...items: PythonValue[]) => new PythonTuple(...items);
const dict = (entries: [string | bigint, PythonValue][]) => new Map(entries);

/** What `pickletools.optimize(pickle.dumps(value, 2)).hex()` gives in Python 3.11. */
const PYTHON: [PythonValue, string][] = [
  [null, "80024e2e"],
  [true, "8002882e"],
  [false, "8002892e"],
  [0n, "80024b002e"],
  [255n, "80024bff2e"],
  [256n, "80024d00012e"],
  [65535n, "80024dffff2e"],
  [65536n, "80024a000001002e"],
  [-1n, "80024affffffff2e"],
  [2n ** 31n - 1n, "80024affffff7f2e"],
  [-(2n ** 31n), "80024a000000802e"],
  [2n ** 31n, "80028a0500000080002e"],
  [-(2n ** 31n) - 1n, "80028a05ffffff7fff2e"],
  [2n ** 53n - 1n, "80028a07ffffffffffff1f2e"],
  [0.5, "8002473fe00000000000002e"],
  [-1e-8, "800247be45798ee2308c3a2e"],
  [Infinity, "8002477ff00000000000002e"],
  ["", "800258000000002e"],
  ["é∈", "80025805000000c3a9e288882e"],
  [tuple(), "8002292e"],
  [tuple(1n), "80024b01852e"],
  [tuple(1n, 2n), "80024b014b02862e"],
  [tuple(1n, 2n, 3n), "80024b014b024b03872e"],
  [tuple(1n, 2n, 3n, 4n), "8002284b014b024b034b04742e"],
  [[], "80025d2e"],
  [[1n], "80025d4b01612e"],
  [[1n, "a"], "80025d284b01580100000061652e"],
  [dict([]), "80027d2e"],
  [dict([["a", null]]), "80027d5801000000614e732e"],
  [
    dict([[0n, [dict([])]], ["b", tuple(0.1, [true])]]),
    "80027d284b005d7d61580100000062473fb999999999999a5d886186752e",
  ],
];

Deno.test("encodePickle() gives Python's bytes", () => {
  for (const [value, hex] of PYTHON) {
    assertEquals(encodePickle(value).toHex(), hex);
  }
});

Deno.test("encodePickle() names, calls and refers", () => {
  const call = new PythonCall(new PythonName("a.b", "c"), tuple("x"));
  assertEquals(
    unpickle(encodePickle([call, new PersistentId(tuple(7n))]), {
      globals: new Map([[
        "a.b.c",
        { global: "a.b.c", call: (args) => ["called", ...args] },
      ]]),
      persistent: (id) => ["kept", id],
    }),
    [["called", "x"], ["kept", [7]]],
  );
  assertThrows(
    () => encodePickle(new PythonName("os\nsystem", "x")),
    RangeError,
    "line break",
  );
});

Deno.test("writeZip() writes what readZip() reads, at aligned places", () => {
  const entries = new Map([
    ["a", Uint8Array.of(1, 2, 3)],
    ["folder/empty", new Uint8Array()],
    ["folder/b", crypto.getRandomValues(new Uint8Array(1000))],
  ]);
  for (const alignment of [1, 64, 4096]) {
    const file = writeZip(entries, alignment);
    const found = readZip(file);
    assertEquals(found, entries);
    for (const { byteOffset } of found.values()) {
      assertEquals((byteOffset - file.byteOffset) % alignment, 0);
    }
  }
  assertEquals(readZip(writeZip(new Map(), 64)), new Map());
});

/** A call in a pickle: its arguments, or of none an empty dict. */
const call = (args: readonly Value[]): Value =>
  args.length > 0 ? ["called", ...args] : new Map();

const NAMES = new Map(
  [
    ...["collections.OrderedDict", "torch._utils._rebuild_tensor_v2"],
    ...["torch.FloatStorage", "torch.LongStorage"],
  ].map((global) => [global, { global, call }]),
);

/** Everything that a file of `torch.save` says, with the bytes of its tensors. */
function contents(file: Uint8Array): Map<string, Value> {
  const entries = readZip(file);
  const value = unpickle(entries.get("archive/data.pkl")!, {
    globals: NAMES,
    persistent: (id) => [
      ...id as Value[],
      entries.get(`archive/data/${(id as Value[])[2]}`)!,
    ],
  });
  return value as Map<string, Value>;
}

/**
 * Written by PyTorch 2.13: `torch/fixture.py` says what is in it. A tensor's
 * numbers are multiples of 1/256, and follow from their places.
 */
const FIXTURE = new Uint8Array(gunzipSync(Deno.readFileSync(
  new URL("fixtures/torch-adam.pth.gz", import.meta.url),
)));

const LATENT = 2;

/** What the fixture holds, as a checkpoint. */
function patterned(): Checkpoint {
  const spec = modelSpec(LATENT);
  const model = randomModel(LATENT, "mse");
  const order = [...readPth(FIXTURE).keys()];
  const places = spec.parameters.map(({ name }) => name);
  const pattern =
    (names: readonly string[], of: (x: number) => number) =>
    (name: string, shape: readonly number[]) =>
      Float32Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        (_, i) => of(((37 * i + 11 * names.indexOf(name)) % 64 - 32) / 256),
      );
  const arena = (names: readonly string[], of: (x: number) => number) =>
    fromPyTorch(spec.parameters, spec.parameterCount, pattern(names, of));
  const plain = (name: string, shape: readonly number[]) =>
    pattern(order, name.endsWith("var") ? Math.abs : (x) => x)(name, shape);
  return {
    ...model,
    options: { ...model.options, beta: 4 },
    state: {
      step: 7,
      parameters: arena(order, (x) => x),
      running: fromPyTorch(spec.running, spec.runningCount, plain),
      expAvg: arena(places, (x) => x / 4),
      expAvgSq: arena(places, (x) => x * x),
    },
    history: [{
      ...{ epoch: 1, step: 7, beta: 4, capacity: 0, validation: null },
      train: { total: 40.5, reconstruction: 30, kl: 2.625 },
      klPerDimension: [2, 0.625],
    }],
  };
}

Deno.test("encodePth() writes what torch.save does", () => {
  const ours = contents(encodePth(patterned()));
  const theirs = contents(FIXTURE);
  for (const [key, value] of theirs) assertEquals(ours.get(key), value, key);
  assertEquals([...ours.keys()].slice(theirs.size), [
    "data",
    "history",
    "options",
  ]);
  const [record] = ours.get("history") as Map<string, Value>[];
  assertEquals(
    record.get("train"),
    new Map([
      ...[["total", 40.5], ["reconstruction", 30], ["kl", 2.625]] as const,
    ]),
  );
  assertEquals((ours.get("options") as Map<string, Value>).get("beta"), 4);
});

Deno.test("encodePth() is read by readPth()", () => {
  const model = randomModel(3, "bce", ["cat", "fish"]);
  const file = encodePth(model);
  const { tensors } = parseSafetensors(encodeWeights(model));
  for (const tensor of tensors.values()) {
    if (tensor.dtype === "I64") Object.assign(tensor, { shape: [] });
  }
  assertEquals(readPth(file), tensors);
  const found = contents(file);
  assertEquals(found.get("classes"), ["cat", "fish"]);
});

Deno.test("encodePth() gives heads with a rate of their own a group", () => {
  const model = randomModel(2, "mse");
  const file = encodePth({
    ...model,
    options: { ...model.options, lr: 0.01, headsLrFactor: 0.5 },
  });
  const optimizer = contents(file)
    .get("optimizer_state_dict") as Map<string, Map<string, Value>[]>;
  const groups = optimizer.get("param_groups")!;
  assertEquals(groups.map((group) => group.get("lr")), [0.01, 0.005]);
  assertEquals(groups[1].get("params"), [24, 25, 26, 27]);
  assertEquals((groups[0].get("params") as number[]).length, 24);
  const state = optimizer.get("state") as unknown as Map<
    number,
    Map<string, Value[]>
  >;
  // The numbers are those of the groups' order, as PyTorch's own: fc_mu.weight.
  assertEquals(state.get(24)!.get("exp_avg")![3], [2, 1024]);
});

Deno.test("encodePth() refuses numbers that are not finite", () => {
  const model = randomModel(2, "mse");
  model.state.expAvg[0] = NaN;
  assertThrows(
    () => encodePth(model),
    CheckpointError,
    "exp_avg of encoder.0.weight is NaN at element 0",
  );
});
