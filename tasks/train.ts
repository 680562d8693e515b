/**
 * `deno task train`: trains a VAE; writes a checkpoint and pictures.
 *
 * @module
 */
import { join } from "node:path";
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { priorSample } from "../lib/model/prior.ts";
import {
  dataOptions,
  recipes,
  type TrainingOptions,
  trainingOptions,
} from "../lib/options/run.ts";
import type { OptionTable, OptionValues } from "../lib/options/table.ts";
import {
  commandOf,
  EXIT_INTERRUPTED,
  type Main,
  runTask,
  shellWord,
  type Task,
  TaskError,
} from "./shared/cli.ts";
import { flagOf } from "./shared/flags.ts";
import { checkSameImages, openDataset } from "./shared/data.ts";
import { openCheckpoint } from "./shared/model.ts";
import { common, engineOptions, pick } from "./shared/options.ts";
import { showDigits } from "./shared/terminal.ts";
import { claim, isInPlace, readsFrom, willWrite } from "./shared/files.ts";
import { type Detour, lossesText, trainRun } from "./shared/run.ts";
import {
  ANIMATION,
  Animation,
  PICTURES,
  savePictures,
} from "./shared/train_pictures.ts";

const flags = {
  ...trainingOptions,
  ...dataOptions,
  recipe: {
    type: "choice",
    default: "none",
    choices: ["none", "fast", "best"],
    help: "options chosen by measurement, unless given",
  },
  checkpoint: { ...common.checkpoint, help: "where to save the checkpoint" },
  checkpointEvery: {
    type: "integer",
    default: 1,
    min: 1,
    max: 100_000,
    help: "epochs between saves",
  },
  resume: {
    type: "text",
    default: null,
    metavar: "FILE",
    help: "continue exactly where a checkpoint stopped",
  },
  savePlots: {
    type: "boolean",
    default: true,
    help: "write loss curves, reconstructions and samples",
  },
  plotDir: {
    type: "text",
    default: "plots",
    metavar: "DIR",
    help: "folder of the pictures",
  },
  animate: {
    type: "boolean",
    default: false,
    help: "write animation.gif there: the same z, decoded after every epoch",
  },
  preview: {
    type: "boolean",
    default: true,
    help: "on a terminal, show sample digits after each epoch",
  },
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task train` does. */
export const task: Task = {
  name: "train",
  summary: "Trains a VAE; writes a checkpoint and pictures.",
  examples: [
    "--beta 4",
    "--latent-dim 16 --epochs 20 --batch-size 256 --lr 0.0005",
    "--likelihood bce --beta-schedule linear --warmup-epochs 3",
    "--resume checkpoints/vae.safetensors --epochs 20",
  ],
  options: flags,
};

/** What a resumed run cannot change without being another run. */
const FIXED: readonly (keyof TrainingOptions)[] = [
  "latentDim",
  "likelihood",
  "autoencoder",
  "batchSize",
  "seed",
];

/** Digits that are shown after an epoch. */
const PREVIEW_DIGITS = 8;

const main: Main<typeof flags> = async (values, { given, signal }) => {
  // A name that is mistyped must not leave a folder with a lock in it; what
  // counts is read under the lock, when nobody else writes it.
  if (values.resume !== null) await openCheckpoint(values.resume);
  using _lock = await claim(placeOf(values, given), flagOf("checkpoint"));
  const resume = values.resume === null
    ? undefined
    : await openCheckpoint(values.resume);
  const options = mergeOptions(values, given, resume);
  const { checkpoint: path, plotDir, latentDim } = options;
  if (options.images !== null) readsFrom(options.images);
  const goesOn = await isInPlace(path, values.resume);
  await willWrite(path, "safetensors", { goesOnFrom: values.resume });
  if (options.savePlots) {
    for (const name of PICTURES) await willWrite(join(plotDir, name), "png");
  }
  if (options.animate) await willWrite(join(plotDir, ANIMATION), "gif");

  const dataset = await openDataset(options, signal);
  if (resume) checkSameImages(dataset, resume, values.resume!);

  const animation = options.animate ? new Animation(options) : null;
  const z = priorSample(PREVIEW_DIGITS, latentDim, 0);
  let started = 0;
  let warned = false;
  using run = await trainRun({
    path,
    options: pick(options, trainingOptions),
    command: (isSaved, detour) =>
      isSaved ? resumeCommand(options, given, detour) : undefined,
  }, {
    dataset,
    choice: options,
    signal,
    resume,
    isInPlace: goesOn,
    saveEvery: options.checkpointEvery,
    onStart: async (engine) => {
      console.error(
        `training on ${dataset.name}, ${dataset.train.count} images, with ` +
          `${engine.description}`,
      );
      if (animation && resume) await engine.writeState(resume.state);
      await animation?.add(engine, resume?.history.length ?? 0);
      started = performance.now();
    },
    onEpoch: async ({ record, inactive }, engine) => {
      if (2 * inactive > latentDim && !warned) {
        warned = true;
        console.error(collapseText(inactive, latentDim));
      }
      await animation?.add(engine, record.epoch);
      if (options.preview && Deno.stderr.isTerminal()) {
        showDigits(await engine.decode(z));
      }
    },
  });
  if (!run) return EXIT_INTERRUPTED;

  const { checkpoint, engine, end } = run;
  const { history } = checkpoint;
  let pictures: string[];
  try {
    pictures = options.savePlots
      ? await savePictures(plotDir, engine, dataset, checkpoint, end.history)
      : [];
    if (animation) pictures.push(await animation.save(plotDir, checkpoint));
  } catch (error) {
    throw run.explain(error);
  }
  if (end.reason === "patience") {
    console.error(
      `no better validation total for ${options.patience} epochs: kept ` +
        `epoch ${history.length}`,
    );
  }
  if (options.json) {
    console.log(JSON.stringify({
      checkpoint: path,
      pictures,
      engine: engine.description,
      dataset: dataset.name,
      epochs: history.length,
      steps: checkpoint.state.step,
      seconds: (performance.now() - started) / 1000,
      reason: end.reason,
      test: end.test,
      history: end.history,
    }));
    return;
  }
  if (end.test) console.log(`test       ${lossesText(end.test)}`);
  console.log(`checkpoint ${path}`);
  if (pictures.length > 0) console.log(`pictures   ${pictures.join(" ")}`);
};

type Options = OptionValues<typeof flags>;

/** Where a run is saved: where it goes on, unless another place is named. */
function placeOf(values: Options, given: ReadonlySet<keyof Options>): string {
  if (given.has("checkpoint")) return values.checkpoint;
  return values.resume ?? values.checkpoint;
}

/**
 * A new run follows its recipe; on resume the checkpoint's options hold. Options
 * that are given win over both.
 */
function mergeOptions(
  values: Options,
  given: ReadonlySet<keyof Options>,
  resume: Checkpoint | undefined,
): Options {
  if (!resume) {
    const chosen = Object.entries(recipes[values.recipe])
      .filter(([name]) => !given.has(name as keyof Options));
    return { ...values, ...Object.fromEntries(chosen) };
  }
  const merged = { ...values, ...resume.options, ...resume.data.options };
  merged.checkpoint = placeOf(values, given);
  for (const name of given) Object.assign(merged, { [name]: values[name] });
  for (const name of FIXED) {
    if (merged[name] !== resume.options[name]) {
      throw new TaskError(
        `${flagOf(name)} ${
          merged[name]
        } does not fit ${values.resume}, which ` +
          `was trained with ${resume.options[name]}`,
      );
    }
  }
  return merged;
}

/** The command that continues a run as it was asked for. */
function resumeCommand(
  options: Options,
  given: ReadonlySet<keyof Options>,
  detour: Detour = {},
): string {
  const values = { ...options, ...detour };
  const words = [
    commandOf("train"),
    "--resume",
    shellWord(options.checkpoint),
  ];
  for (
    const name of new Set([
      ...given,
      ...Object.keys(detour) as (keyof Options)[],
    ])
  ) {
    // The checkpoint has these, and the path is there already.
    if (name in trainingOptions || name in dataOptions) continue;
    if (["resume", "checkpoint", "recipe"].includes(name)) continue;
    const value = values[name];
    if (value === false) words.push(`--no-${flagOf(name).slice(2)}`);
    else words.push(flagOf(name));
    if (typeof value !== "boolean") words.push(shellWord(String(value)));
  }
  return words.join(" ");
}

function collapseText(inactive: number, latentDim: number): string {
  return `note: ${inactive} of ${latentDim} latent dimensions carry less than ` +
    "0.01 nats (posterior collapse): try a smaller --beta, --beta-schedule " +
    "linear, a --capacity, or fewer dimensions with --latent-dim";
}

if (import.meta.main) await runTask(task, flags, main);
