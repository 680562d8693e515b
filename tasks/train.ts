/**
 * `deno task train`: trains a VAE; writes a checkpoint and pictures.
 *
 * @module
 */
import { join } from "node:path";
import { checkWritable, WriteError } from "../lib/files/atomic_write.ts";
import {
  type Checkpoint,
  loadCheckpoint,
  saveCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { GpuError } from "../lib/engine/gpu.ts";
import { createEngine } from "../lib/engines.ts";
import { WorkerError } from "../lib/engine/wasm/threads.ts";
import {
  dataOptions,
  recipes,
  type TrainingOptions,
  trainingOptions,
} from "../lib/options/run.ts";
import type { TaskValues } from "./shared/options.ts";
import { NonFiniteLossError } from "../lib/train/events.ts";
import { trainLoop } from "../lib/train/trainer.ts";
import {
  commandOf,
  EXIT_INTERRUPTED,
  flagOf,
  runTask,
  TaskError,
} from "./shared/cli.ts";
import { Progress } from "./shared/progress.ts";
import {
  checkSameImages,
  claim,
  epochText,
  lossesText,
  openDataset,
  pick,
  progressText,
  shellWord,
} from "./shared/run.ts";
import {
  ANIMATION,
  Animation,
  previewText,
  savePictures,
} from "./shared/run_pictures.ts";

/** What a resumed run cannot change without being another run. */
const FIXED: readonly (keyof TrainingOptions)[] = [
  "latentDim",
  "likelihood",
  "autoencoder",
  "batchSize",
  "seed",
];

await runTask("train", async (given, context) => {
  const { signal } = context;
  // A name that is mistyped must not leave a folder with a lock in it; what
  // counts is read under the lock, when nobody else writes it.
  if (given.resume !== null) await loadCheckpoint(given.resume);
  using _lock = await claim(placeOf(given, context.given), "checkpoint");
  const resume = given.resume === null
    ? undefined
    : await loadCheckpoint(given.resume);
  const options = mergeOptions(given, context.given, resume);
  await checkWritable(options.checkpoint);
  if (options.savePlots) {
    await checkWritable(join(options.plotDir, "loss-curves.png"));
  }
  if (options.animate) await checkWritable(join(options.plotDir, ANIMATION));

  const progress = new Progress();
  const dataset = await openDataset(options, signal);
  if (resume) checkSameImages(dataset, resume, given.resume!);

  const engine = await createEngine(options, {
    ...options,
    onFallback: (reason) => console.error(`note: ${reason}`),
  });
  console.error(
    `training on ${dataset.name}, ${dataset.train.count} images, with ` +
      `${engine.description}`,
  );
  const animation = options.animate ? new Animation(engine, options) : null;
  if (animation && resume) await engine.writeState(resume.state);
  await animation?.add(resume?.history.length ?? 0);
  const started = performance.now();
  let saved = 0;
  const save = async (checkpoint: Checkpoint) => {
    await saveCheckpoint(options.checkpoint, checkpoint);
    saved = checkpoint.state.step;
  };

  const run = trainLoop({
    engine,
    dataset,
    options: pick(options, trainingOptions),
    resume,
    signal,
  });
  try {
    let warned = false;
    for await (const event of run) {
      if (event.type === "progress") {
        progress.update(
          event.images.done / event.images.total,
          progressText(event, options.epochs),
        );
        continue;
      }
      progress.clear();
      if (event.type === "epoch") {
        console.error(epochText(event, options.epochs));
        if (2 * event.inactive > options.latentDim && !warned) {
          warned = true;
          console.error(collapseText(event.inactive, options.latentDim));
        }
        await animation?.add(event.record.epoch);
        if (event.record.epoch % options.checkpointEvery === 0) {
          await save(await event.checkpoint());
        }
        if (options.preview && Deno.stderr.isTerminal()) {
          console.error(await previewText(engine, options.latentDim));
        }
        continue;
      }

      const checkpoint = await event.checkpoint();
      await save(checkpoint);
      if (event.reason === "aborted") {
        console.error(
          `stopped after step ${checkpoint.state.step}, saved. Continue with:` +
            `\n  ${resumeCommand(options, context.given)}`,
        );
        return EXIT_INTERRUPTED;
      }
      const { plotDir } = options;
      const pictures = options.savePlots
        ? await savePictures(
          plotDir,
          engine,
          dataset,
          checkpoint,
          event.history,
        )
        : [];
      if (animation) pictures.push(await animation.save(plotDir, checkpoint));
      if (event.reason === "patience") {
        console.error(
          `no better validation total for ${options.patience} epochs: kept ` +
            `epoch ${checkpoint.history.length}`,
        );
      }
      if (options.json) {
        console.log(JSON.stringify({
          checkpoint: options.checkpoint,
          pictures,
          engine: engine.description,
          dataset: dataset.name,
          epochs: checkpoint.history.length,
          steps: checkpoint.state.step,
          seconds: (performance.now() - started) / 1000,
          reason: event.reason,
          test: event.test,
          history: event.history,
        }));
      } else {
        if (event.test) console.log(`test       ${lossesText(event.test)}`);
        console.log(`checkpoint ${options.checkpoint}`);
        if (pictures.length > 0) {
          console.log(`pictures   ${pictures.join(" ")}`);
        }
      }
    }
  } catch (error) {
    progress.clear();
    const kept = saved > 0
      ? `${options.checkpoint} holds the run after step ${saved}`
      : "nothing was saved";
    if (error instanceof NonFiniteLossError || error instanceof WriteError) {
      throw new TaskError(`${error.message}; ${kept}`);
    }
    const way = wayOut(error);
    if (!way) throw error;
    const [name, value] = way;
    const advice = saved > 0
      ? `. Continue with: ${
        resumeCommand({ ...options, [name]: value }, context.given, [name])
      }`
      : `: try ${flagOf(name)} ${value}`;
    throw new TaskError(`${(error as Error).message}; ${kept}${advice}`);
  }
});

type Options = TaskValues<"train">;

/** The option with which a run does without what has failed. */
function wayOut(
  error: unknown,
): ["engine", "wasm"] | ["threads", number] | undefined {
  if (error instanceof GpuError) return ["engine", "wasm"];
  if (error instanceof WorkerError) return ["threads", 1];
}

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
  more: readonly (keyof Options)[] = [],
): string {
  const words = [
    commandOf("train"),
    "--resume",
    shellWord(options.checkpoint),
  ];
  for (const name of new Set([...given, ...more])) {
    // The checkpoint has these, and the path is there already.
    if (name in trainingOptions || name in dataOptions) continue;
    if (["resume", "checkpoint", "recipe"].includes(name)) continue;
    const value = options[name];
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
