/**
 * `deno task evaluate`: measures a trained model on a split.
 *
 * @module
 */
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { measure, type Metrics } from "../lib/metrics/metrics.ts";
import { isBlackOrWhite } from "../lib/metrics/pixels.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { trainingOptions } from "../lib/options/run.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { openImages, openTrainingImages } from "./shared/data.ts";
import { widthOf } from "./shared/columns.ts";
import {
  klRows,
  looseNotes,
  metricsTable,
  type Row,
} from "./shared/metrics_table.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, engineOptions } from "./shared/options.ts";
import { drawn, drawOf, NOT_LAROCHELLE } from "./shared/pixel_draw.ts";
import { Progress } from "./shared/progress.ts";
import {
  generated,
  measureGenerated,
  samplesRows,
} from "./shared/samples_table.ts";
import { Stages } from "./shared/time_left.ts";
import { nameRows } from "./shared/tables.ts";
import { say, tell } from "./shared/terminal.ts";

const flags = {
  split: common.split,
  limit: {
    type: "integer",
    default: null,
    min: 1,
    max: 1_000_000,
    help:
      "measure the first images of the split only; MNIST's are the easier " +
      "ones",
  },
  samples: {
    ...common.samples,
    help: "draws of z for each image, in the importance-weighted bound; from " +
      "1000 on it goes by the name of NLL",
  },
  generated,
  binarize: {
    type: "choice",
    default: "trained",
    choices: ["trained", "none", "static", "dynamic"],
    help: "pixels: as those of the training, of which one fixed draw is " +
      "measured where they were drawn anew; grey; or black and white by one " +
      "draw for all or one for each seed",
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
  const { split, limit, samples, seed, binarize: wanted } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { latentDim, likelihood, autoencoder, classCount } = checkpoint.options;
  if (wanted !== "trained" && wanted !== "none" && likelihood !== "bce") {
    throw new TaskError(
      `--binarize ${wanted} is for models that were trained with ` +
        `--likelihood bce, and ${options.checkpoint} was with ${likelihood}`,
    );
  }
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const train = await openTrainingImages(
    checkpoint,
    options.checkpoint,
    dataDir,
  );
  const draw = drawOf(checkpoint, train, wanted);
  // Measured on its own images, a model is not to be judged by more of them.
  const known = drawn(
    split === "train" ? first(train, limit) : train,
    draw,
    "train",
    seed,
  );
  const images = split === "train" ? known : drawn(
    first(await openImages(checkpoint, split, dataDir), limit),
    draw,
    split,
    seed,
  );

  const progress = new Progress();
  const quality = options.generated === null ? null : await measureGenerated(
    options.generated,
    { engine, checkpoint },
    // Samples are pixel means: grey, whatever the bounds are of.
    { images: await openImages(checkpoint, split, dataDir), train },
    seed,
    options,
    progress,
  );
  const drawing = `${counted(samples, "draw")} of z for each of ` +
    counted(images.count, "image");
  const stages = new Stages(progress, (stage, time) => {
    if (stage !== "sampling") return say(`${stage}: about ${time}`);
    say(`${drawing}: about ${time}; --limit N takes the first N images only`);
  });
  const measured = await measure({
    engine,
    model: checkpoint.options,
    images,
    train: known,
    samples,
    seed,
    onProgress: (stage, fraction) => stages.update(stage, fraction),
  }).finally(() => progress.clear());
  const metrics: Metrics = {
    ...measured,
    notes: [
      ...measured.notes,
      ...looseNotes(measured),
      ...draw === "static" && measured.elbo ? [NOT_LAROCHELLE] : [],
    ],
  };
  if (options.json) {
    const { beta } = checkpoint.options;
    console.log(JSON.stringify({
      checkpoint: options.checkpoint,
      dataset: checkpoint.data.name,
      split,
      likelihood,
      autoencoder,
      latentDim,
      ...(classCount > 0 && { classCount, labels: "true" }),
      beta,
      binarize: draw,
      seed,
      ...metrics,
      ...quality && { generated: quality },
    }));
    return;
  }
  tell(describe(checkpoint));
  const of = counted(metrics.images, `${split} image`);
  const which = limit === null ? of : `the first ${of}`;
  tell(`${which}, mean ± standard error`);
  const isGrey = !isBlackOrWhite(images.images);
  const [loss, ...groups] = metricsTable(metrics, checkpoint, isGrey);
  loss[1].push(...klRows(metrics));
  if (quality) groups.push(["Samples", samplesRows(quality, checkpoint)]);
  for (const [group, rows] of [loss, ...groups]) {
    console.log(`\n${group}\n${textOf(rows)}`);
  }
  for (const note of metrics.notes) tell(`\nnote: ${note}`);
};

/** Takes the first images of a set, or all of it. */
function first(set: ImageSet, limit: number | null): ImageSet {
  if (limit === null || limit >= set.count) return set;
  return {
    images: set.images.subarray(0, limit * IMAGE_PIXELS),
    labels: set.labels && set.labels.subarray(0, limit),
    count: limit,
  };
}

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
