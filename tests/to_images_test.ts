import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Picture } from "../lib/dataset/picture_sets.ts";
import {
  chooseConversion,
  type Conversion,
  toImage,
} from "../lib/dataset/to_images.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../lib/model/spec.ts";

const PLAIN: Conversion = {
  backdrop: null,
  isInverted: false,
  isCentred: false,
};

/** A picture of bytes. */
function picture(
  width: number,
  height: number,
  channels: Picture["channels"],
  valueOf: (x: number, y: number) => readonly number[],
): Picture {
  const values = Array.from(
    { length: width * height },
    (_, i) => valueOf(i % width, Math.floor(i / width)),
  );
  return {
    width,
    height,
    channels,
    black: 0,
    white: 255,
    values: values.flat(),
  };
}

function imageOf(picture: Picture, how = PLAIN): Uint8Array {
  const image = new Uint8Array(IMAGE_PIXELS);
  toImage(picture, how, image);
  return image;
}

const grey = (value: number, size = 20) =>
  picture(size, size, 1, () => [value]);

Deno.test("toImage() keeps 28×28 grey pixels bit for bit", () => {
  const { images } = synthesize(1, { seed: 0 });
  const digit = picture(28, 28, 1, (x, y) => [images[y * 28 + x]]);
  assertEquals(imageOf(digit), images);
  assertEquals(
    imageOf(digit, { ...PLAIN, isInverted: true }),
    images.map((byte) => 255 - byte),
  );
});

Deno.test("toImage() takes any numbers for black and white", () => {
  for (const [black, white] of [[-1, 1], [0, 1], [0, 65535], [1, 0]]) {
    for (const share of [0, 0.25, 1]) {
      const value = black + share * (white - black);
      const image = imageOf({ ...grey(value, 28), black, white });
      assertEquals(image[0], Math.round(255 * share));
    }
  }
  assertEquals(imageOf(grey(-9))[0], 0);
  assertEquals(imageOf(grey(300))[0], 255);
  assertThrows(() => imageOf(grey(NaN)), RangeError, "no finite numbers");
});

Deno.test("toImage() averages twice and thrice the size, and repeats half of it", () => {
  const checks = (x: number, y: number) => [(x + y) % 2 * 255];
  assertEquals(new Set(imageOf(picture(56, 56, 1, checks))), new Set([128]));
  const thirds = imageOf(picture(84, 84, 1, (x) => [x % 3 === 0 ? 255 : 0]));
  assertEquals(new Set(thirds), new Set([85]));
  const half = imageOf(picture(14, 14, 1, (x, y) => [x * 14 + y]));
  assertEquals(
    half,
    Uint8Array.from(
      { length: IMAGE_PIXELS },
      (_, i) => (i % 28 >> 1) * 14 + (Math.floor(i / 28) >> 1),
    ),
  );
});

Deno.test("toImage() makes a picture square with its border's grey, and says so", () => {
  const wide = picture(
    56,
    28,
    1,
    (x, y) => x > 10 && x < 40 && y > 5 && y < 20 ? [0] : [200],
  );
  const image = new Uint8Array(IMAGE_PIXELS);
  assertEquals(toImage(wide, PLAIN, image), { isPadded: true });
  assertEquals(new Set(image.subarray(0, 7 * 28)), new Set([200]));
  assertEquals(image.includes(0), true);
  assertEquals(toImage(grey(3), PLAIN, image), { isPadded: false });
});

Deno.test("toImage() moves the centre of mass to the middle by whole pixels", () => {
  const { images } = synthesize(1, { seed: 3 });
  for (const background of [0, 40]) {
    for (const isInverted of [false, true]) {
      const drawn = picture(28, 28, 1, (x, y) => {
        const [left, top] = [x + 5, y - 3];
        const inside = left < 28 && top >= 0;
        const ink = inside ? images[top * 28 + left] : 0;
        const value = Math.max(background, ink);
        return [isInverted ? 255 - value : value];
      });
      const image = imageOf(drawn, { ...PLAIN, isInverted, isCentred: true });
      let mass = 0, right = 0, down = 0;
      image.forEach((value, i) => {
        const ink = value - background;
        mass += ink;
        right += ink * (i % IMAGE_SIZE + 0.5);
        down += ink * (Math.floor(i / IMAGE_SIZE) + 0.5);
      });
      assert(Math.abs(right / mass - 14) <= 0.5, `${right / mass}`);
      assert(Math.abs(down / mass - 14) <= 0.5, `${down / mass}`);
      assertEquals(image[0], background);
    }
  }
  assertEquals(
    imageOf(grey(7), { ...PLAIN, isCentred: true }),
    imageOf(grey(7)),
  );
});

const auto = { invert: "auto", centre: false } as const;

Deno.test("chooseConversion() turns light borders dark, for the set", async () => {
  const framed = (border: number) =>
    picture(
      9,
      9,
      1,
      (x, y) =>
        [x, y].some((at) => at === 0 || at === 8) ? [border] : [255 - border],
    );
  const cases = [
    [[255, 255, 0], true],
    [[0, 0, 255], false],
    [[128], true],
    [[127], false],
  ] as const;
  for (const [borders, isInverted] of cases) {
    const how = await chooseConversion(borders.map(framed), auto);
    assertEquals(how.isInverted, isInverted);
  }
  const chosen = { invert: "never", centre: true } as const;
  assertEquals(
    await chooseConversion([framed(255)], chosen),
    { ...PLAIN, isCentred: true, looked: 1, unlike: 0 },
  );
  assertEquals(
    (await chooseConversion([framed(0)], { ...auto, invert: "always" }))
      .isInverted,
    true,
  );
});

Deno.test("chooseConversion() puts behind what is transparent what shows the ink", async () => {
  const dot = (ink: number) =>
    picture(
      28,
      28,
      2,
      (x, y) => [x, y].every((at) => at > 9 && at < 18) ? [ink, 255] : [ink, 0],
    );
  for (const [ink, backdrop] of [[0, 255], [255, 0], [100, 255], [180, 0]]) {
    const how = await chooseConversion([dot(ink)], auto);
    assertEquals(how.backdrop, backdrop);
    const image = imageOf(dot(ink), how);
    // Light on dark, whatever the ink.
    assertEquals(image[0], 0);
    assert(image[14 * 28 + 14] > 127);
  }
  const opaque = picture(4, 4, 4, () => [255, 255, 255, 255]);
  assertEquals((await chooseConversion([opaque], auto)).backdrop, null);
});
