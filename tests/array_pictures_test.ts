/** Pictures from files of arrays: which array, which shape, which scale. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { gzipSync } from "node:zlib";
import { readArrays, readLabels } from "../lib/dataset/array_pictures.ts";
import { memorySource } from "../lib/files/byte_source.ts";
import { numberType, StoredArray } from "../lib/formats/elements.ts";
import { FormatError } from "../lib/formats/error.ts";
import { encodeNpy, type NpyData } from "../lib/formats/npy.ts";
import {
  ANY,
  bytes,
  fixture,
  frame,
  idx,
  idxBytes,
  npz,
  read,
  refused,
  values,
  withFiles,
} from "./arrays.ts";
import { bytesOf, zip } from "./pth.ts";

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

Deno.test("readArrays() takes x_valid and x_validation for validation", async () => {
  for (const word of ["valid", "validation"]) {
    const file = npz({
      x_train: bytes(4, 5, 5),
      [`x_${word}`]: bytes(3, 5, 5),
      [`y_${word}`]: bytes(3),
      x_test: bytes(2, 5, 5),
    });
    await withFiles({ "a.npz": file }, async (path) => {
      const { validation } = await readArrays(path("a.npz"), ANY);
      assertEquals([validation!.count, validation!.labels], [3, [0, 7, 14]]);
    });
  }
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
    'frame cannot be read: its elements, of type "|O", are Python objects',
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

Deno.test("readArrays() takes what has few values, one for each picture, as labels", async () => {
  const images = bytes(6, 4, 5);
  const ints = (...values: number[]) =>
    encodeNpy([values.length], Int32Array.from(values));
  const kind = ints(4, 4, 9, 4, 9, 9);
  const ids = ints(0, 1, 2, 3, 4, 5);
  const weights = encodeNpy([6], Float64Array.of(0.5, 0.5, 0.5, 2, 2, 2));
  const one = await read(npz({ x: images, kind, ids, weights }));
  assertEquals(one.train.labels, [4, 4, 9, 4, 9, 9]);
  assertEquals(one.notes, [
    "images are read from x (with the labels kind)",
    "kind is taken as the labels: it has one of few values for each picture",
  ]);
  const two = await read(
    npz({ x: images, kind, seen: ints(1, 1, 1, 0, 0, 0) }),
  );
  assertEquals(two.train.labels, undefined);
  assertEquals(two.notes, [
    "images are read from x",
    "no labels are read: kind and seen could be them, and which is not known: " +
    "call the right one labels",
  ]);
  const named = await read(
    npz({ x: images, labels: ids, seen: ints(1, 1, 1, 0, 0, 0) }),
  );
  assertEquals(named.train.labels, [0, 1, 2, 3, 4, 5]);
});

Deno.test("readArrays() finds the classes' names beside their labels", async () => {
  const x = bytes(4, 4, 5);
  const y = encodeNpy([4], Uint8Array.of(0, 2, 0, 2));
  const words = (...names: string[]) => {
    const size = Math.max(...names.map((name) => name.length));
    const codes = new Uint32Array(size * names.length);
    names.forEach((name, i) =>
      [...name].forEach((c, j) => codes[i * size + j] = c.codePointAt(0)!)
    );
    const header = `{'descr': '<U${size}', 'fortran_order': False, ` +
      `'shape': (${names.length},), }`.padEnd(70) + "\n";
    const start = [0x93, "NUMPY", 1, 0, header.length, 0, header];
    return bytesOf(...start, new Uint8Array(codes.buffer));
  };
  for (const name of ["class_names", "classes", "label_names", "Names"]) {
    const sets = await read(npz({ x, y, [name]: words("cat", "", "fish") }));
    assertEquals(sets.classes, ["cat", "", "fish"], name);
    assertEquals(
      sets.classNote,
      `the names of the classes are those in ${name}`,
    );
  }
  const ranks = await read(npz({ x, y, target_names: words("cat", "fish") }));
  assertEquals(ranks.classes, ["cat", "fish"]);
  const other = await read(npz({ x, y, names: words("a") }));
  assertEquals(other.classes, undefined);
  assertEquals(
    other.notes.at(-1),
    "names has 1 name, and labels go from 0 to 2: they are not used",
  );
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

Deno.test("StoredArray reads parts in the file's order, and tells their rows", () => {
  const data = Float32Array.from({ length: 24 }, (_, i) => i);
  const file = encodeNpy([4, 3, 2], data);
  for (const isFortran of [false, true]) {
    const array = new StoredArray(memorySource(file), {
      dtype: numberType("float32", true)!,
      shape: [4, 3, 2],
      isFortran,
      offset: file.length - 96,
    });
    const rows = [...array.rows()].map((row) => [...row]);
    const [{ values, rowOf }, ...more] = array.parts();
    assertEquals([values.length, more.length], [24, 0]);
    for (const [at, value] of values.entries()) {
      assert(rows[rowOf(at)].includes(value), `${isFortran} ${at}`);
    }
  }
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
