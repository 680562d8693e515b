/**
 * The weights as `product` reads them: in panels of eight columns.
 *
 * @module
 */
import { type LinearName, linearShape, type Stage, STAGES } from "../stages.ts";
import { isEdge } from "./layers.ts";
import { FOLDED, type MemoryMap } from "./memory.ts";
import { type Operation, operation } from "./record.ts";
import { roundUp } from "./rows.ts";
import { SIZE } from "./words.ts";

/** The shape of a matrix; the steps are in elements. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
  /** Coefficients of a norm that scales the rows, or 0. */
  readonly norm?: number;
}

/** Taps of a kernel's rows and columns in the order in which `up` meets them. */
const UP_ORDER = [2, 0, 1];

/** The packing of all weights: due after each update. */
export function packing(memory: MemoryMap): Operation[] {
  return [
    ...STAGES.flatMap((stage) => packStage(memory, stage)),
    ...packLinear(memory, "heads"),
    ...memory.map.training ? [] : packLinear(memory, "fc_decode"),
  ];
}

/** The packing of the map: due after it has been made. */
export function packMap(memory: MemoryMap): Operation[] {
  const [rows, columns] = linearShape("map", memory.latentDim);
  const { at, row } = memory.buffer("map");
  return packBothWays(memory, "map", at, rows, columns, row / 4);
}

/**
 * Weights and biases with the norm of their input in them, as the running
 * statistics make it: its scale in the weights, its shift in the bias. That is
 * another bias for each kind of place, as it has other taps.
 */
export function folding(memory: MemoryMap): Operation[] {
  return FOLDED.flatMap((stage) => {
    const { name, inputNorm, shape } = stage;
    const norm = memory.norm(inputNorm.name).coefficients;
    const bias = memory.parameters + memory.parameter(`${name}.bias`);
    return [
      ...packUp(memory, stage, memory.packed(`folded ${name}`), norm),
      operation("foldBias", "", {
        units: 1,
        from: memory.parameters + memory.parameter(`${name}.weight`),
        to: memory.packed(`folded ${name} bias`),
        bias: isEdge(stage) ? 0 : bias,
        norm,
        largeChannels: shape.large.channels,
        smallChannels: shape.small.channels,
      }),
    ];
  });
}

function packStage(memory: MemoryMap, stage: Stage): Operation[] {
  const { name, shape } = stage;
  const L = shape.large.channels, S = shape.small.channels;
  const from = memory.parameters + memory.parameter(`${name}.weight`);
  const up = packUp(memory, stage, memory.packed(`up ${name}`));
  // `downEdge` reads them as they are.
  if (isEdge(stage)) return up;
  const matrix = { rows: 9 * L, columns: S, rowStep: S, columnStep: 1 };
  return [pack(from, memory.packed(`down ${name}`), matrix), ...up];
}

/** The weights as `up` and `upEdge` read them, scaled by a norm if one is given. */
function packUp(
  memory: MemoryMap,
  stage: Stage,
  to: number,
  norm = 0,
): Operation[] {
  const { name, shape } = stage;
  const L = shape.large.channels, S = shape.small.channels;
  const from = memory.parameters + memory.parameter(`${name}.weight`);
  const matrix = { rows: S, rowStep: 1, columnStep: S, norm };
  if (isEdge(stage)) return [pack(from, to, { ...matrix, columns: 9 })];
  return UP_ORDER.flatMap((y) => UP_ORDER.map((x) => 3 * y + x))
    .map((tap, rank) =>
      pack(
        from + 4 * tap * L * S,
        to + 4 * rank * S * SIZE.panel,
        { ...matrix, columns: L },
        9 * S,
      )
    );
}

function packLinear(
  memory: MemoryMap,
  layer: "heads" | "fc_decode",
): Operation[] {
  const [inputs, outputs] = linearShape(layer, memory.latentDim);
  const from = memory.parameters + memory.parameter(`${layer}.weight`);
  return packBothWays(memory, layer, from, inputs, outputs, outputs);
}

/** Packs a matrix, and its transpose for the way back. */
function packBothWays(
  memory: MemoryMap,
  layer: LinearName,
  from: number,
  rows: number,
  columns: number,
  rowStep: number,
): Operation[] {
  return [
    pack(from, memory.packed(layer), { rows, columns, rowStep, columnStep: 1 }),
    pack(from, memory.packed(`back ${layer}`), {
      ...{ rows: columns, columns: rows, rowStep: 1, columnStep: rowStep },
    }),
  ];
}

/** Packs a matrix into panels `depth` deep. */
function pack(
  from: number,
  to: number,
  matrix: Matrix,
  depth = matrix.rows,
): Operation {
  return operation("pack", "", {
    units: 1,
    from,
    to,
    ...matrix,
    panelStep: 4 * SIZE.panel * roundUp(depth, 4),
  });
}
