/**
 * Opens a file with a model of PyTorch's, and reads what this project's own files
 * say beside it.
 *
 * @module
 */
import { decodeCheckpoint } from "../checkpoint/codec.ts";
import type { Checkpoint } from "../checkpoint/metadata.ts";
import type { Value } from "../formats/pickle.ts";
import { parseSafetensors } from "../formats/safetensors.ts";
import { elementTypes, product } from "../formats/storage.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { completeOptions } from "../options/table.ts";
import { ImportError } from "./error.ts";
import { describeFile } from "./foreign_files.ts";
import { type Dict, dictOf, readTorch, type SavedModel } from "./torch_pth.ts";
import { TensorView } from "./torch_tensors.ts";
import { MAX_DEPTH, ownOptions, PLACES } from "./torch_training.ts";

/** What this project's own files say. */
interface Own {
  readonly options?: TrainingOptions;
  readonly classes?: unknown;
}

/** A file that was opened. */
interface Opened {
  readonly model: SavedModel;
  readonly own: Own;
  /** All of it, if it is a checkpoint of this project. */
  readonly run?: Checkpoint;
}

/**
 * Opens either kind of file; its name does not matter.
 *
 * @throws {ImportError} If it is another file, or its options cannot be read.
 */
export function openModel(
  bytes: Uint8Array,
): Opened {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b; // PK
  const isPickle = bytes[0] === 0x80 && bytes[8] !== 0x7b; // not {"…
  const other = describeFile(bytes);
  if (other !== undefined) {
    throw new ImportError(
      `it is ${other}, neither a .pth file of torch.save nor a safetensors ` +
        "file: save model.state_dict() in PyTorch",
    );
  }
  if (isZip || isPickle) {
    const model = readTorch(bytes);
    const options = model.root ? ownOptions(model.root) : undefined;
    const classes = options && model.root?.get("classes");
    return { model, own: { options, classes } };
  }
  const { tensors, metadata } = parseSafetensors(bytes);
  const model: SavedModel = {
    ...{ tensors, root: null, others: [], foreign: new Set<string>() },
    read: () => new Map(),
  };
  const run = runIn(bytes, metadata);
  const options = optionsIn(metadata);
  return {
    ...{ model, run },
    own: { options, classes: options && classesIn(metadata) },
  };
}

/** Reads a checkpoint of this project; the best epoch has no place elsewhere. */
function runIn(
  bytes: Uint8Array,
  { vae_version }: Record<string, string>,
): Checkpoint | undefined {
  if (vae_version === undefined) return;
  const run = decodeCheckpoint(bytes);
  return run.best === undefined && run.state.step > 0 ? run : undefined;
}

/** A checkpoint with tensors of one number as that, to some depth. */
export function plainNumbers({ root, read }: SavedModel): Dict {
  const plain = (dict: Dict, depth: number): Dict =>
    new Map([...dict].map(([key, value]): [Value, Value] => {
      if (value instanceof TensorView) {
        const isOne = product(value.shape) === 1 &&
          Object.hasOwn(elementTypes, value.storage.type);
        const numbers = isOne ? read(new Map([["", value]])).get("") : null;
        return [key, numbers ? Number(numbers.data[0]) : value];
      }
      const isPlace = PLACES.includes(key as string) || depth > 0;
      const inner = isPlace && depth < MAX_DEPTH ? dictOf(value) : undefined;
      return [key, inner ? plain(inner, depth + 1) : value];
    }));
  return plain(root!, 0);
}

/** The options in the metadata of this project's own files; another's may have some, too. */
function optionsIn(
  { options }: Record<string, string>,
): TrainingOptions | undefined {
  const given = parsed(options);
  if (
    typeof given !== "object" || given === null ||
    !("latentDim" in given && "autoencoder" in given)
  ) return;
  try {
    return completeOptions(trainingOptions, given as object);
  } catch (cause) {
    throw new ImportError("the options in its metadata cannot be read", {
      cause,
    });
  }
}

function classesIn({ classes, data }: Record<string, string>): unknown {
  return classes === undefined
    ? (parsed(data) as { classes?: unknown } | null | undefined)?.classes
    : parsed(classes) ?? null;
}

function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}
