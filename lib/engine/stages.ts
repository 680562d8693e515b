/**
 * The work of the fused engines, written down once: which operations make a
 * training step, an evaluation, an encoding and a decoding, in what order, and
 * on which buffers. Engines translate each operation into a kernel.
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
  IMAGE_PIXELS,
} from "../model/spec.ts";

/** A batch-norm layer: its name, and the values of one image. */
export interface Norm {
  readonly name: string;
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

/**
 * One operation. `from`, `to` and the like are buffers; `weight` and `bias`
 * name layers. What each one computes:
 *
 * - `gather`: to = bytes / 255, for the images of the batch.
 * - `down`, `up`: a stride-2 convolution and its adjoint; with the bias and the
 *   ReLU in the forward pass, without both for an input gradient.
 * - `filterGradient`: of a convolution's weights, from its two sides.
 * - `linear`: with the layer's weights [in, out], or their transpose.
 * - `linearGradient`: of weights and bias, from input and output gradient.
 * - `sums`: Σ from and Σ from·other for each channel.
 * - `moments`: from those, mean and variance of the batch, scale and shift of
 *   the norm, and its running statistics.
 * - `inferenceMoments`: scale and shift from the running statistics.
 * - `normalise`: to = from · scale + shift.
 * - `normGradient`: from the sums, the gradients of γ and β and the
 *   coefficients of the next.
 * - `normBackward`: the gradient before the ReLU, in place, and from it the
 *   gradient of the layer's bias.
 * - `noise`: ε from the counter-based generator, unless it was given.
 * - `reparameterise`: z = μ + σ·ε, and Σ KL for each dimension.
 * - `latentTotals`: the KL of the batch, and the factor of its gradient.
 * - `latentBackward`: the gradient of μ and log σ² from that of z.
 * - `loss`: Σ loss and its gradient; for training also the last bias's.
 * - `lossTotal`: the loss of the batch.
 * - `sigmoid`: to = sigmoid(to), for likelihoods on logits.
 * - `reduce`: a layer's gradient from the partial sums of the batch's parts.
 * - `adam`: the update of all parameters.
 */
export type Operation =
  | { kind: "gather"; to: string }
  | {
    kind: "down" | "up";
    stage: Stage;
    from: string;
    to: string;
    backward?: true;
  }
  | { kind: "filterGradient"; stage: Stage; large: string; small: string }
  | {
    kind: "linear";
    weight: LinearName;
    from: string;
    to: string;
    transposed?: true;
  }
  | { kind: "linearGradient"; weight: LinearName; from: string; other: string }
  | { kind: "sums"; norm: Norm; from: string; other: string }
  | { kind: "moments" | "inferenceMoments" | "normGradient"; norm: Norm }
  | { kind: "normalise"; norm: Norm; from: string; to: string }
  | { kind: "normBackward"; norm: Norm; stage: Stage; from: string; to: string }
  | { kind: "noise" | "reparameterise" | "latentTotals" | "latentBackward" }
  | { kind: "loss"; training: boolean }
  | { kind: "lossTotal" | "sigmoid" | "adam" }
  | { kind: "reduce"; stage: Stage };

/** The linear layers; `heads` is fc_mu and fc_logvar in one. */
export type LinearName = "heads" | "fc_decode";

/** Operations that need nothing of each other but what comes before them. */
export interface Phase {
  /** For the images of any part of the batch: these, in this order. */
  readonly each: readonly Operation[];
  /** Over the whole batch; they wait for earlier phases only. */
  readonly whole: readonly Operation[];
  /** After all of the above: small, and over all parts of the batch. */
  readonly combine: readonly Operation[];
}

/** A buffer's size for one image, in float32 elements. */
export interface BufferSpec {
  readonly size: number;
  /** Filled and read within one phase, so that a part of the batch is enough. */
  readonly passing: boolean;
}

const encoder: Stage[] = ENCODER.map((shape, i) => ({
  name: `encoder.${3 * i}`,
  shape,
  direction: "down",
  input: i ? `encoder.${3 * i - 1}` : "image",
  inputNorm: i
    ? normOf(`encoder.${3 * i - 1}`, ENCODER[i - 1].small)
    : undefined,
  output: `encoder.${3 * i + 1}`,
  norm: normOf(`encoder.${3 * i + 2}`, shape.small),
}));

const decoder: Stage[] = DECODER.map((shape, i) => {
  const last = i === DECODER.length - 1;
  return {
    name: `decoder.${3 * i}`,
    shape,
    direction: "up",
    input: i ? `decoder.${3 * i - 1}` : "fc_decode",
    inputNorm: i
      ? normOf(`decoder.${3 * i - 1}`, DECODER[i - 1].large)
      : undefined,
    output: `decoder.${last ? 3 * i : 3 * i + 1}`,
    norm: last ? undefined : normOf(`decoder.${3 * i + 2}`, shape.large),
  };
});

/** The convolutions in the order they run. */
export const STAGES: readonly Stage[] = [...encoder, ...decoder];

/** The batch norms in the order they run. */
export const NORMS: readonly Norm[] = STAGES.flatMap((s) => s.norm ?? []);

/** The name of the features that the heads read. */
const FEATURES = "encoder.8";

/** The decoder's output: pixel means or logits. */
export const OUTPUT = "decoder.6";

function normOf(
  name: string,
  { size, channels }: ConvShape["large"],
): Norm {
  return { name, places: size * size, channels };
}

/** The buffers of all plans. */
export function bufferSpecs(latentDim: number): Map<string, BufferSpec> {
  const buffers = new Map<string, BufferSpec>();
  const add = (name: string, size: number, passing = false) =>
    buffers.set(name, { size, passing });
  add("image", IMAGE_PIXELS);
  for (const { output, norm } of STAGES) {
    if (!norm) continue;
    const size = norm.places * norm.channels;
    add(output, size);
    add(norm.name, size, norm.name !== FEATURES);
    add(`∂${norm.name}`, size);
  }
  for (
    const [name, size] of [["fc_decode", FEATURE_COUNT], [
      "z",
      latentDim,
    ]] as const
  ) {
    add(name, size);
    add(`∂${name}`, size);
  }
  add("heads", 2 * latentDim);
  add("∂heads", 2 * latentDim);
  add("epsilon", latentDim);
  add(OUTPUT, IMAGE_PIXELS);
  add(`∂${OUTPUT}`, IMAGE_PIXELS, true);
  return buffers;
}

function phase(
  each: Operation[],
  { whole = [], combine = [] }: Partial<Phase> = {},
): Phase {
  return { each, whole, combine };
}

/** What a stage does on the way forward, with its input's norm. */
function forward(stage: Stage): Operation[] {
  const { inputNorm, input, output, direction } = stage;
  return [
    ...inputNorm ? [normalise(inputNorm)] : [],
    { kind: direction, stage, from: input, to: output },
  ];
}

function normalise(norm: Norm): Operation {
  return { kind: "normalise", norm, from: inputOf(norm), to: norm.name };
}

/** The activation that a norm reads. */
function inputOf(norm: Norm): string {
  return STAGES.find((stage) => stage.norm?.name === norm.name)!.output;
}

/**
 * What a stage does on the way back: the gradients of its weights and bias from
 * that of its output, and that of its input, if anything before it learns.
 */
function backward(stage: Stage): Operation[] {
  const { norm, inputNorm, input, direction } = stage;
  const gradient = `∂${norm?.name ?? stage.output}`;
  const [large, small] = direction === "down"
    ? [input, gradient]
    : [gradient, input];
  return [
    ...norm
      ? [
        {
          kind: "normBackward",
          norm,
          stage,
          from: stage.output,
          to: gradient,
        } as const,
      ]
      : [],
    ...inputNorm ? [normalise(inputNorm)] : [],
    { kind: "filterGradient", stage, large, small },
    ...input === "image" ? [] : [
      {
        kind: direction === "down" ? "up" : "down",
        stage,
        from: gradient,
        to: `∂${input}`,
        backward: true,
      } as const,
    ],
  ];
}

/** The sums behind a norm's moments. */
function forwardSums(stage: Stage): Operation[] {
  const { norm, output } = stage;
  return norm ? [{ kind: "sums", norm, from: output, other: output }] : [];
}

/** The sums behind the gradients of the norm that a stage reads. */
function backwardSums(norm: Norm): Operation {
  return {
    kind: "sums",
    norm,
    from: `∂${norm.name}`,
    other: inputOf(norm),
  };
}

const encodeHeads: Operation[] = [
  normalise(encoder[2].norm!),
  { kind: "linear", weight: "heads", from: FEATURES, to: "heads" },
];

const decodeLatent: Operation[] = [
  { kind: "linear", weight: "fc_decode", from: "z", to: "fc_decode" },
];

/** Forward, backward and one Adam update, in training mode. */
export function trainingPlan(): Phase[] {
  const moments = (norm: Norm): Partial<Phase> => ({
    combine: [{ kind: "moments", norm }],
  });
  const gradients = (norm: Norm): Partial<Phase> => ({
    combine: [{ kind: "normGradient", norm }],
  });
  const [e0, e3, e6] = encoder, [d0, d3, d6] = decoder;
  return [
    phase(
      [{ kind: "gather", to: "image" }, ...forward(e0), ...forwardSums(e0)],
      moments(e0.norm!),
    ),
    phase([...forward(e3), ...forwardSums(e3)], moments(e3.norm!)),
    phase([...forward(e6), ...forwardSums(e6)], moments(e6.norm!)),
    phase([
      ...encodeHeads,
      { kind: "noise" },
      { kind: "reparameterise" },
      ...decodeLatent,
      ...forward(d0),
      ...forwardSums(d0),
    ], {
      combine: [{ kind: "latentTotals" }, { kind: "moments", norm: d0.norm! }],
    }),
    phase([...forward(d3), ...forwardSums(d3)], moments(d3.norm!)),

    phase([
      ...forward(d6),
      { kind: "loss", training: true },
      // The input's norm still holds from the forward pass.
      ...backward(d6).filter(({ kind }) => kind !== "normalise"),
      backwardSums(d3.norm!),
    ], {
      combine: [{ kind: "lossTotal" }, {
        kind: "normGradient",
        norm: d3.norm!,
      }],
    }),

    phase([...backward(d3), backwardSums(d0.norm!)], gradients(d0.norm!)),
    phase([
      ...backward(d0),
      {
        kind: "linear",
        weight: "fc_decode",
        from: "∂fc_decode",
        to: "∂z",
        transposed: true,
      },
      { kind: "latentBackward" },
      {
        kind: "linear",
        weight: "heads",
        from: "∂heads",
        to: `∂${FEATURES}`,
        transposed: true,
      },
      backwardSums(e6.norm!),
    ], gradients(e6.norm!)),
    phase([...backward(e6), backwardSums(e3.norm!)], {
      whole: [
        {
          kind: "linearGradient",
          weight: "heads",
          from: FEATURES,
          other: "∂heads",
        },
        {
          kind: "linearGradient",
          weight: "fc_decode",
          from: "z",
          other: "∂fc_decode",
        },
      ],
      ...gradients(e3.norm!),
    }),
    phase([...backward(e3), backwardSums(e0.norm!)], gradients(e0.norm!)),
    phase(backward(e0)),
    phase([], { whole: STAGES.map((stage) => ({ kind: "reduce", stage })) }),
    phase([], { whole: [{ kind: "adam" }] }),
  ];
}

/** Scale and shift of all norms for evaluation. */
const runningMoments: Phase = phase([], {
  combine: NORMS.map((norm) => ({ kind: "inferenceMoments", norm })),
});

const encode: Operation[] = [
  { kind: "gather", to: "image" },
  ...encoder.flatMap(forward),
  ...encodeHeads,
];

const decode: Operation[] = [...decodeLatent, ...decoder.flatMap(forward)];

/** The losses of a batch, in evaluation mode. */
export function evaluationPlan(): Phase[] {
  return [
    runningMoments,
    phase([
      ...encode,
      { kind: "noise" },
      { kind: "reparameterise" },
      ...decode,
      { kind: "loss", training: false },
    ], { combine: [{ kind: "latentTotals" }, { kind: "lossTotal" }] }),
  ];
}

/** Images to `heads`, in evaluation mode. */
export function encodingPlan(): Phase[] {
  return [runningMoments, phase(encode)];
}

/** `z` to the output, in evaluation mode. */
export function decodingPlan(logits: boolean): Phase[] {
  return [
    runningMoments,
    phase([...decode, ...logits ? [{ kind: "sigmoid" } as const] : []]),
  ];
}

/** Multiplications and additions of one operation for one image. */
export function flops(operation: Operation, latentDim: number): number {
  switch (operation.kind) {
    case "down":
    case "up":
    case "filterGradient": {
      const { large, small } = operation.stage.shape;
      return 18 * large.channels * small.size ** 2 * small.channels;
    }
    case "linear":
    case "linearGradient":
      return 2 * FEATURE_COUNT * latentDim *
        (operation.weight === "heads" ? 2 : 1);
    default:
      return 0;
  }
}
