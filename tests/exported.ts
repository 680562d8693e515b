/** Models to export, and what the engine makes of them. */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import type { Tensor } from "../lib/formats/safetensors.ts";
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
): Checkpoint {
  return {
    options: { ...defaults(trainingOptions), latentDim, likelihood },
    data: { name: "none", digest: "none", options: defaults(dataOptions) },
    state,
    history: [],
    partial: null,
  };
}

/** A model in which no norm is the identity, and no two channels are alike. */
export function randomModel(
  latentDim: number,
  likelihood: Likelihood,
): Checkpoint {
  const spec = modelSpec(latentDim);
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
  return checkpointOf(state, latentDim, likelihood);
}

/** The reference's model after its last step. */
export function goldenModel(
  golden: ReadonlyMap<string, Tensor>,
  { latentDim, likelihood }: GoldenSet,
): Checkpoint {
  const step = golden.get("losses")!.shape[0];
  const state = { ...goldenState(golden, "final"), step };
  return checkpointOf(state, latentDim, likelihood);
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
