import {
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { dataOptions, DOWNLOADS } from "../lib/options/run.ts";
import { defaults, OptionError } from "../lib/options/table.ts";
import {
  checkImages,
  checkLabels,
  loadDataset,
} from "../lib/dataset/dataset.ts";
import { fetchDataset } from "../lib/dataset/download.ts";
import { DownloadError } from "../lib/files/mirrors.ts";
import { imageFile, type Split, splitDataset } from "../lib/dataset/split.ts";
import { writeIdx } from "../lib/formats/idx.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { sources } from "../lib/dataset/mnist.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import { inFolder } from "./folder.ts";
import { mnistDir, mnistIsMissing } from "./mnist.ts";

/** An IDX file of images whose pixels are all their index. */
function numberedImages(count: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(count * 784);
  for (let i = 0; i < count; i++) data.fill(i, i * 784, (i + 1) * 784);
  return writeIdx({ shape: [count, 28, 28], data });
}

function own(
  images: string,
  valSize: number,
): Parameters<typeof loadDataset>[0] {
  return { dataset: "auto", images, dataDir: "unused", valSize };
}

const SYNTHETIC = {
  dataset: "synthetic" as const,
  dataDir: "unused",
  valSize: 5000,
  limit: 20,
};

Deno.test("loadDataset() draws what it holds out of a user's file", () =>
  inFolder(async (folder) => {
    const file = join(folder, "own.idx");
    await Deno.writeFile(file, numberedImages(10));
    const dataset = await loadDataset(own(file, 3));
    const { name, train, validation, test, notes, digest } = dataset;
    assertStrictEquals(name, "own.idx");
    const sets = [train, validation, test!];
    assertEquals(sets.map(({ count }) => count), [6, 3, 1]);
    const numbers = sets.flatMap(({ images, names }) =>
      names!.map((name, i) => {
        assertStrictEquals(name, `row ${images[i * 784]}`);
        return images[i * 784];
      })
    );
    assertNotEquals(numbers, numbers.toSorted());
    assertEquals(new Set(numbers).size, 10);
    assertStrictEquals(train.labels, null);
    assertEquals(notes, [
      "held out to test with: 1 of the 10 images of own.idx, drawn at random",
    ]);
    assertStrictEquals(
      digest,
      createHash("sha256").update(train.images).digest("hex"),
    );
    const first = (await loadDataset({ ...own(file, 3), limit: 2 })).train;
    assertEquals(first.images, train.images.slice(0, 2 * 784));
  }));

Deno.test("loadDataset() reads a user's gzip file", () =>
  inFolder(async (folder) => {
    const [file, gzip] = ["own.idx", "own.idx.gz"].map((n) => join(folder, n));
    await Deno.writeFile(file, numberedImages(4));
    await Deno.writeFile(gzip, gzipSync(numberedImages(4)));
    const { train } = await loadDataset(own(gzip, 0));
    assertEquals(train, (await loadDataset(own(file, 0))).train);
  }));

Deno.test("loadDataset() holds a tenth of a small file back and says so", () =>
  inFolder(async (folder) => {
    const file = join(folder, "own.idx");
    for (
      const [count, valSize, tested, held] of [
        [30, 13, 3, 13],
        [30, 14, 3, 2],
        [39, 5000, 3, 3],
        [5, 5000, 1, 1],
        [3, 5000, 1, 1],
      ]
    ) {
      await Deno.writeFile(file, numberedImages(count));
      const { train, validation, test, notes } = await loadDataset(
        own(file, valSize),
      );
      assertEquals(
        [train.count, validation.count, test!.count],
        [count - tested - held, held, tested],
      );
      assertEquals(
        notes.slice(1),
        held === valSize ? [] : [
          `own.idx has only ${count - tested} training images, so ${held} of ` +
          `them ${held === 1 ? "is" : "are"} for validation` +
          (valSize === 5000 ? "" : `, not ${valSize}`),
        ],
      );
    }
    const blank = numberedImages(1).fill(9, 16);
    await Deno.writeFile(file, blank);
    const { train, validation, test } = await loadDataset(own(file, 5000));
    assertEquals([train.count, validation.count, test], [1, 0, null]);
  }));

Deno.test("loadDataset() names what is wrong with a user's file", () =>
  inFolder(async (folder) => {
    const file = join(folder, "own.idx");
    const labels = writeIdx({ shape: [3], data: new Uint8Array(3) });
    const contents: [Uint8Array, string][] = [
      [new Uint8Array(), "it is empty"],
      [numberedImages(3).subarray(0, 900), "truncated"],
      [gzipSync(numberedImages(3)).subarray(0, 30), "truncated"],
      [labels, "its shape is 3: pictures are N×H×W"],
    ];
    for (const [content, reason] of contents) {
      await Deno.writeFile(file, content);
      const error = await assertRejects(() => loadDataset(own(file, 0)), Error);
      assertStringIncludes(error.message, `cannot use ${file} as images: `);
      assertStringIncludes(error.message, reason);
    }
    await assertRejects(
      () => loadDataset(own(join(folder, "none"), 0)),
      Error,
      "as images: no such file",
    );
  }));

Deno.test("loadDataset() refuses sizes that are not whole numbers", async () => {
  for (const wrong of [{ valSize: -1 }, { limit: 1.5 }, { valSize: NaN }]) {
    await assertRejects(
      () => loadDataset({ ...SYNTHETIC, ...wrong }),
      OptionError,
      "takes a whole number",
    );
  }
});

Deno.test("loadDataset() splits the synthetic digits as MNIST is split", async () => {
  const { train, validation, test, name, notes } = await loadDataset(SYNTHETIC);
  assertStrictEquals(name, "synthetic");
  assertEquals(notes, []);
  for (
    const [set, first] of [
      [train, 0],
      [validation, 55_000],
      [test, 60_000],
    ] as const
  ) {
    assertEquals(set, { ...synthesize(20, { seed: 0, first }), count: 20 });
  }
});

Deno.test("loadDataset() loads only the splits asked for", async () => {
  const all = await loadDataset(SYNTHETIC);
  const { train, validation, test, digest } = await loadDataset({
    ...SYNTHETIC,
    splits: ["test"],
  });
  assertEquals(test, all.test);
  assertEquals([train.count, validation.count, digest], [0, 0, ""]);
});

Deno.test({
  name: "loadDataset() lets auto alone fall back, and says so",
  permissions: { read: true, write: true, net: false },
  fn: () =>
    inFolder(async (folder) => {
      const missing = { ...SYNTHETIC, dataDir: folder };
      const { name, train, notes, options } = await loadDataset({
        ...missing,
        dataset: "auto",
      });
      assertStrictEquals(name, "synthetic");
      assertStrictEquals(options.dataset, "synthetic");
      assertEquals(train, (await loadDataset(SYNTHETIC)).train);
      assertStrictEquals(notes.length, 1);
      assertStringIncludes(notes[0], "MNIST could not be downloaded (");
      for (const dataset of DOWNLOADS) {
        const error = await assertRejects(
          () => loadDataset({ ...missing, dataset }),
          DownloadError,
        );
        for (const mirror of sources[dataset].mirrors) {
          assertStringIncludes(error.message, mirror);
        }
      }
    }),
});

Deno.test("splitDataset() takes validation images of a data set's own", async () => {
  const made = (count: number, first: number) => () => {
    const images = new Uint8Array(count * IMAGE_PIXELS).fill(first);
    return imageFile(images, null, count);
  };
  const data = { ...defaults(dataOptions), limit: 3, valSize: 2 };
  const splits = ["train", "validation", "test"] as const;
  const split = (splits?: Split[]) =>
    splitDataset("own", made(5, 1), made(2, 3), data, splits, made(4, 2));
  const { train, validation, test, heldOut, notes } = await split();
  assertEquals([train, validation, test].map((set) => set?.count), [3, 3, 2]);
  assertEquals([train, validation, test].map((set) => set?.images[0]), [
    1,
    2,
    3,
  ]);
  assertEquals([heldOut, notes], [4, []]);
  for (const name of splits) {
    const one = await split([name]);
    assertEquals(
      splits.filter((split) => one[split]!.count > 0),
      [name],
    );
  }
});

Deno.test({
  name: "loadDataset() does not fall back when a download is stopped",
  permissions: { read: true, write: true, net: false },
  async fn() {
    const reason = new Error("stopped");
    const error = await assertRejects(
      () =>
        loadDataset({
          ...SYNTHETIC,
          dataset: "auto",
          signal: AbortSignal.abort(reason),
        }),
      Error,
    );
    assertStrictEquals(error, reason);
  },
});

Deno.test({
  name: "loadDataset() loads real MNIST",
  ignore: mnistIsMissing,
  permissions: { read: true, write: true, net: false },
  fn: () =>
    inFolder(async (folder) => {
      await fetchDataset("mnist", { dataDir: folder, from: mnistDir });
      const { name, train, validation, test, notes } = await loadDataset({
        dataset: "auto",
        dataDir: folder,
        valSize: 5000,
      });
      assertStrictEquals(name, "mnist");
      assertEquals(notes, []);
      assertEquals(
        [train.count, validation.count, test?.count],
        [55_000, 5000, 10_000],
      );
      assertEquals([...train.labels!.subarray(0, 5)], [5, 0, 4, 1, 9]);
      assertEquals([...test!.labels!.subarray(0, 5)], [7, 2, 1, 0, 4]);
      let sum = 0;
      for (const { images } of [train, validation]) {
        for (const pixel of images) sum += pixel;
      }
      assertAlmostEquals(sum / 255 / 60_000 / 784, 0.1307, 5e-5);
    }),
});

/** An IDX file's content of this shape. */
function zeros(...shape: number[]) {
  return { shape, data: new Uint8Array(shape.reduce((a, b) => a * b)) };
}

Deno.test("checkImages() counts 28×28 images and refuses others", () => {
  assertStrictEquals(checkImages(zeros(3, 28, 28)), 3);
  for (const shape of [[3, 32, 32], [3, 28, 27], [3, 784], [3], [0, 28, 28]]) {
    assertThrows(
      () => checkImages(zeros(...shape)),
      Error,
      `but the shape is ${shape.join("×")}`,
    );
  }
});

Deno.test("checkLabels() refuses another number of labels than images", () => {
  checkLabels(zeros(3), 3);
  assertThrows(
    () => checkLabels(zeros(3), 4),
    Error,
    "3 labels do not fit 4 images",
  );
  assertThrows(
    () => checkLabels(zeros(3, 1), 3),
    Error,
    "but the shape is 3×1",
  );
});
