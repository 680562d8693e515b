/** What one's own pictures must not be taken for, or be read from. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { dirname, join } from "node:path";
import { findScale } from "../lib/dataset/array_scale.ts";
import { type Dataset, loadDataset } from "../lib/dataset/dataset.ts";
import { numberType, StoredArray } from "../lib/formats/elements.ts";
import { encodeNpy } from "../lib/formats/npy.ts";
import { encodePng } from "../lib/image/png.ts";
import type { DataOptions } from "../lib/options/run.ts";
import { classCountOf } from "../lib/train/check.ts";
import { inFolder } from "./folder.ts";
import { posixIsMissing } from "./platform.ts";

const PNG = encodePng({
  width: 28,
  height: 28,
  pixels: new Uint8Array(3 * 784).fill(9, 99, 999),
});

const ALL = { testSize: 0 };

/** Writes a picture, or what is given, at each path. */
async function write(
  folder: string,
  paths: readonly string[],
  content: Uint8Array = PNG,
): Promise<void> {
  for (const name of paths) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, content);
  }
}

function load(
  images: string,
  options: Partial<DataOptions> = {},
): Promise<Dataset> {
  return loadDataset({ images, valSize: 0, ...options });
}

async function refuses(
  images: string,
  reason: string,
  options: Partial<DataOptions> = {},
): Promise<void> {
  const { message } = await assertRejects(() => load(images, options), Error);
  assertEquals(message.includes("\n"), false);
  assertStringIncludes(message, reason);
}

/** Three pictures of each class, in each of some folders. */
function classed(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    ["0", "1"].flatMap((name) =>
      [1, 2, 3].map((i) => `${folder}/${name}/${i}.png`)
    )
  );
}

Deno.test("loadDataset() takes mnist_png's training and testing as splits", () =>
  inFolder(async (folder) => {
    await write(folder, classed("training", "testing"));
    const { train, test, classes } = await load(folder);
    assertEquals([train.count, test?.count, classes], [6, 6, ["0", "1"]]);
  }));

Deno.test("loadDataset() takes no split for a class", async () => {
  const cases = [
    [
      ["train", "test", "extra"],
      "its folder test is called as a split is, and extra as a class: take out " +
      "what is no split, or rename what is a class",
    ],
    [
      ["val", "test"],
      "its folder test is called as a split is, and none is called train",
    ],
    [["test"], "its folder test is called as a split is, and none"],
    [["train", "Training"], "both be its train split"],
  ] as const;
  for (const [folders, reason] of cases) {
    await inFolder(async (folder) => {
      await write(folder, classed(...folders));
      await refuses(folder, reason);
    });
  }
});

Deno.test("loadDataset() refuses pictures beside splits, and says which are empty", () =>
  inFolder(async (folder) => {
    await write(folder, classed("train"));
    await Deno.mkdir(join(folder, "test"));
    const { test, notes } = await load(folder);
    assertEquals([test?.count, notes[0]], [1, "not read: test (no pictures)"]);
    await write(folder, ["stray.png"]);
    await refuses(folder, "stray.png lies beside the folder test: put all");
  }));

Deno.test("loadDataset() refuses arrays beside folders of PNGs", () =>
  inFolder(async (folder) => {
    const array = encodeNpy([9, 28, 28], new Uint8Array(9 * 784).fill(200));
    await write(folder, ["codes.npy"], array);
    assertEquals((await load(folder, ALL)).train.count, 9);
    await write(folder, ["a/1.png", "c/1.png"]);
    await refuses(
      folder,
      "it has PNG pictures in its folder a, and arrays in codes.npy: choose " +
        "that file by its path, or take it out",
    );
    assertEquals((await load(join(folder, "codes.npy"), ALL)).train.count, 9);
  }));

Deno.test("classCountOf() says which images have no labels", () =>
  inFolder(async (folder) => {
    await write(folder, [...classed("train"), "test/1.png"]);
    const dataset = await load(folder);
    const { message } = await assertRejects(
      // deno-lint-ignore require-await -- what it throws is wanted
      async () => classCountOf(dataset),
      Error,
    );
    assertStringIncludes(message, "the test images of");
    assertStringIncludes(message, "have no labels, and a conditional model");
  }));

Deno.test({
  name: "loadDataset() opens neither devices nor pipes",
  ignore: posixIsMissing,
  fn: () =>
    inFolder(async (folder) => {
      await write(folder, ["images/1.png", "images/2.png"]);
      const images = join(folder, "images");
      const pipe = join(folder, "pipe.npy");
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      for (const [path, what] of [["/dev/zero", "device"], [pipe, "pipe"]]) {
        const reason = `it is neither a file nor a folder, but a ${what}`;
        await refuses(path, reason);
        await refuses(images, reason, { labels: path });
      }
      const names = join(folder, "names.txt");
      await Deno.rename(pipe, names);
      await refuses(images, "but a pipe", { classes: names });
    }),
});

Deno.test({
  name: "loadDataset() says of which path the system has a fault",
  ignore: Deno.build.os !== "linux",
  fn: () => refuses("/proc/self/mem", "cannot use /proc/self/mem as images: "),
});

Deno.test({
  name: "loadDataset() says that a name is not in UTF-8",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      await write(folder, ["1.png"]);
      const args = ["-c", `cp 1.png "$(printf 'caf\\351.png')"`];
      await new Deno.Command("sh", { args, cwd: folder }).output();
      await refuses(
        folder,
        "the name of caf\uFFFD.png in it is not in UTF-8, and no path leads " +
          "there: rename it",
      );
    }),
});

Deno.test("findScale() stops looking through an array when it is told to", async () => {
  const block = new Uint8Array(2 ** 20);
  let blocks = 0;
  const read = (_: number, length: number) => {
    blocks++;
    return block.subarray(0, length);
  };
  const header = {
    dtype: numberType("uint8", true)!,
    shape: [10_000_000, 28, 28],
    isFortran: false,
    offset: 0,
  };
  const array = new StoredArray({ length: 7_840_000_000, read }, header);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  await assertRejects(
    () => findScale([{ name: "", array }], controller.signal),
    DOMException,
  );
  assert(blocks < 7_000, `${blocks}`);
});
