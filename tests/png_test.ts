import { Buffer } from "node:buffer";
import { assertEquals, assertLess, assertThrows } from "@std/assert";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import type { Picture } from "../lib/image/picture.ts";
import { encodePng } from "../lib/image/png.ts";

interface Chunk {
  type: string;
  data: Uint8Array;
}

/** Reads a PNG file's chunks by the specification, checking each CRC. */
function readChunks(file: Uint8Array): Chunk[] {
  assertEquals([...file.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const chunks: Chunk[] = [];
  let at = 8;
  while (at < file.length) {
    const length = view.getUint32(at);
    const body = file.subarray(at + 4, at + 8 + length);
    assertEquals(view.getUint32(at + 8 + length), crc(body), "CRC");
    const type = String.fromCharCode(...body.subarray(0, 4));
    chunks.push({ type, data: body.subarray(4) });
    at += 12 + length;
  }
  return chunks;
}

/** PNG specification, annex D, bit by bit. */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    }
  }
  return ~value >>> 0;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Some picture in which every pixel differs. */
function coloured(width: number, height: number): Picture {
  const pixels = new Uint8Array(3 * width * height)
    .map((_, i) => (i * 37 + (i % 3) * 91) % 256);
  return { width, height, pixels };
}

function decodeRgb(file: Uint8Array): Picture {
  const { width, height, data } = PNG.sync.read(Buffer.from(file));
  assertEquals(data.every((byte, i) => i % 4 !== 3 || byte === 255), true);
  return {
    width,
    height,
    pixels: new Uint8Array(data.filter((_, i) => i % 4 !== 3)),
  };
}

Deno.test("encodePng() stores colours that another decoder reads back", () => {
  const picture = coloured(7, 5);
  const file = encodePng(picture);
  assertEquals(decodeRgb(file), picture);
  const [header, ...rest] = readChunks(file);
  assertEquals(header.type, "IHDR");
  // 7 × 5, 8 bits, colour type 2, no interlacing.
  assertEquals([...header.data], [0, 0, 0, 7, 0, 0, 0, 5, 8, 2, 0, 0, 0]);
  assertEquals(rest.map(({ type }) => type), ["IDAT", "IEND"]);
});

Deno.test("encodePng() stores a picture without colours as greys", () => {
  const pixels = Uint8Array.from(
    [0, 85, 170, 255, 3, 9].flatMap((g) => [g, g, g]),
  );
  const file = encodePng({ width: 3, height: 2, pixels });
  assertEquals(decodeRgb(file).pixels, pixels);
  assertEquals([...readChunks(file)[0].data.subarray(8)], [8, 0, 0, 0, 0]);
  const inflated = new Uint8Array(300 * 300 * 3).fill(128);
  const flat = encodePng({ width: 300, height: 300, pixels: inflated });
  assertLess(flat.length, 1000);
});

Deno.test("encodePng() keeps colours where only one pixel has any", () => {
  const pixels = new Uint8Array(3 * 4).fill(77);
  pixels[11] = 78;
  assertEquals(
    decodeRgb(encodePng({ width: 2, height: 2, pixels })).pixels,
    pixels,
  );
});

Deno.test("encodePng() stores metadata right after the header, in order", () => {
  const file = encodePng(coloured(2, 2), {
    Title: "Samples · ²×é",
    Software: "@vae/mnist",
    "Data set": "mnist",
    Comment: "β = 4",
  });
  const chunks = readChunks(file);
  assertEquals(
    chunks.map(({ type }) => type),
    ["IHDR", "tEXt", "tEXt", "tEXt", "iTXt", "IDAT", "IEND"],
  );
  const texts = chunks.filter(({ type }) => type === "tEXt");
  assertEquals(texts.map(({ data }) => latin1(data)), [
    "Title\0Samples · ²×é",
    "Software\0@vae/mnist",
    "Data set\0mnist",
  ]);
  // Keyword, NUL, not compressed, method 0, no language, no translation.
  const { data } = chunks[4];
  assertEquals(latin1(data.subarray(0, 12)), "Comment\0\0\0\0\0");
  assertEquals(new TextDecoder().decode(data.subarray(12)), "β = 4");
  assertEquals(decodeRgb(file), coloured(2, 2));
});

Deno.test("encodePng() gives the same bytes for the same input", () => {
  const encode = () => encodePng(coloured(31, 17), { Title: "twice" });
  assertEquals(encode(), encode());
});

Deno.test("encodePng() refuses a picture whose bytes do not fit its size", () => {
  assertThrows(
    () => encodePng({ width: 2, height: 2, pixels: new Uint8Array(16) }),
    RangeError,
    "a 2×2 picture cannot have 16 bytes of pixels",
  );
  assertThrows(
    () => encodePng({ width: 0, height: 2, pixels: new Uint8Array(0) }),
    RangeError,
    "at least one pixel",
  );
});

Deno.test("encodePng() refuses metadata that PNG has no room for", () => {
  const picture = coloured(1, 1);
  for (const key of ["", " a", "a ", "a  b", "β", "a\nb", "k".repeat(80)]) {
    assertThrows(
      () => encodePng(picture, { [key]: "text" }),
      RangeError,
      `under the keyword ${JSON.stringify(key)}`,
    );
  }
  assertThrows(
    () => encodePng(picture, { Title: "a\0b" }),
    RangeError,
    'the text of "Title": it contains a NUL',
  );
  assertEquals(
    readChunks(encodePng(picture, { ["k".repeat(79)]: "" })).length,
    4,
  );
});
