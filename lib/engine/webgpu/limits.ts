/**
 * Which tilings can run: their programs divide the work without a rest, and keep
 * to what every WebGPU adapter promises.
 *
 * @module
 */
import { ENCODER } from "../../model/spec.ts";
import { MAX_CLASSES } from "../../options/run.ts";
import { ADAM_THREADS, MOST_WORKGROUPS } from "./adam.ts";
import { Plan } from "./plan.ts";
import type { Program } from "./program.ts";
import type { Tiling } from "./tiling.ts";

/** What every WebGPU adapter has: https://www.w3.org/TR/webgpu/#limits */
export const LIMITS = {
  storageBuffers: 8,
  threads: 256,
  workgroupBytes: 16_384,
  workgroups: MOST_WORKGROUPS,
} as const;

/** Bytes of a storage buffer that can be bound, from the same table. */
const BUFFER_BYTES = 2 ** 27;

/** The largest batch that a run may have. */
const MOST_IMAGES = 2048;

/** Most rows of a linear tile: its program has some lines for each of them. */
const MOST_ROWS = 64;

/** Most images at once: the z of so many fit into a workgroup's memory. */
const MOST_MAPPED = 8;

const BYTES: Record<string, number> = { "f32": 4, "vec4<f32>": 16 };

/** Returns what a program takes of each limit, for a batch of so many images. */
export function needsOf(
  { name, code, bindings, grid }: Program,
  images: number,
): Record<keyof typeof LIMITS, number> {
  const arrays = [
    ...code.matchAll(/^var<workgroup> \w+: array<([\w<>]+), (\d+)>;/gm),
  ];
  if (arrays.length !== code.split("var<workgroup>").length - 1) {
    throw new Error(`${name} has workgroup memory of an unknown size`);
  }
  return {
    storageBuffers: bindings.length,
    threads: Number(code.match(/@workgroup_size\((\d+)\)/)![1]),
    workgroupBytes: arrays.reduce(
      (sum, [, type, length]) => sum + BYTES[type] * Number(length),
      0,
    ),
    workgroups: Math.max(...grid(images).map((n) => n ?? 1)),
  };
}

/** Returns all programs of a plan. */
export function programsOf(plan: Plan): Program[] {
  return [
    plan.taking(),
    plan.gathering(),
    plan.first(),
    ...plan.inference(),
    ...plan.training(),
    ...plan.evaluation(),
    ...plan.encoding(),
    ...plan.decoding(),
    ...plan.scoring(),
  ];
}

/** Finds why a tiling cannot run; nothing if it can, in any model. */
export function tilingFault(tiling: Tiling): string | undefined {
  return sharesFault(tiling) ?? limitsFault(tiling);
}

/** Finds a share that is no whole number of whole parts. */
function sharesFault(tiling: Tiling): string | undefined {
  const { down, up, filter, splits, workgroups, linear } = tiling;
  const { mapped, slices } = tiling;
  /** Says what is wrong with a number, which must divide `whole` if given. */
  const fault = (name: string, value: number, most: number, whole?: number) =>
    !Number.isInteger(value) || value < 1 || value > most
      ? `${name} is ${value}, not an integer from 1 to ${most}`
      : whole !== undefined && whole % value !== 0
      ? `${name} is ${value}, which does not divide ${whole}`
      : undefined;
  const columns = (channels: number) => Math.max(1, channels / 4);
  const faults = ENCODER.flatMap(({ large, small }, i) => {
    const places = small.size ** 2;
    const [L, S] = [columns(large.channels), columns(small.channels)];
    return [
      fault(`down[${i}].places`, down[i].places, places),
      fault(`down[${i}].columns`, down[i].columns, S, S),
      fault(`up[${i}].places`, up[i].places, places),
      fault(`up[${i}].columns`, up[i].columns, L, L),
      fault(`filter[${i}].large`, filter[i].large, L, L),
      fault(`filter[${i}].small`, filter[i].small, S, S),
      fault(`splits[${i}]`, splits[i], LIMITS.workgroups),
    ];
  });
  return [
    ...faults,
    fault("workgroups", workgroups, LIMITS.workgroups),
    fault("linear.rows", linear.rows, MOST_ROWS),
    linear.rows % 4 ? `linear.rows is ${linear.rows}, no multiple of 4` : "",
    fault("linear.workgroups", linear.workgroups, LIMITS.workgroups),
    fault("mapped", mapped, MOST_MAPPED),
    // Adam halves its threads until a slice is left.
    fault("slices", slices, ADAM_THREADS, ADAM_THREADS),
  ].find((text) => text);
}

/** Finds a program that needs more than is promised, at some size of the model. */
function limitsFault(tiling: Tiling): string | undefined {
  // The most parts of the linear gradients, the longest, and the most rows;
  // without the map (in a batch of one) and with it, of which 278 is the largest,
  // and 317 where there are no classes.
  for (
    const [latentDim, batchSize, classCount = MAX_CLASSES] of [
      [1, 1],
      [tiling.linear.rows, 1],
      [512, 1],
      [1, MOST_IMAGES],
      [278, MOST_IMAGES],
      [317, MOST_IMAGES, 0],
    ]
  ) {
    for (const likelihood of ["mse", "bce"] as const) {
      const model = {
        ...{ latentDim, likelihood, autoencoder: false, batchSize },
        classCount,
      };
      const plan = new Plan(model, tiling);
      for (const program of programsOf(plan)) {
        const needs = needsOf(program, MOST_IMAGES);
        for (const key of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
          if (needs[key] <= LIMITS[key]) continue;
          return `${program.name} with ${latentDim} dimensions needs ` +
            `${needs[key]} ${key}, of ${LIMITS[key]}`;
        }
      }
      const bytes = 4 * plan.layout.buffers(1, 1).get("gradients")!;
      if (bytes > BUFFER_BYTES) {
        return `the gradients with ${latentDim} dimensions take ${bytes} ` +
          `bytes, of ${BUFFER_BYTES}`;
      }
    }
  }
}

const KEYS = [
  "down",
  "up",
  "filter",
  "splits",
  "workgroups",
  "linear",
  "mapped",
  "slices",
] as const satisfies readonly (keyof Tiling)[];

/**
 * Reads a tiling from what JSON has given.
 *
 * @throws {Error} If it is none, or one that cannot run.
 */
export function parseTiling(value: unknown): Tiling {
  const given = Object(value) as Record<keyof Tiling, unknown>;
  for (const key of KEYS) {
    const isThere = ["workgroups", "mapped", "slices"].includes(key)
      ? typeof given[key] === "number"
      : key === "linear"
      ? given[key] instanceof Object
      : Array.isArray(given[key]) && given[key].length === ENCODER.length &&
        given[key].every((each) => each !== null);
    if (!isThere) throw new Error(`a tiling in it has no ${key} that fits`);
  }
  const tiling = given as Tiling;
  const fault = tilingFault(tiling);
  if (fault !== undefined) throw new Error(fault);
  return tiling;
}
