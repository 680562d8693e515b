import { assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import {
  type Binarization,
  binarize,
  drawPixels,
} from "../lib/dataset/binarize.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { defaults } from "../lib/options/table.ts";
import { streamKey } from "../lib/rng.ts";
import { seenBy } from "../tasks/shared/data.ts";
import { digits } from "./engine_suite.ts";

// The numbers of the next two tests are of a Threefry in Python's whole numbers,
// written from the paper, which gives Random123's known answers.

Deno.test("drawPixels() makes white what 16 bits of Threefry are below, exactly", () => {
  const bits = [38046, 54466, 60713, 5609, 13597, 6951, 8824, 45621, 14500];
  const least = [149, 212, 237, 22, 53, 28, 35, 178, 57];
  bits.forEach((bits, e) => assertEquals(least[e], (bits * 255 >> 16) + 1));
  const draw = (pixels: number[]) => {
    const drawn = Uint8Array.from(pixels);
    drawPixels(drawn, streamKey(2 ** 40 + 3, "binarize"), 5);
    return [...drawn];
  };
  assertEquals(draw(least), least.map(() => 255));
  assertEquals(draw(least.map((byte) => byte - 1)), least.map(() => 0));
  assertEquals(draw(Array(9).fill(0)), Array(9).fill(0));
  assertEquals(draw(Array(9).fill(255)), Array(9).fill(255));
});

Deno.test("binarize() draws the bits that its contract says", () => {
  const ramp = Uint8Array.from({ length: IMAGE_PIXELS }, (_, i) => i);
  const white = (drawn: Uint8Array) => drawn.filter((byte) => byte === 255);
  const cases = [
    [
      "static",
      "train",
      "381020481000010822402092a0ff6dba3fa4bffc74dff0fd",
      365,
    ],
    [
      "static",
      "validation",
      "101000020100c00145d0235037dc7e2a5db7f7f99fdcf7ff",
      383,
    ],
    ["static", "test", "2040222040e0083000882541c64b89a5fbca6ee85dfeffef", 384],
    [
      "dynamic",
      "test",
      "20000092817225802a6d8fb0f936ed2965e99d7ff5bf6bf7",
      388,
    ],
  ] as const;
  for (const [kind, split, bits, count] of cases) {
    const drawn = binarize(ramp, kind, split, 9);
    const text = [...drawn].map((byte) => byte ? 1 : 0).join("").slice(0, 256);
    const hex = BigInt(`0b${text}`).toString(16);
    assertEquals([hex.slice(0, 48), white(drawn).length], [bits, count]);
  }
});

Deno.test("binarize() draws white with a pixel's brightness", () => {
  const n = 40;
  const levels = Uint8Array.of(0, 1, 64, 128, 254, 255);
  const images = Uint8Array.from(
    { length: n * IMAGE_PIXELS },
    (_, i) => levels[i % levels.length],
  );
  const binary = binarize(images, "static", "test", 0);
  assertEquals(new Set(binary), new Set([0, 255]));
  for (const level of levels) {
    const drawn = binary.filter((_, i) => images[i] === level);
    const share = drawn.filter((pixel) => pixel === 255).length / drawn.length;
    const p = level / 255;
    const sigma = Math.sqrt(p * (1 - p) / drawn.length);
    assertLessOrEqual(Math.abs(share - p), 4 * sigma, `level ${level}`);
  }
});

Deno.test("binarize() draws once for all, or for each seed", () => {
  const images = digits(4) as Uint8Array<ArrayBuffer>;
  const draw = (
    ...[kind, split, seed]: [
      "static" | "dynamic",
      "train" | "test",
      number,
    ]
  ) => binarize(images, kind, split, seed);
  assertEquals(draw("static", "test", 0), draw("static", "test", 9));
  assertEquals(draw("dynamic", "test", 9), draw("dynamic", "test", 9));
  const all = [
    draw("static", "test", 0),
    draw("static", "train", 0),
    draw("dynamic", "test", 0),
    draw("dynamic", "test", 9),
    draw("dynamic", "train", 9),
  ];
  all.forEach((a, i) => all.slice(i + 1).forEach((b) => assertNotEquals(a, b)));
  // A pixel's draw is its own: it does not depend on what follows.
  assertEquals(
    binarize(images.slice(0, IMAGE_PIXELS), "static", "test", 0),
    all[0].slice(0, IMAGE_PIXELS),
  );
  assertEquals(binarize(images, "none", "test", 0), images);
});

Deno.test("seenBy() is the draw that a model is tested with, of any first images", () => {
  const images = digits(4) as Uint8Array<ArrayBuffer>;
  const set = { images, labels: null, count: 4 };
  const seen = (binarize: Binarization, some = set) =>
    seenBy(
      {
        options: { ...defaults(trainingOptions), likelihood: "bce", binarize },
      },
      some,
      "test",
    ).images;
  const drawn = binarize(images, "static", "test");
  assertEquals(seen("none"), images);
  assertEquals(seen("static"), drawn);
  assertEquals(seen("dynamic"), drawn);
  const first = { ...set, images: images.slice(0, 2 * IMAGE_PIXELS), count: 2 };
  assertEquals(seen("dynamic", first), drawn.slice(0, 2 * IMAGE_PIXELS));
});
