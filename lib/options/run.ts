/**
 * The options of a run, once: flags, defaults, ranges, help texts and validation
 * all derive from the tables in this file.
 *
 * @module
 */
import type { OptionTable } from "./table.ts";
import type { TrainingOptions } from "./types.ts";

export type { DataOptions, TrainingOptions } from "./types.ts";

/** The most rows that the decoder takes in one step. */
export const MAX_ROWS = 2048;

/** The most draws of z for an image, of which each thread of a GPU walks all. */
const MAX_DRAWS = 64;

/** The most classes that images have: their labels are bytes. */
export const MAX_CLASSES = 256;

/** Draws in the importance-weighted bound unless told otherwise. */
export const IWAE_SAMPLES = 5;

/** Weight of the total correlation in `btc` unless told otherwise. */
export const TC_WEIGHT = 4;

/**
 * What is trained and how: recorded in the checkpoint, kept on resume.
 *
 * @example
 * ```ts
 * import { trainingOptions } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(trainingOptions.latentDim.default, 12);
 * ```
 */
export const trainingOptions = {
  latentDim: {
    type: "integer",
    default: 12,
    min: 1,
    max: 512,
    help: "number of latent dimensions",
  },
  beta: {
    type: "number",
    default: 1,
    min: 0,
    max: 1_000_000,
    help: "weight of the KL term (β-VAE)",
  },
  epochs: {
    type: "number",
    default: 10,
    min: 0.001,
    max: 100_000,
    help: "passes over the training images; 0.5 is half of one",
  },
  batchSize: {
    type: "integer",
    default: 128,
    min: 1,
    max: MAX_ROWS,
    help: "images in one optimiser step",
  },
  lr: {
    type: "number",
    default: 0.001,
    min: 1e-9,
    max: 10,
    help: "Adam's learning rate",
  },
  lrSchedule: {
    type: "choice",
    default: "constant",
    choices: ["constant", "linear", "cosine", "one-cycle"],
    help: "how the learning rate moves over the run",
  },
  lrWarmup: {
    type: "number",
    default: 0,
    min: 0,
    max: 1,
    help: "share of the run in which the learning rate rises to its value, " +
      "from a fiftieth of it",
  },
  headsLrFactor: {
    type: "number",
    default: 1,
    min: 0,
    max: 100,
    help: "factor of the learning rate for the layers of μ and log σ²",
  },
  adamBeta1: {
    type: "number",
    default: 0.9,
    min: 0,
    max: 0.999999,
    help: "decay of Adam's first moment",
  },
  adamBeta2: {
    type: "number",
    default: 0.999,
    min: 0,
    max: 0.999999,
    help: "decay of Adam's second moment",
  },
  likelihood: {
    type: "choice",
    default: "mse",
    choices: ["mse", "bce"],
    help: "squared error, or cross-entropy of logits in nats",
  },
  betaSchedule: {
    type: "choice",
    default: "constant",
    choices: ["constant", "linear", "cyclical"],
    help: "how β reaches its value",
  },
  warmupEpochs: {
    type: "number",
    default: null,
    min: 0.0001,
    max: 100_000,
    help: "epochs in which a schedule or the capacity rises; without it, " +
      "half the run, or an eighth for cyclical",
  },
  capacity: {
    type: "number",
    default: 0,
    min: 0,
    max: 10_000,
    help: "target C of the KL term, β·|KL − C|, in nats",
  },
  binarize: {
    type: "choice",
    default: "none",
    choices: ["none", "dynamic", "static"],
    help: "draw pixels black or white by their grey: anew each time they are " +
      "seen, or once",
  },
  objective: {
    type: "choice",
    default: "elbo",
    choices: ["elbo", "iwae", "btc"],
    help: "the bound, the importance-weighted bound, or the bound with the " +
      "total correlation weighted (β-TC-VAE)",
  },
  importanceSamples: {
    type: "integer",
    default: null,
    min: 1,
    max: MAX_DRAWS,
    help: `draws of z in the importance-weighted bound; ${IWAE_SAMPLES} ` +
      "unless told otherwise",
  },
  tcWeight: {
    type: "number",
    default: null,
    min: 0,
    max: 10_000,
    help: `weight of btc's total correlation; ${TC_WEIGHT} unless told ` +
      "otherwise",
  },
  freeBits: {
    type: "number",
    default: 0,
    min: 0,
    max: 1000,
    help: "nats of KL that each dimension has free",
  },
  draws: {
    type: "integer",
    default: 1,
    min: 1,
    max: MAX_DRAWS,
    help: "draws of z for each image and step, in pairs μ ± σ·ε; of an odd " +
      "number the last is alone",
  },
  klGradient: {
    type: "choice",
    default: "analytic",
    choices: ["analytic", "stl"],
    help: "gradient of the KL term: in closed form, or along the draws alone " +
      "(sticking the landing)",
  },
  patience: {
    type: "integer",
    default: null,
    min: 1,
    max: 100_000,
    help: "stop after so many epochs without a better validation total, and " +
      "keep the best",
  },
  autoencoder: {
    type: "boolean",
    default: false,
    help: "z = μ and no KL term: the standard autoencoder",
  },
  classCount: {
    type: "integer",
    default: 0,
    min: 0,
    max: MAX_CLASSES,
    help: "classes of which the model is told that of each image; 0 if of none",
  },
  seed: {
    type: "integer",
    default: 0,
    min: 0,
    max: 9007199254740991,
    help: "seed of all random numbers",
  },
} as const satisfies OptionTable;

/** The data sets that can be downloaded. */
export const DOWNLOADS = [
  "mnist",
  "fashion-mnist",
  "kmnist",
  "binarized-mnist",
] as const;

/**
 * What it is trained on: recorded in the checkpoint, kept on resume.
 *
 * @example
 * ```ts
 * import { dataOptions } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(dataOptions.valSize.default, 5000);
 * ```
 */
export const dataOptions = {
  dataset: {
    type: "choice",
    default: "auto",
    choices: ["auto", ...DOWNLOADS, "synthetic"],
    help: "auto: mnist if it can be had, otherwise synthetic",
  },
  images: {
    type: "text",
    default: null,
    metavar: "PATH",
    help: "images of your own instead: a folder of PNGs, or a file: .npz, " +
      ".npy, .csv, IDX",
  },
  labels: {
    type: "text",
    default: null,
    metavar: "FILE",
    help: "their labels, where those are in a file of their own",
  },
  classes: {
    type: "text",
    default: null,
    metavar: "A,B,…",
    help: "names of the classes, in the order of the labels; or a .txt file " +
      "with one on each line",
  },
  array: {
    type: "text",
    default: null,
    metavar: "NAME",
    help: "the array of a .npz file that has the images",
  },
  testSize: {
    type: "integer",
    default: null,
    min: 0,
    max: 1_000_000,
    unit: "images",
    help: "images of your own held out to test with, if they have no test " +
      "split; a tenth unless told otherwise",
  },
  invert: {
    type: "choice",
    default: "auto",
    choices: ["auto", "always", "never"],
    help: "turn images of your own to light on dark; auto: where their " +
      "borders are light",
  },
  centre: {
    type: "boolean",
    default: false,
    help: "move what images of your own show to the middle, by its mass",
  },
  dataDir: {
    type: "text",
    default: "data",
    metavar: "DIR",
    help: "folder of the downloaded data sets",
  },
  limit: {
    type: "integer",
    default: null,
    min: 1,
    max: 1_000_000,
    help: "use the first N images of each split",
  },
  valSize: {
    type: "integer",
    default: 5000,
    min: 0,
    max: 1_000_000,
    unit: "images",
    help:
      "training images held out for validation; a tenth of them where that " +
      "is more than half",
  },
} as const satisfies OptionTable;

/** What all recipes have. */
const pairs = {
  draws: 2,
  lrSchedule: "linear",
  lrWarmup: 0.1,
  headsLrFactor: 0.333,
} as const satisfies Partial<TrainingOptions>;

/**
 * Training options that go well together, chosen on MNIST's validation images
 * (`tests/recipes`): `sprint` reaches what the defaults reach in ten epochs, as
 * soon as can be; `fast` takes one epoch, and `best` some more. Rates are high and
 * Adam's memory is short where steps are few. `nll` says what it is trained on as
 * well: binary pixels, with 50 dimensions, whose likelihood is as low as it gets.
 */
export const recipes: Readonly<
  Record<"none" | "sprint" | "fast" | "best" | "nll", Partial<TrainingOptions>>
> = {
  none: {},
  sprint: {
    ...pairs,
    epochs: 0.33,
    batchSize: 32,
    lr: 0.048,
    adamBeta1: 0.7,
    adamBeta2: 0.95,
  },
  fast: {
    ...pairs,
    epochs: 1,
    batchSize: 32,
    lr: 0.048,
    adamBeta1: 0.8,
    adamBeta2: 0.98,
  },
  best: {
    ...pairs,
    epochs: 6,
    batchSize: 64,
    lr: 0.024,
    adamBeta1: 0.9,
    adamBeta2: 0.99,
  },
  nll: {
    likelihood: "bce",
    binarize: "dynamic",
    latentDim: 50,
    ...pairs,
    epochs: 70,
    batchSize: 128,
    lr: 0.048,
    adamBeta2: 0.998,
  },
};

/** What they take otherwise for `bce`, which needs more images. */
export const recipesOfBce: Readonly<
  Partial<Record<keyof typeof recipes, Partial<TrainingOptions>>>
> = {
  sprint: { epochs: 0.9, adamBeta1: 0.8, adamBeta2: 0.98 },
  best: { epochs: 12, lr: 0.032, adamBeta2: 0.995 },
};

/** What they take otherwise for `iwae`, whose steps take twice as long. */
export const recipesOfIwae: Readonly<
  Partial<Record<keyof typeof recipes, Partial<TrainingOptions>>>
> = {
  nll: { epochs: 30, lr: 0.024 },
};
