/**
 * The model's shapes, and the one table of its tensors: PyTorch name and shape,
 * and where each lies in the engines' flat arenas.
 *
 * @module
 */
import { ADAM_EPS, NORM_EPS, NORM_MOMENTUM } from "./constants.ts";

/** How a decoder output becomes a distribution over a pixel. */
export type Likelihood = "mse" | "bce";

/** What makes one model differ from another; kept in every checkpoint. */
export interface ModelOptions {
  /** Number of latent dimensions. */
  readonly latentDim: number;
  /** `mse`: outputs are pixel means; `bce`: outputs are logits. */
  readonly likelihood: Likelihood;
  /** z = μ and no KL term: the standard autoencoder. */
  readonly autoencoder: boolean;
  /**
   * Classes of which encoder and decoder are told that of each image; 0, a model
   * that is told none, unless given (Sohn et al. 2015,
   * https://papers.nips.cc/paper/5775).
   */
  readonly classCount?: number;
}

/** Pixels along one side of an image. */
export const IMAGE_SIZE = 28;

/** Pixels (and bytes) of one image. */
export const IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE;

/** Batch normalisation, with PyTorch's defaults. */
export const BATCH_NORM = { eps: NORM_EPS, momentum: NORM_MOMENTUM };

/** Adam's constants, with PyTorch's defaults. */
export const ADAM = { eps: ADAM_EPS };

/**
 * A 3×3 convolution of stride 2 and padding 1 from `large` to `small`; a
 * transposed convolution is its adjoint, from `small` to `large`. Sizes are
 * pixels along one side, and activations are laid out NHWC.
 */
export interface ConvShape {
  readonly large: { readonly size: number; readonly channels: number };
  readonly small: { readonly size: number; readonly channels: number };
}

const stages = [
  { size: 28, channels: 1 },
  { size: 14, channels: 16 },
  { size: 7, channels: 32 },
  { size: 4, channels: 64 },
] as const;

/** The encoder's convolutions, in the order they run (large → small). */
export const ENCODER: readonly ConvShape[] = [0, 1, 2].map((i) => ({
  large: stages[i],
  small: stages[i + 1],
}));

/** The decoder's transposed convolutions, in order (small → large). */
export const DECODER: readonly ConvShape[] = ENCODER.toReversed();

/** The feature map between the convolutions and the linear layers. */
export const FEATURES = stages[3];

/** Length of the flattened feature map: 1024. */
export const FEATURE_COUNT = FEATURES.size ** 2 * FEATURES.channels;

/**
 * The rows and columns of padding before and after the larger side. PyTorch
 * pads one pixel on each side; with an even size the last one is never read.
 */
export function padding({ large }: ConvShape): [number, number] {
  return [1, large.size % 2];
}

/** A strided view of an arena. */
export interface View {
  /** The shape, with the channel-major feature axis split into its parts. */
  readonly view: readonly number[];
  /** Arena elements between neighbours along each axis of `view`. */
  readonly strides: readonly number[];
  /** Arena index of element zero. */
  readonly offset: number;
}

/** One tensor of the PyTorch state dict, as a view of an arena. */
export interface TensorSpec extends View {
  /** PyTorch's name: `encoder.0.weight`, `fc_mu.bias`, … */
  readonly name: string;
  /** PyTorch's shape. */
  readonly shape: readonly number[];
  /** Its columns for the one-hot class, behind the others. */
  readonly classes?: View;
  /** Number of inputs of one output, which scales the initial values. */
  readonly fanIn: number;
}

/** A contiguous piece of an arena, as the engines see it. */
export interface Block {
  /** PyTorch's name, or `heads.weight` and `heads.bias` for the joint heads. */
  readonly name: string;
  /** Shape in the arena's layout. */
  readonly shape: readonly number[];
  /** Arena index of element zero. */
  readonly offset: number;
}

/** Where the tensors of one model lie. All sizes are in float32 elements. */
export interface ModelSpec {
  /** Number of latent dimensions. */
  readonly latentDim: number;
  /** Classes that the model is told of; 0 if of none. */
  readonly classCount: number;
  /** Weights, biases, γ and β: what Adam updates. */
  readonly parameters: readonly TensorSpec[];
  /** The blocks of the parameter arena, in order. */
  readonly parameterBlocks: readonly Block[];
  /** Length of the parameter arena (and of the gradients and moments). */
  readonly parameterCount: number;
  /** Running means and variances. */
  readonly running: readonly TensorSpec[];
  /** The blocks of the running-statistics arena, in order. */
  readonly runningBlocks: readonly Block[];
  /** Length of the running-statistics arena. */
  readonly runningCount: number;
}

/** Arena blocks start on 16 bytes, so that they can be read as vec4<f32>. */
const ALIGNMENT = 4;

class Arena {
  readonly tensors: TensorSpec[] = [];
  readonly blocks: Block[] = [];
  length = 0;

  /** Claims a block; returns where it starts. */
  block(name: string, shape: readonly number[]): number {
    const offset = this.length;
    const size = shape.reduce((a, b) => a * b);
    this.blocks.push({ name, shape, offset });
    this.length += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    return offset;
  }

  add(
    name: string,
    offset: number,
    shape: readonly number[],
    fanIn = 0,
    view: readonly number[] = shape,
    strides: readonly number[] = [1],
    classes?: View,
  ): void {
    this.tensors.push({
      ...{ name, shape, view, strides, offset, fanIn },
      ...(classes && { classes }),
    });
  }

  vector(name: string, size: number, fanIn = 0): void {
    this.add(name, this.block(name, [size]), [size], fanIn);
  }
}

/**
 * The tensors of the model with this latent size and so many classes.
 *
 * In the arena a convolution's weight is [3, 3, large channels, small
 * channels], for both directions. A linear weight is [in, out], with features
 * in NHWC order; the two heads share one [1024, 2·latentDim] matrix, μ's columns
 * first, and one bias.
 *
 * A one-hot class behind a layer's input picks a row of its weights, so these
 * rows are blocks of their own: `heads.classes` and `fc_decode.classes`, [classes,
 * out], each behind the bias to which the row is added.
 *
 * PyTorch's fan-in is `weight.size(1)` times the kernel's area, so for a
 * transposed convolution, whose weight is [in, out, 3, 3], it counts *out*.
 *
 * @param latentDim Number of latent dimensions.
 * @param classCount Classes that the model is told of; none unless given.
 *
 * @example
 * ```ts
 * import { modelSpec } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const [first] = modelSpec(12).parameters;
 * assertEquals(first.name, "encoder.0.weight");
 * assertEquals(first.shape, [16, 1, 3, 3]);
 * ```
 */
export function modelSpec(latentDim: number, classCount = 0): ModelSpec {
  const parameters = new Arena();
  const running = new Arena();

  const convolution = (name: string, shape: ConvShape, transposed: boolean) => {
    const L = shape.large.channels, S = shape.small.channels;
    const fanIn = 9 * L; // conv: in = large; transposed: size(1) = out = large
    parameters.add(
      `${name}.weight`,
      parameters.block(`${name}.weight`, [3, 3, L, S]),
      [S, L, 3, 3], // OIHW for a convolution, IOHW for a transposed one
      fanIn,
      [S, L, 3, 3],
      [1, S, 3 * L * S, L * S],
    );
    parameters.vector(`${name}.bias`, transposed ? L : S, fanIn);
  };
  const batchNorm = (name: string, channels: number) => {
    parameters.vector(`${name}.weight`, channels);
    parameters.vector(`${name}.bias`, channels);
    running.vector(`${name}.running_mean`, channels);
    running.vector(`${name}.running_var`, channels);
  };

  ENCODER.forEach((shape, i) => {
    convolution(`encoder.${3 * i}`, shape, false);
    batchNorm(`encoder.${3 * i + 2}`, shape.small.channels);
  });

  const { size, channels } = FEATURES;
  const features = [channels, size, size];
  const heads = 2 * latentDim;
  const headWeight = parameters.block("heads.weight", [FEATURE_COUNT, heads]);
  const headBias = parameters.block("heads.bias", [heads]);
  const headInputs = FEATURE_COUNT + classCount;
  const headClasses = classCount
    ? parameters.block("heads.classes", [classCount, heads])
    : 0;
  ["fc_mu", "fc_logvar"].forEach((name, i) => {
    const column = i * latentDim;
    parameters.add(
      `${name}.weight`,
      headWeight + column,
      [latentDim, headInputs],
      headInputs,
      [latentDim, ...features],
      [1, heads, size * channels * heads, channels * heads],
      classCount
        ? {
          view: [latentDim, classCount],
          strides: [1, heads],
          offset: headClasses + column,
        }
        : undefined,
    );
    parameters.add(`${name}.bias`, headBias + column, [latentDim], headInputs);
  });

  const decodeInputs = latentDim + classCount;
  const columns = [1, size * channels, channels];
  const decodeWeight = parameters.block(
    "fc_decode.weight",
    [latentDim, FEATURE_COUNT],
  );
  const decodeBias = parameters.block("fc_decode.bias", [FEATURE_COUNT]);
  parameters.add(
    "fc_decode.weight",
    decodeWeight,
    [FEATURE_COUNT, decodeInputs],
    decodeInputs,
    [...features, latentDim],
    [...columns, FEATURE_COUNT],
    classCount
      ? {
        view: [...features, classCount],
        strides: [...columns, FEATURE_COUNT],
        offset: parameters.block(
          "fc_decode.classes",
          [classCount, FEATURE_COUNT],
        ),
      }
      : undefined,
  );
  parameters.add(
    "fc_decode.bias",
    decodeBias,
    [FEATURE_COUNT],
    decodeInputs,
    features,
    columns,
  );

  DECODER.forEach((shape, i) => {
    convolution(`decoder.${3 * i}`, shape, true);
    if (i < DECODER.length - 1) {
      batchNorm(`decoder.${3 * i + 2}`, shape.large.channels);
    }
  });

  return {
    latentDim,
    classCount,
    parameters: parameters.tensors,
    parameterBlocks: parameters.blocks,
    parameterCount: parameters.length,
    running: running.tensors,
    runningBlocks: running.blocks,
    runningCount: running.length,
  };
}

/**
 * Returns a block of the parameter arena.
 *
 * @throws {RangeError} If the model has none of that name.
 */
export function blockOf(spec: ModelSpec, name: string): Block {
  const block = spec.parameterBlocks.find((block) => block.name === name);
  if (!block) throw new RangeError(`the model has no block ${name}`);
  return block;
}

/**
 * The arena offset of a tensor. `fc_mu` is also where the joint heads begin.
 *
 * @throws {RangeError} If the model has no tensor of that name.
 */
export function offsetOf(spec: ModelSpec, name: string): number {
  const tensor = [...spec.parameters, ...spec.running]
    .find((tensor) => tensor.name === name);
  if (!tensor) throw new RangeError(`the model has no tensor ${name}`);
  return tensor.offset;
}

/** The arena index of each element of a tensor, in PyTorch's order. */
export function arenaIndices(
  { classes, shape, ...tensor }: TensorSpec,
): Uint32Array {
  const own = viewIndices(tensor);
  if (!classes) return own;
  const added = viewIndices(classes);
  const [rows] = shape;
  const [width, more] = [own.length / rows, added.length / rows];
  const indices = new Uint32Array(own.length + added.length);
  for (let row = 0; row < rows; row++) {
    const at = row * (width + more);
    indices.set(own.subarray(row * width, (row + 1) * width), at);
    indices.set(added.subarray(row * more, (row + 1) * more), at + width);
  }
  return indices;
}

function viewIndices({ view, strides, offset }: View): Uint32Array {
  const indices = new Uint32Array(view.reduce((a, b) => a * b));
  indices[0] = offset;
  let block = 1; // indices of the axes so far; each axis repeats them, shifted
  for (let axis = view.length - 1; axis >= 0; axis--) {
    const end = block * view[axis];
    for (let i = block; i < end; i++) {
      indices[i] = indices[i - block] + strides[axis];
    }
    block = end;
  }
  return indices;
}
