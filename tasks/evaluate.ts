/**
 * `deno task evaluate`: measures a trained model on a split.
 *
 * @module
 */
import { binarize } from "../lib/dataset/binarize.ts";
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { measure } from "../lib/metrics/metrics.ts";
import { trainingOptions } from "../lib/options/run.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { openImages, openTrainingImages } from "./shared/data.ts";
import { widthOf } from "./shared/columns.ts";
import { klRows, metricsTable, type Row } from "./shared/metrics_table.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, engineOptions } from "./shared/options.ts";
import { Progress } from "./shared/progress.ts";
import { nameRows } from "./shared/tables.ts";
import { tell } from "./shared/terminal.ts";

const flags = {
  split: common.split,
  samples: common.samples,
  binarize: {
    type: "choice",
    default: "none",
    choices: ["none", "static", "dynamic"],
    help: "black-and-white pixels: one draw for all, or one for each seed",
  },
  seed: { ...trainingOptions.seed, help: "seed of z and of dynamic pixels" },
  dataDir: data.dataDir,
  checkpoint: common.checkpoint,
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task evaluate` does. */
export const task: Task = {
  name: "evaluate",
  summary:
    "Measures a model on a whole split: likelihood bounds, active units, probes.",
  examples: ["--split validation --samples 1000"],
  options: flags,
};

/** Columns of the names of what is measured. */
const NAMES = 26;

const main: Main<typeof flags> = async (options, { given }) => {
  const { split, samples, seed, binarize: binarization } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { latentDim, likelihood, autoencoder } = checkpoint.options;
  if (binarization !== "none" && likelihood !== "bce") {
    throw new TaskError(
      `--binarize ${binarization} is for models that were trained with ` +
        `--likelihood bce, and ${options.checkpoint} was with ${likelihood}`,
    );
  }
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const train = await openTrainingImages(
    checkpoint,
    options.checkpoint,
    dataDir,
  );
  const known = {
    ...train,
    images: binarize(train.images, binarization, "train", seed),
  };
  const images = split === "train"
    ? known
    : await openImages(checkpoint, split, dataDir).then((set): ImageSet => ({
      ...set,
      images: binarize(set.images, binarization, split, seed),
    }));

  const progress = new Progress();
  const metrics = await measure({
    engine,
    model: { latentDim, likelihood, autoencoder },
    images,
    train: known,
    samples,
    seed,
    onProgress: (stage, fraction) =>
      progress.update(fraction, `${stage} ${Math.round(100 * fraction)} %`),
  }).finally(() => progress.clear());
  if (options.json) {
    const { beta } = checkpoint.options;
    console.log(JSON.stringify({
      checkpoint: options.checkpoint,
      dataset: checkpoint.data.name,
      split,
      likelihood,
      autoencoder,
      latentDim,
      beta,
      binarize: binarization,
      seed,
      ...metrics,
    }));
    return;
  }
  tell(describe(checkpoint));
  const measured = counted(metrics.images, `${split} image`);
  tell(`${measured}, mean ± standard error`);
  const [loss, ...groups] = metricsTable(metrics, checkpoint, binarization);
  loss[1].push(...klRows(metrics));
  for (const [group, rows] of [loss, ...groups]) {
    console.log(`\n${group}\n${textOf(rows)}`);
  }
  for (const note of metrics.notes) tell(`\nnote: ${note}`);
};

/** Lays out a group of what is measured. */
function textOf(rows: readonly Row[]): string {
  const shown = rows.flatMap(([name, value, explanation]) => {
    if (value === null) return [];
    // Without an explanation the value may take the line, or several.
    return [[`  ${name}`, value, explanation].filter((cell) => cell !== "")];
  });
  const values = shown.filter((row) => row.length === 3)
    .map(([, value]) => widthOf(value));
  return nameRows(shown, [NAMES, 2 + Math.max(...values)]);
}

if (import.meta.main) await runTask(task, flags, main);
