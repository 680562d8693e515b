import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { loadCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { blank, type Color, compose } from "../lib/image/picture.ts";
import { nearestImages, unevenness } from "../lib/metrics/nearest_image.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { writeIdx } from "../lib/formats/idx.ts";
import { refuses, runWell, snapshot } from "./process.ts";
import { inFolder } from "./folder.ts";

const SMALL_OWN = [
  ...["--engine", "wasm", "--threads", "1"],
  ..."--limit 40 --val-size 20 --batch-size 20".split(" "),
];
const SMALL = [...SMALL_OWN, "--dataset", "synthetic"];
const PATHS = ["autoencoder", "vae"]
  .map((name) => `checkpoints/compare/${name}.safetensors`);

Deno.test("nearestImages() finds what a search of all finds", async () => {
  const noise = fillNormal(
    new Float32Array(30 * 784),
    streamKey(0, "sample"),
    0,
  );
  const [images, known] = [noise.subarray(0, 5 * 784), noise.subarray(5 * 784)];
  const found = await nearestImages(images, known);
  for (let i = 0; i < 5; i++) {
    const all = Array.from({ length: 25 }, (_, j) => {
      const differences = Array.from(
        { length: 784 },
        (_, p) => images[784 * i + p] - known[784 * j + p],
      );
      return Math.hypot(...differences) ** 2;
    });
    assertAlmostEquals(found[i], Math.min(...all), 1e-6 * found[i]);
  }
  assertEquals(await nearestImages(images, images), new Float64Array(5));
});

Deno.test("unevenness() is 1 for an even pace, and grows with a jump", () => {
  const way = (...values: number[]) =>
    Float32Array.from(values.flatMap((value) => Array(784).fill(value)));
  assertAlmostEquals(unevenness(way(0, 0.25, 0.5, 0.75)), 1, 1e-12);
  assertAlmostEquals(unevenness(way(0, 0, 1, 1, 1)), 4, 1e-12);
  assertAlmostEquals(unevenness(way(0, 0.25, 1)), 1.5, 1e-12);
  assertEquals(unevenness(way(0.5, 0.5, 0.5)), 1);
});

Deno.test("compose() lays pictures out in rows and columns", () => {
  const [red, green, blue]: Color[] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
  const sheet = compose([
    [blank(2, 1, red), blank(1, 3, green)],
    [blank(1, 1, blue), blank(2, 1, red)],
  ]);
  assertEquals([sheet.width, sheet.height], [4, 4]);
  const letters = Array.from({ length: 16 }, (_, i) => {
    const color = sheet.pixels.subarray(3 * i, 3 * i + 3);
    return { "255,0,0": "r", "0,255,0": "g", "0,0,255": "b" }[`${color}`] ??
      ".";
  }).join("");
  assertEquals(letters, ["rrg.", "..g.", "..g.", "b.rr"].join(""));
});

/** Images of one ring, as many as that. */
async function writeRings(path: string, count: number): Promise<void> {
  const ring = Uint8Array.from({ length: 784 }, (_, i) => {
    const r = Math.hypot(i % 28 - 13.5, Math.floor(i / 28) - 13.5);
    return r > 6 && r < 9 ? 255 : 0;
  });
  const data = new Uint8Array(784 * count);
  for (let i = 0; i < count; i++) data.set(ring, 784 * i);
  await Deno.writeFile(path, writeIdx({ shape: [count, 28, 28], data }));
}

Deno.test("compare of equal images has no NaN", () =>
  inFolder(async (folder) => {
    await writeRings(join(folder, "rings.idx"), 8);
    const own = ["--images", "rings.idx", "--val-size", "3", "--epochs", "1"];
    const args = [
      ...SMALL_OWN,
      ...own,
      "--test-size",
      "2",
      "--latent-dim",
      "2",
    ];
    const { stdout } = await runWell(folder, "compare", args);
    assertMatch(stdout, /largest step \/[^]*? 1 +1 +0 +even/);
    assertNotMatch(stdout, /NaN/);
  }));

Deno.test("compare refuses a single image before it trains", () =>
  inFolder(async (folder) => {
    await writeRings(join(folder, "rings.idx"), 3);
    await refuses(
      /^error: a comparison takes two validation images at least, not 1\n$/,
      folder,
      "compare",
      [
        ...[...SMALL_OWN, "--images", "rings.idx", "--val-size", "1"],
        ...["--test-size", "0"],
      ],
    );
  }));

Deno.test("compare trains both models, draws and measures them, and trains neither again", () =>
  inFolder(async (folder) => {
    const args = [...SMALL, "--epochs", "2", "--latent-dim", "3"];
    const first = await runWell(folder, "compare", [...args, "--json"]);
    const result = JSON.parse(first.stdout);
    assertEquals([...(await snapshot(folder)).keys()], [
      ...PATHS,
      "comparison.png",
    ]);
    assertEquals(result.checkpoints, PATHS);
    for (const [i, path] of PATHS.entries()) {
      const { options, history } = await loadCheckpoint(join(folder, path));
      assertEquals(options.autoencoder, i === 0);
      assertEquals([options.latentDim, history.length], [3, 2]);
    }
    for (const model of [result.autoencoder, result.vae]) {
      assertEquals(model.aggregatedPosterior.mean.length, 3);
      assertGreater(model.squaredError.mean, 0);
      assertGreater(model.sampleDistance.mean, 0);
      assertGreater(model.unevenness.mean, 1);
      assertLess(model.unevenness.mean, 12);
    }
    const { autoencoder, vae, yardstick } = result;
    assertGreater(yardstick.sampleDistance.mean, 0);
    assertEquals("coverageDistance" in yardstick, false);
    assertEquals(autoencoder.squaredError.mean !== vae.squaredError.mean, true);
    for (const name of ["squaredError", "middleDistance", "unevenness"]) {
      const { mean, standardError } = result.difference[name];
      assertAlmostEquals(mean, vae[name].mean - autoencoder[name].mean, 1e-9);
      assertGreater(standardError, 0);
    }
    // What makes a digit hard for both is not in the difference.
    assertLess(
      result.difference.squaredError.standardError,
      Math.hypot(
        autoencoder.squaredError.standardError,
        vae.squaredError.standardError,
      ),
    );
    const picture = await Deno.readFile(join(folder, "comparison.png"));
    const { width, height } = PNG.sync.read(Buffer.from(picture));
    // Ten digits of 56 pixels and their gaps, twice; ten rows under four titles.
    assertEquals(width, 2 * (10 * 60 - 4 + 32));
    assertGreater(height, 10 * 60 + 3 * (32 + 32 - 4));

    const before = await snapshot(folder);
    const { stdout, stderr } = await runWell(folder, "compare", args);
    assertEquals(stderr.match(/finished before/g)?.length, 2);
    assertEquals(await snapshot(folder), before);
    for (
      const aspect of [
        "latent space",
        "sampling",
        "generation",
        "interpolation",
        "reconstruction",
      ]
    ) assertMatch(stdout, new RegExp(`^${aspect}:$`, "m"));
    const [, middle] = stdout.match(/middle to .*? ([\d.]+) ±/)!;
    assertAlmostEquals(Number(middle), autoencoder.middleDistance.mean, 0.05);

    await refuses(
      /vae\.safetensors is a run with --beta 1, not 4: choose another --checkpoint-dir/,
      folder,
      "compare",
      [...args, "--beta", "4"],
    );
    await refuses(
      /cannot write comparison\.png\/a\.png: a part of the path is a file/,
      folder,
      "compare",
      [...args, "--out", "comparison.png/a.png"],
    );
    assertStringIncludes(first.stderr, "VAE, β = 1: training on synthetic");

    // The autoencoder is the same, whatever the VAE's β.
    await Deno.remove(join(folder, PATHS[1]));
    const other = await runWell(folder, "compare", [...args, "--beta", "4"]);
    assertStringIncludes(other.stderr, "autoencoder: finished before");
    assertStringIncludes(other.stderr, "VAE, β = 4: training on synthetic");
    assertEquals(
      await Deno.readFile(join(folder, PATHS[0])),
      before.get(PATHS[0]),
    );
  }));
