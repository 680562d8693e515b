/**
 * `deno task sweep`: trains a model for each β and latent size.
 *
 * @module
 */
import { join } from "node:path";
import { encodePng } from "../lib/image/png.ts";
import { rateDistortion } from "../lib/image/rate_distortion.ts";
import { markdownTable } from "../lib/report/markdown.ts";
import { epochsOf, INACTIVE_KL } from "../lib/model/losses.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { checkFit } from "../lib/train/check.ts";
import { namesOf } from "./shared/beginning.ts";
import {
  defaults,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import { counted, fixed } from "../lib/text.ts";
import {
  commandLine,
  EXIT_INTERRUPTED,
  type Main,
  runTask,
  suggestNext,
  type Task,
} from "./shared/cli.ts";
import { checkData, openDataset } from "./shared/data.ts";
import { willWrite, writeOutput } from "./shared/files.ts";
import {
  checkpointFolder,
  checkpointWords,
  common,
  engineOptions,
  followRecipe,
  outFolder,
  pick,
  runOptions,
  training,
} from "./shared/options.ts";
import { type Detour, explain, type Run } from "./shared/run.ts";
import { findRun, finishRun } from "./shared/several_runs.ts";
import { textTable } from "./shared/tables.ts";
import { tell } from "./shared/terminal.ts";

const flags = {
  beta: {
    ...training.beta,
    type: "numbers",
    default: [0.25, 0.5, 1, 2, 4],
    help: "weights of the KL term",
  },
  latentDim: {
    ...training.latentDim,
    type: "integers",
    default: [12],
    help: "numbers of latent dimensions",
  },
  ...runOptions,
  checkpointDir: checkpointFolder("checkpoints/sweep"),
  outDir: outFolder("plots", "folder of the table and the picture"),
  scale: common.scale,
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task sweep` does. */
export const task: Task = {
  name: "sweep",
  summary:
    "Trains a model for each β and latent size; plots rate and distortion.",
  examples: ["--beta 0.5,1,2,4 --latent-dim 2,8,16 --epochs 5"],
  options: flags,
};

/** One line of the table. */
interface Row {
  readonly beta: number;
  readonly latentDim: number;
  readonly epochs: number;
  /** KL in nats. */
  readonly rate: number;
  /** The reconstruction, in the loss's unit. */
  readonly distortion: number;
  readonly total: number;
  /** Dimensions that carry more than 0.01 nats. */
  readonly active: number;
  readonly checkpoint: string;
}

const main: Main<typeof flags> = async (values, { given, signal }) => {
  const options = followRecipe(values, given);
  const { outDir, scale, likelihood, binarize, epochs } = options;
  const runs = runsOf(options);
  const files = ([
    ["sweep.md", "text"],
    ["sweep.json", "json"],
    ["rate-distortion.png", "png"],
  ] as const).map(([name, kind]) => ({ path: join(outDir, name), kind }));
  for (const run of runs) {
    checkFit(run.options, {}, namesOf(run.path, values, given));
  }
  checkData(options);
  for (const { path } of runs) await willWrite(path, "safetensors");
  for (const { path, kind } of files) await willWrite(path, kind);

  const dataset = await openDataset(options, signal, given);
  for (const run of runs) await findRun(run, dataset);

  const rows: Row[] = [];
  let split = "test";
  for (const [i, run] of runs.entries()) {
    const left = runs.length - i;
    using finished = await finishRun(run, dataset, options, signal, left);
    if (!finished) return EXIT_INTERRUPTED;
    split = finished.split;
    const { history } = finished.checkpoint;
    rows.push({
      beta: run.options.beta,
      latentDim: run.options.latentDim,
      epochs: epochsOf(history),
      rate: finished.losses.kl,
      distortion: finished.losses.reconstruction,
      total: finished.losses.total,
      active: history.at(-1)!.klPerDimension
        .filter((kl) => kl >= INACTIVE_KL).length,
      checkpoint: run.path,
    });
  }

  const unit = likelihood === "mse" ? "squared error" : "nats";
  const images = `${split} images${
    binarize === "none" ? "" : ", binary pixels"
  }`;
  const title = `${dataset.name}, ${images}, ${counted(epochs, "epoch")}`;
  const table = tableOf(rows, unit);
  const markdown = markdownTable(...table);
  const result = {
    dataset: dataset.name,
    split,
    likelihood,
    binarize,
    runs: rows,
  };
  const picture = rateDistortion(rows, {
    title: `Rate and distortion: ${title}`,
    yLabel: `distortion: reconstruction, ${unit} per image`,
    scale,
  });
  const encode = (text: string) => new TextEncoder().encode(text);
  const contents = [
    encode(`# ${title}\n\n${markdown}\n`),
    encode(JSON.stringify(result, null, 2) + "\n"),
    encodePng(picture, {
      Title: "Rate and distortion",
      Software: "@vae/mnist",
      "Data set": dataset.name,
    }),
  ];
  try {
    for (const [i, { path, kind }] of files.entries()) {
      await writeOutput(path, contents[i], kind);
    }
  } catch (error) {
    throw explain(error, { kept: "all runs are saved", command: again });
  }
  const paths = files.map(({ path }) => path);
  if (options.json) console.log(JSON.stringify({ ...result, files: paths }));
  else {
    console.log(`${textTable(...table)}\n`);
    tell(paths.join(" "));
    suggestNext("traverse", checkpointWords(rows.at(-1)!.checkpoint));
  }
};

/** Words the command that goes on: the same one. */
function again(detour?: Detour): string {
  return commandLine("sweep", detour);
}

type Options = OptionValues<typeof flags>;

/** Every combination, by latent size and then by β. */
function runsOf(
  { beta: betas, latentDim: sizes, checkpointDir, ...options }: Options,
): Run[] {
  const ascending = (values: readonly number[]) =>
    [...new Set(values)].sort((a, b) => a - b);
  return ascending(sizes).flatMap((latentDim) =>
    ascending(betas).map((beta): Run => ({
      name: `β = ${beta}, ${counted(latentDim, "latent dimension")}`,
      path: join(
        checkpointDir,
        `beta-${beta}-latent-${latentDim}.safetensors`,
      ),
      options: pick(
        { ...defaults(trainingOptions), ...options, beta, latentDim },
        trainingOptions,
      ),
      command: (_, detour) => again(detour),
    }))
  );
}

/** The names of the columns, and the rows. */
function tableOf(
  rows: readonly Row[],
  unit: string,
): [head: string[], rows: string[][]] {
  return [
    [
      "latent dimensions",
      "β",
      "epochs",
      "rate: KL (nats)",
      `distortion (${unit})`,
      "total",
      "active dimensions",
    ],
    rows.map((row) => [
      `${row.latentDim}`,
      `${row.beta}`,
      `${row.epochs}`,
      fixed(row.rate, 2),
      fixed(row.distortion, 2),
      fixed(row.total, 2),
      `${row.active}`,
    ]),
  ];
}

if (import.meta.main) await runTask(task, flags, main);
