/**
 * `deno task import`: makes a checkpoint of a model that was trained elsewhere.
 *
 * @module
 */
import {
  CheckpointError,
  saveCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { readWeights } from "../lib/checkpoint/weights.ts";
import { readClasses } from "../lib/dataset/class_labels.ts";
import { describeKind, kindOf } from "../lib/files/kind.ts";
import { FormatError } from "../lib/formats/error.ts";
import {
  parseSafetensors,
  type Safetensors,
  SafetensorsError,
} from "../lib/formats/safetensors.ts";
import { ImportError } from "../lib/interop/error.ts";
import { mapNames } from "../lib/interop/torch_names.ts";
import { readPth } from "../lib/interop/torch_pth.ts";
import { FEATURE_COUNT } from "../lib/model/spec.ts";
import {
  dataOptions,
  type TrainingOptions,
  trainingOptions,
} from "../lib/options/run.ts";
import {
  completeOptions,
  defaults,
  OptionError,
  type OptionTable,
} from "../lib/options/table.ts";
import {
  type Main,
  runTask,
  suggestNext,
  type Task,
  TaskError,
} from "./shared/cli.ts";
import { checkData } from "./shared/data.ts";
import { claim, makeRoom, willWrite } from "./shared/files.ts";
import { flagOf } from "./shared/flags.ts";
import { about, readInput } from "./shared/inputs.ts";
import { describe } from "./shared/model.ts";
import {
  checkpointWords,
  common,
  data,
  outFile,
  pick,
  training,
} from "./shared/options.ts";
import { tell } from "./shared/terminal.ts";

const flags = {
  from: {
    type: "text",
    default: null,
    metavar: "FILE",
    help: "a .pth or .safetensors file of the same model",
  },
  out: outFile("checkpoints/imported.safetensors", "the checkpoint to write"),
  likelihood: training.likelihood,
  autoencoder: training.autoencoder,
  beta: training.beta,
  ...data,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task import` does. */
export const task: Task = {
  name: "import",
  summary: "Makes a checkpoint of weights from PyTorch.",
  examples: ["--from model.pth --likelihood bce"],
  options: flags,
};

/** Larger files are not read. */
const MAX_FILE = 256 * 2 ** 20;

/** What a file that is no such model ends in. */
const REFUSALS = [ImportError, FormatError, SafetensorsError, CheckpointError];

/** What tensors do not say of a model. */
const MODEL = ["likelihood", "autoencoder", "beta"] as const;

const main: Main<typeof flags> = async (values, { given }) => {
  const { from, out, json } = values;
  if (from === null) {
    throw new OptionError("--from FILE is needed: a .pth or .safetensors file");
  }
  // Without images to choose, names are of the model's classes alone.
  const images = {
    ...pick(values, dataOptions),
    ...(values.images === null && { classes: null }),
  };
  checkData(images);
  const bytes = await readInput("import", from, MAX_FILE);
  const { model, options, known } = await about(
    "import",
    from,
    REFUSALS,
    () => {
      const { tensors, metadata } = parse(bytes);
      const named = mapNames(tensors);
      const [latentDim, inputs] = named.get("fc_mu.weight")!.shape;
      const sizes = { latentDim, classCount: inputs - FEATURE_COUNT };
      return {
        model: { sizes, state: readWeights(named) },
        options: optionsOf(metadata),
        known: classesOf(metadata, sizes.classCount),
      };
    },
  );
  for (const name of MODEL) {
    if (given.has(name)) Object.assign(options, { [name]: values[name] });
  }
  const { classCount } = model.sizes;
  const classes = values.classes === null ? known : await about(
    "name classes by",
    values.classes,
    [FormatError, Deno.errors.NotFound],
    () => readClasses(values.classes!),
  );
  if (classes && classCount > 0 && classes.length !== classCount) {
    throw new TaskError(
      `${from} is told of ${classCount} classes, and --classes names ` +
        `${classes.length}`,
    );
  }
  const checkpoint = {
    options: { ...options, ...model.sizes },
    data: {
      name: images.images ??
        (images.dataset === "auto" ? "unknown images" : images.dataset),
      digest: null,
      ...(classes && { classes }),
      options: images,
    },
    state: model.state,
    history: [],
    partial: null,
  };
  await willWrite(out, "safetensors");
  using _lock = await claim(out, flagOf("out"));
  await makeRoom(out);
  await saveCheckpoint(out, checkpoint);
  if (json) {
    const { latentDim, likelihood, autoencoder, beta } = checkpoint.options;
    console.log(JSON.stringify({
      ...{ from, out, latentDim, likelihood, autoencoder, beta },
      ...(classCount > 0 && { classes }),
    }));
  } else {
    tell(`${out}: ${from} (${describe(checkpoint)})`);
    suggestNext("sample", checkpointWords(out));
  }
};

/** Reads either kind of file; its name does not matter. */
function parse(bytes: Uint8Array): Safetensors {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b; // PK
  const isPickle = bytes[0] === 0x80 && bytes[8] !== 0x7b; // not {"…
  if (isZip || isPickle) return { tensors: readPth(bytes), metadata: {} };
  if (bytes[8] === 0x7b) return parseSafetensors(bytes);
  const kind = kindOf(bytes);
  const is = kind === undefined ? "empty" : describeKind(kind);
  throw new ImportError(
    `it is ${is}, neither a .pth file of torch.save nor a safetensors file`,
  );
}

/** What this project's own files say of the model; PyTorch's say nothing. */
function optionsOf({ options }: Record<string, string>): TrainingOptions {
  const all = defaults(trainingOptions);
  if (options === undefined) return all;
  try {
    const own = completeOptions(trainingOptions, JSON.parse(options));
    for (const name of MODEL) Object.assign(all, { [name]: own[name] });
    return all;
  } catch (cause) {
    throw new ImportError("the options in its metadata cannot be read", {
      cause,
    });
  }
}

/**
 * The names of the classes that a model is told of: those that this project's own
 * files have, else numbers.
 */
function classesOf(
  { classes, data }: Record<string, string>,
  count: number,
): readonly string[] | undefined {
  if (count === 0) return;
  try {
    const names = classes === undefined
      ? data && JSON.parse(data).classes
      : JSON.parse(classes);
    if (!names) return Array.from({ length: count }, (_, i) => String(i));
    if (names.length === count) return names.map(String);
  } catch {
    // They are none.
  }
  throw new ImportError("the classes in its metadata cannot be read");
}

if (import.meta.main) await runTask(task, flags, main);
