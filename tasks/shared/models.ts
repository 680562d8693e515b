/**
 * Models to start from, which each release has beside the programs.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import bce20 from "../../tests/records/bce-20.json" with { type: "json" };
import best from "../../tests/records/best.json" with { type: "json" };
import beta4 from "../../tests/records/beta-4.json" with { type: "json" };
import conditional from "../../tests/records/conditional.json" with {
  type: "json",
};
import fast from "../../tests/records/fast.json" with { type: "json" };
import nll50 from "../../tests/records/nll-50.json" with { type: "json" };
import {
  type Checkpoint,
  loadCheckpoint,
} from "../../lib/checkpoint/checkpoint.ts";
import { decodeCheckpoint } from "../../lib/checkpoint/codec.ts";
import { digestTensors, writeRecord } from "../../lib/checkpoint/run_record.ts";
import { describeKind, kindOf } from "../../lib/files/kind.ts";
import { DownloadError, fetchFirst } from "../../lib/files/mirrors.ts";
import { placeIn } from "../../lib/files/place.ts";
import type { TransferOptions } from "../../lib/files/transfer.ts";
import { commandOf, TaskError } from "./cli.ts";
import { claim, makeRoom, willWrite, writeOutput } from "./files.ts";

/** Where the project's releases are, each in a folder of its tag's name. */
const RELEASES = "https://github.com/vae/mnist/releases/download";

/** Larger files are not read: a run of 70 epochs with 50 dimensions has 2.5 MB. */
const MAX_FILE = 16 * 2 ** 20;

/** A model that can be downloaded. */
export interface Model {
  /** What it is, in a few words. */
  readonly about: string;
  /** The options of `train` that make it, and how long that takes on two cores. */
  readonly train: readonly [words: string, time: string];
  /** Its run on record, as {@linkcode writeRecord} writes it. */
  readonly record: {
    readonly package: string;
    readonly tensors: string;
    readonly testTotal: number;
  };
}

/** The models of a release, by name: that of their record, too. */
export const MODELS = {
  "fast": {
    about: "12 dimensions, squared error, one epoch",
    train: ["--dataset mnist --recipe fast", "5 s"],
    record: fast,
  },
  "best": {
    about: "12 dimensions, squared error, six epochs",
    train: ["--dataset mnist --recipe best", "25 s"],
    record: best,
  },
  "beta-4": {
    about: "the same with β = 4: fewer dimensions in use, better apart",
    train: ["--dataset mnist --recipe best --beta 4", "25 s"],
    record: beta4,
  },
  "bce-20": {
    about: "20 dimensions, cross-entropy, twelve epochs",
    train: [
      "--dataset mnist --recipe best --likelihood bce --latent-dim 20",
      "a minute",
    ],
    record: bce20,
  },
  "nll-50": {
    about: "50 dimensions, black-and-white pixels, 70 epochs",
    train: ["--dataset mnist --recipe nll", "six minutes"],
    record: nll50,
  },
  "conditional": {
    about: "told of each image's class, one epoch",
    train: ["--dataset mnist --recipe fast --conditional", "5 s"],
    record: conditional,
  },
} as const satisfies Record<string, Model>;

/** The name of a model that can be downloaded. */
export type ModelName = keyof typeof MODELS;

/** A model's checkpoint, which is here and right. */
export interface FetchedModel {
  readonly checkpoint: Checkpoint;
  /** Where it came from, without secrets; `null` if it was there already. */
  readonly url: string | null;
}

/**
 * Makes sure that a model's checkpoint is at `path`, and the one on record. What
 * else is there is renamed.
 *
 * @param name The model's name, and its file's on the way.
 * @param options.from A folder or a URL to take it from, in place of the release.
 * @throws {TaskError} If it cannot be had, or is another: with the command that
 * trains it.
 * @throws {WriteError} If it cannot be written.
 */
export async function fetchModel(
  name: string,
  { record, train }: Model,
  path: string,
  options: TransferOptions & { readonly from?: string },
): Promise<FetchedModel> {
  await willWrite(path, "safetensors");
  using _lock = await claim(path, "--model");
  const here = await loadCheckpoint(path).catch(() => undefined);
  if (here && differenceOf(here, record) === undefined) {
    return { checkpoint: here, url: null };
  }
  const file = `${name}.safetensors`;
  const from = options.from ?? `${RELEASES}/v${config.version}`;
  const { place, result } = await fetchFirst(
    { name: file, title: `the model ${name}`, limit: MAX_FILE },
    [placeIn(from, file)],
    (bytes) => ({ bytes, checkpoint: decodeRecorded(bytes, record) }),
    options,
  ).catch((error) => {
    if (!(error instanceof DownloadError)) throw error;
    const [words, time] = train;
    throw new TaskError(
      `${error.message}; or train it in ${time}: ` +
        `\`${commandOf("train")} ${words} --checkpoint ${path}\``,
      { cause: error },
    );
  });
  await makeRoom(path);
  await writeOutput(path, result.bytes, "safetensors");
  return { checkpoint: result.checkpoint, url: place.shown };
}

/** Reads the checkpoint of a run on record. */
function decodeRecorded(
  bytes: Uint8Array<ArrayBuffer>,
  record: Model["record"],
): Checkpoint {
  const kind = kindOf(bytes);
  if (kind && kind !== "safetensors" && kind !== "binary") {
    throw new Error(`it is ${describeKind(kind)}, not a checkpoint`);
  }
  const checkpoint = decodeCheckpoint(bytes);
  const difference = differenceOf(checkpoint, record);
  if (difference !== undefined) throw new Error(difference);
  return checkpoint;
}

/** Says in what a checkpoint is not that of a run on record. */
function differenceOf(
  checkpoint: Checkpoint,
  record: Model["record"],
): string | undefined {
  const tensors = digestTensors(checkpoint);
  if (tensors !== record.tensors) {
    return `the digest of its tensors is ${tensors}, not ${record.tensors}`;
  }
  // No digest has the options and the images, which files tell of themselves.
  const own = JSON.parse(writeRecord({ ...record, checkpoint }));
  if (JSON.stringify(own) === JSON.stringify(record)) return;
  return "it tells of other options or images than its record";
}
