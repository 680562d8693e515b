/**
 * Finds a model in what `torch.save` was given: its state dict, wherever it lies
 * in a checkpoint, and what the checkpoint says of its training.
 *
 * @module
 */
import { display } from "../formats/error.ts";
import { Foreign, type Value } from "../formats/pickle.ts";
import type { Tensor } from "../formats/safetensors.ts";
import { ImportError } from "./error.ts";
import { openPth } from "./torch_archive.ts";
import { LEAVES } from "./torch_state_dict.ts";
import { readTensors, TensorView } from "./torch_tensors.ts";

/** A model, and the checkpoint that it lies in. */
export interface SavedModel {
  /** The state dict, in its order, which is that of `model.parameters()`. */
  readonly tensors: Map<string, Tensor>;
  /** The checkpoint, if the state dict is not all of the file. */
  readonly root: Dict | null;
  /** Other models, which are left out: the keys they lie under. */
  readonly others: readonly string[];
  /** Reads tensors of the checkpoint by name. */
  readonly read: (
    views: ReadonlyMap<string, TensorView>,
  ) => Map<string, Tensor>;
  /** Names in the file that nobody knows here: nothing of them has been run. */
  readonly foreign: ReadonlySet<string>;
}

/** A dict of Python's. */
export type Dict = ReadonlyMap<Value, Value>;

/** Where a checkpoint keeps its model, the likeliest first. */
const WRAPPERS = [
  "model_state_dict",
  "state_dict",
  "model_state",
  "model",
  "net_state_dict",
  "net",
  "vae_state_dict",
  "vae",
  "network",
  "weights",
  "module",
  "ema_state_dict",
  "model_ema",
  "ema_model",
  "ema",
];

/** Where no optimiser is. */
const IS_MODEL = /^(model|ema)/;

/** Where no model is, however much it looks like one. */
const IS_OTHER = /optim|sched|scaler/;

const MAX_DEPTH = 3;

/**
 * Reads the model in a `.pth` file. Nothing in the file is trusted and nothing is
 * executed.
 *
 * @param bytes The whole file of `torch.save`: a state dict, or a dict that has one.
 * @throws {ImportError} If it is another file, or has no state dict.
 * @throws {FormatError} If it is damaged.
 */
export function readTorch(bytes: Uint8Array): SavedModel {
  const { value, storages, foreign } = openPth(bytes);
  const root = dictOf(value);
  if (!root) {
    throw new ImportError(
      `it holds ${describe(value)}, no dict: save model.state_dict() with ` +
        "torch.save",
    );
  }
  const read = (views: ReadonlyMap<string, TensorView>) =>
    readTensors(views, storages);
  const { dict, others } = stateDictOf(root);
  const isAll = dict === root;
  return {
    tensors: read(viewsOf(dict)),
    root: isAll ? null : root,
    others,
    read,
    foreign,
  };
}

/**
 * Reads the state dict in a `.pth` file.
 *
 * @returns The tensors by name: floats of any width as F32, I64 and U8.
 * @throws {ImportError} As {@linkcode readTorch}.
 */
export function readPth(bytes: Uint8Array): Map<string, Tensor> {
  return readTorch(bytes).tensors;
}

/**
 * Returns a value as a dict, if it is one, or an object of attributes. A whole
 * module is none: its layers are objects, too.
 */
export function dictOf(value: Value): Dict | undefined {
  if (value instanceof Map) return value;
  if (value instanceof Foreign && !value.items.has("_modules")) {
    return value.items.size > 0 ? value.items : undefined;
  }
}

/**
 * Finds the state of the optimiser in a checkpoint, under whatever name.
 *
 * @throws {ImportError} If there is none, or are several.
 */
export function optimizerIn(root: Dict | null): Dict {
  const found = [...root ?? []].flatMap(([key, value]) =>
    IS_MODEL.test(String(key)) ? [] : statesIn(value)
  );
  if (found.length === 1) return found[0];
  if (found.length > 1) {
    throw new ImportError(`it has the state of ${found.length} optimisers`);
  }
  const key = [...root?.keys() ?? []].find((key) =>
    typeof key === "string" && /^(optim|opt$|opt_|adam)/.test(key)
  );
  throw new ImportError(
    key === undefined
      ? "it has no state of an optimiser"
      : `${display(String(key))} is no state of an optimiser`,
  );
}

/** The states of optimisers that a value is, or holds by number or name. */
function statesIn(value: Value): Dict[] {
  const isState = (dict: Dict) => dict.has("param_groups");
  const dict = dictOf(value);
  if (dict && isState(dict)) return [dict];
  const items = Array.isArray(value) ? value : [...dict?.values() ?? []];
  return items.flatMap((item) => dictOf(item) ?? []).filter(isState);
}

/** Finds the state dict, and what other models there are. */
function stateDictOf(root: Dict): { dict: Dict; others: string[] } {
  if (hasLayers(root)) return { dict: root, others: [] };
  const found = [...stateDictsIn(root, "", new Set())];
  const rank = (path: string) => {
    const place = WRAPPERS.indexOf(path.split(".")[0]);
    return place < 0 ? WRAPPERS.length : place;
  };
  const [first, ...rest] = found.toSorted((a, b) =>
    rank(a.path) - rank(b.path)
  );
  if (!first) {
    // What tensors these are, and that they fit no layer, is said of each.
    if (hasTensors(root)) return { dict: root, others: [] };
    throw noModel(root);
  }
  const isWhole = rest.length === 0 || rank(first.path) < WRAPPERS.length;
  if (isWhole) {
    return { dict: first.dict, others: rest.map(({ path }) => path) };
  }
  // {"encoder": encoder.state_dict(), "decoder": decoder.state_dict()}
  const parts = found.flatMap(({ path, dict }) =>
    [...dict].flatMap(([key, value]): [Value, Value][] =>
      typeof key === "string" ? [[`${path}.${key}`, value]] : []
    )
  );
  return { dict: new Map(parts), others: [] };
}

function* stateDictsIn(
  parent: Dict,
  prefix: string,
  seen: Set<Dict>,
): Generator<{ path: string; dict: Dict }> {
  for (const [key, value] of parent) {
    const dict = dictOf(value);
    if (!dict || typeof key !== "string" || IS_OTHER.test(key)) continue;
    if (seen.has(dict)) continue;
    seen.add(dict);
    const path = prefix + key;
    const isNamed = WRAPPERS.includes(key) && hasTensors(dict);
    if (isNamed || hasLayers(dict)) yield { path, dict };
    else if (path.split(".").length < MAX_DEPTH) {
      yield* stateDictsIn(dict, `${path}.`, seen);
    }
  }
}

/** Says whether a dict has tensors by the names of layers. */
function hasLayers(dict: Dict): boolean {
  return [...dict].some(([key, value]) =>
    value instanceof TensorView && leafOf(key) !== undefined
  );
}

function hasTensors(dict: Dict): boolean {
  return [...dict.values()].some((value) => value instanceof TensorView);
}

function leafOf(key: Value): string | undefined {
  if (typeof key !== "string") return;
  const leaf = key.slice(key.lastIndexOf(".") + 1);
  return LEAVES.includes(leaf) ? leaf : undefined;
}

function noModel(root: Dict): ImportError {
  const shown = [...root].slice(0, 8).map(([key, value]) =>
    `${typeof key === "string" ? display(key) : "a key"} (${describe(value)})`
  );
  return new ImportError(
    "it holds no state dict" +
      (shown.length > 0 ? `, only ${shown.join(", ")}` : "") +
      ": save model.state_dict() with torch.save",
  );
}

/** The tensors of a state dict; what else lies beside them is no part of a layer. */
function viewsOf(dict: Dict): Map<string, TensorView> {
  const views = new Map<string, TensorView>();
  for (const [name, value] of dict) {
    if (value instanceof TensorView && typeof name === "string") {
      views.set(name, value);
    } else if (leafOf(name) !== undefined) {
      throw new ImportError(
        `${display(String(name))} is no tensor but ${describe(value)}`,
      );
    }
  }
  return views;
}

/** Says what a value is. */
function describe(value: Value): string {
  if (value === null) return "None";
  if (value instanceof Foreign) {
    return `an object of ${display(value.className)}`;
  }
  if (value instanceof TensorView) return "a tensor";
  if (value instanceof Map) return "a dict";
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}
