/**
 * `deno task import`: makes a checkpoint of a model that was trained elsewhere.
 *
 * @module
 */
import {
  CheckpointError,
  saveCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { readClasses } from "../lib/dataset/class_labels.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { FormatError } from "../lib/formats/error.ts";
import { SafetensorsError } from "../lib/formats/safetensors.ts";
import { ImportError } from "../lib/interop/error.ts";
import { type Imported, importModel, MODEL } from "../lib/interop/imported.ts";
import { epochsOf } from "../lib/model/losses.ts";
import { type DataOptions, dataOptions } from "../lib/options/run.ts";
import { OptionError, type OptionTable } from "../lib/options/table.ts";
import { oneLine } from "../lib/text.ts";
import {
  commandOf,
  type Main,
  runTask,
  shellWord,
  suggestNext,
  type Task,
  TaskError,
} from "./shared/cli.ts";
import { checkData } from "./shared/data.ts";
import { claim, makeRoom, willWrite } from "./shared/files.ts";
import { flagOf } from "./shared/flags.ts";
import { about, readInput } from "./shared/inputs.ts";
import { describe } from "./shared/model.ts";
import { listOf } from "./shared/model_classes.ts";
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
  batchSize: training.batchSize,
  ...data,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task import` does. */
export const task: Task = {
  name: "import",
  summary: "Makes a checkpoint of a model or a run of PyTorch's.",
  examples: ["--from model.pth --likelihood bce"],
  options: flags,
};

/** Larger files are not read. */
const MAX_FILE = 256 * 2 ** 20;

/** What a file that is no such model ends in. */
const REFUSALS = [ImportError, FormatError, SafetensorsError, CheckpointError];

/** What a file may not say of a model and its run. */
const CHOSEN = [...MODEL, "batchSize"] as const;

/** Epochs that the command which goes on with a run adds to those it has. */
const MORE_EPOCHS = 10;

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
  const chosen = Object.fromEntries(
    CHOSEN.filter((name) => given.has(name)).map((
      name,
    ) => [name, values[name]]),
  );
  const imported = await about(
    "import",
    from,
    REFUSALS,
    () => importModel(bytes, chosen),
  );
  const { options, state, history, epochsBefore } = imported;
  const { classCount } = options;
  const named = values.classes === null ? imported.classes : await about(
    "name classes by",
    values.classes,
    [FormatError, Deno.errors.NotFound],
    () => readClasses(values.classes!),
  );
  if (named && classCount > 0 && named.length !== classCount) {
    throw new TaskError(
      `${from} is told of ${classCount} classes, and --classes names ` +
        `${named.length}`,
    );
  }
  const classes = classCount === 0
    ? named
    : await asImagesHave(named!, images, from);
  const checkpoint = {
    options,
    data: {
      name: images.images ??
        (images.dataset === "auto" ? "unknown images" : images.dataset),
      digest: null,
      ...(classes && { classes }),
      options: images,
    },
    state,
    ...(epochsBefore && { epochsBefore }),
    history,
    partial: imported.partial ?? null,
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
      ...{ step: state.step, epochs: epochsOf(history, epochsBefore) },
      fresh: imported.fresh ?? null,
      ...{ assumed: imported.assumed, omitted: imported.omitted },
    }));
  } else {
    tell(`${out}: ${from} (${describe(checkpoint)})`);
    if (classes !== named) {
      const name = oneLine(checkpoint.data.name);
      tell(`classes, as ${name} has them: ${listOf(classes!)}`);
    }
    report(imported, out);
    suggestNext("sample", checkpointWords(out));
  }
};

/**
 * Names a model's classes as the images do that it is imported with, if any: it is
 * told of their labels.
 *
 * @param named What the classes are called so far: numbers, where nobody says.
 * @throws {TaskError} If the images have no classes, or others.
 */
async function asImagesHave(
  named: readonly string[],
  images: DataOptions,
  from: string,
): Promise<readonly string[]> {
  if (images.images === null && images.dataset === "auto") return named;
  // None of the images, only what they are.
  const { name, classes } = await loadDataset({ ...images, splits: [] });
  const told = `${from} is told of the class of each image, and`;
  if (!classes) {
    throw new TaskError(
      `${told} ${oneLine(name)} has no labels: ` +
        (images.images === null
          ? "choose another --dataset"
          : "name a file of them with --labels"),
    );
  }
  const isUnnamed = named.every((name, label) => name === String(label));
  const isFit = classes.length === named.length &&
    (isUnnamed || classes.every((name, label) => name === named[label]));
  if (!isFit) {
    throw new TaskError(
      `${told} ${oneLine(name)} has other classes than its ${named.length}` +
        (isUnnamed ? "" : ` (${listOf(named)})`) +
        `: ${listOf(classes)}`,
    );
  }
  return classes.every((name, label) => name === named[label])
    ? named
    : classes;
}

/** Says what a file became, and what is not in it. */
function report(imported: Imported, out: string): void {
  const { state, fresh, assumed, open, omitted } = imported;
  if (fresh === undefined) {
    const done = epochsOf(imported.history, imported.epochsBefore);
    const epochs = Math.ceil(done) + MORE_EPOCHS;
    tell(
      `optimiser state of step ${state.step}: \`${
        commandOf("train")
      } --resume ` +
        `${shellWord(out)} --epochs ${epochs}\` goes on with it`,
    );
  } else tell(`training can only begin with it: ${fresh}`);
  if (assumed.length > 0) {
    const flags = open.map(flagOf).join(", ");
    const otherwise = flags && ` (say otherwise with ${flags})`;
    tell(`assumed: ${assumed.join("; ")}${otherwise}`);
  }
  if (omitted.length > 0) tell(`left out: ${omitted.join("; ")}`);
}

if (import.meta.main) await runTask(task, flags, main);
