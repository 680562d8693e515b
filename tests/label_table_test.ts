/** Labels from tables: which row is of which picture. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { readLabelTable } from "../lib/dataset/csv_labels.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { FormatError } from "../lib/formats/error.ts";
import { encodePng } from "../lib/image/png.ts";
import { encodeNpy } from "../lib/formats/npy.ts";
import { OptionError } from "../lib/options/table.ts";
import { inFolder } from "./folder.ts";

const FILES = ["0.png", "1.png", "2.png", "10.png"];

/** What the pictures show, in the order of `FILES`. */
const SHOWN = ["cat", "fish", "cat", "house"];

const MATCHED = "the labels are matched to the pictures by ";

async function read(text: string, files?: readonly string[]) {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(path, text);
    return await readLabelTable(path, files);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("readLabelTable() matches rows to pictures by the column that names them", async () => {
  const cases: [text: string, by: string, ...others: string[]][] = [
    [
      "filename,label\n2.png,cat\n10.png,house\n0.png,cat\n1.png,fish\n",
      "the column filename",
    ],
    [
      "kind;pic\nhouse;./10.PNG.jpg\ncat;0.PNG.jpg\nfish;1.PNG.jpg\ncat;2.PNG.jpg\n"
        .replaceAll(".PNG", ""),
      "the column pic",
    ],
    [
      "label\tpath\nhouse\tall\\10.png\ncat\tall\\2.png\nfish\tall\\1.png\n" +
      "cat\tall\\0.png\n",
      "the column path",
    ],
    ["10,house\n0,cat\n1,fish\n2,cat\n", "column 1"],
    ["house,all/10.jpeg\ncat,0.jpeg\ncat,2.jpeg\nfish,1.jpeg\n", "column 2"],
    ["id,class\n10,house\n0,cat\n1,fish\n2,cat\n", "the column id"],
    [
      "name,what,split\n10.png,house,train\n0.png,cat,val\n1.png,fish,train\n" +
      "2.png,cat,test\n",
      "the column name",
      "of the labels' file, the column split is not used",
    ],
    [
      ",by,file,label,seen\n0,Bo,10.png,house,1\n1,Al,2.png,cat,1\n" +
      "2,Al,1.png,fish,2\n3,Cy,0.png,cat,3\n",
      "the column file",
      "of the labels' file, the columns by, seen are not used",
    ],
  ];
  for (const [text, by, ...others] of cases) {
    const { labels, isMatched, notes } = await read(text, FILES);
    assertEquals([labels, isMatched], [SHOWN, true], text);
    assertEquals(notes, [MATCHED + by, ...others], text);
  }
  // Labels that happen to be called as pictures are do not name them.
  const digits = await read(
    "file,label\n10.png,0\n0.png,2\n1.png,1\n2.png,10\n",
    FILES,
  );
  assertEquals(digits.labels, [2, 1, 10, 0]);
  const swapped = await read("0,10.png\n2,0.png\n1,1.png\n10,2.png\n", FILES);
  assertEquals(swapped.labels, [2, 1, 10, 0]);
});

Deno.test("readLabelTable() tells pictures of one name in two folders apart", async () => {
  const files = ["a/1.png", "b/1.png", "b/2.png"];
  const { labels } = await read(
    "file,label\nb/2,z\nb/1,y\na/1,x\n",
    files,
  );
  assertEquals(labels, ["x", "y", "z"]);
});

Deno.test("readLabelTable() refuses names that are not those of the pictures", async () => {
  const cases: [string, string][] = [
    [
      "filename,label\n0.png,cat\n1.png,fish\n3.png,cat\n2.png,cat\n4.png,cat\n",
      "there is 1 picture of 4 without a row (10.png), and 2 rows of 5 " +
      "without a picture (3.png, 4.png)",
    ],
    [
      "0.png,cat\n1.png,fish\n2.png,cat\n",
      "there is 1 picture of 4 without a row (10.png)",
    ],
    [
      "a.png,cat\nb.png,fish\nc.png,x\nd.png,x\n",
      "(a.png, b.png, c.png, d.png)",
    ],
    [
      "file,label\n0.png,cat\n1.png,fish\n2.png,cat\n10.png,x\n1.jpg,fish\n",
      "1 row of 5 without a picture (1.jpg)",
    ],
    [
      "file,label\n0.png,cat\n1.png,fish\n2.png,cat\n10.png,x\n1.png,fish\n",
      "two of its rows are of 1.png",
    ],
    [
      "image_id,label\nx7,cat\nx8,cat\nx9,fish\nx6,cat\n",
      "its column image_id (x7, x8, x9, x6) names none of the pictures",
    ],
    [
      "id,label\n23,cat\n22,cat\n21,fish\n20,cat\n",
      "in another order than they come in (22 after 23)",
    ],
    [
      "file,what,who\n0.png,a,b\n1.png,c,d\n2.png,e,f\n10.png,g,h\n",
      "its rows have 3 fields, and which is the label is not known (what or who)",
    ],
    ["a,b\nc,d\n", "which is the label is not known"],
  ];
  for (const [text, reason] of cases) {
    await assertRejects(() => read(text, FILES), FormatError, reason);
  }
});

Deno.test("readLabelTable() takes rows in order where nothing names the pictures", async () => {
  for (
    const text of [
      "cat\nfish\ncat\nhouse\n",
      "label\ncat\nfish\ncat\nhouse\n",
      ",0\n0,cat\n1,fish\n2,cat\n3,house\n",
      "id,label\n31,cat\n32,fish\n33,cat\n40,house\n",
    ]
  ) {
    const { labels, isMatched } = await read(text, FILES);
    assertEquals([labels, isMatched], [SHOWN, false], text);
  }
  const digits = await read("0\n1\n2\n10\n", FILES);
  assertEquals([digits.labels, digits.isMatched], [[0, 1, 2, 10], false]);
});

Deno.test("loadDataset() says how labels and pictures were brought together", () =>
  inFolder(async (folder) => {
    const pictures = join(folder, "pictures");
    await Deno.mkdir(join(pictures, "train"), { recursive: true });
    await Deno.mkdir(join(pictures, "test"));
    const png = (grey: number) =>
      encodePng({
        width: 28,
        height: 28,
        pixels: new Uint8Array(3 * 784).fill(grey, 3 * 100, 3 * 400),
      });
    for (const [i, name] of FILES.entries()) {
      const split = i < 3 ? "train" : "test";
      await Deno.writeFile(join(pictures, split, name), png(50 + 10 * i));
    }
    const labels = join(folder, "labels.csv");
    const load = async (text: string, images = pictures) => {
      await Deno.writeTextFile(labels, text);
      return await loadDataset({ images, labels, valSize: 0, testSize: 0 });
    };
    const byName = await load(
      "file,label\n10.png,house\n2.png,cat\n1.png,fish\n0.png,Cat\n",
    ).catch((error) => error);
    // A folder's own test split ends what may be held out; 0 is as good as none.
    assertEquals(byName.classes, ["Cat", "cat", "fish", "house"]);
    const { train, test } = byName;
    assertEquals(test.labels, Uint8Array.of(3));
    for (const [i, name] of train.names.entries()) {
      const at = ["train/0.png", "train/2.png", "train/1.png"].indexOf(name);
      assertEquals(train.labels[i], at);
    }
    assertEquals(byName.notes.slice(0, 2), [
      `${MATCHED}the column file`,
      "classes of their own, though they differ in capitals only: Cat and cat",
    ]);
    const flat = join(pictures, "train");
    const inOrder = await load("cat\nfish\ncat\n", flat);
    assertEquals(
      inOrder.notes[0],
      "the labels are taken in the order of the pictures' names: 0.png is cat, " +
        "1.png is fish, …",
    );
    const array = join(folder, "x.npy");
    await Deno.writeFile(
      array,
      encodeNpy([3, 28, 28], new Uint8Array(3 * 784).fill(255, 99)),
    );
    const { notes } = await load("file,label\nb,cat\na,fish\nc,cat\n", array);
    assertEquals(notes.slice(0, 2), [
      "of the labels' file, the column file is not used",
      "the labels are taken in the order of the pictures: row 0 is cat, row 1 " +
      "is fish, …",
    ]);
    const { message } = await assertRejects(
      () => load("animal\ncat\nfish\ncat\n", flat),
      Error,
    );
    assertMatch(
      message,
      /4 labels do not fit 3 images: if animal is the name of the column, call/,
    );
    for (const name of ["a", "b"]) {
      await Deno.mkdir(join(flat, name));
      await Deno.rename(
        join(flat, name === "a" ? "0.png" : "1.png"),
        join(flat, name, "0.png"),
      );
    }
    await Deno.remove(join(flat, "2.png"));
    await assertRejects(
      () => load("x\ny\n", flat),
      OptionError,
      "train has classes by its sub-folders already: leave ",
    );
  }));
