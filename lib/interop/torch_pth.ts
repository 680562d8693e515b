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
  const { dict, parents, others } = stateDictOf(root);
  return {
    tensors: read(viewsOf(dict)),
    // {"checkpoint": {"model": …, "optimizer": …, "epoch": …}}
    root: parents.length === 0
      ? null
      : new Map(parents.flatMap((parent) => [...parent])),
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
  const all = [...root ?? []].flatMap(([key, value]) =>
    IS_MODEL.test(String(key)) ? [] : statesIn(value)
  );
  const found = [...new Set(all)];
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

/** A state dict, or a part of one, and the dicts that it lies in. */
interface Found {
  readonly path: readonly string[];
  readonly parents: readonly Dict[];
  readonly dict: Dict;
}

/** Finds the state dict, what it lies in, and what other models there are. */
function stateDictOf(
  root: Dict,
): { dict: Dict; parents: readonly Dict[]; others: string[] } {
  if (hasLayers(root)) return { dict: root, parents: [], others: [] };
  const found = [...stateDictsIn(root, [], [root], new Set())];
  if (found.length === 0) {
    // What tensors these are, and that they fit no layer, is said of each.
    if (hasTensors(root)) return { dict: root, parents: [], others: [] };
    throw noModel(root);
  }
  const isWhole = ({ path, dict }: Found) =>
    found.length === 1 || WRAPPERS.includes(path.at(-1)!) || hasModel(dict);
  // {"encoder": encoder.state_dict(), "decoder": decoder.state_dict()}
  const parts = Map.groupBy(
    found.filter((item) => !isWhole(item)),
    ({ parents }) => parents.at(-1)!,
  );
  const models = [...found.filter(isWhole), ...[...parts.values()].map(joined)];
  const rank = ({ path }: Found) => {
    const places = path.toReversed().map((key) => WRAPPERS.indexOf(key));
    return places.find((place) => place >= 0) ?? WRAPPERS.length;
  };
  const sorted = models.toSorted((a, b) => rank(a) - rank(b));
  const [first, ...rest] = sorted;
  const nameOf = ({ path }: Found) => path.join(".");
  const whole = models.filter(({ dict }) => hasModel(dict));
  if (rank(first) === WRAPPERS.length && whole.length > 1) {
    throw new ImportError(
      `it holds ${whole.length} models, under ${
        whole.map((model) => display(nameOf(model))).join(" and ")
      }: save the state dict of the one that is meant`,
    );
  }
  const best = rank(first) === WRAPPERS.length ? whole[0] ?? first : first;
  return {
    ...best,
    others: [first, ...rest].filter((item) => item !== best).map(nameOf),
  };
}

/** The parts of a model that lie in one dict, as one. */
function joined(parts: readonly Found[]): Found {
  const [{ path, parents }] = parts;
  const dict = new Map(
    parts.flatMap(({ path, dict }) =>
      [...dict].flatMap(([key, value]): [Value, Value][] =>
        typeof key === "string" ? [[`${path.at(-1)}.${key}`, value]] : []
      )
    ),
  );
  return { path: path.slice(0, -1), parents, dict };
}

function* stateDictsIn(
  parent: Dict,
  prefix: readonly string[],
  parents: readonly Dict[],
  seen: Set<Dict>,
): Generator<Found> {
  for (const [key, value] of parent) {
    const dict = dictOf(value);
    if (!dict || typeof key !== "string" || IS_OTHER.test(key)) continue;
    if (seen.has(dict)) continue;
    seen.add(dict);
    const path = [...prefix, key];
    const isNamed = WRAPPERS.includes(key) && hasTensors(dict);
    if (isNamed || hasLayers(dict)) yield { path, parents, dict };
    else if (path.length < MAX_DEPTH) {
      yield* stateDictsIn(dict, path, [...parents, dict], seen);
    }
  }
}

/** Says whether a dict has as many tensors of layers as the whole model. */
function hasModel(dict: Dict): boolean {
  const count =
    [...dict].filter(([key, value]) =>
      value instanceof TensorView && leafOf(key) !== undefined &&
      leafOf(key) !== "num_batches_tracked"
    ).length;
  return count >= TENSORS;
}

/** Weights, biases and running statistics of the model. */
const TENSORS = 38;

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
