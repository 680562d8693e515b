import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CheckpointError } from "../lib/checkpoint/checkpoint.ts";
import { readWeights } from "../lib/checkpoint/weights.ts";
import { FormatError } from "../lib/formats/error.ts";
import type { Tensor } from "../lib/formats/safetensors.ts";
import { ImportError } from "../lib/interop/error.ts";
import { mapNames } from "../lib/interop/torch_names.ts";
import { readPth } from "../lib/interop/torch_pth.ts";
import { permutation, streamKey } from "../lib/rng.ts";
import {
  bytesOf,
  dict,
  int,
  name,
  pickle,
  pth,
  tensor,
  text,
  tuple,
  type View,
  zip,
} from "./pth.ts";

/**
 * Written by PyTorch 1.13: `torch.save(OrderedDict(a=arange(6.).reshape(2, 3),
 * t=arange(6.).reshape(2, 3).t(), h=tensor([1.5, -2, 65504, 6e-8]).half(),
 * b=tensor([1.5, -3.0]).bfloat16(), d=tensor([0.1]).double(), n=tensor(7)))`.
 */
const REAL = Deno.readFileSync(
  new URL("fixtures/torch-1.13.pth", import.meta.url),
);

const ABC = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

/** The file of one tensor `x`, a view of six floats. */
const one = (view: Partial<View>, storage = ABC) =>
  pth(pickle(dict([["x", tensor({ length: 6, shape: [6], ...view })]])), {
    0: storage,
  });

function refused(
  bytes: Uint8Array,
  reason: string,
  error: typeof ImportError | typeof FormatError = ImportError,
): void {
  const { message } = assertThrows(() => readPth(bytes), error);
  assertStringIncludes(message, reason);
}

Deno.test("readPth() reads what PyTorch wrote", () => {
  const f32 = (shape: number[], ...data: number[]): Tensor => ({
    dtype: "F32",
    shape,
    data: Float32Array.from(data),
  });
  assertEquals(
    readPth(REAL),
    new Map<string, Tensor>([
      ["a", f32([2, 3], 0, 1, 2, 3, 4, 5)],
      ["t", f32([3, 2], 0, 3, 1, 4, 2, 5)],
      ["h", f32([4], 1.5, -2, 65504, 2 ** -24)],
      ["b", f32([2], 1.5, -3)],
      ["d", f32([1], 0.1)],
      ["n", { dtype: "I64", shape: [], data: BigInt64Array.of(7n) }],
    ]),
  );
});

Deno.test("readPth() reads views of a storage", () => {
  const read = (view: Partial<View>) => [...readPth(one(view)).get("x")!.data];
  assertEquals(read({}), [1, 2, 3, 4, 5, 6]);
  assertEquals(read({ offset: 2, shape: [2, 2] }), [3, 4, 5, 6]);
  assertEquals(read({ shape: [3, 2], strides: [1, 3] }), [1, 4, 2, 5, 3, 6]);
  assertEquals(read({ offset: 5, shape: [] }), [6]);
  assertEquals(read({ offset: 1, shape: [3], strides: [0] }), [2, 2, 2]);
  assertEquals(read({ offset: 6, shape: [0, 9], strides: [9, 1] }), []);
  assertEquals(read({ shape: [2, 1, 2], strides: [3, 77, 2] }), [1, 3, 4, 6]);
});

Deno.test("readPth() finds the state dict in a checkpoint", () => {
  const view = tensor({ length: 6, shape: [6] });
  for (const key of ["state_dict", "model_state_dict", "model"]) {
    const file = pth(
      pickle(dict([
        ["rng", view],
        ["epoch", int(3)],
        [key, dict([["x", view]])],
      ])),
      { 0: ABC },
    );
    assertEquals([...readPth(file).keys()], ["x"]);
  }
  refused(pth(pickle(dict([["epoch", int(3)]]))), "only epoch (a number)");
  refused(pth(pickle("]q", 0, "h", 0, "a")), "it holds a list, no dict");
  refused(pth(pickle(dict([["x", view]]))), "lacks its storage data/0");
  refused(
    pth(pickle(dict([["y.bias", "N"], ["x.weight", view]]))),
    "y.bias is no tensor but None",
  );
});

Deno.test("readPth() reads parameters, attributes and ordered dicts", () => {
  const od = bytesOf(name("collections", "OrderedDict"), ")R");
  const parameter = bytesOf(
    name("torch._utils", "_rebuild_parameter"),
    tuple(tensor({ length: 6, shape: [6] }), 0x88, od),
    "R",
  );
  const metadata = dict([["_metadata", od]]);
  const file = pth(pickle(od, text("x"), parameter, "s", metadata, "b"), {
    0: ABC,
  });
  assertEquals([...readPth(file).get("x")!.data], [1, 2, 3, 4, 5, 6]);
});

Deno.test("readPth() refuses views that leave their storage", () => {
  const beyond = "reaches beyond the 6 elements";
  refused(one({ shape: [7] }), beyond);
  refused(one({ offset: 1 }), beyond);
  refused(one({ shape: [2], strides: [6] }), beyond);
  assertEquals(
    readPth(one({ shape: [1000], strides: [0], offset: 5 })).get("x")!.data,
    new Float32Array(1000).fill(6), // expanded
  );
  refused(one({ shape: [2 ** 25], strides: [0] }), "elements together");
  refused(one({ shape: [2], strides: [2 ** 52] }), beyond);
  for (
    const wrong of [
      { shape: [2], strides: [-1], offset: 5 },
      { offset: -1 },
      { shape: [-6] },
      { length: -1 },
      { shape: [2, 3], strides: [1] },
      { shape: Array(9).fill(1) },
      { shape: [2 ** 60] },
    ]
  ) refused(one(wrong), "wrongly described");
  refused(one({}, ABC.subarray(1)), "cannot have 23 bytes");
  refused(one({ length: 2 ** 40 }), "cannot have 24 bytes");
  refused(one({ key: "1" }), "lacks its storage data/1");
  refused(one({ type: "IntStorage" }), "lies in a IntStorage");
});

Deno.test("readPth() refuses other files, and says what to do", () => {
  refused(pickle(int(7)), "a pickle that torch.save did not write");
  refused(zip([]), "no data.pkl");
  const small = pickle(dict([]));
  refused(
    zip([
      { name: "a/data.pkl", content: small },
      { name: "a/byteorder", content: bytesOf("big") },
    ]),
    "not little-endian",
  );
  refused(
    pth(pickle(name("__main__", "VAE"), ")", 0x81, "}b")),
    "it holds an object of __main__.VAE, no dict: save model.state_dict()",
  );
});

Deno.test("readPth() never repeats a storage without bounds", () => {
  const big = new Uint8Array(4 * 2 ** 20);
  const view = { length: 2 ** 20, shape: [2 ** 20] };
  const names = Array.from({ length: 17 }, (_, i) => [`x${i}`, tensor(view)]);
  refused(
    pth(pickle(dict(names as [string, Uint8Array][])), { 0: big }),
    "more than 16777216 elements",
  );
});

Deno.test("readPth() throws its own errors for files that are cut off", () => {
  for (let length = 0; length < REAL.length; length++) {
    assertThrows(() => readPth(REAL.subarray(0, length)), FormatError);
  }
  const data = pickle(dict([["x", tensor({ length: 6, shape: [6] })]]));
  for (let length = 0; length < data.length; length++) {
    refused(pth(data.subarray(0, length), { 0: ABC }), "", FormatError);
  }
});

Deno.test("readPth() throws its own errors for damaged files", () => {
  const view = { length: 6, offset: 0, shape: [2, 3] };
  const data = pickle(
    dict([["fc_mu.weight", tensor(view)], ["y", tensor(view)]]),
    "q",
    0,
    text("k"),
    "h",
    0,
    "s",
  );
  const key = streamKey(5, "shuffle");
  let random = permutation(256, key, 0), next = 0, epoch = 0;
  const draw = (n: number) => {
    if (next + 2 > random.length) {
      random = permutation(256, key, ++epoch);
      next = 0;
    }
    return (random[next++] * 256 + random[next++]) % n;
  };
  let refusals = 0;
  for (let i = 0; i < 6000; i++) {
    const isZip = i % 4 === 0; // else its CRC-32 is right again
    const bytes = (isZip ? REAL : data).slice();
    for (let edits = 1 + draw(3); edits > 0; edits--) {
      const at = draw(bytes.length);
      const kind = draw(3);
      if (kind === 0) bytes[at] = draw(256);
      else if (kind === 1) bytes[at] ^= 1 << draw(8);
      else bytes.copyWithin(at, draw(bytes.length), at + draw(20));
    }
    try {
      readWeights(mapNames(readPth(isZip ? bytes : pth(bytes, { 0: ABC }))));
    } catch (error) {
      assert(
        error instanceof FormatError || error instanceof ImportError ||
          error instanceof CheckpointError,
        `mutant ${i}: ${error}`,
      );
      assert(!/\p{Cc}/u.test(error.message), error.message);
      refusals++;
    }
  }
  assertEquals(refusals, 6000); // none of them is a model
});
