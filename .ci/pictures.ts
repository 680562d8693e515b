/**
 * Makes the README's pictures of models again: `deno run -A .ci/pictures.ts`
 * trains those that `checkpoints/readme/` lacks, half a minute each, and writes
 * into `.github/pictures/`. `deno run -A .ci/pictures.ts explorer` makes that of
 * the explorer alone, for which it takes Chromium.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { loadCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { createEngine } from "../lib/engines.ts";
import { grid } from "../lib/image/grid.ts";
import { withHeading } from "../lib/image/heading.ts";
import { compose } from "../lib/image/picture.ts";
import { encodePng } from "../lib/image/png.ts";
import { sampleSheet } from "../lib/latent/sheets.ts";
import { measureLatents } from "../lib/latent/space.ts";
import { concatenate } from "../lib/math/concatenate.ts";
import { toUnitPixels } from "../lib/metrics/pixels.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { launch } from "../tests/chromium.ts";

const cwd = fileURLToPath(new URL("../", import.meta.url));
const MODELS = join(cwd, "checkpoints/readme");
const PICTURES = join(cwd, ".github/pictures");

/** What each row of the picture of β is, by how it is trained. */
const ROWS = {
  "autoencoder": ["--autoencoder"],
  "β = 0.1": ["--beta", "0.1"],
  "β = 1": [],
  "β = 4": ["--beta", "4"],
  "β = 8": ["--beta", "8"],
};

/** Digits in a row, of each kind. */
const COLUMNS = 8;

const isOnly = Deno.args.includes("explorer");
for (const [name, words] of Object.entries(ROWS)) {
  if (isOnly && name !== "β = 1") continue;
  const place = ["--checkpoint", pathOf(name), "--no-save-plots", "--continue"];
  await run("train", [
    "--dataset",
    "mnist",
    "--engine",
    "wasm",
    ...words,
    ...place,
  ]);
}
const of = ["--checkpoint", pathOf("β = 1"), "--out"];
if (!isOnly) {
  await drawBetas();
  for (
    const [task, picture] of [
      ["traverse", "traversal"],
      ["interpolate", "interpolation"],
      ["latents", "latents"],
      ["curves", "curves"],
    ]
  ) await run(task, [...of, join(PICTURES, `${picture}.png`)]);
}
await takeExplorer();

/** Takes a picture of what the page of the model shows first. */
async function takeExplorer(): Promise<void> {
  const path = join(MODELS, "explorer.html");
  await run("export", [...of, path, "--language", "en"]);
  const browser = await launch([]);
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  await page.goto(pathToFileURL(path).href);
  await page.waitForSelector("html[data-ready=true]", { state: "attached" });
  await page.screenshot({ path: join(PICTURES, "explorer.png") });
  await browser.close();
}

/** Draws what each model gives back of the same digits, and what it makes up. */
async function drawBetas(): Promise<void> {
  const { test } = await loadDataset({ dataset: "mnist" });
  const originals = test!.images.subarray(0, COLUMNS * IMAGE_PIXELS);
  const rebuilt: Float32Array[] = [toUnitPixels(originals)];
  const samples: Float32Array[] = [
    new Float32Array(COLUMNS * IMAGE_PIXELS).fill(1),
  ];
  for (const name of Object.keys(ROWS)) {
    const { options, state } = await loadCheckpoint(pathOf(name));
    const engine = await createEngine(options, { engine: "wasm" });
    await engine.writeState(state);
    const { mu } = await engine.encode(originals);
    rebuilt.push(await engine.decode(mu));
    const space = await measureLatents(engine, test!, "test images");
    const draw = { n: COLUMNS, seed: 0 };
    samples.push((await sampleSheet(engine, space, draw)).digits);
    engine.dispose();
  }
  const left = grid(concatenate(rebuilt), {
    columns: COLUMNS,
    rowLabels: ["originals", ...Object.keys(ROWS)],
    title: "Given back: test images and their reconstructions",
  });
  const right = grid(concatenate(samples), {
    columns: COLUMNS,
    title: "Made up: samples",
  });
  const picture = withHeading(compose([[left, right]]), {
    subtitle: "12 latent dimensions, mnist, 10 epochs, squared error",
  }, 16);
  const title = "What β does";
  await Deno.writeFile(
    join(PICTURES, "betas.png"),
    encodePng(picture, { Title: title, Software: "@vae/mnist" }),
  );
}

function pathOf(name: string): string {
  return join(MODELS, `${name.replace("β = ", "beta-")}.safetensors`);
}

async function run(task: string, words: readonly string[]): Promise<void> {
  const args = ["task", task, ...words];
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd })
    .spawn().status;
  if (!success) throw new Error(`deno ${args.join(" ")} failed`);
}
