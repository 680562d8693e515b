/** NumPy's files and gzip data, held against what NumPy itself wrote and read. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { memorySource } from "../lib/files/byte_source.ts";
import { openArrays } from "../lib/formats/array_file.ts";
import type { StoredArray } from "../lib/formats/elements.ts";
import { FormatError } from "../lib/formats/error.ts";
import { encodeNpy, type NpyData, readNpyHeader } from "../lib/formats/npy.ts";
import { openZip } from "../lib/formats/zip.ts";
import { bytesOf, le } from "./pth.ts";

const folder = new URL("fixtures/pictures/", import.meta.url);
const fixture = (name: string) =>
  openArrays(memorySource(Deno.readFileSync(new URL(name, folder))));

const TYPES: Record<string, unknown[]> = JSON.parse(
  Deno.readTextFileSync(new URL("types.json", folder)),
);

/** The numbers, text or bools of an array, in one row. */
function flat(value: unknown): (number | string)[] {
  return Array.isArray(value)
    ? value.flatMap(flat)
    : [typeof value === "boolean" ? Number(value) : value as number | string];
}

/** A file with this header, and so many bytes after it. */
function npy(header: string, length = 0, version = 1): Uint8Array {
  const size = le(version === 1 ? 2 : 4, header.length);
  const magic = bytesOf(0x93, "NUMPY", version, 0);
  return bytesOf(magic, size, header, new Uint8Array(length));
}

function header(shape: string, descr = "'|u1'", order = "False"): string {
  return `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
}

function refused(file: Uint8Array, reason: string): void {
  const { message } = assertThrows(
    () => openArrays(memorySource(file)),
    FormatError,
  );
  assertStringIncludes(message, reason);
}

/** The rows of an array, read one by one, the last first. */
function rows(array: StoredArray): number[][] {
  return Array.from(
    { length: array.rowCount },
    (_, i) => [...array.row(array.rowCount - 1 - i)],
  ).reverse();
}

Deno.test("openArrays() reads every type, byte order and order of elements as NumPy does", () => {
  const { arrays, others } = fixture("types.npz");
  assertEquals([arrays.size, others.size], [45, 0]);
  for (const [name, array] of arrays) {
    const code = name.slice(0, 2);
    const expected = TYPES[code];
    if (array.dtype.text) {
      assertEquals([...array.texts()], expected, name);
      continue;
    }
    assertEquals(array.shape, [3, 2, 2], name);
    const byRow = expected.map(flat) as number[][];
    assertEquals([...array.rows()].map((row) => [...row]), byRow, name);
    assertEquals(rows(array), byRow, name);
  }
});

Deno.test("openArrays() reads headers of all versions", () => {
  const { arrays } = fixture("versions.npz");
  assertEquals([...arrays.keys()], ["version1", "version2", "version3"]);
  for (const array of arrays.values()) {
    assertEquals(rows(array), [[0, 1, 2, 3], [4, 5, 6, 7]]);
    assertEquals(array.describe(), "float32, 2×2×2");
  }
});

Deno.test("openArrays() unpickles nothing, and says what it does not read", () => {
  const { arrays, others } = fixture("others.npz");
  assertEquals([...arrays.keys()], ["nothing", "scalar"]);
  assertEquals(rows(arrays.get("scalar")!), [[3]]);
  const parts: [string, string][] = [
    ["objects", "are Python objects, which are not unpickled"],
    ["records", "records with fields"],
    ["complex", "complex numbers"],
    ["dates", "dates"],
    ["spans", "spans of time"],
    ["long", "of no kind that is known"],
    ["void", "bytes without a meaning"],
  ];
  for (const [name, reason] of parts) {
    assertStringIncludes(others.get(name)!, reason);
  }
  assertEquals(others.size, parts.length);
});

Deno.test("readNpyHeader() reads a literal in any order and spacing, and nothing else", () => {
  const read = (header: string) => {
    const { dtype, shape, isFortran } = readNpyHeader(npy(header));
    return [dtype.name, shape, isFortran];
  };
  assertEquals(
    read("{ 'shape' :( 3L , 4 ,),'descr':'>f8', 'fortran_order':True}"),
    ["float64", [3, 4], true],
  );
  assertEquals(read(header("()")), ["uint8", [], false]);
  assertEquals(read(header("(5,)")), ["uint8", [5], false]);
  const wrong = [
    " ",
    "{}",
    header("(5)"),
    header("(-5,)"),
    header("(5.0,)"),
    header("5,"),
    header("(5,)", "'|u1'", "0"),
    header("(5,)", '__import__("os").system("true")'),
    header("(5,)") + "x",
    header("(5,)").replace("'shape': (5,),", ""),
    header("(5,)").replace("shape", "descr"),
    header("(5,)").replace(", }", ", 'more': 1}"),
  ];
  for (const text of wrong) {
    const { message } = assertThrows(() => read(text), FormatError);
    assertStringIncludes(message, "header", text);
  }
  for (const descr of ["<u3", "|f4", "=f4", "<f1", "u1", "<b4", "", "|u1\\n"]) {
    assertThrows(() => read(header("(5,)", `'${descr}'`)), FormatError);
  }
});

Deno.test("openArrays() refuses files that are not as long as they say", () => {
  const good = encodeNpy([3, 4], new Float32Array(12));
  for (let length = 0; length < good.length; length++) {
    assertThrows(
      () => openArrays(memorySource(good.subarray(0, length))),
      FormatError,
    );
  }
  refused(bytesOf(good, 0), "trailing bytes: a file of 3×4 float32 is 176");
  refused(npy(header("(99999999999999999999, 9)"), 9), "truncated");
  refused(npy(header("(4294967296, 4294967296, 2)"), 0), "truncated");
  refused(npy(" ".repeat(10_001)), "longer than the 10000 that NumPy reads");
  refused(npy(header("(1,)"), 1, 4), "the version 4.0 is not supported");
});

Deno.test("openArrays() names what a foreign file is", () => {
  refused(new Uint8Array(), "it is empty");
  refused(bytesOf("<!DOCTYPE html><html>"), "it is an HTML page");
  refused(bytesOf("a,b\n1,2\n"), "it is a text");
});

/** Members of gzip data, one after the other. */
function gzip(...parts: Uint8Array[]): Uint8Array {
  return bytesOf(...parts.map((part) => new Uint8Array(gzipSync(part))));
}

Deno.test("openArrays() reads gzip data of several members", () => {
  const file = encodeNpy([40, 100], new Int32Array(4000).map((_, i) => i * i));
  for (const cut of [1, 100, 128, 5000]) {
    const { arrays, isGzip } = openArrays(
      memorySource(gzip(file.subarray(0, cut), file.subarray(cut))),
    );
    assertEquals(isGzip, true);
    assertEquals(arrays.get("")!.row(39)[99], 3999 ** 2);
  }
});

Deno.test("openArrays() refuses gzip data of another length, and gzip data in it", () => {
  const file = encodeNpy([9, 9], new Uint8Array(81));
  const first = (file: Uint8Array) =>
    openArrays(memorySource(file)).arrays.get("")!.row(0);
  const cases: [Uint8Array, string][] = [
    [gzip(file, Uint8Array.of(0)), "more than the 209 bytes its NumPy header"],
    [gzip(file.subarray(0, -1)), "truncated: the gzip data holds 208 of 209"],
    [gzip(file).subarray(0, -1), "truncated gzip data"],
    [gzip(gzip(file)), "gzip data that holds gzip data: decompress it first"],
    [gzip(bytesOf("PK\x03\x04")), "gzip data that holds a zip archive"],
    [gzip(npy(header("(999999999, 9)"))), "its gzip data holds 9000000069"],
    [gzip(npy(header("(999999, 999)"))), "bytes of gzip data cannot hold"],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), "truncated gzip data"],
  ];
  for (const [file, reason] of cases) {
    const { message } = assertThrows(() => first(file), FormatError);
    assertStringIncludes(message, reason);
  }
});

Deno.test("encodeNpy() writes what is read, aligned to 64 bytes", () => {
  const files: [number[], NpyData][] = [
    [[2, 3], Float32Array.of(0.5, -1, 2, 3, 4, 5)],
    [[3], Float64Array.of(0.1, 2, NaN)],
    [[1, 1, 2, 2], Uint8Array.of(1, 2, 3, 255)],
    [[2, 1], Int32Array.of(-5, 2 ** 31 - 1)],
    [[0, 7], new Int32Array()],
    [[], Float64Array.of(7)],
  ];
  for (const [shape, data] of files) {
    const file = encodeNpy(shape, data);
    assertEquals((file.length - data.byteLength) % 64, 0);
    const array = openArrays(memorySource(file)).arrays.get("")!;
    assertEquals(array.shape, shape);
    assertEquals(rows(array).flat(), [...data]);
  }
  assertThrows(
    () => encodeNpy([2, 2], new Uint8Array(3)),
    FormatError,
    "3 elements are no array of 2×2",
  );
});

Deno.test("encodeNpy() writes the very bytes that NumPy does", () => {
  const file = Deno.readFileSync(new URL("versions.npz", folder));
  const entry = openZip(memorySource(file)).get("version1.npy")!;
  const data = Float32Array.from({ length: 8 }, (_, i) => i);
  assertEquals(encodeNpy([2, 2, 2], data), entry.open().read(0, entry.size));
});
