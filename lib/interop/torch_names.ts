/**
 * Maps the names that people give the model's layers to this project's. A
 * layer's kind follows from the axes of its weight, its side and place from the
 * words and numbers of its name.
 *
 * @module
 */
import type { Tensor } from "../formats/safetensors.ts";
import { DECODER, ENCODER, FEATURE_COUNT, modelSpec } from "../model/spec.ts";
import { MAX_CLASSES, trainingOptions } from "../options/run.ts";
import { showSizes } from "../text.ts";
import { display } from "../formats/error.ts";
import { ImportError } from "./error.ts";
import {
  byNumbers,
  groupByLayer,
  join,
  type Layer,
} from "./torch_state_dict.ts";

/** So many problems stand in one message; the others are counted. */
const MAX_PROBLEMS = 4;

/** More tensors than any wrapper adds to the model's 43. */
const MAX_TENSORS = 1000;

/**
 * Words in the names of layers on the two sides: `deconv`, `convTranspose`,
 * `up`, `encode`.
 */
const IS_DECODER = /^(de|trans|up|tconv|convt|ct$|dconv|dbn|t$)/;
const IS_ENCODER = /^(enc|down)/;

type Side = "encoder" | "decoder";

/**
 * Gives the tensors of a model the names of this project.
 *
 * @param tensors The state dict, whatever its layers are called.
 * @returns The same tensors; those of an optimiser are left out.
 * @throws {ImportError} If a tensor is missing, left over or of another shape,
 * or two could take the same place. The message lists all of them.
 */
export function mapNames(
  tensors: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  if (tensors.size > MAX_TENSORS) {
    throw new ImportError(
      `it has ${tensors.size} tensors, far more than this model`,
    );
  }
  const problems: string[] = [];
  const layers = groupByLayer(tensors, problems);
  const places = placeLayers(layers, problems);
  const named = new Map<string, Tensor>();
  const names = new Map<string, string>();
  for (const [place, { path, tensors }] of places) {
    for (const [leaf, tensor] of tensors) {
      named.set(`${place}.${leaf}`, tensor);
      names.set(`${place}.${leaf}`, join(path, leaf));
    }
  }
  checkShapes(named, names, places, problems);
  if (problems.length === 0) return named;
  const more = problems.length - MAX_PROBLEMS;
  throw new ImportError(
    "the tensors do not fit this model: " +
      problems.slice(0, MAX_PROBLEMS).join("; ") +
      (more > 0 ? `; and ${more} more` : ""),
  );
}

/** Gives each layer its place, by this project's names. */
function placeLayers(
  layers: readonly Layer[],
  problems: string[],
): Map<string, Layer> {
  const places = new Map<string, Layer>();
  const ofRank = (rank: number) =>
    layers.filter(({ shape }) => shape.length === rank);
  const fill = (what: string, names: readonly string[], found: Layer[]) => {
    const sorted = found.toSorted(byNumbers);
    const twins = sorted.find((layer, i) =>
      i > 0 && byNumbers(sorted[i - 1], layer) === 0
    );
    if (found.length !== names.length) {
      problems.push(
        `it has ${count(found.length, what)}, not ${names.length}` +
          (found.length > 0 ? ` (${describe(sorted)})` : ""),
      );
    } else if (twins) {
      problems.push(
        `the order of its ${what}s is not clear (${describe(sorted)})`,
      );
    } else names.forEach((name, i) => places.set(name, sorted[i]));
  };

  const conv = bySide(ofRank(4));
  const norm = bySide(ofRank(1));
  const numbered = (side: Side, first: number, length: number) =>
    Array.from({ length }, (_, i) => `${side}.${3 * i + first}`);
  for (const side of ["encoder", "decoder"] as const) {
    const norms = side === "encoder" ? ENCODER.length : DECODER.length - 1;
    fill(`${side} convolution`, numbered(side, 0, 3), conv[side]);
    fill(`${side} batch norm`, numbered(side, 2, norms), norm[side]);
  }
  const heads = headsOf(ofRank(2));
  fill("μ layer", ["fc_mu"], heads.mu);
  fill("log σ² layer", ["fc_logvar"], heads.logvar);
  fill("linear decoder layer", ["fc_decode"], heads.decode);

  for (const { path, shape, tensors } of layers) {
    if ([1, 2, 4].includes(shape.length)) continue;
    const [[leaf, tensor]] = tensors;
    problems.push(
      `${display(join(path, leaf))} ${showSizes(tensor.shape)} has ` +
        (tensors.has("weight") ? "no place" : "no weight beside it"),
    );
  }
  checkOrder(places, problems);
  return places;
}

/**
 * Sorts layers by their side. Where names do not say it, those that come first
 * are the encoder's: `bn1` to `bn3`, and `bn4` and `bn5` for the decoder.
 */
function bySide(layers: readonly Layer[]): Record<Side, Layer[]> {
  const sides = Map.groupBy(layers, ({ words }) => {
    if (words.some((word) => IS_DECODER.test(word))) return "decoder";
    return words.some((word) => IS_ENCODER.test(word)) ? "encoder" : "unsaid";
  });
  const { encoder = [], decoder = [], unsaid = [] } = Object.fromEntries(sides);
  const others = unsaid.toSorted(byNumbers);
  const first = encoder.length > 0 ? 0 : ENCODER.length;
  return {
    encoder: [...encoder, ...others.slice(0, first)],
    decoder: [...decoder, ...others.slice(first)],
  };
}

/**
 * Sorts linear layers: two heads read the features, and what writes features
 * belongs to the decoder.
 */
function headsOf(
  layers: readonly Layer[],
): { mu: Layer[]; logvar: Layer[]; decode: Layer[] } {
  const mu: Layer[] = [], logvar: Layer[] = [];
  const decode: Layer[] = [], unnamed: Layer[] = [];
  for (const layer of layers) {
    const { words, shape } = layer;
    if (words.some((word) => /^(mu|mean)$/.test(word))) mu.push(layer);
    else if (words.some((word) => /^(log)?var$/.test(word))) logvar.push(layer);
    else if (readsFeatures(shape)) unnamed.push(layer);
    else decode.push(layer);
  }
  // fc21 and fc22, or fc1 and fc2, as in PyTorch's own example.
  const [first, second, ...more] = unnamed.toSorted(byNumbers);
  const isNamed = mu.length + logvar.length > 0;
  if (!isNamed && second && byNumbers(first, second) < 0) {
    return { mu: [first], logvar: [second, ...more], decode };
  }
  return { mu, logvar, decode: [...decode, ...unnamed] };
}

/** Says whether a layer reads the features, and maybe a one-hot class behind them. */
function readsFeatures([outputs, inputs]: readonly number[]): boolean {
  if (inputs === FEATURE_COUNT) return true;
  return outputs !== FEATURE_COUNT && inputs > FEATURE_COUNT &&
    inputs <= FEATURE_COUNT + MAX_CLASSES;
}

/**
 * Refuses batch norms right after convolutions: here the ReLU comes between,
 * so the tensors would fit and the model be another.
 */
function checkOrder(
  places: ReadonlyMap<string, Layer>,
  problems: string[],
): void {
  for (const [place, { path }] of places) {
    const [, side, index] = place.match(/^(\w+)\.(\d)$/) ?? [];
    const norm = places.get(`${side}.${Number(index) + 2}`);
    const [, parent, number] = path.match(/^(.*)\b(\d+)$/) ?? [];
    if (norm?.path !== `${parent}${Number(number) + 1}`) continue;
    problems.push(
      `${display(norm.path)} normalises right after ${display(path)}, here ` +
        "the ReLU comes between",
    );
  }
}

function checkShapes(
  tensors: ReadonlyMap<string, Tensor>,
  names: ReadonlyMap<string, string>,
  places: ReadonlyMap<string, Layer>,
  problems: string[],
): void {
  const { min, max } = trainingOptions.latentDim;
  const [latentDim, ...features] = places.get("fc_mu")?.shape ?? [];
  const isKnown = latentDim >= min && latentDim <= max;
  if (latentDim !== undefined && !isKnown) {
    problems.push(
      `${display(names.get("fc_mu.weight")!)} has shape ${
        showSizes([latentDim, ...features])
      }, not [${min} to ${max}, ${FEATURE_COUNT}]`,
    );
  }
  const classCount = classCountOf(places, problems);
  const spec = modelSpec(isKnown ? latentDim : min, classCount ?? 0);
  const expected = new Set<string>();
  for (const { name, shape } of [...spec.parameters, ...spec.running]) {
    expected.add(name);
    const isUnclear = !isKnown ||
      classCount === null && name.endsWith(".weight");
    if (name.startsWith("fc_") && isUnclear) continue;
    const tensor = tensors.get(name);
    const layer = places.get(name.slice(0, name.lastIndexOf(".")));
    if (!tensor && layer) {
      const leaf = name.slice(name.lastIndexOf(".") + 1);
      problems.push(
        `${display(join(layer.path, leaf))} ${showSizes(shape)} is missing`,
      );
    } else if (tensor && String(tensor.shape) !== String(shape)) {
      problems.push(
        `${display(names.get(name)!)} has shape ${
          showSizes(tensor.shape)
        }, not ` +
          showSizes(shape),
      );
    }
  }
  for (const [name, { shape }] of tensors) {
    const isCounter = expected.has(
      name.replace(/num_batches_tracked$/, "running_mean"),
    );
    if (expected.has(name) || isCounter) continue;
    problems.push(
      `${display(names.get(name)!)} ${showSizes(shape)} has no place`,
    );
  }
}

/**
 * Returns of how many classes the linear layers are told, by the columns that
 * they have for them; null where they differ.
 */
function classCountOf(
  places: ReadonlyMap<string, Layer>,
  problems: string[],
): number | null {
  const latentDim = places.get("fc_mu")?.shape[0] ?? 0;
  const inputs = {
    fc_mu: FEATURE_COUNT,
    fc_logvar: FEATURE_COUNT,
    fc_decode: latentDim,
  };
  const found = Object.entries(inputs).flatMap(([place, width]) => {
    const layer = places.get(place);
    return layer ? [{ layer, count: layer.shape[1] - width }] : [];
  });
  const counts = new Set(found.map(({ count }) => count));
  const isPossible = found.length === Object.keys(inputs).length &&
    places.get("fc_logvar")!.shape[0] === latentDim &&
    [...counts].every((count) => count >= 0 && count <= MAX_CLASSES);
  // The wrong shapes are listed one by one.
  if (!isPossible) return 0;
  const [count] = counts;
  if (counts.size === 1) return count;
  const columns = found.map(({ layer: { path, shape }, count }) =>
    `${count} in ${display(join(path, "weight"))} ${showSizes(shape)}`
  );
  problems.push(
    "encoder and decoder are to be told of the same classes, and the columns " +
      `for them are ${columns.join(", ")}`,
  );
  return null;
}

function describe(layers: readonly Layer[]): string {
  const shown = layers.slice(0, 6)
    .map(({ path, shape }) =>
      `${display(join(path, "weight"))} ${showSizes(shape)}`
    );
  if (layers.length > shown.length) {
    shown.push(`and ${layers.length - shown.length} more`);
  }
  return shown.join(", ");
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
