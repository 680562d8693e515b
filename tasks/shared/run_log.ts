/**
 * The log of a run: what training tells, a line of JSON each, for those who
 * watch it (`tail -f`) and those who read it later (jq, pandas'
 * `read_json(path, lines=True)`). Every line has `kind`, and `time`, in ISO 8601:
 *
 * - `start`: training begins, goes on, or goes on with another engine. `version`
 *   of the package, `engine`, `checkpoint` (the file), `dataset` (its name) and
 *   `digest`, `step` (those before) and `options`. What came after that step
 *   before, in a session that was killed, comes again.
 * - `progress`, once a second at most: `epoch` (the running one, from 1), `step`,
 *   `images` of the epoch (`done` of `total`), `losses` (means over the epoch so
 *   far, or null), `imagesPerSecond`, `secondsLeft` (of the run).
 * - `epoch`: its record, as in checkpoints: `epoch`, `step`, `beta`, `capacity`,
 *   `train` and `validation` (or null), `klPerDimension`; and its `seconds`.
 * - `end`: `reason` (`epochs`, `patience`, `aborted` or `error`), `step` (of what
 *   is saved) and `test` (losses, or null); or the `error`. A log without it is of
 *   a run that trains or was killed.
 *
 * Losses are `total`, `reconstruction` and `kl`. A number that is not finite,
 * which JSON has not, is null.
 *
 * This is the one output that is not renamed into its place as a whole: those
 * who watch a file hold it open, and would be left with the old one.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { Dataset } from "../../lib/dataset/dataset.ts";
import {
  ifPresent,
  reason,
  WriteError,
  writing,
} from "../../lib/files/atomic_write.ts";
import { LOG_START } from "../../lib/files/kind.ts";
import type { TrainingOptions } from "../../lib/options/run.ts";
import type {
  EndEvent,
  EpochEvent,
  ProgressEvent,
} from "../../lib/train/events.ts";
import { makeRoom } from "./files.ts";
import { say } from "./terminal.ts";

/** Milliseconds between two lines of progress, at least. */
const INTERVAL = 1000;

/** The run that a log is of. */
export interface LoggedRun {
  /** As it trains: with a settled warm-up. */
  readonly options: TrainingOptions;
  readonly dataset: Pick<Dataset, "name" | "digest">;
  /** Where it is saved. */
  readonly checkpoint: string;
  /** Where it goes on, if it does. */
  readonly resume?: Checkpoint;
}

/**
 * A log that is being written. What its methods return, if anything, is to be
 * said: it could not be written, and training goes on without it.
 */
export class RunLog implements Disposable {
  readonly #path: string;
  readonly #run: LoggedRun;
  readonly #isFile: boolean;
  #file: Deno.FsFile | null;
  /** Of the last line of the start or of an epoch. */
  #step: number;
  #lastProgress = -Infinity;

  private constructor(path: string, file: Deno.FsFile, run: LoggedRun) {
    this.#path = path;
    this.#file = file;
    this.#isFile = file.statSync().isFile;
    this.#run = run;
    this.#step = run.resume?.state.step ?? 0;
  }

  /**
   * Opens the log of a run. One that goes on is appended to the log of the same
   * run, without the part of a line that a kill has left at its end; any other
   * log is kept beside. The caller has claimed the file.
   *
   * @throws {WriteError} If it cannot be opened.
   */
  static async open(path: string, run: LoggedRun): Promise<RunLog> {
    const old = await ifPresent(Deno.stat(path));
    if (old?.isFile && old.size > 0) {
      const text = await Deno.readTextFile(path);
      if (run.resume && tellsOf(text, run.resume)) await mend(path, text);
      else await makeRoom(path);
    }
    const file = await writing(
      path,
      (target) => Deno.open(target, { append: true, create: true }),
    );
    return new RunLog(path, file, run);
  }

  /** Writes that training begins, or goes on with another engine. */
  start(engine: string): string | undefined {
    const { options, dataset, checkpoint } = this.#run;
    return this.#write({
      kind: "start",
      time: now(),
      version: config.version,
      engine,
      checkpoint,
      dataset: dataset.name,
      digest: dataset.digest,
      step: this.#step,
      options,
    });
  }

  /**
   * Writes how far an epoch is, unless it did so less than a second ago.
   *
   * @param at When, in milliseconds of a clock that never goes back.
   */
  progress(event: ProgressEvent, at = performance.now()): string | undefined {
    if (at - this.#lastProgress < INTERVAL) return;
    this.#lastProgress = at;
    const { type: kind, ...fields } = event;
    return this.#write({ kind, time: now(), ...fields });
  }

  /** Writes what an epoch has come to. */
  epoch({ record, seconds }: EpochEvent): string | undefined {
    this.#step = record.step;
    return this.#write({ kind: "epoch", time: now(), ...record, seconds });
  }

  /** Writes that training is over and what was saved. */
  end({ reason, test }: EndEvent, saved: Checkpoint): string | undefined {
    const { step } = saved.state;
    return this.#write({ kind: "end", time: now(), reason, step, test });
  }

  /** Writes that an error has ended training. */
  fail(error: unknown): string | undefined {
    const text = error instanceof Error ? error.message : String(error);
    return this.#write({
      kind: "end",
      time: now(),
      reason: "error",
      error: text,
    });
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = null;
  }

  #write(entry: Readonly<Record<string, unknown>>): string | undefined {
    const file = this.#file;
    if (!file) return;
    const bytes = new TextEncoder().encode(JSON.stringify(entry) + "\n");
    const size = this.#isFile ? file.statSync().size : 0;
    try {
      for (let written = 0; written < bytes.length;) {
        written += file.writeSync(bytes.subarray(written));
      }
      // A second of progress may be lost with the machine, and no more.
      if (this.#isFile && entry.kind !== "progress") file.syncDataSync();
    } catch (error) {
      // Half a line would be in the way of those who read the others.
      try {
        if (this.#isFile) file.truncateSync(size);
      } catch { /* whoever goes on mends it */ }
      this[Symbol.dispose]();
      const { message } = new WriteError(this.#path, reason(error));
      return `note: ${message}; training goes on without it`;
    }
  }
}

function now(): string {
  return new Date().toISOString();
}

/**
 * Says whether a log is of the run that stands at a checkpoint: runs of the same
 * options and images are the same run.
 */
function tellsOf(log: string, { options, data }: Checkpoint): boolean {
  return log.split("\n").slice(0, -1)
    .filter((line) => line.startsWith(LOG_START))
    .some((line) => {
      const start = parsed(line);
      return start?.digest === data.digest &&
        Object.entries(options)
          .every(([name, value]) => start.options?.[name] === value);
    });
}

/** Reads a line; one that is no JSON, which a crash may leave, says nothing. */
function parsed(line: string): {
  digest?: unknown;
  options?: Record<string, unknown>;
} | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return;
  }
}

/** Removes the part of a line that a log ends with. */
async function mend(path: string, log: string): Promise<void> {
  if (log.endsWith("\n")) return;
  const whole = log.slice(0, log.lastIndexOf("\n") + 1);
  const { length } = new TextEncoder().encode(whole);
  await writing(path, (target) => Deno.truncate(target, length));
  say(`note: removed the last line of ${path}, which was cut off`);
}
