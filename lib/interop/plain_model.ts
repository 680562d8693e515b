/**
 * The model in plain loops on PyTorch's layouts, with any activation: to try what
 * a file's tensors may mean. It needs no engine, and is slow.
 *
 * @module
 */
import type { Tensor } from "../formats/safetensors.ts";
import { BATCH_NORM, type ConvShape, DECODER, ENCODER } from "../model/spec.ts";

/** What comes between a convolution and its batch norm. */
export type Activation = (x: number) => number;

/** The tensors of a model by this project's names. */
export type Named = ReadonlyMap<string, Tensor>;

/** Mean and variance of each channel of what a batch norm is given. */
export interface Moments {
  /** The norm. */
  readonly name: string;
  readonly means: readonly number[];
  readonly variances: readonly number[];
}

/** What a half of the model makes of a batch. */
export interface Made {
  /** Features, or logits or pixels as they are. */
  readonly output: Float32Array;
  readonly moments: readonly Moments[];
}

/** Where the one-hot class stands in what a linear layer reads. */
export type ClassPlace = "behind" | "first";

/**
 * Makes features of images, as in training: the norms go by the batch.
 *
 * @param pixels In [0, 1], 784 of each image.
 */
export function encode(
  named: Named,
  pixels: Float32Array,
  activation: Activation,
): Made {
  const moments: Moments[] = [];
  let output = pixels;
  ENCODER.forEach((shape, i) => {
    output = convolve(named, `encoder.${3 * i}`, shape, output, false);
    const norm = `encoder.${3 * i + 2}`;
    const area = shape.small.size ** 2;
    moments.push(normalize(named, norm, output, area, activation));
  });
  return { output, moments };
}

/** Makes images of what `fc_decode` gives, as in training. */
export function decode(
  named: Named,
  features: Float32Array,
  activation: Activation,
): Made {
  const moments: Moments[] = [];
  let output = features;
  DECODER.forEach((shape, i) => {
    output = convolve(named, `decoder.${3 * i}`, shape, output, true);
    if (i === DECODER.length - 1) return;
    const norm = `decoder.${3 * i + 2}`;
    const area = shape.large.size ** 2;
    moments.push(normalize(named, norm, output, area, activation));
  });
  return { output, moments };
}

/**
 * A linear layer.
 *
 * @param labels The class of each row, which the layer may be told of.
 */
export function linear(
  named: Named,
  name: string,
  input: Float32Array,
  labels: Uint8Array,
  place: ClassPlace,
): Float32Array {
  const bias = dataOf(named, `${name}.bias`);
  const weights = dataOf(named, `${name}.weight`);
  const width = weights.length / bias.length;
  const own = input.length / labels.length;
  const [begin, classes] = place === "first" ? [width - own, 0] : [0, own];
  const output = new Float32Array(labels.length * bias.length);
  labels.forEach((label, row) => {
    for (let o = 0; o < bias.length; o++) {
      const from = o * width;
      let sum = bias[o];
      if (width > own) sum += weights[from + classes + label];
      for (let i = 0; i < own; i++) {
        sum += weights[from + begin + i] * input[row * own + i];
      }
      output[row * bias.length + o] = sum;
    }
  });
  return output;
}

function dataOf(named: Named, name: string): Float32Array {
  return named.get(name)!.data as Float32Array;
}

/** A convolution of images [channel, row, column], or its adjoint. */
function convolve(
  named: Named,
  name: string,
  { large, small }: ConvShape,
  input: Float32Array,
  isTransposed: boolean,
): Float32Array {
  const [from, to] = isTransposed ? [small, large] : [large, small];
  const [fromArea, toArea] = [from.size ** 2, to.size ** 2];
  const count = input.length / (from.channels * fromArea);
  const weights = dataOf(named, `${name}.weight`); // [small, large, 3, 3]
  const bias = dataOf(named, `${name}.bias`);
  const output = new Float32Array(count * to.channels * toArea);
  for (let plane = 0; plane < count * to.channels; plane++) {
    output.fill(
      bias[plane % to.channels],
      plane * toArea,
      (plane + 1) * toArea,
    );
  }
  for (let tap = 0; tap < 9; tap++) {
    const places = placesOf({ large, small }, tap);
    const [sources, targets] = isTransposed ? places.toReversed() : places;
    for (let s = 0; s < small.channels; s++) {
      for (let l = 0; l < large.channels; l++) {
        const weight = weights[(s * large.channels + l) * 9 + tap];
        const [source, target] = isTransposed ? [s, l] : [l, s];
        for (let n = 0; n < count; n++) {
          const i = (n * from.channels + source) * fromArea;
          const o = (n * to.channels + target) * toArea;
          for (let p = 0; p < sources.length; p++) {
            output[o + targets[p]] += weight * input[i + sources[p]];
          }
        }
      }
    }
  }
  return output;
}

/** The places that a kernel's element joins: on the larger side, on the smaller. */
function placesOf(
  { large, small }: ConvShape,
  tap: number,
): [large: Int32Array, small: Int32Array] {
  const [row, column] = [Math.floor(tap / 3) - 1, tap % 3 - 1];
  const onLarge: number[] = [], onSmall: number[] = [];
  for (let y = 0; y < small.size; y++) {
    for (let x = 0; x < small.size; x++) {
      const [v, u] = [2 * y + row, 2 * x + column];
      if (v < 0 || u < 0 || v >= large.size || u >= large.size) continue;
      onLarge.push(v * large.size + u);
      onSmall.push(y * small.size + x);
    }
  }
  return [Int32Array.from(onLarge), Int32Array.from(onSmall)];
}

/** The activation, then the batch norm, in place; returns what the norm was given. */
function normalize(
  named: Named,
  name: string,
  values: Float32Array,
  area: number,
  activation: Activation,
): Moments {
  const weight = dataOf(named, `${name}.weight`);
  const bias = dataOf(named, `${name}.bias`);
  const means: number[] = [], variances: number[] = [];
  const channels = weight.length;
  const rows = values.length / (channels * area);
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0, squares = 0;
    for (let row = 0; row < rows; row++) {
      const begin = (row * channels + channel) * area;
      for (let i = begin; i < begin + area; i++) {
        const x = activation(values[i]);
        values[i] = x;
        sum += x;
        squares += x * x;
      }
    }
    const mean = sum / (rows * area);
    const variance = Math.max(0, squares / (rows * area) - mean ** 2);
    const scale = weight[channel] / Math.sqrt(variance + BATCH_NORM.eps);
    for (let row = 0; row < rows; row++) {
      const begin = (row * channels + channel) * area;
      for (let i = begin; i < begin + area; i++) {
        values[i] = (values[i] - mean) * scale + bias[channel];
      }
    }
    means.push(mean);
    variances.push(variance);
  }
  return { name, means, variances };
}
