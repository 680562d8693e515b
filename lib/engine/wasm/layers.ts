/**
 * The operations of the layers: convolutions, norms, linear layers, and the
 * linear map that fc_decode and decoder.0 are together.
 *
 * @module
 */
import {
  convolutionFlops,
  linearFlops,
  type LinearName,
  linearShape,
  MAPPED,
  type Norm,
  type Stage,
} from "../stages.ts";
import { biasCount, type FOLDED, weightCount } from "./memory.ts";
import { type Operation, operation, Records, shapeFields } from "./record.ts";
import { roundUp } from "./rows.ts";
import { type Fields, type OPERATION, SIZE } from "./words.ts";

/** Rows in one unit of work of a linear layer's gradient, at most. */
const LINEAR_ROWS = 64;

/** Weights whose gradients make one unit of work. */
const LINEAR_WEIGHTS = 1536;

/** Makes the operations of layers on the buffers and weights of one memory. */
export class LayerOperations extends Records {
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

  /** to = from · weights + bias, with a ReLU if a norm follows. */
  linear(layer: LinearName, from: string, to: string): Operation {
    const [rows, columns] = linearShape(layer, this.memory.latentDim);
    return operation("linear", layer, {
      ...this.operands({ from, to }),
      weight: this.memory.packed(layer),
      bias: this.#linear(layer, this.memory.parameters).bias,
      relu: Number(layer === "map"),
      rows,
      columns,
    }, linearFlops(this.memory.latentDim, [layer]));
  }

  /** to = from · weightsᵀ: the gradient of a linear layer's input. */
  linearBack(layer: LinearName, from: string, to: string): Operation {
    const [columns, rows] = linearShape(layer, this.memory.latentDim);
    return operation("linear", `${layer} (input gradient)`, {
      ...this.operands({ from, to }),
      weight: this.memory.packed(`back ${layer}`),
      rows,
      columns,
    }, linearFlops(this.memory.latentDim, [layer]));
  }

  /** The gradient of a linear layer's weights and bias, over the batch. */
  linearGradient(layer: LinearName, from: string, other: string): Operation {
    const [rows, columns] = linearShape(layer, this.memory.latentDim);
    const { weight, bias, row } = this.#linear(layer, this.memory.gradients);
    const rowStep = Math.min(rows, LINEAR_ROWS);
    const columnStep = roundUp(LINEAR_WEIGHTS / rowStep, SIZE.panel);
    return operation("linearGradient", layer, {
      units: Math.ceil(rows / rowStep) * Math.ceil(columns / columnStep),
      ...this.operands({ from, other }),
      to: weight,
      toRow: row,
      bias,
      rows,
      columns,
      rowStep,
      columnStep,
    }, linearFlops(this.memory.latentDim, [layer]));
  }

  /**
   * The map, from the weights: the rows of fc_decode's weights and its bias, as
   * if they were images, through decoder.0. Only the last gets decoder.0's bias.
   */
  makeMap(): Operation[] {
    const { map, latentDim } = this.memory;
    const { name, shape } = MAPPED;
    const from = this.memory.buffer("fc_decode.weight");
    const to = this.memory.buffer("map");
    const part = (first: number, rows: number, bias: number) =>
      operation("up", `${name} (map)`, {
        units: shape.large.size,
        from: from.at + first * from.row,
        fromRow: from.row,
        to: to.at + first * to.row,
        toRow: to.row,
        ...shapeFields(MAPPED),
        weight: this.memory.packed(`up ${name}`),
        bias,
        rows,
      }, map.share * rows * convolutionFlops(shape));
    return [
      part(0, latentDim, 0),
      part(latentDim, 1, this.parameter(`${name}.bias`)),
    ];
  }

  /** From the gradient of the map those of the weights that made it. */
  mapBackward(): Operation[] {
    const { map, latentDim } = this.memory;
    const { name, shape } = MAPPED;
    const rows = latentDim + 1;
    const flops = map.share * rows * convolutionFlops(shape);
    return [
      operation("filterGradient", `${name} (map)`, {
        units: 9,
        ...this.operands({ from: "∂map", other: "fc_decode.weight" }),
        ...shapeFields(MAPPED),
        partial: this.gradient(`${name}.weight`),
        rows,
      }, flops),
      operation("down", `${name} (map gradient)`, {
        units: shape.small.size,
        ...this.operands({ from: "∂map", to: "∂fc_decode.weight" }),
        ...shapeFields(MAPPED),
        weight: this.memory.packed(`down ${name}`),
        rows,
      }, flops),
    ];
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

  /** Where a linear layer has its weights, or in that arena its gradients. */
  #linear(layer: LinearName, arena: number) {
    const [inputs, outputs] = linearShape(layer, this.memory.latentDim);
    if (layer === "map") {
      const isGradient = arena === this.memory.gradients;
      const { at, row } = this.memory.buffer(isGradient ? "∂map" : "map");
      return { weight: at, bias: at + inputs * row, row };
    }
    return {
      weight: arena + this.memory.parameter(`${layer}.weight`),
      bias: arena + this.memory.parameter(`${layer}.bias`),
      row: 4 * outputs,
    };
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
