/**
 * Adam (https://arxiv.org/abs/1412.6980, algorithm 1) over the whole arena in
 * one dispatch, which also writes the step's record of losses.
 *
 * @module
 */
import { ADAM, FEATURE_COUNT, offsetOf } from "../../model/spec.ts";
import { OUTPUT } from "../stages.ts";
import { allUnits, type Partials, span } from "./filter.ts";
import type { Layout } from "./layout.ts";
import { linearRegion } from "./linear.ts";
import { Loss, recorded } from "./loss.ts";
import { type Program, program, read, write } from "./program.ts";

/** Threads of a workgroup. */
export const ADAM_THREADS = 64;

/** Most workgroups along a side: https://www.w3.org/TR/webgpu/#limits */
export const MOST_WORKGROUPS = 65_535;

/**
 * Returns how many threads share the partial gradients of four weights: fewer
 * than the tiling says where a model, of many classes, is too large for that.
 */
function slicesOf({ spec, tiling, lossRow }: Layout): number {
  const most = (MOST_WORKGROUPS - lossRow) * ADAM_THREADS;
  let { slices } = tiling;
  while (slices > 1 && spec.parameterCount / 4 * slices > most) slices /= 2;
  return slices;
}

/**
 * Makes the update. The gradient of a filter or a linear layer is the sum of its
 * parts, and that of the last bias the sum over the rows; all others are there.
 */
export function adam(layout: Layout): Program {
  const { spec, filters, headsTranspose, maps } = layout;
  const { headsLrFactor, adamBeta1, adamBeta2 } = layout.options;
  const lastBias = offsetOf(spec, `${OUTPUT}.bias`);
  const count = spec.parameterCount / 4;
  const slices = slicesOf(layout);
  const each = ADAM_THREADS / slices;
  const workgroups = Math.ceil(count / each);
  const record = recorded(
    layout.lossRow,
    `(group.x - ${workgroups}u)`,
    layout.draws,
  );
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
  const { first, length } = linearRegion(spec, maps.training);
  const partials = layout.linear;
  const headsEnd = offsetOf(spec, "fc_decode.weight");
  const stepSize = headsLrFactor === 1
    ? "job.stepSize"
    : `(job.stepSize * select(1.0, ${headsLrFactor}f,
        ${within(headWeight, headsEnd)}))`;
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
    grid: () => [workgroups + layout.lossRow],
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
    let m = expAvg[i] * ${adamBeta1}f + gradient * ${1 - adamBeta1}f;
    let v = expAvgSq[i] * ${adamBeta2}f
      + gradient * gradient * ${1 - adamBeta2}f;
    expAvg[i] = m;
    expAvgSq[i] = v;
    let parameter = parameters[i]
      - ${stepSize} * m / (sqrt(v) * job.secondCorrection + ${ADAM.eps});
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
