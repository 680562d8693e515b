/**
 * The options that several tasks share, once: flags, defaults, ranges and help
 * texts. Those of a single task stand in its file, and those of a run in
 * `lib/options/run.ts`.
 *
 * @module
 */
import type { OptionTable, OptionValues } from "../../lib/options/table.ts";
import { dataOptions, trainingOptions } from "../../lib/options/run.ts";

/** Who does the arithmetic. */
export const engineOptions = {
  engine: {
    type: "choice",
    default: "auto",
    choices: ["auto", "webgpu", "wasm", "tfjs"],
    help: "who does the arithmetic; auto is the fastest this machine runs",
  },
  threads: {
    type: "integer",
    default: null,
    min: 1,
    max: 256,
    help: "threads of the wasm engine; default: one for each core",
  },
  tfBackend: {
    type: "choice",
    default: "auto",
    choices: ["auto", "webgpu", "cpu"],
    help: "backend of the tfjs engine",
  },
} as const satisfies OptionTable;

/** Options that some tasks have and others have not. */
export const common = {
  checkpoint: {
    type: "text",
    default: "checkpoints/vae.safetensors",
    metavar: "FILE",
    help: "the checkpoint to use",
  },
  json: {
    type: "boolean",
    default: false,
    help: "print one JSON object to stdout",
  },
  split: {
    type: "choice",
    default: "test",
    choices: ["train", "validation", "test"],
    help: "which images",
  },
  samples: {
    type: "integer",
    default: 100,
    min: 1,
    max: 100_000,
    help: "draws of z for each image, in the importance-weighted bound",
  },
  scale: {
    type: "integer",
    default: 1,
    min: 1,
    max: 16,
    help: "how many times as large, and as sharp",
  },
  digitScale: {
    type: "integer",
    default: 2,
    min: 1,
    max: 16,
    help: "pixels to a pixel of a digit",
  },
  gif: {
    type: "boolean",
    default: false,
    help: "write an animation, too: the picture's name, ending in .gif",
  },
  seed: { ...trainingOptions.seed, help: "seed of what is drawn at random" },
} as const satisfies OptionTable;

/** Describes the option that names the picture to write. */
export function pictureFile<const Out extends string>(out: Out): {
  readonly type: "text";
  readonly default: Out;
  readonly metavar: "FILE";
  readonly help: string;
} {
  return {
    type: "text",
    default: out,
    metavar: "FILE",
    help: "the picture to write",
  };
}

/** What every task takes that draws a picture of a model. */
export const plotOptions = {
  scale: common.scale,
  seed: common.seed,
  checkpoint: common.checkpoint,
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

/** What every task takes that draws a model's digits. */
export const digitOptions = {
  ...plotOptions,
  scale: common.digitScale,
  preview: {
    type: "boolean",
    default: false,
    help: "show some of the digits on the terminal, too",
  },
} as const satisfies OptionTable;

/** What the runs of a comparison are trained with: as many epochs each. */
export const runOptions = {
  epochs: trainingOptions.epochs,
  batchSize: trainingOptions.batchSize,
  lr: trainingOptions.lr,
  lrSchedule: trainingOptions.lrSchedule,
  likelihood: trainingOptions.likelihood,
  betaSchedule: trainingOptions.betaSchedule,
  warmupEpochs: trainingOptions.warmupEpochs,
  capacity: trainingOptions.capacity,
  seed: trainingOptions.seed,
  ...dataOptions,
} as const satisfies OptionTable;

/** Describes the option that says where the checkpoints of several runs are. */
export function checkpointFolder<const Dir extends string>(dir: Dir): {
  readonly type: "text";
  readonly default: Dir;
  readonly metavar: "DIR";
  readonly help: string;
} {
  return {
    type: "text",
    default: dir,
    metavar: "DIR",
    help: "folder of the checkpoints; finished runs are taken from there",
  };
}

/** Takes the values of one table's options out of those of a task. */
export function pick<T extends OptionTable>(
  values: OptionValues<T>,
  table: T,
): OptionValues<T> {
  return Object.fromEntries(
    Object.keys(table).map((name) => [name, values[name]]),
  ) as OptionValues<T>;
}
