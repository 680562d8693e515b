/**
 * Options that do not go together: each rule once, for runs, engines and
 * checkpoints.
 *
 * @module
 */
import { dataOptions, IWAE_SAMPLES, MAX_ROWS, trainingOptions } from "./run.ts";
import type { DataOptions, TrainingOptions } from "./run.ts";

/** The name of a training option. */
type Name = keyof TrainingOptions;

/** What to call an option. */
type NameOf = (name: Name) => string;

/** The options of an engine that may not go together. */
type EnginePart = Pick<
  TrainingOptions,
  | "batchSize"
  | "draws"
  | "autoencoder"
  | "klGradient"
  | "likelihood"
  | "binarize"
  | "objective"
  | "importanceSamples"
  | "tcWeight"
  | "freeBits"
>;

/** Options that something has no place for, and why. */
interface Without<N extends Name> {
  readonly names: readonly N[];
  readonly why: string;
}

const OF_AUTOENCODER: Without<keyof EnginePart> = {
  names: ["draws", "klGradient", "objective", "freeBits"],
  why: "which draws no z and has no KL term",
};

/** The objective that an option is of, where it is of one alone. */
const OWNER: Partial<Record<Name, TrainingOptions["objective"]>> = {
  importanceSamples: "iwae",
  tcWeight: "btc",
};

/** What the objectives have no place for, in an engine. */
const OF_OBJECTIVE: Record<
  TrainingOptions["objective"],
  Without<keyof EnginePart>
> = {
  elbo: { names: ["importanceSamples", "tcWeight"], why: "" },
  iwae: {
    names: ["tcWeight", "draws", "klGradient", "freeBits"],
    why: "which has draws and a gradient of its own, and no KL term",
  },
  btc: {
    names: ["importanceSamples", "draws", "klGradient", "freeBits"],
    why: "which draws z once and takes the KL term apart",
  },
};

/** What only a run has a use for that minimises reconstruction + β·|KL − C|. */
const OF_ELBO: readonly Without<Name>[] = [
  {
    names: ["beta", "betaSchedule", "capacity"],
    why: "which weighs its terms itself",
  },
  {
    names: ["patience"],
    why: "for validation measures the ELBO, which may fall while that rises",
  },
];

/** Returns the first of some options that is not as it is if nobody chooses. */
function chosen<N extends Name>(
  options: Pick<TrainingOptions, N>,
  { names }: Without<N>,
): N | undefined {
  return names.find((name) => options[name] !== trainingOptions[name].default);
}

/**
 * Says in a line why options do not go together; nothing if they do.
 *
 * @param options Those of a run, or of an engine.
 * @param nameOf What to call an option.
 */
export function conflictOf(
  options: EnginePart,
  nameOf: NameOf = (name) => name,
): string | undefined {
  const { batchSize, autoencoder, likelihood, binarize, objective } = options;
  const named = (name: keyof EnginePart) => `${nameOf(name)} ${options[name]}`;
  if (binarize !== "none" && likelihood !== "bce") {
    return `${named("binarize")} does not go with ${named("likelihood")}: ` +
      `black-and-white pixels take ${nameOf("likelihood")} bce`;
  }
  if (autoencoder) {
    const name = chosen(options, OF_AUTOENCODER);
    return name && `${named(name)} does not go with ` +
        `${nameOf("autoencoder")}, ${OF_AUTOENCODER.why}`;
  }
  const without = OF_OBJECTIVE[objective];
  const name = chosen(options, without);
  if (name && OWNER[name]) {
    return `${named(name)} is of ${nameOf("objective")} ${OWNER[name]}: ` +
      "choose that, or leave it out";
  }
  if (name) {
    return `${named(name)} does not go with ${named("objective")}, ` +
      without.why;
  }
  const of = objective === "iwae" ? "importanceSamples" : "draws";
  const rows = batchSize * drawsOf(options);
  return rows > MAX_ROWS
    ? `${nameOf(of)} ${drawsOf(options)} times ${named("batchSize")} is ` +
      `${rows} rows, and a step takes ${MAX_ROWS}: choose a smaller one`
    : undefined;
}

/** Returns the draws of z for each image of a training step. */
export function drawsOf(
  { objective, importanceSamples, draws }: Pick<
    TrainingOptions,
    "objective" | "importanceSamples" | "draws"
  >,
): number {
  return objective === "iwae" ? importanceSamples ?? IWAE_SAMPLES : draws;
}

/**
 * Says in a line why the options of a run do not go together; nothing if they do.
 *
 * @param options Those of a run.
 * @param nameOf What to call an option.
 */
export function conflictOfRun(
  options: TrainingOptions,
  nameOf: NameOf = (name) => name,
): string | undefined {
  const { epochs, patience, lrSchedule, lrWarmup } = options;
  const { objective, freeBits, capacity } = options;
  if (patience !== null && !Number.isInteger(epochs)) {
    return `${nameOf("patience")} ${patience} does not go with ` +
      `${nameOf("epochs")} ${epochs}: it compares whole epochs, so ask for ` +
      `${Math.ceil(epochs)}`;
  }
  if (lrWarmup > 0 && lrSchedule === "one-cycle") {
    return `${nameOf("lrWarmup")} ${lrWarmup} does not go with ` +
      `${nameOf("lrSchedule")} ${lrSchedule}, which has a rise of its own`;
  }
  for (const without of objective === "elbo" ? [] : OF_ELBO) {
    const name = chosen(options, without);
    if (name) {
      return `${nameOf(name)} ${options[name]} does not go with ` +
        `${nameOf("objective")} ${objective}, ${without.why}`;
    }
  }
  if (freeBits > 0 && capacity > 0) {
    return `${nameOf("freeBits")} ${freeBits} does not go with ` +
      `${nameOf("capacity")} ${capacity}: both say how much KL is free`;
  }
  return conflictOf(options, nameOf);
}

/** What is of images of the user's own alone. */
const OF_OWN = [
  "labels",
  "classes",
  "array",
  "testSize",
  "invert",
  "centre",
] as const satisfies (keyof DataOptions)[];

/**
 * Says in a line why the options that choose images do not go together; nothing
 * if they do.
 *
 * @param nameOf What to call an option.
 * @param given The options that somebody chose; the others may have been recorded.
 */
export function conflictOfData(
  options: DataOptions,
  nameOf: (name: keyof DataOptions) => string = (name) => name,
  given: ReadonlySet<string> = new Set(),
): string | undefined {
  const { images, dataset } = options;
  if (images !== null) {
    return given.has("dataset") && dataset !== dataOptions.dataset.default
      ? `${nameOf("dataset")} ${dataset} does not go with ` +
        `${nameOf("images")}, which are images of one's own: choose one of them`
      : undefined;
  }
  const name = OF_OWN.find((name) =>
    options[name] !== dataOptions[name].default
  );
  return name &&
    `${nameOf(name)} is of images of one's own: choose them with ` +
      `${nameOf("images")}, or leave it out`;
}
