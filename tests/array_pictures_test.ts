/** Pictures from files of arrays: which array, which shape, which scale. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import {
  isArrays,
  readArrays,
  readLabels,
} from "../lib/dataset/array_pictures.ts";
import type { Picture, Pictures } from "../lib/dataset/picture_sets.ts";
import { numberType, StoredArray } from "../lib/formats/elements.ts";
import { FormatError } from "../lib/formats/error.ts";
import { encodeNpy, type NpyData } from "../lib/formats/npy.ts";
import { inFolder } from "./folder.ts";
import { bytesOf, zip } from "./pth.ts";

const fixture = (name: string) =>
  fileURLToPath(new URL(`fixtures/pictures/${name}`, import.meta.url));

const ANY = { array: null, labels: null };

/** An `.npz` file, as numpy.savez() makes it. */
function npz(arrays: Record<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  return zip(
    Object.entries(arrays).map(([name, content]) => ({
      name: `${name}.npy`,
      content,
    })),
  );
}

/** An array of bytes of this shape, each 0 to 250 by its place. */
function bytes(...shape: number[]): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((a, b) => a * b, 1);
  return encodeNpy(shape, Uint8Array.from({ length: count }, byteAt));
}

const byteAt = (_: unknown, i: number) => (i * 7) % 251;

/** An IDX file of this element type; the data are as they are given. */
function idx(
  shape: readonly number[],
  data: Uint8Array,
  type = 8,
): Uint8Array<ArrayBuffer> {
  const sizes = new Uint8Array(4 * shape.length);
  const view = new DataView(sizes.buffer);
  shape.forEach((size, axis) => view.setUint32(4 * axis, size));
  return bytesOf(0, 0, type, shape.length, sizes, data);
}

const idxBytes = (...shape: number[]) =>
  idx(
    shape,
    Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, byteAt),
  );

/** Writes files into a folder and calls with their paths. */
function withFiles(
  files: Readonly<Record<string, Uint8Array>>,
  body: (path: (name: string) => string, folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    for (const [name, content] of Object.entries(files)) {
      await Deno.writeFile(path(name), content);
    }
    await body(path, folder);
  });
}

async function values(
  pictures: Pictures | undefined,
  index: number,
): Promise<number[]> {
  return Array.from((await pictures!.picture(index)).values);
}

/** Shape and scale of a picture. */
function frame({ width, height, channels, black, white }: Picture): number[] {
  return [width, height, channels, black, white];
}

/** Reads one file, whose name is its key. */
async function read(
  file: Uint8Array,
  { name = "a.npz", array = null as string | null } = {},
) {
  let sets: Awaited<ReturnType<typeof readArrays>> | undefined;
  await withFiles({ [name]: file }, async (path) => {
    sets = await readArrays(path(name), { array, labels: null });
    // What is large is read later: here it must be before the folder goes.
    await sets.train.picture(0);
    await sets.test?.picture(0);
  });
  return sets!;
}

async function refused(
  file: Uint8Array,
  reason: string,
  options: Parameters<typeof read>[1] = {},
): Promise<void> {
  const { message } = await assertRejects(
    () => read(file, options),
    FormatError,
  );
  assertStringIncludes(message, reason);
}

Deno.test("readArrays() knows MedMNIST's names", async () => {
  const { train, validation, test, notes } = await readArrays(
    fixture("medmnist.npz"),
    ANY,
  );
  assertEquals(
    [train.count, validation!.count, test!.count],
    [4, 2, 3],
  );
  assertEquals(
    [train.labels, validation!.labels, test!.labels],
    [[0, 1, 1, 2], [2, 0], [1, 1, 0]],
  );
  assertEquals(frame(await train.picture(3)), [6, 5, 3, 0, 255]);
  assertEquals(notes, [
    "images are read from train_images (with the labels train_labels), " +
    "val_images (with the labels val_labels), test_images (with the labels " +
    "test_labels)",
  ]);
});

Deno.test("readArrays() knows Keras's names, and another array where it is wanted", async () => {
  const path = fixture("keras.npz");
  const { train, validation, test } = await readArrays(path, ANY);
  assertEquals([train.count, test!.count], [3, 2]);
  assertEquals([train.labels, test!.labels], [[5, 0, 4], [7, 2]]);
  assertEquals(validation, undefined);
  const other = await readArrays(path, { ...ANY, array: "x_test" });
  assertEquals(other.test, undefined);
  assertEquals(other.train.labels, [7, 2]);
  assertEquals(await values(other.train, 1), await values(test, 1));
});

Deno.test("readArrays() knows scikit-learn's digits, whose white is 16", async () => {
  const path = fixture("digits.npz");
  const { train, notes } = await readArrays(path, ANY);
  assertEquals(train.labels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(frame(await train.picture(0)), [8, 8, 1, 0, 16]);
  // As sklearn.datasets.load_digits().images[0, :2] says.
  assertEquals(
    (await values(train, 0)).slice(0, 16),
    [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0],
  );
  assertEquals(notes, [
    "images are read from images (with the labels target)",
    "the values of the pictures go from 0 to 16 and are taken as 0, black, " +
    "to 16, white",
  ]);
  const rows = await readArrays(path, { ...ANY, array: "data" });
  assertEquals(await values(rows.train, 9), await values(train, 9));
  assertStringIncludes(
    rows.notes.join(),
    "rows of 64 values are taken as pictures of 8×8",
  );
  await assertRejects(
    () => readArrays(path, { ...ANY, array: "frame" }),
    FormatError,
    "frame cannot be read: its elements, of type \"'|O'\", are Python objects",
  );
  assertEquals(await readLabels(path), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("readArrays() finds labels beside a single array of pictures", async () => {
  const images = bytes(3, 4, 5);
  const labels = encodeNpy([3, 1], Int32Array.of(7, -1, 7));
  for (const name of ["labels", "y", "target", "Y"]) {
    const { train } = await read(npz({ faces: images, [name]: labels }));
    assertEquals(train.labels, [7, -1, 7]);
    assertEquals(frame(await train.picture(0)), [5, 4, 1, 0, 255]);
  }
  const { train } = await read(npz({ arr_0: images, arr_1: labels }));
  assertEquals(train.labels, [7, -1, 7]);
  const none = await read(images, { name: "a.npy" });
  assertEquals([none.train.labels, none.notes], [undefined, []]);
  const oneHot = await read(npz({ x: images, y: bytes(3, 9) }));
  assertEquals([oneHot.train.labels, oneHot.notes], [undefined, [
    "images are read from x",
    "y is not used as labels: its shape 3×9 is not one for each picture",
  ]]);
});

Deno.test("readArrays() reads channels first as it does channels last", async () => {
  const [height, width] = [5, 6];
  for (const channels of [1, 3, 4]) {
    const last = new Uint8Array(2 * height * width * channels);
    const first = last.slice();
    for (let i = 0; i < last.length; i++) {
      const [pixel, channel] = [Math.floor(i / channels), i % channels];
      const [picture, place] = [
        Math.floor(pixel / (height * width)),
        pixel % (height * width),
      ];
      last[i] = 30 + i;
      first[(picture * channels + channel) * height * width + place] = 30 + i;
    }
    const [a, b] = [
      await read(encodeNpy([2, height, width, channels], last), {
        name: "a.npy",
      }),
      await read(encodeNpy([2, channels, height, width], first), {
        name: "a.npy",
      }),
    ];
    const picture = await b.train.picture(1);
    assertEquals(picture, await a.train.picture(1));
    assertEquals(frame(picture), [width, height, channels, 0, 255]);
    assertEquals(picture.values[channels], 30 + last.length / 2 + channels);
  }
});

Deno.test("readArrays() refuses shapes that are no pictures, or not clearly", async () => {
  const cases: [number[], string][] = [
    [[], "its shape is (): pictures are N×H×W"],
    [[7], "its shape is 7: pictures are N×H×W"],
    [[28, 20], "if that is one picture, make it 1×28×20"],
    [[9, 9], "its shape 9×9 is one picture or 9 of 3×3"],
    [[28, 28, 3], "seems to be one picture with 3 channels: make it 1×28×28×3"],
    [[2, 3, 8, 3], "has channels second or last: which one is not clear"],
    [[2, 5, 5, 5], "its shape is 2×5×5×5"],
    [[2, 2, 5, 5, 3], "its shape is 2×2×5×5×3"],
    [[0, 28, 28], "it has no pictures"],
    [[2, 0, 5], "its pictures are 5×0, and sides must be 1 to 4096"],
    [[1, 4097, 2], "its pictures are 2×4097"],
  ];
  for (const [shape, reason] of cases) {
    await refused(bytes(...shape), reason, { name: "a.npy" });
  }
});

Deno.test("readArrays() refuses files without an array of pictures, and with two", async () => {
  const [images, labels] = [bytes(3, 4, 5), bytes(3)];
  await refused(
    npz({ images, masks: images, labels }),
    "it has 2 arrays that could be the pictures, images and masks: choose one",
  );
  await refused(
    npz({ arr_0: images, arr_1: images }),
    "2 arrays that could be the pictures, arr_0 and arr_1",
  );
  await refused(
    npz({ labels, z: encodeNpy([3], new Float32Array(3)) }),
    "no array of pictures, N×H×W and the like, but labels (uint8, 3), z (float32, 3)",
  );
  await refused(npz({}), "but nothing");
  await refused(
    zip([{ name: "a/1.png", content: bytesOf("x") }]),
    "but a/1.png (no array)",
  );
  await refused(npz({ x: bytes(3, 7), labels }), "x: its shape is 3×7: if");
  await refused(npz({ images, labels: bytes(4) }), "4 labels do not fit 3 pic");
  await refused(
    npz({ images, labels: encodeNpy([3], Float64Array.of(1, 0.5, 2)) }),
    "labels: label 1, counted from 0, is 0.5, no whole number",
  );
  await refused(
    bytesOf(Deno.readFileSync(fixture("others.npz"))),
    "nothing: it has no pictures",
  );
  await refused(npz({ images }), "it has no array faces, only images (uint8", {
    array: "faces",
  });
  await refused(images, "it has one array, without a name: x is not in it", {
    name: "a.npy",
    array: "x",
  });
});

Deno.test("readArrays() knows scales, and says what it takes for one", async () => {
  const f = (...numbers: number[]) => Float32Array.from(numbers);
  const i = (...numbers: number[]) => Int32Array.from(numbers);
  const u = (...numbers: number[]) => Uint8Array.from(numbers);
  const known: [NpyData, black: number, white: number, said: boolean][] = [
    [u(0, 3, 200, 9), 0, 255, false],
    [u(0, 3, 9, 30), 0, 255, false],
    [u(0, 1, 1, 0), 0, 1, true],
    [u(0, 15, 1, 0), 0, 15, true],
    [u(0, 0, 0, 0), 0, 1, true],
    [i(0, 200, 1, 0), 0, 255, true],
    [i(0, 16, 1, 0), 0, 16, true],
    [i(0, 60_000, 1, 0), 0, 65535, true],
    [i(-1, 1, 1, -1), -1, 1, true],
    [f(0, 1, 0.5, 0), 0, 1, false],
    [f(0, 1.00001, 0.5, -0.00001), 0, 1, false],
    [f(0, 0.2, 0.1, 0), 0, 1, true],
    [f(0, 253.5, 2, 0), 0, 255, true],
    [f(0, 16, 2, 0), 0, 16, true],
    [f(0, 65535, 2, 0), 0, 65535, true],
    [f(-1, 1, 0, 0.5), -1, 1, true],
    [f(-0.9, 0.2, 0, 0.5), -1, 1, true],
  ];
  for (const [data, black, white, said] of known) {
    const { train, notes } = await read(encodeNpy([2, 1, 2], data), {
      name: "a.npy",
    });
    const { black: b, white: w } = await train.picture(0);
    assertEquals([b, w, notes.length > 0], [black, white, said], `${data}`);
  }
  const unknown: [NpyData, string][] = [
    [f(0, 1, NaN, 0), "picture 1, counted from 0, has the value NaN"],
    [f(0, -Infinity, 1, 0), "picture 0, counted from 0, has the value -Infin"],
    [f(0, 1, 2.8, 0), "picture 1, counted from 0, has the value 2.79"],
    [f(-0.25, 1, 0, 0), "picture 0, counted from 0, has the value -0.25"],
    [f(-0.5, 3, 0, 0), "has the value -0.5, the smallest of all"],
    [f(0, 15.5, 2, 0), "the value 15.5, the largest of all"],
    [f(0, 16, 0.5, 0), "the value 16"],
    [f(0, 70_000, 2, 0), "the value 70000"],
    [i(0, 100, 2, 0), "the value 100"],
    [i(0, -1, 200, 0), "the value -1"],
  ];
  for (const [data, reason] of unknown) {
    await refused(encodeNpy([2, 1, 2], data), reason, { name: "a.npy" });
  }
  await refused(
    npz({
      x_train: encodeNpy([1, 1, 2], f(0, 1)),
      x_test: encodeNpy([2, 1, 2], f(0, 1, NaN, 0)),
    }),
    "picture 1 of x_test, counted from 0, has the value NaN",
  );
  await refused(
    npz({
      x_train: encodeNpy([1, 1, 2], f(0, 1)),
      x_test: encodeNpy([1, 1, 2], u(0, 255)),
    }),
    "pictures of float32 and of uint8 have no scale in common",
  );
});

Deno.test("readArrays() gives all splits one scale", async () => {
  const { train } = await read(npz({
    x_train: encodeNpy([1, 1, 2], Uint8Array.of(0, 1)),
    x_test: encodeNpy([1, 1, 2], Uint8Array.of(0, 255)),
  }));
  assertEquals((await train.picture(0)).white, 255);
});

Deno.test("readArrays() knows bool, and 16 bits in the byte order of their files", async () => {
  const { train, notes } = await read(
    zip([{
      name: "x.npy",
      content: bytesOf(
        bytes(1, 2, 2).subarray(0, 128).map((byte, i) =>
          i === 22 ? "b".charCodeAt(0) : byte // '|u1' to '|b1'
        ),
        Uint8Array.of(0, 1, 1, 0),
      ),
    }]),
  );
  assertEquals(frame(await train.picture(0)), [2, 2, 1, 0, 1]);
  assertEquals(notes, []);
  const short = idx([1, 1, 2], Uint8Array.of(0, 200, 0x00, 1), 0x0b);
  const shorts = await read(short, { name: "a.idx" });
  assertEquals(await values(shorts.train, 0), [200, 1]);
});

const TORCHVISION = {
  "train-images-idx3-ubyte": idxBytes(4, 6, 5),
  "train-labels-idx1-ubyte": idx([4], Uint8Array.of(3, 1, 4, 1)),
  "t10k-images-idx3-ubyte": idxBytes(2, 6, 5),
  "t10k-labels-idx1-ubyte": idx([2], Uint8Array.of(5, 9)),
};

Deno.test("readArrays() reads torchvision's files, from the folder or one of them", () =>
  withFiles(TORCHVISION, async (path, folder) => {
    for (const given of [folder, path("train-images-idx3-ubyte")]) {
      assert(await isArrays(given));
      const { train, test, notes } = await readArrays(given, ANY);
      assertEquals([train.labels, test!.labels], [[3, 1, 4, 1], [5, 9]]);
      assertEquals(frame(await train.picture(3)), [5, 6, 1, 0, 255]);
      assertEquals(notes.length, 1);
      assertStringIncludes(notes[0], "t10k-images-idx3-ubyte");
    }
    const chosen = await readArrays(path("t10k-images-idx3-ubyte"), ANY);
    assertEquals([chosen.train.labels, chosen.test], [[5, 9], undefined]);
    const alone = await readArrays(path("train-images-idx3-ubyte"), {
      ...ANY,
      labels: path("train-labels-idx1-ubyte"),
    });
    assertEquals([alone.train.labels, alone.test], [undefined, undefined]);
    assertEquals(
      await readLabels(path("train-labels-idx1-ubyte")),
      [3, 1, 4, 1],
    );
    await Deno.writeFile(
      path("t10k-labels-idx1-ubyte"),
      idx([1], Uint8Array.of(7)),
    );
    await assertRejects(
      () => readArrays(folder, ANY),
      FormatError,
      '1 label do not fit 2 pictures of "t10k-images-idx3-ubyte"',
    );
    await Deno.writeFile(path("t10k-labels-idx1-ubyte"), bytesOf("<html>"));
    await assertRejects(
      () => readArrays(folder, ANY),
      FormatError,
      '"t10k-labels-idx1-ubyte": it is an HTML page',
    );
  }));

Deno.test("readArrays() turns EMNIST's pictures, and finds families apart", () =>
  withFiles({
    "emnist-letters-train-images-idx3-ubyte.gz": new Uint8Array(
      gzipSync(idx([1, 3, 2], Uint8Array.of(1, 2, 3, 4, 5, 60))),
    ),
    "emnist-letters-train-labels-idx1-ubyte": idx([1], Uint8Array.of(26)),
    "emnist-digits-test-images-idx3-ubyte": idxBytes(1, 3, 2),
  }, async (path, folder) => {
    const { train, notes } = await readArrays(
      path("emnist-letters-train-images-idx3-ubyte.gz"),
      ANY,
    );
    assertEquals(train.labels, [26]);
    const picture = await train.picture(0);
    assertEquals(frame(picture), [3, 2, 1, 0, 255]);
    assertEquals([...Array.from(picture.values)], [1, 3, 5, 2, 4, 60]);
    assertStringIncludes(notes.join("\n"), "EMNIST's pictures are stored by");
    await assertRejects(
      () => readArrays(folder, ANY),
      FormatError,
      "it has the files of 2 data sets: choose one by its images, emnist-",
    );
  }));

Deno.test("readArrays() takes the class from QMNIST's labels", () =>
  withFiles({
    "qmnist-test-images-idx3-ubyte": idxBytes(2, 3, 3),
    "qmnist-test-labels-idx2-int": idx(
      [2, 8],
      Uint8Array.from({ length: 64 }, (_, i) => i % 32 === 3 ? 7 : i % 5),
      0x0c,
    ).map((byte, i) => i >= 12 && i < 15 || i >= 44 && i < 47 ? 0 : byte),
  }, async (path) => {
    const { train } = await readArrays(
      path("qmnist-test-images-idx3-ubyte"),
      ANY,
    );
    assertEquals(train.labels, [7, 7]);
  }));

Deno.test("readArrays() knows Kuzushiji-49's files", () =>
  withFiles({
    "k49-train-imgs.npz": npz({ arr_0: bytes(3, 4, 4) }),
    "k49-train-labels.npz": npz({
      arr_0: encodeNpy([3], Int32Array.of(48, 0, 1)),
    }),
    "k49-test-imgs.npz": npz({ arr_0: bytes(2, 4, 4) }),
    "k49-test-labels.npz": npz({ arr_0: encodeNpy([2], Int32Array.of(1, 48)) }),
  }, async (path, folder) => {
    for (const given of [folder, path("k49-train-imgs.npz")]) {
      const { train, test } = await readArrays(given, ANY);
      assertEquals([train.labels, test!.labels], [[48, 0, 1], [1, 48]]);
    }
  }));

Deno.test("readArrays() takes each .npy file of a folder for a class", () =>
  withFiles({
    "cat.npy": bytes(2, 784),
    "full_numpy_bitmap_angel.npy": bytes(3, 784),
    "notes.txt": bytesOf("x"),
  }, async (_, folder) => {
    assert(await isArrays(folder));
    const { train, notes } = await readArrays(folder, ANY);
    assertEquals(train.labels, ["cat", "cat", "angel", "angel", "angel"]);
    assertEquals(frame(await train.picture(4)), [28, 28, 1, 0, 255]);
    assertEquals(await values(train, 1), await values(train, 3));
    assertEquals(notes, [
      "of the folder, 1 that are no .npy files are not read: notes.txt",
      "each of the 2 files is taken as a class, called as the file",
    ]);
  }));

Deno.test("readArrays() reads a folder of .npy files with the names of an .npz's arrays", () =>
  withFiles({
    "X_train.npy": bytes(2, 4, 4),
    "y_train.npy": encodeNpy([2], Int32Array.of(4, 5)),
    "X_test.npy": bytes(1, 4, 4),
    "y_test.npy": encodeNpy([1], Int32Array.of(5)),
  }, async (_, folder) => {
    const { train, test } = await readArrays(folder, ANY);
    assertEquals([train.labels, test!.labels], [[4, 5], [5]]);
  }));

Deno.test("readArrays() says what is wrong with files that are none", async () => {
  await refused(bytesOf("<!doctype html>"), "it is an HTML page");
  await refused(npz({ x: bytes(2, 3, 3) }).subarray(0, 90), "is it truncated?");
  await refused(bytes(2, 3, 3).subarray(0, 140), "truncated: a file of 2×3×3", {
    name: "a.npy",
  });
  await refused(bytesOf("\x1f"), "it is binary", { name: "a.npy.gz" });
  const { notes } = await read(idxBytes(2, 3, 3), { name: "a.idx.gz" });
  assertEquals(notes, [
    "a.idx.gz is no gzip data, as its name says, and is read as it is",
  ]);
});

Deno.test("readArrays() refuses ten million pictures by the header", async () => {
  const header = bytes(1, 1, 1).subarray(0, 128);
  const shape = "(10000000, 1, 1), }";
  const at = new TextDecoder().decode(header.subarray(10)).indexOf("(");
  header.set(bytesOf(shape), 10 + at);
  const file = bytesOf(header, new Uint8Array(1e7));
  await refused(file, "it has 10000000 pictures, more than the 1000000", {
    name: "a.npy",
  });
  await refused(header, "truncated: a file of 10000000×1×1", { name: "a.npy" });
  await refused(new Uint8Array(gzipSync(file)), "it has 10000000 pictures", {
    name: "a.npy.gz",
  });
});

Deno.test("isArrays() goes by content, and by names that promise arrays", () =>
  withFiles({
    "a": bytes(1, 2, 2),
    "b.dat": idxBytes(1, 2, 2),
    "c": npz({ x: bytes(1, 2, 2) }),
    "d.bin": new Uint8Array(gzipSync(bytes(1, 2, 2))),
    "page.npz": bytesOf("<html>"),
    "t10k-images-idx3-ubyte.gz": bytesOf("<html>"),
    "no.csv": bytesOf("1,2\n"),
    "no.csv.gz": new Uint8Array(gzipSync("1,2\n")),
    "no.gz": Uint8Array.of(0x1f, 0x8b, 0, 0),
    "no.txt": new Uint8Array(),
  }, async (path, folder) => {
    for await (const { name } of Deno.readDir(folder)) {
      assertEquals(await isArrays(path(name)), !name.startsWith("no"), name);
    }
    await assertRejects(() => isArrays(path("x.npy")), Deno.errors.NotFound);
  }));

Deno.test("readLabels() reads texts, and refuses what are no labels", () =>
  withFiles({
    "two.npz": npz({ a: bytes(3), b: bytes(3) }),
    "none.npz": npz({ a: bytes(3, 3), b: bytes(3, 3) }),
    "rows.npy": bytes(3, 10),
    "scalar.npy": bytes(),
  }, async (path) => {
    await assertRejects(
      () => readLabels(path("two.npz")),
      FormatError,
      "it has 2 arrays that could be the labels, a and b",
    );
    await assertRejects(
      () => readLabels(path("none.npz")),
      FormatError,
      "it has no array of labels, N or N×1, but a (uint8, 3×3)",
    );
    await assertRejects(
      () => readLabels(path("rows.npy")),
      FormatError,
      "its shape is 3×10, and labels are N or N×1",
    );
    await assertRejects(
      () => readLabels(path("scalar.npy")),
      FormatError,
      "its shape is (), and labels",
    );
  }));

Deno.test("StoredArray reads single rows of a large file, and no more", () => {
  let most = 0;
  const source = {
    length: 200_000 * 784,
    read(_: number, length: number) {
      most = Math.max(most, length);
      return new Uint8Array(length);
    },
  };
  const array = new StoredArray(source, {
    dtype: numberType("uint8", true)!,
    shape: [200_000, 28, 28],
    isFortran: false,
    offset: 0,
  });
  for (const index of [0, 199_999, 7]) array.row(index);
  assertEquals(most, 784);
  let count = 0;
  for (const row of array.rows()) {
    assertEquals(row.length, 784);
    if (++count > 3000) break;
  }
  assert(most <= 2 ** 20, `${most}`);
});

Deno.test("readArrays() throws its own errors for damaged files", async () => {
  const files = {
    "a.npz": Deno.readFileSync(fixture("medmnist.npz")),
    "b.npz": Deno.readFileSync(fixture("keras.npz")),
    "c.npy": encodeNpy([2, 3, 2], new Float32Array(12)),
    "d.idx": idxBytes(2, 3, 2),
    "e.npy.gz": new Uint8Array(gzipSync(bytes(2, 3, 2))),
  };
  await withFiles(files, async (path) => {
    for (const [name, file] of Object.entries(files)) {
      for (let at = 0; at < file.length; at += name === "a.npz" ? 31 : 5) {
        const damaged = file.slice();
        damaged[at] ^= 1 << at % 7;
        Deno.writeFileSync(path(name), damaged);
        try {
          const { train } = await readArrays(path(name), ANY);
          await train.picture(train.count - 1);
        } catch (error) {
          assert(error instanceof FormatError, `${name}, ${at}: ${error}`);
          assert(!error.message.includes("\n"), error.message);
        }
      }
    }
  });
});
