/**
 * Writes ONNX files node by node.
 *
 * The numbers of the fields and types are those of
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { toStateDict } from "../checkpoint/torch_layout.ts";
import type { Tensor } from "../formats/safetensors.ts";
import { modelSpec } from "../model/spec.ts";
import { metadataOf, type TrainedModel } from "./trained_model.ts";
import { bytes, float, integer, message } from "../formats/protobuf.ts";

const IR_VERSION = 8;
const OPSET = 17;

/** `TensorProto.DataType` */
const DATA_TYPE = { F32: 1, I64: 7, U8: 2 };

/** `AttributeProto.AttributeType` */
const FLOAT = 1, INT = 2, INTS = 7;

/** PyTorch keeps a linear layer's weight as [out, in]. */
const LINEAR = { transB: 1 };

/** Sizes along each axis; a name stands for one that is free. */
export type Shape = readonly (number | string)[];

/** An operator's settings. Whole numbers are of type int, others float. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** A graph with the tensors of a model. */
export class OnnxGraph {
  readonly #name: string;
  readonly #about: string;
  readonly #model: TrainedModel;
  readonly #tensors: Map<string, Tensor>;
  readonly #fields: Uint8Array[] = [];

  /**
   * Makes an empty graph.
   *
   * @param about What it computes, for people.
   * @param model Where its tensors come from.
   */
  constructor(name: string, about: string, model: TrainedModel) {
    this.#name = name;
    this.#about = about;
    this.#model = model;
    this.#tensors = toStateDict(
      modelSpec(model.options.latentDim, model.options.classCount),
      model.state,
    );
  }

  /**
   * Declares an input, of float32 unless told otherwise.
   *
   * @param about What is in it, for people.
   */
  input(
    name: string,
    shape: Shape,
    about: string,
    type: keyof typeof DATA_TYPE = "F32",
  ): void {
    this.#fields.push(bytes(11, valueInfo(name, shape, about, type)));
  }

  /**
   * Declares an output of float32: the value called `from`.
   *
   * @param about What is in it, for people.
   */
  output(name: string, shape: Shape, about: string, from: string): void {
    this.node("Identity", [from], {}, name);
    this.#fields.push(bytes(12, valueInfo(name, shape, about)));
  }

  /** Adds a tensor, of the model unless told otherwise; returns its name. */
  tensor(name: string, tensor = this.#tensors.get(name)!): string {
    this.#fields.push(bytes(5, tensorProto(name, tensor)));
    return name;
  }

  /** Adds a constant list of sizes; returns its name. */
  sizes(sizes: readonly number[]): string {
    const name = sizes.join("×");
    const data = BigInt64Array.from(sizes, BigInt);
    return this.tensor(name, { dtype: "I64", shape: [sizes.length], data });
  }

  /** Adds an operator with one output; returns the output's name. */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    output = `${inputs[0]}/${type}`,
  ): string {
    const node = message(
      ...inputs.map((name) => bytes(1, name)),
      bytes(2, output),
      bytes(3, output),
      bytes(4, type),
      ...Object.entries(attributes).map(([name, value]) =>
        bytes(5, attribute(name, value))
      ),
    );
    this.#fields.push(bytes(1, node));
    return output;
  }

  /** Adds an operator that has the weight and the bias of a layer. */
  layer(
    type: string,
    name: string,
    input: string,
    attributes: Attributes,
  ): string {
    const weight = this.tensor(`${name}.weight`);
    const bias = this.tensor(`${name}.bias`);
    return this.node(type, [input, weight, bias], attributes, name);
  }

  /**
   * Adds a linear layer. One that is told of classes takes its bias from a table,
   * by `label`: a one-hot product is a row of the weight.
   */
  linear(name: string, input: string): string {
    const { classCount = 0 } = this.#model.options;
    if (classCount === 0) return this.layer("Gemm", name, input, LINEAR);
    const { shape: [rows, columns], data } = this.#tensors.get(
      `${name}.weight`,
    )!;
    const bias = this.#tensors.get(`${name}.bias`)!;
    const width = columns - classCount;
    const weight = new Float32Array(rows * width);
    const biases = new Float32Array(classCount * rows);
    for (let row = 0; row < rows; row++) {
      const own = (data as Float32Array)
        .subarray(row * columns, (row + 1) * columns);
      weight.set(own.subarray(0, width), row * width);
      for (let label = 0; label < classCount; label++) {
        biases[label * rows + row] = own[width + label] +
          Number(bias.data[row]);
      }
    }
    const f32 = (shape: number[], data: Float32Array): Tensor => ({
      dtype: "F32",
      shape,
      data,
    });
    const table = this.tensor(
      `${name}.biases`,
      f32([classCount, rows], biases),
    );
    return this.node(
      "Gemm",
      [
        input,
        this.tensor(`${name}.weight`, f32([rows, width], weight)),
        this.node("Gather", [table, "label"]),
      ],
      LINEAR,
      name,
    );
  }

  /** Writes a file with this graph. */
  encode(): Uint8Array {
    const properties = Object.entries(metadataOf(this.#model));
    return message(
      integer(1, IR_VERSION),
      bytes(2, config.name),
      bytes(3, config.version),
      bytes(6, this.#about),
      bytes(
        7,
        message(
          ...[bytes(2, this.#name), ...this.#fields, bytes(10, this.#about)],
        ),
      ),
      bytes(8, integer(2, OPSET)),
      ...properties.map(([key, value]) => {
        const text = typeof value === "string" ? value : JSON.stringify(value);
        return bytes(14, message(bytes(1, key), bytes(2, text)));
      }),
    );
  }
}

function valueInfo(
  name: string,
  shape: Shape,
  about: string,
  type: keyof typeof DATA_TYPE = "F32",
): Uint8Array {
  const dimensions = shape.map((size) =>
    bytes(1, typeof size === "string" ? bytes(2, size) : integer(1, size))
  );
  const tensorType = message(
    integer(1, DATA_TYPE[type]),
    bytes(2, message(...dimensions)),
  );
  return message(
    ...[bytes(1, name), bytes(2, bytes(1, tensorType)), bytes(3, about)],
  );
}

function tensorProto(name: string, { dtype, shape, data }: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = data;
  return message(
    ...shape.map((size) => integer(1, size)),
    integer(2, DATA_TYPE[dtype]),
    bytes(8, name),
    bytes(9, new Uint8Array(buffer, byteOffset, byteLength)),
  );
}

function attribute(
  name: string,
  value: number | readonly number[],
): Uint8Array {
  const typed = typeof value !== "number"
    ? [...value.map((n) => integer(8, n)), integer(20, INTS)]
    : Number.isInteger(value)
    ? [integer(3, value), integer(20, INT)]
    : [float(2, value), integer(20, FLOAT)];
  return message(bytes(1, name), ...typed);
}
