/**
 * What the tasks that train have in common.
 *
 * @module
 */
import {
  type Checkpoint,
  CheckpointError,
  loadCheckpoint,
  saveCheckpoint,
} from "../../lib/checkpoint/checkpoint.ts";
import { lockCheckpoint, LockedError } from "../../lib/files/lock.ts";
import {
  type Dataset,
  loadDataset,
  type Split,
} from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { createEngine, type EngineChoice } from "../../lib/engines.ts";
import type { OptionTable, OptionValues } from "../../lib/options/table.ts";
import {
  type DataOptions,
  dataOptions,
  type TrainingOptions,
} from "../../lib/options/run.ts";
import type { Losses } from "../../lib/model/losses.ts";
import {
  type EpochEvent,
  NonFiniteLossError,
  type ProgressEvent,
} from "../../lib/train/events.ts";
import { trainLoop } from "../../lib/train/trainer.ts";
import { commandOf, flagOf, TaskError } from "./cli.ts";
import type { TaskName } from "./options.ts";
import { duration, Progress } from "./progress.ts";

/** A run whose checkpoint may be there already. */
export interface Run {
  /** What it is called in messages. */
  readonly name: string;
  /** The checkpoint's file. */
  readonly path: string;
  readonly options: TrainingOptions;
}

/** A run after its last epoch. */
export interface FinishedRun {
  readonly checkpoint: Checkpoint;
  /** Holds the model; to be disposed of. */
  readonly engine: Engine;
  /** Losses on `split`. */
  readonly losses: Losses;
  /** The test split, or the next best where there is none. */
  readonly split: Split;
}

/**
 * Finds out how far a run is, before work is spent on those before it.
 *
 * @returns Its checkpoint, or nothing if it has not begun.
 * @throws {TaskError} If the file holds a run of other options or images.
 * @throws {CheckpointError} If the file cannot be used.
 */
export async function findRun(
  { path, options }: Run,
  dataset: Dataset,
): Promise<Checkpoint | undefined> {
  let found;
  try {
    found = await loadCheckpoint(path);
  } catch (error) {
    const isAbsent = error instanceof CheckpointError &&
      error.cause instanceof Deno.errors.NotFound;
    if (!isAbsent) throw error;
    return;
  }
  checkSameImages(dataset, found, path);
  for (const name of Object.keys(options) as (keyof TrainingOptions)[]) {
    if (found.options[name] === options[name]) continue;
    // Where nothing else depends on the last epoch, a run may be prolonged.
    const isLonger = name === "epochs" && options.lrSchedule === "constant" &&
      found.history.length <= options.epochs;
    if (isLonger) continue;
    throw new TaskError(
      `${path} is a run with ${flagOf(name)} ${found.options[name]}, not ` +
        `${options[name]}: choose another --checkpoint-dir`,
    );
  }
  return found;
}

/**
 * Trains to the last epoch, from where the run's checkpoint stands, saving it
 * after every epoch. A run that is finished is only loaded.
 *
 * @returns Nothing if the signal ended it; what it has learnt is saved.
 */
export async function finishRun(
  { name, path, options }: Run,
  dataset: Dataset,
  choice: EngineChoice,
  signal: AbortSignal,
): Promise<FinishedRun | undefined> {
  using _lock = await claim(path, "checkpointDir");
  const resume = await findRun({ name, path, options }, dataset);
  const { epochs } = options;
  const done = resume?.history.length ?? 0;
  console.error(
    `${name}: ` +
      (done === epochs
        ? `finished before (${path})`
        : resume
        ? `going on after step ${resume.state.step}`
        : `training on ${dataset.name}, ${dataset.train.count} images`),
  );
  const engine = await createEngine(options, {
    ...choice,
    onFallback: (reason) => console.error(`note: ${reason}`),
  });
  const progress = new Progress();
  try {
    for await (
      const event of trainLoop({ engine, dataset, options, resume, signal })
    ) {
      if (event.type === "progress") {
        const text = `${name}  ${progressText(event, epochs)}`;
        progress.update(event.images.done / event.images.total, text);
        continue;
      }
      progress.clear();
      const checkpoint = await event.checkpoint();
      if (event.type === "epoch") {
        console.error(epochText(event, epochs));
        await saveCheckpoint(path, checkpoint);
        continue;
      }
      if (event.reason === "aborted") {
        await saveCheckpoint(path, checkpoint);
        engine.dispose();
        return;
      }
      const { validation, train } = checkpoint.history.at(-1)!;
      const [split, losses]: [Split, Losses] = event.test
        ? ["test", event.test]
        : validation
        ? ["validation", validation]
        : ["train", train];
      return { checkpoint, engine, losses, split };
    }
  } catch (error) {
    progress.clear();
    if (!(error instanceof NonFiniteLossError)) throw error;
    throw new TaskError(`${name}: ${error.message}`);
  }
}

/**
 * Takes a checkpoint for this run alone, until the lock is disposed of.
 *
 * @param option Where another place can be named.
 * @throws {TaskError} If another process trains to it.
 */
export async function claim(
  path: string,
  option: "checkpoint" | "checkpointDir",
): Promise<Disposable> {
  try {
    const lock = await lockCheckpoint(path);
    if (!lock.held) {
      console.error(
        `note: the file system of ${path} has no locks: train to it once at a time`,
      );
    }
    return lock;
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new TaskError(
      `${error.message}: stop it, or choose another ${flagOf(option)}`,
    );
  }
}

/** Loads the data set that a run asks for, showing the download if there is one. */
export async function openDataset(
  options: DataOptions,
  signal: AbortSignal,
): Promise<Dataset> {
  const progress = new Progress();
  const dataset = await loadDataset({
    ...pick(options, dataOptions),
    signal,
    onProgress: ({ file, loaded, total }) =>
      progress.update(total && loaded / total, `fetching ${file}`),
  }).finally(() => progress.clear());
  for (const note of dataset.notes) console.error(`note: ${note}`);
  return dataset;
}

/** The command that was typed. */
export function commandLine(task: TaskName): string {
  return [commandOf(task), ...Deno.args.map(shellWord)].join(" ");
}

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Refuses to go on with images that a run was not trained on. Those of an
 * imported model are not known, so it takes any.
 *
 * @param path The run's checkpoint.
 */
export function checkSameImages(
  dataset: Dataset,
  { data }: Checkpoint,
  path: string,
): void {
  if (data.digest === null || data.digest === dataset.digest) return;
  throw new TaskError(
    `${path} was trained on ${data.name} (${
      data.digest.slice(0, 12)
    }…), and these are other images: ${dataset.name} (${
      dataset.digest.slice(0, 12)
    }…)`,
  );
}

/** The values of one table's options. */
export function pick<T extends OptionTable>(
  values: OptionValues<T>,
  table: T,
): OptionValues<T> {
  return Object.fromEntries(
    Object.keys(table).map((name) => [name, values[name]]),
  ) as OptionValues<T>;
}

/** The three losses, for a person. */
export function lossesText({ total, reconstruction, kl }: Losses): string {
  return `total ${total.toFixed(3)}  reconstruction ${
    reconstruction.toFixed(3)
  }  KL ${kl.toFixed(3)}`;
}

/** How far an epoch is. */
export function progressText(event: ProgressEvent, epochs: number): string {
  const { epoch, step, images, imagesPerSecond, secondsLeft, losses } = event;
  return [
    `epoch ${epoch}/${epochs}`,
    `step ${step}`,
    `${images.done}/${images.total}`,
    `${imagesPerSecond.toFixed(imagesPerSecond < 100 ? 1 : 0)} images/s`,
    `${duration(secondsLeft)} left`,
    ...(losses ? [lossesText(losses)] : []),
  ].join("  ");
}

/** What an epoch has come to. */
export function epochText(
  { record, seconds }: EpochEvent,
  epochs: number,
): string {
  const { epoch, train, validation } = record;
  const number = String(epoch).padStart(String(epochs).length);
  return `epoch ${number}/${epochs}  ${duration(seconds)}  train: ${
    lossesText(train)
  }` + (validation ? `  validation: ${lossesText(validation)}` : "");
}
