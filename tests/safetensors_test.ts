import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  parseSafetensors,
  SafetensorsError,
  type Tensor,
  writeSafetensors,
} from "../lib/formats/safetensors.ts";

/** A file with this header text, put together without the writer. */
function file(header: string | Uint8Array, data = new Uint8Array()) {
  const text = typeof header === "string"
    ? new TextEncoder().encode(header)
    : header;
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return Uint8Array.of(...length, ...text, ...data);
}

/** A header whose tensor `a` is this. */
function entry(dtype: unknown, shape: unknown, offsets: unknown): string {
  return JSON.stringify({ a: { dtype, shape, data_offsets: offsets } });
}

function refused(bytes: Uint8Array): string {
  return assertThrows(() => parseSafetensors(bytes), SafetensorsError).message;
}

const EIGHT = Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 192); // 1 and −2 in float32

Deno.test("parseSafetensors() reads a hand-made file", () => {
  const { tensors, metadata } = parseSafetensors(file(
    '{"b": {"dtype": "U8", "shape": [], "data_offsets": [8, 9]},' +
      '"__metadata__": {"who": "me"},' +
      '"a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},' +
      '"none": {"dtype": "I64", "shape": [3, 0], "data_offsets": [9, 9]}}   ',
    Uint8Array.of(...EIGHT, 7),
  ));
  assertEquals(metadata, { who: "me" });
  assertEquals([...tensors], [
    ["b", { dtype: "U8", shape: [], data: Uint8Array.of(7) }],
    ["a", { dtype: "F32", shape: [2, 1], data: Float32Array.of(1, -2) }],
    ["none", { dtype: "I64", shape: [3, 0], data: new BigInt64Array() }],
  ]);
});

Deno.test("parseSafetensors() reads misaligned data", () => {
  // Spaces put the data at every remainder of its address by 8.
  for (let spaces = 0; spaces < 8; spaces++) {
    const header = entry("F32", [2], [0, 8]) + " ".repeat(spaces);
    const { tensors } = parseSafetensors(file(header, EIGHT));
    assertEquals(tensors.get("a")?.data, Float32Array.of(1, -2));
  }
});

Deno.test("parseSafetensors() reads a window of a larger buffer", () => {
  const bytes = file(entry("F32", [2], [0, 8]), EIGHT);
  const buffer = new Uint8Array(bytes.length + 7).fill(255);
  buffer.set(bytes, 3);
  const window = buffer.subarray(3, 3 + bytes.length);
  assertEquals(
    parseSafetensors(window).tensors.get("a")?.data,
    Float32Array.of(1, -2),
  );
});

Deno.test("parseSafetensors() copies no aligned data", () => {
  const bytes = writeSafetensors(
    new Map([["a", { dtype: "F32", shape: [1], data: Float32Array.of(1) }]]),
    {},
  );
  const { tensors } = parseSafetensors(bytes);
  assert(tensors.get("a")?.data.buffer === bytes.buffer);
});

Deno.test("parseSafetensors() refuses a file without a whole header", () => {
  assertEquals(
    refused(new Uint8Array(7)),
    "the file has 7 bytes, fewer than the 8 of a header length",
  );
  const bytes = file("{}");
  for (const length of [1n << 60n, (1n << 64n) - 1n, 3n]) {
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    assertEquals(
      refused(bytes),
      `a header of ${length} bytes does not fit in the file's 10`,
    );
  }
});

Deno.test("parseSafetensors() refuses a header over the limit", () => {
  const bytes = new Uint8Array(100_000_009 + 8);
  new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
  assertEquals(
    refused(bytes),
    "a header of 100000001 bytes is over the limit of 100000000",
  );
});

Deno.test("parseSafetensors() refuses a hostile header", () => {
  const cases: [string | Uint8Array, string][] = [
    ["", "the header does not begin with {"],
    [" {}", "the header does not begin with {"],
    ["\ufeff{}", "the header does not begin with {"],
    ["[]", "the header does not begin with {"],
    [Uint8Array.of(0x7b, 0xff, 0x7d), "the header is not UTF-8"],
    ["{", "the header is not JSON"],
    ['{"a', "the header is not JSON"],
    ['{"a\\', "the header is not JSON"],
    ['{"\\x": 1}', "the header is not JSON"],
    ['{"a": 1} x', "the header is not JSON"],
    ["{}\0", "the header is not JSON"],
    ['{"a": [{"b": []}]}', "the header nests too deep"],
    ["{" + "[".repeat(100_000), "the header nests too deep"],
    ['{"a": 1}', 'tensor "a" is described by 1'],
    ['{"a": null}', 'tensor "a" is described by null'],
    ['{"a": []}', 'tensor "a" is described by []'],
    ['{"a\\u001b\\n": 1}', 'tensor "a\\u001b\\n" is described by 1'],
    [
      `{"${"x".repeat(200)}": 1}`,
      `tensor "${"x".repeat(76)}… is described by 1`,
    ],
    ['{"a": 1, "a": 2}', 'the header has the key "a" twice'],
    ['{"a": 1, "\\u0061" : 2}', 'the header has the key "a" twice'],
    [
      '{"a": {"dtype": "F32", "dtype": "U8"}}',
      'the header has the key "dtype" twice',
    ],
    [
      '{"__metadata__": {"x": "", "x": ""}}',
      'the header has the key "x" twice',
    ],
    [
      '{"__proto__": {}}',
      'the header has the key "__proto__" which no tensor may be called',
    ],
    [
      '{"a": {"__proto__": {"dtype": "U8"}}}',
      'the header has the key "__proto__" which no tensor may be called',
    ],
    ['{"__metadata__": []}', "__metadata__ is [], not an object"],
    [
      '{"__metadata__": {"x": 1}}',
      '__metadata__ has 1 under "x", not a text',
    ],
    [
      '{"a": {}}',
      'tensor "a" has dtype missing, which is none of F32, I64, U8, F64, F16, BF16',
    ],
    [
      entry("I16", [4], [0, 8]),
      'tensor "a" has dtype "I16", which is none of F32, I64, U8, F64, F16, BF16',
    ],
    [
      entry("toString", [4], [0, 8]),
      'tensor "a" has dtype "toString", which is none of F32, I64, U8, F64, F16, BF16',
    ],
    [
      entry(["F32"], [2], [0, 8]),
      'tensor "a" has dtype ["F32"], which is none of F32, I64, U8, F64, F16, BF16',
    ],
    [entry("F32", 2, [0, 8]), 'tensor "a" has shape 2'],
    [entry("F32", [-2], [0, 8]), 'tensor "a" has shape [-2]'],
    [entry("F32", [-1, -2], [0, 8]), 'tensor "a" has shape [-1,-2]'],
    [entry("F32", [0.5, 4], [0, 8]), 'tensor "a" has shape [0.5,4]'],
    [entry("F32", ["2"], [0, 8]), 'tensor "a" has shape ["2"]'],
    [
      entry("F32", [2 ** 53], [0, 8]),
      'tensor "a" has shape [9007199254740992]',
    ],
    [
      '{"a": {"dtype": "F32", "shape": [1e999], "data_offsets": [0, 8]}}',
      'tensor "a" has shape [null]',
    ],
    [entry("F32", [2], null), 'tensor "a" has data_offsets null'],
    [entry("F32", [2], [0]), 'tensor "a" has data_offsets [0]'],
    [entry("F32", [2], [0, 8, 8]), 'tensor "a" has data_offsets [0,8,8]'],
    [entry("F32", [2], [-8, 0]), 'tensor "a" has data_offsets [-8,0]'],
    [entry("F32", [2], [0.5, 8.5]), 'tensor "a" has data_offsets [0.5,8.5]'],
    [entry("F32", [2], [8, 0]), 'tensor "a" ends before it begins: [8, 0]'],
    [
      entry("F32", [3], [0, 12]),
      'tensor "a" ends at byte 12 of the data, which has 8: ' +
      "is the file truncated?",
    ],
    [
      entry("F32", [2 ** 40], [0, 2 ** 42]),
      'tensor "a" ends at byte 4398046511104 of the data, which has 8: ' +
      "is the file truncated?",
    ],
    [
      entry("F32", [3], [0, 8]),
      'tensor "a" of type F32 and shape [3] cannot have 8 bytes',
    ],
    [
      entry("I64", [2], [0, 8]),
      'tensor "a" of type I64 and shape [2] cannot have 8 bytes',
    ],
    [
      entry("F32", [], [0, 8]),
      'tensor "a" of type F32 and shape [] cannot have 8 bytes',
    ],
    [
      // 2^64 elements would be 0 in 64-bit arithmetic.
      entry("U8", [2 ** 32, 2 ** 32], [0, 0]),
      'tensor "a" of type U8 and shape [4294967296, 4294967296] ' +
      "cannot have 0 bytes",
    ],
    ["{}", "bytes 0 to 8 of the data belong to no tensor"],
    [
      entry("U8", [7], [0, 7]),
      "bytes 7 to 8 of the data belong to no tensor",
    ],
    [
      entry("U8", [7], [1, 8]),
      "bytes 0 to 1 of the data belong to no tensor",
    ],
  ];
  for (const [header, message] of cases) {
    assertEquals(refused(file(header, EIGHT)), message);
  }
});

Deno.test("parseSafetensors() widens and narrows floats to F32", () => {
  const read = (dtype: string, bytes: Uint8Array<ArrayBuffer>) => {
    const shape = [2];
    const data_offsets = [0, bytes.length];
    const header = JSON.stringify({ a: { dtype, shape, data_offsets } });
    return parseSafetensors(file(header, bytes)).tensors.get("a");
  };
  const expected = {
    dtype: "F32" as const,
    shape: [2],
    data: Float32Array.of(1.5, -2),
  };
  // 1.5 is 0x3e00 as F16 and 0x3fc0 as BF16; -2 is 0xc000 as either.
  assertEquals(read("F16", Uint8Array.of(0, 0x3e, 0, 0xc0)), expected);
  assertEquals(read("BF16", Uint8Array.of(0xc0, 0x3f, 0, 0xc0)), expected);
  const doubles = new Uint8Array(Float64Array.of(1.5, -2).buffer);
  assertEquals(read("F64", doubles), expected);
});

Deno.test("parseSafetensors() refuses overlaps and gaps between tensors", () => {
  const two = (a: [number, number], b: [number, number]) => {
    const bytes = ([begin, end]: [number, number]) => ({
      dtype: "U8",
      shape: [end - begin],
      data_offsets: [begin, end],
    });
    return refused(file(JSON.stringify({ b: bytes(b), a: bytes(a) }), EIGHT));
  };
  assertEquals(
    two([0, 5], [4, 8]),
    'tensor "b" begins at byte 4 of the data and overlaps tensor "a", ' +
      "which ends at 5",
  );
  assertEquals(
    two([0, 8], [0, 8]),
    'tensor "a" begins at byte 0 of the data and overlaps tensor "b", ' +
      "which ends at 8",
  );
  assertEquals(
    two([0, 8], [2, 4]),
    'tensor "b" begins at byte 2 of the data and overlaps tensor "a", ' +
      "which ends at 8",
  );
  assertEquals(
    two([0, 3], [5, 8]),
    "bytes 3 to 5 of the data belong to no tensor",
  );
});

const sample = new Map<string, Tensor>([
  ["bytes", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ["float.π", {
    dtype: "F32",
    shape: [2, 2],
    data: Float32Array.of(-0, 2 ** -149, NaN, -Infinity),
  }],
  ["count", { dtype: "I64", shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
  ["scalar", { dtype: "F32", shape: [], data: Float32Array.of(0.1) }],
]);

Deno.test("parseSafetensors() refuses every shortened file", () => {
  const bytes = writeSafetensors(sample, { note: "x" });
  for (let length = 0; length < bytes.length; length++) {
    refused(bytes.subarray(0, length));
  }
  refused(Uint8Array.of(...bytes, 0));
});

Deno.test("writeSafetensors() lays the file out as documented", () => {
  const bytes = writeSafetensors(sample, { note: 'a "quoted" line\n' });
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assertEquals(length % 8, 0);
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  assertEquals(text[0], "{");
  const header = JSON.parse(text);
  assertEquals(header, {
    __metadata__: { note: 'a "quoted" line\n' },
    count: { dtype: "I64", shape: [1], data_offsets: [0, 8] },
    "float.π": { dtype: "F32", shape: [2, 2], data_offsets: [8, 24] },
    scalar: { dtype: "F32", shape: [], data_offsets: [24, 28] },
    bytes: { dtype: "U8", shape: [3], data_offsets: [28, 31] },
  });
  assertEquals(bytes.length, 8 + length + 31);
  const data = new DataView(bytes.buffer, 8 + length);
  assertEquals(data.getBigInt64(0, true), -(2n ** 63n));
  assertEquals(data.getUint32(12, true), 1); // 2^−149: the lowest bit alone
  assertEquals(data.getFloat32(24, true), Math.fround(0.1));
  assertEquals(data.getUint8(30), 255);
});

Deno.test("writeSafetensors() writes what parseSafetensors() reads", () => {
  const written = writeSafetensors(sample, { note: "x" });
  const { tensors, metadata } = parseSafetensors(written);
  assertEquals(metadata, { note: "x" });
  assertEquals(tensors, sample);
  assertEquals(writeSafetensors(tensors, metadata), written);
});

Deno.test("writeSafetensors() writes the part of a buffer that a view shows", () => {
  const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  const bytes = writeSafetensors(
    new Map([["a", { dtype: "F32", shape: [2], data }]]),
    {},
  );
  assertEquals(
    parseSafetensors(bytes).tensors.get("a")?.data,
    Float32Array.of(2, 3),
  );
});

Deno.test("writeSafetensors() refuses data that does not fill its shape", () => {
  const error = assertThrows(
    () =>
      writeSafetensors(
        new Map([["a", {
          dtype: "F32",
          shape: [2, 3],
          data: new Float32Array(5),
        }]]),
        {},
      ),
    SafetensorsError,
  );
  assertEquals(error.message, 'tensor "a" of shape [2, 3] has 5 elements');
});

Deno.test("writeSafetensors() refuses a header that no reader takes", () => {
  assertThrows(
    () => writeSafetensors(new Map(), { x: "x".repeat(100_000_000) }),
    SafetensorsError,
    "over the limit of 100000000",
  );
});
