/**
 * The programs of single layers on the way forward, what each reads, and the map
 * that two of them are.
 *
 * @module
 */
import { offsetOf } from "../../model/spec.ts";
import { mapFlops, MAPPED, type Norm, type Stage, STAGES } from "../stages.ts";
import { down, up } from "./convolution.ts";
import { givenRow, labelAt, zAt } from "./latents.ts";
import { type Layout, shapeIndex } from "./layout.ts";
import { mapped, mapRows } from "./map.ts";
import { type Program, read, write } from "./program.ts";
import { fixedRows, IMAGES, perImage, type Rows } from "./rows.ts";
import {
  type Input,
  normalised,
  normalisedByBatch,
  type Output,
  plain,
  rectified,
} from "./sides.ts";
import type { Convolution } from "./staging.ts";

/** Returns where a stage's bias lies in the arena. */
export function biasOf({ spec }: Layout, { name }: Stage): number {
  return offsetOf(spec, `${name}.bias`);
}

/** Makes a stage's convolution, in its own direction or back. */
export function convolution(
  layout: Layout,
  stage: Stage,
  direction: Stage["direction"],
  rest: Pick<Convolution, "name" | "input" | "output" | "rows">,
): Program {
  const { spec, tiling } = layout;
  const { name, shape, transpose } = layout.filterOf(stage);
  const weights = direction === "up" && transpose !== undefined
    ? { buffer: "transposes", offset: transpose }
    : { buffer: "parameters", offset: offsetOf(spec, `${name}.weight`) };
  const make = direction === "down" ? down : up;
  const tile = tiling[direction][shapeIndex(stage)];
  const { workgroups } = tiling;
  return make({ shape, weights, tile, workgroups, ...rest });
}

/** Makes a stage in a training step. */
export function trainingStage(
  layout: Layout,
  stage: Stage,
  { input, output }: { readonly input?: Input; readonly output?: Output } = {},
): Program {
  const { inputNorm } = stage;
  return convolution(layout, stage, stage.direction, {
    name: stage.name,
    input: input ??
      (inputNorm ? byBatch(layout, sourceOf(inputNorm)) : inputOf(stage)),
    output: output ??
      rectified(stage.output, biasOf(layout, stage), stage.norm),
    rows: layout.trainingRows(stage),
  });
}

/** Makes a stage of a trained model. */
export function inferenceStage(
  layout: Layout,
  stage: Stage,
  output: Output = rectified(stage.output, biasOf(layout, stage)),
): Program {
  return convolution(layout, stage, stage.direction, {
    name: stage.name,
    input: inputOf(stage),
    output,
    rows: IMAGES,
  });
}

/** Returns how many workgroups of a training step left sums of rows, as WGSL. */
export function partsOf({ tiling }: Layout, rows: Rows): string {
  return `min(${rows.code}, ${tiling.workgroups}u)`;
}

/** Reads what a stage leaves, normalised by whoever is the first to need it. */
export function byBatch(layout: Layout, stage: Stage): Input {
  const rows = layout.trainingRows(stage);
  const parts = partsOf(layout, rows);
  return normalisedByBatch(
    stage.norm!,
    stage.output,
    layout.spec,
    parts,
    rows,
  );
}

/** Reads what a stage reads on the way forward. */
export function inputOf({ input, inputNorm }: Stage): Input {
  if (!inputNorm) return plain(input, input === "image" ? "f32" : "vec4<f32>");
  return normalised(inputNorm, sourceOf(inputNorm).output);
}

/** The stage whose output a norm reads. */
function sourceOf({ name }: Norm): Stage {
  return STAGES.find(({ norm }) => norm?.name === name)!;
}

/**
 * Reads the rows of fc_decode's weights, its bias and those of the classes, as if
 * they were images.
 */
export function decodeRows({ spec }: Layout): Input {
  const first = offsetOf(spec, "fc_decode.weight");
  return {
    bindings: { input: read("parameters") },
    value: `input[${first / 4}u + at]`,
  };
}

/** Takes them through decoder.0: the map. */
export function makeMap(layout: Layout): Program {
  const { latentDim, batchSize, classCount } = layout.options;
  const made = convolution(layout, MAPPED, "up", {
    name: "map",
    input: decodeRows(layout),
    output: {
      // The weights come from the same buffer.
      bindings: { weights: write("transposes") },
      store: `weights[${layout.map / 4}u + at] = value;`,
      sums: 0,
    },
    rows: fixedRows(mapRows(layout.spec)),
  });
  return { ...made, flops: mapFlops(latentDim, classCount) / batchSize };
}

/** Makes decoder.0's output by the map, of z that `latentForward` drew. */
export function mapDrawn(layout: Layout, training: boolean): Program {
  const latents = training ? layout.latents : layout.inferred;
  return byMap(layout, {
    z: {
      buffer: "latents",
      at: (row) => zAt(row, latents),
      ...latents.classCount > 0 && {
        label: (row) => labelAt(`${row} / ${latents.draws}u`, latents),
      },
    },
    rows: perImage(latents.draws),
    norm: training ? MAPPED.norm : undefined,
  });
}

/** Makes the same of z that were given. */
export function mapGiven(layout: Layout): Program {
  const { latentDim } = layout.options;
  const width = givenRow(layout.spec);
  return byMap(layout, {
    z: {
      buffer: "z",
      at: (row) => `${row} * ${width}u`,
      ...layout.spec.classCount > 0 && {
        label: (row) => `u32(latents[${row} * ${width}u + ${latentDim}u])`,
      },
    },
    rows: IMAGES,
  });
}

function byMap(
  layout: Layout,
  { norm, ...from }: Pick<Parameters<typeof mapped>[0], "z" | "rows"> & {
    readonly norm?: Norm;
  },
): Program {
  const { options: { latentDim }, map, tiling } = layout;
  return mapped({
    ...from,
    latentDim,
    map,
    output: rectified(MAPPED.output, biasOf(layout, MAPPED), norm),
    workgroups: tiling.workgroups,
    images: tiling.mapped,
  });
}
