/**
 * The command line of every task, once: flags, defaults, ranges, help texts and
 * validation all derive from these tables and from those of `lib/options/run.ts`.
 *
 * @module
 */
import type { OptionTable, OptionValues } from "../../lib/options/table.ts";
import { dataOptions, trainingOptions } from "../../lib/options/run.ts";

const engineOptions = {
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
} as const;

const checkpoint = {
  type: "text",
  default: "checkpoints/vae.safetensors",
  metavar: "FILE",
  help: "the checkpoint to use",
} as const;
const json = {
  type: "boolean",
  default: false,
  help: "print one JSON object to stdout",
} as const;
const split = {
  type: "choice",
  default: "test",
  choices: ["train", "validation", "test"],
  help: "which images",
} as const;
const samples = {
  type: "integer",
  default: 100,
  min: 1,
  max: 100_000,
  help: "draws of z for each image, in the importance-weighted bound",
} as const;
const scale = {
  type: "integer",
  default: 1,
  min: 1,
  max: 16,
  help: "how many times as large, and as sharp",
} as const;
const gif = {
  type: "boolean",
  default: false,
  help: "write an animation, too: the picture's name, ending in .gif",
} as const;

/** What every task takes that draws a model's digits. */
function digitOptions<const Out extends string>(out: Out) {
  return {
    ...plotOptions(out),
    scale: { ...scale, default: 2, help: "pixels to a pixel of a digit" },
    preview: {
      type: "boolean",
      default: false,
      help: "show some of the digits on the terminal, too",
    },
  } as const;
}

/** What every task takes that draws a picture of a model. */
function plotOptions<const Out extends string>(out: Out) {
  return {
    out: {
      type: "text",
      default: out,
      metavar: "FILE",
      help: "the picture to write",
    },
    scale,
    seed: { ...trainingOptions.seed, help: "seed of what is drawn at random" },
    checkpoint,
    ...engineOptions,
    json,
  } as const;
}

const outDir = {
  type: "text",
  default: "plots",
  metavar: "DIR",
  help: "folder of what is written",
} as const;

/** What the runs of a comparison are trained with: as many epochs each. */
const runOptions = {
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
} as const;

/** Where the checkpoints of several runs are. */
function checkpointDir<const Dir extends string>(dir: Dir) {
  return {
    type: "text",
    default: dir,
    metavar: "DIR",
    help: "folder of the checkpoints; finished runs are taken from there",
  } as const;
}

/** What a task is called, what it does and which options it takes. */
export interface TaskSpec<T extends OptionTable = OptionTable> {
  readonly summary: string;
  readonly options: T;
}

function task<const T extends OptionTable>(
  summary: string,
  options: T,
): TaskSpec<T> {
  return { summary, options };
}

/** The command line of each task. */
export const tasks = {
  fetch: task("Downloads and verifies a data set.", {
    dataset: {
      type: "choice",
      default: "mnist",
      choices: ["mnist", "fashion-mnist", "kmnist"],
      help: "which data set",
    },
    from: {
      type: "text",
      default: null,
      metavar: "DIR|URL",
      help: "folder or base URL to take the files from",
    },
    dataDir: dataOptions.dataDir,
    json,
  }),
  train: task("Trains a VAE; writes a checkpoint and pictures.", {
    ...trainingOptions,
    ...dataOptions,
    recipe: {
      type: "choice",
      default: "none",
      choices: ["none", "fast", "best"],
      help: "options chosen by measurement, unless given",
    },
    checkpoint: { ...checkpoint, help: "where to save the checkpoint" },
    checkpointEvery: {
      type: "integer",
      default: 1,
      min: 1,
      max: 100_000,
      help: "epochs between saves",
    },
    resume: {
      type: "text",
      default: null,
      metavar: "FILE",
      help: "continue exactly where a checkpoint stopped",
    },
    savePlots: {
      type: "boolean",
      default: true,
      help: "write loss curves, reconstructions and samples",
    },
    plotDir: {
      type: "text",
      default: "plots",
      metavar: "DIR",
      help: "folder of the pictures",
    },
    animate: {
      type: "boolean",
      default: false,
      help: "write animation.gif there: the same z, decoded after every epoch",
    },
    preview: {
      type: "boolean",
      default: true,
      help: "on a terminal, show sample digits after each epoch",
    },
    ...engineOptions,
    json,
  }),
  sample: task("Draws new digits from a trained model.", {
    n: {
      type: "integer",
      default: 64,
      min: 1,
      max: 10_000,
      help: "how many digits",
    },
    temperature: {
      type: "number",
      default: 1,
      min: 0,
      max: 100,
      help: "standard deviation of z",
    },
    ...digitOptions("samples.png"),
  }),
  reconstruct: task("Shows originals above their reconstructions.", {
    n: {
      type: "integer",
      default: 16,
      min: 1,
      max: 10_000,
      help: "how many digits",
    },
    split,
    dataDir: dataOptions.dataDir,
    ...digitOptions("reconstructions.png"),
  }),
  interpolate: task("Changes one digit into another, a pair in each row.", {
    fromIndex: {
      type: "integer",
      default: null,
      min: 0,
      max: 1_000_000,
      help: "number of the image to begin with, with --to-index",
    },
    toIndex: {
      type: "integer",
      default: null,
      min: 0,
      max: 1_000_000,
      help: "number of the image to end with",
    },
    classes: {
      type: "text",
      default: null,
      metavar: "A,B",
      help: "from digits of class A to digits of class B, such as 3,8",
    },
    n: {
      type: "integer",
      default: 8,
      min: 1,
      max: 1000,
      help: "how many pairs, chosen at random",
    },
    steps: {
      type: "integer",
      default: 12,
      min: 2,
      max: 1000,
      help: "decoded digits from one end to the other",
    },
    mode: {
      type: "choice",
      default: "linear",
      choices: ["linear", "slerp"],
      help: "along the straight line, or the arc around the origin",
    },
    gif,
    split,
    dataDir: dataOptions.dataDir,
    ...digitOptions("interpolation.png"),
  }),
  traverse: task("Moves along each latent dimension, one in each row.", {
    index: {
      type: "integer",
      default: null,
      min: 0,
      max: 1_000_000,
      help: "number of the image to start from; default: the prior's mean, 0",
    },
    range: {
      type: "number",
      default: 3,
      min: 0.001,
      max: 1000,
      help: "how far to either side",
    },
    steps: {
      type: "integer",
      default: 11,
      min: 2,
      max: 1000,
      help: "digits in a row",
    },
    gif,
    split,
    dataDir: dataOptions.dataDir,
    ...digitOptions("traversal.png"),
  }),
  manifold: task("Maps two latent dimensions over the prior's quantiles.", {
    n: {
      type: "integer",
      default: 20,
      min: 2,
      max: 100,
      help: "digits along each side",
    },
    ...digitOptions("manifold.png"),
  }),
  latents: task("Plots the means of the posteriors, coloured by class.", {
    pca: {
      type: "boolean",
      default: false,
      help: "along the principal components, not the most active dimensions",
    },
    split,
    dataDir: dataOptions.dataDir,
    ...plotOptions("latents.png"),
  }),
  curves: task("Draws a checkpoint's losses by epoch.", {
    ...plotOptions("loss-curves.png"),
  }),
  evaluate: task("Measures a trained model on a whole split.", {
    split,
    samples,
    binarize: {
      type: "choice",
      default: "none",
      choices: ["none", "static", "dynamic"],
      help: "black-and-white pixels: one draw for all, or one for each seed",
    },
    seed: { ...trainingOptions.seed, help: "seed of z and of dynamic pixels" },
    dataDir: dataOptions.dataDir,
    checkpoint,
    ...engineOptions,
    json,
  }),
  sweep: task("Trains a model for each β and latent size; compares them.", {
    beta: {
      ...trainingOptions.beta,
      type: "numbers",
      default: [0.25, 0.5, 1, 2, 4],
      help: "weights of the KL term",
    },
    latentDim: {
      ...trainingOptions.latentDim,
      type: "integers",
      default: [12],
      help: "numbers of latent dimensions",
    },
    ...runOptions,
    checkpointDir: checkpointDir("checkpoints/sweep"),
    outDir,
    scale,
    ...engineOptions,
    json,
  }),
  compare: task("Compares the standard autoencoder and the VAE.", {
    latentDim: trainingOptions.latentDim,
    beta: trainingOptions.beta,
    ...runOptions,
    checkpointDir: checkpointDir("checkpoints/compare"),
    out: {
      type: "text",
      default: "comparison.png",
      metavar: "FILE",
      help: "the picture to write",
    },
    scale: { ...scale, default: 2, help: "pixels to a pixel of a digit" },
    ...engineOptions,
    json,
  }),
  report: task("Writes one page with all there is to see of a model.", {
    out: {
      type: "text",
      default: "report.html",
      metavar: "FILE",
      help: "the page to write",
    },
    split,
    samples,
    seed: { ...trainingOptions.seed, help: "seed of what is drawn at random" },
    dataDir: dataOptions.dataDir,
    checkpoint,
    ...engineOptions,
    json,
  }),
  explore: task("Opens a model's latent space in the browser.", {
    checkpoint,
    dataDir: dataOptions.dataDir,
    port: {
      type: "integer",
      default: 8000,
      min: 0,
      max: 65535,
      help: "the port to serve on; 0 takes any that is free",
    },
    open: {
      type: "boolean",
      default: false,
      help: "open the page in the browser, too",
    },
    json,
  }),
  export: task("Writes a model in another format.", {
    format: {
      type: "choice",
      default: "html",
      choices: ["html", "safetensors", "onnx", "tfjs"],
      help: "the explorer in one page, PyTorch's weights, or graphs",
    },
    out: {
      type: "text",
      default: null,
      metavar: "PATH",
      help: "file, or folder for onnx and tfjs; default: named by the format",
    },
    checkpoint,
    dataDir: dataOptions.dataDir,
    json,
  }),
  import: task("Makes a checkpoint of weights from PyTorch.", {
    from: {
      type: "text",
      default: null,
      metavar: "FILE",
      help: "a .pth or .safetensors file of the same model",
    },
    out: {
      type: "text",
      default: "checkpoints/imported.safetensors",
      metavar: "FILE",
      help: "the checkpoint to write",
    },
    likelihood: trainingOptions.likelihood,
    autoencoder: trainingOptions.autoencoder,
    beta: trainingOptions.beta,
    ...dataOptions,
    json,
  }),
  bench: task("Times the training step, and shows where the time goes.", {
    batchSize: trainingOptions.batchSize,
    latentDim: trainingOptions.latentDim,
    likelihood: trainingOptions.likelihood,
    profile: {
      type: "boolean",
      default: false,
      help: "time each operation of the step, too",
    },
    compare: {
      type: "choice",
      default: "none",
      choices: ["none", "tfjs"],
      help: "time tfjs's webgpu backend in the same run",
    },
    ...engineOptions,
    json,
  }),
  doctor: task("Shows what this machine can do, and checks its numbers.", {
    json,
  }),
} satisfies Record<string, TaskSpec>;

/** The name of a task. */
export type TaskName = keyof typeof tasks;

/** The values of a task's options. */
export type TaskValues<T extends TaskName> = OptionValues<
  (typeof tasks)[T]["options"]
>;
