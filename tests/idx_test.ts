import {
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { gzipSync } from "node:zlib";
import { FormatError } from "../lib/formats/error.ts";
import { gunzipIdx, parseIdx, writeIdx } from "../lib/formats/idx.ts";

/** Two rows of three, byte by byte after the format's description. */
// deno-fmt-ignore
const TWO_BY_THREE = new Uint8Array([
  0, 0, 8, 2,  0, 0, 0, 2,  0, 0, 0, 3,  1, 2, 3, 4, 5, 6,
]);

function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values);
}

function gzip(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(data));
}

function zeros(...shape: number[]): Uint8Array<ArrayBuffer> {
  return writeIdx({
    shape,
    data: new Uint8Array(shape.reduce((a, b) => a * b)),
  });
}

Deno.test("parseIdx() reads a known file without copying it", () => {
  const { shape, data } = parseIdx(TWO_BY_THREE);
  assertEquals(shape, [2, 3]);
  assertEquals(data, bytes(1, 2, 3, 4, 5, 6));
  assertStrictEquals(data.buffer, TWO_BY_THREE.buffer);
});

Deno.test("parseIdx() reads a file that is a view of a larger buffer", () => {
  const larger = new Uint8Array(40).fill(9);
  larger.set(TWO_BY_THREE, 7);
  const { shape, data } = parseIdx(larger.subarray(7, 7 + TWO_BY_THREE.length));
  assertEquals(shape, [2, 3]);
  assertEquals(data, bytes(1, 2, 3, 4, 5, 6));
});

Deno.test("parseIdx() reads sizes as big-endian", () => {
  assertEquals(parseIdx(zeros(60_000)).shape, [60_000]);
});

Deno.test("parseIdx() refuses every truncation", () => {
  for (let length = 0; length < TWO_BY_THREE.length; length++) {
    assertThrows(
      () => parseIdx(TWO_BY_THREE.slice(0, length)),
      FormatError,
      length < 4 ? "not an IDX file" : "truncated",
    );
  }
});

Deno.test("parseIdx() refuses trailing bytes", () => {
  assertThrows(
    () => parseIdx(bytes(...TWO_BY_THREE, 7)),
    FormatError,
    "trailing bytes: an IDX file of 2×3 bytes is 18 bytes long, but this one is 19",
  );
});

Deno.test("parseIdx() names what a foreign file is", () => {
  const foreign: [Uint8Array<ArrayBuffer>, string][] = [
    [bytes(), "not an IDX file: it is empty"],
    [
      bytes(0x89, 0x50, 0x4e, 0x47, 0x0d),
      "not an IDX file: it begins with the bytes 89 50 4e 47",
    ],
    [
      new TextEncoder().encode("\n<!DOCTYPE html><html>"),
      "not an IDX file: it is an HTML page",
    ],
    [
      bytes(0, 0, 0x0d, 1, 0, 0, 0, 0),
      "IDX element type 0x0d is not supported",
    ],
    [bytes(0, 0, 8, 0), "IDX rank 0 is not supported"],
    [bytes(0, 0, 8, 255), "IDX rank 255 is not supported"],
  ];
  for (const [file, message] of foreign) {
    assertThrows(() => parseIdx(file), FormatError, message);
  }
});

Deno.test("parseIdx() is not fooled by sizes whose product overflows", () => {
  // 2^16 · 2^16 · 2^31 · 2 is 0 in 64-bit arithmetic, 2^31 · 2 in 32-bit.
  const liars = [
    // deno-fmt-ignore
    bytes(0, 0, 8, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 2),
    bytes(0, 0, 8, 2, 0x80, 0, 0, 0, 0, 0, 0, 2),
    bytes(0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff),
  ];
  for (const liar of liars) {
    assertThrows(() => parseIdx(liar), FormatError, "is larger than 4 GiB");
  }
});

Deno.test("writeIdx() writes a known file", () => {
  const written = writeIdx({ shape: [2, 3], data: bytes(1, 2, 3, 4, 5, 6) });
  assertEquals(written, TWO_BY_THREE);
});

Deno.test("writeIdx() refuses data of another length", () => {
  assertThrows(
    () => writeIdx({ shape: [2, 3], data: bytes(1) }),
    FormatError,
    "truncated",
  );
});

Deno.test("gunzipIdx() decompresses gzip and passes other bytes through", () => {
  assertEquals(gunzipIdx(gzip(TWO_BY_THREE)), TWO_BY_THREE);
  assertStrictEquals(gunzipIdx(TWO_BY_THREE), TWO_BY_THREE);
  const large = zeros(100, 28, 28).map((_, i) => i < 16 ? _ : i * i);
  assertEquals(gunzipIdx(gzip(large), [100, 28, 28]), large);
});

Deno.test("gunzipIdx() refuses every truncation of gzip data", () => {
  const noise = zeros(999).map((byte, i) => i < 8 ? byte : i * i * i >> 3);
  const whole = gzip(noise);
  for (let length = 2; length < whole.length; length++) {
    const error = assertThrows(
      () => gunzipIdx(whole.slice(0, length)),
      FormatError,
    );
    assertMatch(error.message, /truncated|not an IDX file/);
    assertNotMatch(error.message, /\n/);
  }
});

Deno.test("gunzipIdx() refuses corrupt gzip data", () => {
  const whole = gzip(zeros(500));
  const wrongChecksum = whole.slice();
  wrongChecksum[whole.length - 8] ^= 1;
  assertThrows(
    () => gunzipIdx(wrongChecksum),
    FormatError,
    "corrupt gzip data",
  );
  const wrongHeader = whole.slice();
  wrongHeader[2] = 7;
  assertThrows(() => gunzipIdx(wrongHeader), FormatError, "corrupt gzip data");
});

Deno.test("gunzipIdx() refuses gzip data that goes on after the file", () => {
  const bomb = new Uint8Array(8_000_000);
  bomb.set(TWO_BY_THREE);
  const error = assertThrows(() => gunzipIdx(gzip(bomb)), FormatError);
  assertEquals(
    error.message,
    "the gzip data holds more than the 18 bytes its IDX header names",
  );
});

Deno.test("gunzipIdx() refuses a size that the gzip data cannot hold", () => {
  const liar = gzip(bytes(0, 0, 8, 1, 0x7f, 0xff, 0xff, 0xff, 1));
  assertThrows(
    () => gunzipIdx(liar),
    FormatError,
    "cannot hold 2147483647 bytes",
  );
});

Deno.test("gunzipIdx() refuses another shape than expected", () => {
  for (const file of [TWO_BY_THREE, gzip(TWO_BY_THREE)]) {
    assertThrows(
      () => gunzipIdx(file, [2, 4]),
      FormatError,
      "the shape is 2×3, not 2×4",
    );
  }
});
