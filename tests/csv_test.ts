/**
 * Pictures and labels from CSV files: what pandas wrote, held against the arrays
 * that it was given, and what must be refused.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { DIGITS } from "../lib/dataset/class_names.ts";
import { readLabelTable } from "../lib/dataset/csv_labels.ts";
import { readCsv } from "../lib/dataset/csv_pictures.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import type { PictureSets } from "../lib/dataset/picture_sets.ts";
import { FormatError } from "../lib/formats/error.ts";
import { encodeNpy } from "../lib/formats/npy.ts";
import { fillUniform, streamKey } from "../lib/rng.ts";

const FOLDER = new URL("fixtures/pictures/csv/", import.meta.url);
const at = (name: string) => fileURLToPath(new URL(name, FOLDER));

const own = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(own, { recursive: true }));

/** What `make_csv.py` gave to pandas. */
const digits: { images: string[]; labels: number[]; words: string[] } = JSON
  .parse(Deno.readTextFileSync(at("digits.json")));

/** The pictures as bytes. */
async function bytesOf({ train }: PictureSets): Promise<number[][]> {
  const rows: number[][] = [];
  for (let i = 0; i < train.count; i++) {
    const { values, black, white } = await train.picture(i);
    rows.push(
      // Fractions are kept in single precision.
      Array.from(
        values,
        (v) => Math.round(1e4 * 255 * (v - black) / (white - black)) / 1e4,
      ),
    );
  }
  return rows;
}

/** Writes a file of one's own, over the one before. */
async function written(
  content: string | Uint8Array,
  name = "own.csv",
): Promise<string> {
  const path = join(own, name);
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  await Deno.writeFile(path, bytes);
  return path;
}

const { labels, words } = digits;
const images = digits.images.map((hex) => [...Buffer.from(hex, "hex")]);
const FILES: [string, (number | string)[] | undefined, string[]][] = [
  ["in_csv.csv", labels, []],
  ["words_last.csv", words, []],
  ["no_header.csv", labels, ["the labels are taken from its column 1"]],
  ["no_header_last.csv", labels, ["the labels are taken from its column 65"]],
  ["no_label.csv", undefined, []],
  ["index.csv", labels, ['its column "" numbers the rows, and is left out']],
  ["quoted.csv", words, []],
  ["signed.tsv.gz", labels, [
    "its pixels go from -1 to 0.8823529411764706 and are taken as -1, black, to 1, white",
  ]],
  ["floats.csv", labels, []],
  ["numbered.csv", labels, [
    'its column "" numbers the rows, and is left out',
    'the labels are taken from its column "0"',
  ]],
];

Deno.test("readCsv() reads what pandas wrote, in every layout", async () => {
  for (const [name, expected, notes] of FILES) {
    const sets = await readCsv(at(name));
    assertEquals(await bytesOf(sets), images, name);
    assertEquals(sets.train.labels, expected, name);
    assertEquals(sets.notes, notes, name);
    const header = name.startsWith("no_header") ? 0 : 1;
    assertEquals(sets.train.names?.at(-1), `row ${12 + header}`, name);
  }
});

Deno.test("readCsv() reads Kaggle's 28 × 28 and black-and-white pixels", async () => {
  const kaggle = await readCsv(at("kaggle.csv"));
  assertEquals(kaggle.train.labels, labels.slice(0, 3));
  assertEquals((await kaggle.train.picture(0)).width, 28);
  const inner = (await bytesOf(kaggle)).map((row) =>
    Array.from(
      { length: 64 },
      (_, i) => row[28 * (10 + Math.floor(i / 8)) + 10 + i % 8],
    )
  );
  assertEquals(inner, images.slice(0, 3));
  const binary = await readCsv(at("binary.csv"));
  assertEquals(
    await bytesOf(binary),
    images.map((row) => row.map((v) => v > 127 ? 255 : 0)),
  );
  assertEquals(binary.notes, [
    "its pixels go from 0 to 1 and are taken as 0, black, to 1, white",
  ]);
});

Deno.test("loadDataset() makes the same images of bytes, of fractions and of gzip", async () => {
  const names = ["quoted.csv", "no_label.csv", "signed.tsv.gz", "index.csv"];
  const sets = await Promise.all(
    names.map((name) => loadDataset({ images: at(name), testSize: 0 })),
  );
  assertEquals(new Set(sets.map(({ digest }) => digest)).size, 1);
  assertEquals(sets.map(({ classes }) => classes), [
    ["one", "two", "zero"],
    undefined,
    DIGITS,
    DIGITS,
  ]);
});

Deno.test("readCsv() says what it takes for white where that is not known", async () => {
  const scales: [string, number, number, string?][] = [
    ["0,3,16,5", 0, 16, "from 0 to 16 and are taken as 0, black, to 16, white"],
    ["0,3,15,5", 0, 15, "from 0 to 15 and are taken as 0, black, to 15, white"],
    [
      "0,3,90,5",
      0,
      255,
      "from 0 to 90 and are taken as 0, black, to 255, white",
    ],
    ["0,3,190,5", 0, 255],
    ["0,0.25,0.75,1.00001", 0, 1],
    [
      "0,0.25,0,0.125",
      0,
      1,
      "from 0 to 0.25 and are taken as 0, black, to 1",
    ],
  ];
  for (const [row, black, white, note] of scales) {
    const { train, notes } = await readCsv(await written(`${row}\n`));
    const picture = await train.picture(0);
    assertEquals([picture.black, picture.white], [black, white], row);
    assertEquals(notes.length, note ? 1 : 0, row);
    if (note) assertStringIncludes(notes[0], note);
  }
});

Deno.test("readCsv() knows a header that counts, with names beside it", async () => {
  const counting = [0, 1].map((first) =>
    Array.from({ length: 9 }, (_, i) => first + i).join(",")
  );
  const pixels = Array.from({ length: 9 }, (_, i) => 25 * i).join(",");
  for (const numbers of counting) {
    for (
      const [header, row] of [
        [`${numbers},label`, `${pixels},cat`],
        [`class,${numbers}`, `cat,${pixels}`],
        [`,${numbers},label`, `0,${pixels},cat`],
        [`id,label,${numbers}`, `7,cat,${pixels}`],
      ]
    ) {
      const path = await written(`${header}\n${row}\n`);
      const { train } = await readCsv(path);
      assertEquals([train.count, train.labels], [1, ["cat"]], header);
      assertEquals((await train.picture(0)).width, 3, header);
    }
  }
  await assertRejects(
    async () => readCsv(await written(`x,1,5,y,z\n3,1,5,0,0\n`)),
    FormatError,
    'row 1: the pixel in column 4 is "y", which is no number; if that row ' +
      "names the columns, call the pixels pixel0, pixel1 …",
  );
});

Deno.test("readCsv() reads gzip of several members", async () => {
  const file = await Deno.readFile(at("index.csv"));
  const parts = [file.subarray(0, 700), file.subarray(700)].map((part) =>
    gzipSync(part)
  );
  const path = await written(Buffer.concat(parts), "a.csv.gz");
  assertEquals(await bytesOf(await readCsv(path)), images);
});

Deno.test("readLabelTable() takes the only column, or the one called so", async () => {
  const read = async (path: string) => (await readLabelTable(path)).labels;
  assertEquals(await read(at("labels.csv")), labels);
  assertEquals(await read(at("id_class.csv")), words);
  assertEquals(await read(at("words.txt")), words);
  // A row without a value is no row: pandas, too, passes it over.
  const path = await written("3\r\n\r\n0\r\n");
  assertEquals(await read(path), [3, 0]);
  const refuse = async (text: string, reason: string) =>
    await assertRejects(
      async () => readLabelTable(await written(text)),
      FormatError,
      reason,
    );
  await refuse("", "it is empty");
  await refuse("a,b\nc,d\n", "which is the label is not known");
  await refuse("id,label\n1,\n", "row 2: there is no label in column 2");
  await refuse("id,label\n1,2\n3\n", "row 3 has 1 fields");
});

Deno.test("readCsv() refuses what is no table of pictures, with its row", async () => {
  const header = "label,p0,p1,p2,p3\n";
  const row = "7,0,128,255,3\n";
  const cases: [string, string][] = [
    ["", "it is empty"],
    [header, "it names its columns, and has no rows"],
    [`${header}${row}7,0,,255,3\n`, "row 3: there is no pixel in column 3"],
    [`${header}${row}7,0, ,255,3\n`, "row 3: there is no pixel in column 3"],
    [`${header}${row},0,1,255,3\n`, "row 3: there is no label in column 1"],
    [`${header}${row}7,0,1,255\n`, "row 3 has 4 fields, where the first has 5"],
    [`${header}${row}7,0,1,x,3\n`, 'row 3: the pixel in column 4 is "x"'],
    [`${header}${row}7,0,1,0x10,3\n`, 'column 4 is "0x10", which is no number'],
    [`${header}${row}7,0,1,nan,3\n`, 'column 4 is "nan", which is no number'],
    [`${header}${row}7,0,1,256,3\n`, "row 3: the pixel in column 4 is 256"],
    [`${header}${row}7,0,1,-1,3\n`, "-1, and must be an integer from 0 to 255"],
    [`${header}${row}7,0,1,0.5,3\n`, "as integers came before"],
    [`${header}7,0,1,0.5,0\n${row}`, "row 3: the pixel in column 3 is 128"],
    [`${header}7,0,1,Infinity,0\n`, "row 2: the pixel in column 4 is Infinity"],
    [`${header}7,0,1,-0.1,0\n`, "its smallest pixel is -0.1, which is of no"],
    ["label,p0,p1\n7,0,1\n", "of which 2 would be pixels"],
    ["label,class,p0,p1,p2,p3\n", "two columns could have the labels"],
    [`${header}"7,0,1,2,3\n`, "row 2: a quote in it is not closed"],
    [`${header}7,${"0".repeat(3_000_000)}`, "row 2 is longer than 2 MiB"],
    ["<!doctype html><p>not found", "it is no CSV file, but an HTML page"],
  ];
  for (const [text, reason] of cases) {
    await assertRejects(
      async () => readCsv(await written(text)),
      FormatError,
      reason,
    );
  }
  const files: [Uint8Array, string, string][] = [
    [Uint8Array.of(97, 44, 0xff, 10), "a.csv", "binary data"],
    [new TextEncoder().encode(row), "a.csv.gz", "its name says gzip"],
    [gzipSync(header + row).subarray(0, 30), "a.csv", "truncated gzip data"],
    [gzipSync("\x89PNG\r\n\x1a\n"), "a.csv", "it is no CSV file, but binary"],
  ];
  for (const [bytes, name, reason] of files) {
    await assertRejects(
      async () => readCsv(await written(bytes, name)),
      FormatError,
      reason,
    );
  }
});

Deno.test("readCsv() refuses more than a million rows by the size of the file", async () => {
  const path = await written("0,1,2,3\n".repeat(256));
  await Deno.truncate(path, 10_000_000 * 8); // the rest are holes
  await assertRejects(
    () => readCsv(path),
    FormatError,
    "it has more than 1,000,000 rows",
  );
});

Deno.test("loadDataset() makes the same images of fractions in CSV and in NumPy", async () => {
  const values = new Float32Array(20 * 784);
  fillUniform(values, streamKey(1, "split"), 0);
  const lines = Array.from(
    { length: 20 },
    (_, i) => values.slice(784 * i, 784 * (i + 1)).join(),
  );
  const csv = await written(lines.join("\n"));
  const npy = await written(encodeNpy([20, 784], values), "own.npy");
  const [a, b] = await Promise.all(
    [csv, npy].map((images) => loadDataset({ images, testSize: 0 })),
  );
  assertEquals(a.digest, b.digest);
});

Deno.test("readCsv() takes an empty last column for what it is", async () => {
  const row = (label: string) => `${label},1,200,3,4,\n`;
  const { train, notes } = await readCsv(
    await written("label,p0,p1,p2,p3,\n" + row("7") + row("8")),
  );
  assertEquals(train.labels, [7, 8]);
  assertEquals(notes, ["its column 6 is empty, and is left out"]);
  const ids = await readCsv(
    await written("id,a,b,c,d\n7,1,200,3,4\n5,1,2,3,4"),
  );
  assertEquals(ids.notes, ['its column "id" is left out']);
});
