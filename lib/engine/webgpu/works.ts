/**
 * From the programs of a plan to what an engine runs.
 *
 * @module
 */
import type { Buffers } from "./buffers.ts";
import type { Plan } from "./plan.ts";
import type { Dispatch, Pipelines, Program } from "./program.ts";

/** What each purpose dispatches, ready to run. */
export type Works = Readonly<
  Record<
    | "gather"
    | "gathering"
    | "first"
    | "training"
    | "inference"
    | "evaluation"
    | "encoding"
    | "decoding"
    | "scoring",
    readonly Dispatch[]
  >
>;

/**
 * Compiles all programs and binds them to their buffers.
 *
 * @throws {GpuError} If the device cannot run one.
 */
export async function compileWorks(
  plan: Plan,
  pipelines: Pipelines,
  buffers: Buffers,
): Promise<Works> {
  const compile = (programs: readonly Program[]) =>
    Promise.all(programs.map(async (program) => ({
      program,
      pipeline: await pipelines.compile(program),
      buffers: buffers.bind(program),
    })));
  const programs: Record<keyof Works, readonly Program[]> = {
    gather: [plan.taking()],
    gathering: [plan.gathering()],
    first: [plan.first()],
    training: plan.training(),
    inference: plan.inference(),
    evaluation: plan.evaluation(),
    encoding: plan.encoding(),
    decoding: plan.decoding(),
    scoring: plan.scoring(),
  };
  const entries = Object.entries(programs).map(async ([name, list]) =>
    [name, await compile(list)] as const
  );
  return Object.fromEntries(await Promise.all(entries)) as Record<
    keyof Works,
    Dispatch[]
  >;
}

/**
 * Returns what a training step dispatches.
 *
 * @param images The buffers that the training images lie in.
 * @param order The order in which they are trained on.
 */
export function trainingOf(
  { gathering, first, training }: Works,
  buffers: Buffers,
  images: readonly GPUBuffer[],
  order: GPUBuffer,
): readonly Dispatch[] {
  const bind = ({ program, pipeline }: Dispatch, bytes: GPUBuffer) => ({
    program,
    pipeline,
    buffers: buffers.bind(program, { bytes, order }),
  });
  // One buffer is gathered from on the way into the first layer.
  return images.length === 1
    ? [bind(first[0], images[0]), ...training.slice(1)]
    : [...images.map((bytes) => bind(gathering[0], bytes)), ...training];
}
