/**
 * Writes a run as PyTorch's scripts keep theirs: a `.pth` file of `torch.save`,
 * with the state dicts of the model and of its optimiser.
 *
 * The format: https://github.com/pytorch/pytorch/blob/main/docs/source/notes/serialization.rst.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import { toPyTorch, toStateDict } from "../checkpoint/torch_layout.ts";
import { checkNumbers } from "../checkpoint/weights.ts";
import { className } from "../dataset/class_names.ts";
import {
  encodePickle,
  PersistentId,
  PythonCall,
  PythonName,
  PythonTuple,
  type PythonValue,
} from "../formats/pickle_writer.ts";
import type { Tensor } from "../formats/safetensors.ts";
import { writeZip } from "../formats/zip_writer.ts";
import { epochsOf } from "../model/losses.ts";
import { describeData } from "./trained_model.ts";
import {
  ADAM,
  type ModelSpec,
  modelSpec,
  type TensorSpec,
} from "../model/spec.ts";

/** Where `torch.save` lets the bytes of tensors begin, for `mmap`. */
const ALIGNMENT = 64;

/** The folder that `torch.save` makes in the zip file of a nameless buffer. */
const FOLDER = "archive";

/**
 * Writes a run as a `.pth` file, which `torch.load(weights_only=True)` reads from
 * PyTorch 2.0 on, and plain `torch.load` before: a dict of
 *
 * - `model_state_dict`, for `load_state_dict(strict=True)`;
 * - `optimizer_state_dict`, for that of `torch.optim.Adam` on `model.parameters()`;
 *   where the heads have a learning rate of their own, `fc_mu` and `fc_logvar` are
 *   a second group, behind the others;
 * - `epoch`, the epochs that are finished; `beta`, `latent_dim` and `classes`, the
 *   names of the classes that the model is told of; `data`, the images that it was
 *   trained on, and their licence;
 * - `history` and `options`, as a checkpoint's metadata have them, and `partial`
 *   where the run stopped within an epoch.
 *
 * The learning rate is that of the options: what a schedule makes of it, PyTorch
 * does not know.
 *
 * @throws {CheckpointError} If a number in the tensors is not finite.
 */
export function encodePth(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const { options, data, state, history, epochsBefore, partial } = checkpoint;
  const { latentDim, classCount, beta } = options;
  const spec = modelSpec(latentDim, classCount);
  const storages = new Storages();
  const weights = new Map(
    [...toStateDict(spec, state)].map(([name, tensor]) => [
      name,
      storages.add(name, isCounter(tensor) ? { ...tensor, shape: [] } : tensor),
    ]),
  );
  const contents = dict({
    model_state_dict: weights,
    optimizer_state_dict: adamState(spec, checkpoint, storages),
    epoch: number(epochsOf(history, epochsBefore)),
    beta,
    latent_dim: BigInt(latentDim),
    classes: Array.from(
      { length: classCount },
      (_, label) => className(data.classes, label),
    ),
    data: describeData(data),
    history: python(history),
    options: python(options),
    ...(partial && {
      partial: python({
        ...partial,
        klPerDimension: [...partial.klPerDimension],
      }),
    }),
  });
  const text = (s: string) => new TextEncoder().encode(s);
  return writeZip(
    new Map([
      [`${FOLDER}/data.pkl`, encodePickle(contents)],
      [`${FOLDER}/byteorder`, text("little")],
      ...storages.entries(),
      [`${FOLDER}/version`, text("3\n")],
    ]),
    ALIGNMENT,
  );
}

/** The counters of batches are scalars in PyTorch. */
function isCounter({ dtype }: Tensor): boolean {
  return dtype === "I64";
}

/** Parameters that Adam moves at one rate. */
interface Group {
  readonly rate: number;
  readonly members: readonly TensorSpec[];
}

/** Tells the heads from the others where their rate is another. */
function groupsOf(spec: ModelSpec, { options }: Checkpoint): Group[] {
  const { lr, headsLrFactor } = options;
  if (headsLrFactor === 1) return [{ rate: lr, members: spec.parameters }];
  const isHead = ({ name }: TensorSpec) => /^fc_(mu|logvar)\./.test(name);
  return [
    { rate: lr, members: spec.parameters.filter((tensor) => !isHead(tensor)) },
    { rate: lr * headsLrFactor, members: spec.parameters.filter(isHead) },
  ];
}

/** Adam's state dict, which numbers the parameters group by group. */
function adamState(
  spec: ModelSpec,
  checkpoint: Checkpoint,
  storages: Storages,
): PythonValue {
  const { options: { adamBeta1, adamBeta2 }, state } = checkpoint;
  const groups = groupsOf(spec, checkpoint);
  const averages = toPyTorch(spec.parameters, state.expAvg);
  const squares = toPyTorch(spec.parameters, state.expAvgSq);
  const step: Tensor = {
    dtype: "F32",
    shape: [],
    data: Float32Array.of(state.step),
  };
  const moments = groups.flatMap(({ members }) => members).map(({ name }) =>
    dict({
      step: storages.add("step", step),
      exp_avg: storages.add(`exp_avg of ${name}`, averages.get(name)!),
      exp_avg_sq: storages.add(`exp_avg_sq of ${name}`, squares.get(name)!),
    })
  );
  let count = 0;
  return dict({
    state: new Map(moments.map((moment, i) => [BigInt(i), moment])),
    param_groups: groups.map(({ rate, members }) =>
      dict({
        lr: rate,
        betas: new PythonTuple(adamBeta1, adamBeta2),
        eps: ADAM.eps,
        weight_decay: 0n,
        amsgrad: false,
        maximize: false,
        foreach: null,
        capturable: false,
        differentiable: false,
        fused: null,
        decoupled_weight_decay: false,
        params: members.map(() => BigInt(count++)),
      })
    ),
  });
}

/** The storages of tensors, and what the pickle says of each. */
class Storages {
  readonly #bytes: Uint8Array[] = [];

  /** Adds a tensor; returns its description. */
  add(name: string, tensor: Tensor): PythonCall {
    checkNumbers(name, tensor);
    const { dtype, shape, data } = tensor;
    const key = String(this.#bytes.length);
    this.#bytes.push(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    const type = { F32: "FloatStorage", I64: "LongStorage", U8: "ByteStorage" };
    const id = new PythonTuple(
      ...["storage", new PythonName("torch", type[dtype]), key, "cpu"],
      BigInt(data.length),
    );
    const strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((a, b) => a * b, 1)
    );
    return new PythonCall(
      new PythonName("torch._utils", "_rebuild_tensor_v2"),
      new PythonTuple(
        new PersistentId(id),
        0n, // where it begins in its storage
        new PythonTuple(...shape.map(BigInt)),
        new PythonTuple(...strides.map(BigInt)),
        false, // requires no gradient
        new PythonCall(
          new PythonName("collections", "OrderedDict"), // of hooks
          new PythonTuple(),
        ),
      ),
    );
  }

  /** Lists the files that hold them. */
  entries(): [string, Uint8Array][] {
    return this.#bytes.map((bytes, key) => [`${FOLDER}/data/${key}`, bytes]);
  }
}

function dict(
  entries: Readonly<Record<string, PythonValue>>,
): Map<string, PythonValue> {
  return new Map(Object.entries(entries));
}

/** Turns what JSON can hold into Python's values. */
function python(value: unknown): PythonValue {
  if (Array.isArray(value)) return value.map(python);
  if (typeof value === "number") return number(value);
  if (typeof value !== "object" || value === null) return value as PythonValue;
  return dict(
    Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, python(item)]),
    ),
  );
}

/** Whole numbers are ints, as they are in JSON. */
function number(value: number): number | bigint {
  return Number.isSafeInteger(value) ? BigInt(value) : value;
}
