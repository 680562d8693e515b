/**
 * What a checkpoint holds, and the part of it beside the tensors: options, data
 * set, progress and history, as JSON texts in the safetensors metadata. One set
 * of checks serves writing and reading, so what was written can be read.
 *
 * @module
 */
import type { TrainState } from "../model/init.ts";
import {
  completeOptions,
  type OptionTable,
  type OptionValues,
} from "../options/table.ts";
import { conflictOfRun } from "../options/conflicts.ts";
import {
  type DataOptions,
  dataOptions,
  type TrainingOptions,
  trainingOptions,
} from "../options/run.ts";
import {
  type EpochRecord,
  isPart,
  type Losses,
  type LossSums,
} from "../model/losses.ts";
import { show } from "../text.ts";

/**
 * The version of the format that is written, and the newest that is read.
 * Version 1 has no best epoch, and in 1 and 2 epochs are whole. A new option
 * makes no new version: one that a file lacks has its default, and a program
 * that does not know one refuses the file and names it.
 */
export const VERSION = 3;

/** The data set of a run. */
export interface DataRecord {
  /** Its name, for people: `mnist`, `synthetic`, a file's name. */
  readonly name: string;
  /**
   * Digest of its images: the same digest, the same images. Null if nobody knows
   * what the model was trained on.
   */
  readonly digest: string | null;
  /** Names of the classes, from 0, if it has any and they are known. */
  readonly classes?: readonly string[];
  /** The options that chose it. */
  readonly options: DataOptions;
}

/** The model of an epoch that a run with patience has left behind. */
export interface BestEpoch {
  /** Counted from 1. */
  readonly epoch: number;
  /** As it was after that epoch. */
  readonly state: TrainState;
}

/** A run at one moment: all that is needed to continue it. */
export interface Checkpoint {
  /** What is trained and how; it serves as the `ModelOptions`, too. */
  readonly options: TrainingOptions;
  /** What it is trained on. */
  readonly data: DataRecord;
  /** The weights, running statistics, Adam's moments and the step count. */
  readonly state: TrainState;
  /**
   * Epochs that were trained elsewhere, before the first record: of a run that
   * was imported. Left out if there are none.
   */
  readonly epochsBefore?: number;
  /**
   * One record for each finished epoch. The last may be of the part of an epoch
   * that the run ended with: it goes where the run goes on.
   */
  readonly history: readonly EpochRecord[];
  /**
   * Training losses of the running epoch, whose first `images` images have been
   * trained on; null between epochs.
   */
  readonly partial: LossSums | null;
  /**
   * With patience, until training ends: the best epoch so far, which the run
   * will come back to.
   */
  readonly best?: BestEpoch;
  /**
   * Epochs that were trained, where training has ended and came back to an
   * earlier one: that of the last record.
   */
  readonly trained?: number;
}

/** All of a checkpoint but its tensors. */
export interface Metadata extends Omit<Checkpoint, "state" | "best"> {
  /** Adam updates so far. */
  readonly step: number;
  /** The number of the best epoch, if its model is there. */
  readonly best?: number;
}

/**
 * A checkpoint that cannot be read or must not be written.
 *
 * @example
 * ```ts
 * import { CheckpointError, loadCheckpoint } from "@vae/mnist";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => loadCheckpoint("absent"), CheckpointError, "absent");
 * ```
 */
export class CheckpointError extends Error {
  /** The class's name, which survives minification. */
  override name = "CheckpointError";
}

/**
 * Writes the texts of the safetensors metadata.
 *
 * @throws {CheckpointError} If a value is out of range or not finite.
 */
export function writeMetadata(metadata: Metadata): Record<string, string> {
  const { options, data, step, history, partial, ...end } = check(metadata);
  const progress = {
    step,
    partial: partial &&
      { ...partial, klPerDimension: [...partial.klPerDimension] },
    ...end,
  };
  return {
    format: "pt", // whose names and layouts the tensors have, as tools expect
    vae_version: String(VERSION),
    options: JSON.stringify(options),
    data: JSON.stringify(data),
    progress: JSON.stringify(progress),
    history: JSON.stringify(history),
  };
}

/**
 * Reads what {@linkcode writeMetadata} has written.
 *
 * @throws {CheckpointError} If anything is missing, unknown or out of range.
 */
export function readMetadata(texts: Record<string, string>): Metadata {
  const version = texts.vae_version;
  if (version === undefined) {
    throw new CheckpointError(
      "it has no training state beside its tensors: it holds weights alone, or " +
        "is another program's file",
    );
  }
  if (!/^[1-9]\d*$/.test(version)) {
    throw new CheckpointError(
      `vae_version must be a whole number, not ${show(version)}`,
    );
  }
  if (Number(version) > VERSION) {
    throw new CheckpointError(
      `it has version ${show(Number(version))} of the format, and this ` +
        `program knows ${VERSION}: use a newer one`,
    );
  }
  const json = (key: string): unknown => {
    if (texts[key] === undefined) {
      throw new CheckpointError(`its metadata lacks ${key}`);
    }
    try {
      return JSON.parse(texts[key]);
    } catch (cause) {
      throw new CheckpointError(`${key} is not JSON: ${show(texts[key])}`, {
        cause,
      });
    }
  };
  const progress = fields(json("progress"), "progress", ["step", "partial"]);
  return check({
    options: json("options"),
    data: json("data"),
    step: progress.step,
    partial: progress.partial,
    ...(version === "1" ? {} : progress),
    history: json("history"),
  });
}

type Unchecked<T> = { [Name in keyof T]: unknown };

/** Checks every field and brings it into the order in which it is written. */
function check(metadata: Unchecked<Metadata>): Metadata {
  const options = checkOptions(trainingOptions, metadata.options, "options");
  const conflict = conflictOfRun(options);
  if (conflict !== undefined) throw new CheckpointError(`options: ${conflict}`);
  const dataFields: (keyof DataRecord)[] = ["name", "digest", "options"];
  const data = fields(metadata.data, "data", dataFields);
  const step = whole(metadata.step, "step");
  const earlier = metadata.epochsBefore === undefined
    ? 0
    : whole(metadata.epochsBefore, "epochsBefore", 1);
  const history = checkHistory(
    metadata.history,
    step,
    options.latentDim,
    earlier,
  );
  const partial = metadata.partial === null
    ? null
    : checkSums(metadata.partial, "partial", options.latentDim);
  checkPart(history, step, partial);
  return {
    options,
    data: {
      name: text(data.name, "data.name"),
      digest: data.digest === null ? null : text(data.digest, "data.digest"),
      ...checkClasses(data as { classes?: unknown }, options.classCount),
      options: checkOptions(dataOptions, data.options, "data.options"),
    },
    step,
    history,
    partial,
    ...(earlier > 0 && { epochsBefore: earlier }),
    ...checkEnd(metadata, history, partial, earlier),
  };
}

/** Checks the names of classes: those of a model that is told of them, all. */
function checkClasses(
  { classes }: { readonly classes?: unknown },
  classCount: number,
): Pick<DataRecord, "classes"> {
  if (classes === undefined) return {};
  const names = array(classes, "data.classes")
    .map((name, i) => text(name, `data.classes[${i}]`));
  const isFit = classCount === 0 || names.length === classCount;
  if (!isFit || new Set(names).size < names.length) {
    throw expected("data.classes", "a name for each class", classes);
  }
  return { classes: names };
}

function checkHistory(
  value: unknown,
  step: number,
  latentDim: number,
  earlier: number,
): EpochRecord[] {
  return array(value, "history").map((value, i) => {
    const record = checkEpoch(value, `history[${i}]`, latentDim);
    const number = earlier + i + 1;
    if (Math.ceil(record.epoch) !== number) {
      throw expected(`history[${i}].epoch`, `${number}`, record.epoch);
    }
    if (record.step > step) {
      throw expected(`history[${i}].step`, `at most ${step}`, record.step);
    }
    return record;
  });
}

/**
 * Checks that only the last epoch is a part of one, and that the run stands
 * where that ends.
 */
function checkPart(
  history: readonly EpochRecord[],
  step: number,
  partial: LossSums | null,
): void {
  history.forEach((record, i) => {
    if (!isPart(record)) return;
    if (i < history.length - 1 || !partial) {
      const whole = Math.ceil(record.epoch);
      throw expected(`history[${i}].epoch`, `${whole}`, record.epoch);
    }
    if (record.step !== step) {
      throw expected(`history[${i}].step`, `${step}`, record.step);
    }
  });
}

/** Checks what early stopping leaves: both fields are absent without it. */
function checkEnd(
  { best, trained }: Pick<Unchecked<Metadata>, "best" | "trained">,
  history: readonly EpochRecord[],
  partial: LossSums | null,
  earlier: number,
): Pick<Metadata, "best" | "trained"> {
  const end: { best?: number; trained?: number } = {};
  if (best !== undefined) {
    end.best = whole(best, "best", 1);
    const record = history[end.best - 1 - earlier];
    if (!record?.validation || isPart(record)) {
      throw expected("best", "an epoch with validation losses", best);
    }
  }
  if (trained !== undefined) {
    end.trained = whole(trained, "trained", 1);
    const kept = earlier + history.length;
    if (end.trained <= kept || partial || end.best !== undefined) {
      throw expected("trained", "of a run that has ended early", trained);
    }
  }
  return end;
}

/**
 * Checks options. One that a file lacks is newer than the file and has its
 * default.
 */
function checkOptions<T extends OptionTable>(
  table: T,
  value: unknown,
  at: string,
): OptionValues<T> {
  const options = object(value, at);
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "object" && value !== null) {
      throw expected(`${at}.${name}`, "one value", value);
    }
  }
  try {
    return completeOptions(table, options as Partial<OptionValues<T>>);
  } catch (cause) {
    throw new CheckpointError(`${at}: ${(cause as Error).message}`, { cause });
  }
}

function checkEpoch(
  value: unknown,
  at: string,
  latentDim: number,
): EpochRecord {
  const f = fields<keyof EpochRecord>(value, at, [
    "epoch",
    "step",
    "beta",
    "capacity",
    "train",
    "validation",
    "klPerDimension",
  ]);
  return {
    epoch: finite(f.epoch, `${at}.epoch`),
    step: whole(f.step, `${at}.step`),
    beta: finite(f.beta, `${at}.beta`),
    capacity: finite(f.capacity, `${at}.capacity`),
    train: checkLosses(f.train, `${at}.train`),
    validation: f.validation === null
      ? null
      : checkLosses(f.validation, `${at}.validation`),
    klPerDimension: numbers(
      f.klPerDimension,
      `${at}.klPerDimension`,
      latentDim,
    ),
  };
}

function checkLosses(value: unknown, at: string): Losses {
  const f = fields(value, at, ["total", "reconstruction", "kl"]);
  return {
    total: finite(f.total, `${at}.total`),
    reconstruction: finite(f.reconstruction, `${at}.reconstruction`),
    kl: finite(f.kl, `${at}.kl`),
  };
}

function checkSums(value: unknown, at: string, latentDim: number): LossSums {
  const f = fields<keyof LossSums>(value, at, [
    "images",
    "reconstruction",
    "klPerDimension",
    "total",
  ]);
  return {
    images: whole(f.images, `${at}.images`, 1),
    reconstruction: finite(f.reconstruction, `${at}.reconstruction`),
    klPerDimension: Float64Array.from(
      numbers(f.klPerDimension, `${at}.klPerDimension`, latentDim),
    ),
    total: finite(f.total, `${at}.total`),
  };
}

function expected(at: string, wanted: string, value: unknown): CheckpointError {
  return new CheckpointError(`${at} must be ${wanted}, not ${show(value)}`);
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw expected(at, "an object", value);
  }
  return value as Record<string, unknown>;
}

/** Checks that a value is an object with at least these fields. */
function fields<K extends string>(
  value: unknown,
  at: string,
  names: readonly K[],
): Record<K, unknown> {
  const all = object(value, at);
  for (const name of names) {
    if (!Object.hasOwn(all, name)) {
      throw new CheckpointError(`${at} lacks ${name}`);
    }
  }
  return all as Record<K, unknown>;
}

function text(value: unknown, at: string): string {
  if (typeof value !== "string" || value === "") {
    throw expected(at, "a text", value);
  }
  return value;
}

function finite(value: unknown, at: string): number {
  if (!Number.isFinite(value)) throw expected(at, "a finite number", value);
  return value as number;
}

function whole(value: unknown, at: string, min = 0): number {
  if (!Number.isSafeInteger(value) || (value as number) < min) {
    throw expected(at, `a whole number of ${min} or more`, value);
  }
  return value as number;
}

function array(value: unknown, at: string): unknown[] {
  if (!Array.isArray(value)) throw expected(at, "a list", value);
  return value;
}

function numbers(value: unknown, at: string, length: number): number[] {
  const list = value instanceof Float64Array ? [...value] : array(value, at);
  if (list.length !== length) {
    throw new CheckpointError(
      `${at} has ${list.length} numbers, not ${length}`,
    );
  }
  return list.map((item, i) => finite(item, `${at}[${i}]`));
}
