import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { decodePng } from "../lib/dataset/png_picture.ts";
import { toImage } from "../lib/dataset/to_images.ts";
import { FormatError } from "../lib/formats/error.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";

const FOLDER = new URL("fixtures/pictures/png/", import.meta.url);

const onWhite = { backdrop: 255, isInverted: false, isCentred: false };

Deno.test("decodePng() and toImage() give what was written, whatever wrote it", async () => {
  const expected: Record<string, string> = JSON.parse(
    await Deno.readTextFile(new URL("expected.json", FOLDER)),
  );
  for (const [name, base64] of Object.entries(expected)) {
    const picture = decodePng(await Deno.readFile(new URL(name, FOLDER)));
    const image = new Uint8Array(IMAGE_PIXELS);
    toImage(picture, onWhite, image);
    assertEquals(image, Uint8Array.fromBase64(base64), name);
  }
});

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

/** A PNG file, whatever it promises. */
function png(
  { width = 3, height = 2, depth = 8, colour = 0, interlace = 0 },
  rows: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colour, 0, 0, interlace], 8);
  return new Uint8Array([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk("IHDR", header),
    ...chunk("IDAT", deflateSync(rows)),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

/** The file with another chunk before its end. */
function withChunk(
  bytes: Uint8Array,
  type: string,
  content = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const end = bytes.length - 12;
  return new Uint8Array([
    ...bytes.subarray(0, end),
    ...chunk(type, content),
    ...bytes.subarray(end),
  ]);
}

const ROWS = Uint8Array.of(0, 10, 20, 30, 0, 40, 50, 60);

Deno.test("decodePng() looks at nothing that follows the picture", () => {
  const bytes = new Uint8Array([...png({}, ROWS), 1, 2, 3]);
  const { width, height, channels, values } = decodePng(bytes);
  assertEquals([width, height, channels], [3, 2, 1]);
  assertEquals(Array.from(values), [10, 20, 30, 40, 50, 60]);
});

Deno.test("decodePng() joins a picture's parts, whatever stands between them", () => {
  const deflated = deflateSync(ROWS);
  let bytes = png({}, ROWS).slice(0, 33);
  bytes = new Uint8Array([...bytes, ...chunk("IEND", new Uint8Array())]);
  for (const byte of deflated) {
    bytes = withChunk(bytes, "IDAT", Uint8Array.of(byte));
    bytes = withChunk(bytes, "teXt", Uint8Array.of(1, 2, 3));
  }
  assertEquals(Array.from(decodePng(bytes).values), [10, 20, 30, 40, 50, 60]);
});

Deno.test("decodePng() undoes each filter that pngjs writes", () => {
  const [width, height] = [7, 5];
  const data = Buffer.from(
    Array.from({ length: 4 * width * height }, (_, i) => (i * i * 31) % 256),
  );
  for (const filterType of [0, 1, 2, 3, 4]) {
    const bytes = PNG.sync.write({ width, height, data }, {
      colorType: 6,
      inputColorType: 6,
      inputHasAlpha: true,
      deflateStrategy: 0,
      filterType,
    });
    const { channels, values } = decodePng(new Uint8Array(bytes));
    assertEquals(channels, 4);
    assertEquals(Array.from(values), [...data], `filter ${filterType}`);
  }
});

Deno.test("decodePng() says in a line what is wrong with a file", () => {
  const good = png({}, ROWS);
  const flipped = good.slice();
  flipped[45] ^= 1;
  const cases: [Uint8Array<ArrayBuffer>, RegExp][] = [
    [new Uint8Array(), /^it is empty$/],
    [new TextEncoder().encode("<html></html>"), /^it is an HTML page$/],
    [good.slice(0, 20), /^it is a truncated PNG picture$/],
    [good.slice(0, 50), /^it is a truncated PNG picture$/],
    [good.slice(0, -12), /^it is a truncated PNG picture$/],
    [
      flipped,
      /^it is a corrupt PNG picture \(the checksum of its chunk "IDAT" is wrong\)$/,
    ],
    [png({ width: 20_000, height: 1 }, ROWS), /^it is 20000×1 pixels, and /],
    [withChunk(good, "IHDR"), /corrupt .*\(it has two headers\)$/],
    [withChunk(good, "ABCD"), /its chunk "ABCD" must be known, and is not/],
    [png({ height: 0 }, ROWS), /^it is 3×0 pixels, and /],
    [png({ depth: 3 }, ROWS), /corrupt .*no colour type 0 of 3 bits/],
    [png({ depth: 4, colour: 2 }, ROWS), /no colour type 2 of 4 bits/],
    [png({ colour: 3 }, ROWS), /corrupt PNG picture \(it has no palette/],
    [png({}, Uint8Array.of(5, ...ROWS.slice(1))), /there is no filter 5/],
    [png({ height: 3 }, ROWS), /corrupt .*holds less than 3×3 pixels/],
    [png({ height: 1 }, ROWS), /corrupt .*holds more than 3×1 pixels/],
    [png({ interlace: 1, height: 9 }, ROWS), /holds less than 3×9 pixels/],
  ];
  for (const [bytes, message] of cases) {
    const { message: found } = assertThrows(
      () => decodePng(bytes),
      FormatError,
    );
    assertEquals(message.test(found), true, `${message}: ${found}`);
  }
});

Deno.test("decodePng() inflates no more than a picture's pixels", () => {
  const bomb = new Uint8Array(2 ** 26);
  for (const interlace of [0, 1]) {
    const bytes = png({ width: 1, height: 1, interlace }, bomb);
    assertLess(bytes.length, 2 ** 17);
    const before = Deno.memoryUsage().rss;
    assertThrows(() => decodePng(bytes), FormatError, "more than 1×1 pixels");
    assertLess(Deno.memoryUsage().rss - before, 2 ** 24);
  }
});
