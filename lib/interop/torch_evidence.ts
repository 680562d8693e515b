/**
 * What tensors that fit the model betray of another one: batch norms that ran
 * over something else, outputs that are no pixels.
 *
 * @module
 */
import { display } from "../formats/error.ts";
import type { Tensor } from "../formats/safetensors.ts";
import type { Likelihood } from "../model/spec.ts";
import { ImportError } from "./error.ts";
import type { Trial } from "./trial.ts";

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
 * Refuses what a trial has shown to be another model.
 *
 * @throws {ImportError} Says what, and what may be done.
 */
export function checkTrial(
  { other, isSwapped, kl, outputs }: Trial,
  likelihood: Likelihood,
): void {
  if (other) {
    throw new ImportError(
      `its batch norms have run over what ${other.gives}: here ${other.here}`,
    );
  }
  if (isSwapped) {
    const [asNamed, swapped] = kl.map((kl) => kl.toFixed(1));
    throw new ImportError(
      "the layers that give μ and log σ² seem to stand in the other order: " +
        "drawn digits come out better the other way round (as they stand with " +
        `a KL of ${asNamed} nats, and of ${swapped} the other way); call them ` +
        "fc_mu and fc_logvar in the file",
    );
  }
  if (!outputs) return;
  const [low, high] = outputs.range.map((output) => output.toFixed(1));
  const between = `its outputs for drawn digits lie between ${low} and ${high}`;
  if (outputs.kind === "rectified") {
    throw new ImportError(
      `${between}, and what a ReLU makes of them is much nearer to the pixels: ` +
        "a ReLU or a clamp seems to follow its decoder, and here none does",
    );
  }
  if (likelihood === "mse" && outputs.kind === "logits") {
    throw new ImportError(
      `${between}, which no ` +
        "pixels do: if they are logits, whose sigmoid its model takes or its " +
        "loss, its likelihood is bce; if its images were scaled to another " +
        "range than 0 to 1, it is another model",
    );
  }
  if (likelihood === "bce" && outputs.kind === "pixels") {
    throw new ImportError(
      `${between} as the pixels do, and their sigmoids are far from these: its ` +
        "likelihood is mse",
    );
  }
}

/** Says how a model is taken to be wired, as far as tensors do not say it. */
export function wiringText({ isChannelsLast, isShown }: Trial): string[] {
  if (isChannelsLast) {
    return [
      "features in the order row, column, channel, as its batch norms show",
    ];
  }
  return isShown ? [] : [
    "no further ReLU, 28×28 pixels from 0 to 1, and features in the order " +
    "channel, row, column, of which its batch norms show too little",
  ];
}

/** Says where a model is told of the class. */
export function placesText({ places, isPlaced }: Trial): string {
  const words = { behind: "behind", first: "before" };
  return `the one-hot class ${words[places.encoder]} the features and ` +
    `${words[places.decoder]} z` +
    (isPlaced ? "" : ", of which its weights show nothing yet");
}

/**
 * Estimates the mean of the decoder's outputs. The last norm's bias is what it
 * gives on average, and each of the convolution's weights meets a quarter of the
 * outputs.
 */
function meanOutput(named: ReadonlyMap<string, Tensor>): number {
  const data = (name: string) => named.get(name)!.data as Float32Array;
  const weight = data("decoder.6.weight");
  const means = data("decoder.5.bias");
  const taps = weight.length / means.length;
  let sum = 0;
  weight.forEach((w, i) => sum += w * means[Math.floor(i / taps)]);
  return sum / 4 + data("decoder.6.bias")[0];
}
