/** Good files, small enough to be damaged some ten thousand times. */
import type { Checkpoint } from "../../lib/checkpoint/metadata.ts";
import { writeSafetensors } from "../../lib/formats/safetensors.ts";
import { writeIdx } from "../../lib/formats/idx.ts";
import { initialState } from "../../lib/model/init.ts";
import { modelSpec } from "../../lib/model/spec.ts";
import { defaults } from "../../lib/options/table.ts";
import { dataOptions, trainingOptions } from "../../lib/options/run.ts";
import { pth } from "../pth.ts";
import { join } from "./mutate.ts";

/** Two images, their labels, and IDX files that are neither. */
export const idxFiles = [[2, 28, 28], [2], [3, 1, 2, 2]].map((shape) => {
  const length = shape.reduce((a, b) => a * b);
  return writeIdx({ shape, data: Uint8Array.from({ length }, (_, i) => i) });
});

/** A safetensors file with every element type, and one without tensors. */
export const safetensorsFiles = [
  writeSafetensors(
    new Map([
      ["a", { dtype: "F32", shape: [2, 3], data: new Float32Array(6).fill(2) }],
      ["b", { dtype: "I64", shape: [1], data: BigInt64Array.of(-1n) }],
      ["c", { dtype: "U8", shape: [], data: Uint8Array.of(7) }],
      ["empty", { dtype: "F32", shape: [0, 4], data: new Float32Array() }],
    ]),
    { format: "pt", text: "ü\n" },
  ),
  writeSafetensors(new Map(), {}),
];

const latentDim = 1;
const losses = { total: 3, reconstruction: 2, kl: 1 };

/** A run in the middle of its second epoch. */
export const checkpoint: Checkpoint = {
  options: { ...defaults(trainingOptions), latentDim, patience: 3 },
  data: {
    name: "synthetic",
    digest: "0123abcd",
    options: { ...defaults(dataOptions), dataset: "synthetic", limit: 8 },
  },
  state: { ...initialState(modelSpec(latentDim), 0), step: 3 },
  history: [{
    epoch: 1,
    step: 2,
    beta: 1,
    capacity: 0,
    train: losses,
    validation: losses,
    klPerDimension: [1],
  }],
  partial: {
    images: 4,
    reconstruction: 8,
    total: 12,
    klPerDimension: Float64Array.of(4),
  },
};

/** A pickle of `{"a": tensor([[1, 2], [3, 4]])}`, as protocol 2 has it. */
export const pickle = join(
  ...[
    "\x80\x02}q\x00X\x01\x00\x00\x00aq\x01ctorch._utils\n_rebuild_tensor_v2\n",
    "q\x02((X\x07\x00\x00\x00storageq\x03ctorch\nFloatStorage\nq\x04",
    "X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06K\x04tq\x07Q",
    "K\x00K\x02K\x02\x86q\x08K\x02K\x01\x86q\x09",
    "\x89ccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0ds.",
  ].map((text) => Uint8Array.from(text, (c) => c.charCodeAt(0))),
);

/** What `torch.save` writes around that pickle, or around a damaged one. */
export function pthFile(pickle: Uint8Array): Uint8Array<ArrayBuffer> {
  const storage = Float32Array.of(1, 2, 3, 4);
  return pth(pickle, { 0: new Uint8Array(storage.buffer) });
}
