import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { type ImageArrays, imageBytes } from "../lib/dataset/image_arrays.ts";
import { imageDataset } from "../lib/dataset/image_dataset.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import { encodeNpy } from "../lib/formats/npy.ts";
import { OptionError } from "../lib/options/table.ts";
import { inFolder } from "./folder.ts";

const COUNT = 50;
const { images, labels } = synthesize(COUNT, { seed: 3 });

/** The images as they are nested. */
function nested<T>(pixel: (byte: number) => T): T[][] {
  return Array.from(
    { length: COUNT },
    (_, n) => Array.from(images.subarray(784 * n, 784 * (n + 1)), pixel),
  );
}

/** Images with one pixel that is another; the rest is of this value. */
function odd(value: number, rest = 0): number[][] {
  const image = Array<number>(784).fill(rest);
  return [image, image.with(406, value)];
}

Deno.test("imageDataset() makes what loadDataset() makes of a file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "mine.npy");
    await Deno.writeFile(path, encodeNpy([COUNT, 28, 28], images));
    await Deno.writeFile(
      join(folder, "words.npy"),
      encodeNpy([COUNT], Uint8Array.from(labels)),
    );
    const options = { valSize: 7, testSize: 9, limit: 20 };
    const words = [..."abcdefghij"];
    const file = await loadDataset({
      ...options,
      images: path,
      labels: join(folder, "words.npy"),
      classes: words.join(","),
    });
    const memory = await imageDataset("mine.npy", images, {
      ...{ ...options, labels, classes: words },
    });
    assertEquals({ ...memory, options: file.options }, file);
    assertEquals(memory.options.limit, 20);
    const { train, validation, test } = memory;
    assertEquals([train.count, validation.count, test!.count], [20, 7, 9]);
    const first = Number(train.names![0].slice("row ".length));
    assertEquals(
      train.images.subarray(0, 784),
      images.subarray(784 * first, 784 * (first + 1)),
    );
    assertEquals(train.labels![0], labels[first]);
  }));

Deno.test("imageBytes() reads bytes, units and nested arrays", () => {
  const units = Float32Array.from(images, (byte) => byte / 255);
  const rows = nested(Number).map((image) =>
    Array.from({ length: 28 }, (_, y) => image.slice(28 * y, 28 * (y + 1)))
  );
  const forms: Record<string, ImageArrays> = {
    bytes: images,
    units,
    "nested bytes": nested(Number),
    "nested units": nested((byte) => byte / 255),
    rows,
    "rows of units": rows.map((image) =>
      image.map((row) => Float32Array.from(row, (byte) => byte / 255))
    ),
    "typed images": nested(Number).map((image) => Uint8Array.from(image)),
  };
  for (const [name, form] of Object.entries(forms)) {
    assertEquals(imageBytes(form), images, name);
  }
  const black = imageBytes(images);
  black[0] = 1;
  assertEquals(images[0], 0);
  assertEquals(imageBytes(odd(1))[784 + 406], 255);
});

Deno.test("imageBytes() says what it refuses", () => {
  const refusals: [unknown, string][] = [
    [new Float32Array(784).fill(255), "pixel 0 of image 0 is 255: pixels go"],
    [Float32Array.from(odd(NaN).flat()), "pixel 406 of image 1 is NaN"],
    [Float32Array.from(odd(-0.5).flat()), "pixel 406 of image 1 is -0.5"],
    [odd(NaN), "pixel 406 of image 1 is NaN"],
    [odd(256), "pixel 406 of image 1 is 256: numbers go from 0 to 1, or"],
    [
      odd(255, 0.5),
      "pixel 406 of image 1 is above 1, and pixel 0 of image 0 is not whole",
    ],
    [odd("7" as unknown as number), 'pixel 406 of image 1 is "7"'],
    [[Array(784)], "pixel 0 of image 0 is missing"],
    [new Uint8Array(785), "785 pixels are no images of 784 each"],
    [new Uint8Array(), "0 pixels are no images"],
    [[], "0 pixels are no images"],
    [[odd(0)[0], [1, 2]], "image 1 has neither 784 numbers nor 28 rows of 28"],
    [[Array(28).fill(Array(27).fill(0))], "image 0 has neither"],
    [[7], "image 0 has neither"],
    [new Float64Array(784), "not a Float64Array: pixels go from 0 to 255"],
    [new Uint8ClampedArray(784), "not a Uint8ClampedArray: a canvas has"],
    [new Int32Array(784), "not an Int32Array: pixels go"],
    [null, "not null"],
    [undefined, "not missing"],
  ];
  for (const [images, message] of refusals) {
    assertThrows(() => imageBytes(images as ImageArrays), Error, message);
  }
});

Deno.test("imageDataset() says which labels it refuses", async () => {
  const make = (given: Parameters<typeof imageDataset>[2]) =>
    imageDataset("mine", images, given);
  for (
    const [given, message] of [
      [{ labels: [1, 2] }, "2 labels of mine do not fit 50 images"],
      [
        { classes: ["a"] },
        "there are names of classes, and mine has no labels",
      ],
      [{ labels, classes: ["a", "b"] }, "mine: labels and names of classes"],
      [{ labels: Array(COUNT).fill(0.5) }, "mine: 0.5 is no label of a class"],
      [{ labels, classes: Array(10).fill("a") }, "two classes are called a"],
    ] as const
  ) {
    await assertRejects(() => make(given), RangeError, message);
  }
  await assertRejects(() => make({ testSize: COUNT }), OptionError, "only 50");
  await assertRejects(
    () => make({ batch: 1 } as Parameters<typeof make>[0]),
    OptionError,
    "batch",
  );
  const { classes, train } = await make({ labels: Array(COUNT).fill("x") });
  assertEquals([classes, train.labels!.at(-1)], [["x"], 0]);
});
