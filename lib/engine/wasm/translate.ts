/**
 * Translates the operations of a plan into the kernels' records.
 *
 * @module
 */
import {
  type Norm,
  type Operation,
  OUTPUT,
  type Stage,
  STAGES,
} from "../stages.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import type { Fields } from "./encode.ts";
import { type Layout, roundUp } from "./layout.ts";
import { Kind, Size } from "./records.ts";

/** The fields of one operation's record. */
export type Record = Fields & { kind: Kind };

/** Rows in one unit of work of a linear layer's gradient. */
const LINEAR_ROWS = 64;

/** Taps of a kernel's rows and columns in the order in which `up` meets them. */
const UP_ORDER = [2, 0, 1];

/** The record of one operation. */
export function translate(operation: Operation, layout: Layout): Record {
  const operand = (field: string, name: string): Fields => {
    const { at, row, thread } = layout.buffer(name);
    return { [field]: at, [`${field}Row`]: row, [`${field}Thread`]: thread };
  };
  const parameter = (name: string) =>
    layout.parameters + layout.parameter(name);
  const gradient = (name: string) => layout.gradients + layout.parameter(name);
  const kl = {
    partial: layout.klSums,
    partialShard: 8 * layout.latentDim,
  };
  const losses = { partial: layout.losses, partialShard: 8 };

  switch (operation.kind) {
    case "gather":
      return {
        kind: Kind.gather,
        ...operand("to", operation.to),
        columns: IMAGE_PIXELS,
      };
    case "down":
    case "up": {
      const { kind, stage, from, to, backward } = operation;
      const edge = stage.shape.large.channels === 1;
      return {
        kind: Kind[edge ? `${kind}Edge` as const : kind],
        ...operand("from", from),
        ...operand("to", to),
        ...shapeFields(stage),
        weight: layout.packed(`${kind} ${stage.name}`),
        bias: backward ? 0 : parameter(`${stage.name}.bias`),
        relu: Number(!backward && stage.norm !== undefined),
      };
    }
    case "filterGradient": {
      const { stage, large, small } = operation;
      const { at, shard } = layout.partial(stage.name);
      const edge = stage.shape.large.channels === 1;
      return {
        kind: edge ? Kind.edgeGradient : Kind.filterGradient,
        ...operand("from", large),
        ...operand("other", small),
        ...shapeFields(stage),
        partial: at,
        partialShard: shard,
      };
    }
    case "linear": {
      const { weight, from, to, transposed } = operation;
      const [rows, columns] = layout.linearShape(weight);
      return {
        kind: Kind.linear,
        ...operand("from", from),
        ...operand("to", to),
        weight: layout.packed(transposed ? `back ${weight}` : weight),
        bias: transposed ? 0 : parameter(`${weight}.bias`),
        rows: transposed ? columns : rows,
        columns: transposed ? rows : columns,
      };
    }
    case "linearGradient": {
      const { weight, from, other } = operation;
      const [rows, columns] = layout.linearShape(weight);
      return {
        kind: Kind.linearGradient,
        units: Math.ceil(rows / LINEAR_ROWS) + 1,
        ...operand("from", from),
        ...operand("other", other),
        to: gradient(`${weight}.weight`),
        bias: gradient(`${weight}.bias`),
        rows,
        columns,
        rowStep: LINEAR_ROWS,
      };
    }
    case "sums":
      return {
        kind: Kind.sums,
        ...normFields(operation.norm, layout),
        ...operand("from", operation.from),
        ...operand("other", operation.other),
      };
    case "moments":
    case "inferenceMoments":
      return {
        kind: Kind[operation.kind],
        ...normFields(operation.norm, layout),
      };
    case "normGradient":
      return {
        kind: Kind.normGradient,
        ...normFields(operation.norm, layout),
        to: gradient(`${operation.norm.name}.weight`),
        other: gradient(`${operation.norm.name}.bias`),
      };
    case "normalise":
      return {
        kind: Kind.normalise,
        ...normFields(operation.norm, layout),
        ...operand("from", operation.from),
        ...operand("to", operation.to),
      };
    case "normBackward": {
      const { name, shape } = operation.stage;
      const { at, shard } = layout.partial(name);
      return {
        kind: Kind.normBackward,
        ...normFields(operation.norm, layout),
        ...operand("from", operation.from),
        ...operand("to", operation.to),
        partial: at + weightBytes(shape),
        partialShard: shard,
      };
    }
    case "noise":
      return { kind: Kind.noise, ...operand("to", "epsilon") };
    case "reparameterise":
      return {
        kind: Kind.reparameterise,
        ...operand("from", "heads"),
        ...operand("other", "epsilon"),
        ...operand("to", "z"),
        ...kl,
      };
    case "latentTotals":
      return { kind: Kind.latentTotals, to: layout.klFactor, ...kl };
    case "latentBackward":
      return {
        kind: Kind.latentBackward,
        ...operand("from", "∂z"),
        ...operand("other", "heads"),
        ...operand("extra", "epsilon"),
        ...operand("to", "∂heads"),
        norm: layout.klFactor,
      };
    case "loss": {
      const { name, shape } = STAGES.at(-1)!;
      const { at, shard } = layout.partial(name);
      return {
        kind: Kind.loss,
        ...operand("from", OUTPUT),
        ...operand("other", "image"),
        ...operand("to", `∂${OUTPUT}`),
        ...losses,
        columns: IMAGE_PIXELS,
        bias: operation.training ? at + weightBytes(shape) : 0,
        biasShard: shard,
      };
    }
    case "lossTotal":
      return { kind: Kind.lossTotal, ...losses };
    case "sigmoid":
      return {
        kind: Kind.sigmoid,
        ...operand("to", OUTPUT),
        columns: IMAGE_PIXELS,
      };
    case "reduce": {
      const { name, shape, direction } = operation.stage;
      const { at, shard } = layout.partial(name);
      const { large, small } = shape;
      const biases = direction === "down" ? small.channels : large.channels;
      const columns = weightBytes(shape) / 4 + biases;
      return {
        kind: Kind.reduce,
        units: Math.ceil(columns / Size.block),
        to: gradient(`${name}.weight`),
        columns,
        partial: at,
        partialShard: shard,
      };
    }
    case "adam":
      return {
        kind: Kind.adam,
        units: Math.ceil(layout.spec.parameterCount / Size.block),
        from: layout.gradients,
        to: layout.parameters,
        weight: layout.expAvg,
        bias: layout.expAvgSq,
        columns: layout.spec.parameterCount,
      };
  }
}

/** Records that pack the weights as `product` reads them: after each update. */
export function packing(layout: Layout): Record[] {
  const records: Record[] = [];
  const pack = (
    block: string,
    to: number,
    shape: {
      rows: number;
      columns: number;
      rowStep: number;
      columnStep: number;
    },
    first = 0,
    depth = shape.rows,
  ) =>
    records.push({
      kind: Kind.pack,
      units: 1,
      from: layout.parameters + layout.parameter(block) + 4 * first,
      to,
      ...shape,
      panelStep: 4 * Size.panel * roundUp(depth, 4),
    });

  for (const { name, shape } of STAGES) {
    const L = shape.large.channels, S = shape.small.channels;
    const block = `${name}.weight`;
    const down = layout.packed(`down ${name}`),
      up = layout.packed(`up ${name}`);
    pack(block, down, { rows: 9 * L, columns: S, rowStep: S, columnStep: 1 });
    if (L === 1) {
      pack(block, up, { rows: S, columns: 9, rowStep: 1, columnStep: S });
      continue;
    }
    UP_ORDER.flatMap((y) => UP_ORDER.map((x) => 3 * y + x))
      .forEach((tap, rank) =>
        pack(
          block,
          up + 4 * rank * S * Size.panel,
          { rows: S, columns: L, rowStep: 1, columnStep: S },
          tap * L * S,
          9 * S,
        )
      );
  }
  for (const name of ["heads", "fc_decode"] as const) {
    const block = `${name}.weight`;
    const [inputs, outputs] = layout.linearShape(name);
    pack(block, layout.packed(name), {
      rows: inputs,
      columns: outputs,
      rowStep: outputs,
      columnStep: 1,
    });
    pack(block, layout.packed(`back ${name}`), {
      rows: outputs,
      columns: inputs,
      rowStep: 1,
      columnStep: outputs,
    });
  }
  return records;
}

function weightBytes({ large, small }: Stage["shape"]): number {
  return 4 * 9 * large.channels * small.channels;
}

function shapeFields({ shape: { large, small } }: Stage): Fields {
  return {
    largeSize: large.size,
    largeChannels: large.channels,
    smallSize: small.size,
    smallChannels: small.channels,
  };
}

function normFields({ name, places, channels }: Norm, layout: Layout): Fields {
  const { coefficients, sums } = layout.norm(name);
  const mean = layout.spec.runningBlocks
    .find((block) => block.name === `${name}.running_mean`)!;
  return {
    norm: coefficients,
    partial: sums,
    partialShard: 16 * channels,
    gamma: layout.parameters + layout.parameter(`${name}.weight`),
    beta: layout.parameters + layout.parameter(`${name}.bias`),
    running: layout.running + 4 * mean.offset,
    rows: places,
    columns: channels,
  };
}
