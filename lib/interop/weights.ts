/**
 * From the state dict of somebody's model to one that this project runs.
 *
 * @module
 */
import type { Tensor } from "../formats/safetensors.ts";
import { readWeights } from "../checkpoint/weights.ts";
import type { TrainState } from "../model/init.ts";
import { mapNames } from "./torch_names.ts";

/** A model without its training. */
export interface ImportedWeights {
  /** Number of latent dimensions. */
  readonly latentDim: number;
  /**
   * Its step is 0, whatever the file counts: without Adam's moments and the
   * losses of past epochs, training on can only begin anew.
   */
  readonly state: TrainState;
}

/**
 * Takes the weights out of a state dict, whatever its layers are called.
 *
 * @param tensors As `readPth` or `parseSafetensors` gives them.
 * @throws {ImportError} If the tensors are not those of this model.
 * @throws {CheckpointError} If a number in them is not finite, or a variance is
 * negative.
 */
export function importWeights(
  tensors: ReadonlyMap<string, Tensor>,
): ImportedWeights {
  const named = mapNames(tensors);
  const [latentDim] = named.get("fc_mu.weight")!.shape;
  return { latentDim, state: readWeights(named) };
}
