/**
 * `deno task export`: writes a model in a format that others read.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { atomicWrite, checkWritable } from "../lib/files/atomic_write.ts";
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { layersModels } from "../lib/interop/keras_model.ts";
import { onnxModels } from "../lib/interop/onnx_model.ts";
import { dataOptions } from "../lib/options/run.ts";
import type { OptionTable, OptionValues } from "../lib/options/table.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { openCheckpoint } from "./shared/model.ts";
import { common } from "./shared/options.ts";

const flags = {
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
  checkpoint: common.checkpoint,
  dataDir: dataOptions.dataDir,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task export` does. */
export const task: Task = {
  name: "export",
  summary:
    "Writes a model as one HTML page, or for PyTorch, ONNX or TensorFlow.js.",
  examples: ["--format onnx", "--format safetensors --out weights.safetensors"],
  options: flags,
};

/** What a model can be exported to. */
interface Format {
  /** Where it goes unless told otherwise. */
  readonly out: string;
  /** Its files below `out`; "" is `out` itself. */
  readonly files: readonly string[];
  /** Makes the files, by these names. */
  readonly make: (
    checkpoint: Checkpoint,
    dataDir?: string,
  ) => Map<string, Uint8Array> | Promise<Map<string, Uint8Array>>;
  /** How to open what is at `out`. */
  readonly usage: (out: string) => string;
}

const formats: Record<OptionValues<typeof flags>["format"], Format> = {
  html: {
    out: "explorer.html",
    files: [""],
    make: async (checkpoint, dataDir) => {
      // Loaded here alone, so that the other formats start at once.
      const { explorerPage } = await import("./shared/explorer_page.ts");
      const page = await explorerPage(checkpoint, dataDir);
      return new Map([["", new TextEncoder().encode(page)]]);
    },
    usage: (out) => `any browser opens ${out}; it needs no server`,
  },
  safetensors: {
    out: "weights.safetensors",
    files: [""],
    make: (checkpoint) => new Map([["", encodeWeights(checkpoint)]]),
    usage: (out) =>
      `in PyTorch: model.load_state_dict(safetensors.torch.load_file("${out}"))`,
  },
  onnx: {
    out: "onnx",
    files: ["encoder.onnx", "decoder.onnx"],
    make: onnxModels,
    usage: (out) =>
      'in Python: onnxruntime.InferenceSession("' +
      `${join(out, "decoder.onnx")}").run(None, {"z": z})`,
  },
  tfjs: {
    out: "tfjs",
    files: ["encoder", "decoder"].flatMap((half) => [
      join(half, "model.json"),
      join(half, "weights.bin"),
    ]),
    make: layersModels,
    usage: (out) =>
      `in TensorFlow.js, with ${out} served: ` +
      `await tf.loadLayersModel("${join(out, "decoder", "model.json")}")`,
  },
};

const main: Main<typeof flags> = async (options, { given }) => {
  const format = formats[options.format];
  const out = options.out ?? format.out;
  const checkpoint = await openCheckpoint(options.checkpoint);
  for (const name of format.files) {
    const path = join(out, name);
    if (resolve(path) === resolve(options.checkpoint)) {
      throw new TaskError(
        `${path} is the checkpoint itself, which training continues from: ` +
          "choose another --out",
      );
    }
    await checkWritable(path);
  }
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const files = [];
  for (const [name, bytes] of await format.make(checkpoint, dataDir)) {
    const path = join(out, name);
    await atomicWrite(path, bytes);
    files.push({ path, bytes: bytes.length });
  }
  if (options.json) {
    console.log(JSON.stringify({ format: options.format, out, files }));
    return;
  }
  for (const { path, bytes } of files) {
    console.log(`${path}: ${Math.ceil(bytes / 1000)} kB`);
  }
  console.log(format.usage(out));
};

if (import.meta.main) await runTask(task, flags, main);
