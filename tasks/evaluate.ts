/**
 * `deno task evaluate`: measures a trained model on a split.
 *
 * @module
 */
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { measure } from "../lib/metrics/metrics.ts";
import { binarize } from "../lib/metrics/pixels.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { openImages, openTrainingImages } from "./shared/data.ts";
import { klRows, metricsTable } from "./shared/metrics_table.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, engineOptions } from "./shared/options.ts";
import { Progress } from "./shared/progress.ts";

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
  dataDir: dataOptions.dataDir,
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
  console.log(describe(checkpoint));
  console.log(`${split}, ${metrics.images} images, mean ± standard error`);
  const [loss, ...groups] = metricsTable(metrics, checkpoint, binarization);
  loss[1].push(...klRows(metrics));
  for (const [group, rows] of [loss, ...groups]) {
    console.log(`\n${group}`);
    for (const [name, value, explanation] of rows) {
      if (value === null) continue;
      console.log(
        `  ${name.padEnd(26)}${value.padEnd(24)}${explanation}`.trimEnd(),
      );
    }
  }
  for (const note of metrics.notes) console.log(`\nnote: ${note}`);
};

if (import.meta.main) await runTask(task, flags, main);
