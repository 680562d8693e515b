/**
 * Ways in which people wire the same tensors to another model.
 *
 * @module
 */
import { FEATURE_COUNT, FEATURES, IMAGE_PIXELS } from "../model/spec.ts";
import { type Activation, relu, type Wiring } from "./plain_model.ts";

/** A wiring, and what is to be said of it. */
export interface Known {
  readonly wiring: Wiring;
  /** What has run through it, to go on from "what". */
  readonly gives: string;
  /** What there is here instead. */
  readonly here: string;
}

const sigmoid: Activation = (x) => 1 / (1 + Math.exp(-x));
const relu6: Activation = (x) => Math.min(6, Math.max(0, x));

/** What other models have before their batch norms, by PyTorch's names. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  Softplus: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  Sigmoid: sigmoid,
  Hardsigmoid: (x) => relu6(x + 3) / 6,
  ReLU6: relu6,
  "LeakyReLU(0.01)": (x) => x > 0 ? x : 0.01 * x,
  "LeakyReLU(0.2)": (x) => x > 0 ? x : 0.2 * x,
  ELU: (x) => x > 0 ? x : Math.expm1(x),
  SiLU: (x) => x * sigmoid(x),
  // Its usual approximation: Hendrycks & Gimpel 2016, section 2.
  GELU: (x) => x * sigmoid(1.702 * x),
  Hardswish: (x) => x * relu6(x + 3) / 6,
  Tanh: Math.tanh,
};

/** Other wirings of the batch norms, of which either half's statistics tell. */
export const IN_BOTH: readonly Known[] = [
  ...Object.entries(ACTIVATIONS).map(([name, activation]) => ({
    wiring: { activation },
    gives: `${name} gives, not a ReLU`,
    here: "a ReLU comes before each of them",
  })),
  {
    wiring: { behind: relu },
    gives: "a ReLU behind each of them gives as well",
    here: "there is one before each of them, and none behind",
  },
];

/** Larger images and maps, of which the last has 4×4 elements, too. */
const LARGER = [32, 16, 8, 4];
const IN_28 = "images have 28×28 pixels";
const IN_UNIT = "pixels lie between 0 and 1";

/** Other wirings that an encoder's statistics tell. */
export const ENCODERS: readonly Known[] = [
  ...IN_BOTH,
  {
    wiring: { sizes: LARGER, images: padded },
    gives: "images that are padded to 32×32 pixels give",
    here: IN_28,
  },
  {
    wiring: { sizes: LARGER, images: resized },
    gives: "images that are resized to 32×32 pixels give",
    here: IN_28,
  },
  {
    // The mean and deviation of MNIST's training images.
    wiring: { images: (pixels) => pixels.map((x) => (x - 0.1307) / 0.3081) },
    gives: "standardised pixels give, (x − 0.1307) / 0.3081",
    here: IN_UNIT,
  },
  {
    wiring: { images: (pixels) => pixels.map((x) => 2 * x - 1) },
    gives: "pixels between −1 and 1 give",
    here: IN_UNIT,
  },
  {
    wiring: { images: (pixels) => pixels.map((x) => 255 * x) },
    gives: "pixels between 0 and 255 give",
    here: IN_UNIT,
  },
  {
    // "same" of TensorFlow pads an even side at its end alone.
    wiring: { padding: (size) => size % 2 },
    gives: "images give that are padded at one side only, as TensorFlow does",
    here: "each convolution pads all sides by 1",
  },
  {
    wiring: { isPooled: true },
    gives: "convolutions of stride 1 with max-pooling give",
    here: "each convolution has stride 2",
  },
];

const rectified = (values: Float32Array) => values.map(relu);

/** The features in the order row, column, channel: nothing else is another. */
export const CHANNELS_LAST: Wiring = {
  features: (values) => reordered(values, channelsFirstOf),
  rows: (values) => reordered(values, channelsLastOf),
};

const LAST = "features in the order row, column, channel and ";
const BEFORE = "a ReLU between the linear layer and the decoder";
const BEHIND = "a ReLU between the encoder and its heads";
const NONE = "there is none";

/** Other wirings that a decoder's statistics tell. */
export const DECODERS: readonly Known[] = [
  ...IN_BOTH,
  {
    wiring: CHANNELS_LAST,
    gives: "features in the order row, column, channel give",
    here: "channels come first",
  },
  {
    wiring: { rows: rectified },
    gives: `${BEFORE} gives`,
    here: NONE,
  },
  {
    wiring: { features: rectified },
    gives: `${BEHIND} gives`,
    here: NONE,
  },
  {
    wiring: { features: rectified, rows: rectified },
    gives: `${BEHIND} and another before the decoder give`,
    here: NONE,
  },
  {
    wiring: {
      ...CHANNELS_LAST,
      rows: (values) => CHANNELS_LAST.rows!(rectified(values)),
    },
    gives: `${LAST}${BEFORE} give`,
    here: NONE,
  },
  {
    wiring: {
      ...CHANNELS_LAST,
      features: (values) => CHANNELS_LAST.features!(rectified(values)),
    },
    gives: `${LAST}${BEHIND} give`,
    here: NONE,
  },
  {
    wiring: { sizes: LARGER },
    gives: "a decoder to 32×32 pixels gives, with output_padding 1 throughout",
    here: `${IN_28}, with output_padding 0, 1 and 1`,
  },
];

/** Where an element of features with the channels last lies with them first. */
function channelsFirstOf(i: number): number {
  const area = FEATURES.size ** 2;
  return i % FEATURES.channels * area + Math.floor(i / FEATURES.channels);
}

/** Where an element of features with the channels first lies with them last. */
export function channelsLastOf(i: number): number {
  const area = FEATURES.size ** 2;
  return i % area * FEATURES.channels + Math.floor(i / area);
}

function reordered(
  values: Float32Array,
  from: (i: number) => number,
): Float32Array {
  return values.map((_, at) => {
    const i = at % FEATURE_COUNT;
    return values[at - i + from(i)];
  });
}

/** Puts two rows and columns around images of 28×28 pixels. */
function padded(pixels: Float32Array): Float32Array {
  return enlarged(pixels, (image, y, x) => pixelOf(image, y - 2, x - 2));
}

/** Resizes images of 28×28 pixels, bilinearly between the pixels' centres. */
function resized(pixels: Float32Array): Float32Array {
  const near = (at: number) => Math.max(0, (at + 0.5) * 28 / 32 - 0.5);
  return enlarged(pixels, (image, y, x) => {
    const [v, u] = [near(y), near(x)];
    const [top, left] = [Math.floor(v), Math.floor(u)];
    const [bottom, right] = [top, left].map((at) => Math.min(27, at + 1));
    const between = (a: number, b: number, t: number) => a + (b - a) * t;
    return between(
      between(pixelOf(image, top, left), pixelOf(image, top, right), u - left),
      between(
        pixelOf(image, bottom, left),
        pixelOf(image, bottom, right),
        u - left,
      ),
      v - top,
    );
  });
}

/** What people cut from 32×32 pixels. */
export const CROPS = [0, 2].map((edge) => (pixels: Float32Array) =>
  Float32Array.from(
    { length: pixels.length / 32 ** 2 * IMAGE_PIXELS },
    (_, i) => {
      const [row, column] = [Math.floor(i / 28), i % 28];
      const [image, y] = [Math.floor(row / 28), row % 28];
      return pixels[(32 * image + y + edge) * 32 + column + edge];
    },
  )
);

function enlarged(
  pixels: Float32Array,
  pixelAt: (image: Float32Array, y: number, x: number) => number,
): Float32Array {
  const count = pixels.length / IMAGE_PIXELS;
  return Float32Array.from({ length: count * 32 ** 2 }, (_, i) => {
    const begin = Math.floor(i / 32 ** 2) * IMAGE_PIXELS;
    const image = pixels.subarray(begin, begin + IMAGE_PIXELS);
    return pixelAt(image, Math.floor(i / 32) % 32, i % 32);
  });
}

/** A pixel of an image; 0 around it. */
function pixelOf(image: Float32Array, y: number, x: number): number {
  const isInside = y >= 0 && y < 28 && x >= 0 && x < 28;
  return isInside ? image[28 * y + x] : 0;
}
