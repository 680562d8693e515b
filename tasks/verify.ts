/**
 * `deno task verify`: trains a recorded run again and compares the bytes.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import {
  digestTensors,
  loadRecord,
  type RunRecord,
} from "../lib/checkpoint/run_record.ts";
import { type Dataset, loadDataset } from "../lib/dataset/dataset.ts";
import { DownloadError } from "../lib/files/mirrors.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted, fixed } from "../lib/text.ts";
import {
  commandOf,
  EXIT_INTERRUPTED,
  type Main,
  runTask,
  shellWord,
  type Task,
  TaskError,
} from "./shared/cli.ts";
import { flagWords } from "./shared/flags.ts";
import { common, data, engineOptions } from "./shared/options.ts";
import { trainRun } from "./shared/run.ts";
import { say } from "./shared/terminal.ts";

const flags = {
  record: {
    type: "text",
    default: null,
    metavar: "RECORD.json",
    positional: "required",
    help:
      "the record of a run, as train --record writes it; exit code 0 says " +
      "that the bytes are the same, 1 that they differ or why not",
  },
  dataDir: data.dataDir,
  threads: engineOptions.threads,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task verify` does. */
export const task: Task = {
  name: "verify",
  summary: "Trains a recorded run again, and compares the bytes.",
  examples: ["tests/records/synthetic.json", "tests/records/fast.json"],
  options: flags,
};

const EXIT_DIFFERENT = 1;

/** Digits of a digest that a person is shown. */
const SHOWN = 8;

const main: Main<typeof flags> = async (options, { signal }) => {
  const record = await loadRecord(options.record);
  const dataset = await openRecorded(record, options.dataDir);
  let started = 0;
  using run = await trainRun({
    path: null,
    options: record.options,
    command: () => undefined,
  }, {
    dataset,
    choice: { engine: "wasm", threads: options.threads },
    signal,
    onStart: (engine) => {
      const images = counted(dataset.train.count, "image");
      say(
        `training on ${dataset.name}, ${images}, with ${engine.description}`,
      );
      started = performance.now();
    },
  });
  if (!run) return EXIT_INTERRUPTED;

  const tensors = digestTensors(run.checkpoint);
  const same = tensors === record.tensors;
  const testTotal = run.end.test!.total;
  if (options.json) {
    console.log(JSON.stringify({
      record: options.record,
      same,
      tensors: { recorded: record.tensors, trained: tensors },
      testTotal: { recorded: record.testTotal, trained: testTotal },
      package: { recorded: record.package, trained: config.version },
      engine: run.engine.description,
      seconds: (performance.now() - started) / 1000,
    }));
  } else {
    const total = besides(fixed(testTotal, 3), fixed(record.testTotal, 3));
    const digest = besides(
      tensors.slice(0, SHOWN),
      record.tensors.slice(0, SHOWN),
    );
    console.log(
      `the bytes ${same ? "are the same" : "differ"}: tensors ${digest}; ` +
        `test total ${total}`,
    );
  }
  if (same) return;
  if (record.package !== config.version) {
    say(
      `note: version ${record.package} of the package wrote the record, and ` +
        `this is ${config.version}`,
    );
  }
  return EXIT_DIFFERENT;
};

/** Words a value beside the one that was recorded. */
function besides(trained: string, recorded: string): string {
  return trained === recorded ? trained : `${trained}, not ${recorded}`;
}

/**
 * Loads the images of a record. What is not there is not downloaded: nothing is
 * written here.
 *
 * @throws {TaskError} If they are not there, or others are in their place.
 */
async function openRecorded(
  { data }: RunRecord,
  dataDir: string,
): Promise<Dataset> {
  const { name } = data;
  const words = name === "synthetic"
    ? []
    : flagWords(flagsOfFetch, { dataset: name, dataDir }, [
      "dataset",
      ...(dataDir === flags.dataDir.default ? [] : ["dataDir"]),
    ]);
  const fetch = `\`${
    [commandOf("fetch"), ...words.map(shellWord)].join(" ")
  }\``;
  const dataset = await loadDataset({ ...data.options, dataset: name, dataDir })
    .catch((error) => {
      if (!(error instanceof DownloadError)) throw error;
      throw new TaskError(`${name} is not in ${dataDir}: get it with ${fetch}`);
    });
  if (dataset.digest === data.digest) return dataset;
  const images = name === "synthetic" ? name : `${name} in ${dataDir}`;
  throw new TaskError(
    `the training images of ${images} have the digest ${dataset.digest}, and ` +
      `those of the record ${data.digest}: ` +
      (name === "synthetic"
        ? "the version of the package that wrote it draws other ones"
        : `get those with ${fetch} in an empty folder`),
  );
}

const flagsOfFetch = { dataset: data.dataset, dataDir: data.dataDir };

if (import.meta.main) await runTask(task, flags, main);
