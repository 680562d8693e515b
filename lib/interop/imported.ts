/**
 * Makes a run of another program's file: the model, its training as far as the
 * file says, and what had to be assumed.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import { readWeights } from "../checkpoint/weights.ts";
import { display } from "../formats/error.ts";
import type { Tensor } from "../formats/safetensors.ts";
import { isPart, type LossSums } from "../model/losses.ts";
import { FEATURE_COUNT } from "../model/spec.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { defaults } from "../options/table.ts";
import { ImportError } from "./error.ts";
import { type AdamState, readAdam, withAdam } from "./torch_adam.ts";
import {
  checkEvidence,
  checkTrial,
  placesText,
  wiringText,
} from "./torch_evidence.ts";
import { type ColumnOrder, inOwnOrder } from "./linear_order.ts";
import { mapNames } from "./torch_names.ts";
import { openModel, plainNumbers } from "./opened.ts";
import type { SavedModel } from "./torch_pth.ts";
import {
  epochsDone,
  namedOptions,
  ownHistory,
  ownPartial,
} from "./torch_training.ts";
import { tryModel } from "./trial.ts";

/** What a file is made into, and what is to be said of that. */
export interface Imported
  extends Pick<Checkpoint, "options" | "state" | "epochsBefore" | "history"> {
  /** Names of the classes that the model is told of, if any. */
  readonly classes?: readonly string[];
  /** Losses of the part of an epoch that it stopped in, if it did. */
  readonly partial?: LossSums;
  /** Why training can only begin, not go on; nothing if it can. */
  readonly fresh?: string;
  /** What the file does not say, and how it was taken. */
  readonly assumed: readonly string[];
  /** Options of the model and its run that nobody has given. */
  readonly open: readonly (keyof TrainingOptions)[];
  /** What the file has and the run has not. */
  readonly omitted: readonly string[];
}

/** What tensors do not say of a model. */
export const MODEL = ["likelihood", "autoencoder", "beta"] as const;

/**
 * Makes a run of a file of `torch.save` or a safetensors file. Nothing in it is
 * trusted and nothing is executed.
 *
 * @param bytes The whole file.
 * @param chosen Options that hold whatever the file says.
 * @throws {ImportError} If it is another file or has another model: says why.
 * @throws {FormatError} If a `.pth` file is damaged.
 * @throws {SafetensorsError} If a safetensors file is.
 * @throws {CheckpointError} If a number in it is not finite.
 */
export function importModel(
  bytes: Uint8Array,
  chosen: Partial<TrainingOptions>,
): Imported {
  const { model, own, run } = openModel(bytes);
  if (run) {
    const { data, state, history, epochsBefore, partial } = run;
    const classes = classesOf(data.classes, run.options.classCount);
    return {
      ...{ options: { ...run.options, ...chosen }, state, history },
      ...(epochsBefore !== undefined && { epochsBefore }),
      ...(partial && { partial }),
      ...(classes && { classes }),
      ...{ assumed: [], open: [], omitted: [] },
    };
  }
  const root = model.root && plainNumbers(model);
  const assumed: string[] = [];
  const omitted = model.others.map((path) =>
    `the model under ${display(path)}`
  );
  const named = mapNames(model.tensors, assumed);
  const names = fileNames(model.tensors, named);
  const adam = adamOf(model, names);
  const hasAdam = "step" in adam;
  const heard = root && !own.options ? namedOptions(root) : undefined;
  const said = {
    ...(own.options ?? heard?.options),
    ...(hasAdam && adam.options),
  };
  const [latentDim, inputs] = named.get("fc_mu.weight")!.shape;
  const classCount = inputs - FEATURE_COUNT;
  const options: TrainingOptions = {
    ...defaults(trainingOptions),
    ...(hasAdam || !own.options ? said : pickModel(own.options)),
    ...chosen,
    ...{ latentDim, classCount },
  };
  let order: ColumnOrder = {
    places: { encoder: "behind", decoder: "behind" },
    isChannelsLast: false,
  };
  const given = { ...said, ...chosen };
  const open: (keyof TrainingOptions)[] = own.options
    ? []
    : MODEL.filter((name) =>
      given[name] === undefined && name !== "autoencoder" &&
      !(name === "beta" && options.autoencoder)
    );
  if (!own.options) {
    if (classCount === 1) {
      throw new ImportError(
        "its linear layers read one number more than features and z: it is " +
          "told of a number, such as the label itself, and here a model is told " +
          "of one of two classes or more",
      );
    }
    checkEvidence(
      named,
      options.likelihood,
      (tensor) => keyOf(model.tensors, tensor)!,
    );
    const byOrder = assumed.some((text) => text.includes(" gives μ"));
    const trial = tryModel(named, classCount, byOrder && !options.autoencoder);
    checkTrial(trial, options.likelihood);
    order = trial;
    const heads = assumed.length > 0
      ? []
      : [`${layerOf(model, named, "fc_logvar")} gives log σ²`];
    assumed.unshift(
      "a ReLU between each convolution and its batch norm, of eps 1e-5",
      ...classCount > 0 ? [placesText(trial)] : [],
      ...open.map((name) =>
        name === "beta" ? `β = ${options.beta}` : `${name} ${options[name]}`
      ),
      ...heads,
      ...wiringText(trial),
    );
    assumed.push(...(chosen.beta === undefined ? heard?.assumed ?? [] : []));
    omitted.push(...heard?.unusable ?? []);
  }
  const arrange = (name: string, tensor: Tensor) =>
    inOwnOrder(name, tensor, classCount, order);
  const weights = readWeights(
    new Map([...named].map(([name, tensor]) => [name, arrange(name, tensor)])),
  );
  const classes = classesOf(own.classes, classCount);
  const foreign = [...model.foreign].filter((name) =>
    !name.startsWith("torch.")
  );
  if (foreign.length > 0) {
    const shown = foreign.slice(0, 4).map(display).join(", ");
    const more = foreign.length > 4 ? ` and ${foreign.length - 4} more` : "";
    omitted.push(`${shown}${more}, of which nothing was run`);
  }
  const common = {
    ...{ options, open, omitted },
    ...(classes && { classes }),
  };
  if (!hasAdam || !root) {
    const fresh = hasAdam ? undefined : adam.reason;
    return { ...common, state: weights, history: [], assumed, fresh };
  }
  const done = epochsDone(root, adam.step, said.batchSize);
  const kept = done && own.options
    ? ownHistory(root, latentDim, done.count, adam.step)
    : [];
  const partial = kept.length > 0 ? ownPartial(root, latentDim) : null;
  const history = partial || !isPart(kept.at(-1)) ? kept : [];
  const epochsBefore = history.length > 0
    ? Math.ceil(done!.count) - history.length
    : Math.floor(done?.count ?? 0);
  if (own.options && history.length === 0 && epochsBefore > 0) {
    omitted.push("its history, which does not reach as far as the model");
  }
  if (done && !own.options) {
    assumed.push(
      `${done.count === 1 ? "1 epoch is" : `${done.count} epochs are`} done ` +
        `(${done.from})`,
    );
  }
  const epoch = root.get("epoch") ?? null;
  if (!done && epoch !== null) {
    const is = typeof epoch === "number" ? ` ${epoch}` : "";
    omitted.push(`its epoch${is}, which counts none of its ${adam.step} steps`);
  }
  if (!adam.isNamed && !own.options) {
    assumed.push("Adam's moments in the order of the model's tensors");
  }
  if (given.batchSize === undefined) {
    assumed.push(`batches of ${options.batchSize} images`);
    open.push("batchSize");
  }
  if (adam.isScheduled) {
    assumed.push(
      `the learning rate stays at ${options.lr}, where its schedule stands`,
    );
  }
  return {
    ...common,
    assumed,
    state: withAdam(
      weights,
      { latentDim, classCount },
      adam,
      (name) => keyOf(names, name)!,
      arrange,
    ),
    ...(epochsBefore > 0 && { epochsBefore }),
    ...(partial && { partial }),
    history,
  };
}

/** Weights alone have no run, so what one was trained with does not hold. */
function pickModel(options: TrainingOptions): Partial<TrainingOptions> {
  return Object.fromEntries(MODEL.map((name) => [name, options[name]]));
}

/**
 * The names of the classes that a model is told of: those that this project's own
 * files have, else numbers.
 */
function classesOf(
  classes: unknown,
  count: number,
): readonly string[] | undefined {
  if (count === 0) return;
  if (classes === undefined) {
    return Array.from({ length: count }, (_, i) => String(i));
  }
  if (
    Array.isArray(classes) && classes.length === count &&
    classes.every((name) => typeof name === "string")
  ) return classes;
  throw new ImportError("the classes in its metadata cannot be read");
}

/** The name that a layer has in the file. */
function layerOf(
  { tensors }: SavedModel,
  named: ReadonlyMap<string, Tensor>,
  layer: string,
): string {
  const name = keyOf(tensors, named.get(`${layer}.weight`)!)!;
  return display(name.replace(/\.?weight$/, ""));
}

function adamOf(
  model: SavedModel,
  names: ReadonlyMap<string, string>,
): AdamState | { readonly reason: string } {
  try {
    return readAdam(model, names);
  } catch (error) {
    if (error instanceof ImportError) return { reason: error.message };
    throw error;
  }
}

/** This project's names of the parameters by those in the file, in its order. */
function fileNames(
  tensors: ReadonlyMap<string, Tensor>,
  named: ReadonlyMap<string, Tensor>,
): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, tensor] of tensors) {
    const own = keyOf(named, tensor);
    if (own !== undefined && /\.(weight|bias)$/.test(own)) names.set(name, own);
  }
  return names;
}

function keyOf<T>(map: ReadonlyMap<string, T>, value: T): string | undefined {
  for (const [key, candidate] of map) if (candidate === value) return key;
}
