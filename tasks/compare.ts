/**
 * `deno task compare`: the standard autoencoder and the VAE, side by side.
 *
 * @module
 */
import { join } from "node:path";
import type { Dataset, FoundImages, ImageSet } from "../lib/dataset/dataset.ts";
import { grid } from "../lib/image/grid.ts";
import { withHeading } from "../lib/image/heading.ts";
import { compose, type Picture } from "../lib/image/picture.ts";
import { NEIGHBORS } from "../lib/metrics/classes.ts";
import { toUnitPixels } from "../lib/metrics/pixels.ts";
import { permutation, streamKey } from "../lib/rng.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { checkFit } from "../lib/train/check.ts";
import { namesOf } from "./shared/beginning.ts";
import {
  defaults,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import {
  commandLine,
  EXIT_INTERRUPTED,
  type Main,
  runTask,
  suggestNext,
  type Task,
  TaskError,
} from "./shared/cli.ts";
import {
  Comparison,
  type Differences,
  differences,
  type Measured,
  type Yardstick,
} from "./shared/comparison.ts";
import { checkData, openDataset, seenBy } from "./shared/data.ts";
import { willWrite } from "./shared/files.ts";
import { range, show } from "./shared/metrics_table.ts";
import { inRows, interpolations } from "../lib/latent/interpolations.ts";
import { sampleSheet } from "../lib/latent/sheets.ts";
import { measureLatents } from "../lib/latent/space.ts";
import { concatenate } from "../lib/math/concatenate.ts";
import { firstImages } from "../lib/dataset/first_images.ts";
import { describe } from "./shared/model.ts";
import {
  checkpointFolder,
  checkpointWords,
  common,
  engineOptions,
  followRecipe,
  outFile,
  pick,
  runOptions,
  training,
} from "./shared/options.ts";
import { headingOf, writePicture } from "./shared/pictures.ts";
import { Progress } from "./shared/progress.ts";
import { textTable } from "./shared/tables.ts";
import { tell } from "./shared/terminal.ts";
import { type Detour, explain, type Run } from "./shared/run.ts";
import { findRun, finishRun, type MeasuredRun } from "./shared/several_runs.ts";

const flags = {
  latentDim: training.latentDim,
  beta: training.beta,
  ...runOptions,
  checkpointDir: checkpointFolder("checkpoints/compare"),
  out: outFile("comparison.png"),
  scale: common.digitScale,
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task compare` does. */
export const task: Task = {
  name: "compare",
  summary:
    "Compares the standard autoencoder and the VAE in a picture and a table.",
  examples: ["--latent-dim 2 --epochs 5"],
  options: flags,
};

/** Digits in a row of the picture. */
const COLUMNS = 10;
/** Rows of interpolations and of samples in the picture. */
const ROWS = 4;
/** Around the picture's heading, as around its sheets. */
const MARGIN = 16;

const main: Main<typeof flags> = async (values, { given, signal }) => {
  const options = followRecipe(values, given);
  const { checkpointDir } = options;
  const [autoencoderRun, vaeRun] = [true, false].map((autoencoder): Run => ({
    name: autoencoder ? "autoencoder" : `VAE, β = ${options.beta}`,
    path: join(
      checkpointDir,
      autoencoder ? "autoencoder.safetensors" : "vae.safetensors",
    ),
    options: pick(
      {
        ...defaults(trainingOptions),
        ...followRecipe(values, given, autoencoder),
        autoencoder,
      },
      trainingOptions,
    ),
    command: (_, detour) => again(detour),
  }));
  const runs = [autoencoderRun, vaeRun];
  for (const run of runs) {
    checkFit(run.options, {}, namesOf(run.path, values, given));
  }
  checkData(options, given);
  for (const { path } of runs) await willWrite(path, "safetensors");
  await willWrite(options.out, "png");

  const dataset = await openDataset(options, signal, given, checkImages);
  checkImages(dataset);
  for (const run of runs) await findRun(run, dataset);

  using resources = new DisposableStack();
  const models: MeasuredRun[] = [];
  for (const [i, run] of runs.entries()) {
    const left = runs.length - i;
    const finished = await finishRun(run, dataset, options, signal, left);
    if (!finished) return EXIT_INTERRUPTED;
    models.push(resources.use(finished));
  }
  try {
    await compare(models, dataset, options, signal);
  } catch (error) {
    throw explain(error, { kept: "both models are saved", command: again });
  }
};

/** Refuses a set that is too small for what is measured after the training. */
function checkImages(dataset: FoundImages): void {
  const split = (["test", "validation", "train"] as const)
    .find((split) => dataset[split]?.count)!;
  const { count } = dataset[split]!;
  if (count >= 2) return;
  throw new TaskError(
    `a comparison takes two ${split} images at least, not ${count}`,
  );
}

/** Words the command that goes on: the same one. */
function again(detour?: Detour): string {
  return commandLine("compare", detour);
}

/** Draws and measures both models. */
async function compare(
  models: readonly MeasuredRun[],
  dataset: Dataset,
  { out, scale, seed, json }: OptionValues<typeof flags>,
  signal: AbortSignal,
): Promise<void> {
  const { split, checkpoint } = models[0];
  const images = seenBy(checkpoint, dataset[split]!, split);
  const train = seenBy(checkpoint, dataset.train, "train");
  const order = permutation(images.count, streamKey(seed, "sample"), 0);
  const columns = await Promise.all(
    models.map((model) => column(model, images, order, seed, scale)),
  );
  const title = "The standard autoencoder, left, and the VAE, right: " +
    `${split} images`;
  const picture = withHeading(
    compose(columns[0].map((first, i) => [first, columns[1][i]])),
    headingOf(title, models[1].checkpoint),
    MARGIN,
  );
  await writePicture(out, picture, title, models[1].checkpoint);

  const comparison = new Comparison(train, images, order, seed);
  const progress = new Progress();
  const tickOf = (name: string) => async (stage: string, fraction: number) => {
    const percent = Math.round(100 * fraction);
    progress.update(fraction, `${name}: ${stage} ${percent} %`);
    // A breath, in which signals are served.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  };
  try {
    const [autoencoder, vae] = [
      await comparison.measure(models[0], tickOf("autoencoder")),
      await comparison.measure(models[1], tickOf("VAE")),
    ];
    const difference = differences(vae.perImage, autoencoder.perImage);
    const real = await comparison.real(tickOf(split));
    const yardstick = { ...real, pcaSquaredError: vae.pcaSquaredError };
    progress.clear();
    if (json) {
      console.log(JSON.stringify({
        out,
        checkpoints: models.map(({ run }) => run.path),
        dataset: dataset.name,
        split,
        options: models[1].run.options,
        autoencoder: autoencoder.measured,
        vae: vae.measured,
        difference,
        yardstick,
      }));
      return;
    }
    tell(
      `${describe(models[1].checkpoint)}, beside the autoencoder; ` +
        `${split} images, mean ± standard error; that of a difference is of ` +
        "the same images in pairs\n",
    );
    console.log(
      tableOf(
        autoencoder.measured,
        vae.measured,
        difference,
        yardstick,
        split,
      ),
    );
    tell(`\n${out}`);
    suggestNext("traverse", checkpointWords(models[1].run.path));
  } finally {
    progress.clear();
  }
}

/** Reconstructions, interpolations and samples of one model. */
async function column(
  { engine, checkpoint, split }: MeasuredRun,
  images: ImageSet,
  order: Uint32Array,
  seed: number,
  scale: number,
): Promise<Picture[]> {
  const { autoencoder, beta } = checkpoint.options;
  const name = autoencoder ? "Autoencoder" : `VAE, β = ${beta}`;
  const shown = firstImages(images, order, COLUMNS);
  const { mu } = await engine.encode(shown.images, shown.labels);
  const pairs = await interpolations(
    engine,
    images,
    order.subarray(0, 2 * ROWS),
    { steps: COLUMNS - 2 },
  );
  const samples = await sampleSheet(
    engine,
    await measureLatents(engine, images, `${split} images`),
    { n: ROWS * COLUMNS, seed },
  );
  const sheet = (digits: Float32Array, title: string) =>
    grid(digits, { columns: COLUMNS, scale, title: `${name}: ${title}` });
  return [
    sheet(
      concatenate([
        toUnitPixels(shown.images),
        await engine.decode(mu, shown.labels),
      ]),
      "originals above their reconstructions",
    ),
    sheet(
      inRows(pairs),
      "interpolations between originals",
    ),
    sheet(samples.digits, samples.title.replace(/^S/, "s")),
  ];
}

function tableOf(
  autoencoder: Measured,
  vae: Measured,
  difference: Differences,
  yardstick: Yardstick,
  split: string,
): string {
  const empty = Array(4).fill("");
  const row = (
    aspect: string,
    measure: string,
    value: (model: Measured) => string | null,
    beside: string,
    above: string | null = null,
  ) => [
    ...(aspect === "" ? [] : [["", ...empty], [`${aspect}:`, ...empty]]),
    [
      measure,
      value(autoencoder) ?? "–",
      value(vae) ?? "–",
      above ?? "",
      beside,
    ],
  ];
  const real = `${split} images`;
  return textTable(
    ["measured", "autoencoder", "VAE", "VAE − autoencoder", "beside"],
    [
      row(
        "latent space",
        `classes right by ${NEIGHBORS} nearest codes`,
        (m) => show(m.neighborAccuracy, 100, " %"),
        "",
        show(difference.neighborAccuracy, 100, " %"),
      ),
      row(
        "",
        "classes right by a linear probe",
        (m) => show(m.probeAccuracy, 100, " %"),
        "",
        show(difference.probeAccuracy, 100, " %"),
      ),
      row(
        "sampling",
        "mean of z, by dimension",
        (m) => range(m.aggregatedPosterior.mean),
        "prior: 0",
      ),
      row(
        "",
        "variance of z, by dimension",
        (m) => range(m.aggregatedPosterior.variance),
        "prior: 1",
      ),
      row(
        "generation",
        "sample to nearest training image, relative",
        (m) => show(m.sampleDistance),
        `${real}: ${show(yardstick.sampleDistance)}`,
      ),
      row(
        "interpolation",
        "largest step / mean step",
        (m) => show(m.unevenness),
        "even pace: 1",
        show(difference.unevenness),
      ),
      row(
        "",
        "middle to nearest training image, relative",
        (m) => show(m.middleDistance),
        `${real}: ${show(yardstick.sampleDistance)}`,
        show(difference.middleDistance),
      ),
      row(
        "reconstruction",
        "squared error, z = μ",
        (m) => show(m.squaredError),
        `PCA: ${show(yardstick.pcaSquaredError)}`,
        show(difference.squaredError),
      ),
    ].flat(),
  );
}

if (import.meta.main) await runTask(task, flags, main);
