/**
 * The model's layers as rows: what each gives, and what it takes.
 *
 * @module
 */
import {
  convolutionFlops,
  linearFlops,
  STAGES,
} from "../../lib/engine/stages.ts";
import {
  type ConvShape,
  FEATURE_COUNT,
  IMAGE_SIZE,
  type ModelSpec,
} from "../../lib/model/spec.ts";
import { textTable } from "./tables.ts";

/** A layer, for one image. */
export interface Layer {
  /** PyTorch's name; `image` and `z` are what flows between. */
  readonly name: string;
  /** What it computes, in the words of PyTorch. */
  readonly computes: string;
  /** Shape of its output, as PyTorch has it: channels, rows, columns. */
  readonly output: readonly number[];
  /** Weights and biases that are trained. */
  readonly parameters: number;
  /** Multiplications, each with its addition; null where none are counted. */
  readonly multiplyAdds: number | null;
}

/**
 * Lists the layers in the order they run.
 *
 * @param model Where its tensors lie.
 * @param autoencoder Whether z is μ.
 */
export function layersOf(model: ModelSpec, autoencoder: boolean): Layer[] {
  const { latentDim, classCount, parameters } = model;
  const layer = (
    name: string,
    computes: string,
    output: readonly number[],
    flops: number | null = null,
  ): Layer => ({
    ...{ name, computes, output },
    parameters: parameters.filter((tensor) =>
      tensor.name === `${name}.weight` || tensor.name === `${name}.bias`
    ).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0),
    multiplyAdds: flops === null ? null : flops / 2,
  });
  const told = classCount ? ` + ${classCount}` : "";
  const head = (name: string, use = "") =>
    layer(
      name,
      `Linear ${FEATURE_COUNT}${told} → ${latentDim}${use}`,
      [latentDim],
      linearFlops(latentDim, ["heads"]) / 2,
    );
  const stages = (side: "down" | "up") =>
    STAGES.filter(({ direction }) => direction === side)
      .flatMap(({ name, shape, norm, output }) => {
        const { size, channels } = side === "down" ? shape.small : shape.large;
        const map = [channels, size, size];
        return [
          layer(name, wordStage(side, shape), map, convolutionFlops(shape)),
          ...norm
            ? [layer(output, "ReLU", map), layer(norm.name, "BatchNorm2d", map)]
            : [],
        ];
      });
  return [
    layer("image", "", [1, IMAGE_SIZE, IMAGE_SIZE]),
    ...stages("down"),
    head("fc_mu"),
    head("fc_logvar", autoencoder ? ", unused" : ""),
    layer("z", autoencoder ? "μ" : "μ + σ·ε", [latentDim]),
    layer(
      "fc_decode",
      `Linear ${latentDim}${told} → ${FEATURE_COUNT}`,
      [FEATURE_COUNT],
      linearFlops(latentDim, ["fc_decode"]),
    ),
    ...stages("up"),
  ];
}

/** Says what a convolution is, in the words of PyTorch. */
function wordStage(side: "down" | "up", { large, small }: ConvShape): string {
  return side === "down"
    ? `Conv2d ${large.channels} → ${small.channels}`
    : `ConvTranspose2d ${small.channels} → ${large.channels}`;
}

/** Adds up what layers take. */
export function sumLayers(
  layers: readonly Layer[],
): Pick<Layer, "parameters"> & { readonly multiplyAdds: number } {
  return {
    parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
    multiplyAdds: layers.reduce(
      (sum, { multiplyAdds }) => sum + (multiplyAdds ?? 0),
      0,
    ),
  };
}

/** Lays the layers out, with their sums below. */
export function layerTable(layers: readonly Layer[]): string {
  const sums = sumLayers(layers);
  const table = textTable(
    ["layer", "computes", "output", "parameters", "multiply-adds"],
    [
      ...layers.map(({ name, computes, output, parameters, multiplyAdds }) => [
        name,
        computes,
        output.join("×"),
        parameters === 0 ? "" : parameters.toLocaleString("en"),
        multiplyAdds?.toLocaleString("en") ?? "",
      ]),
      [
        ...["all", "", ""],
        sums.parameters.toLocaleString("en"),
        sums.multiplyAdds.toLocaleString("en"),
      ],
    ],
  );
  return [
    table,
    "",
    "Kernels are 3×3, with stride 2 and padding 1. Multiply-adds are those of one",
    "image, where a kernel lies on it; of a class a row is looked up.",
  ].join("\n");
}
