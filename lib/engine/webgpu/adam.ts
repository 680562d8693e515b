/**
 * Adam (https://arxiv.org/abs/1412.6980, algorithm 1) over the whole arena in
 * one dispatch, which also writes the step's record of losses.
 *
 * @module
 */
import {
  ADAM,
  type ConvShape,
  FEATURE_COUNT,
  type ModelSpec,
  offsetOf,
} from "../../model/spec.ts";
import { allUnits, type Partials, span } from "./filter.ts";
import { Loss, lossRow, recorded } from "./loss.ts";
import { type Program, program, read, write } from "./program.ts";

/** Weights whose gradients are left in parts. */
export interface Region {
  /** The first in the arena, and how many. */
  readonly first: number;
  readonly length: number;
  readonly partials: Partials;
}

/** A convolution's weights: their partial gradients and their transpose. */
export interface Filter {
  readonly name: string;
  readonly shape: ConvShape;
  readonly partials: Partials;
  /** Index in the transposes of the [3, 3, small, large] copy, if one is kept. */
  readonly transpose?: number;
}

/** Threads of a workgroup. */
export const ADAM_THREADS = 64;

/**
 * The update. The gradient of a filter or a linear layer is the sum of its
 * parts, and that of the last bias the sum over the images; all others are
 * there.
 *
 * @param lastBias Where the last bias lies in the arena.
 * @param headsTranspose Where the heads' weights [heads, features] are kept.
 * @param slices Threads that share the parts of one gradient.
 */
export function adam(
  spec: ModelSpec,
  filters: readonly Filter[],
  linear: Region,
  lastBias: number,
  headsTranspose: number,
  slices: number,
): Program {
  const count = spec.parameterCount / 4;
  const each = ADAM_THREADS / slices;
  const workgroups = Math.ceil(count / each);
  const record = recorded(spec.latentDim, `(group.x - ${workgroups}u)`);
  const { beta1, beta2, eps } = ADAM;
  const heads = 2 * spec.latentDim;
  const headWeight = offsetOf(spec, "fc_mu.weight");
  const headBias = offsetOf(spec, "fc_mu.bias");
  const within = (first: number, end: number) =>
    `i - ${first / 4}u < ${(end - first) / 4}u`;
  const sum = (
    partials: Partials,
    length: number,
    value: (at: string) => string,
  ) => `
    let units = ${allUnits(partials)};
    let span = ${span(partials)};
    let parts = (units + span - 1u) / span;
    var other = vec4<f32>();
    for (var part = slice; part < parts; part += ${2 * slices}u) {
      let at = first + part * ${length / 4}u;
      gradient += ${value("at")};
      if (part + ${slices}u < parts) {
        let next = at + ${slices * length / 4}u;
        other += ${value("next")};
      }
    }
    gradient += other;`;
  const plainly = (at: string) => `gradients[${at}]`;
  const summed = filters.map(({ name, shape, partials }) => {
    const first = offsetOf(spec, `${name}.weight`);
    const length = 9 * shape.large.channels * shape.small.channels;
    return `
  if (${within(first, first + length)}) {
    let first = ${(partials.offset - first) / 4}u + i;
    ${sum(partials, length, plainly)}
  } else `;
  }).join("");
  const transposed = filters.filter(({ transpose }) => transpose !== undefined)
    .map(({ name, shape: { large, small }, transpose }) => {
      const first = offsetOf(spec, `${name}.weight`);
      const columns = small.channels / 4;
      return `
    if (${within(first, first + 9 * large.channels * small.channels)}) {
      let row = (i - ${first / 4}u) / ${columns}u;
      let to = ${transpose}u + row / ${large.channels}u
          * ${small.channels * large.channels}u
        + (i - ${first / 4}u) % ${columns}u * ${4 * large.channels}u
        + row % ${large.channels}u;
      transposes[to] = parameter.x;
      transposes[to + ${large.channels}u] = parameter.y;
      transposes[to + ${2 * large.channels}u] = parameter.z;
      transposes[to + ${3 * large.channels}u] = parameter.w;
    } else `;
    }).join("");
  const { first, length, partials } = linear;
  return program({
    name: "adam",
    bindings: {
      gradients: read("gradients"),
      ...record.bindings,
      parameters: write("parameters"),
      expAvg: write("expAvg"),
      expAvgSq: write("expAvgSq"),
      transposes: write("transposes", "f32"),
    },
    threads: ADAM_THREADS,
    grid: () => [workgroups + lossRow(spec.latentDim)],
    globals: `${record.globals}
${
      slices > 1
        ? `var<workgroup> slices: array<vec4<f32>, ${ADAM_THREADS}>;`
        : ""
    }`,
    main: `
  let slice = thread / ${each}u;
  var i = group.x * ${each}u + thread % ${each}u;
  var gradient = vec4<f32>();
  var isOwn = slice == 0u && i < ${count}u && i != ${lastBias / 4}u;
  if (group.x >= ${workgroups}u) {${record.main}
    i = ${lastBias / 4}u;
    isOwn = thread == 0u && group.x == ${workgroups + Loss.slope}u;
    if (isOwn) { gradient.x = partial[0]; }
  } else {
  ${summed}if (${within(headWeight, headBias)}) {
    // Left as [features / 4, heads, 4].
    let element = (i - ${headWeight / 4}u) * 4u + vec4(0u, 1u, 2u, 3u);
    let feature = element / ${heads}u;
    let begin = feature / 4u * ${heads}u + element % ${heads}u;
    let lane = feature % 4u;
    let first = ${(partials.offset + headWeight - first) / 4}u;
    ${
      sum(
        partials,
        length,
        (at) =>
          `vec4(${
            ["x", "y", "z", "w"].map((k) =>
              `gradients[${at} + begin.${k}][lane.${k}]`
            )
              .join(", ")
          })`,
      )
    }
  } else if (${within(headBias, first + length)}) {
    let first = ${(partials.offset - first) / 4}u + i;
    ${sum(partials, length, plainly)}
  } else if (i < ${count}u && slice == 0u) {
    gradient = gradients[i];
  }
  ${
      slices > 1
        ? `slices[thread] = gradient;
  for (var half = ${ADAM_THREADS / 2}u; half >= ${each}u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { slices[thread] += slices[thread + half]; }
  }
  gradient = slices[thread];`
        : ""
    }
  }
  if (isOwn) {
    let m = expAvg[i] * ${beta1} + gradient * ${1 - beta1};
    let v = expAvgSq[i] * ${beta2} + gradient * gradient * ${1 - beta2};
    expAvg[i] = m;
    expAvgSq[i] = v;
    let parameter = parameters[i]
      - job.stepSize * m / (sqrt(v) * job.secondCorrection + ${eps});
    parameters[i] = parameter;
    ${transposed}if (${within(headWeight, headBias)}) {
      for (var k = 0u; k < 4u; k++) {
        let at = (i - ${headWeight / 4}u) * 4u + k;
        transposes[${headsTranspose}u + at % ${heads}u * ${FEATURE_COUNT}u
          + at / ${heads}u] = parameter[k];
      }
    }
  }`,
  });
}
