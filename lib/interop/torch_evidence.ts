/**
 * What tensors that fit the model betray of another one: batch norms that did
 * not come after a ReLU, outputs that are no pixels.
 *
 * @module
 */
import { display } from "../formats/error.ts";
import type { Tensor } from "../formats/safetensors.ts";
import type { Likelihood } from "../model/spec.ts";
import { ImportError } from "./error.ts";

/** Farther from 0 to 1 no mean of pixels is taken for one: a model in training may miss. */
const SLACK = 0.5;

/**
 * Refuses tensors that another model has been trained with.
 *
 * @param named By this project's names.
 * @param likelihood As the model is to be taken.
 * @param nameOf Gives the name that a tensor has in the file.
 * @throws {ImportError} If a batch norm or the outputs do not fit: says why.
 */
export function checkEvidence(
  named: ReadonlyMap<string, Tensor>,
  likelihood: Likelihood,
  nameOf: (tensor: Tensor) => string,
): void {
  for (const [name, tensor] of named) {
    if (!name.endsWith(".running_mean")) continue;
    // Means of what a ReLU has passed: averages of numbers from 0 up.
    const channel = (tensor.data as Float32Array).findIndex((mean) => mean < 0);
    if (channel < 0) continue;
    throw new ImportError(
      `${display(nameOf(tensor))} is ${
        Number(tensor.data[channel]).toPrecision(3)
      } at element ${channel}, and no mean of what a ReLU has passed is ` +
        "negative: in its model another function comes before the batch norm, " +
        "or the norm comes before the ReLU",
    );
  }
  if (likelihood !== "mse") return;
  const mean = meanOutput(named);
  if (mean > -SLACK && mean < 1 + SLACK) return;
  throw new ImportError(
    `its outputs are ${mean.toFixed(1)} on average, which no pixels are: if ` +
      "they are logits, whose sigmoid its model takes or its loss, its " +
      "likelihood is bce",
  );
}

/**
 * Estimates the mean of the decoder's outputs. The last norm's bias is what it
 * gives on average, and each of the convolution's weights meets a quarter of the
 * outputs.
 */
export function meanOutput(named: ReadonlyMap<string, Tensor>): number {
  const data = (name: string) => named.get(name)!.data as Float32Array;
  const weight = data("decoder.6.weight");
  const means = data("decoder.5.bias");
  const taps = weight.length / means.length;
  let sum = 0;
  weight.forEach((w, i) => sum += w * means[Math.floor(i / taps)]);
  return sum / 4 + data("decoder.6.bias")[0];
}
