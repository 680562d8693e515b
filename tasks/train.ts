/**
 * `deno task train`: trains a VAE; writes a checkpoint and pictures.
 *
 * @module
 */
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { writeRecord } from "../lib/checkpoint/run_record.ts";
import { epochsOf } from "../lib/model/losses.ts";
import {
  dataOptions,
  type TrainingOptions,
  trainingOptions,
} from "../lib/options/run.ts";
import {
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import {
  type Beginning,
  checkFit,
  checkFound,
  checkRun,
  inheritedOptions,
  RunError,
} from "../lib/train/check.ts";
import type { EndEvent } from "../lib/train/events.ts";
import { endOfRun } from "../lib/train/patience.ts";
import {
  settleWarmup,
  stepsOfEpoch,
  stepsOfRun,
} from "../lib/train/schedule.ts";
import {
  commandOf,
  EXIT_INTERRUPTED,
  type Main,
  runTask,
  shellWord,
  suggestNext,
  type Task,
} from "./shared/cli.ts";
import { flagOf, flagWords, inSection } from "./shared/flags.ts";
import { checkData, openDataset } from "./shared/data.ts";
import {
  checkpointWords,
  common,
  data,
  engineOptions,
  outFolder,
  pick,
  recipeOf,
  training as trainingFlags,
} from "./shared/options.ts";
import {
  classCount,
  classLines,
  fewImagesText,
} from "./shared/class_counts.ts";
import {
  claim,
  isInPlace,
  readsFrom,
  willWrite,
  writeOutput,
} from "./shared/files.ts";
import { nameRows } from "./shared/tables.ts";
import { say, showDigits } from "./shared/terminal.ts";
import { lossesText, trainRun } from "./shared/run.ts";
import { RunLog } from "./shared/run_log.ts";
import { findRun } from "./shared/several_runs.ts";
import {
  ANIMATION,
  Animation,
  PICTURES,
  sampleDigits,
  savePictures,
} from "./shared/train_pictures.ts";
import {
  beginningLines,
  endText,
  namesOf,
  openBeginning,
} from "./shared/beginning.ts";

const flags = {
  ...trainingFlags,
  recipe: common.recipe,
  ...inSection("Model and training", {
    resume: {
      type: "text",
      default: null,
      metavar: "FILE",
      help: "continue exactly where a checkpoint stopped",
    },
    continue: {
      type: "boolean",
      default: false,
      help: "go on with the run in --checkpoint, or begin it where there is " +
        "none; finished, it is left as it is",
    },
    fineTune: {
      type: "text",
      default: null,
      metavar: "FILE",
      help: "train on from a checkpoint's weights, on any images; if it is " +
        "conditional, of the same classes",
    },
  }),
  ...data,
  ...engineOptions,
  ...inSection("Output", {
    checkpoint: { ...common.checkpoint, help: "where to save the checkpoint" },
    checkpointEvery: {
      type: "integer",
      default: 1,
      min: 1,
      max: 100_000,
      help: "epochs between saves",
    },
    record: {
      type: "text",
      default: null,
      metavar: "FILE.json",
      help: "write a record of the run, for verify; it is then trained with " +
        "the wasm engine",
    },
    log: {
      type: "text",
      default: null,
      metavar: "FILE.jsonl",
      help: "append what happens as lines of JSON, one a second at most; " +
        "README.md has their fields",
    },
    savePlots: {
      type: "boolean",
      default: true,
      help: "write loss curves, reconstructions and samples",
    },
    outDir: outFolder("plots"),
    animate: {
      type: "boolean",
      default: false,
      help: "write animation.gif there: the same z, decoded after every epoch",
    },
    preview: {
      type: "boolean",
      default: true,
      help: "on a terminal, show sample digits after epochs, every 2 s at most",
    },
  }),
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
    "--likelihood bce --binarize dynamic --latent-dim 50",
    "--resume checkpoints/vae.safetensors --epochs 20",
    "--fine-tune checkpoints/vae.safetensors --dataset kmnist --checkpoint k.st",
  ],
  options: flags,
};

/** Digits that are shown after an epoch. */
const PREVIEW_DIGITS = 8;

/** Milliseconds between two previews, at least. */
const PREVIEWS_APART = 2000;

/**
 * Optimiser steps before which little is learnt: a dimension without KL is one
 * that has not learnt yet.
 */
const STEPS_TO_LEARN = 1000;

const main: Main<typeof flags> = async (values, { given, signal }) => {
  if (values.record !== null) checkRecordable(values);
  if (values.continue) checkContinuable(values);
  // A name that is mistyped must not leave a folder with a lock in it; what
  // counts is read under the lock, when nobody else writes it.
  await openBeginning(values);
  if (values.images !== null) readsFrom(values.images);
  using _lock = await claim(placeOf(values, given), flagOf("checkpoint"));
  let beginning = await openBeginning(values);
  const options = mergeOptions(values, given, beginning);
  const training = pick(options, trainingOptions);
  const from = values.resume ?? values.fineTune ?? options.checkpoint;
  const before = beginning.resume ?? beginning.from;
  if (options.conditional && before?.options.classCount === 0) {
    throw new RunError(
      `--conditional does not fit ${from}, which was trained without`,
    );
  }
  const names = namesOf(from, values, given);
  checkFit(training, beginning, names);
  const { checkpoint: path, outDir, latentDim, epochs } = options;
  checkData(options, given);
  await willWrite(path, "safetensors", { goesOnFrom: values.resume });
  if (options.savePlots) {
    for (const name of PICTURES) await willWrite(join(outDir, name), "png");
  }
  if (options.animate) await willWrite(join(outDir, ANIMATION), "gif");
  const { record } = options;
  if (record !== null) await willWrite(record, "json");
  using _logLock = options.log === null
    ? undefined
    : await claim(options.log, flagOf("log"));
  if (options.log !== null) await willWrite(options.log, "log");

  const dataset = await openDataset(options, signal, given, (found) => {
    if (options.conditional) training.classCount = classCount(found);
    checkFound({ options: training, found, ...beginning }, names);
  });
  if (options.conditional) training.classCount = classCount(dataset);
  if (options.continue) {
    const found = { path, options: training };
    beginning = { resume: await findRun(found, dataset, "checkpoint") };
    training.warmupEpochs ??= beginning.resume?.options.warmupEpochs ?? null;
  }
  const { resume } = beginning;
  checkRun({ options: training, dataset, ...beginning }, names);
  const { count } = dataset.train;
  const end = resume &&
    endOfRun(training, resume, stepsOfEpoch(training, count));
  if (end) {
    say(endText(end, resume, training, count));
    const isForPictures = options.animate ||
      (options.savePlots && given.has("savePlots"));
    if (!isForPictures) {
      console.log(
        options.json
          ? JSON.stringify(unchanged(from, resume, end))
          : `checkpoint ${from}`,
      );
      return;
    }
  }

  const animation = options.animate ? new Animation(training, dataset) : null;
  const goesOn = options.continue
    ? resume !== undefined
    : await isInPlace(path, values.resume);
  using log = options.log === null
    ? undefined
    : await RunLog.open(options.log, {
      options: settleWarmup(training),
      dataset,
      checkpoint: path,
      resume,
    });
  let started = 0;
  let warned = false;
  let previewed = -Infinity;
  let isDrawing = false;
  using run = await trainRun({
    path,
    options: training,
    command: (isSaved, detour) => {
      if (!isSaved) return;
      // A run that is over draws its pictures where they are asked for.
      const changes = isDrawing && options.savePlots
        ? { ...detour, savePlots: true }
        : detour;
      return resumeCommand(options, given, changes);
    },
  }, {
    dataset,
    choice: options,
    signal,
    ...beginning,
    isInPlace: goesOn,
    saved: end && goesOn ? resume.state.step : undefined,
    saveEvery: options.checkpointEvery,
    log,
    onStart: async (engine) => {
      say(
        `training on ${dataset.name}, ${counted(count, "image")}, with ` +
          `${engine.description}`,
      );
      if (!end) {
        const begun = { resume: from, fineTune: values.fineTune };
        for (const line of beginningLines(begun, training, beginning)) {
          say(line);
        }
      }
      const isConditional = training.classCount > 0;
      if (!end && (isConditional || dataset.options.images !== null)) {
        for (const line of classLines(dataset, isConditional)) say(line);
      }
      if (animation && resume) await engine.writeState(resume.state);
      const begun = epochsOf(resume?.history ?? [], resume?.epochsBefore);
      await animation?.add(engine, begun);
      if (!end && dataset.options.images !== null) {
        for (
          const note of [fewImagesText(dataset), fewStepsText(training, count)]
        ) if (note !== undefined) say(note);
      }
      started = performance.now();
    },
    onEpoch: async ({ record, inactive }, engine) => {
      const isTrained = record.step >= STEPS_TO_LEARN;
      if (isTrained && 2 * inactive > latentDim && !warned) {
        warned = true;
        say(collapseText(inactive, options));
      }
      await animation?.add(engine, record.epoch);
      const now = performance.now();
      const isLast = record.epoch >= epochs;
      const isDue = isLast || now - previewed >= PREVIEWS_APART;
      if (options.preview && isDue && Deno.stderr.isTerminal()) {
        previewed = now;
        const shown = { ...training, seed: 0 };
        showDigits(await sampleDigits(engine, shown, dataset, PREVIEW_DIGITS));
      }
    },
  });
  if (!run) {
    if (record !== null) {
      say("note: a run that was stopped has no record, however it goes on");
    }
    return EXIT_INTERRUPTED;
  }

  const { checkpoint, engine } = run;
  const { reason, test } = run.end;
  if (record !== null) {
    const text = writeRecord({
      checkpoint,
      testTotal: test!.total,
      package: config.version,
    });
    await writeOutput(record, new TextEncoder().encode(text), "json");
  }
  const { history } = checkpoint;
  let pictures: string[];
  isDrawing = true;
  try {
    pictures = options.savePlots
      ? await savePictures(
        outDir,
        engine,
        dataset,
        checkpoint,
        run.end.history,
      )
      : [];
    if (animation) pictures.push(await animation.save(outDir, checkpoint));
  } catch (error) {
    throw run.explain(error);
  }
  const recorded = (checkpoint.epochsBefore ?? 0) + history.length;
  const trained = checkpoint.trained ?? recorded;
  if (trained > recorded && !end) {
    say(
      reason === "patience"
        ? `no better validation total for ${
          counted(options.patience!, "epoch")
        }: kept ` +
          `epoch ${recorded}`
        : `kept epoch ${recorded}, whose validation total is the best`,
    );
  }
  if (options.json) {
    console.log(JSON.stringify({
      checkpoint: path,
      ...(record !== null && { record }),
      pictures,
      engine: engine.description,
      dataset: dataset.name,
      epochs: epochsOf(history, checkpoint.epochsBefore),
      steps: checkpoint.state.step,
      seconds: (performance.now() - started) / 1000,
      reason,
      test,
      history: run.end.history,
    }));
    return;
  }
  if (test) console.log(`test       ${lossesText(test)}`);
  console.log(`checkpoint ${path}`);
  if (record !== null) console.log(`record     ${record}`);
  if (pictures.length > 0) {
    console.log(nameRows([["pictures", pictures.join(" ")]], [11]));
  }
  suggestNext(
    training.classCount > 0 ? "sample" : "traverse",
    checkpointWords(path),
  );
};

type Options = OptionValues<typeof flags>;

/** With what the flags do not say: the classes, of a checkpoint to begin from. */
type RunOptions = Options & Pick<TrainingOptions, "classCount">;

/**
 * Refuses options of a run that nobody else could train again: a record holds
 * options alone.
 */
function checkRecordable({ engine, resume, fineTune, images }: Options): void {
  const refuse = (reason: string) =>
    new OptionError(`--record does not go with ${reason}`);
  if (engine !== "auto" && engine !== "wasm") {
    throw refuse(
      `--engine ${engine}, whose bits differ between machines: use wasm`,
    );
  }
  for (const [name, value] of Object.entries({ resume, fineTune })) {
    if (value === null) continue;
    throw refuse(
      `${flagOf(name)}: it says how to train from the first step, and a ` +
        "checkpoint does not know how it came about",
    );
  }
  if (images !== null) {
    throw refuse("--images, which others do not have: use a --dataset");
  }
}

/** Refuses what a run that is repeated as it was begun cannot keep. */
function checkContinuable({ resume, fineTune, record }: Options): void {
  for (const [name, value] of Object.entries({ resume, fineTune, record })) {
    if (value === null) continue;
    throw new OptionError(`--continue does not go with ${flagOf(name)}`);
  }
}

/** Where a run is saved: where it goes on, unless another place is named. */
function placeOf(values: Options, given: ReadonlySet<keyof Options>): string {
  if (given.has("checkpoint")) return values.checkpoint;
  return values.resume ?? values.checkpoint;
}

/**
 * What is given wins over the recipe, and the recipe over what the run takes
 * over from a checkpoint.
 */
function mergeOptions(
  values: Options,
  given: ReadonlySet<keyof Options>,
  beginning: Beginning,
): RunOptions {
  const chosen = Object.fromEntries(
    [...given].map((key) => [key, values[key]]),
  );
  const begun = {
    ...values,
    classCount: trainingOptions.classCount.default,
    ...inheritedOptions(beginning, chosen),
    ...beginning.resume?.data.options,
  };
  const model = { ...begun, ...chosen };
  const merged = { ...begun, ...recipeOf(values.recipe, model), ...chosen };
  const engine = values.record === null ? values.engine : "wasm";
  return { ...merged, engine, checkpoint: placeOf(values, given) };
}

/** What `--json` says of a run that is over. */
function unchanged(
  checkpoint: string,
  { data, state, history, epochsBefore }: Checkpoint,
  reason: EndEvent["reason"],
): Record<string, unknown> {
  return {
    checkpoint,
    pictures: [],
    engine: null,
    dataset: data.name,
    epochs: epochsOf(history, epochsBefore),
    steps: state.step,
    seconds: 0,
    reason,
    test: null,
    history,
  };
}

/** The command that continues a run as it was asked for. */
function resumeCommand(
  options: Options,
  given: ReadonlySet<keyof Options>,
  changes: Readonly<Record<string, string | number | boolean>> = {},
): string {
  const values = { ...options, ...changes };
  const resume = options.checkpoint;
  // The checkpoint has the others, and the path is there already.
  const names = new Set(
    [...given, ...Object.keys(changes) as (keyof Options)[]].filter((name) =>
      !(name in trainingOptions || name in dataOptions) &&
      ![
        ...["resume", "fineTune", "checkpoint", "recipe", "record"],
        ...["conditional", "continue"],
      ].includes(name)
    ),
  );
  const words = flagWords(flags, { ...values, resume }, ["resume", ...names]);
  return [commandOf("train"), ...words.map(shellWord)].join(" ");
}

/** Says that a run on few images ends before a model has learnt much. */
function fewStepsText(
  options: TrainingOptions,
  images: number,
): string | undefined {
  const stepsPerEpoch = stepsOfEpoch(options, images);
  const steps = stepsOfRun(options, stepsPerEpoch);
  if (steps >= STEPS_TO_LEARN) return;
  const epochs = Math.ceil(STEPS_TO_LEARN / stepsPerEpoch);
  return `note: this run has ${counted(steps, "step")}, and a model learns ` +
    `little in less than ${STEPS_TO_LEARN}: --epochs ${epochs} has as many`;
}

function collapseText(
  inactive: number,
  { latentDim, objective }: Pick<Options, "latentDim" | "objective">,
): string {
  const ofKl = "a smaller --beta, --beta-schedule linear, a --capacity, or ";
  return `note: ${inactive} of ${latentDim} latent dimensions carry less than ` +
    `0.01 nats (posterior collapse): try ${objective === "elbo" ? ofKl : ""}` +
    "fewer dimensions with --latent-dim";
}

if (import.meta.main) await runTask(task, flags, main);
