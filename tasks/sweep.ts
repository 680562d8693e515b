/**
 * `deno task sweep`: trains a model for each β and latent size.
 *
 * @module
 */
import { join } from "node:path";
import { epochsOf, INACTIVE_KL } from "../lib/model/losses.ts";
import type { Split } from "../lib/dataset/dataset.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import { checkFit } from "../lib/train/check.ts";
import { namesOf } from "./shared/beginning.ts";
import {
  defaults,
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import {
  commandLine,
  EXIT_INTERRUPTED,
  type Main,
  runTask,
  suggestNext,
  type Task,
} from "./shared/cli.ts";
import { checkData, openDataset } from "./shared/data.ts";
import { inSection } from "./shared/flags.ts";
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
import { planLine } from "./shared/plan_line.ts";
import { type Detour, explain, type Run } from "./shared/run.ts";
import {
  findRun,
  finishRun,
  isFinished,
  type MeasuredRun,
} from "./shared/several_runs.ts";
import { type Row, sweepContents } from "./shared/sweep_results.ts";
import { say, sayCommand, tell } from "./shared/terminal.ts";

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
  ...inSection("Model and training", {
    seeds: {
      ...training.seed,
      type: "integers",
      default: [training.seed.default],
      help: "seeds to train each with; means and deviations are shown",
    },
  }),
  ...runOptions,
  plan: {
    type: "boolean",
    default: false,
    help:
      "train nothing: print the command of each run that is not finished, " +
      "for other machines or processes",
  },
  collect: {
    type: "boolean",
    default: false,
    help: "train nothing: take the runs that are finished, and say which are " +
      "missing",
  },
  checkpointDir: checkpointFolder("checkpoints/sweep"),
  outDir: outFolder("plots", "folder of the table and the picture"),
  scale: common.scale,
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

type Options = OptionValues<typeof flags>;

/** What is written. */
const FILES = [
  ["sweep.md", "text"],
  ["sweep.json", "json"],
  ["rate-distortion.png", "png"],
] as const;

/** The exit code where runs are missing. */
const EXIT_MISSING = 1;

/** What `deno task sweep` does. */
export const task: Task = {
  name: "sweep",
  summary:
    "Trains a model for each β and latent size; plots rate and distortion.",
  examples: [
    "--beta 0.5,1,2,4 --latent-dim 2,8,16 --epochs 5",
    "--beta 1,4 --seeds 0,1,2",
    "--beta 1,4 --seeds 0,1,2 --plan",
    "--beta 1,4 --seeds 0,1,2 --collect",
  ],
  options: flags,
};

const main: Main<typeof flags> = async (values, { given, signal }) => {
  checkFlags(values, given);
  const options = followRecipe(values, given);
  const { outDir, plan, collect } = options;
  const runs = runsOf(options, given);
  const files = FILES.map(([name, kind]) => ({
    path: join(outDir, name),
    kind,
  }));
  for (const run of runs) {
    checkFit(run.options, {}, namesOf(run.path, values, given));
  }
  checkData(options, given);
  if (!plan && !collect) {
    for (const { path } of runs) await willWrite(path, "safetensors");
  }
  if (!plan) {
    for (const { path, kind } of files) {
      await willWrite(path, kind);
    }
  }

  const dataset = await openDataset(options, signal, given);
  const left: Run[] = [];
  for (const run of runs) {
    const found = await findRun(run, dataset);
    const isOver = found && isFinished(run, found, dataset);
    if (!isOver) left.push(run);
    else if (plan) say(`${run.name}: finished before (${run.path})`);
  }
  const images = {
    ...pick(options, dataOptions),
    dataset: dataset.options.dataset,
  };
  const lineOf = (run: Run) =>
    planLine(run, images, pick(options, engineOptions));
  if (plan) {
    for (const line of left.map(lineOf)) console.log(line);
    const end = left.length > 0 ? "" : ": --collect makes the table";
    say(`${left.length} of ${counted(runs.length, "run")} to train${end}`);
    return;
  }

  const rows: Row[] = [];
  let split: Split = "test";
  const taken = collect ? runs.filter((run) => !left.includes(run)) : runs;
  for (const [i, run] of taken.entries()) {
    const after = taken.length - i;
    using finished = await finishRun(run, dataset, options, signal, after);
    if (!finished) return EXIT_INTERRUPTED;
    split = finished.split;
    rows.push(rowOf(finished));
  }
  const missing = collect ? left.map(lineOf) : [];
  if (rows.length > 0) {
    const contents = sweepContents(rows, options, {
      dataset: dataset.name,
      split,
      runs: runs.length,
      scale: options.scale,
    });
    try {
      for (const [i, { path, kind }] of files.entries()) {
        await writeOutput(path, contents.files[i], kind);
      }
    } catch (error) {
      throw explain(error, { kept: "all runs are saved", command: again });
    }
    const paths = files.map(({ path }) => path);
    if (options.json) {
      const { result } = contents;
      const more = collect ? { missing } : {};
      console.log(JSON.stringify({ ...result, files: paths, ...more }));
    } else {
      console.log(`${contents.text}\n`);
      tell(paths.join(" "));
      if (missing.length === 0) {
        suggestNext("traverse", checkpointWords(rows.at(-1)!.checkpoint));
      }
    }
  }
  if (missing.length === 0) return;
  say(
    `${missing.length} of ${counted(runs.length, "run")} missing. Train with:`,
  );
  for (const line of missing) sayCommand(`  ${line}`);
  return EXIT_MISSING;
};

/** Refuses flags that contradict each other. */
function checkFlags(
  { plan, collect, json }: Options,
  given: ReadonlySet<keyof Options>,
): void {
  const conflict = given.has("seed") && given.has("seeds")
    ? ["--seed", "--seeds"]
    : plan && collect
    ? ["--plan", "--collect"]
    : plan && json
    ? ["--plan", "--json"]
    : undefined;
  if (!conflict) return;
  const [flag, other] = conflict;
  throw new OptionError(`${flag} and ${other} do not go together`);
}

/** Returns what a run has come to. */
function rowOf({ run, checkpoint, losses }: MeasuredRun): Row {
  const { history } = checkpoint;
  const { beta, latentDim, seed } = run.options;
  return {
    beta,
    latentDim,
    seed,
    epochs: epochsOf(history),
    rate: losses.kl,
    distortion: losses.reconstruction,
    total: losses.total,
    active: history.at(-1)!.klPerDimension
      .filter((kl) => kl >= INACTIVE_KL).length,
    checkpoint: run.path,
  };
}

/** Words the command that goes on: the same one. */
function again(detour?: Detour): string {
  return commandLine("sweep", detour);
}

/** Every combination, by latent size, then by β, then by seed. */
function runsOf(
  { beta: betas, latentDim: sizes, seeds, checkpointDir, ...options }: Options,
  given: ReadonlySet<keyof Options>,
): Run[] {
  const ascending = (values: readonly number[]) =>
    [...new Set(values)].sort((a, b) => a - b);
  const isSeeded = given.has("seeds");
  return ascending(sizes).flatMap((latentDim) =>
    ascending(betas).flatMap((beta) =>
      ascending(isSeeded ? seeds : [options.seed]).map((seed): Run => {
        const name = `β = ${beta}, ${counted(latentDim, "latent dimension")}`;
        const file = `beta-${beta}-latent-${latentDim}`;
        // Seed 0 has the name it has without --seeds, so that it is found there.
        const isNamed = isSeeded && seed !== training.seed.default;
        return {
          name: isSeeded ? `${name}, seed ${seed}` : name,
          path: join(
            checkpointDir,
            `${file}${isNamed ? `-seed-${seed}` : ""}.safetensors`,
          ),
          options: pick(
            { ...defaults(trainingOptions), ...options, beta, latentDim, seed },
            trainingOptions,
          ),
          command: (_, detour) => again(detour),
        };
      })
    )
  );
}

if (import.meta.main) await runTask(task, flags, main);
