/**
 * Writes Keras models layer by layer, in the format of `tf.loadLayersModel`.
 *
 * The format: https://www.tensorflow.org/js/guide/save_load, and in the
 * topology Keras's `Model.to_json()`.
 *
 * @module
 */
import { type Block, modelSpec } from "../model/spec.ts";
import { metadataOf, type TrainedModel } from "./trained_model.ts";

/** A tensor of a layer, row-major. */
export interface Weight {
  /** Sizes along each axis. */
  readonly shape: readonly number[];
  /** Its elements. */
  readonly data: Float32Array;
}

/** A Keras model that grows layer by layer. */
export class KerasGraph {
  readonly #model: TrainedModel;
  readonly #blocks: Map<string, Weight>;
  readonly #layers: unknown[] = [];
  readonly #inputs: [string, 0, 0][] = [];
  readonly #outputs: [string, 0, 0][] = [];
  readonly #weights: [name: string, Weight][] = [];

  /** Makes a graph without layers; `model` is where their weights come from. */
  constructor(model: TrainedModel) {
    const { parameters, running } = model.state;
    const spec = modelSpec(model.options.latentDim, model.options.classCount);
    const view =
      (arena: Float32Array) =>
      ({ name, shape, offset }: Block): [string, Weight] => {
        const size = shape.reduce((a, b) => a * b);
        return [name, { shape, data: arena.subarray(offset, offset + size) }];
      };
    this.#model = model;
    this.#blocks = new Map([
      ...spec.parameterBlocks.map(view(parameters)),
      ...spec.runningBlocks.map(view(running)),
    ]);
  }

  /** Returns a block of the model's arenas. */
  block(name: string): Weight {
    return this.#blocks.get(name)!;
  }

  /** Returns the weights of a convolution or a linear layer. */
  kernel(name: string): Record<string, Weight> {
    return {
      kernel: this.block(`${name}.weight`),
      bias: this.block(`${name}.bias`),
    };
  }

  /** Adds an input; returns its name. */
  input(
    name: string,
    shape: readonly number[],
    dtype: "float32" | "int32" = "float32",
  ): string {
    this.#layers.push({
      class_name: "InputLayer",
      name,
      config: { name, dtype, batch_input_shape: [null, ...shape] },
      inbound_nodes: [],
    });
    this.#inputs.push([name, 0, 0]);
    return name;
  }

  /** Adds a layer; returns its name. */
  add(
    type: string,
    name: string,
    inputs: string | readonly string[],
    config: Record<string, unknown> = {},
    weights: Record<string, Weight> = {},
  ): string {
    this.#layers.push({
      class_name: type,
      name,
      config: { name, dtype: "float32", trainable: true, ...config },
      inbound_nodes: [[inputs].flat().map((input) => [input, 0, 0, {}])],
    });
    for (const [key, weight] of Object.entries(weights)) {
      this.#weights.push([`${name}/${key}`, weight]);
    }
    return name;
  }

  /** Makes a layer's output one of the model's. */
  output(name: string): void {
    this.#outputs.push([name, 0, 0]);
  }

  /** Writes `model.json` and `weights.bin` in a folder of this name. */
  files(folder: string): [path: string, bytes: Uint8Array][] {
    const json = {
      format: "layers-model",
      generatedBy: "@vae/mnist",
      modelTopology: {
        class_name: "Model",
        config: {
          name: folder,
          layers: this.#layers,
          input_layers: this.#inputs,
          output_layers: this.#outputs,
        },
      },
      weightsManifest: [{
        paths: ["weights.bin"],
        weights: this.#weights.map(([name, { shape }]) => ({
          name,
          shape,
          dtype: "float32",
        })),
      }],
      userDefinedMetadata: metadataOf(this.#model),
    };
    const arrays = this.#weights.map(([, { data }]) => data);
    const all = new Float32Array(arrays.reduce((n, a) => n + a.length, 0));
    let at = 0;
    for (const array of arrays) {
      all.set(array, at);
      at += array.length;
    }
    return [
      [`${folder}/model.json`, new TextEncoder().encode(JSON.stringify(json))],
      [`${folder}/weights.bin`, new Uint8Array(all.buffer)],
    ];
  }
}
