import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Dataset,
  type FoundImages,
  loadDataset,
} from "../lib/dataset/dataset.ts";
import { shuffled } from "../lib/dataset/held_out.ts";
import { splitsOf } from "../lib/dataset/split_folders.ts";
import { encodePng } from "../lib/image/png.ts";
import type { DataOptions } from "../lib/options/run.ts";
import { OptionError } from "../lib/options/table.ts";
import { inFolder } from "./folder.ts";
import { posixIsMissing } from "./platform.ts";

/** A PNG of 28×28 pixels of one grey, on black. */
function png(grey: number, size = [28, 28]): Uint8Array {
  const [width, height] = size;
  const pixels = new Uint8Array(3 * width * height);
  pixels.fill(grey, 3 * width, -3 * width);
  return encodePng({ width, height, pixels });
}

/** Writes files into a folder, with the folders that they are in. */
async function write(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
}

/** What a file has to have, besides being there. */
const PICTURE = png(200);

function load(
  images: string,
  options: Partial<DataOptions> = {},
): Promise<Dataset> {
  return loadDataset({ images, valSize: 0, ...options });
}

/** All images' names and classes. */
function contents({ train, validation, test, classes }: Dataset): string[] {
  return [train, validation, test].flatMap((set) =>
    (set?.names ?? []).map((name, i) =>
      set?.labels ? `${name}: ${classes?.[set.labels[i]]}` : name
    )
  ).sort();
}

async function message(
  images: string,
  options: Partial<DataOptions> = {},
): Promise<string> {
  const { message } = await assertRejects(() => load(images, options), Error);
  assertEquals(message.includes("\n"), false);
  return message;
}

Deno.test("loadDataset() takes a folder's sub-folders as classes, in natural order", () =>
  inFolder(async (folder) => {
    const files: Record<string, Uint8Array | string> = {};
    for (const [i, name] of ["10", "9", "1"].entries()) {
      for (let j = 0; j < 8; j++) files[`${name}/${j}.png`] = png(10 * i + j);
    }
    await write(folder, {
      ...files,
      ".DS_Store": "x",
      "9/.hidden.png": "x",
      "1/Thumbs.db": "x",
    });
    const dataset = await load(folder);
    assertEquals(dataset.classes, ["1", "9", "10"]);
    assertEquals(
      contents(dataset),
      Object.keys(files).map((name) => `${name}: ${dirname(name)}`).sort(),
    );
    assertEquals([dataset.train.count, dataset.test?.count], [22, 2]);
    assertEquals(dataset.notes.length, 1);
    assertMatch(
      dataset.notes[0],
      /^held out to test with: 2 of the 24 images of .*, drawn at random$/,
    );
    for (const { names, labels, images } of [dataset.train, dataset.test!]) {
      for (const [i, name] of names!.entries()) {
        const [, folder, number] = /(\d+)\/(\d)/.exec(name)!;
        const at = ["10", "9", "1"].indexOf(folder);
        assertEquals(images[i * 784 + 400], 10 * at + Number(number));
        assertEquals(labels![i], ["1", "9", "10"].indexOf(folder));
      }
    }
  }));

Deno.test("loadDataset() splits pictures in the same way whatever is loaded", () =>
  inFolder(async (folder) => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 40; i++) {
      files[`${i < 20 ? "a" : "b"}/${i}.png`] = png(100 + i);
    }
    await write(folder, files);
    const all = await load(folder, { valSize: 10 });
    const { train, validation, test } = all;
    assertEquals([train.count, validation.count, test?.count], [26, 10, 4]);
    assertEquals(new Set(contents(all)).size, 40);
    for (const { labels } of [train, validation]) {
      assertEquals(new Set(labels!), new Set([0, 1]));
    }
    assertNotEquals(train.names, train.names!.toSorted());
    for (const split of ["train", "validation", "test"] as const) {
      const { [split]: set } = await loadDataset({
        images: folder,
        valSize: 10,
        splits: [split],
      });
      assertEquals(set, all[split]);
    }
    const limited = await load(folder, { valSize: 10, limit: 3 });
    assertEquals(limited.train.names, train.names!.slice(0, 3));
    assertEquals(limited.test!.names, test!.names!.slice(0, 3));
    const held = await load(folder, { valSize: 10, testSize: 15 });
    assertEquals([held.train.count, held.test?.count], [15, 15]);
    assertEquals((await load(folder, { testSize: 0 })).test, null);
    for (const testSize of [40, 41]) {
      await assertRejects(
        () => load(folder, { testSize }),
        OptionError,
        `has only 40 images: ${testSize} cannot be held out to test with`,
      );
    }
  }));

Deno.test("loadDataset() takes folders that are called train and test as splits", () =>
  inFolder(async (folder) => {
    await write(folder, {
      "train/a/1.png": png(1),
      "train/b/2.png": png(2),
      "valid/a/3.png": png(3),
      "Test/b/4.png": png(4),
      "Test/b/5.png": png(5),
      "classes.txt": "b\na\n",
    });
    const dataset = await load(folder, { valSize: 5000 });
    const { train, validation, test, classes, notes } = dataset;
    assertEquals(classes, ["b", "a"]);
    assertEquals([train.count, validation.count, test!.count], [2, 1, 2]);
    assertEquals(contents(dataset), [
      "Test/b/4.png: b",
      "Test/b/5.png: b",
      "train/a/1.png: a",
      "train/b/2.png: b",
      "valid/a/3.png: a",
    ]);
    assertEquals(notes, ["the classes are those that classes.txt names"]);
    assertMatch(
      await message(folder, { valSize: 1 }),
      /has a validation split of its own, of 1 image: no others are held out/,
    );
    assertMatch(
      await message(folder, { valSize: 5000, testSize: 1 }),
      /has a test split of its own, of 2 images: no others are held out for it$/,
    );
  }));

Deno.test({
  name: "loadDataset() leaves no file out without a word, and follows links",
  ignore: posixIsMissing,
  fn: () =>
    inFolder(async (folder) => {
      await write(folder, {
        "pictures/a/1.png": PICTURE,
        "pictures/a/2.PNG": PICTURE,
        "pictures/a/named like nothing": PICTURE,
        "pictures/a/notes.md": "# Notes",
        "pictures/a/empty": "",
        "pictures/a/old/5.png": PICTURE,
        "pictures/none/.keep": "",
        "elsewhere.png": PICTURE,
        "b/6.png": PICTURE,
      });
      const links = [["elsewhere.png", "a/link.png"], ["b", "b"], [
        "no",
        "gone",
      ]];
      for (const [target, name] of links) {
        await Deno.symlink(
          join(folder, target),
          join(folder, "pictures", name),
        );
      }
      const dataset = await load(join(folder, "pictures"), { testSize: 0 });
      assertEquals(contents(dataset), [
        "a/1.png: a",
        "a/2.PNG: a",
        "a/link.png: a",
        "a/named like nothing: a",
        "b/6.png: b",
      ]);
      assertEquals(dataset.notes, [
        "not read: gone (a link to nothing), a/empty (an empty file), " +
        "a/notes.md (a text), a/old (a folder within a), none (no pictures)",
      ]);
    }),
});

Deno.test("loadDataset() looks at all pictures before it refuses some", () =>
  inFolder(async (folder) => {
    for (let i = 0; i < 12; i++) {
      const bad = [PICTURE.slice(0, 60), "<html>", ""][i % 3];
      await write(folder, { [`${i}.png`]: i < 8 ? bad : PICTURE });
    }
    assertMatch(
      await message(folder, { testSize: 0 }),
      /^cannot use .* as images: 8 of 12 pictures cannot be read: (\d\.png \(it is (a truncated PNG picture|an HTML page|empty)\)(, )?){5} and 3 more$/,
    );
  }));

Deno.test("loadDataset() lists what cannot be read in all splits", () =>
  inFolder(async (folder) => {
    const names = range(4, "train/").concat(
      range(2, "val/"),
      range(2, "test/"),
    );
    for (const [i, name] of names.entries()) {
      await write(folder, { [`${name}.png`]: i % 4 === 1 ? "" : PICTURE });
    }
    for (const splits of [undefined, ["train"]] as const) {
      const { message } = await assertRejects(
        () => loadDataset({ images: folder, splits }),
        Error,
      );
      assertMatch(
        message,
        /: 2 of 8 pictures cannot be read: train\/1\.png \(it is empty\), val\/1\.png \(it is empty\)$/,
      );
    }
    const { test } = await loadDataset({ images: folder, splits: ["test"] });
    assertEquals(test!.count, 2);
  }));

Deno.test("loadDataset() says how other pictures are converted, by their endings", () =>
  inFolder(async (folder) => {
    await write(folder, {
      "a/1.png": PICTURE,
      "a/2.JPG": "x",
      "b/3.jpg": "x",
      "b/4.gif": "x",
    });
    assertMatch(
      await message(folder),
      /: 3 pictures in it \(2 \.jpg, 1 \.gif: a\/2\.JPG, b\/3\.jpg, b\/4\.gif\) are no PNGs, and only these are read: convert them, as ImageMagick does in that folder with `find \. \\\( -iname '\*\.jpg' -o -iname '\*\.gif' \\\) -exec mogrify -format png {} \+`, and take the originals away$/,
    );
  }));

Deno.test("loadDataset() refuses folders that it cannot read as one thing", () =>
  inFolder(async (root) => {
    const cases: [Record<string, Uint8Array | string>, RegExp][] = [
      [{}, /: it is a folder without PNG pictures$/],
      [
        { "a.txt": "hello" },
        /without PNG pictures: not read: a\.txt \(a text\)$/,
      ],
      [{ "a/b/c.png": PICTURE }, /not read: a\/b \(a folder within a\)$/],
      [
        { "1.png": PICTURE, "a/2.png": PICTURE },
        /: 1\.png lies beside the folder a: put all pictures into folders/,
      ],
      [
        { "1.png": PICTURE, "a/2.jpg": "x", "a/3.jpg": "x" },
        /2 pictures in it \(2 \.jpg: a\/2\.jpg, a\/3\.jpg\) are no PNGs, .*`find \. -iname '\*\.jpg' -exec mogrify/,
      ],
      [
        { "1": "GIF89a........" },
        /1 picture in it \(1 without an ending: 1\) is no PNG, and .* as ImageMagick does, and take/,
      ],
      [
        { "train/x.txt": "x", "test/1.png": PICTURE },
        /its folder train has no PNG/,
      ],
      [{ "1.png": png(1, [4097, 3]) }, /1\.png \(it is 4097×3 pixels, and /],
      [
        { "a/1.png": PICTURE, "classes.txt": "b" },
        /1 different label \(a\) and 1 name \(b\)$/,
      ],
    ];
    for (const [i, [files, expected]] of cases.entries()) {
      const folder = join(root, String(i));
      await Deno.mkdir(folder);
      await write(folder, files);
      assertMatch(await message(folder), expected);
    }
  }));

Deno.test("loadDataset() refuses a file that has no pictures by what it is", () =>
  inFolder(async (folder) => {
    await write(folder, {
      "one.png": PICTURE,
      "page.npz": "<!doctype html><title>404</title>",
      "page.csv": "<html></html>",
      "a.pdf": "%PDF-1.7",
      "empty.csv": "",
      "README.md": "# Title\n\nSome words, and more.\n",
    });
    const cases: [string, RegExp][] = [
      ["one.png", /it is one PNG picture: images come in a folder of them$/],
      ["page.npz", /an HTML page/],
      ["page.csv", /it is an HTML page, and images come in a folder of PNGs/],
      ["a.pdf", /it is a PDF document, and /],
      ["empty.csv", /it is empty/],
      ["none.csv", /no such file or folder$/],
      ["README.md", /: it is a text, and no CSV file of pictures: its rows/],
    ];
    for (const [name, expected] of cases) {
      const path = join(folder, name);
      const text = await message(path);
      assertEquals(text.startsWith(`cannot use ${path} as images: `), true);
      assertMatch(text, expected);
    }
  }));

Deno.test("loadDataset() takes labels from a file, and names for them", () =>
  inFolder(async (folder) => {
    const pictures = join(folder, "pictures");
    await write(
      pictures,
      Object.fromEntries(
        [1, 2, 3, 4, 5, 10].map((i) => [`${i}.png`, PICTURE]),
      ),
    );
    const labels = join(folder, "labels.txt");
    await Deno.writeTextFile(labels, "cat\ndog\ncat\ndog\ncat\ndog\n");
    const words = await load(pictures, { labels, classes: "dog,cat" });
    assertEquals(words.classes, ["dog", "cat"]);
    assertEquals(
      contents(words),
      [
        ...["1.png: cat", "10.png: dog", "2.png: dog", "3.png: cat"],
        ...["4.png: dog", "5.png: cat"],
      ],
    );
    assertMatch(
      await message(pictures, { labels, classes: "dog,pig" }),
      /^cannot use .*labels\.txt as labels: labels and names of classes do not/,
    );
    assertMatch(
      await message(pictures, { labels, classes: "dog,cat,dog" }),
      /^cannot use dog,cat,dog as names of classes: two classes are called dog$/,
    );
    assertMatch(
      await message(pictures, { classes: "dog,cat" }),
      /there are names of classes, dog,cat, but pictures has no labels$/,
    );
    await Deno.writeTextFile(labels, "1\n2\n");
    assertMatch(
      await message(pictures, { labels }),
      /labels\.txt as labels: 2 labels do not fit 6 images$/,
    );
    assertMatch(
      await message(pictures, { labels: join(folder, "none.csv") }),
      /none\.csv as labels: no such file or folder$/,
    );
    assertMatch(
      await message(pictures, { labels: pictures }),
      /pictures as labels: it is a folder, and labels come in /,
    );
    assertMatch(
      await message(pictures, { labels: join(pictures, "1.png") }),
      /1\.png as labels: it is a PNG picture, and labels come in /,
    );
    assertEquals((await load(pictures)).train.labels, null);
  }));

Deno.test("loadDataset() takes files of arrays and tables in the same way", async () => {
  const fixture = (name: string) =>
    fileURLToPath(new URL(`fixtures/pictures/${name}`, import.meta.url));
  const counts = ({ train, validation, test }: Dataset) =>
    [train, validation, test!].map(({ count }) => count);
  const parts = await load(fixture("medmnist.npz"), { valSize: 5000 });
  assertEquals(counts(parts), [4, 2, 3]);
  assertEquals(parts.classes, ["0", "1", "2"]);
  assertEquals(new Set(parts.train.names), new Set(range(4, "row ")));
  assertEquals(
    counts(await load(fixture("keras.npz"), { valSize: 1 })),
    [2, 1, 2],
  );
  const table = await load(fixture("csv/no_label.csv"), {
    labels: fixture("csv/words.txt"),
    classes: "zero,one,two",
  });
  assertEquals(counts(table), [11, 0, 1]);
  assertEquals(new Set(table.train.labels), new Set([0, 1, 2]));
  assertMatch(
    await message(fixture("keras.npz"), { testSize: 2 }),
    /^keras\.npz has a test split of its own, of 2 images/,
  );
  assertMatch(
    await message(fixture("medmnist.npz"), { labels: fixture("keras.npz") }),
    /keras\.npz as labels: /,
  );
  assertMatch(
    await message(fixture("png"), { array: "x" }),
    /png as images: it has no arrays, of which x could be one$/,
  );
});

function range(count: number, before: string): string[] {
  return Array.from({ length: count }, (_, i) => before + i);
}

Deno.test("loadDataset() chooses light or dark once, by training pictures", () =>
  inFolder(async (folder) => {
    const light = (width: number, height: number) => {
      const pixels = new Uint8Array(3 * width * height).fill(250);
      pixels.fill(20, 3 * width * 10, 3 * width * 12);
      return encodePng({ width, height, pixels });
    };
    await write(folder, {
      "train/1.png": light(28, 28),
      "train/2.png": light(28, 20),
      "train/3.png": light(28, 28),
      "test/4.png": png(200),
    });
    const { train, test, notes } = await load(folder);
    assertEquals(Math.max(...train.images), 235);
    assertEquals(Math.min(...train.images), 5);
    assertEquals(test!.images.includes(55), true);
    assertEquals(notes, [
      "the borders of the pictures are light: light and dark change places",
      "made square with the colour of their borders: 1 picture",
    ]);
    const { test: alone } = await loadDataset({
      images: folder,
      splits: ["test"],
    });
    assertEquals(alone, test);
    for (let i = 5; i < 20; i++) {
      await write(folder, { [`train/${i}.png`]: light(28, 28) });
    }
    await write(folder, { "train/20.png": PICTURE });
    assertEquals(
      (await load(folder)).notes[1],
      "1 of 19 pictures looked at has dark borders: it is turned round as " +
        "well, for those of most are light",
    );
    await write(folder, { "train/21.png": light(28, 28) });
    assertEquals((await load(folder)).notes.length, 2);
    const never = await load(folder, { invert: "never" });
    assertEquals(Math.max(...never.train.images), 250);
    assertEquals(never.notes.length, 1);
  }));

Deno.test("loadDataset() reads no more pictures than are used", () =>
  inFolder(async (folder) => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 20; i++) files[`${i}.png`] = PICTURE;
    await write(folder, files);
    const { train, test } = await load(folder, { limit: 2 });
    const used = new Set([...train.names!, ...test!.names!]);
    assertEquals(used.size, 4);
    for (const name of Object.keys(files)) {
      if (!used.has(name)) await write(folder, { [name]: "broken" });
    }
    assertEquals((await load(folder, { limit: 2 })).train, train);
    assertMatch(
      await message(folder, { limit: 3 }),
      /16 of 20 pictures cannot/,
    );
  }));

Deno.test("loadDataset() says what there is before it reads a picture", () =>
  inFolder(async (folder) => {
    for (const name of ["ant", "bee"]) {
      for (let i = 0; i < 10; i++) {
        await write(folder, { [`${name}/${i}.png`]: PICTURE });
      }
    }
    const options = { images: folder, valSize: 30, testSize: 4, limit: 5 };
    const counts: unknown[] = [];
    const onFound = (
      { classes, train, validation, test, heldOut }: FoundImages,
    ) => {
      const sets = [train, validation, test!];
      counts.push(classes, sets.map(({ count }) => count), heldOut);
      counts.push(sets.every(({ labels }) => labels !== null));
    };
    const { train, validation, test, heldOut } = await loadDataset({
      ...options,
      onFound,
    });
    const made = [train.count, validation.count, test!.count];
    assertEquals(counts, [["ant", "bee"], made, heldOut, true]);
    assertEquals([...made, heldOut], [5, 1, 4, 1]);

    await write(folder, { "ant/0.png": "broken" });
    const reason = new Error("refused");
    const refuse = () => {
      throw reason;
    };
    const error = await assertRejects(
      () => loadDataset({ images: folder, onFound: refuse }),
      Error,
    );
    assertEquals(error, reason);
  }));

Deno.test("loadDataset() has in its options whether light and dark changed places", () =>
  inFolder(async (folder) => {
    const light = new Uint8Array(3 * 28 * 28).fill(250);
    await write(folder, {
      "dark/1.png": PICTURE,
      "light/1.png": encodePng({ width: 28, height: 28, pixels: light }),
    });
    const [dark, inverted] = await Promise.all(
      ["dark", "light"].map((name) => load(join(folder, name))),
    );
    assertEquals(dark.options.invert, "never");
    assertEquals(inverted.options.invert, "always");
    // Others are made as these were, and these again as they are.
    const other = await load(join(folder, "dark"), {
      invert: inverted.options.invert,
    });
    assertEquals(
      other.train.images,
      dark.train.images.map((grey) => 255 - grey),
    );
    assertEquals(
      (await loadDataset(inverted.options)).digest,
      inverted.digest,
    );
  }));

Deno.test("loadDataset() stops reading pictures when it is told to", () =>
  inFolder(async (folder) => {
    await write(folder, { "1.png": PICTURE });
    const reason = new Error("stopped");
    const error = await assertRejects(
      () => loadDataset({ images: folder, signal: AbortSignal.abort(reason) }),
      Error,
    );
    assertEquals(error, reason);
  }));

Deno.test("loadDataset() refuses what is of one's own images, without any", async () => {
  for (
    const options of [
      { labels: "a.npy" },
      { classes: "a,b" },
      { array: "x" },
      { testSize: 3 },
      { invert: "never" },
      { centre: true },
    ] as const
  ) {
    await assertRejects(
      () => loadDataset({ dataset: "synthetic", ...options }),
      OptionError,
      `${
        Object.keys(options)[0]
      } is of images of one's own: choose them with ` +
        "images, or leave it out",
    );
  }
});

Deno.test("shuffled() gives the order by which checkpoints know their images", () => {
  // As of version 0.2: another order would be other images to every checkpoint.
  assertEquals([...shuffled(10, "train")], [8, 5, 3, 2, 9, 1, 4, 7, 0, 6]);
  assertEquals([...shuffled(10, "test")], [2, 0, 1, 8, 7, 5, 4, 6, 3, 9]);
});

Deno.test("splitsOf() takes no folder for a split that is called otherwise", () => {
  const others = ["constructor", "toString", "cat"];
  const { splits, ...rest } = splitsOf(["Train", ...others]);
  assertEquals([...splits], [["train", "Train"]]);
  assertEquals(rest, { others });
});
