/**
 * The operations that plans are made of: for each kernel, what it computes and
 * the record that it reads.
 *
 * @module
 */
import {
  convolutionFlops,
  linearFlops,
  type LinearName,
  linearShape,
  type Norm,
  OUTPUT,
  type Stage,
  STAGES,
} from "../stages.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { biasCount, type MemoryMap, weightCount } from "./memory.ts";
import { type Fields, type Kernel, type OPERATION, SIZE } from "./words.ts";

/** One call of a kernel. */
export interface Operation {
  readonly kernel: Kernel;
  /** The layer that it works for, as a profile shows it. */
  readonly layer: string;
  /** Multiplications and additions for one image, where they count. */
  readonly flops: number;
  readonly fields: Fields<typeof OPERATION>;
}

/** Rows in one unit of work of a linear layer's gradient. */
const LINEAR_ROWS = 64;

/** Makes operations on the buffers and weights of one memory. */
export class Operations {
  constructor(readonly memory: MemoryMap) {}

  /** image = bytes / 255, for the images of the batch. */
  gather(): Operation {
    return operation("gather", "", {
      ...this.#operands({ to: "image" }),
      columns: IMAGE_PIXELS,
    });
  }

  /** A stage's convolution, down or up, with its bias and its ReLU. */
  convolve(stage: Stage): Operation {
    const { name, direction, input, output, norm } = stage;
    return this.#convolution(stage, direction, name, {
      ...this.#operands({ from: input, to: output }),
      bias: this.#parameter(`${name}.bias`),
      relu: Number(norm !== undefined),
    });
  }

  /** The gradient of a stage's input: the adjoint, without bias and ReLU. */
  inputGradient(stage: Stage): Operation {
    const adjoint = stage.direction === "down" ? "up" : "down";
    return this.#convolution(stage, adjoint, `${stage.name} (input gradient)`, {
      ...this.#operands({ from: gradientOf(stage), to: `∂${stage.input}` }),
    });
  }

  /** The gradient of a stage's weights, from its two sides. */
  filterGradient(stage: Stage): Operation {
    const { name, direction, input } = stage;
    const gradient = gradientOf(stage);
    const isDown = direction === "down";
    const { at, shard } = this.memory.partial(name);
    const kernel = isEdge(stage) ? "edgeGradient" : "filterGradient";
    return operation(kernel, name, {
      ...this.#operands({
        from: isDown ? input : gradient,
        other: isDown ? gradient : input,
      }),
      ...shapeFields(stage),
      partial: at,
      partialShard: shard,
    }, convolutionFlops(stage.shape));
  }

  /** A stage's gradients of weights and bias, from the shards' sums. */
  reduce(stage: Stage): Operation {
    const { at, shard } = this.memory.partial(stage.name);
    const columns = weightCount(stage) + biasCount(stage);
    return operation("reduce", stage.name, {
      units: Math.ceil(columns / SIZE.block),
      to: this.#gradient(`${stage.name}.weight`),
      columns,
      partial: at,
      partialShard: shard,
    });
  }

  /** to = from · weights + bias. */
  linear(layer: LinearName, from: string, to: string): Operation {
    const [rows, columns] = linearShape(layer, this.memory.latentDim);
    return operation("linear", layer, {
      ...this.#operands({ from, to }),
      weight: this.memory.packed(layer),
      bias: this.#parameter(`${layer}.bias`),
      rows,
      columns,
    }, linearFlops(this.memory.latentDim, [layer]));
  }

  /** to = from · weightsᵀ: the gradient of a linear layer's input. */
  linearBack(layer: LinearName, from: string, to: string): Operation {
    const [columns, rows] = linearShape(layer, this.memory.latentDim);
    return operation("linear", `${layer} (input gradient)`, {
      ...this.#operands({ from, to }),
      weight: this.memory.packed(`back ${layer}`),
      rows,
      columns,
    }, linearFlops(this.memory.latentDim, [layer]));
  }

  /** The gradient of a linear layer's weights and bias, over the batch. */
  linearGradient(layer: LinearName, from: string, other: string): Operation {
    const [rows, columns] = linearShape(layer, this.memory.latentDim);
    return operation("linearGradient", layer, {
      units: Math.ceil(rows / LINEAR_ROWS) + 1,
      ...this.#operands({ from, other }),
      to: this.#gradient(`${layer}.weight`),
      bias: this.#gradient(`${layer}.bias`),
      rows,
      columns,
      rowStep: LINEAR_ROWS,
    }, linearFlops(this.memory.latentDim, [layer]));
  }

  /** Σ from and Σ from·other for each channel of a norm. */
  sums(norm: Norm, from: string, other: string): Operation {
    return operation("sums", norm.name, {
      ...this.#norm(norm),
      ...this.#operands({ from, other }),
    });
  }

  /** From those sums a norm's scale and shift, and its running statistics. */
  moments(norm: Norm): Operation {
    return operation("moments", norm.name, this.#norm(norm));
  }

  /** A norm's scale and shift from the running statistics. */
  inferenceMoments(norm: Norm): Operation {
    return operation("inferenceMoments", norm.name, this.#norm(norm));
  }

  /** A norm's output = its input · scale + shift. */
  normalise(norm: Norm): Operation {
    return operation("normalise", norm.name, {
      ...this.#norm(norm),
      ...this.#operands({ from: norm.input, to: norm.name }),
    });
  }

  /** From the sums, a norm's gradients of γ and β and what `normBackward` uses. */
  normGradient(norm: Norm): Operation {
    return operation("normGradient", norm.name, {
      ...this.#norm(norm),
      to: this.#gradient(`${norm.name}.weight`),
      other: this.#gradient(`${norm.name}.bias`),
    });
  }

  /**
   * A norm's gradient turned, in place, into the one before the ReLU, and from
   * it the gradient of the stage's bias.
   */
  normBackward(stage: Stage & { norm: Norm }): Operation {
    const { name, norm } = stage;
    const { at, shard } = this.memory.partial(name);
    return operation("normBackward", norm.name, {
      ...this.#norm(norm),
      ...this.#operands({ from: norm.input, to: `∂${norm.name}` }),
      partial: at + 4 * weightCount(stage),
      partialShard: shard,
    });
  }

  /** ε from the counter-based generator, unless it was given. */
  noise(): Operation {
    return operation("noise", "", this.#operands({ to: "epsilon" }));
  }

  /** z = μ + σ·ε, and Σ KL for each dimension. */
  reparameterise(): Operation {
    return operation("reparameterise", "", {
      ...this.#operands({ from: "heads", other: "epsilon", to: "z" }),
      ...this.#klSums(),
    });
  }

  /** The KL of the batch, and the factor of its gradient. */
  latentTotals(): Operation {
    return operation("latentTotals", "", {
      to: this.memory.klFactor,
      ...this.#klSums(),
    });
  }

  /** The gradient of μ and log σ² from that of z. */
  latentBackward(): Operation {
    return operation("latentBackward", "", {
      ...this.#operands({
        from: "∂z",
        other: "heads",
        extra: "epsilon",
        to: "∂heads",
      }),
      norm: this.memory.klFactor,
    });
  }

  /** Σ loss and its gradient; for training also that of the last bias. */
  loss({ training }: { training: boolean }): Operation {
    const last = STAGES.at(-1)!;
    const { at, shard } = this.memory.partial(last.name);
    return operation("loss", "", {
      ...this.#operands({ from: OUTPUT, other: "image", to: `∂${OUTPUT}` }),
      ...this.#losses(),
      columns: IMAGE_PIXELS,
      bias: training ? at + 4 * weightCount(last) : 0,
      biasShard: shard,
    });
  }

  /** The loss of the batch. */
  lossTotal(): Operation {
    return operation("lossTotal", "", this.#losses());
  }

  /** The loss of each image, in double precision. */
  score(): Operation {
    return operation("score", "", {
      ...this.#operands({ from: OUTPUT, other: "image" }),
      to: this.memory.scores,
      toRow: 8,
      columns: IMAGE_PIXELS,
    });
  }

  /** The decoder's logits turned into pixel means, in place. */
  sigmoid(): Operation {
    return operation("sigmoid", "", {
      ...this.#operands({ to: OUTPUT }),
      columns: IMAGE_PIXELS,
    });
  }

  /** Adam's update of all parameters. */
  adam(): Operation {
    const { memory } = this;
    const { parameterCount } = memory.spec;
    return operation("adam", "", {
      units: Math.ceil(parameterCount / SIZE.block),
      from: memory.gradients,
      to: memory.parameters,
      weight: memory.expAvg,
      bias: memory.expAvgSq,
      columns: parameterCount,
    });
  }

  #convolution(
    stage: Stage,
    direction: Stage["direction"],
    layer: string,
    fields: Fields<typeof OPERATION>,
  ): Operation {
    const kernel = isEdge(stage) ? `${direction}Edge` as const : direction;
    return operation(kernel, layer, {
      ...fields,
      ...shapeFields(stage),
      weight: this.memory.packed(`${direction} ${stage.name}`),
    }, convolutionFlops(stage.shape));
  }

  /** Where the buffers of operands are. */
  #operands(
    buffers: { from?: string; other?: string; to?: string; extra?: string },
  ): Fields<typeof OPERATION> {
    const fields: Record<string, number> = {};
    for (const [operand, name] of Object.entries(buffers)) {
      const { at, row, thread } = this.memory.buffer(name);
      fields[operand] = at;
      fields[`${operand}Row`] = row;
      fields[`${operand}Thread`] = thread;
    }
    return fields;
  }

  #parameter(block: string): number {
    return this.memory.parameters + this.memory.parameter(block);
  }

  #gradient(block: string): number {
    return this.memory.gradients + this.memory.parameter(block);
  }

  #klSums(): Fields<typeof OPERATION> {
    const { klSums, latentDim } = this.memory;
    return { partial: klSums, partialShard: 8 * latentDim };
  }

  #losses(): Fields<typeof OPERATION> {
    return { partial: this.memory.losses, partialShard: 8 };
  }

  #norm({ name, places, channels }: Norm): Fields<typeof OPERATION> {
    const { coefficients, sums } = this.memory.norm(name);
    const mean = this.memory.spec.runningBlocks
      .find((block) => block.name === `${name}.running_mean`)!;
    return {
      norm: coefficients,
      partial: sums,
      partialShard: 16 * channels,
      gamma: this.#parameter(`${name}.weight`),
      beta: this.#parameter(`${name}.bias`),
      running: this.memory.running + 4 * mean.offset,
      rows: places,
      columns: channels,
    };
  }
}

/** One call of a kernel, as a plan lists it. */
export function operation(
  kernel: Kernel,
  layer: string,
  fields: Fields<typeof OPERATION>,
  flops = 0,
): Operation {
  return { kernel, layer, flops, fields };
}

/** The buffer with the gradient of a stage's output, or of its norm's. */
function gradientOf({ norm, output }: Stage): string {
  return `∂${norm?.name ?? output}`;
}

/** Whether one side has a single channel, which kernels of their own take. */
export function isEdge({ shape }: Stage): boolean {
  return shape.large.channels === 1;
}

function shapeFields({ shape: { large, small } }: Stage) {
  return {
    largeSize: large.size,
    largeChannels: large.channels,
    smallSize: small.size,
    smallChannels: small.channels,
  };
}
