/**
 * What a PyTorch checkpoint says of its training beside the tensors, as scripts
 * and Lightning write it: options, and the epochs that are done.
 *
 * @module
 */
import type { Value } from "../formats/pickle.ts";
import type { EpochRecord, Losses, LossSums } from "../model/losses.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { completeOptions, OptionError, parseOption } from "../options/table.ts";
import { ImportError } from "./error.ts";
import { type Dict, dictOf } from "./torch_pth.ts";

/** Where options lie in a checkpoint, beside its top. */
export const PLACES: readonly string[] = [
  "hyper_parameters",
  "hyperparameters",
  "hparams",
  "options",
  "args",
  "config",
  "cfg",
  "params",
];

/** What options are called. */
const NAMES = {
  beta: ["beta", "kl_weight", "kld_weight", "beta_kl", "kl_beta"],
  lr: ["lr", "learning_rate"],
  batchSize: ["batch_size", "batchSize"],
  epochs: ["max_epochs", "num_epochs", "n_epochs", "epochs"],
  likelihood: ["likelihood", "recon_loss", "reconstruction_loss", "loss"],
} as const;

/** Images that MNIST's training set has, whole or without what is held out. */
const USUAL_COUNTS = [60_000, 55_000, 50_000, 54_000, 48_000];

/**
 * Returns the options of a run of this project, which it has exported.
 *
 * @returns Nothing if the file is another program's.
 * @throws {ImportError} If they are out of range.
 */
export function ownOptions(root: Dict): TrainingOptions | undefined {
  const options = dictOf(root.get("options") ?? null);
  if (!options?.has("latentDim") || !options.has("autoencoder")) return;
  try {
    const values = [...options].filter(([, value]) => !isNested(value));
    // Beside them β stands at the top, where PyTorch's scripts read and set it.
    const beta = root.get("beta");
    return completeOptions(trainingOptions, {
      ...Object.fromEntries(values),
      ...(typeof beta === "number" && { beta }),
    });
  } catch (cause) {
    throw new ImportError("its options cannot be read", { cause });
  }
}

/** Options that a checkpoint names. */
export interface NamedOptions {
  readonly options: Partial<TrainingOptions>;
  /** What was read by a name that may mean something else. */
  readonly assumed: readonly string[];
  /** What has such a name, and cannot be the option. */
  readonly unusable: readonly string[];
}

/** Those of which it is said if they cannot be used. */
const WATCHED: readonly string[] = ["beta", "batchSize"];

/**
 * Returns what another program's checkpoint says of the run's options: at its top
 * or among its hyper-parameters, by the usual names.
 */
export function namedOptions(root: Dict): NamedOptions {
  const nested = PLACES.flatMap((place) => dictsIn(root.get(place)));
  // An optimiser has a beta of its own.
  const ofModel = PLACES.flatMap((place) =>
    dictsIn(root.get(place), IS_OPTIMISER)
  );
  const options: Record<string, unknown> = {};
  const assumed: string[] = [], unusable: string[] = [];
  for (const [name, aliases] of Object.entries(NAMES)) {
    // At the top `epochs` may be those that are done.
    const places = name === "epochs"
      ? nested
      : [root, ...name === "beta" ? ofModel : nested];
    const found = places.flatMap((dict) =>
      aliases.map((alias) => ({ alias, value: dict.get(alias) ?? null }))
    ).filter(({ value }) => value !== null).map(({ alias, value }) => ({
      ...{ alias, value },
      ...tried(name as keyof typeof NAMES, value),
    }));
    const usable = found.find(({ problem }) => problem === undefined);
    if (usable) {
      options[name] = usable.option;
      if (name === "beta" && usable.alias !== "beta") {
        assumed.push(`β = ${usable.option} (${usable.alias})`);
      }
    } else if (WATCHED.includes(name)) {
      unusable.push(
        ...found.map(({ alias, problem }) => `${alias}, which ${problem}`),
      );
    }
  }
  return { options, assumed, unusable };
}

/** A value and what it holds, to some depth: `config.model.beta`. */
function dictsIn(
  value: Value | undefined,
  skipped?: RegExp,
  depth = 0,
): Dict[] {
  const dict = dictOf(value ?? null);
  if (!dict || depth > MAX_DEPTH) return [];
  const inner = [...dict].filter(([key]) => !skipped?.test(String(key)));
  return [dict, ...inner.flatMap(([, v]) => dictsIn(v, skipped, depth + 1))];
}

const IS_OPTIMISER = /optim|adam|sgd|sched/i;

/** How deep options may lie. */
export const MAX_DEPTH = 3;

/** A value as an option, or why it is none. */
function tried(
  name: keyof typeof NAMES,
  value: Value,
): { option?: unknown; problem?: string } {
  const option = name === "likelihood" ? likelihoodOf(value) : value;
  const isText = name === "likelihood";
  if (isText ? typeof option !== "string" : typeof option !== "number") {
    return { problem: isText ? "is no text" : "is no number" };
  }
  try {
    parseOption(trainingOptions[name], name, option);
    return { option };
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return { problem: error.message.replace(/^\S+ /, "") };
  }
}

/** Whether a value holds others: however few they are, written out they may be many. */
function isNested(value: Value): boolean {
  return typeof value === "object" && value !== null;
}

function likelihoodOf(value: Value | undefined): string | undefined {
  if (typeof value !== "string") return;
  if (/bce|cross.?entropy|bernoulli/i.test(value)) return "bce";
  if (/mse|l2|gauss|squared/i.test(value)) return "mse";
}

/** Epochs that are done. */
export interface EpochsDone {
  readonly count: number;
  /** What says so. */
  readonly from: string;
}

/**
 * Returns how many epochs a checkpoint has behind it. Some programs count the
 * epoch that is done from 0 and some from 1: the steps tell which, since epochs are
 * equally long.
 *
 * @param step Optimiser steps so far.
 * @param batchSize Images in each, if that is known.
 */
export function epochsDone(
  root: Dict,
  step: number,
  batchSize: number | undefined,
): EpochsDone | undefined {
  const epoch = root.get("epoch");
  const length = historyLength(root);
  if (typeof epoch !== "number" || !(epoch >= 0)) {
    if (!length || step % length !== 0) return;
    return { count: length, from: `${length} entries of its history` };
  }
  if (ownOptions(root)) {
    return { count: epoch, from: `epoch ${epoch}` };
  }
  const fromOne = { count: epoch, from: `epoch ${epoch}` };
  const fromZero = { count: epoch + 1, from: `epoch ${epoch}, counted from 0` };
  const candidates = [fromOne, fromZero].filter(({ count }) =>
    Number.isInteger(count) && count > 0 && count <= step
  );
  const isLightning = root.has("pytorch-lightning_version");
  const clues: ((count: number) => boolean)[] = [
    (count) => count === length,
    (count) => step % count === 0,
    (count) => isUsual(step / count, batchSize),
    (count) => isLightning === (count === fromZero.count),
  ];
  let left = candidates;
  for (const isRight of clues) {
    const right = left.filter(({ count }) => isRight(count));
    if (right.length > 0) left = right;
  }
  return left[0];
}

/** Says whether so many steps are an epoch of MNIST, with or without its last batch. */
function isUsual(steps: number, batchSize = 128): boolean {
  return USUAL_COUNTS.some((count) =>
    steps === Math.ceil(count / batchSize) ||
    steps === Math.floor(count / batchSize)
  );
}

/** Returns the entries of a history: of a list, or of each list of a dict. */
function historyLength(root: Dict): number | undefined {
  const history = root.get("history") ?? root.get("losses") ?? null;
  const lists = Array.isArray(history)
    ? [history]
    : [...dictOf(history)?.values() ?? []].filter(Array.isArray);
  const [length, ...others] = new Set(lists.map(({ length }) => length));
  return others.length === 0 && length > 0 ? length : undefined;
}

/**
 * Reads the history of a run of this project, which it has exported. What other
 * programs keep has no KL of each dimension, and cannot be one.
 *
 * @param epochs Those that are done, with which it must end.
 * @param step Steps that are done.
 * @returns Nothing if it is another, or does not reach as far as the model.
 */
export function ownHistory(
  root: Dict,
  latentDim: number,
  epochs: number,
  step: number,
): EpochRecord[] {
  const list = root.get("history");
  if (!Array.isArray(list)) return [];
  const records = list.map((value) => recordOf(dictOf(value), latentDim));
  const first = Math.ceil(epochs) - records.length + 1;
  // The last may be of a part of an epoch.
  const isWhole = records.every((record, i) =>
    record?.epoch === Math.min(first + i, epochs) && record.step <= step
  );
  const isLast = first > 0 && records.at(-1)?.step === step;
  return isWhole && isLast ? records as EpochRecord[] : [];
}

/** Reads the losses of the part of an epoch that a run of this project stopped in. */
export function ownPartial(root: Dict, latentDim: number): LossSums | null {
  const sums = dictOf(root.get("partial") ?? null);
  const numbers = ["images", "reconstruction", "total"].map((name) =>
    sums?.get(name)
  );
  const kl = sums?.get("klPerDimension");
  if (
    !numbers.every(Number.isFinite) || !Array.isArray(kl) ||
    kl.length !== latentDim || !kl.every(Number.isFinite)
  ) return null;
  const [images, reconstruction, total] = numbers as number[];
  const klPerDimension = Float64Array.from(kl as number[]);
  return { images, reconstruction, klPerDimension, total };
}

function recordOf(
  record: Dict | undefined,
  latentDim: number,
): EpochRecord | undefined {
  if (!record) return;
  const [epoch, step, beta, capacity] = ["epoch", "step", "beta", "capacity"]
    .map((name) => record.get(name));
  const train = lossesOf(record.get("train"));
  const validation = record.get("validation") === null
    ? null
    : lossesOf(record.get("validation"));
  const kl = record.get("klPerDimension");
  if (
    ![epoch, step, beta, capacity].every(Number.isFinite) ||
    !train || validation === undefined ||
    !Array.isArray(kl) || kl.length !== latentDim || !kl.every(Number.isFinite)
  ) return;
  return {
    epoch,
    step,
    beta,
    capacity,
    train,
    validation,
    klPerDimension: kl,
  } as EpochRecord;
}

function lossesOf(value: Value | undefined): Losses | undefined {
  const losses = dictOf(value ?? null);
  const [total, reconstruction, kl] = ["total", "reconstruction", "kl"]
    .map((name) => losses?.get(name));
  if (![total, reconstruction, kl].every(Number.isFinite)) return;
  return { total, reconstruction, kl } as Losses;
}
