/**
 * The layers of the model in the order they run, as the fused engines walk
 * them, and what they cost.
 *
 * Buffers and layers go by PyTorch's names (see `modelSpec`), a buffer by the
 * layer whose output it holds: `encoder.1` is what the first ReLU gives,
 * `encoder.2` what the batch norm makes of it. `∂encoder.2` is the gradient with
 * respect to that; the backward pass of the norm and the ReLU turns it, in
 * place, into the gradient with respect to the convolution's output.
 *
 * @module
 */
import {
  type ConvShape,
  DECODER,
  ENCODER,
  FEATURE_COUNT,
} from "../model/spec.ts";
import type { Objective } from "./engine.ts";

/** A batch-norm layer. */
export interface Norm {
  readonly name: string;
  /** The buffer that it reads: what the ReLU before it gives. */
  readonly input: string;
  /** Positions and channels of one image. */
  readonly places: number;
  readonly channels: number;
}

/** A convolution or transposed convolution, and what surrounds it. */
export interface Stage {
  /** The layer with the weights. */
  readonly name: string;
  readonly shape: ConvShape;
  /** `down`: a convolution; `up`: a transposed one. */
  readonly direction: "down" | "up";
  /** The buffer that it reads, and the norm that fills it, if one does. */
  readonly input: string;
  readonly inputNorm?: Norm;
  /** The buffer that it writes, after the ReLU if a norm follows. */
  readonly output: string;
  readonly norm?: Norm;
}

const encoder: Stage[] = ENCODER.map((shape, i) => ({
  name: `encoder.${3 * i}`,
  shape,
  direction: "down",
  input: i ? `encoder.${3 * i - 1}` : "image",
  inputNorm: i ? normOf("encoder", i - 1, ENCODER[i - 1].small) : undefined,
  output: `encoder.${3 * i + 1}`,
  norm: normOf("encoder", i, shape.small),
}));

const decoder: Stage[] = DECODER.map((shape, i) => {
  const last = i === DECODER.length - 1;
  return {
    name: `decoder.${3 * i}`,
    shape,
    direction: "up",
    input: i ? `decoder.${3 * i - 1}` : "fc_decode",
    inputNorm: i ? normOf("decoder", i - 1, DECODER[i - 1].large) : undefined,
    output: `decoder.${last ? 3 * i : 3 * i + 1}`,
    norm: last ? undefined : normOf("decoder", i, shape.large),
  };
});

/** The convolutions in the order they run. */
export const STAGES: readonly Stage[] = [...encoder, ...decoder];

/** The stage that, with fc_decode before it, is a linear map of z: decoder.0. */
export const MAPPED: Stage = decoder[0];

/** The batch norms in the order they run. */
export const NORMS: readonly Norm[] = STAGES.flatMap((s) => s.norm ?? []);

/** The buffer with the features that the heads read. */
export const FEATURE_BUFFER = "encoder.8";

/** The decoder's output: pixel means or logits. */
export const OUTPUT = "decoder.6";

/** Returns the norm that follows a side's `i`-th convolution. */
function normOf(
  side: "encoder" | "decoder",
  i: number,
  { size, channels }: ConvShape["large"],
): Norm {
  return {
    name: `${side}.${3 * i + 2}`,
    input: `${side}.${3 * i + 1}`,
    places: size * size,
    channels,
  };
}

/**
 * The linear layers; `heads` is fc_mu and fc_logvar in one, `map` is fc_decode
 * and decoder.0 in one (see `usesMap`).
 */
export const LINEAR = ["heads", "fc_decode", "map"] as const;

/** The name of a linear layer. */
export type LinearName = typeof LINEAR[number];

/** Returns the numbers of inputs and outputs of a linear layer. */
export function linearShape(
  name: LinearName,
  latentDim: number,
): readonly [inputs: number, outputs: number] {
  const { size, channels } = MAPPED.shape.large;
  return {
    heads: [FEATURE_COUNT, 2 * latentDim] as const,
    fc_decode: [latentDim, FEATURE_COUNT] as const,
    map: [latentDim, size * size * channels] as const,
  }[name];
}

/**
 * Counts the multiplications and additions of a convolution, its adjoint or the
 * gradient of its weights, for one image: those of the taps that fall on the
 * image. What falls on the padding is not computed.
 */
export function convolutionFlops({ large, small }: ConvShape): number {
  let taps = 0; // along one side
  for (let place = 0; place < small.size; place++) {
    const first = 2 * place - 1;
    taps += Math.min(first + 3, large.size) - Math.max(first, 0);
  }
  return 2 * taps ** 2 * large.channels * small.channels;
}

/** Counts the multiplications and additions of linear layers, forward or backward. */
export function linearFlops(
  latentDim: number,
  layers: readonly LinearName[] = ["heads", "fc_decode"],
): number {
  return layers.map((name) => linearShape(name, latentDim))
    .reduce((sum, [inputs, outputs]) => sum + 2 * inputs * outputs, 0);
}

/**
 * Counts the multiplications and additions that make the map (or its share in
 * the weights' gradients): decoder.0 for L + 1 rows and one for each class,
 * whatever the batch.
 */
export function mapFlops(latentDim: number, classCount = 0): number {
  return (latentDim + 1 + classCount) * convolutionFlops(MAPPED.shape);
}

/**
 * Says whether fc_decode and decoder.0, between which nothing happens, are
 * cheaper as one linear map of z when the decoder takes so many rows while
 * their weights stay the same: one batch in training, any number (`Infinity`)
 * when a trained model is used.
 */
export function usesMap(
  latentDim: number,
  rows: number,
  classCount = 0,
): boolean {
  const apart = linearFlops(latentDim, ["fc_decode"]) +
    convolutionFlops(MAPPED.shape);
  return linearFlops(latentDim, ["map"]) +
      mapFlops(latentDim, classCount) / rows < apart;
}

/**
 * Counts the multiplications and additions of a training step for one image of
 * a batch: each layer forward, its weights' gradient and, but for the first, its
 * input's gradient. The decoder's count for each draw of z, and the gradients of
 * its convolutions' inputs twice for `iwae`. A class costs what it adds to the
 * map: its row is looked up, not multiplied.
 */
export function trainingFlops(
  latentDim: number,
  batchSize: number,
  draws = 1,
  objective: Objective = "elbo",
  classCount = 0,
): number {
  const convolutions = (stages: readonly Stage[]) =>
    stages.reduce((sum, { shape }) => sum + convolutionFlops(shape), 0);
  const hasMap = usesMap(latentDim, draws * batchSize, classCount);
  const convolved = hasMap ? decoder.slice(1) : decoder;
  const [first] = encoder;
  const forward = convolutions(encoder) + linearFlops(latentDim, ["heads"]) +
    draws * convolutions(convolved) +
    draws * linearFlops(latentDim, [hasMap ? "map" : "fc_decode"]) +
    (hasMap ? mapFlops(latentDim, classCount) / batchSize : 0);
  return 3 * forward - convolutionFlops(first.shape) +
    (objective === "iwae" ? draws * convolutions(convolved) : 0);
}
