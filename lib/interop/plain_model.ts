/**
 * The model in plain loops on PyTorch's layouts, wired in any way that its tensors
 * allow: to try what a file's may mean. It needs no engine, and is slow.
 *
 * @module
 */
import type { Tensor } from "../formats/safetensors.ts";
import { BATCH_NORM, DECODER, ENCODER } from "../model/spec.ts";

/** A function of each element. */
export type Activation = (x: number) => number;

/** What a model of the same tensors may do otherwise than this project's. */
export interface Wiring {
  /** What comes between a convolution and its batch norm, if no ReLU. */
  readonly activation?: Activation;
  /** What comes behind the batch norm. */
  readonly behind?: Activation;
  /** Makes what the encoder reads of pixels in [0, 1], 784 of each image. */
  readonly images?: (pixels: Float32Array) => Float32Array;
  /** Pixels along the side of images and feature maps. */
  readonly sizes?: readonly number[];
  /** What precedes an image of so many pixels along its side. */
  readonly padding?: (size: number) => number;
  /** Whether convolutions of stride 1 are followed by max-pooling. */
  readonly isPooled?: boolean;
  /** Makes what the heads read of the feature maps. */
  readonly features?: (features: Float32Array) => Float32Array;
  /** Makes feature maps of what `fc_decode` gives. */
  readonly rows?: (rows: Float32Array) => Float32Array;
}

/** The model's own. */
export const relu: Activation = (x) => Math.max(0, x);

const SIZES = [...ENCODER.map(({ large }) => large.size), 4];

/** The tensors of a model by this project's names. */
export type Named = ReadonlyMap<string, Tensor>;

/** Mean and variance of each channel of what a batch norm is given. */
export interface Moments {
  /** The norm. */
  readonly name: string;
  readonly means: readonly number[];
  readonly variances: readonly number[];
}

/**
 * A half of the model at work: gives what each norm is given, and in the end
 * features, or logits or pixels as they are.
 */
export type Half = Generator<Moments, Float32Array>;

/** What a half of the model makes in the end. */
export function outputOf(half: Half): Float32Array {
  for (;;) {
    const { done, value } = half.next();
    if (done) return value;
  }
}

/** Where the one-hot class stands in what a linear layer reads. */
export type ClassPlace = "behind" | "first";

/**
 * Makes features of images, as in training: the norms go by the batch.
 *
 * @param pixels In [0, 1], 784 of each image.
 */
export function* encode(
  named: Named,
  pixels: Float32Array,
  wiring: Wiring = {},
): Half {
  const { images, sizes = SIZES, isPooled, features } = wiring;
  let output = images?.(pixels) ?? pixels;
  for (const [i, { large, small }] of ENCODER.entries()) {
    const [size, half] = [sizes[i], sizes[i + 1]];
    const grid: Grid = {
      large: { size, channels: large.channels },
      small: { size: isPooled ? size : half, channels: small.channels },
      stride: isPooled ? 1 : 2,
      padding: wiring.padding?.(size) ?? 1,
    };
    output = convolve(named, `encoder.${3 * i}`, grid, output, false);
    if (isPooled) output = maxPool(output, size);
    yield normalize(named, `encoder.${3 * i + 2}`, output, half ** 2, wiring);
  }
  return features?.(output) ?? output;
}

/** Makes images of what `fc_decode` gives, as in training. */
export function* decode(
  named: Named,
  rows: Float32Array,
  wiring: Wiring = {},
): Half {
  const sizes = (wiring.sizes ?? SIZES).toReversed();
  let output = wiring.rows?.(rows) ?? rows;
  for (const [i, { large, small }] of DECODER.entries()) {
    const grid: Grid = {
      large: { size: sizes[i + 1], channels: large.channels },
      small: { size: sizes[i], channels: small.channels },
      ...{ stride: 2, padding: 1 },
    };
    output = convolve(named, `decoder.${3 * i}`, grid, output, true);
    if (i === DECODER.length - 1) break;
    const area = sizes[i + 1] ** 2;
    yield normalize(named, `decoder.${3 * i + 2}`, output, area, wiring);
  }
  return output;
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

/** What a convolution goes from and to: the larger side, and the smaller. */
interface Grid {
  readonly large: { readonly size: number; readonly channels: number };
  readonly small: { readonly size: number; readonly channels: number };
  readonly stride: number;
  /** Pixels of padding before the larger side. */
  readonly padding: number;
}

/** A convolution of images [channel, row, column], or its adjoint. */
function convolve(
  named: Named,
  name: string,
  grid: Grid,
  input: Float32Array,
  isTransposed: boolean,
): Float32Array {
  const { large, small } = grid;
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
    const places = placesOf(grid, tap);
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
  { large, small, stride, padding }: Grid,
  tap: number,
): [large: Int32Array, small: Int32Array] {
  const [row, column] = [Math.floor(tap / 3) - padding, tap % 3 - padding];
  const onLarge: number[] = [], onSmall: number[] = [];
  for (let y = 0; y < small.size; y++) {
    for (let x = 0; x < small.size; x++) {
      const [v, u] = [stride * y + row, stride * x + column];
      if (v < 0 || u < 0 || v >= large.size || u >= large.size) continue;
      onLarge.push(v * large.size + u);
      onSmall.push(y * small.size + x);
    }
  }
  return [Int32Array.from(onLarge), Int32Array.from(onSmall)];
}

/** The largest of each 2×2 elements; of an odd side the last row is its own. */
function maxPool(input: Float32Array, size: number): Float32Array {
  const half = Math.ceil(size / 2);
  const planes = input.length / size ** 2;
  const output = new Float32Array(planes * half ** 2).fill(-Infinity);
  for (let i = 0; i < input.length; i++) {
    const [plane, at] = [Math.floor(i / size ** 2), i % size ** 2];
    const [y, x] = [Math.floor(at / size) >> 1, at % size >> 1];
    const place = (plane * half + y) * half + x;
    output[place] = Math.max(output[place], input[i]);
  }
  return output;
}

/** The activation, then the batch norm, in place, and what is behind; returns what the norm was given. */
function normalize(
  named: Named,
  name: string,
  values: Float32Array,
  area: number,
  { activation = relu, behind }: Wiring,
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
        const x = (values[i] - mean) * scale + bias[channel];
        values[i] = behind ? behind(x) : x;
      }
    }
    means.push(mean);
    variances.push(variance);
  }
  return { name, means, variances };
}
