import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FormatError } from "../lib/formats/error.ts";
import {
  Foreign,
  unpickle,
  unpickleFirst,
  type Value,
} from "../lib/formats/pickle.ts";
import { bytesOf, dict, int, le, name, pickle, text, tuple } from "./pth.ts";

const called: (readonly Value[])[] = [];

/** Reads a pickle that may name `a.b`, which cannot be called, and `a.call`. */
function read(
  bytes: Uint8Array,
  onForeign?: (name: string) => void,
): Value {
  const globals = [
    { global: "a.b" },
    {
      global: "a.call",
      call: (args: readonly Value[]) => {
        called.push(args);
        return "result";
      },
    },
  ];
  return unpickle(bytes, {
    globals: new Map(globals.map((entry) => [entry.global, entry])),
    persistent: (id) => ["persistent", id],
    onForeign,
  });
}

function refused(bytes: Uint8Array, reason: string): void {
  const { message } = assertThrows(() => read(bytes), FormatError);
  assertStringIncludes(message, reason);
}

/**
 * `pickle.dumps(v, protocol).hex()` of Python 3.11, protocols 3 to 5, where `v`
 * is [0, -1, 5000000000, 12345, 0.5, "é∈", False, (1,), (1, 2), b"x",
 * {"a": None, 1: [2]}, [1, 2, 3, "é∈"]] and the two texts are one object.
 */
const PYTHON = [
  "80035d7100284b004affffffff8a0500f2052a014d3930473fe00000000000005805000000" +
  "c3a9e288887101894b018571024b014b0286710343017871047d71052858010000006171" +
  "064e4b015d71074b0261755d7108284b014b024b03680165652e",
  "80049552000000000000005d94284b004affffffff8a0500f2052a014d3930473fe0000000" +
  "0000008c05c3a9e2888894894b0185944b014b028694430178947d94288c0161944e4b01" +
  "5d944b0261755d94284b014b024b03680165652e",
  "80059552000000000000005d94284b004affffffff8a0500f2052a014d3930473fe0000000" +
  "0000008c05c3a9e2888894894b0185944b014b028694430178947d94288c0161944e4b01" +
  "5d944b0261755d94284b014b024b03680165652e",
];

Deno.test("unpickle() reads plain values", () => {
  const value = pickle(
    "](",
    int(-1),
    "K",
    0xff,
    "J",
    bytesOf(0xfe, 0xff, 0xff, 0xff),
    "G",
    bytesOf(0x3f, 0xe0, 0, 0, 0, 0, 0, 0),
    "N",
    0x88,
    0x89,
    text("é"),
    tuple(int(1), int(2)),
    dict([["k", "N"]]),
    "e",
  );
  assertEquals(read(value), [
    -1,
    255,
    -2,
    0.5,
    null,
    true,
    false,
    "é",
    [1, 2],
    new Map([["k", null]]),
  ]);
  assertEquals(
    read(pickle(0x8a, 8, le(4, 0), le(4, 2 ** 31 - 1))),
    9223372032559808512n,
  );
  assertEquals(read(pickle(0x8a, 0)), 0);
});

Deno.test("unpickle() reads what Python wrote", () => {
  for (const hex of PYTHON) {
    const bytes = Uint8Array.from(
      hex.match(/../g)!,
      (byte) => parseInt(byte, 16),
    );
    assertEquals(read(bytes), [
      0,
      -1,
      5_000_000_000,
      12345,
      0.5,
      "é∈",
      false,
      [1],
      [1, 2],
      bytesOf("x"),
      new Map<Value, Value>([["a", null], [1, [2]]]),
      [1, 2, 3, "é∈"],
    ]);
  }
});

Deno.test("unpickle() calls only functions of the table", () => {
  called.length = 0;
  assertEquals(read(pickle(name("a", "call"), tuple(int(7)), "R")), "result");
  assertEquals(called, [[7]]);
  assertEquals(read(pickle(text("id"), "Q")), ["persistent", "id"]);
  refused(pickle(name("a", "b"), ")R"), "calls what it cannot");
  refused(pickle(text("call"), ")R"), "calls what it cannot");
  refused(pickle(name("a", "call"), "]R"), "calls what it cannot");
  assertEquals(called.length, 1);
});

Deno.test("unpickle() runs nothing of other names, and lists them", () => {
  const made = (bytes: Uint8Array) => {
    const foreign = new Set<string>();
    const value = read(bytes, (name) => foreign.add(name));
    assert(value instanceof Foreign);
    return [value.className, ...foreign];
  };
  assertEquals(
    made(pickle(name("os", "system"), tuple(text("true")), "R")),
    ["os.system", "os.system"],
  );
  assertEquals(
    made(bytesOf(
      ...[0x80, 4, text("builtins"), text("eval"), 0x93],
      ...[tuple(text("1")), "R."],
    )),
    ["builtins.eval", "builtins.eval"],
  );
  assertEquals(
    made(pickle(name("__main__", "VAE"), ")", 0x81)),
    ["__main__.VAE", "__main__.VAE"],
  );
  for (const inherited of ["__proto__", "constructor", "toString"]) {
    const global = `${inherited}.${inherited}`;
    assertEquals(made(pickle(name(inherited, inherited), ")R")), [
      global,
      global,
    ]);
  }
  // getattr(a, "b")(), and an object that nobody calls.
  const getattr = bytesOf(name("x", "getattr"), tuple("N", text("b")), "R");
  assertEquals(made(pickle(getattr, ")R")), ["x.getattr", "x.getattr"]);
  assertEquals(
    (read(pickle(name("a\x1b", "b"))) as { global: string }).global,
    "a\x1b.b",
  );
  refused(pickle(int(1), int(2), 0x93), "a name that is not a text");
});

/** `pickle.dumps(…, 2).hex()` of Python 3.11's argparse.Namespace(beta=4.0, n=[1]). */
const NAMESPACE =
  "80026361726770617273650a4e616d6573706163650a7100298171017d7102285804000000" +
  "62657461710347401000000000000058010000006e71045d71054b016175622e";

Deno.test("unpickle() keeps attributes, items and arguments of others", () => {
  const hex = NAMESPACE.match(/../g)!;
  const namespace = read(Uint8Array.from(hex, (byte) => parseInt(byte, 16)));
  assert(namespace instanceof Foreign);
  assertEquals(namespace.className, "argparse.Namespace");
  assertEquals(
    namespace.items,
    new Map<Value, Value>([["beta", 4], ["n", [1]]]),
  );
  const made = bytesOf(name("x", "D"), tuple(int(7)), "R");
  const dict_ = read(pickle(made, "(", text("k"), "N", "u")) as Foreign;
  assertEquals([dict_.args, [...dict_.items]], [[7], [["k", null]]]);
  // Of a list's kind what it holds is not kept; of slots it is.
  assertEquals((read(pickle(made, "Na")) as Foreign).items.size, 0);
  const slots = tuple("N", dict([["s", int(1)]]));
  assertEquals(
    (read(pickle(made, slots, "b")) as Foreign).items,
    new Map([["s", 1]]),
  );
});

Deno.test("unpickle() reads sets and byte arrays of protocols 4 and 5", () => {
  const set = read(bytesOf(0x80, 4, 0x8f, "(", "K", 1, 0x90, "."));
  assertEquals((set as Foreign).className, "builtins.set");
  const frozen = read(bytesOf(0x80, 4, "(", "K", 1, 0x91, "."));
  assertEquals((frozen as Foreign).className, "builtins.frozenset");
  const array = read(bytesOf(0x80, 5, 0x96, le(8, 2), "ab", "."));
  assertEquals(array, bytesOf("ab"));
});

Deno.test("unpickleFirst() says where the next pickle begins", () => {
  const both = bytesOf(pickle(int(1)), pickle(int(2)));
  const { value, length } = unpickleFirst(both, {
    globals: new Map(),
    persistent: () => null,
  });
  assertEquals([value, read(both.subarray(length))], [1, 2]);
});

Deno.test("unpickle() refuses other opcodes by number and place", () => {
  refused(pickle("N", "i"), "opcode 0x69, which weights do not need (byte 3)");
  for (const opcode of ["\x82", "o", "P", "0", "2", "I", "S"]) {
    refused(pickle("N", opcode.charCodeAt(0)), "has opcode 0x");
  }
  refused(bytesOf(0x80, 1, "N."), "protocol 1");
  refused(bytesOf(0x80, 6, "N."), "protocol 6");
  refused(pickle(0x80, 2, "N"), "protocol 2, not 2 to 5 at its beginning");
  refused(bytesOf("(dp0\n."), "does not begin with its protocol");
});

Deno.test("unpickle() allocates nothing for a claimed size", () => {
  refused(pickle("X", le(4, 2 ** 31)), "text of 2147483648 bytes");
  refused(pickle(0x8d, le(8, 2 ** 62)), "text of 4611686018427388000 bytes");
  refused(pickle("X", le(4, 1000)), "ends too early");
  refused(pickle(0x95, le(8, 2 ** 62)), "ends too early");
  refused(pickle("cno newline"), "ends too early");
  refused(pickle("X", le(4, 1), 0xff), "not UTF-8");
  refused(new Uint8Array(16 * 2 ** 20 + 1).fill(0x80), "16777217 bytes");
});

Deno.test("unpickle() refuses a stack that does not add up", () => {
  refused(pickle(), "takes a value where there is none");
  refused(pickle("N("), "takes a value where there is none");
  refused(pickle("NN"), "left over");
  refused(pickle("(N"), "left over");
  refused(bytesOf(pickle("N"), 0), "left over");
  refused(pickle("t"), "lacks a mark");
  refused(pickle("N(", 0x85), "takes a value");
  refused(pickle("h", 0), "has no memo 0");
  refused(pickle("}Na"), "not a list");
  refused(pickle(")Na"), "not a list");
  refused(pickle("]NNs"), "not a dict");
  refused(pickle("}(Nu"), "not a dict");
  refused(pickle("N}b"), "attributes to what has none");
  refused(pickle(dict([["k", "N"], ["k", "N"]])), "a key twice");
});

Deno.test("unpickle() bounds depth, values and memo", () => {
  const many = (opcode: string, n = 200_001) => "N" + opcode.repeat(n);
  refused(pickle(many("(", 100_001)), "nests too deep");
  refused(pickle(many("N", 100_001)), "more values than weights need");
  refused(pickle("]", "Na".repeat(500_001)), "more values than");
  refused(
    pickle("N", new Uint8Array(500_001).fill(0x94)),
    "remembers too much",
  );
  // Nested tuples are never walked.
  refused(pickle(")", new Uint8Array(500_001).fill(0x85)), "more values");
  // Attributes that are given again and again count each time.
  const state = bytesOf(
    "}(",
    ...Array(999).fill(0).flatMap((_, i) => [int(i), "N"]),
    "u",
  );
  const again = "h\x00b".repeat(600);
  refused(
    pickle(state, "q", 0, name("x", "D"), ")R", again),
    "more values than",
  );
});

Deno.test("unpickle() gives a list that contains itself", () => {
  const list = read(pickle("]q", 0, "h", 0, "a")) as Value[];
  assertEquals(list.length, 1);
  assertEquals(list[0] === list, true);
});

Deno.test("unpickle() keeps keys out of prototypes", () => {
  const value = read(pickle(dict([["__proto__", dict([["polluted", "N"]])]])));
  assertEquals(
    (value as Map<string, unknown>).get("__proto__") instanceof Map,
    true,
  );
  assertEquals("polluted" in {}, false);
});
