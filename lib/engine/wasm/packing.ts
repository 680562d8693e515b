/**
 * The weights as `product` reads them: in panels of eight columns.
 *
 * @module
 */
import { type LinearName, linearShape, type Stage, STAGES } from "../stages.ts";
import { isEdge } from "./layers.ts";
import { type MemoryMap, roundUp } from "./memory.ts";
import { type Operation, operation } from "./record.ts";
import { SIZE } from "./words.ts";

/** The shape of a matrix; the steps are in elements. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
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

function packStage(memory: MemoryMap, stage: Stage): Operation[] {
  const { name, shape } = stage;
  const L = shape.large.channels, S = shape.small.channels;
  const from = memory.parameters + memory.parameter(`${name}.weight`);
  const down = memory.packed(`down ${name}`), up = memory.packed(`up ${name}`);
  const transposed = { rowStep: 1, columnStep: S };
  return [
    pack(from, down, {
      ...{ rows: 9 * L, columns: S, rowStep: S, columnStep: 1 },
    }),
    ...isEdge(stage)
      ? [pack(from, up, { rows: S, columns: 9, ...transposed })]
      : UP_ORDER.flatMap((y) => UP_ORDER.map((x) => 3 * y + x))
        .map((tap, rank) =>
          pack(
            from + 4 * tap * L * S,
            up + 4 * rank * S * SIZE.panel,
            { rows: S, columns: L, ...transposed },
            9 * S,
          )
        ),
  ];
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
