/**
 * `deno task fetch`: downloads and verifies a data set.
 *
 * @module
 */
import { fetchDataset } from "../lib/dataset/download.ts";
import { DOWNLOADS } from "../lib/options/run.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, suggestNext, type Task } from "./shared/cli.ts";
import { withRemedy } from "./shared/data.ts";
import { flagWords } from "./shared/flags.ts";
import { common, data } from "./shared/options.ts";
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
  summary: "Downloads and verifies a data set.",
  examples: ["--dataset fashion-mnist", "--from ../mnist"],
  options: flags,
};

const main: Main<typeof flags> = async (options, { signal }) => {
  const { dataset, dataDir } = options;
  const progress = new Progress();
  const files = await fetchDataset(dataset, {
    dataDir,
    from: options.from ?? undefined,
    signal,
    onProgress: ({ file, url, loaded, total }) =>
      progress.update(
        total === null ? null : loaded / total,
        `${file}  ${megabytes(loaded)}` +
          (total === null ? "" : ` of ${megabytes(total)}`) + ` from ${url}`,
      ),
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
    tell(`${path}: ${check}, ${url ? `from ${url}` : "already there"}`);
  }
  const isUsual = dataset === "mnist" && dataDir === flags.dataDir.default;
  const words = flagWords(flags, options, ["dataset", "dataDir"]);
  suggestNext("train", isUsual ? [] : words);
};

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) await runTask(task, flags, main);
