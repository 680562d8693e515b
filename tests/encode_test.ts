/**
 * What `encode` finds of each image, and the files that it writes.
 */
import {
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { Buffer } from "node:buffer";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { DIGITS } from "../lib/dataset/class_names.ts";
import { writeIdx } from "../lib/formats/idx.ts";
import { captionedPairs } from "../lib/image/captioned_pairs.ts";
import { estimate } from "../lib/math/estimate.ts";
import { encodeImages, type ImageCodes } from "../lib/metrics/image_codes.ts";
import { measure } from "../lib/metrics/metrics.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { defaults, OptionError } from "../lib/options/table.ts";
import { TaskError } from "../tasks/shared/cli.ts";
import {
  codesFiles,
  type CodesTable,
  writeCodes,
} from "../tasks/shared/codes_file.ts";
import { choosing, openToEncode } from "../tasks/shared/images_to_encode.ts";
import { captionsOf, strangestFirst } from "../tasks/shared/strangest.ts";
import { inFolder } from "./folder.ts";
import { exact, LATENTS, LinearEngine, set } from "./linear_engine.ts";
import { ENGINE, refuses, runTask, runWell, untrained } from "./process.ts";

const model = {
  latentDim: LATENTS,
  likelihood: "mse",
  autoencoder: false,
} as const;

Deno.test("encodeImages() has the ELBO of each image, log p(x) under the exact posterior on average", async () => {
  const encoding = { engine: new LinearEngine(), model, images: set };
  const { elbo } = await encodeImages({ ...encoding, samples: 200, seed: 0 });
  const gap = estimate(elbo!.map((value, i) => value - exact[i]));
  // One draw of z moves an image's by about 1, in two dimensions.
  assertAlmostEquals(gap.mean, 0, 0.02);
  elbo!.forEach((value, i) => assertAlmostEquals(value, exact[i], 0.5));
});

Deno.test("encodeImages() has for means what measure() has", async () => {
  const engine = new LinearEngine(0.3, 1.1);
  const options = { engine, model, images: set, samples: 3, seed: 5 };
  const codes = await encodeImages(options);
  const metrics = await measure({ ...options, train: set });
  assertEquals(estimate(codes.reconstruction), metrics.reconstruction);
  assertEquals(estimate(codes.kl!), metrics.kl);
  assertEquals(estimate(codes.elbo!), metrics.elbo);
});

Deno.test("encodeImages() has of an autoencoder the codes and their losses alone", async () => {
  const engine = new LinearEngine();
  const { mu, ...codes } = await encodeImages({
    engine,
    model: { ...model, autoencoder: true },
    images: set,
    samples: 1,
    seed: 0,
  });
  assertEquals(codes, {
    logvar: null,
    reconstruction: await engine.score(mu, set.images),
    kl: null,
    elbo: null,
  });
});

Deno.test("encodeImages() passes the labels on", async () => {
  const labels = Uint8Array.from({ length: set.count }, (_, i) => i % 3);
  const seen: unknown[] = [];
  const linear = new LinearEngine();
  const engine = {
    encode: (images: Uint8Array, labels?: unknown) => {
      seen.push(labels);
      return linear.encode(images);
    },
    score: (z: Float32Array, images: Uint8Array, labels?: unknown) => {
      seen.push(labels);
      return linear.score(z, images);
    },
  };
  const images = { ...set, labels };
  await encodeImages({ engine, model, images, samples: 1, seed: 0 });
  assertEquals(seen, [labels, labels]);
});

/** Three images, of which the last is the strangest. */
const mu = Float32Array.of(0.5, -1, 0.25, 2, -3, 0.125);
const codes: ImageCodes = {
  mu,
  logvar: mu.map((x) => -x),
  reconstruction: Float64Array.of(30.5, 20, 40),
  kl: Float64Array.of(1.25, 2, 3),
  elbo: Float64Array.of(-480.5, -470.25, -490),
};
const table: CodesTable = {
  order: Uint32Array.of(2, 0, 1),
  set: {
    labels: Uint8Array.of(7, 0, 9),
    names: ["a.png", 'b, "c".png', "row 3"],
  },
  classes: [...DIGITS.slice(0, 9), "nine\nor so"],
  latentDim: 2,
  codes,
};
const ALL = { logvar: true, labels: true, index: true, names: true };

/** Writes the table, and returns what the files hold. */
async function written(
  folder: string,
  name: string,
  table: CodesTable,
  has = ALL,
): Promise<Record<string, Uint8Array>> {
  const files = await codesFiles(join(folder, name), has);
  const contents: Record<string, Uint8Array> = {};
  for (const file of files) {
    await writeCodes(file, table);
    contents[file.path.slice(folder.length + 1)] = await Deno.readFile(
      file.path,
    );
  }
  return contents;
}

Deno.test("strangestFirst() sorts by each measure; what is no number comes first", () => {
  assertEquals([...strangestFirst(codes, "bound")], [2, 0, 1]);
  assertEquals([...strangestFirst(codes, "reconstruction")], [2, 0, 1]);
  assertEquals([...strangestFirst(codes, "kl")], [2, 1, 0]);
  const kl = Float64Array.of(1, NaN, 1);
  assertEquals([...strangestFirst({ ...codes, kl }, "kl")], [1, 0, 2]);
});

Deno.test("writeCodes() writes arrays as numpy.save() does", () =>
  inFolder(async (folder) => {
    const contents = await written(folder, "codes.npy", table);
    const names = Object.keys(contents);
    assertEquals(
      names,
      [
        ...["", ".logvar", ".losses", ".labels", ".index"]
          .map((part) => `codes${part}.npy`),
        "codes.names.txt",
      ],
    );
    assertEquals(
      new TextDecoder().decode(contents[names.pop()!]),
      'row 3\na.png\nb, "c".png\n',
    );
    const fixtures = fileURLToPath(
      new URL("fixtures/codes/", import.meta.url),
    );
    for (const name of names) {
      assertEquals(contents[name], await Deno.readFile(fixtures + name), name);
    }
    const few = { logvar: false, labels: false, index: false, names: false };
    assertEquals(
      (await codesFiles(join(folder, "a.npy"), few)).map(({ part }) => part),
      ["mu", "losses"],
    );
  }));

Deno.test("writeCodes() writes a CSV file with what needs quotes in them", () =>
  inFolder(async (folder) => {
    const { "codes.csv": bytes } = await written(folder, "codes.csv", table);
    assertEquals(
      new TextDecoder().decode(bytes),
      `index,name,label,class,reconstruction,kl,elbo,mu1,mu2,logvar1,logvar2
2,row 3,9,"nine
or so",40,3,-490,-3,0.125,3,-0.125
0,a.png,7,7,30.5,1.25,-480.5,0.5,-1,-0.5,1
1,"b, ""c"".png",0,0,20,2,-470.25,0.25,2,-0.25,-2
`,
    );
  }));

Deno.test("writeCodes() writes a JSON array, of which floats read back the same", () =>
  inFolder(async (folder) => {
    const values = Float32Array.of(0.1, -1 / 3, 1e-20, 12345.678, 2 / 7, 3e8);
    const { "codes.json": bytes } = await written(folder, "codes.json", {
      order: Uint32Array.of(0, 1, 2),
      set: { labels: null },
      latentDim: 2,
      codes: {
        mu: values,
        logvar: null,
        reconstruction: codes.reconstruction,
        kl: null,
        elbo: null,
      },
    });
    const records: { index: number; reconstruction: number; mu: number[] }[] =
      JSON.parse(new TextDecoder().decode(bytes));
    assertEquals(
      records.map(({ index, reconstruction }) => [index, reconstruction]),
      [[0, 30.5], [1, 20], [2, 40]],
    );
    assertEquals(Float32Array.from(records.flatMap(({ mu }) => mu)), values);
    assertEquals(Object.keys(records[0]), ["index", "reconstruction", "mu"]);
  }));

Deno.test("codesFiles() refuses other endings, and files of another kind", () =>
  inFolder(async (folder) => {
    await assertRejects(
      () => codesFiles(join(folder, "codes"), ALL),
      OptionError,
      "--out takes a name that ends in .csv, .json or .npy",
    );
    await Deno.writeTextFile(join(folder, "codes.losses.npy"), "my notes");
    await assertRejects(
      () => codesFiles(join(folder, "codes.npy"), ALL),
      Error,
      "codes.losses.npy: it is a text, and a NumPy array would replace it",
    );
  }));

Deno.test("captionsOf() tells a class once: in the folder's name, or below the name", () => {
  const labels = Uint8Array.of(1, 0);
  const classes = ["cat", "fish"];
  const captions = (names?: string[], of: typeof labels | null = labels) =>
    captionsOf([1, 0], { set: { labels: of, ...names && { names } }, classes });
  assertEquals(captions(["fish/7.png", "cat/1.png"]), [["cat/1.png"], [
    "fish/7.png",
  ]]);
  assertEquals(captions(["row 1", "row 2"]), [["row 2", "cat"], [
    "row 1",
    "fish",
  ]]);
  assertEquals(captions(["a.png", "b.png"], null), [["b.png"], ["a.png"]]);
  assertEquals(captions(), [["image 1 · cat"], ["image 0 · fish"]]);
});

Deno.test("captionedPairs() draws rows of pairs, and cuts what is too wide", () => {
  const images = new Uint8Array(7 * IMAGE_PIXELS).fill(255);
  const means = new Float32Array(images.length);
  const captions = Array.from({ length: 7 }, () => ["a", "b".repeat(200)]);
  const { width, height, pixels } = captionedPairs(images, means, captions, {
    columns: 3,
  });
  // 16 + 3 · (56 + 4 + 56) + 2 · 16 + 16, and 16 + 3 · (56 + 2 · 15 + 12) – 12 + 16.
  assertEquals([width, height], [412, 314]);
  const at = (x: number, y: number) => pixels[3 * (y * width + x)];
  assertEquals([at(17, 17), at(77, 17), at(74, 17)], [255, 0, 255]);
  assertEquals([at(149, 17), at(209, 17)], [255, 0]);
});

/** A model that is told of ten classes, of which its data set is. */
const conditional = (() => {
  const run = decodeCheckpoint(untrained());
  return {
    ...run,
    options: { ...run.options, classCount: 10 },
    data: { ...run.data, classes: DIGITS },
  };
})();
const chosen = defaults(choosing);
const signal = new AbortController().signal;

Deno.test("openToEncode() knows a conditional model's classes by their names, and refuses others", () =>
  inFolder(async (folder) => {
    const open = (run: typeof conditional, options = chosen, given = {}) =>
      openToEncode(run, options, new Set(Object.keys(given)), signal);
    const { set, kind, classes } = await open(conditional);
    assertEquals([set.count, kind, classes], [4, "test", DIGITS]);
    const told = (...classes: string[]) => ({
      ...conditional,
      options: { ...conditional.options, classCount: classes.length },
      data: { ...conditional.data, classes },
    });
    const kaggle = fileURLToPath(
      new URL("fixtures/pictures/csv/kaggle.csv", import.meta.url),
    );
    const three = { ...chosen, images: kaggle };
    const known = await open(told("2", "1", "0", "3"), three);
    // Its rows are a 0, a 1 and a 2.
    assertEquals(known.set.labels, Uint8Array.of(2, 1, 0));
    assertEquals(known.set.names, ["row 2", "row 3", "row 4"]);
    const first = await open(told("2", "1", "0"), { ...three, limit: 1 });
    assertEquals(first.set.names, ["row 2"]);
    await assertRejects(
      () => open(told("0", "1", "x"), three),
      TaskError,
      "the model has no class 2: it has 0, 1, 2 x; name those of the images with " +
        "--classes",
    );
    const path = join(folder, "own-idx");
    const data = new Uint8Array(5 * IMAGE_PIXELS).fill(200, 300, 320);
    await Deno.writeFile(path, writeIdx({ shape: [5, 28, 28], data }));
    const own = { ...chosen, images: path };
    await assertRejects(
      () => open(conditional, own),
      TaskError,
      "own-idx has no labels, and the model is told the class of each image",
    );
    // Before the pictures are read, which cannot be.
    await Deno.mkdir(join(folder, "broken"));
    await Deno.writeTextFile(join(folder, "broken/1.png"), "no picture");
    await assertRejects(
      () => open(conditional, { ...chosen, images: join(folder, "broken") }),
      TaskError,
      "broken has no labels",
    );
    const plain = decodeCheckpoint(untrained());
    const all = await openToEncode(plain, own, new Set(), signal);
    assertEquals([all.set.count, all.kind], [5, "own-idx"]);
    await assertRejects(
      () => open(conditional, { ...chosen, centre: true }, { centre: true }),
      OptionError,
      "--centre is of images of one's own",
    );
  }));

Deno.test("encode writes the codes of a split, whose means evaluate prints", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "checkpoints"));
    const run = decodeCheckpoint(untrained());
    await Deno.writeFile(
      join(folder, "checkpoints/vae.safetensors"),
      encodeCheckpoint({ ...run, data: { ...run.data, digest: null } }),
    );
    const draws = [...ENGINE, "--samples", "7", "--seed", "2"];
    const { stdout } = await runWell(folder, "encode", [
      ...draws,
      ..."--sort bound --out out/codes.csv --json".split(" "),
    ]);
    const said = JSON.parse(stdout);
    const evaluated = JSON.parse(
      (await runWell(folder, "evaluate", [...draws, "--json"])).stdout,
    );
    for (const name of ["reconstruction", "kl", "elbo"]) {
      assertEquals(said[name], evaluated[name], name);
    }
    const text = await Deno.readTextFile(join(folder, "out/codes.csv"));
    const [head, ...rows] = text.trim().split("\n").map((line) =>
      line.split(",")
    );
    assertEquals(
      head.join(),
      "index,label,class,reconstruction,kl,elbo,mu1,mu2,mu3," +
        "logvar1,logvar2,logvar3",
    );
    const elbos = rows.map((row) => Number(row[5]));
    assertEquals(elbos, [...elbos].sort((a, b) => a - b));
    assertAlmostEquals(estimate(elbos).mean, evaluated.elbo.mean, 1e-6);
    assertEquals(
      said.strangest.map(({ index }: { index: number }) => String(index)),
      rows.map(([index]) => index),
    );
    assertEquals([said.out, said.picture], [
      ["out/codes.csv"],
      "out/codes.png",
    ]);
    const png = PNG.sync.read(
      Buffer.from(await Deno.readFile(join(folder, "out/codes.png"))),
    );
    assertEquals(png.width, 2 * 16 + 4 * 116 + 3 * 16);

    const words = await runWell(folder, "encode", [
      ...ENGINE,
      ..."--sort kl --limit 2 --out codes.npy".split(" "),
    ]);
    assertMatch(words.stdout, /2 test images, mean ± standard error/);
    assertMatch(
      words.stdout,
      /The strangest first, by the KL; .*2 test\s+images\nindex +class/,
    );
    assertMatch(
      words.stdout,
      /columns of the losses: reconstruction, kl, elbo$/m,
    );
    const samples = ["-n", "2", "--out", "samples.npy"];
    await runWell(folder, "sample", [...ENGINE, ...samples]);
    const array = await Deno.readFile(join(folder, "samples.npy"));
    assertMatch(
      new TextDecoder("latin1").decode(array.subarray(0, 128)),
      /NUMPY.*'<f4', 'fortran_order': False, 'shape': \(2, 28, 28\)/s,
    );
    assertEquals(array.length, 128 + 4 * 2 * IMAGE_PIXELS);
    const usage = await runTask(folder, "encode", ["--out", "a.txt"]);
    assertEquals(usage.code, 2);
    await Deno.writeTextFile(join(folder, "own.png"), "my notes");
    await refuses(
      /cannot write own\.png: it is a text/,
      ...[folder, "encode"] as const,
      [...ENGINE, "--sort", "kl", "--out", "own.csv"],
    );
  }));
