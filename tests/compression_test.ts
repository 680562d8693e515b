/** Images to a file of compressed ones, and back. */
import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { crc32, gunzipSync, gzipSync } from "node:zlib";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
// deno-lint-ignore no-import-prefix -- of the version that compress loads
import decodeWebp from "npm:@jsquash/webp@1.5.0/decode.js";
import { encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { digestWeights } from "../lib/checkpoint/run_record.ts";
import { parseArchive } from "../lib/compression/archive.ts";
import {
  binaryPng,
  gzipOfBits,
  gzipOfBytes,
  webpPictures,
} from "../lib/compression/baselines.ts";
import { CompressionError } from "../lib/compression/error.ts";
import { ImageCodec, whiteOf } from "../lib/compression/image_codec.ts";
import { writeIdx } from "../lib/formats/idx.ts";
import { digits, modelOf, RECORDED, RECORDED_IMAGES } from "./compressed.ts";
import { inFolder } from "./folder.ts";
import { denoArgs, environment, refuses, runWell } from "./process.ts";
import { sha256 } from "../lib/dataset/split.ts";

/** The file on record. */
const GOOD = Deno.readFileSync(RECORDED);

/** A file with other bytes from `at` on, and a checksum that is right. */
function changed(at: number, ...values: number[]): Uint8Array {
  const bytes = GOOD.slice();
  bytes.set(values, at);
  const end = bytes.length - 4;
  new DataView(bytes.buffer).setUint32(end, crc32(bytes.subarray(0, end)));
  return bytes;
}

async function rejects(
  codec: ImageCodec,
  bytes: Uint8Array,
  message: string,
): Promise<void> {
  const error = await assertRejects(
    () => codec.decompress(bytes),
    CompressionError,
    message,
  );
  assert(!error.message.includes("\n"));
}

Deno.test("ImageCodec gives back every byte, on any number of threads", async () => {
  using one = await ImageCodec.open(modelOf(), 1);
  using two = await ImageCodec.open(modelOf(), 2);
  const all = digits(75);
  const cases = [
    all,
    digits(1),
    all.map((byte) => byte / 255),
    new Uint8Array(3 * 784),
    new Uint8Array(784).fill(255),
    new Uint8Array(784).fill(1),
  ];
  for (const images of cases) {
    const file = await one.compress(images);
    assertEquals(await two.compress(images), file);
    assertEquals(await two.decompress(file), images);
  }
});

Deno.test("ImageCodec comes to the bits that the ELBO promises", async () => {
  using codec = await ImageCodec.open(modelOf({ scale: 1.3 }));
  const images = digits(400);
  const promised = await codec.promisedBits(images);
  const { words } = parseArchive(await codec.compress(images));
  const bits = 16 * words.length / 400;
  assertLess(Math.abs(bits / promised - 1), 0.002, `${bits}, not ${promised}`);
});

Deno.test("ImageCodec restores a file on record, made on another machine", async () => {
  using codec = await ImageCodec.open(modelOf());
  const images = await codec.decompress(GOOD);
  assertEquals(
    await sha256(images),
    "32407ae861af042ee44872d1b936bb02fcf4385918486c1b2b395dc507d0798e",
  );
  assertEquals(images, digits(RECORDED_IMAGES));
  assertEquals(await codec.compress(images), GOOD);
});

Deno.test("ImageCodec refuses any file that is not whole", async () => {
  using codec = await ImageCodec.open(modelOf());
  for (let at = 0; at < GOOD.length; at += at < 100 ? 1 : 37) {
    const bytes = GOOD.slice();
    bytes[at] ^= 1 << at % 8;
    await rejects(codec, bytes, "it ");
  }
  for (const length of [0, 1, 8, 9, 95, 96, GOOD.length - 1]) {
    await rejects(codec, GOOD.slice(0, length), "it is truncated");
  }
  const longer = new Uint8Array(GOOD.length + 1);
  longer.set(GOOD);
  await rejects(codec, longer, "it is truncated or damaged: it has");
});

Deno.test("ImageCodec refuses what a file cannot say", async () => {
  using codec = await ImageCodec.open(modelOf());
  const cases: [Uint8Array, string][] = [
    [
      new TextEncoder().encode("<html></html>"),
      "it is an HTML page, not a file of compressed",
    ],
    [changed(8, 2), "it has version 2 of the format, and this program knows 1"],
    [changed(9, 254), "it says what cannot be: white pixels of 254"],
    [changed(11, 27), "it says what cannot be: images of 27×28 pixels"],
    [changed(14, 0, 0, 0, 0), "it says what cannot be: 0 images"],
    // Ten million, in a file of one kilobyte.
    [changed(14, 0, 152, 150, 128), "cannot be: 10000000 images in "],
    [changed(14, 255, 255, 255, 255), "cannot be: 4294967295 images in "],
    [changed(18, 1, 2), "it was compressed with another model"],
    [changed(82, 0, 0), "it says what cannot be: the head "],
    // As well-formed as can be, but of other pixels.
    [changed(14, 0, 0, 0, 9), "it does not come to the pixels"],
    [changed(14, 0, 0, 0, 7), "it does not come to the pixels"],
    [changed(9, 1), "it does not come to the pixels"],
    [changed(50, 1, 2), "it does not come to the pixels"],
    [changed(500, 1, 2, 3), "it does not come to the pixels"],
    [changed(84, 1, 2, 3), "it does not come to the pixels"],
    [changed(92, ...new Uint8Array(900)), "it does not come to the pixels"],
  ];
  for (const [bytes, message] of cases) await rejects(codec, bytes, message);
});

Deno.test("ImageCodec refuses another model's file, and models without p(x)", async () => {
  using other = await ImageCodec.open(modelOf({ seed: 2 }));
  await rejects(other, GOOD, "it was compressed with another model");
  for (
    const [options, message] of [
      [{ likelihood: "mse" }, "a model of the likelihood mse says nothing"],
      [{ autoencoder: true }, "an autoencoder has no distribution of z"],
    ] as const
  ) {
    await assertRejects(
      () => ImageCodec.open(modelOf(options)),
      CompressionError,
      message,
    );
  }
});

Deno.test("ImageCodec compresses with a model whose numbers are none", async () => {
  const broken = modelOf();
  broken.state.parameters.fill(3e38);
  using codec = await ImageCodec.open(broken);
  const images = digits(2);
  assertEquals(await codec.decompress(await codec.compress(images)), images);
});

Deno.test("digestWeights() does not depend on how a model was trained", () => {
  const model = modelOf();
  const later = modelOf();
  later.state.expAvg[0] = 1;
  later.state.step = 7;
  assertEquals(digestWeights(later), digestWeights(model));
  later.state.running[0] += 1;
  assert(digestWeights(later) !== digestWeights(model));
});

Deno.test("whiteOf() tells black and white from greys", async () => {
  assertEquals(whiteOf(Uint8Array.of(0, 255)), 255);
  assertEquals(whiteOf(Uint8Array.of(0, 1)), 1);
  assertEquals(whiteOf(Uint8Array.of(0, 0)), 255);
  for (const bytes of [[0, 2], [1, 255], [0, 254, 255]]) {
    assertEquals(whiteOf(Uint8Array.from(bytes)), null);
  }
  using codec = await ImageCodec.open(modelOf(), 1);
  await assertRejects(
    () => codec.compress(new Uint8Array(784).fill(7)),
    CompressionError,
    "the images have greys",
  );
});

Deno.test("the baselines hold the images", () => {
  const images = digits(3);
  assertEquals(Uint8Array.from(gunzipSync(gzipOfBytes(images))), images);
  const bits = gunzipSync(gzipOfBits(images));
  assertEquals(
    images,
    images.map((_, i) => (bits[i >> 3] >> (7 - i % 8) & 1) * 255),
  );
  const { width, height, data } = PNG.sync.read(Buffer.from(binaryPng(images)));
  assertEquals([width, height], [28, 3 * 28]);
  assertEquals(images, images.map((_, i) => data[4 * i]));
});

Deno.test("webpPictures() holds the images, side by side", async () => {
  const images = digits(7);
  const [webp, ...more] = await webpPictures(images);
  assertEquals(more, []);
  // The chunk of pictures without loss.
  assertEquals(new TextDecoder().decode(webp.subarray(12, 16)), "VP8L");
  const { width, height, data } = await decodeWebp(webp.buffer);
  assertEquals([width, height], [3 * 28, 3 * 28]);
  const at = (i: number) => {
    const image = Math.floor(i / 784), pixel = i % 784;
    const x = 28 * (image % 3) + pixel % 28;
    const y = 28 * Math.floor(image / 3) + Math.floor(pixel / 28);
    return 4 * (y * width + x);
  };
  assertEquals(images, images.map((_, i) => data[at(i)]));
});

Deno.test("compress leaves WebP out where its encoder cannot be used", () =>
  inFolder(async (folder) => {
    const idx = writeIdx({ shape: [1, 28, 28], data: digits(1) });
    await Deno.writeFile(join(folder, "a.idx"), idx);
    await Deno.writeFile(join(folder, "m.st"), encodeCheckpoint(modelOf()));
    const args = denoArgs("compress", ["a.idx", "--checkpoint", "m.st"]);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      // Without the folder in which its WebAssembly is.
      args: args.map((word) => word.replace(/^--allow-read$/, "$&=.")),
      cwd: folder,
      env: environment(folder),
    }).output();
    const text = new TextDecoder();
    assertEquals(code, 0);
    assertMatch(text.decode(stdout), /\nWebP, up to .* – +–\n/);
    assertMatch(
      text.decode(stderr),
      /^note: WebP is left out: .*\nnext: .*\n$/,
    );
  }));

Deno.test("compress and decompress are each other's inverse", () =>
  inFolder(async (folder) => {
    const images = digits(5);
    const idx = writeIdx({ shape: [5, 28, 28], data: images });
    const at = (name: string) => join(folder, name);
    await Deno.writeFile(at("a.idx.gz"), gzipSync(idx));
    await Deno.writeFile(at("m.st"), encodeCheckpoint(modelOf()));
    const model = ["--checkpoint", "m.st", "--threads", "1"];
    const { stdout, stderr } = await runWell(folder, "compress", [
      ...["a.idx.gz", "--out", "b.vae", "--json", ...model],
    ]);
    const { bytes, ...said } = JSON.parse(stdout);
    assertEquals(stderr, "");
    assertEquals([said.images, said.binarized], [5, false]);
    const [{ length }] = await webpPictures(images);
    assertEquals(bytes.webp, length);
    const { size } = await Deno.stat(at("b.vae"));
    assertEquals([bytes.compressed, 8 * size / 5], [size, said.bitsPerImage]);

    await runWell(folder, "decompress", ["b.vae", "--out", "c.idx", ...model]);
    assertEquals(await Deno.readFile(at("c.idx")), idx);

    // Greys, and a damaged file.
    const grey = writeIdx({ shape: [1, 28, 28], data: images.slice(0, 784) });
    grey[16] = 100;
    await Deno.writeFile(at("g.idx"), grey);
    await refuses(
      /cannot compress g\.idx: it has greys, .*; --binarize draws each pixel/,
      folder,
      "compress",
      ["g.idx", ...model],
    );
    const drawn = await runWell(folder, "compress", [
      ...["g.idx", "--binarize", ...model],
    ]);
    assert(drawn.stderr.startsWith("note: the greys are lost: each pixel is"));
    const damaged = await Deno.readFile(at("b.vae"));
    damaged[120] ^= 4;
    await Deno.writeFile(at("d.vae"), damaged);
    await refuses(
      /cannot decompress d\.vae: it is damaged: its checksum is wrong/,
      folder,
      "decompress",
      ["d.vae", ...model],
    );
  }));

Deno.test("compress and decompress read files, and nothing without an end", () =>
  inFolder(async (folder) => {
    for (const task of ["compress", "decompress"] as const) {
      const line = new RegExp(`^error: cannot ${task} \\.: not a file\n$`);
      await refuses(line, folder, task, ["."]);
    }
  }));
