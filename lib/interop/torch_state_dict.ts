/**
 * Groups the tensors of a state dict by layer, and takes the layers' names
 * apart.
 *
 * @module
 */
import type { Tensor } from "../formats/safetensors.ts";
import { showSizes } from "../text.ts";
import { display } from "../formats/error.ts";

/** The last words of the names of a layer's tensors. */
export const LEAVES: readonly string[] = [
  "weight",
  "bias",
  "running_mean",
  "running_var",
  "num_batches_tracked",
];

/** What a moving average of weights counts, beside them. */
const COUNT = "n_averaged";

/** The tensors of one layer. */
export interface Layer {
  /** Its name in the file. */
  readonly path: string;
  readonly words: readonly string[];
  readonly numbers: readonly number[];
  /** Shape of its weight. */
  readonly shape: readonly number[];
  /** The tensors by the last word of their names. */
  readonly tensors: Map<string, Tensor>;
}

/**
 * Groups a state dict's tensors by the layers that they belong to.
 *
 * @param problems Takes note of tensors that no layer has.
 */
export function groupByLayer(
  tensors: ReadonlyMap<string, Tensor>,
  problems: string[],
): Layer[] {
  const groups = new Map<string, Map<string, Tensor>>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith("optimizer.") || name === COUNT) continue;
    const dot = name.lastIndexOf(".");
    const path = name.slice(0, Math.max(dot, 0));
    const leaf = name.slice(dot + 1);
    if (!LEAVES.includes(leaf)) {
      problems.push(`${display(name)} ${showSizes(tensor.shape)} has no place`);
      continue;
    }
    if (!groups.has(path)) groups.set(path, new Map());
    groups.get(path)!.set(leaf, tensor);
  }
  const wrapper = commonPrefix([...groups.keys()]);
  return [...groups].map(([path, tensors]) => {
    const tokens = tokenise(path.slice(wrapper.length));
    return {
      path,
      words: tokens.filter((token) => !/^\d/.test(token)),
      numbers: tokens.filter((token) => /^\d/.test(token)).map(Number),
      shape: tensors.get("weight")?.shape ?? [],
      tensors,
    };
  });
}

/**
 * Returns what wrappers put before the name of every layer: `module.`,
 * `_orig_mod.`, `deep_vae.`.
 */
function commonPrefix(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split("."));
  let length = 0;
  while (
    length < first.length - 1 &&
    others.every((other) =>
      length < other.length - 1 && other[length] === first[length]
    )
  ) length++;
  return first.slice(0, length).map((word) => `${word}.`).join("");
}

/** Takes a name apart: `decoder.convT1` becomes `decoder`, `conv`, `t`, `1`. */
function tokenise(name: string): string[] {
  const bare = name
    .replaceAll(/(?<=[a-z])[12]d(?![a-z])/gi, "") // Conv2d, BatchNorm2d
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_");
  return bare.toLowerCase().match(/[a-z]+|\d+/g) ?? [];
}

/** Compares layers by the numbers in their names, from left to right. */
export function byNumbers(a: Layer, b: Layer): number {
  const length = Math.max(a.numbers.length, b.numbers.length);
  for (let i = 0; i < length; i++) {
    const [x = -1, y = -1] = [a.numbers[i], b.numbers[i]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Returns the name of a layer's tensor. */
export function join(path: string, leaf: string): string {
  return path === "" ? leaf : `${path}.${leaf}`;
}
