/** Models to export, and what the engine makes of them. */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import type { Tensor } from "../lib/formats/safetensors.ts";
import { toStateDict } from "../lib/checkpoint/torch_layout.ts";
import { readWeights } from "../lib/checkpoint/weights.ts";
import { createEngine } from "../lib/engines.ts";
import { initialState, type TrainState } from "../lib/model/init.ts";
import { type Likelihood, modelSpec } from "../lib/model/spec.ts";
import { defaults } from "../lib/options/table.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import { fillNormal, fillUniform, streamKey } from "../lib/rng.ts";
import { type GoldenSet, goldenState } from "./golden/read.ts";

/** A run with this state, which has nothing else to tell. */
function checkpointOf(
  state: TrainState,
  latentDim: number,
  likelihood: Likelihood,
  classes: readonly string[] = [],
): Checkpoint {
  const classCount = classes.length;
  return {
    options: {
      ...defaults(trainingOptions),
      ...{ latentDim, likelihood, classCount },
    },
    data: {
      ...{ name: "none", digest: "none", options: defaults(dataOptions) },
      ...(classCount > 0 && { classes }),
    },
    state,
    history: [],
    partial: null,
  };
}

/** A model in which no norm is the identity, and no two channels are alike. */
export function randomModel(
  latentDim: number,
  likelihood: Likelihood,
  classes?: readonly string[],
): Checkpoint {
  const spec = modelSpec(latentDim, classes?.length);
  const state = initialState(spec, 3);
  const key = streamKey(3, "init");
  const isNorm = /\.[258]\./;
  [...spec.parameters, ...spec.running].forEach((tensor, i) => {
    const { name, offset, shape: [channels] } = tensor;
    if (!isNorm.test(name)) return;
    const arena = name.includes("running") ? state.running : state.parameters;
    const values = arena.subarray(offset, offset + channels);
    if (/mean|bias/.test(name)) fillNormal(values, key, 1000 + i);
    else {fillUniform(values, key, 1000 + i).forEach((u, at) => {
        values[at] = 0.3 + 2 * u;
      });}
  });
  return checkpointOf(state, latentDim, likelihood, classes);
}

/**
 * What a model that is told of classes is for one of them: a model that is told of
 * none, whose biases have taken in that class's columns.
 */
export function modelOfClass(
  { options, state }: Checkpoint,
  label: number,
): Checkpoint {
  const { latentDim, likelihood, classCount } = options;
  const dict = toStateDict(modelSpec(latentDim, classCount), state);
  for (const name of ["fc_mu", "fc_logvar", "fc_decode"]) {
    const { shape: [rows, columns], data } = dict.get(`${name}.weight`)!;
    const weight = data as Float32Array;
    const width = columns - classCount;
    const bias = dict.get(`${name}.bias`)!.data as Float32Array;
    bias.forEach((_, row) =>
      bias[row] += weight[row * columns + width + label]
    );
    dict.set(`${name}.weight`, {
      dtype: "F32",
      shape: [rows, width],
      data: weight.filter((_, i) => i % columns < width),
    });
  }
  return checkpointOf(readWeights(dict), latentDim, likelihood);
}

/** The reference's model after its last step. */
export function goldenModel(
  golden: ReadonlyMap<string, Tensor>,
  { latentDim, likelihood, classCount }: GoldenSet,
): Checkpoint {
  const step = golden.get("losses")!.shape[0];
  const state = { ...goldenState(golden, "final"), step };
  const classes = Array.from({ length: classCount ?? 0 }, (_, i) => String(i));
  return checkpointOf(state, latentDim, likelihood, classes);
}

/** What the wasm engine gives for these images and these latents. */
export async function engineOutputs(
  { options, state }: Checkpoint,
  images: Uint8Array,
  z: Float32Array,
): Promise<{ mu: Float32Array; logvar: Float32Array; image: Float32Array }> {
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  try {
    await engine.writeState(state);
    return { ...await engine.encode(images), image: await engine.decode(z) };
  } finally {
    engine.dispose();
  }
}
