/** PyTorch's values, which the engines are held against: see README.md here. */
import { fromPyTorch } from "../../lib/checkpoint/torch_layout.ts";
import {
  parseSafetensors,
  type Tensor,
} from "../../lib/formats/safetensors.ts";
import type { EngineOptions, Hyper } from "../../lib/engine/engine.ts";
import { initialState, type TrainState } from "../../lib/model/init.ts";
import {
  FEATURE_COUNT,
  type ModelSpec,
  modelSpec,
} from "../../lib/model/spec.ts";
import sets from "./sets.json" with { type: "json" };

/** How a golden file was made; what is left out has an engine's default. */
export interface GoldenSet
  extends
    Omit<EngineOptions, "autoencoder" | "batchSize">,
    Omit<Hyper, "capacity"> {
  /** The file's name without `.safetensors`. */
  name: string;
  /** Images of each step; the file has three steps. */
  batch: number;
  /** What the noise in the file is multiplied by; 1 if left out. */
  noise?: number;
}

/** Every golden file that there is. */
export const goldenSets = sets as GoldenSet[];

/** Reads a golden file; `vae_reference.py` lists its tensors. */
export function readGolden(name = "latent12"): Map<string, Tensor> {
  const path = new URL(`${name}.safetensors`, import.meta.url);
  return parseSafetensors(Deno.readFileSync(path)).tensors;
}

/** The layout of a golden file's model. */
export function goldenSpec(golden: ReadonlyMap<string, Tensor>): ModelSpec {
  const [latentDim, inputs] = golden.get("init.fc_mu.weight")!.shape;
  return modelSpec(latentDim, inputs - FEATURE_COUNT);
}

/** The classes of a golden file's images, if its model is told of any. */
export function goldenLabels(
  golden: ReadonlyMap<string, Tensor>,
): Uint8Array | null {
  return golden.get("labels")?.data as Uint8Array | undefined ?? null;
}

/**
 * PyTorch's weights in the arenas' layout, before any Adam step of ours.
 *
 * @param when Before the first step, or after the last.
 */
export function goldenState(
  golden: ReadonlyMap<string, Tensor>,
  when: "init" | "final",
): TrainState {
  const spec = goldenSpec(golden);
  const read = (name: string) =>
    golden.get(`${when}.${name}`)!.data as Float32Array;
  return {
    ...initialState(spec, 0),
    parameters: fromPyTorch(spec.parameters, spec.parameterCount, read),
    running: fromPyTorch(spec.running, spec.runningCount, read),
  };
}
