/**
 * Reads the state of PyTorch's Adam, which has no names but the order of
 * `model.parameters()`.
 *
 * Source: `state_dict` of torch.optim.Optimizer and of torch.optim.Adam
 * (https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html).
 *
 * @module
 */
import { fromPyTorch } from "../checkpoint/torch_layout.ts";
import { checkNumbers, EXP_AVG_SQ } from "../checkpoint/weights.ts";
import { display } from "../formats/error.ts";
import type { Value } from "../formats/pickle.ts";
import type { Tensor } from "../formats/safetensors.ts";
import type { TrainState } from "../model/init.ts";
import { ADAM, modelSpec } from "../model/spec.ts";
import { type TrainingOptions, trainingOptions } from "../options/run.ts";
import { OptionError, parseOption } from "../options/table.ts";
import { show } from "../text.ts";
import { ImportError } from "./error.ts";
import {
  type Dict,
  dictOf,
  optimizerIn,
  type SavedModel,
} from "./torch_pth.ts";
import { TensorView } from "./torch_tensors.ts";

/** Adam's state, which training can go on with. */
export interface AdamState {
  /** Steps taken. */
  readonly step: number;
  /** First and second moments by the names of the parameters in the file. */
  readonly expAvg: ReadonlyMap<string, Tensor>;
  readonly expAvgSq: ReadonlyMap<string, Tensor>;
  /** The learning rate and the decays. */
  readonly options: Partial<TrainingOptions>;
  /** Whether it names its parameters; else their order alone says which is which. */
  readonly isNamed: boolean;
  /** Whether a schedule has moved the learning rate. */
  readonly isScheduled: boolean;
}

/** Settings of Adam's that there are not here, and what they are without. */
const SETTINGS: Readonly<Record<string, Value>> = {
  weight_decay: 0,
  eps: ADAM.eps,
  amsgrad: false,
  maximize: false,
};

/**
 * Reads Adam's state from a checkpoint.
 *
 * @param model The model that it lies beside.
 * @param names This project's names of the parameters, by those in the file.
 * @throws {ImportError} If there is none that training can go on with: says why.
 */
export function readAdam(
  { root, tensors, read }: SavedModel,
  names: ReadonlyMap<string, string>,
): AdamState {
  const saved = optimizerIn(root);
  const groups = groupsOf(saved);
  const state = dictOf(saved.get("state") ?? null);
  if (!state || state.size === 0) {
    throw new ImportError("its optimiser has taken no step");
  }
  const count = groups.reduce((sum, { params }) => sum + params.length, 0);
  if (count !== names.size) {
    throw new ImportError(
      `its optimiser has ${count} parameters, and the model ${names.size}`,
    );
  }
  const order = parameterOrder(groups, [...names.keys()], names);
  const numbers = groups.flatMap(({ params }) => params);
  const views = new Map<string, TensorView>();
  order.forEach((name, i) => {
    const moments = dictOf(state.get(numbers[i]) ?? null);
    for (const key of ["exp_avg", "exp_avg_sq"]) {
      const view = moments?.get(key);
      const { shape } = tensors.get(name)!;
      if (view instanceof TensorView && String(view.shape) === String(shape)) {
        views.set(`${key}.${name}`, view);
        continue;
      }
      throw new ImportError(
        `its optimiser has no ${key} of the shape of ${
          display(name)
        } in that ` +
          "parameter's place",
      );
    }
    const step = moments!.get("step");
    if (step instanceof TensorView) views.set(`step.${name}`, step);
  });
  const elements = read(views);
  const steps = new Set(
    order.map((name, i) =>
      elements.has(`step.${name}`)
        ? Number(elements.get(`step.${name}`)!.data[0])
        : numberOf(dictOf(state.get(numbers[i])!)!.get("step"))
    ),
  );
  const [step] = steps;
  if (steps.size > 1 || !Number.isSafeInteger(step) || step < 1) {
    throw new ImportError(
      `its parameters are of other steps: ${[...steps].slice(0, 3).join(", ")}`,
    );
  }
  const moments = (key: string) =>
    new Map(order.map((name) => [name, elements.get(`${key}.${name}`)!]));
  return {
    step,
    expAvg: moments("exp_avg"),
    expAvgSq: moments("exp_avg_sq"),
    options: optionsOf(groups, order.map((name) => names.get(name)!), read),
    isNamed: groups.every(({ group }) => group.has("param_names")),
    isScheduled: groups.some(({ group }) => group.has("initial_lr")),
  };
}

/**
 * Returns a model's state with Adam's.
 *
 * @param nameOf Gives a parameter's name in the file by that of this project.
 * @param arrange Gives a moment the columns in this project's order.
 * @throws {CheckpointError} If a moment is not finite.
 */
export function withAdam(
  state: TrainState,
  { latentDim, classCount }: { latentDim: number; classCount: number },
  { step, expAvg, expAvgSq }: AdamState,
  nameOf: (name: string) => string,
  arrange: (name: string, tensor: Tensor) => Tensor,
): TrainState {
  const spec = modelSpec(latentDim, classCount);
  const arena = (moments: ReadonlyMap<string, Tensor>, prefix: string) =>
    fromPyTorch(spec.parameters, spec.parameterCount, (name) => {
      const tensor = arrange(name, moments.get(nameOf(name))!);
      checkNumbers(prefix + name, tensor);
      return tensor.data as Float32Array;
    });
  return {
    ...state,
    step,
    expAvg: arena(expAvg, "optimizer.exp_avg."),
    expAvgSq: arena(expAvgSq, EXP_AVG_SQ),
  };
}

/** A group of parameters, and their numbers. */
interface Group {
  readonly group: Dict;
  readonly params: readonly Value[];
}

/** Returns the groups of Adam's parameters, of settings that there are here. */
function groupsOf(saved: Dict): Group[] {
  const groups = saved.get("param_groups")!;
  if (!Array.isArray(groups) || groups.length === 0) {
    throw new ImportError("its optimiser has no groups of parameters");
  }
  return groups.map((value) => {
    const group = dictOf(value);
    const params = group?.get("params");
    // RMSprop, SGD and RAdam lack one or the other.
    if (
      !Array.isArray(params) || !group!.has("betas") || !group!.has("amsgrad")
    ) {
      throw new ImportError("its optimiser is not Adam");
    }
    for (const [name, usual] of Object.entries(SETTINGS)) {
      const set = group!.get(name) ?? usual;
      if (set === usual) continue;
      const is = typeof set === typeof usual ? show(set) : "of another kind";
      throw new ImportError(
        `its optimiser has ${name} ${is}, and Adam here ${show(usual)}`,
      );
    }
    return { group: group!, params };
  });
}

/**
 * Lists the parameters in the order of the optimiser's numbers: of the model, or
 * the names that it was given. Of two groups the second is taken for that of the
 * heads, whose learning rate may be another.
 */
function parameterOrder(
  groups: readonly Group[],
  inModel: readonly string[],
  names: ReadonlyMap<string, string>,
): readonly string[] {
  const given = groups.map(({ group, params }) => {
    const list = group.get("param_names");
    return Array.isArray(list) && list.length === params.length ? list : null;
  });
  if (given.every((list) => list !== null)) {
    const order = given.flat().map((name) => {
      const own = String(name);
      // A wrapper may have come around the model, or gone.
      const found = inModel.filter((other) =>
        `.${other}`.endsWith(`.${own}`) || `.${own}`.endsWith(`.${other}`)
      );
      return found.includes(own) ? own : found.length === 1 ? found[0] : null;
    });
    const isKnown = order.every((name) => name !== null);
    if (isKnown && new Set(order).size === order.length) return order;
    throw new ImportError(
      "its optimiser names parameters that the model does not have",
    );
  }
  if (groups.length === 1) return inModel;
  const isOfHead = (name: string) => isHead(names.get(name)!);
  const heads = inModel.filter(isOfHead);
  if (groups.length === 2 && groups[1].params.length === heads.length) {
    return [...inModel.filter((name) => !isOfHead(name)), ...heads];
  }
  throw new ImportError(
    `its optimiser has ${groups.length} groups of parameters without names`,
  );
}

/**
 * Returns the learning rate and the decays. Rates may be tensors, and the heads
 * have one of their own.
 *
 * @param order This project's names of the parameters, group after group.
 */
function optionsOf(
  groups: readonly Group[],
  order: readonly string[],
  read: SavedModel["read"],
): Partial<TrainingOptions> {
  const rateOf = (value: Value = null) =>
    value instanceof TensorView
      ? Number(read(new Map([["lr", value]])).get("lr")!.data[0])
      : numberOf(value);
  const [lr, ...others] = groups.map(({ group }) => rateOf(group.get("lr")));
  const betas = groups.map(({ group }) => {
    const pair = group.get("betas");
    return Array.isArray(pair) ? pair.slice(0, 2).map(numberOf) : [];
  });
  const [[beta1, beta2]] = betas;
  const isSame = betas.every(([b1, b2]) => b1 === beta1 && b2 === beta2);
  const rest = order.slice(groups[0].params.length);
  const isHeads = rest.length === 4 && rest.every(isHead);
  const own = others.filter((rate) => rate !== lr);
  if (!isSame || own.length > 0 && !(isHeads && groups.length === 2)) {
    throw new ImportError(
      "its optimiser has groups of parameters with other settings",
    );
  }
  const found = {
    lr,
    adamBeta1: beta1,
    adamBeta2: beta2,
    headsLrFactor: own.length > 0 ? own[0] / lr : 1,
  };
  try {
    return Object.fromEntries(
      Object.entries(found).map(([name, value]) => {
        const option = trainingOptions[name as keyof typeof found];
        return [name, parseOption(option, name, value)];
      }),
    );
  } catch (cause) {
    if (!(cause instanceof OptionError)) throw cause;
    throw new ImportError(`its optimiser's ${cause.message}`, { cause });
  }
}

/** A value as a number; NaN if it is none. */
function numberOf(value: Value | undefined): number {
  return typeof value === "number" ? value : NaN;
}

/** Says whether a parameter, by this project's name, is of a head. */
function isHead(name: string): boolean {
  return /^fc_(mu|logvar)\./.test(name);
}
