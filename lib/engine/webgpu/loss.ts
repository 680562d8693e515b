/**
 * The reconstruction loss with its gradient, as the output of the decoder's last
 * layer, and the record of a batch's losses.
 *
 * @module
 */
import { IMAGE_PIXELS, type Likelihood } from "../../model/spec.ts";
import type { Objective } from "../engine.ts";
import { OUTPUT } from "../stages.ts";
import { exponentials } from "./functions.ts";
import { type Binding, type Program, program, read, write } from "./program.ts";
import { perImage } from "./rows.ts";
import type { Output } from "./sides.ts";

/** What stands where in an image's row of losses. */
export const Loss = {
  /** Σ loss of the pixels. */
  reconstruction: 0,
  /** Σ of the loss's gradient, which is the gradient of the last bias. */
  slope: 1,
  /** The KL of each dimension, from here on. */
  kl: 2,
} as const;

/** Returns where the term stands that only this objective has, behind the KL. */
export function ownTerm({ latentDim }: { readonly latentDim: number }): number {
  return Loss.kl + latentDim;
}

/** Returns the length of an image's row of losses, and of a batch's record. */
export function lossRow(
  options: { readonly latentDim: number; readonly objective: Objective },
): number {
  return ownTerm(options) + (options.objective === "elbo" ? 0 : 1);
}

/**
 * Makes the last layer's output the loss, in training with its gradient: that
 * of the mean over the draws.
 *
 * @param bias Where the layer's bias lies in the arena.
 * @param draws Rows for each image.
 */
export function lossOutput(
  { likelihood, lossRow, bias, draws, training, isWeighted = false }: {
    readonly likelihood: Likelihood;
    readonly lossRow: number;
    readonly bias: number;
    readonly draws: number;
    readonly training: boolean;
    /** Whether the gradient is still to be given the weights of the draws. */
    readonly isWeighted?: boolean;
  },
): Output {
  const row = `group.x * ${lossRow}u`;
  const share = perImage(isWeighted ? 1 : draws).code;
  const pixel = draws === 1
    ? "at"
    : `at - (image - image / ${draws}u) * ${IMAGE_PIXELS}u`;
  const output = `let y = value + parameters[${bias / 4}u].x;
    let x = images[${pixel}];`;
  const loss = likelihood === "bce"
    // max(y, 0) − y·x + log(1 + e^−|y|): no overflow for any logit.
    ? `let e = exponential(-abs(y));
    let loss = max(y, 0.0) - y * x + logarithm(1.0 + e);
    let slope = select(e, 1.0, y >= 0.0) / (1.0 + e) - x;`
    : `let error = y - x;
    let loss = error * error;
    let slope = 2.0 * error;`;
  return {
    bindings: {
      parameters: read("parameters"),
      images: read("image", "f32"),
      losses: write("losses", "f32"),
      ...training && { gradient: write(`∂${OUTPUT}`, "f32") },
    },
    globals: likelihood === "bce" ? exponentials : "",
    store: `${output}
    ${loss}
    ${training ? `gradient[at] = slope / f32(${share});` : ""}
    sum0 += vec4(loss, slope, 0.0, 0.0);`,
    sums: 1,
    single: true,
    finish: `losses[${row} + ${Loss.reconstruction}u] = total0.x${
      draws === 1 ? "" : ` / ${draws}.0`
    };
    losses[${row} + ${Loss.slope}u] = total0.y / f32(${share});`,
  };
}

/** Makes the last layer's output the pixel means. */
export function pixelOutput(likelihood: Likelihood, bias: number): Output {
  const y = `value + parameters[${bias / 4}u].x`;
  return {
    bindings: { parameters: read("parameters"), to: write(OUTPUT, "f32") },
    globals: exponentials,
    store: likelihood === "bce"
      ? `to[at] = 1.0 / (1.0 + exponential(-(${y})));`
      : `to[at] = ${y};`,
    sums: 0,
  };
}

/**
 * Sums all rows into the record of the job's slot, with 64 threads for each
 * `column` (a WGSL expression) of the rows. There is one for each draw, but the
 * KL of an image stands once: in the rows of the first draws, by number.
 *
 * @param row Length of a row.
 */
export function recorded(
  row: number,
  column: string,
  draws = 1,
): { bindings: Record<string, Binding>; globals: string; main: string } {
  const rows = draws === 1
    ? "job.count"
    : `select(job.count, ${perImage(draws).code}, ${column} < ${Loss.kl}u)`;
  return {
    bindings: {
      losses: read("losses", "f32"),
      records: write("records", "f32"),
    },
    globals: "var<workgroup> partial: array<f32, 64>;",
    main: `
  var sum = 0.0;
  for (var image = thread; image < ${rows}; image += 64u) {
    sum += losses[image * ${row}u + ${column}];
  }
  partial[thread] = sum;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial[thread] += partial[thread + half]; }
  }
  if (thread == 0u) {
    records[job.slot * ${row}u + ${column}] = partial[0];
  }`,
  };
}

/** Makes a program of {@linkcode recorded} alone; in training, Adam includes it. */
export function record(row: number): Program {
  return program({
    name: "record",
    threads: 64,
    grid: () => [row],
    ...recorded(row, "group.x"),
  });
}
