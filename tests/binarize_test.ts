import { assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import { binarize } from "../lib/dataset/binarize.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { digits } from "./engine_suite.ts";

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
