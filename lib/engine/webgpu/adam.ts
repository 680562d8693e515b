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
import { type Partials, span } from "./filter.ts";
import { Loss, lossRow, recorded } from "./loss.ts";
import { type Program, program, read, write } from "./program.ts";

/** A convolution's weights: their partial gradients and their transpose. */
export interface Filter {
  readonly name: string;
  readonly shape: ConvShape;
  readonly partials: Partials;
  /** Index in the transposes of the [3, 3, small, large] copy, if one is kept. */
  readonly transpose?: number;
}

/**
 * The update. The gradient of a filter is the sum of its parts, and that of the
 * last bias the sum over the images; all others are there.
 *
 * @param headsTranspose Where the heads' weights [heads, features] are kept.
 */
export function adam(
  spec: ModelSpec,
  filters: readonly Filter[],
  lastBias: string,
  headsTranspose: number,
): Program {
  const count = spec.parameterCount / 4;
  const workgroups = Math.ceil(count / 64);
  const record = recorded(spec.latentDim, `(group.x - ${workgroups}u)`);
  const { beta1, beta2, eps } = ADAM;
  const blocks = filters.map(({ name, shape, partials, transpose }) => {
    const { large, small } = shape;
    const size = 9 * large.channels * small.channels / 4;
    const first = offsetOf(spec, `${name}.weight`) / 4;
    const columns = small.channels / 4;
    return {
      condition: `i - ${first}u < ${size}u`,
      gradient: `
    let units = job.count * ${small.size}u;
    let span = ${span(shape, partials.splits)};
    let parts = (units + span - 1u) / span;
    let at = ${partials.offset / 4}u + i - ${first}u;
    var other = vec4<f32>();
    for (var part = 0u; part + 1u < parts; part += 2u) {
      gradient += partials[at + part * ${size}u];
      other += partials[at + (part + 1u) * ${size}u];
    }
    if (parts % 2u == 1u) {
      gradient += partials[at + (parts - 1u) * ${size}u];
    }
    gradient += other;`,
      transpose: transpose === undefined ? "" : `
    let row = (i - ${first}u) / ${columns}u;
    let to = ${transpose}u + row / ${large.channels}u
        * ${small.channels * large.channels}u
      + (i - ${first}u) % ${columns}u * ${4 * large.channels}u
      + row % ${large.channels}u;
    transposes[to] = parameter.x;
    transposes[to + ${large.channels}u] = parameter.y;
    transposes[to + ${2 * large.channels}u] = parameter.z;
    transposes[to + ${3 * large.channels}u] = parameter.w;`,
    };
  });
  const row = lossRow(spec.latentDim);
  const heads = 2 * spec.latentDim;
  const headWeight = offsetOf(spec, "fc_mu.weight") / 4;
  return program({
    name: "adam",
    bindings: {
      gradients: read("gradients"),
      partials: read("partials"),
      ...record.bindings,
      parameters: write("parameters"),
      expAvg: write("expAvg"),
      expAvgSq: write("expAvgSq"),
      transposes: write("transposes", "f32"),
    },
    threads: 64,
    grid: () => [workgroups + row],
    globals: record.globals,
    main: `
  if (group.x >= ${workgroups}u) {${record.main}
    return;
  }
  let i = group.x * 64u + thread;
  if (i >= ${count}u) { return; }
  var gradient = vec4<f32>();
  ${
      blocks.map(({ condition, gradient }) =>
        `if (${condition}) {${gradient}
  } else `
      ).join("")
    }if (i == ${offsetOf(spec, lastBias) / 4}u) {
    for (var image = 0u; image < job.count; image++) {
      gradient.x += losses[image * ${row}u + ${Loss.slope}u];
    }
  } else {
    gradient = gradients[i];
  }
  let m = expAvg[i] * ${beta1} + gradient * ${1 - beta1};
  let v = expAvgSq[i] * ${beta2} + gradient * gradient * ${1 - beta2};
  expAvg[i] = m;
  expAvgSq[i] = v;
  let parameter = parameters[i]
    - job.stepSize * m / (sqrt(v) * job.secondCorrection + ${eps});
  parameters[i] = parameter;
  ${
      blocks.filter(({ transpose }) => transpose).map(
        ({ condition, transpose }) =>
          `if (${condition}) {${transpose}
  } else `,
      ).join("")
    }if (i - ${headWeight}u < ${FEATURE_COUNT * heads / 4}u) {
    for (var k = 0u; k < 4u; k++) {
      let at = (i - ${headWeight}u) * 4u + k;
      transposes[${headsTranspose}u + at % ${heads}u * ${FEATURE_COUNT}u
        + at / ${heads}u] = parameter[k];
    }
  }`,
  });
}
