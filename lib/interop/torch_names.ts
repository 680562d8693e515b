/**
 * Maps the names that people give the model's layers to this project's, and
 * refuses tensors that are of another model.
 *
 * @module
 */
import type { Tensor } from "../formats/safetensors.ts";
import { FEATURE_COUNT, modelSpec } from "../model/spec.ts";
import { MAX_CLASSES, trainingOptions } from "../options/run.ts";
import { showSizes } from "../text.ts";
import { display } from "../formats/error.ts";
import { ImportError } from "./error.ts";
import { placeLayers } from "./torch_layers.ts";
import { groupByLayer, join, type Layer } from "./torch_state_dict.ts";

/** So many problems stand in one message; the others are counted. */
const MAX_PROBLEMS = 4;

/** Tensors of a whole model, without counters of batches. */
const WHOLE = 38;

/** More tensors than any wrapper adds to the model's 43. */
const MAX_TENSORS = 1000;

/**
 * Gives the tensors of a model the names of this project.
 *
 * @param tensors The state dict, whatever its layers are called.
 * @param assumed Takes note of what the names did not say.
 * @returns The same tensors; those of an optimiser are left out.
 * @throws {ImportError} If a tensor is missing, left over or of another shape,
 * or two could take the same place. The message lists all of them.
 */
export function mapNames(
  tensors: ReadonlyMap<string, Tensor>,
  assumed: string[] = [],
): Map<string, Tensor> {
  if (tensors.size > MAX_TENSORS) {
    throw new ImportError(
      `it has ${tensors.size} tensors, far more than this model`,
    );
  }
  checkOne(tensors);
  const problems: string[] = [];
  const layers = groupByLayer(tensors, problems);
  const buffers = problems.length;
  const placed = placeLayers(layers);
  const { places } = placed;
  problems.push(...placed.problems);
  checkOrder(places, problems);
  const named = new Map<string, Tensor>();
  const names = new Map<string, string>();
  for (const [place, { path, tensors }] of places) {
    for (const [leaf, tensor] of tensors) {
      named.set(`${place}.${leaf}`, tensor);
      names.set(`${place}.${leaf}`, join(path, leaf));
    }
  }
  checkShapes(named, names, places, problems);
  if (problems.length === 0) {
    assumed.push(...placed.assumed);
    return named;
  }
  const more = problems.length - MAX_PROBLEMS;
  throw new ImportError(
    "the tensors do not fit this model: " +
      problems.slice(0, MAX_PROBLEMS).join("; ") +
      (more > 0 ? `; and ${more} more` : "") +
      (buffers === problems.length
        ? ": if the model computes nothing with it, delete it from the state dict"
        : ""),
  );
}

/** Refuses a state dict of more than one model: `model.…` and `ema_model.…`. */
function checkOne(tensors: ReadonlyMap<string, Tensor>): void {
  const groups = Map.groupBy(
    [...tensors.keys()].filter((name) => !name.startsWith("optimizer.")),
    (name) => name.split(".")[0],
  );
  const models = [...groups].filter(([, names]) => names.length >= WHOLE);
  if (models.length < 2) return;
  const shown = models.slice(0, 3).map(([name]) => display(name));
  throw new ImportError(
    `it holds ${models.length} models, ${
      shown.join(" and ")
    }: save the state ` +
      "dict of the one that is meant",
  );
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
