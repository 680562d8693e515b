/**
 * The training of a run: the one loop of all tasks that train.
 *
 * @module
 */
import {
  type Checkpoint,
  saveCheckpoint,
} from "../../lib/checkpoint/checkpoint.ts";
import type { Dataset } from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { GpuError } from "../../lib/engine/gpu.ts";
import { WorkerError } from "../../lib/engine/wasm/threads.ts";
import { createEngine, type EngineChoice } from "../../lib/engines.ts";
import { WriteError } from "../../lib/files/atomic_write.ts";
import { isPart, type Losses } from "../../lib/model/losses.ts";
import type { TrainingOptions } from "../../lib/options/run.ts";
import {
  type EndEvent,
  type EpochEvent,
  NonFiniteLossError,
  type ProgressEvent,
} from "../../lib/train/events.ts";
import { settleWarmup } from "../../lib/train/schedule.ts";
import { trainLoop, wasmInstead } from "../../lib/train/trainer.ts";
import { fixed } from "../../lib/text.ts";
import { objectiveLines, warmupLines } from "./beginning.ts";
import { TaskError } from "./cli.ts";
import { engineNews } from "./engine_news.ts";
import { makeRoom } from "./files.ts";
import { flagOf } from "./flags.ts";
import { Forecast } from "./forecast.ts";
import { gpuMemory } from "./gpu_memory.ts";
import { duration, Progress } from "./progress.ts";
import type { RunLog } from "./run_log.ts";
import { Seldom } from "./seldom.ts";
import { say, sayCommand } from "./terminal.ts";
import { tilingMemory } from "./tiling_memory.ts";
import { quietVulkan } from "./vulkan.ts";

/** Epochs of a run, up to which all have their lines. */
const FEW_EPOCHS = 20;

/** Milliseconds between the lines of two epochs of a longer run, at least. */
const LINES_APART = 1000;

/** Options with which a run does without what has failed. */
export type Detour = Readonly<Record<string, string | number>>;

/** A run whose checkpoint may be there already. */
export interface Run {
  /** What messages call it; nothing where it is the only one. */
  readonly name?: string;
  /** The checkpoint's file. */
  readonly path: string;
  readonly options: TrainingOptions;
  /**
   * Words the command that goes on with a run.
   *
   * @param isSaved Whether there is anything to go on with.
   * @returns Nothing if there is no such command.
   */
  readonly command: (isSaved: boolean, detour?: Detour) => string | undefined;
}

/** How a run is trained. */
export interface Training {
  readonly dataset: Dataset;
  readonly choice: EngineChoice;
  readonly signal: AbortSignal;
  /** Where training goes on. */
  readonly resume?: Checkpoint;
  /** Whose weights training begins with. */
  readonly from?: Checkpoint;
  /** The step after which the run's file holds the run already. */
  readonly saved?: number;
  /** Whether the run's file holds an earlier state of it, to be replaced. */
  readonly isInPlace?: boolean;
  /** How many such runs there are from this one on; 1 unless told otherwise. */
  readonly runs?: number;
  /** Epochs between saves; 1 unless told otherwise. */
  readonly saveEvery?: number;
  /** Where it is logged. */
  readonly log?: RunLog;
  /** Told of the engine before it trains. */
  readonly onStart?: (engine: Engine) => void | Promise<void>;
  /** Told of each epoch, after it is saved. */
  readonly onEpoch?: (event: EpochEvent, engine: Engine) => Promise<void>;
}

/** A run after its last epoch; disposing of it disposes of the engine. */
export interface FinishedRun extends Disposable {
  /** The run as it is saved. */
  readonly checkpoint: Checkpoint;
  /** Holds the model. */
  readonly engine: Engine;
  readonly end: EndEvent;
  /** Words an error of what is done with the run; see {@linkcode explain}. */
  readonly explain: (error: unknown) => unknown;
}

/**
 * Trains a run to its last epoch, showing how far it is, and saves it.
 *
 * @param run Without a path it is not saved.
 * @returns Nothing if the signal ended it: what it has learnt is saved, and the
 * command that goes on is shown.
 * @throws {TaskError} As {@linkcode explain} words it.
 */
export async function trainRun(
  run: Omit<Run, "path"> & { readonly path: string | null },
  training: Training,
): Promise<FinishedRun | undefined> {
  const { name, path } = run;
  const options = settleWarmup(run.options);
  const { dataset, resume, from, signal, saveEvery = 1 } = training;
  const { onStart, onEpoch, log } = training;
  using resources = new DisposableStack();
  const progress = resources.adopt(new Progress(), (bar) => bar.clear());
  const forecast = new Forecast(
    options.latentDim,
    training.runs ?? 1,
    path !== null,
  );
  let saved = training.saved;
  let isOurs = training.isInPlace || saved !== undefined;
  // What is saved in the midst of a run has the best epoch beside the last.
  let hasBest = resume?.best !== undefined;
  const save = async (checkpoint: Checkpoint) => {
    if (path === null) return;
    if (!isOurs) await makeRoom(path);
    isOurs = true;
    await saveCheckpoint(path, checkpoint);
    saved = checkpoint.state.step;
    hasBest = checkpoint.best !== undefined;
  };
  const note = (text: string | undefined) => {
    if (text === undefined) return;
    progress.clear();
    say(text);
  };
  const lines = new Seldom(options.epochs > FEW_EPOCHS ? LINES_APART : 0);
  const explainHere = (error: unknown) => {
    const isSaved = saved !== undefined;
    return explain(error, {
      name,
      kept: isSaved
        ? `${path} holds the run after step ${saved}`
        : "nothing was saved",
      command: (detour) => run.command(isSaved, detour),
    });
  };
  try {
    quietVulkan();
    const choice = {
      ...training.choice,
      ...engineNews,
      memory: gpuMemory(),
      tiling: tilingMemory().recall,
    };
    const adopt = (engine: Engine) =>
      resources.adopt(engine, (engine) => engine.dispose());
    let engine = adopt(await createEngine(options, choice));
    await onStart?.(engine);
    note(log?.start(engine.description));
    for (const line of objectiveLines(options)) say(line);
    for (const line of warmupLines(options)) say(line);
    const replaceEngine = wasmInstead(options, choice, (made) => {
      progress.clear();
      engine = adopt(made);
      note(log?.start(engine.description));
    });
    const setup = { engine, dataset, options, resume, from, signal };
    for await (const event of trainLoop({ ...setup, replaceEngine })) {
      if (event.type === "progress") {
        note(log?.progress(event));
        note(forecast.text(event));
        const text = progressText(event, options.epochs);
        progress.update(
          event.images.done / event.images.total,
          name === undefined ? text : `${name}  ${text}`,
        );
        continue;
      }
      progress.clear();
      if (event.type === "epoch") {
        lines.show(() => say(epochText(event, options.epochs)));
        note(log?.epoch(event));
        // Where the run ends within an epoch, that is the last there is to save.
        if (isPart(event.record) || event.record.epoch % saveEvery === 0) {
          await save(await event.checkpoint());
        }
        await onEpoch?.(event, engine);
        continue;
      }
      lines.end();
      const checkpoint = await event.checkpoint();
      if (
        checkpoint.state.step !== saved ||
        hasBest !== (checkpoint.best !== undefined)
      ) await save(checkpoint);
      note(log?.end(event, checkpoint));
      if (event.reason === "aborted") {
        if (path === null) {
          say(`stopped after step ${checkpoint.state.step}; nothing was saved`);
          return;
        }
        const where = name === undefined ? `after step ${saved}` : `in ${name}`;
        say(
          `stopped ${where}, saved. Continue with:`,
        );
        sayCommand(`  ${run.command(true)}`);
        return;
      }
      const kept = resources.move();
      return {
        checkpoint,
        engine,
        end: event,
        explain: explainHere,
        [Symbol.dispose]: () => kept.dispose(),
      };
    }
  } catch (error) {
    progress.clear();
    lines.end();
    note(log?.fail(error));
    throw explainHere(error);
  }
}

/** What is left of a run that an error has ended. */
export interface Remains {
  /** What messages call the run. */
  readonly name?: string;
  /** Says what is saved. */
  readonly kept: string;
  /** Words the command that goes on, if there is one. */
  readonly command: (detour?: Detour) => string | undefined;
}

/**
 * Says in one line what has ended a run, what is saved and how to go on.
 *
 * @returns The error to throw: the same one unless it is of numbers, a file or
 * an engine.
 */
export function explain(
  error: unknown,
  { name, kept, command }: Remains,
): unknown {
  const detour = detourOf(error);
  const isNumber = error instanceof NonFiniteLossError;
  if (!detour && !isNumber && !(error instanceof WriteError)) return error;
  let text = `${(error as Error).message}; ${kept}`;
  if (name !== undefined) text = `${name}: ${text}`;
  // The same command would come to the same numbers.
  const next = isNumber ? undefined : command(detour);
  if (next !== undefined) text += ". Continue with:";
  else if (detour) {
    const [[name, value]] = Object.entries(detour);
    text += `: try ${flagOf(name)} ${value}`;
  }
  return new TaskError(text, { cause: error, command: next });
}

function detourOf(error: unknown): Detour | undefined {
  if (error instanceof GpuError) return { engine: "wasm" };
  if (error instanceof WorkerError) return { threads: 1 };
}

/** Words the three losses for a person. */
export function lossesText({ total, reconstruction, kl }: Losses): string {
  return `total ${lossText(total)}  reconstruction ${
    lossText(reconstruction)
  }  KL ${lossText(kl)}`;
}

/** Writes a loss in nine characters at most. */
function lossText(loss: number): string {
  if (Math.abs(loss) >= 1e6) return loss.toExponential(2);
  return fixed(loss, Math.abs(loss) < 1e4 ? 3 : 1);
}

/** Words how far an epoch is. */
function progressText(event: ProgressEvent, epochs: number): string {
  const { epoch, step, images, imagesPerSecond, secondsLeft, losses } = event;
  return [
    // In the order of what a narrow terminal must show first.
    `epoch ${Math.min(epoch, epochs)}/${epochs}`,
    `${duration(secondsLeft)} left`,
    `${imagesPerSecond.toFixed(imagesPerSecond < 100 ? 1 : 0)} images/s`,
    `step ${step}`,
    `${images.done}/${images.total}`,
    ...(losses ? [lossesText(losses)] : []),
  ].join("  ");
}

/** Words what an epoch has come to: a line for each split. */
function epochText(
  { record, seconds }: EpochEvent,
  epochs: number,
): string {
  const { epoch, train, validation } = record;
  const number = String(epoch).padStart(String(epochs).length);
  const name = `epoch ${number}/${epochs}`;
  const time = duration(seconds);
  if (!validation) return `${name}  train  ${lossesText(train)}  ${time}`;
  const width = Math.max(name.length, time.length);
  return `${name.padEnd(width)}  train       ${lossesText(train)}\n` +
    `${time.padStart(width)}  validation  ${lossesText(validation)}`;
}
