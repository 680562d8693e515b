/**
 * The tensors of a file of `torch.save`: strided views of storages, of which its
 * pickle has the names.
 *
 * @module
 */
import { display } from "../formats/error.ts";
import {
  Foreign,
  type Global,
  isGlobal,
  isTuple,
  type Value,
} from "../formats/pickle.ts";
import type { Tensor } from "../formats/safetensors.ts";
import {
  elementTypes,
  otherSizes,
  positions,
  product,
} from "../formats/storage.ts";
import { showSizes } from "../text.ts";
import { ImportError } from "./error.ts";
import { pythonGlobals } from "./python_values.ts";

/** Elements of all tensors together, ten times those of the largest model. */
const MAX_ELEMENTS = 2 ** 24;

const MAX_AXES = 8;

/** What a persistent id stands for. */
export class Storage {
  /** Makes a storage of so many elements. */
  constructor(
    readonly type: string,
    readonly key: string,
    readonly length: number,
  ) {}
}

/** A tensor that is not read yet. */
export class TensorView {
  /** Makes a view; `strides` are in elements. */
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    /** Whether its elements have the other sign, as of `torch._neg_view`. */
    readonly isNegated = false,
  ) {}
}

/** The names that mean something in a file of PyTorch. */
export const torchGlobals: ReadonlyMap<string, Global> = new Map(
  [
    ...pythonGlobals,
    { global: "torch._utils._rebuild_tensor_v2", call: rebuildTensor },
    { global: "torch._utils._rebuild_parameter", call: rebuildParameter },
    {
      global: "torch._utils._rebuild_parameter_with_state",
      call: rebuildParameter,
    },
    { global: "torch.Size", call: ([size]: readonly Value[]) => size ?? [] },
    {
      global: "torch.device",
      call: (args: readonly Value[]) => new Foreign("torch.device", args),
    },
    ...[...Object.keys(elementTypes), ...Object.keys(otherSizes)]
      .map((name) => ({ global: `torch.${name}` })),
    ..."float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool"
      .split(" ").map((name) => ({ global: `torch.${name}` })),
  ].map((entry) => [entry.global, entry]),
);

/**
 * Reads a persistent id: `('storage', type, key, location, length)`, and in the
 * old format the part of another storage that it is, of which there is none.
 */
export function readStorage(id: Value): Storage {
  if (isTuple(id)) {
    const [tag, type, key, , length, part = null] = id;
    if (
      tag === "storage" && isGlobal(type) && typeof key === "string" &&
      isSize(length) && part === null
    ) return new Storage(type.global.replace(/^torch\./, ""), key, length);
  }
  throw new ImportError("the pickle has a storage that is wrongly described");
}

/**
 * Takes the arguments `(storage, offset, shape, strides, requires_grad, hooks,
 * metadata)`, of which the last may say that signs are to be turned.
 */
function rebuildTensor(args: readonly Value[]): TensorView {
  const [storage, offset, shape, strides, , , metadata = null] = args;
  if (
    !(storage instanceof Storage) || !isSize(offset) || !isSizes(shape) ||
    !isSizes(strides) || shape.length !== strides.length
  ) throw new ImportError("the pickle has a tensor that is wrongly described");
  const isNegated = metadata instanceof Map && metadata.get("neg") === true;
  return new TensorView(storage, offset, [...shape], [...strides], isNegated);
}

/** Takes the arguments `(tensor, …)`. */
function rebuildParameter([tensor]: readonly Value[]): TensorView {
  if (tensor instanceof TensorView) return tensor;
  throw new ImportError("the pickle has a parameter that is no tensor");
}

/**
 * Reads tensors.
 *
 * @param views Them by name.
 * @param storages The bytes of a storage, by its key.
 * @returns The tensors in the same order: floats of any width as F32, I64 and U8.
 * @throws {ImportError} If one leaves its storage or is of another type, or if
 * they are too many.
 */
export function readTensors(
  views: ReadonlyMap<string, TensorView>,
  storages: (key: string) => Uint8Array | undefined,
): Map<string, Tensor> {
  let elements = 0;
  for (const { shape } of views.values()) elements += product(shape);
  if (elements > MAX_ELEMENTS) {
    throw new ImportError(
      `its tensors have more than ${MAX_ELEMENTS} elements together`,
    );
  }
  return new Map([...views].map(([name, view]) => [
    name,
    readTensor(name, view, storages(view.storage.key)),
  ]));
}

function readTensor(
  name: string,
  { storage, offset, shape, strides, isNegated }: TensorView,
  bytes: Uint8Array | undefined,
): Tensor {
  const refuse = (reason: string) =>
    new ImportError(`tensor ${display(name)} ${reason}`);
  if (!Object.hasOwn(elementTypes, storage.type)) {
    throw refuse(`lies in a ${display(storage.type)}, which no weights do`);
  }
  const { size, read } = elementTypes[storage.type];
  if (!bytes) {
    throw refuse(`lacks its storage ${display(`data/${storage.key}`)}`);
  }
  if (bytes.length !== size * storage.length) {
    throw refuse(
      `lies in ${storage.length} elements of ${storage.type}, which cannot ` +
        `have ${bytes.length} bytes`,
    );
  }
  // An expanded tensor has more elements than its storage.
  const last = shape.reduce((at, n, i) => at + (n - 1) * strides[i], offset);
  if (product(shape) > 0 && last >= storage.length) {
    throw refuse(
      `of shape ${showSizes(shape)} reaches beyond the ${storage.length} ` +
        "elements of its storage",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { dtype, data } = read(view, positions(shape, strides, offset));
  if (isNegated) data.forEach((x, i) => data[i] = -x);
  return { dtype, shape, data } as Tensor;
}

function isSize(value: Value): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function isSizes(value: Value): value is readonly number[] {
  return isTuple(value) && value.length <= MAX_AXES && value.every(isSize);
}
