/**
 * Whether a run can be trained as asked for: its options, its images and the
 * checkpoint that it begins from must fit together.
 *
 * @module
 */
import type { Checkpoint, DataRecord } from "../checkpoint/metadata.ts";
import type { Dataset, FoundImages } from "../dataset/split.ts";
import type { Engine, EngineOptions } from "../engine/engine.ts";
import { conflictOfRun } from "../options/conflicts.ts";
import type { DataOptions, TrainingOptions } from "../options/run.ts";
import { oneLine, show } from "../text.ts";

/**
 * Options, images and a checkpoint that do not fit together.
 *
 * @example
 * ```ts
 * import { RunError, syntheticDataset, train } from "@vae/mnist/core";
 * import { assertRejects } from "@std/assert";
 *
 * const dataset = await syntheticDataset({ limit: 64, valSize: 0 });
 * await assertRejects(
 *   () => train({ dataset, patience: 3 }).next(),
 *   RunError,
 *   "patience compares validation losses",
 * );
 * ```
 */
export class RunError extends Error {
  /** The class's name, which survives minification and structured cloning. */
  override name = "RunError";
}

/** What {@linkcode checkRun} calls things in its errors. */
export interface RunNames {
  /** Names an option. */
  readonly option: (name: keyof TrainingOptions | keyof DataOptions) => string;
  /** Names the checkpoint. */
  readonly checkpoint: string;
  /** Names what begins with a checkpoint's weights, where that can be chosen. */
  readonly from?: string;
}

const NAMES: RunNames = {
  option: (name) => name,
  checkpoint: "the checkpoint",
  from: "from",
};

/** What a run that goes on cannot change without being another run. */
const OF_RUN = [
  "latentDim",
  "likelihood",
  "autoencoder",
  "classCount",
  "binarize",
  "objective",
  "batchSize",
  "seed",
] as const;

/** What weights cannot do without. */
const OF_MODEL = [
  "latentDim",
  "likelihood",
  "autoencoder",
  "classCount",
] as const;

/**
 * Of a checkpoint whose weights are trained on, what holds unless given; what an
 * objective is made of, where that is the same.
 */
const KEPT = [...OF_MODEL, "binarize", "objective"] as const;
const OF_OBJECTIVE = [
  "beta",
  "capacity",
  "importanceSamples",
  "tcWeight",
  "freeBits",
] as const;

/** Where a run begins, if not with new weights. */
export interface Beginning {
  /** A checkpoint to continue from. */
  readonly resume?: Checkpoint;
  /** A checkpoint whose weights to begin with. */
  readonly from?: Checkpoint;
}

/**
 * Returns the options that a run takes over from the checkpoint that it begins
 * with: all to resume it, and to train on from its weights those of the model,
 * of its pixels and of its objective.
 *
 * @param given What is chosen for the run: another objective than the
 * checkpoint's takes over nothing of that.
 */
export function inheritedOptions(
  { resume, from }: Beginning,
  given: Partial<TrainingOptions>,
): Partial<TrainingOptions> {
  if (resume) return resume.options;
  if (!from) return {};
  const { options } = from;
  const isSame = (given.objective ?? options.objective) === options.objective;
  const names = isSame ? [...KEPT, ...OF_OBJECTIVE] : KEPT;
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

/**
 * Refuses a run that would silently be another than the one asked for.
 *
 * @param run Its options and images, and the checkpoint that it begins from.
 * @param names What to call options and the checkpoint.
 * @throws {RunError} If a checkpoint to resume is of a model of another size or
 * kind, of other pixels, another objective, batch size or seed, of other images,
 * or in the midst of more images than there are; if one to train on from is of another model; or if
 * patience has no validation images to go by.
 */
export function checkRun(
  { options, dataset, resume, from }:
    & { options: TrainingOptions; dataset: Dataset }
    & Beginning,
  names: RunNames = NAMES,
): void {
  checkFit(options, { resume, from }, names);
  checkFound({ options, found: dataset, resume, from }, names);
  if (resume) {
    checkSameImages(dataset, resume, names);
    const { checkpoint } = names;
    const images = resume.partial?.images ?? 0;
    if (images > 0 && images >= dataset.train.count) {
      throw new RunError(
        `${checkpoint} stands after image ${images} of an epoch, and there ` +
          `are ${dataset.train.count} training images`,
      );
    }
  }
}

/**
 * Refuses images for what is known of them before they are loaded: their labels,
 * their classes and how many there are.
 *
 * @throws {RunError} As {@linkcode checkRun}, of these.
 */
export function checkFound(
  { options, found, resume, from }:
    & { options: TrainingOptions; found: FoundImages }
    & Beginning,
  names: RunNames = NAMES,
): void {
  const { option } = names;
  if (options.classCount > 0) {
    checkClasses(found, options.classCount, resume ?? from, names);
  }
  if (options.patience !== null && found.validation.count === 0) {
    throw new RunError(
      `${option("patience")} compares validation losses, and no images are ` +
        `held out for them: choose a larger ${option("valSize")}`,
    );
  }
}

/**
 * Returns how many classes a model is told of that is conditional on those of
 * the images.
 *
 * @throws {RunError} If the images of a split have no labels.
 */
export function classCountOf(
  { name, classes, train, validation, test }: FoundImages,
): number {
  const sets = Object.entries({ training: train, validation, test })
    .filter(([, set]) => set !== null && set.count > 0);
  const bare = sets.filter(([, set]) => set!.labels === null);
  if (classes && bare.length === 0) return classes.length;
  const which = bare.length < sets.length
    ? `the ${bare.map(([split]) => split).join(" and ")} images of ${
      oneLine(name)
    } have`
    : `${oneLine(name)} has`;
  throw new RunError(
    `${which} no labels, and a conditional model is told of the class of each ` +
      "image",
  );
}

/**
 * Refuses images for a model that is told of classes where they have none, or
 * others.
 *
 * @param before The checkpoint that the run begins from.
 * @throws {RunError} If labels are missing, or mean other classes.
 */
function checkClasses(
  dataset: FoundImages,
  classCount: number,
  before: Checkpoint | undefined,
  { checkpoint }: RunNames,
): void {
  classCountOf(dataset);
  const { name, classes = [] } = dataset;
  const known = before?.data.classes;
  if (
    classes.length === classCount &&
    classes.every((name, label) => name === (known ?? classes)[label])
  ) return;
  const list = (names: readonly string[]) => oneLine(names.join(", "), 200);
  throw new RunError(
    `${oneLine(name)} has the classes ${list(classes)}, and ` +
      (known
        ? `${checkpoint} ${list(known)}: train on from it with images of the ` +
          "same classes, or begin a new run"
        : `the model is told of ${classCount}`),
  );
}

/**
 * Refuses options that do not fit each other, or the checkpoint that a run
 * begins from: what can be told before the images are there.
 *
 * @param names What to call options and the checkpoint.
 * @throws {RunError} As {@linkcode checkRun}, but for the images.
 */
export function checkFit(
  options: TrainingOptions,
  { resume, from }: Beginning,
  { option, checkpoint }: RunNames = NAMES,
): void {
  if (resume && from) {
    throw new RunError(
      "a run begins from one checkpoint: resume it or train on from its " +
        "weights, not both",
    );
  }
  const before = resume ?? from;
  for (const name of before ? resume ? OF_RUN : OF_MODEL : []) {
    if (options[name] === before!.options[name]) continue;
    throw new RunError(
      `${option(name)} ${options[name]} does not fit ${checkpoint}, which ` +
        `was trained with ${before!.options[name]}`,
    );
  }
  const conflict = conflictOfRun(options, option);
  if (conflict !== undefined) throw new RunError(conflict);
}

/**
 * Refuses what is no data set, as the name of one, or a promise of it.
 *
 * @throws {TypeError} If it is none.
 */
export function checkDataset(dataset: unknown): void {
  const { train, validation } = (dataset ?? {}) as Partial<Dataset>;
  if (train?.images && validation?.images) return;
  throw new TypeError(
    "dataset takes what loadDataset() or imageDataset() resolves to, not " +
      (dataset && typeof dataset === "object"
        ? "another object"
        : show(dataset)),
  );
}

/**
 * Refuses an engine that was made for another run.
 *
 * @throws {RunError} If any of its options is not the run's.
 */
export function checkEngine(engine: Engine, options: TrainingOptions): void {
  const { options: made } = engine;
  for (const name of Object.keys(made) as (keyof EngineOptions)[]) {
    if (made[name] === options[name]) continue;
    throw new RunError(
      `the engine was made for ${name} ${made[name]}, and the run has ` +
        `${options[name]}: make it for the options of the run`,
    );
  }
}

/**
 * Refuses to go on with images that a run was not trained on. Those of an
 * imported model are not known, so it takes any.
 *
 * @param names What to call the checkpoint and the options that chose others.
 * @throws {RunError} If the images are others: with the options that made them
 * so.
 */
export function checkSameImages(
  dataset: Dataset,
  { data }: Checkpoint,
  { option, checkpoint, from }: RunNames = NAMES,
): void {
  if (data.digest === null || data.digest === dataset.digest) return;
  const remedy = "bring back those that it was trained on" +
    (from === undefined ? "" : `, or begin with its weights, by ${from}`);
  const changed = [
    ...["images", "array", "testSize", "invert", "centre"] as const,
    ...["limit", "valSize"] as const,
  ]
    .filter((name) => data.options[name] !== dataset.options[name]);
  if (data.name === dataset.name && changed.length === 0) {
    throw new RunError(
      `${checkpoint} was trained on other images than ${oneLine(data.name)} ` +
        `has now: ${remedy}`,
    );
  }
  const describe = ({ name, digest, options }: DataRecord) => {
    const details = data.name === dataset.name
      ? `with ${
        changed.map((name) =>
          options[name] === null
            ? `no ${option(name)}`
            : `${option(name)} ${show(options[name])}`
        ).join(", ")
      }`
      : `(${digest!.slice(0, 12)}…)`;
    return `${oneLine(name)} ${details}`;
  };
  throw new RunError(
    `${checkpoint} was trained on ${describe(data)}, and these are other ` +
      `images: ${describe(dataset)}; ${remedy}`,
  );
}
