import { Buffer } from "node:buffer";
import { join } from "node:path";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { nameDimensions } from "../lib/latent/named_dimensions.ts";
import { priorScale } from "../lib/latent/scale.ts";
import { initialState } from "../lib/model/init.ts";
import { modelSpec } from "../lib/model/spec.ts";
import type { TaskName } from "./tasks.ts";
import { permutation, streamKey } from "../lib/rng.ts";
import {
  refuses,
  runTask,
  runWell,
  snapshot,
  TINY,
  untrained,
} from "./process.ts";
import { inFolder } from "./folder.ts";

const ENGINE = ["--engine", "wasm", "--threads", "1"];
const CHECKPOINT = "checkpoints/vae.safetensors";

/** KL of three dimensions; the second is the most active, then the third. */
const KL = [0.25, 1.5, 0.75];

interface Run {
  latentDim?: number;
  /** Whether an epoch is finished. */
  finished?: boolean;
  autoencoder?: boolean;
  /** The user's own file of images, without labels. */
  images?: string;
  /** Whether its images were in memory. */
  inMemory?: boolean;
}

/**
 * A model that has learnt nothing, on four synthetic digits a split; its
 * weights are large and its outputs logits, so that it decodes into many greys.
 */
function checkpoint(
  { latentDim = 3, finished = true, autoencoder = false, images, inMemory }:
    Run,
): Uint8Array {
  const run = decodeCheckpoint(untrained());
  const state = initialState(modelSpec(latentDim), 0);
  const loss = { total: 30, reconstruction: 27.5, kl: 2.5 };
  const klPerDimension = Array.from({ length: latentDim }, (_, k) => KL[k]);
  const record = {
    epoch: 1,
    step: 0,
    beta: 1,
    capacity: 0,
    train: loss,
    validation: loss,
    klPerDimension,
  };
  return encodeCheckpoint({
    ...run,
    options: { ...run.options, latentDim, autoencoder, likelihood: "bce" },
    data: {
      ...run.data,
      name: images ?? run.data.name,
      digest: images === undefined ? run.data.digest : null,
      options: {
        ...run.data.options,
        ...(inMemory && { dataset: "auto" }),
        images: images ?? null,
        valSize: 1,
      },
    },
    state: { ...state, parameters: state.parameters.map((x) => 3 * x) },
    history: finished ? [record] : [],
  });
}

function withRun(
  run: Run,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "checkpoints"));
    await Deno.writeFile(join(folder, CHECKPOINT), checkpoint(run));
    await body(folder);
  });
}

/** Runs a task for its JSON, which is all that it prints. */
async function json(
  folder: string,
  name: TaskName,
  ...args: string[]
): Promise<Record<string, unknown>> {
  const engine = name === "curves" ? [] : ENGINE;
  const { stdout, stderr } = await runWell(folder, name, [
    ...engine,
    "--json",
    ...args,
  ]);
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

async function readPng(folder: string, path: string): Promise<PNG> {
  return PNG.sync.read(Buffer.from(await Deno.readFile(join(folder, path))));
}

/** The greys of the cell whose left upper corner is at (x, y), at scale 2. */
function cell({ width, data }: PNG, x: number, y: number): number[] {
  return Array.from(
    { length: 784 },
    (_, i) =>
      data[4 * ((y + 2 * Math.floor(i / 28)) * width + x + 2 * (i % 28))],
  );
}

/** The four test images that the checkpoints' options choose. */
async function testImages(): Promise<{ images: number[][]; labels: number[] }> {
  const { test } = await loadDataset({ dataset: "synthetic", limit: 4 });
  const { images, labels } = test!;
  return {
    images: [0, 1, 2, 3].map((i) => [
      ...images.subarray(784 * i, 784 * (i + 1)),
    ]),
    labels: [...labels!],
  };
}

/** KL and variance of μ of each dimension on the test images, by the formulas. */
async function measured(
  { latentDim = 3, autoencoder = false }: Run,
): Promise<{ kl: number | null; variance: number; mean: number }[]> {
  const { test } = await loadDataset({ dataset: "synthetic", limit: 4 });
  const { options, state } = decodeCheckpoint(checkpoint({ latentDim }));
  const engine = new WasmEngine({
    ...options,
    patience: undefined,
    batchSize: 4,
    threads: 1,
  });
  engine.writeState(state);
  const { mu, logvar } = await engine.encode(test!.images);
  engine.dispose();
  const mean = (of: (i: number) => number) =>
    [0, 1, 2, 3].reduce((sum, i) => sum + of(i), 0) / 4;
  return Array.from({ length: latentDim }, (_, d) => {
    const m = (i: number) => mu[i * latentDim + d];
    const l = (i: number) => logvar[i * latentDim + d];
    return {
      kl: autoencoder
        ? null
        : mean((i) => -0.5 * (1 + l(i) - m(i) ** 2 - Math.exp(l(i)))),
      variance: mean((i) => m(i) ** 2) - mean(m) ** 2,
      mean: mean(m),
    };
  });
}

Deno.test("interpolate draws decoded digits between two originals", () =>
  withRun({}, async (folder) => {
    const { images } = await testImages();
    const args = ["--from-index", "3", "--to-index", "1", "--steps", "4"];
    const report = await json(folder, "interpolate", ...args);
    assertEquals(report, {
      out: "interpolation.png",
      animation: null,
      pairs: [[3, 1]],
      steps: 4,
      mode: "linear",
    });
    const picture = await readPng(folder, "interpolation.png");
    // Six cells of 56 pixels, 4 apart, between margins of 16.
    const left = picture.width - 16 - 6 * 56 - 5 * 4;
    const top = picture.height - 16 - 56;
    assertEquals(cell(picture, left, top), images[3]);
    assertEquals(cell(picture, left + 5 * 60, top), images[1]);
    const decoded = [1, 2, 3, 4].map((i) => cell(picture, left + 60 * i, top));
    assertEquals(new Set(decoded.map(String)).size, 4);
    assert(!decoded.map(String).includes(String(images[3])));
    const slerp = ["--mode", "slerp", "--out", "arc.png"];
    await json(folder, "interpolate", ...args, ...slerp);
    const arc = await readPng(folder, "arc.png");
    const below = arc.height - 16 - 56; // its title may take other lines
    assertEquals(cell(arc, left + 60, below), decoded[0]);
    assertEquals(cell(arc, left + 240, below), decoded[3]);
    const same = await readPng(folder, "interpolation.png");
    assertEquals(picture.data.equals(same.data), true);
  }));

Deno.test("interpolate chooses pairs by the seed, or by their classes", () =>
  withRun({}, async (folder) => {
    const { labels } = await testImages();
    const { pairs } = await json(folder, "interpolate", "--seed", "5");
    const order = permutation(4, streamKey(5, "sample"), 0);
    assertEquals(pairs, [[order[0], order[2]], [order[1], order[3]]]);
    const one = await json(folder, "interpolate", "--seed", "5", "-n", "1");
    assertEquals(one.pairs, [[order[0], order[2]]]);
    const [from, to] = [labels[2], labels.find((l) => l !== labels[2])];
    const chosen = await json(
      folder,
      "interpolate",
      "--classes",
      `${from},${to}`,
    );
    for (const [a, b] of chosen.pairs as number[][]) {
      assertEquals([labels[a], labels[b]], [from, to]);
    }
    assertEquals((chosen.pairs as number[][]).length, 1);
  }));

Deno.test("interpolate --gif goes there and back between the originals", () =>
  withRun({}, async (folder) => {
    const { animation } = await json(
      folder,
      "interpolate",
      ..."--gif --steps 3 --out new/way.PNG".split(" "),
    );
    assertEquals(animation, "new/way.gif");
    assertEquals(
      [...(await snapshot(folder)).keys()],
      [CHECKPOINT, "new/way.PNG", "new/way.gif"],
    );
    const file = await Deno.readFile(join(folder, "new/way.gif"));
    const text = new TextDecoder().decode(file.slice(-400));
    assertStringIncludes(text, "Interpolations between the codes of two test");
    assertStringIncludes(text, "1 epoch, cross-entropy");
    assertStringIncludes(text, "Data set: synthetic");
    assertEquals(countFrames(file), 4); // 0, 1, 2, 1
  }));

/** Graphic control extensions by their fixed bytes. */
function countFrames(file: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < file.length - 8; i++) {
    if (
      file[i] === 0x21 && file[i + 1] === 0xf9 && file[i + 2] === 4 &&
      file[i + 7] === 0 && file[i + 8] === 0x2c
    ) count++;
  }
  return count;
}

Deno.test("traverse sorts dimensions by KL, around 0 or an image", () =>
  withRun({}, async (folder) => {
    const args = ["--range", "2", "--steps", "3", "--gif"];
    const { dimensions, ...report } = await json(folder, "traverse", ...args);
    assertEquals(report, {
      out: "traversal.png",
      animation: "traversal.gif",
      index: null,
      offsets: [-2, 0, 2],
    });
    const found = dimensions as Found[];
    const expected = await measured({});
    for (const { index, name, kl, variance } of found) {
      assertEquals(name, `z${index + 1}`);
      assertAlmostEquals(kl! / expected[index].kl!, 1, 1e-5);
      assertAlmostEquals(variance! / expected[index].variance, 1, 1e-3);
    }
    assert(found[0].kl! > found[1].kl! && found[1].kl! > found[2].kl!);
    const picture = await readPng(folder, "traversal.png");
    const left = picture.width - 16 - 3 * 56 - 2 * 4;
    const top = picture.height - 16 - 3 * 56 - 2 * 4;
    const middles = [0, 1, 2].map((row) =>
      cell(picture, left + 60, top + 60 * row)
    );
    assertEquals(middles[1], middles[0]);
    assertEquals(middles[2], middles[0]);
    const others = [0, 1, 2].flatMap((row) => [
      cell(picture, left, top + 60 * row),
      cell(picture, left + 120, top + 60 * row),
    ]);
    assertEquals(new Set([...others, middles[0]].map(String)).size, 7);

    // Around an image, the middle is its reconstruction.
    await json(folder, "traverse", ...args, "--index", "2", "--out", "at.png");
    const around = await readPng(folder, "at.png");
    const aroundTop = around.height - 16 - 3 * 56 - 2 * 4;
    await json(folder, "reconstruct");
    const pairs = await readPng(folder, "reconstructions.png");
    const first = pairs.width - 16 - 4 * 56 - 3 * 4;
    assertEquals(
      cell(around, left + 60, aroundTop),
      cell(pairs, first + 120, pairs.height - 16 - 56),
    );
  }));

/** A dimension as `--json` lists it. */
interface Found {
  index: number;
  name: string;
  kl: number | null;
  variance: number | null;
  factor: string | null;
  r2: number | null;
  change: number | null;
}

Deno.test("traverse orders by the last epoch's KL without images, or by number", async () => {
  const own = { images: "gone.idx" };
  await withRun(own, async (folder) => {
    const { dimensions } = await json(folder, "traverse", "--steps", "2");
    assertEquals(
      (dimensions as Found[]).map(({ name, kl }) => [name, kl]),
      [["z2", 1.5], ["z3", 0.75], ["z1", 0.25]],
    );
  });
  await withRun({ ...own, finished: false }, async (folder) => {
    const { dimensions } = await json(folder, "traverse", "--steps", "2");
    assertEquals(
      (dimensions as Found[]).map(({ index, name, kl, variance }) => [
        ...[index, name, kl, variance],
      ]),
      [0, 1, 2].map((index) => [index, `z${index + 1}`, null, null]),
    );
  });
});

Deno.test("traverse says what is seen to change, in its rows and in its JSON", () =>
  withRun({}, async (folder) => {
    // Zeros decode into one picture, in which nothing is seen to change.
    const run = checkpoint({});
    const { state, ...rest } = decodeCheckpoint(run);
    const zeros = state.parameters.map((x) => 0 * x);
    const flat = encodeCheckpoint({
      ...rest,
      state: { ...state, parameters: zeros },
    });
    await Deno.writeFile(join(folder, "flat.safetensors"), flat);
    const args = ["--checkpoint", "flat.safetensors", "--out", "flat.png"];
    const unseen = await json(folder, "traverse", ...args);
    const seen = await json(folder, "traverse");
    const engine = new WasmEngine({
      ...rest.options,
      patience: undefined,
      batchSize: 4,
      threads: 1,
    });
    engine.writeState(state);
    const names = await nameDimensions(
      (z) => engine.decode(z),
      priorScale(3),
    );
    engine.dispose();
    assert(names.some((name) => name !== null));
    const nothing = { factor: null, r2: null, change: null };
    for (const { index, factor, r2, change } of seen.dimensions as Found[]) {
      assertEquals({ factor, r2, change }, names[index] ?? nothing);
    }
    for (const { factor, r2, change } of unseen.dimensions as Found[]) {
      assertEquals({ factor, r2, change }, nothing);
    }
    // Rows that say more leave more room at their left.
    const [wide, narrow] = await Promise.all(
      ["traversal.png", "flat.png"].map((name) => readPng(folder, name)),
    );
    assertGreater(wide.width, narrow.width);
  }));

Deno.test("an autoencoder is drawn on the scale of its codes", () =>
  withRun({ autoencoder: true }, async (folder) => {
    const codes = await measured({ autoencoder: true });
    const report = await json(
      folder,
      "traverse",
      ...["--range", "2", "--steps", "3", "--scale", "2"],
    );
    const found = report.dimensions as Found[];
    assertEquals(found.map(({ kl }) => kl), [null, null, null]);
    const byVariance = codes.map((_, d) => d)
      .sort((a, b) => codes[b].variance - codes[a].variance);
    assertEquals(found.map(({ index }) => index), byVariance);

    // The digits are those of mean ± 2 σ, decoded here.
    const { options, state } = decodeCheckpoint(
      checkpoint({ autoencoder: true }),
    );
    const engine = new WasmEngine({
      ...options,
      patience: undefined,
      batchSize: 4,
      threads: 1,
    });
    engine.writeState(state);
    const z = Float32Array.from(codes, ({ mean }) => mean);
    z[byVariance[0]] += 2 * Math.sqrt(codes[byVariance[0]].variance);
    const decoded = await engine.decode(z);
    engine.dispose();
    const picture = await readPng(folder, "traversal.png");
    const [left, top] = [
      picture.width - 16 - 56,
      picture.height - 16 - 3 * 56 - 2 * 4,
    ];
    cell(picture, left, top).forEach((grey, i) =>
      assertAlmostEquals(grey, 255 * decoded[i], 2)
    );

    for (const name of ["sample", "manifold", "latents"] as const) {
      const { stdout, stderr } = await runWell(folder, name, ENGINE);
      assertEquals(stderr, "");
      assertEquals(/prior|posterior|KL|μ/.test(stdout), false, stdout);
    }
    const text = new TextDecoder("latin1").decode(
      await Deno.readFile(join(folder, "samples.png")),
    );
    assertEquals(/prior/.test(text), false);
  }));

Deno.test("an autoencoder without images says by what it is drawn", () =>
  withRun({ autoencoder: true, images: "gone.idx" }, async (folder) => {
    const { stderr } = await runWell(folder, "sample", ENGINE);
    assertMatch(
      stderr,
      /^note: .*gone\.idx.*; without images the scale of the autoencoder's codes is not known, .*\n$/,
    );
  }));

Deno.test("manifold maps all of two dimensions, or the most active", async () => {
  await withRun({ latentDim: 2 }, async (folder) => {
    const { stdout } = await runWell(folder, "manifold", [
      ...ENGINE,
      "-n",
      "4",
    ]);
    assertMatch(stdout, /^manifold\.png: z1 to the right, z2 upward, over /);
    const picture = await readPng(folder, "manifold.png");
    // Cells touch: the rows of one column are one strip without a white line.
    const left = picture.width - 16 - 4 * 56;
    const isBlank = (y: number) =>
      Array.from(
        { length: 4 * 56 },
        (_, x) => picture.data[4 * (y * picture.width + left + x)],
      )
        .every((grey) => grey === 255);
    const top = picture.height - 16 - 4 * 56;
    const blank = Array.from(
      { length: 4 * 56 + 2 },
      (_, i) => isBlank(top - 1 + i),
    );
    assertEquals(blank.indexOf(false), 1);
    assertEquals(blank.lastIndexOf(true), 4 * 56 + 1);
    assertEquals(blank.filter((is) => is).length, 2);
  });
  await withRun({}, async (folder) => {
    const { stdout } = await runWell(folder, "manifold", [
      ...ENGINE,
      "-n",
      "2",
    ]);
    const { quantiles, dimensions } = await json(
      folder,
      "manifold",
      "-n",
      "2",
    );
    const expected = await measured({});
    const [x, y] = expected.map(({ kl }, d) => ({ kl: kl!, name: `z${d + 1}` }))
      .sort((a, b) => b.kl - a.kl);
    assertEquals(
      (dimensions as Found[]).map(({ name }) => name),
      [x.name, y.name],
    );
    assertStringIncludes(
      stdout.replaceAll(/\s+/g, " "),
      `${x.name} to the right, ${y.name} upward, over equal shares of the ` +
        "prior, in σ; the others at 0",
    );
    const [low, high] = quantiles as number[];
    assert(Math.abs(high - 0.6744897501960817) < 1e-12 && low === -high);
  });
});

Deno.test("latents plots along dimensions, or along components", () =>
  withRun({}, async (folder) => {
    const plain = await json(folder, "latents");
    const [x, y] = (await measured({}))
      .map(({ kl }, d) => ({ kl: kl!, name: `z${d + 1}` }))
      .sort((a, b) => b.kl - a.kl);
    const { axes: shown, ...rest } = plain;
    assertEquals(rest, { out: "latents.png", split: "test", n: 4 });
    [x, y].forEach(({ name, kl }, i) => {
      const [, value] = (shown as string[])[i].match(
        new RegExp(`^μ of ${name} \\(KL ([\\d.]+) nats\\)$`),
      )!;
      assertAlmostEquals(Number(value) / kl, 1, 1e-4);
    });
    const picture = await readPng(folder, "latents.png");
    assertEquals(picture.width, 914);
    const { axes } = await json(
      folder,
      "latents",
      ..."--pca --scale 2 --out pca.png".split(" "),
    );
    const shares = (axes as string[]).map((axis, k) => {
      const [, share] = axis.match(
        new RegExp(`^principal component ${k + 1} of μ \\((\\d+)% of the`),
      )!;
      return Number(share);
    });
    assert(shares[0] >= shares[1] && shares[0] + shares[1] <= 100);
    assertEquals((await readPng(folder, "pca.png")).width, 2 * 914);
  }));

Deno.test("curves redraws the losses without an engine", () =>
  withRun({}, async (folder) => {
    const { out, history } = await json(folder, "curves", "--scale", "2");
    assertEquals(out, "loss-curves.png");
    assertEquals((history as unknown[]).length, 1);
    assertEquals((await readPng(folder, "loss-curves.png")).width, 2 * 1020);
  }));

Deno.test("pictures of digits are as large as --scale says", () =>
  withRun({}, async (folder) => {
    const sizes: [TaskName, string[]][] = [
      ["sample", ["-n", "1"]],
      ["manifold", ["-n", "2"]],
      ["reconstruct", ["-n", "1"]],
      ["traverse", ["--steps", "2"]],
      ["interpolate", ["-n", "1", "--steps", "2"]],
    ];
    for (const [name, args] of sizes) {
      const heights = [];
      for (const scale of ["1", "3"]) {
        const { out } = await json(folder, name, ...args, "--scale", scale);
        heights.push((await readPng(folder, out as string)).height);
      }
      assert(heights[1] > heights[0], `${name}: ${heights}`);
    }
  }));

Deno.test("--preview shows digits on stderr, in one row", () =>
  withRun({}, async (folder) => {
    const names: TaskName[] = [
      "sample",
      "reconstruct",
      "interpolate",
      "traverse",
      "manifold",
    ];
    for (const name of names) {
      const { stdout, stderr } = await runWell(
        folder,
        name,
        [
          ...ENGINE,
          "--preview",
          "-n",
          "6",
        ].slice(0, name === "traverse" ? -2 : undefined),
      );
      const lines = stderr.split("\n");
      assertEquals(lines.length, 8, name);
      for (const line of lines.slice(0, 7)) {
        assertMatch(line, /^[ ▀▄█]{14,74}$/);
      }
      assertMatch(stdout, /\.png: /);
    }
  }));

Deno.test("train --animate decodes the same z before and after every epoch", () =>
  inFolder(async (folder) => {
    const args = [...TINY, "--animate", "--epochs", "2", "--json"];
    const { stdout } = await runWell(folder, "train", args);
    assertEquals(JSON.parse(stdout).pictures, ["plots/animation.gif"]);
    assertEquals(
      [...(await snapshot(folder)).keys()],
      [CHECKPOINT, "plots/animation.gif"],
    );
    const file = await Deno.readFile(join(folder, "plots/animation.gif"));
    assertEquals(countFrames(file), 3);
    // A resumed run goes on from where it stands.
    const resume = ["--resume", CHECKPOINT, "--animate", "--epochs", "3"];
    await runWell(folder, "train", [...resume, ...TINY.slice(0, 4)]);
    const again = await Deno.readFile(join(folder, "plots/animation.gif"));
    assertEquals(countFrames(again), 2);
  }));

const complaints: [Run, TaskName, string[], RegExp][] = [
  [
    {},
    "interpolate",
    ["--from-index", "4", "--to-index", "0"],
    /no image 4:.*0 to 3/,
  ],
  [{}, "interpolate", ["--from-index", "0", "--to-index", "99"], /no image 99/],
  [{}, "traverse", ["--index", "4"], /no image 4:.*the 4 images/],
  [{ latentDim: 1 }, "manifold", [], /one latent dimension.*takes two/],
  [{ latentDim: 1 }, "latents", [], /one latent dimension.*takes two/],
  [{ finished: false }, "curves", [], /has no history to draw/],
  [
    { inMemory: true },
    "reconstruct",
    [],
    /in memory, synthetic, which .* `deno task encode --images PATH`$/m,
  ],
  [{ images: "own.idx" }, "latents", [], /own\.idx has no labels to colour/],
  [{ images: "own.idx" }, "latents", ["--split", "train"], /no labels/],
  [
    { images: "own.idx" },
    "interpolate",
    ["--split", "train", "--classes", "1,2"],
    /no labels to find --classes by/,
  ],
];

for (const [run, name, args, message] of complaints) {
  const what = [name, ...args, JSON.stringify(run)].join(" ");
  Deno.test(`${what} is refused in one line`, () =>
    withRun(run, async (folder) => {
      await Deno.writeFile(join(folder, "own.idx"), ownImages());
      const engine = name === "curves" ? [] : ENGINE;
      await refuses(message, folder, name, [...engine, ...args]);
    }));
}

/** An IDX file of three grey images. */
function ownImages(): Uint8Array {
  const header = Uint8Array.of(
    0,
    0,
    8,
    3,
    0,
    0,
    0,
    3,
    0,
    0,
    0,
    28,
    0,
    0,
    0,
    28,
  );
  const file = new Uint8Array(header.length + 3 * 784).fill(99);
  file.set(header);
  return file;
}

Deno.test("interpolate refuses a class that no image is of", () =>
  withRun({}, async (folder) => {
    const { labels } = await testImages();
    const absent = [...Array(10).keys()].find((l) => !labels.includes(l));
    await refuses(
      new RegExp(`none of the 4 test images is of class ${absent}`),
      folder,
      "interpolate",
      [...ENGINE, "--classes", `${labels[0]},${absent}`],
    );
  }));

const mistakes: [string[], RegExp][] = [
  [["--classes", "3"], /--classes takes two classes such as 3,8, not "3"/],
  [["--classes", "3,300"], /--classes takes two classes.*not "3,300"/],
  [["--classes", "a,b"], /--classes takes two classes/],
  [["--from-index", "3"], /go together/],
  [["--to-index", "3"], /go together/],
  [["--from-index", "3", "--to-index", "4", "-n", "2"], /are one pair/],
  [
    ["--from-index", "3", "--to-index", "4", "--classes", "1,2"],
    /are one pair/,
  ],
  [["--steps", "1"], /--steps .*from 2/],
];

for (const [args, message] of mistakes) {
  Deno.test(`interpolate ${args.join(" ")} is a mistake in use`, () =>
    withRun({}, async (folder) => {
      const before = await snapshot(folder);
      const { code, stderr } = await runTask(folder, "interpolate", args);
      assertMatch(stderr, message);
      assertEquals(code, 2);
      assertEquals(await snapshot(folder), before);
    }));
}

Deno.test("a picture that cannot be written leaves nothing behind", () =>
  withRun({}, async (folder) => {
    const names: TaskName[] = [
      "interpolate",
      "traverse",
      "manifold",
      "latents",
      "curves",
    ];
    for (const name of names) {
      const engine = name === "curves" ? [] : ENGINE;
      const args = [...engine, "--out", `${CHECKPOINT}/a.png`];
      await refuses(/is a file, not a folder/, folder, name, args);
    }
  }));
