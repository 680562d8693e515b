/**
 * Every option of every task, once: flags, defaults, ranges, help texts and
 * validation all derive from the tables in this file.
 *
 * @module
 */

/** A whole or real number in a closed range. `null` means "not set". */
export interface NumberOption<D extends number | null = number | null> {
  readonly type: "integer" | "number";
  readonly default: D;
  readonly min: number;
  readonly max: number;
  readonly help: string;
}

/** One of a few words. */
export interface ChoiceOption<C extends string = string> {
  readonly type: "choice";
  readonly default: C;
  readonly choices: readonly C[];
  readonly help: string;
}

/** On or off. */
export interface BooleanOption {
  readonly type: "boolean";
  readonly default: boolean;
  readonly help: string;
}

/** A path or URL. `null` means "not set". */
export interface TextOption<D extends string | null = string | null> {
  readonly type: "text";
  readonly default: D;
  readonly placeholder: string;
  readonly help: string;
}

/** An entry of a table. */
export type Option = NumberOption | ChoiceOption | BooleanOption | TextOption;

/** Options by their name in code; the flag is the same in kebab-case. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The values that a table describes. */
export type OptionValues<T extends OptionTable> = {
  -readonly [K in keyof T]: T[K] extends NumberOption<infer D>
    ? D extends number ? number : number | null
    : T[K] extends ChoiceOption<infer C> ? C
    : T[K] extends BooleanOption ? boolean
    : T[K] extends TextOption<infer D> ? D extends string ? string
      : string | null
    : never;
};

/** A value that an option does not take. The message is for a person. */
export class OptionError extends Error {
  override name = "OptionError";
}

function integer<D extends number | null>(
  value: D,
  min: number,
  max: number,
  help: string,
): NumberOption<D> {
  return { type: "integer", default: value, min, max, help };
}

function real<D extends number | null>(
  value: D,
  min: number,
  max: number,
  help: string,
): NumberOption<D> {
  return { type: "number", default: value, min, max, help };
}

function choice<const C extends string>(
  choices: readonly C[],
  value: NoInfer<C>,
  help: string,
): ChoiceOption<C> {
  return { type: "choice", default: value, choices, help };
}

function flag(value: boolean, help: string): BooleanOption {
  return { type: "boolean", default: value, help };
}

function text<D extends string | null>(
  value: D,
  placeholder: string,
  help: string,
): TextOption<D> {
  return { type: "text", default: value, placeholder, help };
}

/** What is trained and how: recorded in the checkpoint, kept on resume. */
export const trainingOptions = {
  latentDim: integer(12, 1, 512, "number of latent dimensions"),
  beta: real(1, 0, 1e6, "weight of the KL term (β-VAE)"),
  epochs: integer(10, 1, 1e5, "passes over the training images"),
  batchSize: integer(128, 1, 2048, "images in one optimiser step"),
  lr: real(0.001, 1e-9, 10, "Adam's learning rate"),
  likelihood: choice(
    ["mse", "bce"],
    "mse",
    "squared error, or cross-entropy of logits in nats",
  ),
  betaSchedule: choice(
    ["constant", "linear", "cyclical"],
    "constant",
    "how β reaches its value",
  ),
  warmupEpochs: real(
    5,
    0.01,
    1e5,
    "epochs in which a schedule or the capacity rises",
  ),
  capacity: real(0, 0, 1e4, "target C of the KL term, β·|KL − C|, in nats"),
  patience: integer(
    null,
    1,
    1e5,
    "stop after so many epochs without a better validation total",
  ),
  autoencoder: flag(false, "z = μ and no KL term: the standard autoencoder"),
  seed: integer(0, 0, Number.MAX_SAFE_INTEGER, "seed of all random numbers"),
} satisfies OptionTable;

/** What it is trained on: recorded in the checkpoint, kept on resume. */
export const dataOptions = {
  dataset: choice(
    ["auto", "mnist", "fashion-mnist", "kmnist", "synthetic"],
    "auto",
    "auto: mnist if it can be had, otherwise synthetic",
  ),
  images: text(null, "FILE.idx[.gz]", "28×28 images of your own instead"),
  dataDir: text("data", "DIR", "folder of the downloaded data sets"),
  limit: integer(null, 1, 1e6, "use the first N images of each split"),
  valSize: integer(5000, 0, 1e6, "training images held out for validation"),
} satisfies OptionTable;

/** Options of the model, the loss and the optimiser. */
export type TrainingOptions = OptionValues<typeof trainingOptions>;

/** Options that choose the images. */
export type DataOptions = OptionValues<typeof dataOptions>;

const engineOptions = {
  engine: choice(["auto", "tfjs"], "auto", "who does the arithmetic"),
  tfBackend: choice(
    ["auto", "webgpu", "cpu"],
    "auto",
    "backend of the tfjs engine",
  ),
};

const checkpoint = text(
  "checkpoints/vae.safetensors",
  "FILE",
  "the checkpoint to use",
);
const json = flag(false, "print one JSON object to stdout");

/** What a task is called, what it does and which options it takes. */
export interface TaskSpec<T extends OptionTable = OptionTable> {
  readonly summary: string;
  readonly options: T;
}

function task<T extends OptionTable>(summary: string, options: T): TaskSpec<T> {
  return { summary, options };
}

/** The command line of each task. */
export const tasks = {
  fetch: task("Downloads and verifies a data set.", {
    dataset: choice(
      ["mnist", "fashion-mnist", "kmnist"],
      "mnist",
      "which data set",
    ),
    from: text(null, "DIR|URL", "folder or base URL to take the files from"),
    dataDir: dataOptions.dataDir,
    json,
  }),
  train: task("Trains a VAE; writes a checkpoint and pictures.", {
    ...trainingOptions,
    ...dataOptions,
    checkpoint: { ...checkpoint, help: "where to save the checkpoint" },
    checkpointEvery: integer(1, 1, 1e5, "epochs between saves"),
    resume: text(null, "FILE", "continue exactly where a checkpoint stopped"),
    savePlots: flag(true, "write loss curves, reconstructions and samples"),
    plotDir: text("plots", "DIR", "folder of the pictures"),
    preview: flag(true, "on a terminal, show sample digits after each epoch"),
    ...engineOptions,
    json,
  }),
  sample: task("Draws new digits from a trained model.", {
    n: integer(64, 1, 10_000, "how many digits"),
    temperature: real(1, 0, 100, "standard deviation of z"),
    seed: trainingOptions.seed,
    out: text("samples.png", "FILE", "the picture to write"),
    checkpoint,
    ...engineOptions,
    json,
  }),
  reconstruct: task("Shows originals above their reconstructions.", {
    n: integer(16, 1, 10_000, "how many digits"),
    split: choice(["train", "validation", "test"], "test", "which images"),
    out: text("reconstructions.png", "FILE", "the picture to write"),
    dataDir: dataOptions.dataDir,
    checkpoint,
    ...engineOptions,
    json,
  }),
  doctor: task("Shows what this machine can do, and checks its numbers.", {
    json,
  }),
} satisfies Record<string, TaskSpec>;

/** The name of a task. */
export type TaskName = keyof typeof tasks;

/** The values of a task's options. */
export type TaskValues<T extends TaskName> = OptionValues<
  (typeof tasks)[T]["options"]
>;

/** The values of a table before anybody chose otherwise. */
export function defaults<T extends OptionTable>(table: T): OptionValues<T> {
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, option.default]),
  ) as OptionValues<T>;
}

/**
 * Checks the value of one option, as text from a command line or as a value
 * from code.
 *
 * @param label What to call the option in an error.
 * @returns The value in the option's own type.
 * @throws {OptionError} If the option does not take the value.
 */
export function parseOption(
  option: Option,
  label: string,
  value: unknown,
): number | string | boolean | null {
  const refuse = (wanted: string) => {
    const shown = value === ""
      ? "nothing"
      : typeof value === "string"
      ? `"${value}"`
      : String(value);
    return new OptionError(`${label} takes ${wanted}, not ${shown}`);
  };
  if (value === null && option.default === null) return null;
  switch (option.type) {
    case "boolean":
      if (typeof value !== "boolean") throw refuse("true or false");
      return value;
    case "text":
      if (typeof value !== "string" || value === "") {
        throw refuse(`a value (${option.placeholder})`);
      }
      return value;
    case "choice":
      if (!option.choices.includes(value as string)) {
        throw refuse(`one of ${option.choices.join(", ")}`);
      }
      return value as string;
    case "integer":
    case "number": {
      const number = typeof value === "string" && value.trim() !== ""
        ? Number(value)
        : value;
      if (
        typeof number !== "number" ||
        !(number >= option.min && number <= option.max) ||
        (option.type === "integer" && !Number.isInteger(number))
      ) throw refuse(rangeOf(option));
      return number;
    }
  }
}

/**
 * Completes partial values from code with the table's defaults.
 *
 * @throws {OptionError} If a name is unknown or a value is out of range.
 */
export function completeOptions<T extends OptionTable>(
  table: T,
  values: Partial<OptionValues<T>>,
): OptionValues<T> {
  const complete = defaults(table) as Record<string, unknown>;
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(table, name)) {
      throw new OptionError(`there is no option ${name}`);
    }
    if (value !== undefined) {
      complete[name] = parseOption(table[name], name, value);
    }
  }
  return complete as OptionValues<T>;
}

/** What a number option takes, in words. */
export function rangeOf({ type, min, max }: NumberOption): string {
  const kind = type === "integer" ? "a whole number" : "a number";
  return max === Number.MAX_SAFE_INTEGER
    ? `${kind} of ${min} or more`
    : `${kind} from ${min} to ${max}`;
}
