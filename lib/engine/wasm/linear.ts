/**
 * The operations of the linear layers, and of the linear map that fc_decode and
 * decoder.0 are together.
 *
 * @module
 */
import {
  convolutionFlops,
  linearFlops,
  type LinearName,
  linearShape,
  MAPPED,
} from "../stages.ts";
import { type Operation, operation, Records, shapeFields } from "./record.ts";
import { roundUp } from "./rows.ts";
import { SIZE } from "./words.ts";

/** Rows in one unit of work of a linear layer's gradient, at most. */
const LINEAR_ROWS = 64;

/** Weights whose gradients make one unit of work. */
const LINEAR_WEIGHTS = 1536;

/** Makes the operations of linear layers on the weights of one memory. */
export class LinearOperations extends Records {
  /**
   * to = from · weights + bias, and the row of each image's class, with a ReLU if
   * a norm follows.
   */
  linear(layer: LinearName, from: string, to: string): Operation {
    const [rows, columns] = linearShape(layer, this.memory.latentDim);
    const { bias, classes, row } = this.#linear(layer, this.memory.parameters);
    return operation("linear", layer, {
      ...this.operands({ from, to }),
      weight: this.memory.packed(layer),
      bias,
      classes,
      classesRow: row,
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

  /** The gradient of a linear layer's weights, over the batch. */
  linearGradient(layer: LinearName, from: string, other: string): Operation {
    const [rows, columns] = linearShape(layer, this.memory.latentDim);
    const gradients = this.#linear(layer, this.memory.gradients);
    const rowStep = Math.min(rows, LINEAR_ROWS);
    const columnStep = roundUp(LINEAR_WEIGHTS / rowStep, SIZE.panel);
    return operation("linearGradient", layer, {
      units: Math.ceil(rows / rowStep) * Math.ceil(columns / columnStep),
      ...this.operands({ from, other }),
      to: gradients.weight,
      toRow: gradients.row,
      bias: gradients.bias,
      classes: gradients.classes,
      classesRow: gradients.row,
      rows,
      columns,
      rowStep,
      columnStep,
    }, linearFlops(this.memory.latentDim, [layer]));
  }

  /**
   * The map, from the weights: the rows of fc_decode's weights, its bias and its
   * classes, as if they were images, through decoder.0. Only the bias gets that of
   * decoder.0.
   */
  makeMap(): Operation[] {
    const { map, latentDim, spec: { classCount } } = this.memory;
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
      ...classCount ? [part(latentDim + 1, classCount, 0)] : [],
    ];
  }

  /** From the gradient of the map those of the weights that made it. */
  mapBackward(): Operation[] {
    const { map } = this.memory;
    const { name, shape } = MAPPED;
    const { rows } = map;
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

  /**
   * Where a linear layer has its weights, its bias and the rows of its classes, or
   * in that arena their gradients.
   */
  #linear(layer: LinearName, arena: number) {
    const { memory } = this;
    const [inputs, outputs] = linearShape(layer, memory.latentDim);
    const hasClasses = memory.spec.classCount > 0;
    if (layer === "map") {
      const isGradient = arena === memory.gradients;
      const { at, row } = memory.buffer(isGradient ? "∂map" : "map");
      const bias = at + inputs * row;
      return { weight: at, bias, classes: hasClasses ? bias + row : 0, row };
    }
    const block = (name: string) =>
      arena + memory.parameter(`${layer}.${name}`);
    return {
      weight: block("weight"),
      bias: block("bias"),
      classes: hasClasses ? block("classes") : 0,
      row: 4 * outputs,
    };
  }
}
