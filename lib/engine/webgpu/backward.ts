/**
 * The programs of the way back, from the gradient of the loss with respect to
 * the decoder's output to those of all weights, most of them in parts.
 *
 * @module
 */
import { FEATURE_COUNT, offsetOf } from "../../model/spec.ts";
import { mapFlops, type Stage, STAGES } from "../stages.ts";
import {
  filterGradient,
  type Partials,
  singleFilterGradient,
} from "./filter.ts";
import {
  decodeClassesGradient,
  headClassesGradient,
  mapClassesGradient,
} from "./class_gradients.ts";
import { weighted } from "./draw_weights.ts";
import { latentBackward, meanKl } from "./latent_backward.ts";
import { convolution, decodeRows, inputOf, partsOf } from "./layers.ts";
import { type Layout, shapeIndex } from "./layout.ts";
import {
  decodeGradient,
  headsGradient,
  mapGradient,
  type Split,
} from "./linear.ts";
import { MAP_ROW, mapParts, mapRows } from "./map.ts";
import { normGradient } from "./norm.ts";
import { type Program, write } from "./program.ts";
import { fixedRows, IMAGES } from "./rows.ts";
import { type FixedShare, sharedOut } from "./shares.ts";
import {
  gradientOf,
  type Input,
  type Output,
  plain,
  stored,
  throughNorm,
} from "./sides.ts";

const [E0, E3, E6, D0, D3, D6] = STAGES;

/** Makes the way back. */
export function backward(layout: Layout): Program[] {
  return [
    ...hasOwnWay(layout) ? toLatents(layout) : [],
    inputGradient(layout, D6, gradientOf(D3.norm!, D3.output)),
    filterGradientOf(
      layout,
      D6,
      D3,
      layout.options.freeBits > 0
        ? [meanKl(layout, layout.filterThreads(D6))]
        : [],
    ),
    inputGradient(layout, D3, gradientOf(D0.norm!, D0.output)),
    filterGradientOf(layout, D3, D0),
    ...layout.maps.training ? mappedMiddle(layout) : middle(layout),
    inputGradient(layout, E6, gradientOf(E3.norm!, E3.output)),
    filterGradientOf(layout, E6, E3),
    inputGradient(layout, E3, gradientOf(E0.norm!, E0.output)),
    filterGradientOf(layout, E3, E0),
    filterGradientOf(layout, E0),
  ];
}

/** Whether z follows other weights of the draws than the decoder. */
function hasOwnWay({ options: { objective } }: Layout): boolean {
  return objective === "iwae";
}

/**
 * From the decoder's output back to the features, with the draws' weights for z.
 * What it leaves of the decoder's own gradients, the way that follows makes anew.
 */
function toLatents(layout: Layout): Program[] {
  const own = { suffix: " to z", gradient: weighted(layout, true) };
  const norm = (stage: Stage) => {
    const threads = layout.filterThreads(D6);
    const share = normGradientOf(layout, stage, threads);
    const main = { ...share, groups: () => share.groups };
    return sharedOut(`∂${stage.norm!.name} to z`, threads, main, []);
  };
  const { suffix } = own;
  return [
    inputGradient(layout, D6, gradientOf(D3.norm!, D3.output), own),
    norm(D3),
    inputGradient(layout, D3, gradientOf(D0.norm!, D0.output), { suffix }),
    norm(D0),
    ...layout.maps.training
      ? []
      : [inputGradient(layout, D0, stored("∂fc_decode"), { suffix })],
    ...throughLatents(layout),
  ];
}

/** From z to the features. */
function throughLatents(layout: Layout): Program[] {
  const { spec, maps, map } = layout;
  return [latentBackward(
    layout,
    maps.training
      ? {
        gradient: throughNorm(D0.norm!, D0, false),
        width: MAP_ROW,
        columns: D0.norm!.channels / 4,
        weights: { buffer: "transposes", offset: map },
      }
      : {
        gradient: plain("∂fc_decode", "vec4<f32>"),
        width: FEATURE_COUNT / 4,
        columns: FEATURE_COUNT / 4,
        weights: {
          buffer: "parameters",
          offset: offsetOf(spec, "fc_decode.weight"),
        },
      },
  )];
}

/** From decoder.0's output back to the features. */
function middle(layout: Layout): Program[] {
  const { spec, linear } = layout;
  return [
    inputGradient(layout, D0, stored("∂fc_decode")),
    ...hasOwnWay(layout) ? [] : throughLatents(layout),
    filterGradientOf(layout, D0, E6, [
      headsGradientOf(layout),
      decodeGradient(spec, splitOf(layout, linear)),
      ...spec.classCount > 0
        ? [
          headClassesGradient(spec, splitOf(layout, linear), false),
          decodeClassesGradient(spec, splitOf(layout, linear)),
        ]
        : [],
    ]),
  ];
}

/** The same through the map, and from its gradient to those of both layers. */
function mappedMiddle(layout: Layout): Program[] {
  const { spec, linear, mapPartials, options: { batchSize } } = layout;
  const flops = mapFlops(spec.latentDim, spec.classCount) / batchSize;
  const gradient = throughNorm(D0.norm!, D0, false);
  const split = splitOf(layout, mapPartials);
  const { threads } = split;
  const parts = mapParts(mapRows(spec), mapPartials.splits);
  const heads = headsGradientOf(layout);
  const back = convolution(layout, D0, "down", {
    name: `∂${D0.name} input`,
    input: parts,
    output: {
      bindings: { to: write("gradients") },
      store: `to[${offsetOf(spec, "fc_decode.weight") / 4}u + at] = value;`,
      sums: 0,
    },
    rows: fixedRows(mapRows(spec)),
  });
  const filter = sharedOut(
    `∂${D0.name} filter`,
    threads,
    filterGradient({
      shape: D0.shape,
      large: parts,
      small: decodeRows(layout),
      partials: layout.filterOf(D0).partials,
      tile: layout.tiling.filter[shapeIndex(D0)],
    }),
    [],
  );
  return [
    ...hasOwnWay(layout) ? [] : throughLatents(layout),
    sharedOut(
      "linearGradients",
      threads,
      { ...heads, groups: () => heads.groups },
      [
        normGradient(E6.norm!, E6, spec, IMAGES.code, IMAGES, threads),
        mapGradient(spec, gradient, split),
        ...spec.classCount > 0
          ? [
            headClassesGradient(spec, splitOf(layout, linear), true),
            mapClassesGradient(spec, gradient, split),
          ]
          : [],
      ],
    ),
    { ...back, flops },
    { ...filter, flops },
  ];
}

/** How the linear layers' gradients are shared. */
function splitOf(layout: Layout, partials: Partials): Split {
  return {
    partials,
    tile: layout.tiling.linear,
    threads: layout.filterThreads(D0),
    latents: layout.latents,
  };
}

function headsGradientOf(layout: Layout): FixedShare {
  const { spec, linear, maps } = layout;
  const split = splitOf(layout, linear);
  return headsGradient(spec, E6.norm!, E6.output, split, maps.training);
}

/** What arrives at a stage's output on the way back. */
function gradientInto(layout: Layout, stage: Stage, keep: boolean): Input {
  if (stage.norm) return throughNorm(stage.norm, stage, keep);
  return layout.options.objective === "iwae" && stage === D6
    ? weighted(layout, false)
    : plain(`∂${stage.name}`, "f32");
}

/** Keeps the gradient before the ReLU for the filter gradient. */
function inputGradient(
  layout: Layout,
  stage: Stage,
  output: Output,
  { suffix = "", gradient = gradientInto(layout, stage, true) } = {},
): Program {
  const back = stage.direction === "down" ? "up" : "down";
  return convolution(layout, stage, back, {
    name: `∂${stage.name} input${suffix}`,
    input: gradient,
    output,
    rows: layout.trainingRows(stage),
  });
}

/**
 * Makes the filter gradient of a stage. Some of its workgroups make the norm's
 * gradient of the stage `next`, which is next on the way back, or do `more`.
 */
function filterGradientOf(
  layout: Layout,
  stage: Stage,
  next?: Stage,
  more: readonly FixedShare[] = [],
): Program {
  const { name, direction, norm, shape } = stage;
  const threads = layout.filterThreads(stage);
  const before = inputOf(stage);
  const after = norm && next
    ? plain(`∂${name}`, "vec4<f32>")
    : gradientInto(layout, stage, false);
  const make = shape.large.channels === 1
    ? singleFilterGradient
    : filterGradient;
  return sharedOut(
    `∂${name} filter`,
    threads,
    make({
      shape,
      large: direction === "down" ? before : after,
      small: direction === "down" ? after : before,
      partials: layout.filterOf(stage).partials,
      tile: layout.tiling.filter[shapeIndex(stage)],
    }),
    [...next ? [normGradientOf(layout, next, threads)] : [], ...more],
  );
}

function normGradientOf(
  layout: Layout,
  stage: Stage,
  threads: number,
): FixedShare {
  const rows = layout.trainingRows(stage);
  // latentBackward leaves sums for each image.
  const parts = stage === E6 ? rows.code : partsOf(layout, rows);
  return normGradient(stage.norm!, stage, layout.spec, parts, rows, threads);
}
