/**
 * Reads PyTorch's `.pth` files: a zip with a pickle, `data.pkl`, whose tensors
 * are strided views of the storages beside it, `data/KEY`.
 *
 * Source: https://github.com/pytorch/pytorch/blob/main/docs/source/notes/serialization.rst.
 *
 * @module
 */
import type { Tensor } from "../formats/safetensors.ts";
import { showSizes } from "../text.ts";
import { display } from "../formats/error.ts";
import { ImportError } from "./error.ts";
import {
  type Global,
  isGlobal,
  isTuple,
  unpickle,
  type Value,
} from "../formats/pickle.ts";
import { elementTypes, positions, product } from "../formats/storage.ts";
import { readZip } from "../formats/zip.ts";

/** Where a checkpoint keeps its state dict, if it is not one. */
const WRAPPERS = ["state_dict", "model_state_dict", "model"];

/** Elements of all tensors together, ten times those of the largest model. */
const MAX_ELEMENTS = 2 ** 24;

const MAX_AXES = 8;

/** Storages that may lie beside a state dict, but not in one. */
const OTHER_STORAGES = [
  "IntStorage",
  "ShortStorage",
  "CharStorage",
  "BoolStorage",
];

/** What a persistent id stands for. */
class Storage {
  constructor(
    readonly type: string,
    readonly key: string,
    readonly length: number,
  ) {}
}

/** A tensor that is not read yet. */
class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/**
 * Reads the state dict in a `.pth` file. Nothing in the file is trusted and
 * nothing is executed.
 *
 * @param bytes The whole file, of `torch.save` in PyTorch 1.6 or later: a state
 * dict, or a dict with one under `state_dict`, `model_state_dict` or `model`.
 * @returns The tensors by name: floats of any width as F32, I64 and U8.
 * @throws {ImportError} If it is another file, holds anything but tensors and
 * plain values, or is damaged.
 */
export function readPth(bytes: Uint8Array): Map<string, Tensor> {
  if (bytes[0] === 0x80) {
    throw new ImportError(
      "it has the old format of torch.save: load it in PyTorch 1.6 or later " +
        "and save it anew with torch.save",
    );
  }
  const { folder, entries } = openArchive(bytes);
  const value = unpickle(entries.get(`${folder}data.pkl`)!, {
    globals,
    persistent: readStorage,
  });
  const views = viewsOf(stateDictOf(value));
  let elements = 0;
  for (const { shape } of views.values()) elements += product(shape);
  if (elements > MAX_ELEMENTS) {
    throw new ImportError(
      `its tensors have more than ${MAX_ELEMENTS} elements together`,
    );
  }
  return new Map([...views].map(([name, view]) => [
    name,
    readTensor(name, view, entries, folder),
  ]));
}

/**
 * Reads the entries of the zip file, and finds the one folder that they are in.
 */
function openArchive(
  bytes: Uint8Array,
): { folder: string; entries: Map<string, Uint8Array> } {
  const entries = readZip(bytes);
  const pickles = [...entries.keys()].filter((name) =>
    /^[^/]+\/data\.pkl$/.test(name)
  );
  if (pickles.length !== 1) {
    throw new ImportError(
      "the zip file has no data.pkl, so torch.save did not write it",
    );
  }
  const folder = pickles[0].slice(0, -"data.pkl".length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order.subarray(0, 80)) !== "little") {
    throw new ImportError("its byte order is not little-endian");
  }
  return { folder, entries };
}

function stateDictOf(value: Value): Map<Value, Value> {
  if (!(value instanceof Map)) {
    throw new ImportError(
      "it does not hold a dict: save model.state_dict() with torch.save",
    );
  }
  for (const key of WRAPPERS) {
    const inner = value.get(key);
    if (inner instanceof Map) return inner;
  }
  if ([...value.values()].some((item) => item instanceof TensorView)) {
    return value;
  }
  const keys = [...value.keys()].filter((key) => typeof key === "string");
  throw new ImportError(
    `it holds no state dict under ${WRAPPERS.join(", ")}, only ` +
      display(keys.join(", ")),
  );
}

function viewsOf(stateDict: Map<Value, Value>): Map<string, TensorView> {
  const views = new Map<string, TensorView>();
  for (const [name, view] of stateDict) {
    if (typeof name !== "string") {
      throw new ImportError("the state dict has a key that is not a text");
    }
    if (!(view instanceof TensorView)) {
      throw new ImportError(
        `the state dict has ${display(name)}, which is no tensor`,
      );
    }
    views.set(name, view);
  }
  return views;
}

/** All that a weights file may name. */
const globals: ReadonlyMap<string, Global> = new Map(
  [
    {
      global: "collections.OrderedDict",
      call: (args: readonly Value[]) => {
        if (args.length === 0) return new Map();
        throw new ImportError("the pickle has an OrderedDict of another kind");
      },
    },
    { global: "torch._utils._rebuild_tensor_v2", call: rebuildTensor },
    { global: "torch._utils._rebuild_parameter", call: rebuildParameter },
    { global: "torch.Size", call: ([size]: readonly Value[]) => size ?? [] },
    ...[...Object.keys(elementTypes), ...OTHER_STORAGES]
      .map((name) => ({ global: `torch.${name}` })),
  ].map((entry) => [entry.global, entry]),
);

/** Reads a persistent id: `('storage', type, key, location, length)`. */
function readStorage(id: Value): Storage {
  if (isTuple(id)) {
    const [tag, type, key, , length] = id;
    if (
      tag === "storage" && isGlobal(type) && typeof key === "string" &&
      isSize(length)
    ) return new Storage(type.global.replace(/^torch\./, ""), key, length);
  }
  throw new ImportError("the pickle has a storage that is wrongly described");
}

/** Takes the arguments `(storage, offset, shape, strides, …)`. */
function rebuildTensor(args: readonly Value[]): TensorView {
  const [storage, offset, shape, strides] = args;
  if (
    !(storage instanceof Storage) || !isSize(offset) || !isSizes(shape) ||
    !isSizes(strides) || shape.length !== strides.length
  ) throw new ImportError("the pickle has a tensor that is wrongly described");
  return new TensorView(storage, offset, [...shape], [...strides]);
}

/** Takes the arguments `(tensor, …)`. */
function rebuildParameter([tensor]: readonly Value[]): TensorView {
  if (tensor instanceof TensorView) return tensor;
  throw new ImportError("the pickle has a parameter that is no tensor");
}

function readTensor(
  name: string,
  { storage, offset, shape, strides }: TensorView,
  entries: ReadonlyMap<string, Uint8Array>,
  folder: string,
): Tensor {
  const refuse = (reason: string) =>
    new ImportError(`tensor ${display(name)} ${reason}`);
  if (!Object.hasOwn(elementTypes, storage.type)) {
    throw refuse(`lies in a ${storage.type}, which no weights do`);
  }
  const { size, read } = elementTypes[storage.type];
  const bytes = entries.get(`${folder}data/${storage.key}`);
  if (!bytes) {
    throw refuse(`lacks its storage ${display(`data/${storage.key}`)}`);
  }
  if (bytes.length !== size * storage.length) {
    throw refuse(
      `lies in ${storage.length} elements of ${storage.type}, which cannot ` +
        `have ${bytes.length} bytes`,
    );
  }
  const count = product(shape);
  const last = shape.reduce((at, n, i) => at + (n - 1) * strides[i], offset);
  if (count > storage.length || count > 0 && last >= storage.length) {
    throw refuse(
      `of shape ${showSizes(shape)} reaches beyond the ${storage.length} ` +
        "elements of its storage",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    ...read(view, positions(shape, strides, offset)),
    shape,
  } as Tensor;
}

function isSize(value: Value): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function isSizes(value: Value): value is readonly number[] {
  return isTuple(value) && value.length <= MAX_AXES && value.every(isSize);
}
