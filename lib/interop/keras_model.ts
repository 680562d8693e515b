/**
 * Writes the model as two Keras models, in the format of `tf.loadLayersModel`.
 *
 * The engines' arenas already have Keras's layouts: [3, 3, in, out] for a
 * convolution, [3, 3, out, in] for a transposed one, and [in, out], with
 * features in NHWC order, for a linear layer.
 *
 * @module
 */
import {
  BATCH_NORM,
  DECODER,
  ENCODER,
  FEATURE_COUNT,
  FEATURES,
  IMAGE_SIZE,
  padding,
} from "../model/spec.ts";
import { KerasGraph, type Weight } from "./keras_graph.ts";
import type { TrainedModel } from "./trained_model.ts";

const CONVOLUTION = {
  kernel_size: [3, 3],
  strides: [2, 2],
  padding: "valid",
};

/**
 * Writes the model's halves as files that plain `tf.loadLayersModel` opens:
 * stock layers only, float32, any number of images at a time.
 *
 * - `encoder`: [n, 28, 28, 1] in [0, 1] → the posterior's means and
 *   log-variances, each [n, latentDim].
 * - `decoder`: [n, latentDim] → the pixels' means [n, 28, 28, 1]; in [0, 1] under
 *   `bce`, unclamped under `mse`.
 *
 * Of a model that is told of classes both take labels, too, behind the others: int32
 * [n, 1], from 0. Their names are in the metadata.
 *
 * PyTorch's padding of one pixel is made of stock layers, too: zeros around the
 * input of a valid convolution, and a crop of what a valid transposed one gives.
 *
 * @returns `model.json` and `weights.bin` by their paths below `encoder/` and
 * `decoder/`.
 */
export function layersModels(model: TrainedModel): Map<string, Uint8Array> {
  return new Map([
    ...encoder(model).files("encoder"),
    ...decoder(model).files("decoder"),
  ]);
}

function encoder(model: TrainedModel): KerasGraph {
  const { latentDim } = model.options;
  const graph = new KerasGraph(model);
  let h = graph.input("image", [IMAGE_SIZE, IMAGE_SIZE, 1]);
  ENCODER.forEach((shape, i) => {
    const sides = padding(shape);
    h = graph.add("ZeroPadding2D", `pad_${i}`, h, { padding: [sides, sides] });
    h = graph.add("Conv2D", `conv_${i}`, h, {
      ...CONVOLUTION,
      filters: shape.small.channels,
      activation: "relu",
    }, graph.kernel(`encoder.${3 * i}`));
    h = batchNorm(graph, `norm_${i}`, h, `encoder.${3 * i + 2}`);
  });
  h = graph.add("Flatten", "flatten", h);
  takeLabel(graph, model);
  for (const [i, name] of ["mu", "logvar"].entries()) {
    const half = (block: string) => columns(graph.block(block), i);
    graph.output(linear(graph, model, name, h, latentDim, "heads", half));
  }
  return graph;
}

function decoder(model: TrainedModel): KerasGraph {
  const { latentDim, likelihood } = model.options;
  const { size, channels } = FEATURES;
  const graph = new KerasGraph(model);
  let h = graph.input("z", [latentDim]);
  takeLabel(graph, model);
  const whole = (block: string) => graph.block(block);
  h = linear(graph, model, "features", h, FEATURE_COUNT, "fc_decode", whole);
  h = graph.add("Reshape", "reshape", h, {
    target_shape: [size, size, channels],
  });
  const output = likelihood === "bce" ? "sigmoid" : "linear";
  DECODER.forEach((shape, i) => {
    const isLast = i === DECODER.length - 1;
    const sides = padding(shape);
    h = graph.add("Conv2DTranspose", `conv_${i}`, h, {
      ...CONVOLUTION,
      filters: shape.large.channels,
      activation: isLast ? output : "relu",
    }, graph.kernel(`decoder.${3 * i}`));
    h = graph.add("Cropping2D", `crop_${i}`, h, { cropping: [sides, sides] });
    if (isLast) return;
    h = batchNorm(graph, `norm_${i}`, h, `decoder.${3 * i + 2}`);
  });
  graph.output(h);
  return graph;
}

function takeLabel(graph: KerasGraph, { options }: TrainedModel): void {
  if (options.classCount) graph.input("label", [1], "int32");
}

/**
 * Adds a linear layer. To one that is told of classes a row is added, by the label:
 * a one-hot product is a row of the weight.
 *
 * @param source What its blocks are called.
 * @param blockOf Gives them.
 */
function linear(
  graph: KerasGraph,
  { options: { classCount = 0 } }: TrainedModel,
  name: string,
  input: string,
  units: number,
  source: string,
  blockOf: (name: string) => Weight,
): string {
  const isTold = classCount > 0;
  const dense = graph.add("Dense", isTold ? `${name}_dense` : name, input, {
    units,
  }, {
    kernel: blockOf(`${source}.weight`),
    bias: blockOf(`${source}.bias`),
  });
  if (!isTold) return dense;
  const row = graph.add("Embedding", `${name}_classes`, "label", {
    input_dim: classCount,
    output_dim: units,
  }, { embeddings: blockOf(`${source}.classes`) });
  const flat = graph.add("Flatten", `${name}_class`, row);
  return graph.add("Add", name, [dense, flat]);
}

function batchNorm(
  graph: KerasGraph,
  name: string,
  input: string,
  source: string,
): string {
  return graph.add("BatchNormalization", name, input, {
    epsilon: BATCH_NORM.eps,
  }, {
    gamma: graph.block(`${source}.weight`),
    beta: graph.block(`${source}.bias`),
    moving_mean: graph.block(`${source}.running_mean`),
    moving_variance: graph.block(`${source}.running_var`),
  });
}

/**
 * Returns the left (0) or right (1) half of a matrix's columns, or of a vector.
 */
function columns({ shape, data }: Weight, half: number): Weight {
  const width = shape.at(-1)! / 2;
  return {
    shape: shape.with(-1, width),
    data: data.filter((_, i) => Math.floor(i / width) % 2 === half),
  };
}
