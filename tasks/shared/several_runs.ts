/**
 * Several runs whose results are compared, each trained once.
 *
 * @module
 */
import { exists } from "@std/fs/exists";
import {
  type Checkpoint,
  loadCheckpoint,
} from "../../lib/checkpoint/checkpoint.ts";
import type { Dataset, Split } from "../../lib/dataset/dataset.ts";
import type { EngineChoice } from "../../lib/engines.ts";
import type { Losses } from "../../lib/model/losses.ts";
import type { TrainingOptions } from "../../lib/options/run.ts";
import { counted } from "../../lib/text.ts";
import { TaskError } from "./cli.ts";
import { flagOf } from "./flags.ts";
import { checkSameImages, RunError } from "../../lib/train/check.ts";
import { endOfRun } from "../../lib/train/patience.ts";
import { stepsOfEpoch, stepsOfRun } from "../../lib/train/schedule.ts";
import { claim } from "./files.ts";
import { type FinishedRun, type Run, trainRun } from "./run.ts";
import { say } from "./terminal.ts";

/** One of several runs after its last epoch. */
export interface MeasuredRun extends FinishedRun {
  readonly run: Run;
  /** Losses on `split`. */
  readonly losses: Losses;
  /** The test split, or the next best where there is none. */
  readonly split: Split;
}

/**
 * Trains one of several runs from where its checkpoint stands, saving it after
 * every epoch. A run that is finished is only loaded.
 *
 * @param runs How many such runs there are from this one on.
 * @returns Nothing if the signal ended it; what it has learnt is saved.
 * @throws {TaskError} As {@linkcode explain} words it, or if the file holds
 * another run.
 */
export async function finishRun(
  run: Run,
  dataset: Dataset,
  choice: EngineChoice,
  signal: AbortSignal,
  runs = 1,
): Promise<MeasuredRun | undefined> {
  const { name, path, options } = run;
  using _lock = await claim(path, flagOf("checkpointDir"));
  const resume = await findRun(run, dataset);
  say(
    `${name}: ` +
      (resume && isFinished(run, resume, dataset)
        ? `finished before (${path})`
        : resume
        ? `going on after step ${resume.state.step}`
        : `training on ${dataset.name}, ${
          counted(dataset.train.count, "image")
        }`),
  );
  const { warmupEpochs } = resume?.options ?? options;
  const finished = await trainRun({
    ...run,
    options: { ...options, warmupEpochs: options.warmupEpochs ?? warmupEpochs },
  }, {
    dataset,
    choice,
    signal,
    resume,
    saved: resume?.state.step,
    runs,
  });
  if (!finished) return;
  const { test } = finished.end;
  const { validation, train } = finished.checkpoint.history.at(-1)!;
  const [split, losses]: [Split, Losses] = test
    ? ["test", test]
    : validation
    ? ["validation", validation]
    : ["train", train];
  return { ...finished, run, losses, split };
}

/** Says whether a run has nothing left to train. */
export function isFinished(
  { options }: Pick<Run, "options">,
  checkpoint: Checkpoint,
  { train }: Dataset,
): boolean {
  const steps = stepsOfEpoch(options, train.count);
  return endOfRun(options, checkpoint, steps) !== undefined;
}

/** Options of the KL term. */
const OF_THE_KL: readonly (keyof TrainingOptions)[] = [
  "beta",
  "betaSchedule",
  "warmupEpochs",
  "capacity",
];

/**
 * Finds out how far a run is, before work is spent on those before it.
 *
 * @param place The option with which another file can be named.
 * @returns Its checkpoint, or nothing if it has not begun.
 * @throws {TaskError} If the file holds a run of other options or images.
 * @throws {CheckpointError} If the file cannot be used.
 */
export async function findRun(
  { path, options }: Pick<Run, "path" | "options">,
  dataset: Dataset,
  place: "checkpoint" | "checkpointDir" = "checkpointDir",
): Promise<Checkpoint | undefined> {
  if (!await exists(path)) return;
  const found = await loadCheckpoint(path);
  try {
    checkSameImages(dataset, found, { option: flagOf, checkpoint: path });
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw new TaskError(
      `${error.message}, or choose another ${flagOf(place)} for these`,
    );
  }
  for (const name of Object.keys(options) as (keyof TrainingOptions)[]) {
    if (found.options[name] === options[name]) continue;
    // An autoencoder has no KL term that these could weigh.
    if (options.autoencoder && OF_THE_KL.includes(name)) continue;
    // A share of the run is what it came to when the run began.
    if (name === "warmupEpochs" && options[name] === null) continue;
    // Where nothing else depends on the last epoch, a run may be prolonged.
    const isConstant = options.lrSchedule === "constant" &&
      options.lrWarmup === 0;
    const steps = stepsOfRun(
      options,
      stepsOfEpoch(options, dataset.train.count),
    );
    const isLonger = name === "epochs" && found.state.step <= steps;
    if (isLonger && isConstant) continue;
    const difference = name === "classCount"
      ? `${found.options[name] > 0 ? "with" : "without"} --conditional`
      : `with ${flagOf(name)} ${found.options[name]}, not ${options[name]}`;
    throw new TaskError(
      `${path} is a run ${difference}: choose another ${flagOf(place)}`,
    );
  }
  return found;
}
