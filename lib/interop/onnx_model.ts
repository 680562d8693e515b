/**
 * Writes the model as two ONNX graphs, in PyTorch's layouts.
 *
 * @module
 */
import {
  BATCH_NORM,
  DECODER,
  ENCODER,
  FEATURES,
  IMAGE_SIZE,
  padding,
} from "../model/spec.ts";
import type { TrainedModel } from "./trained_model.ts";
import { OnnxGraph, type Shape } from "./onnx_graph.ts";

const IMAGE: Shape = ["batch", 1, IMAGE_SIZE, IMAGE_SIZE];

const CONVOLUTION = {
  kernel_shape: [3, 3],
  strides: [2, 2],
  pads: [1, 1, 1, 1],
};

/**
 * Writes the model's halves as ONNX files (opset 17), for any number of images
 * at a time. All tensors are float32, but for labels.
 *
 * - `encoder.onnx`: `image` [batch, 1, 28, 28] in [0, 1] → the posterior's `mu`
 *   and `logvar`, each [batch, latentDim].
 * - `decoder.onnx`: `z` [batch, latentDim] → the pixels' means, `image` [batch,
 *   1, 28, 28]; in [0, 1] under `bce`, unclamped under `mse`.
 *
 * Of a model that is told of classes both take `label`, too: int64 [batch], from
 * 0. Its metadata have the number of classes, and their names as JSON. Doc
 * strings say what all of them are, and the metadata what it was trained on.
 *
 * @returns The files by their names.
 */
export function onnxModels(model: TrainedModel): Map<string, Uint8Array> {
  return new Map([
    ["encoder.onnx", encoder(model)],
    ["decoder.onnx", decoder(model)],
  ]);
}

function encoder(model: TrainedModel): Uint8Array {
  const { latentDim, autoencoder } = model.options;
  const graph = new OnnxGraph(
    "encoder",
    `Encodes 28×28 grey images as ${latentDim} latent dimensions each` +
      (autoencoder
        ? ": z is mu."
        : ": z is mu + exp(logvar / 2)·ε, ε ~ N(0, I)."),
    model,
  );
  graph.input(
    "image",
    IMAGE,
    "Grey pixels in [0, 1], light on dark: bytes divided by 255, not " +
      "normalised otherwise. Rows from the top.",
  );
  takeLabel(graph, model);
  let h = "image";
  ENCODER.forEach((_, i) => {
    h = graph.layer("Conv", `encoder.${3 * i}`, h, CONVOLUTION);
    h = graph.node("Relu", [h]);
    h = batchNorm(graph, `encoder.${3 * i + 2}`, h);
  });
  h = graph.node("Flatten", [h]);
  const latents: Shape = ["batch", latentDim];
  graph.output(
    "mu",
    latents,
    autoencoder ? "The code z." : "Means of the posterior q(z|x).",
    graph.linear("fc_mu", h),
  );
  graph.output(
    "logvar",
    latents,
    autoencoder
      ? "Not trained: an autoencoder has none."
      : "Logarithms of the posterior's variances, log σ².",
    graph.linear("fc_logvar", h),
  );
  return graph.encode();
}

function decoder(model: TrainedModel): Uint8Array {
  const { latentDim, likelihood, autoencoder } = model.options;
  const { size, channels } = FEATURES;
  const graph = new OnnxGraph(
    "decoder",
    `Draws 28×28 grey images of ${latentDim} latent dimensions each.`,
    model,
  );
  graph.input(
    "z",
    ["batch", latentDim],
    autoencoder
      ? "Codes, as the encoder's mu."
      : "Latents: the encoder's, or drawn from the prior N(0, I).",
  );
  takeLabel(graph, model);
  let h = graph.linear("fc_decode", "z");
  // A size of 0 is the input's own: the batch stays free.
  h = graph.node("Reshape", [h, graph.sizes([0, channels, size, size])]);
  DECODER.forEach((shape, i) => {
    const extra = 1 - padding(shape)[1];
    h = graph.layer("ConvTranspose", `decoder.${3 * i}`, h, {
      ...CONVOLUTION,
      output_padding: [extra, extra],
    });
    if (i === DECODER.length - 1) return;
    h = graph.node("Relu", [h]);
    h = batchNorm(graph, `decoder.${3 * i + 2}`, h);
  });
  if (likelihood === "bce") h = graph.node("Sigmoid", [h]);
  graph.output(
    "image",
    IMAGE,
    likelihood === "bce"
      ? "Means of the pixels in [0, 1], light on dark: sigmoids already, no logits."
      : "Means of the pixels, light on dark: 0 is black and 1 white, and some " +
        "lie a little beyond, to be clamped for display.",
    h,
  );
  return graph.encode();
}

function takeLabel(graph: OnnxGraph, { options, data }: TrainedModel): void {
  const { classCount = 0 } = options;
  if (classCount === 0) return;
  const names = data?.classes ? `: ${data.classes.join(", ")}` : "";
  const about = `The image's class, from 0 to ${classCount - 1}${names}.`;
  graph.input("label", ["batch"], about, "I64");
}

function batchNorm(graph: OnnxGraph, name: string, input: string): string {
  const tensors = ["weight", "bias", "running_mean", "running_var"]
    .map((tensor) => graph.tensor(`${name}.${tensor}`));
  return graph.node("BatchNormalization", [input, ...tensors], {
    epsilon: BATCH_NORM.eps,
  });
}
