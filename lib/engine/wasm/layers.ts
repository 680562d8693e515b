/**
 * The operations of the convolutions and their norms.
 *
 * @module
 */
import { convolutionFlops, MAPPED, type Norm, type Stage } from "../stages.ts";
import { LinearOperations } from "./linear.ts";
import type { FOLDED } from "./memory.ts";
import { type Operation, operation, shapeFields } from "./record.ts";
import { biasCount, weightCount } from "./rows.ts";
import { type Fields, type OPERATION, SIZE } from "./words.ts";

/** Makes the operations of layers on the buffers and weights of one memory. */
export class LayerOperations extends LinearOperations {
  /** A stage's convolution, down or up, with its bias and its ReLU. */
  convolve(stage: Stage): Operation {
    const { name, direction, input, output, norm } = stage;
    return this.#convolution(stage, direction, name, {
      ...this.operands({ from: input, to: output }),
      bias: this.parameter(`${name}.bias`),
      relu: Number(norm !== undefined),
    });
  }

  /** The same for a trained model, where the input's norm is in the weights. */
  convolveFolded(stage: typeof FOLDED[number]): Operation {
    const { name, inputNorm, output, norm, shape } = stage;
    const bias = this.memory.packed(`folded ${name} bias`);
    return operation(isEdge(stage) ? "upEdge" : "up", name, {
      ...this.operands({ from: inputNorm.input, to: output }),
      ...shapeFields(stage),
      weight: this.memory.packed(`folded ${name}`),
      ...isEdge(stage)
        ? { bias: this.parameter(`${name}.bias`), other: bias }
        : { bias, biasKind: 4 * shape.large.channels },
      relu: Number(norm !== undefined),
    }, convolutionFlops(shape));
  }

  /** The gradient of a stage's input: the adjoint, without bias and ReLU. */
  inputGradient(stage: Stage): Operation {
    const adjoint = stage.direction === "down" ? "up" : "down";
    return this.#convolution(stage, adjoint, `${stage.name} (input gradient)`, {
      ...this.operands({ from: gradientOf(stage), to: `∂${stage.input}` }),
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
      ...this.operands({
        from: isDown ? input : gradient,
        other: isDown ? gradient : input,
      }),
      ...shapeFields(stage),
      partial: at,
      partialShard: shard,
    }, convolutionFlops(stage.shape));
  }

  /**
   * A stage's gradients of weights and bias, from the shards' sums; of the bias
   * alone where the map has those of the weights.
   */
  reduce(stage: Stage): Operation {
    const { at, shard } = this.memory.partial(stage.name);
    const weights = weightCount(stage), biases = biasCount(stage);
    const skipped = stage === MAPPED && this.memory.map.training ? weights : 0;
    const columns = weights + biases - skipped;
    return operation("reduce", stage.name, {
      units: Math.ceil(columns / SIZE.block),
      to: this.gradient(`${stage.name}.weight`) + 4 * skipped,
      columns,
      partial: at + 4 * skipped,
      partialShard: shard,
    });
  }

  /** Σ from and Σ from·other for each channel of a norm. */
  sums(norm: Norm, from: string, other: string): Operation {
    return operation("sums", norm.name, {
      ...this.#norm(norm),
      ...this.operands({ from, other }),
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
      ...this.operands({ from: norm.input, to: norm.name }),
    });
  }

  /** From the sums, a norm's gradients of γ and β and what `normBackward` uses. */
  normGradient(norm: Norm): Operation {
    return operation("normGradient", norm.name, {
      ...this.#norm(norm),
      to: this.gradient(`${norm.name}.weight`),
      other: this.gradient(`${norm.name}.bias`),
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
      ...this.operands({ from: norm.input, to: `∂${norm.name}` }),
      partial: at + 4 * weightCount(stage),
      partialShard: shard,
    });
  }

  #convolution(
    stage: Stage,
    direction: Stage["direction"],
    layer: string,
    fields: Fields<typeof OPERATION>,
  ): Operation {
    const { name, shape } = stage;
    const kernel = isEdge(stage) ? `${direction}Edge` as const : direction;
    return operation(kernel, layer, {
      ...fields,
      ...shapeFields(stage),
      weight: kernel === "downEdge"
        ? this.parameter(`${name}.weight`)
        : this.memory.packed(`${direction} ${name}`),
    }, convolutionFlops(shape));
  }

  #norm({ name, places, channels }: Norm): Fields<typeof OPERATION> {
    const { coefficients, sums } = this.memory.norm(name);
    const mean = this.memory.spec.runningBlocks
      .find((block) => block.name === `${name}.running_mean`)!;
    return {
      norm: coefficients,
      partial: sums,
      partialShard: 16 * channels,
      gamma: this.parameter(`${name}.weight`),
      beta: this.parameter(`${name}.bias`),
      running: this.memory.running + 4 * mean.offset,
      rows: places,
      columns: channels,
    };
  }
}

/** The buffer with the gradient of a stage's output, or of its norm's. */
function gradientOf({ norm, output }: Stage): string {
  return `∂${norm?.name ?? output}`;
}

/** Whether one side has a single channel, which kernels of their own take. */
export function isEdge({ shape }: Stage): boolean {
  return shape.large.channels === 1;
}
