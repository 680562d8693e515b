/**
 * `deno task fetch`: downloads and verifies a data set or a trained model.
 *
 * @module
 */
import { fetchDataset } from "../lib/dataset/download.ts";
import type { FetchProgress } from "../lib/files/transfer.ts";
import { describeData } from "../lib/interop/trained_model.ts";
import { DOWNLOADS } from "../lib/options/run.ts";
import {
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import { fixed } from "../lib/text.ts";
import { type Main, runTask, suggestNext, type Task } from "./shared/cli.ts";
import { withRemedy } from "./shared/data.ts";
import { flagOf, flagWords } from "./shared/flags.ts";
import { fetchModel, type ModelName, MODELS } from "./shared/models.ts";
import { checkpointWords, common, data } from "./shared/options.ts";
import { Progress } from "./shared/progress.ts";
import { tell } from "./shared/terminal.ts";

const flags = {
  dataset: {
    type: "choice",
    default: "mnist",
    choices: DOWNLOADS,
    help:
      "which data set; binarized-mnist is Larochelle's one draw, of three " +
      ".amat files",
  },
  model: {
    type: "choice",
    default: "none",
    choices: ["none", ...Object.keys(MODELS) as ModelName[]],
    help: "a trained model instead, to checkpoints/MODEL.safetensors",
  },
  from: {
    type: "text",
    default: null,
    metavar: "DIR|URL",
    help: "folder or base URL to take the files from",
  },
  dataDir: data.dataDir,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task fetch` does. */
export const task: Task = {
  name: "fetch",
  summary: "Downloads and verifies a data set or a trained model.",
  examples: ["--dataset fashion-mnist", "--model bce-20", "--from ../mnist"],
  options: flags,
};

type Options = OptionValues<typeof flags>;

const main: Main<typeof flags> = async (options, { given, signal }) => {
  if (options.model === "none") return await toData(options, signal);
  for (const name of ["dataset", "dataDir"] as const) {
    if (!given.has(name)) continue;
    throw new OptionError(`--model does not go with ${flagOf(name)}`);
  }
  await toCheckpoints(options.model, options, signal);
};

/** Fetches a data set. */
async function toData(options: Options, signal: AbortSignal): Promise<void> {
  const { dataset, dataDir } = options;
  const progress = new Progress();
  const files = await fetchDataset(dataset, {
    dataDir,
    from: options.from ?? undefined,
    signal,
    onProgress: showTransfer(progress),
  }).catch((error) => {
    throw withRemedy(error, dataset, options);
  }).finally(() => progress.clear());
  if (options.json) {
    console.log(JSON.stringify({ dataset, files }));
    return;
  }
  for (const { path, url, checkedBy } of files) {
    const check = checkedBy === "digest"
      ? "verified"
      : "of the right shape (digests are published for the .gz alone)";
    tell(`${path}: ${check}, ${sourceText(url)}`);
  }
  const isUsual = dataset === "mnist" && dataDir === flags.dataDir.default;
  const words = flagWords(flags, options, ["dataset", "dataDir"]);
  suggestNext("train", isUsual ? [] : words);
}

/** Fetches a model. */
async function toCheckpoints(
  name: ModelName,
  { from, json }: Options,
  signal: AbortSignal,
): Promise<void> {
  const model = MODELS[name];
  const path = `checkpoints/${name}.safetensors`;
  const progress = new Progress();
  const { checkpoint, url } = await fetchModel(name, model, path, {
    from: from ?? undefined,
    signal,
    onProgress: showTransfer(progress),
  }).finally(() => progress.clear());
  const { tensors, testTotal } = model.record;
  const data = describeData(checkpoint.data);
  if (json) {
    console.log(
      JSON.stringify({ model: name, path, url, tensors, testTotal, data }),
    );
    return;
  }
  tell(`${path}: verified, ${sourceText(url)}`);
  tell(`${model.about}; test total ${fixed(testTotal, 2)}`);
  tell(`trained on ${data}`);
  const isConditional = checkpoint.options.classCount > 0;
  suggestNext(isConditional ? "sample" : "traverse", checkpointWords(path));
}

/** Shows how far a transfer is. */
function showTransfer(progress: Progress): (transfer: FetchProgress) => void {
  return ({ file, url, loaded, total }) =>
    progress.update(
      total === null ? null : loaded / total,
      `${file}  ${megabytes(loaded)}` +
        (total === null ? "" : ` of ${megabytes(total)}`) + ` from ${url}`,
    );
}

function sourceText(url: string | null): string {
  return url === null ? "already there" : `from ${url}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) await runTask(task, flags, main);
