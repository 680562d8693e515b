/**
 * The weights as `product` reads them: in panels of eight columns.
 *
 * @module
 */
import {
  LINEAR,
  type LinearName,
  linearShape,
  type Stage,
  STAGES,
} from "../stages.ts";
import { type MemoryMap, roundUp } from "./memory.ts";
import { isEdge, type Operation, operation } from "./operations.ts";
import { SIZE } from "./words.ts";

/** A matrix in a block of parameters; the steps are in elements. */
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
    ...LINEAR.flatMap((layer) => packLinear(memory, layer)),
  ];
}

function packStage(memory: MemoryMap, stage: Stage): Operation[] {
  const { name, shape } = stage;
  const L = shape.large.channels, S = shape.small.channels;
  const block = `${name}.weight`;
  const down = memory.packed(`down ${name}`), up = memory.packed(`up ${name}`);
  const transposed = { rowStep: 1, columnStep: S };
  return [
    pack(memory, block, down, {
      ...{ rows: 9 * L, columns: S, rowStep: S, columnStep: 1 },
    }),
    ...isEdge(stage)
      ? [pack(memory, block, up, { rows: S, columns: 9, ...transposed })]
      : UP_ORDER.flatMap((y) => UP_ORDER.map((x) => 3 * y + x))
        .map((tap, rank) =>
          pack(
            memory,
            block,
            up + 4 * rank * S * SIZE.panel,
            { rows: S, columns: L, ...transposed },
            { first: tap * L * S, depth: 9 * S },
          )
        ),
  ];
}

function packLinear(memory: MemoryMap, layer: LinearName): Operation[] {
  const [inputs, outputs] = linearShape(layer, memory.latentDim);
  const block = `${layer}.weight`;
  return [
    pack(memory, block, memory.packed(layer), {
      ...{ rows: inputs, columns: outputs, rowStep: outputs, columnStep: 1 },
    }),
    pack(memory, block, memory.packed(`back ${layer}`), {
      ...{ rows: outputs, columns: inputs, rowStep: 1, columnStep: outputs },
    }),
  ];
}

/** Packs the matrix at a block's `first` element into panels `depth` deep. */
function pack(
  memory: MemoryMap,
  block: string,
  to: number,
  matrix: Matrix,
  { first = 0, depth = matrix.rows } = {},
): Operation {
  return operation("pack", "", {
    units: 1,
    from: memory.parameters + memory.parameter(block) + 4 * first,
    to,
    ...matrix,
    panelStep: 4 * SIZE.panel * roundUp(depth, 4),
  });
}
