/**
 * Puts the rows and columns of a file's linear layers into this project's order:
 * channels before rows and columns, and the one-hot class behind the others.
 *
 * @module
 */
import type { Tensor } from "../formats/safetensors.ts";
import { FEATURE_COUNT } from "../model/spec.ts";
import type { ClassPlaces } from "./heads.ts";
import { channelsLastOf } from "./wirings.ts";

/** The order that a file's linear layers have. */
export interface ColumnOrder {
  readonly places: ClassPlaces;
  /** Whether features stand in the order row, column, channel. */
  readonly isChannelsLast: boolean;
}

/**
 * Reorders a linear layer's weight or bias, or a moment of it; of others there is
 * nothing to reorder.
 *
 * @param name This project's name of the tensor.
 * @param classCount Classes that the model is told of.
 */
export function inOwnOrder(
  name: string,
  tensor: Tensor,
  classCount: number,
  { places, isChannelsLast }: ColumnOrder,
): Tensor {
  if (!name.startsWith("fc_")) return tensor;
  const isDecoder = name.startsWith("fc_decode");
  const place = isDecoder ? places.decoder : places.encoder;
  const [rows, width = 1] = tensor.shape;
  const first = place === "first" && width > 1 ? classCount : 0;
  if (!isChannelsLast && first === 0) return tensor;
  const feature = (i: number) =>
    isChannelsLast && i < FEATURE_COUNT ? channelsLastOf(i) : i;
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const from = isDecoder ? feature(row) : row;
    for (let column = 0; column < width; column++) {
      const own = isDecoder ? column : feature(column);
      data[row * width + column] = tensor
        .data[from * width + (own + first) % width] as number;
    }
  }
  return { dtype: "F32", shape: tensor.shape, data };
}
