/**
 * Records of runs: small JSON texts that hold what it takes to train a run
 * again, and the digest of what it must come to.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { describeKind, kindOf } from "../files/kind.ts";
import { parseSafetensors, type Tensor } from "../formats/safetensors.ts";
import { modelSpec } from "../model/spec.ts";
import { conflictOfRun } from "../options/conflicts.ts";
import {
  type DataOptions,
  dataOptions,
  type TrainingOptions,
  trainingOptions,
} from "../options/run.ts";
import { completeOptions, type OptionTable } from "../options/table.ts";
import { oneLine, show } from "../text.ts";
import { encodeCheckpoint } from "./codec.ts";
import type { Checkpoint } from "./metadata.ts";
import { toPyTorch } from "./torch_layout.ts";

/** The version of the format that is written, and the newest that is read. */
const FORMAT = 1;

/** Refuses larger files: a record with every option has 1,000 bytes. */
const MAX_FILE = 65_536;

/** The one engine whose bits are the same on other machines. */
const ENGINE = "wasm";

/** The options that a record may hold, where they differ from the defaults. */
const recordOptions = {
  ...trainingOptions,
  limit: dataOptions.limit,
  valSize: dataOptions.valSize,
} as const satisfies OptionTable;

/** A data set that everybody can have. */
type DataName = Exclude<DataOptions["dataset"], "auto">;

const DATA_NAMES = dataOptions.dataset.choices.filter((
  name,
): name is DataName => name !== "auto");

/** A run to train again, and what it came to. */
export interface RunRecord {
  /** The version of the package that wrote it. */
  readonly package: string;
  /** All options of the run. */
  readonly options: TrainingOptions;
  /** What it was trained on. */
  readonly data: {
    /** The name of the data set. */
    readonly name: DataName;
    /** SHA-256 of the training images. */
    readonly digest: string;
    /** The options that split it. */
    readonly options: Pick<DataOptions, "limit" | "valSize">;
  };
  /** What {@linkcode digestTensors} makes of the checkpoint. */
  readonly tensors: string;
  /** The total loss on the test images, for a reader. */
  readonly testTotal: number;
}

/** A file that is no record, or one that this version cannot follow. */
export class RecordError extends Error {
  /** The class's name, which survives minification. */
  override name = "RecordError";
}

/**
 * Digests the tensors of a checkpoint: SHA-256 over each one's name, type,
 * shape and bytes, sorted by name. Neither the metadata nor where the tensors
 * lie in the file counts, so that a later version's file has the same digest.
 *
 * @returns 64 hexadecimal digits.
 * @throws {CheckpointError} As {@linkcode encodeCheckpoint}.
 */
export function digestTensors(checkpoint: Checkpoint): string {
  return digestOf(parseSafetensors(encodeCheckpoint(checkpoint)).tensors);
}

/**
 * Digests what a model computes with, its weights and running statistics, in
 * the same way. How it was trained does not count.
 *
 * @returns 64 hexadecimal digits.
 */
export function digestWeights({ options, state }: Checkpoint): string {
  const spec = modelSpec(options.latentDim, options.classCount);
  return digestOf(
    new Map([
      ...toPyTorch(spec.parameters, state.parameters),
      ...toPyTorch(spec.running, state.running),
    ]),
  );
}

function digestOf(tensors: ReadonlyMap<string, Tensor>): string {
  const hash = createHash("sha256");
  for (const [name, { dtype, shape, data }] of [...tensors].sort(byName)) {
    hash.update(`${name} ${dtype} ${JSON.stringify(shape)}\n`);
    hash.update(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  }
  return hash.digest("hex");
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

/**
 * Writes the record of a run that the wasm engine has trained from its first
 * step.
 *
 * @param run.package The version of the package that trained it.
 * @returns A JSON text; the same run gives the same text.
 */
export function writeRecord(
  { checkpoint, testTotal, package: version }: {
    readonly checkpoint: Checkpoint;
    readonly testTotal: number;
    readonly package: string;
  },
): string {
  const { data } = checkpoint;
  const all: Record<string, unknown> = {
    ...data.options,
    ...checkpoint.options,
  };
  const { seed, ...chosen } = Object.fromEntries(
    Object.entries(recordOptions)
      .filter(([name, option]) =>
        name === "seed" || all[name] !== option.default
      )
      .map(([name]) => [name, all[name]]),
  );
  const record = {
    format: FORMAT,
    package: version,
    engine: ENGINE,
    options: chosen,
    seed,
    data: { name: data.name, digest: data.digest },
    tensors: digestTensors(checkpoint),
    testTotal,
  };
  return JSON.stringify(record, null, 2) + "\n";
}

/**
 * Reads a record from a file. Nothing in it is trusted.
 *
 * @throws {RecordError} If there is no such file, it cannot be read, or it is
 * no record that this version can follow.
 */
export async function loadRecord(path: string): Promise<RunRecord> {
  const bytes = await readBytes(path);
  try {
    return readRecord(bytes);
  } catch (cause) {
    if (!(cause instanceof RecordError)) throw cause;
    throw new RecordError(`record ${path}: ${cause.message}`, { cause });
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw new RecordError(`record ${path}: not a file`);
    if (size > MAX_FILE) {
      throw new RecordError(
        `record ${path}: its ${size} bytes are more than any record has ` +
          `(${MAX_FILE})`,
      );
    }
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof RecordError) throw cause;
    if (cause instanceof Deno.errors.NotFound) {
      throw new RecordError(`there is no record ${path}`, { cause });
    }
    throw new RecordError(
      `record ${path}: cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Reads what {@linkcode writeRecord} has written. */
function readRecord(bytes: Uint8Array): RunRecord {
  const record = object(parse(bytes), "it");
  const { format, engine } = record;
  if (format !== FORMAT) {
    throw new RecordError(
      Number.isSafeInteger(format) && (format as number) > FORMAT
        ? `it has version ${format} of the format, and this program knows ` +
          `${FORMAT}: use a newer one`
        : `format must be ${FORMAT}, not ${show(format)}: is it a record?`,
    );
  }
  const version = text(record.package, "package");
  if (engine !== ENGINE) {
    throw new RecordError(
      `it is of the engine ${show(engine)}, and only the bits of ${ENGINE} ` +
        "are the same on every machine",
    );
  }
  const data = object(record.data, "data");
  if (!DATA_NAMES.includes(data.name as DataName)) {
    throw expected("data.name", `one of ${DATA_NAMES.join(", ")}`, data.name);
  }
  const { limit, valSize, ...options } = readOptions(record, version);
  return {
    package: version,
    options,
    data: {
      name: data.name as DataName,
      digest: digest(data.digest, "data.digest"),
      options: { limit, valSize },
    },
    tensors: digest(record.tensors, "tensors"),
    testTotal: finite(record.testTotal, "testTotal"),
  };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const kind = kindOf(bytes);
    const isNamed = kind && !["json", "text", "binary"].includes(kind);
    throw new RecordError(
      isNamed ? `it is ${describeKind(kind)}, not a record` : "it is not JSON",
      { cause },
    );
  }
}

function readOptions(
  record: Record<string, unknown>,
  version: string,
): TrainingOptions & Pick<DataOptions, "limit" | "valSize"> {
  const options = object(record.options, "options");
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(recordOptions, name) || name === "seed") {
      throw new RecordError(
        `this program knows no option ${show(name)} of a record: use version ` +
          `${oneLine(version)} of the package, which wrote it, or a newer one`,
      );
    }
    // Text would be taken for the number that it reads as.
    const type = typeOf(name);
    const actual = typeof value;
    if (actual !== type) throw expected(`options.${name}`, `a ${type}`, value);
  }
  if (typeof record.seed !== "number") {
    throw expected("seed", "a number", record.seed);
  }
  let complete;
  try {
    complete = completeOptions(recordOptions, {
      ...options,
      seed: record.seed,
    });
  } catch (cause) {
    throw new RecordError((cause as Error).message, { cause });
  }
  const conflict = conflictOfRun(complete);
  if (conflict !== undefined) throw new RecordError(conflict);
  return complete;
}

/** The type that an option has in JSON. */
function typeOf(name: string): "boolean" | "number" | "string" {
  switch (recordOptions[name as keyof typeof recordOptions].type) {
    case "boolean":
      return "boolean";
    case "choice":
      return "string";
    default:
      return "number";
  }
}

function expected(at: string, wanted: string, value: unknown): RecordError {
  return new RecordError(`${at} must be ${wanted}, not ${show(value)}`);
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw expected(at, "an object", value);
  }
  return value as Record<string, unknown>;
}

function text(value: unknown, at: string): string {
  if (typeof value !== "string" || value === "") {
    throw expected(at, "a text", value);
  }
  return value;
}

function digest(value: unknown, at: string): string {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) {
    throw expected(at, "a SHA-256 of 64 hexadecimal digits", value);
  }
  return value;
}

function finite(value: unknown, at: string): number {
  if (!Number.isFinite(value)) throw expected(at, "a finite number", value);
  return value as number;
}
