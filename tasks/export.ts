/**
 * `deno task export`: writes a model in a format that others read.
 *
 * @module
 */
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { decodeWeights, encodeWeights } from "../lib/checkpoint/weights.ts";
import { layersModels } from "../lib/interop/keras_model.ts";
import { onnxModels } from "../lib/interop/onnx_model.ts";
import { describeData } from "../lib/interop/trained_model.ts";
import { encodePth } from "../lib/interop/torch_writer.ts";
import {
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import type { FileKind } from "../lib/files/kind.ts";
import { type Main, runTask, shellWord, type Task } from "./shared/cli.ts";
import { claim, makeRoom, willWrite, writeOutput } from "./shared/files.ts";
import { flagOf, inSection } from "./shared/flags.ts";
import { openCheckpoint } from "./shared/model.ts";
import { common, data, page, type PageOptions } from "./shared/options.ts";
import { tell } from "./shared/terminal.ts";

const flags = {
  format: {
    type: "choice",
    default: "html",
    choices: ["html", "safetensors", "pth", "onnx", "tfjs", "hub"],
    help: "the explorer in one page; PyTorch's weights, or the whole run; " +
      "graphs; or a folder for the Hugging Face Hub",
  },
  checkpoint: common.checkpoint,
  dataDir: data.dataDir,
  ...page,
  ...inSection("Output", {
    out: {
      type: "text",
      default: null,
      metavar: "FILE",
      help: "the file to write; default: explorer.html, weights.safetensors, " +
        "vae.pth",
    },
    outDir: {
      type: "text",
      default: null,
      metavar: "DIR",
      help: "the folder to write; default: onnx, tfjs, hub",
    },
  }),
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task export` does. */
export const task: Task = {
  name: "export",
  summary:
    "Writes a model as one HTML page, or for PyTorch, ONNX or TensorFlow.js.",
  examples: [
    "--format onnx",
    "--format safetensors --out weights.safetensors",
    "--format pth --out vae.pth",
  ],
  options: flags,
};

/** What a model can be exported to. */
interface Format {
  /** Where it goes unless told otherwise. */
  readonly out: string;
  /** Its files below `out`, and what they are; "" is `out` itself. */
  readonly files: readonly (readonly [name: string, kind: FileKind])[];
  /** Makes the files, by these names. */
  readonly make: (
    checkpoint: Checkpoint,
    dataDir?: string,
    page?: PageOptions,
  ) => Map<string, Uint8Array> | Promise<Map<string, Uint8Array>>;
  /** How to open what is at `out`. */
  readonly usage: (out: string, checkpoint: Checkpoint) => string;
}

const formats: Record<OptionValues<typeof flags>["format"], Format> = {
  html: {
    out: "explorer.html",
    files: [["", "html"]],
    make: async (checkpoint, dataDir, page) => {
      // Loaded here alone, so that the other formats start at once.
      const { explorerPage } = await import("./shared/explorer_page.ts");
      const html = await explorerPage(checkpoint, dataDir, page);
      return new Map([["", new TextEncoder().encode(html)]]);
    },
    usage: (out) => `any browser opens ${out}; it needs no server`,
  },
  safetensors: {
    out: "weights.safetensors",
    files: [["", "safetensors"]],
    make: (checkpoint) => {
      const about = { trained_on: describeData(checkpoint.data) };
      return new Map([["", encodeWeights(checkpoint, about)]]);
    },
    usage: (out) =>
      "in PyTorch:\n" +
      `  model.load_state_dict(safetensors.torch.load_file("${out}"))`,
  },
  pth: {
    out: "vae.pth",
    files: [["", "zip"]],
    make: (checkpoint) => new Map([["", encodePth(checkpoint)]]),
    usage: (out) =>
      "in PyTorch, its state dicts:\n" +
      `  torch.load("${out}", weights_only=True)["model_state_dict"]`,
  },
  onnx: {
    out: "onnx",
    files: [["encoder.onnx", "onnx"], ["decoder.onnx", "onnx"]],
    make: onnxModels,
    usage: (out, { options }) =>
      'in Python:\n  onnxruntime.InferenceSession("' +
      `${join(out, "decoder.onnx")}").run(None, {"z": z` +
      (options.classCount > 0 ? ', "label": label})' : "})"),
  },
  tfjs: {
    out: "tfjs",
    files: ["encoder", "decoder"].flatMap((half) => [
      [join(half, "model.json"), "json"],
      [join(half, "weights.bin"), "binary"],
    ]),
    make: layersModels,
    usage: (out) =>
      `in TensorFlow.js, with ${out} served:\n` +
      `  await tf.loadLayersModel("${join(out, "decoder", "model.json")}")`,
  },
  hub: {
    out: "hub",
    files: [
      ["README.md", "text"],
      ["config.json", "json"],
      ["model.safetensors", "safetensors"],
      ["samples.png", "png"],
    ],
    make: async (checkpoint, dataDir) => {
      const { hubFolder } = await import("./shared/hub_folder.ts");
      return await hubFolder(checkpoint, dataDir);
    },
    usage: (out) =>
      "read README.md, then, with `pip install huggingface_hub`:\n" +
      `  hf upload NAME/MODEL ${shellWord(out)}`,
  },
};

const main: Main<typeof flags> = async (options, { given }) => {
  const format = formats[options.format];
  const isFile = format.files[0][0] === "";
  const [place, other] = isFile ? ["out", "outDir"] : ["outDir", "out"];
  if (given.has(other as keyof typeof flags)) {
    throw new OptionError(
      `--format ${options.format} writes a ${isFile ? "file" : "folder"}: ` +
        `name it with ${flagOf(place)}, not ${flagOf(other)}`,
    );
  }
  if (given.has("embed") && options.format !== "html") {
    throw new OptionError(
      `--embed is for --format html: no other holds pictures of the data set`,
    );
  }
  const out = (isFile ? options.out : options.outDir) ?? format.out;
  const checkpoint = await openCheckpoint(options.checkpoint);
  const kinds = new Map(
    format.files.map(([name, kind]) => [join(out, name), kind]),
  );
  using locks = new DisposableStack();
  for (const [path, kind] of kinds) {
    await willWrite(path, kind);
    // A run may be there, or another process be about to write one.
    if (kind === "safetensors") locks.use(await claim(path, flagOf(place)));
  }
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const files = [];
  const made = await format.make(checkpoint, dataDir, options);
  for (const [name, bytes] of made) {
    const path = join(out, name);
    const kind = kinds.get(path)!;
    const isKept = kind === "safetensors" && !await isExported(path) ||
      // A card with someone's own words, a run that went on in PyTorch.
      (kind === "text" || kind === "zip") && !await holds(path, bytes) ||
      // Another program's settings.
      kind === "json" && !await isNamed(path);
    if (isKept) await makeRoom(path);
    await writeOutput(path, bytes, kind);
    files.push({ path, bytes: bytes.length });
  }
  if (options.json) {
    console.log(JSON.stringify({ format: options.format, out, files }));
    return;
  }
  for (const { path, bytes } of files) {
    tell(`${path}: ${Math.ceil(bytes / 1000)} kB`);
  }
  tell(format.usage(out, checkpoint));
};

/** Says whether a file holds weights as they are exported, and nothing more. */
async function isExported(path: string): Promise<boolean> {
  try {
    // Devices and pipes hold nothing that could be lost.
    if (!(await Deno.stat(path)).isFile) return true;
    decodeWeights(await Deno.readFile(path));
    return true;
  } catch {
    return false; // a run, another program's model, or none at all
  }
}

/** Says whether a file names this package, as the JSON does that is exported. */
async function isNamed(path: string): Promise<boolean> {
  try {
    if (!(await Deno.stat(path)).isFile) return true;
    return (await Deno.readTextFile(path)).includes(config.name);
  } catch {
    return false;
  }
}

/** Says whether these are the bytes of a file; what is no file can hold none. */
async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    if (!(await Deno.stat(path)).isFile) return true;
    const found = await Deno.readFile(path);
    return found.length === bytes.length &&
      found.every((byte, i) => byte === bytes[i]);
  } catch {
    return false;
  }
}

if (import.meta.main) await runTask(task, flags, main);
