/**
 * What tasks make of a model that is told of classes: one, trained for a
 * second, for all tests.
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { loadCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { createEngine } from "../lib/engines.ts";
import { priorSample } from "../lib/model/prior.ts";
import { ENGINE, refuses, runTask, runWell, untrained } from "./process.ts";
import { inFolder } from "./folder.ts";
import type { TaskName } from "./tasks.ts";

const CHECKPOINT = "checkpoints/vae.safetensors";
const TRAINING = [
  ...ENGINE,
  ..."--conditional --dataset synthetic --limit 200 --val-size 40".split(" "),
  ..."--epochs 3 --latent-dim 3 --likelihood bce --batch-size 20".split(" "),
];

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const trained = await runWell(folder, "train", [
  ...[...TRAINING, "--record", "run.json", "--animate", "--json"],
]);

/** Runs a task for its JSON, and for the picture of that name. */
async function draw(
  task: TaskName,
  ...args: string[]
): Promise<{ json: Record<string, unknown>; png: PNG; text: string }> {
  const { stdout } = await runWell(folder, task, [
    ...[...ENGINE, "--json", "--out", "out.png", ...args],
  ]);
  const bytes = await Deno.readFile(join(folder, "out.png"));
  return {
    json: JSON.parse(stdout),
    png: PNG.sync.read(Buffer.from(bytes)),
    text: new TextDecoder().decode(bytes),
  };
}

/** The greys of an image in a picture without labels on top, of scale 2. */
function cell(
  { width, height, data }: PNG,
  row: number,
  column: number,
  rows: number,
  columns: number,
): number[] {
  const x = width - 16 - 60 * (columns - column) + 4;
  const y = height - 16 - 60 * (rows - row) + 4;
  return Array.from(
    { length: 784 },
    (_, i) =>
      data[4 * ((y + 2 * Math.floor(i / 28)) * width + x + 2 * (i % 28))],
  );
}

Deno.test("train --conditional draws samples of each class, and an animation of them", async () => {
  const { pictures } = JSON.parse(trained.stdout);
  assertEquals(pictures.length, 4);
  const png = await Deno.readFile(join(folder, "plots/samples.png"));
  const text = new TextDecoder().decode(png);
  assertStringIncludes(text, "conditional VAE, β = 1, 10 classes, 3 latent");
  const { width, height } = PNG.sync.read(Buffer.from(png));
  assert(height > 600 && width < height); // ten rows of eight
  const { options, data } = await loadCheckpoint(join(folder, CHECKPOINT));
  assertEquals([options.classCount, data.classes?.length], [10, 10]);
});

Deno.test("verify trains a recorded conditional run again, to the byte", async () => {
  const { stdout } = await runWell(folder, "verify", ["run.json", "--json"]);
  assertEquals(JSON.parse(stdout).same, true);
});

Deno.test("sample draws a row of each class, and --class its row", async () => {
  const all = await draw("sample", "-n", "16");
  assertEquals(all.json.n, 160);
  assertEquals(all.json.classes, [...Array(10).keys()]);
  assertStringIncludes(all.text, "Samples of each class");
  const one = await draw("sample", "-n", "16", "--class", "7");
  assertEquals([one.json.n, one.json.classes], [16, [7]]);
  assertStringIncludes(one.text, "Samples of class 7: z from the prior");

  const { options, state } = await loadCheckpoint(join(folder, CHECKPOINT));
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  await engine.writeState(state);
  const z = priorSample(16, 3, 0);
  const decoded = (label: number) =>
    engine.decode(z, new Uint8Array(16).fill(label));
  const bytes = (pixels: Float32Array, i: number) => [
    ...Uint8ClampedArray.from(
      pixels.subarray(784 * i, 784 * (i + 1)),
      (mean) => 255 * mean,
    ),
  ];
  const threes = (await decoded(3)).slice();
  const sevens = await decoded(7);
  for (let i = 0; i < 16; i++) {
    assertEquals(cell(all.png, 3, i, 10, 16), bytes(threes, i));
    const seven = bytes(sevens, i);
    assertEquals(cell(all.png, 7, i, 10, 16), seven);
    assertEquals(cell(one.png, i >> 2, i % 4, 4, 4), seven);
  }
  engine.dispose();
  assertEquals((await draw("sample", "--class", "all")).json.n, 80);
});

Deno.test("sample --sampler gmm --class decodes the mixture's z of a class", async () => {
  const gmm = ["--sampler", "gmm", "-n", "16"];
  const { json, png } = await draw("sample", ...gmm, "--class", "2");
  assertEquals([json.n, json.classes], [16, [2]]);
  const all = await draw("sample", ...gmm);
  assertEquals(cell(all.png, 2, 1, 10, 16), cell(png, 0, 1, 4, 4));
});

Deno.test("interpolate stays within a class, and draws the one that it is told", async () => {
  const { test } = await loadDataset({ dataset: "synthetic", limit: 200 });
  const labels = test!.labels!;
  const found = await draw("interpolate", "-n", "3", "--steps", "3");
  const pairs = found.json.pairs as [number, number][];
  assertEquals(pairs.length, 3);
  for (const [from, to] of pairs) assertEquals(labels[from], labels[to]);
  assertStringIncludes(found.text, "drawn as the class of the first image");

  const five = await draw("interpolate", "--class", "5", "-n", "2");
  assertEquals(five.json.class, 5);
  for (const index of (five.json.pairs as number[][]).flat()) {
    assertEquals(labels[index], 5);
  }
  assertStringIncludes(five.text, "; drawn as class 5");

  const other = ["--classes", "3,8", "-n", "2"];
  const [as3, again, as8] = [
    await draw("interpolate", ...other),
    await draw("interpolate", ...other, "--class", "3"),
    await draw("interpolate", ...other, "--class", "8"),
  ];
  assertEquals(as3.json.pairs, as8.json.pairs);
  assertEquals(cell(as3.png, 1, 5, 2, 14), cell(again.png, 1, 5, 2, 14));
  assertNotEquals(cell(as3.png, 1, 5, 2, 14), cell(as8.png, 1, 5, 2, 14));
});

Deno.test("traverse and manifold show a class: the first, an image's own, or another", async () => {
  const { test } = await loadDataset({ dataset: "synthetic", limit: 200 });
  const small = ["--steps", "3"];
  const shown = async (...args: string[]) => {
    const { json, text } = await draw("traverse", ...small, ...args);
    assertStringIncludes(text, `; class ${json.class}`);
    return json.class;
  };
  assertEquals(await shown(), 0);
  assertEquals(await shown("--index", "3"), test!.labels![3]);
  assertEquals(await shown("--index", "3", "--class", "8"), 8);
  const maps = [
    await draw("manifold", "-n", "2"),
    await draw("manifold", "-n", "2", "--class", "4"),
  ];
  assertEquals(maps.map(({ json }) => json.class), [0, 4]);
  assertStringIncludes(maps[1].text, "; class 4");
  assert(!maps[0].png.data.equals(maps[1].png.data));
});

Deno.test("evaluate, report and reconstruct tell the true classes, and evaluate says so", async () => {
  const few = [...ENGINE, "--samples", "2"];
  const json = await runWell(folder, "evaluate", [...few, "--json"]);
  const { classCount, labels, notes, kl } = JSON.parse(json.stdout);
  assertEquals([classCount, labels], [10, "true"]);
  assertMatch(notes.join(), /told the true class c of each image/);
  const { test } = JSON.parse(trained.stdout);
  assert(Math.abs(kl.mean - test.kl) < 1e-3); // as training has told them
  const { pictures } = JSON.parse(
    (await runWell(folder, "report", [...few, "--json"])).stdout,
  );
  assertEquals(pictures.length, 6);
  assertEquals((await draw("reconstruct", "-n", "4")).json.n, 4);
  assertEquals((await draw("latents")).json.n, 200);
});

const refusals: [TaskName, string[], RegExp][] = [
  ["sample", ["--class", "12"], /no class 12: it has 0, 1, 2, .*, 9$/m],
  ["traverse", ["--class", "cat"], /the model has no class cat: it has 0, 1/],
  ["manifold", ["--class", "-1"], /no class -1|--class/],
  ["interpolate", ["--class", "10"], /the model has no class 10: it has 0/],
];

for (const [task, args, message] of refusals) {
  Deno.test(`${task} ${args.join(" ")} is refused in one line`, () =>
    refuses(message, folder, task, [...ENGINE, ...args]));
}

Deno.test("sample refuses more digits than a picture has room for", async () => {
  const { code, stderr } = await runTask(
    folder,
    "sample",
    [...ENGINE, "-n", "1001"],
  );
  assertMatch(
    stderr,
    /-n 1001 of each of 10 classes is more than 10000 digits/,
  );
  assertEquals(code, 2);
});

Deno.test("compress refuses a model that is told of classes", async () => {
  const idx = new Uint8Array(16 + 784);
  idx.set([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28]);
  await Deno.writeFile(join(folder, "black.idx"), idx);
  await refuses(/conditional model is told the class/, folder, "compress", [
    "black.idx",
  ]);
  await Deno.remove(join(folder, "black.idx"));
});

Deno.test("--class is refused for a model that is told of no classes", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "checkpoints"));
    await Deno.writeFile(join(folder, CHECKPOINT), untrained());
    for (const text of ["7", "all"]) {
      await refuses(
        /^error: --class .* train one with `deno task train --conditional`$/m,
        folder,
        "sample",
        [...ENGINE, "--class", text],
      );
    }
  }));
