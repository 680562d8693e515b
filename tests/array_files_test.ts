/** Pictures from files of arrays: which files belong together, and what is none. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { gzipSync } from "node:zlib";
import { isArrays } from "../lib/dataset/array_paths.ts";
import { readArrays, readLabels } from "../lib/dataset/array_pictures.ts";
import { FormatError } from "../lib/formats/error.ts";
import { encodeNpy } from "../lib/formats/npy.ts";
import {
  ANY,
  bytes,
  frame,
  idx,
  idxBytes,
  npz,
  read,
  refused,
  values,
  withFiles,
} from "./arrays.ts";
import { bytesOf } from "./pth.ts";

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
    "broken.gz": Uint8Array.of(0x1f, 0x8b, 0, 0),
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
