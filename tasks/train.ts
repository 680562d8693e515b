/**
 * `deno task train`: trains a VAE; writes a checkpoint and pictures.
 *
 * @module
 */
import { join } from "node:path";
import { checkWritable } from "../lib/checkpoint/atomic_write.ts";
import {
  type Checkpoint,
  loadCheckpoint,
  saveCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { type Dataset, loadDataset } from "../lib/dataset/dataset.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { createEngine } from "../lib/engine/select.ts";
import { lossCurves } from "../lib/image/curves.ts";
import { grid, pairGrid } from "../lib/image/grid.ts";
import { preview } from "../lib/image/preview.ts";
import { priorSample } from "../lib/model/prior.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { type OptionTable } from "../lib/option.ts";
import {
  dataOptions,
  type TaskValues,
  type TrainingOptions,
  trainingOptions,
} from "../lib/options.ts";
import type { EpochRecord, Losses } from "../lib/train/history.ts";
import {
  type EpochEvent,
  NonFiniteLossError,
  type ProgressEvent,
  trainLoop,
} from "../lib/train/trainer.ts";
import { EXIT_INTERRUPTED, flagOf, runTask, TaskError } from "./cli.ts";
import { describe, writePicture } from "./model.ts";
import { duration, Progress } from "./progress.ts";

/** What a resumed run cannot change without being another run. */
const FIXED: readonly (keyof TrainingOptions)[] = [
  "latentDim",
  "likelihood",
  "autoencoder",
  "batchSize",
  "seed",
];

const PREVIEW_DIGITS = 8;

await runTask("train", async (given, context) => {
  const resume = given.resume === null
    ? undefined
    : await loadCheckpoint(given.resume);
  const options = mergeOptions(given, context.given, resume);
  await checkWritable(options.checkpoint);
  if (options.savePlots) {
    await checkWritable(join(options.plotDir, "loss-curves.png"));
  }

  const progress = new Progress();
  const dataset = await loadDataset({
    ...pick(options, dataOptions),
    signal: context.signal,
    onProgress: ({ file, loaded, total }) =>
      progress.update(total && loaded / total, `fetching ${file}`),
  }).finally(() => progress.clear());
  for (const note of dataset.notes) console.error(`note: ${note}`);
  checkSameImages(dataset, resume, given.resume);

  const engine = await createEngine(options, {
    ...options,
    onFallback: (reason) => console.error(`note: ${reason}`),
  });
  console.error(
    `training on ${dataset.name}, ${dataset.train.count} images, with ` +
      `${engine.description}`,
  );
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
    signal: context.signal,
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
      const pictures = options.savePlots
        ? await savePictures(
          options.plotDir,
          engine,
          dataset,
          checkpoint,
          event.history,
        )
        : [];
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
    if (!(error instanceof NonFiniteLossError)) throw error;
    throw new TaskError(
      `${error.message}; ` +
        (saved > 0
          ? `${options.checkpoint} holds the run after step ${saved}`
          : `nothing was saved`),
    );
  }
});

type Options = TaskValues<"train">;

/** On resume the checkpoint's options hold, but for those given anew. */
function mergeOptions(
  values: Options,
  given: ReadonlySet<keyof Options>,
  resume: Checkpoint | undefined,
): Options {
  if (!resume) return values;
  const merged = { ...values, ...resume.options, ...resume.data.options };
  // Where it goes on is where it is saved, unless another place is named.
  merged.checkpoint = values.resume!;
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
): string {
  const words = ["deno task train --resume", shellWord(options.checkpoint)];
  for (const name of given) {
    // The checkpoint has these, and the path is there already.
    if (name in trainingOptions || name in dataOptions) continue;
    if (name === "resume" || name === "checkpoint") continue;
    const value = options[name];
    if (value === false) words.push(`--no-${flagOf(name).slice(2)}`);
    else words.push(flagOf(name));
    if (typeof value !== "boolean") words.push(shellWord(String(value)));
  }
  return words.join(" ");
}

function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}

function checkSameImages(
  dataset: Dataset,
  resume: Checkpoint | undefined,
  path: string | null,
): void {
  if (!resume || resume.data.digest === dataset.digest) return;
  throw new TaskError(
    `${path} was trained on ${resume.data.name} (${
      resume.data.digest.slice(0, 12)
    }…), and these are other images: ${dataset.name} (${
      dataset.digest.slice(0, 12)
    }…)`,
  );
}

/** The values of one table's options. */
function pick<T extends OptionTable>(
  values: { [K in keyof T]: unknown },
  table: T,
): Pick<Options, keyof T & keyof Options> {
  return Object.fromEntries(
    Object.keys(table).map((name) => [name, values[name]]),
  ) as Pick<Options, keyof T & keyof Options>;
}

function lossesText({ total, reconstruction, kl }: Losses): string {
  return `total ${total.toFixed(3)}  reconstruction ${
    reconstruction.toFixed(3)
  }  KL ${kl.toFixed(3)}`;
}

function progressText(event: ProgressEvent, epochs: number): string {
  const { epoch, step, images, imagesPerSecond, secondsLeft, losses } = event;
  return [
    `epoch ${epoch}/${epochs}`,
    `step ${step}`,
    `${images.done}/${images.total}`,
    `${imagesPerSecond.toFixed(imagesPerSecond < 100 ? 1 : 0)} images/s`,
    `${duration(secondsLeft)} left`,
    ...(losses ? [lossesText(losses)] : []),
  ].join("  ");
}

function epochText({ record, seconds }: EpochEvent, epochs: number): string {
  const { epoch, train, validation } = record;
  const number = String(epoch).padStart(String(epochs).length);
  return `epoch ${number}/${epochs}  ${duration(seconds)}  train: ${
    lossesText(train)
  }` + (validation ? `  validation: ${lossesText(validation)}` : "");
}

function collapseText(inactive: number, latentDim: number): string {
  return `note: ${inactive} of ${latentDim} latent dimensions carry less than ` +
    "0.01 nats (posterior collapse): try a smaller --beta, --beta-schedule " +
    "linear, a --capacity, or fewer dimensions with --latent-dim";
}

async function previewText(engine: Engine, latentDim: number): Promise<string> {
  const z = priorSample(PREVIEW_DIGITS, latentDim, 0);
  const { columns } = Deno.consoleSize();
  return preview(await engine.decode(z), { columns });
}

/** Writes the loss curves, reconstructions and samples; returns their paths. */
async function savePictures(
  dir: string,
  engine: Engine,
  dataset: Dataset,
  checkpoint: Checkpoint,
  history: readonly EpochRecord[],
): Promise<string[]> {
  const { latentDim, likelihood, seed } = checkpoint.options;
  const shown = [dataset.test, dataset.validation, dataset.train]
    .find((set) => set?.count)!;
  const originals = shown.images.subarray(0, 16 * IMAGE_PIXELS);
  const { mu } = await engine.encode(originals);
  const pictures = {
    "loss-curves.png": lossCurves(history, {
      title: describe(checkpoint),
      likelihood,
    }),
    "reconstructions.png": pairGrid(originals, await engine.decode(mu)),
    "samples.png": grid(
      await engine.decode(priorSample(64, latentDim, seed)),
    ),
  };
  const paths: string[] = [];
  for (const [name, picture] of Object.entries(pictures)) {
    const path = join(dir, name);
    await writePicture(path, picture, name, checkpoint);
    paths.push(path);
  }
  return paths;
}
