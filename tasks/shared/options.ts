/**
 * The options that several tasks share, once: flags, defaults, ranges and help
 * texts. Those of a single task stand in its file, and those of a run in
 * `lib/options/run.ts`.
 *
 * @module
 */
import type { OptionTable, OptionValues } from "../../lib/options/table.ts";
import {
  dataOptions,
  recipes,
  recipesOfBce,
  recipesOfIwae,
  type TrainingOptions,
  trainingOptions,
} from "../../lib/options/run.ts";
import { flagWords, inSection } from "./flags.ts";

const { lr, lrSchedule, lrWarmup, headsLrFactor, adamBeta1, adamBeta2 } =
  trainingOptions;
// That is the data set's to say.
const { classCount: _, ...chosen } = trainingOptions;

/** What is trained and how, as flags. */
export const training = {
  ...inSection("Model and training", {
    ...chosen,
    conditional: {
      type: "boolean",
      default: false,
      help: "tell the model the class of each image, to draw digits of a class",
    },
  }),
  ...inSection("Optimiser", {
    ...{ lr, lrSchedule, lrWarmup, headsLrFactor, adamBeta1, adamBeta2 },
  }),
} as const;

/** What it is trained on, as flags. */
export const data = inSection("Data", dataOptions);

/** Who does the arithmetic. */
export const engineOptions = inSection("Engine", {
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
  verbose: {
    type: "boolean",
    default: false,
    help: "show the source of a GPU program that fails",
  },
});

/** What the options of a picture or a file have in common. */
const output = inSection("Output", {
  json: {
    type: "boolean",
    default: false,
    help: "print one JSON object to stdout",
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
  preview: {
    type: "boolean",
    default: false,
    help: "show some of the digits on the terminal, too",
  },
});

/** Options that some tasks have and others have not. */
export const common = {
  ...inSection("Model and training", {
    checkpoint: {
      type: "text",
      default: "checkpoints/vae.safetensors",
      metavar: "FILE",
      help: "the checkpoint to use",
    },
    recipe: {
      type: "choice",
      default: "none",
      choices: Object.keys(recipes) as (keyof typeof recipes)[],
      help: "options chosen by measurement, unless given; nll for the " +
        "likelihood of binary pixels, bce with 50 dimensions",
    },
  }),
  ...inSection("Data", {
    split: {
      type: "choice",
      default: "test",
      choices: ["train", "validation", "test"],
      help: "which images",
    },
  }),
  samples: {
    type: "integer",
    default: 100,
    min: 1,
    max: 100_000,
    help: "draws of z for each image, in the importance-weighted bound",
  },
  class: {
    type: "text",
    default: null,
    metavar: "CLASS",
    help: "the class to draw, its name or number, of a conditional model; " +
      "default: its first",
  },
  seed: { ...trainingOptions.seed, help: "seed of what is drawn at random" },
  ...output,
} as const satisfies OptionTable;

/** Describes the option that names the file to write. */
export function outFile<const Out extends string>(
  out: Out,
  help = "the picture to write",
): {
  readonly type: "text";
  readonly default: Out;
  readonly metavar: "FILE";
  readonly help: string;
  readonly section: "Output";
} {
  return {
    type: "text",
    default: out,
    metavar: "FILE",
    help,
    section: "Output",
  };
}

/** Describes the option that names the folder of what is written. */
export function outFolder<const Dir extends string | null>(
  dir: Dir,
  help = "folder of the pictures",
): {
  readonly type: "text";
  readonly default: Dir;
  readonly metavar: "DIR";
  readonly help: string;
  readonly section: "Output";
} {
  return {
    type: "text",
    default: dir,
    metavar: "DIR",
    help,
    section: "Output",
  };
}

/** What every task takes that draws a model's digits. */
export const digitOptions = {
  scale: common.digitScale,
  checkpoint: common.checkpoint,
  ...engineOptions,
  preview: common.preview,
  json: common.json,
} as const satisfies OptionTable;

/** What the runs of a comparison are trained with: as many epochs each. */
export const runOptions = {
  recipe: common.recipe,
  epochs: training.epochs,
  batchSize: training.batchSize,
  lr: training.lr,
  lrSchedule: training.lrSchedule,
  likelihood: training.likelihood,
  binarize: training.binarize,
  betaSchedule: training.betaSchedule,
  warmupEpochs: training.warmupEpochs,
  capacity: training.capacity,
  seed: training.seed,
  ...data,
} as const satisfies OptionTable;

/** Describes the option that says where the checkpoints of several runs are. */
export function checkpointFolder<const Dir extends string>(dir: Dir): {
  readonly type: "text";
  readonly default: Dir;
  readonly metavar: "DIR";
  readonly help: string;
  readonly section: "Output";
} {
  return outFolder(
    dir,
    "folder of the checkpoints; finished runs are taken from there",
  );
}

/** The words that name a checkpoint, none for the one in its usual place. */
export function checkpointWords(checkpoint: string): string[] {
  const isUsual = checkpoint === common.checkpoint.default;
  return flagWords(common, { checkpoint }, isUsual ? [] : ["checkpoint"]);
}

/**
 * Returns the options of a recipe for such a model: without what it says of the
 * draws of z and the KL's gradient for an autoencoder, which has neither, and for
 * objectives that have their own.
 */
export function recipeOf(
  name: keyof typeof recipes,
  { likelihood, autoencoder, objective }: Pick<
    TrainingOptions,
    "likelihood" | "autoencoder" | "objective"
  >,
): Partial<TrainingOptions> {
  const recipe = {
    ...recipes[name],
    ...likelihood === "bce" ? recipesOfBce[name] : {},
    ...objective === "iwae" ? recipesOfIwae[name] : {},
  };
  const { draws: _, klGradient: __, ...others } = recipe;
  return autoencoder || objective !== "elbo" ? others : recipe;
}

/**
 * Follows the recipe that the values name, as far as they are not given: where
 * they are lists, with a list of one.
 */
export function followRecipe<
  T extends
    & { readonly recipe: keyof typeof recipes }
    & Pick<TrainingOptions, "likelihood">,
>(values: T, given: ReadonlySet<PropertyKey>, autoencoder = false): T {
  const { recipe, likelihood } = values;
  const model = { likelihood, autoencoder, objective: "elbo" } as const;
  const chosen = Object.entries(recipeOf(recipe, model))
    .filter(([name]) => !given.has(name))
    .map(([name, value]) => [
      name,
      Array.isArray(values[name as keyof T]) ? [value] : value,
    ]);
  return { ...values, ...Object.fromEntries(chosen) };
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

/** The flags of the tasks that make the page. */
export const page = {
  embed: {
    type: "integer",
    default: 200,
    min: 0,
    max: 200,
    help: "pictures of the data set that the page holds and shows; with 0 it " +
      "holds what the model makes of them alone",
  },
  language: {
    type: "choice",
    default: "auto",
    choices: ["auto", "en", "de"],
    help: "what the page speaks at first; auto is the browser's language, or " +
      "English",
  },
} as const satisfies OptionTable;

/** What they say of the page. */
export type PageOptions = OptionValues<typeof page>;
