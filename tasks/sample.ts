/**
 * `deno task sample`: draws new digits from a trained model.
 *
 * @module
 */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import type { Engine, Labels } from "../lib/engine/engine.ts";
import { encodeNpy } from "../lib/formats/npy.ts";
import { grid } from "../lib/image/grid.ts";
import type { GaussianMixture } from "../lib/math/gaussian_mixture.ts";
import { chooseMixture } from "../lib/math/mixture_fit.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../lib/model/spec.ts";
import { OptionError, type OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { ALL, classesOf, classOf } from "./shared/model_classes.ts";
import { openTrainingImages } from "./shared/data.ts";
import { openScale } from "./shared/dimensions.ts";
import {
  type Class,
  mixtureSheet,
  ofClass,
  sampleSheet,
} from "../lib/latent/sheets.ts";
import { willWrite, writeOutput } from "./shared/files.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, digitOptions, outFile } from "./shared/options.ts";
import { headingOf, writePicture } from "./shared/pictures.ts";
import { Progress } from "./shared/progress.ts";
import { showDigits, tell } from "./shared/terminal.ts";

/** Digits that are drawn unless told otherwise. */
const SAMPLES = 64;
const OF_EACH = 8;

const flags = {
  n: {
    type: "integer",
    default: null,
    min: 1,
    max: 10_000,
    help:
      `how many digits, default: ${SAMPLES}; where all classes are drawn, how ` +
      `many of each, default: ${OF_EACH}`,
  },
  class: {
    ...common.class,
    help: "of a conditional model: the class to draw, its name or number, or " +
      "all, a row for each; default: all",
  },
  sampler: {
    type: "choice",
    default: "prior",
    choices: ["prior", "gmm"],
    help:
      "where z is from: the prior, or a mixture of Gaussians fitted to where " +
      "the encoder puts the training images",
  },
  temperature: {
    type: "number",
    default: 1,
    min: 0,
    max: 100,
    help:
      "of the prior: standard deviation of z; of the mixture: factor of its " +
      "standard deviations",
  },
  seed: common.seed,
  dataDir: data.dataDir,
  out: outFile(
    "samples.png",
    "the picture to write; or .npy for the pixel means, float32 [n, 28, 28], " +
      "from 0 to 1 but for squared error, and the classes in .labels.npy",
  ),
  ...digitOptions,
} as const satisfies OptionTable;

/** What `deno task sample` does. */
export const task: Task = {
  name: "sample",
  summary: "Draws new digits from a trained model.",
  examples: [
    "-n 100 --temperature 0.8 --out digits.png",
    "--sampler gmm",
    "--class 7 -n 20",
    "-n 1000 --out samples.npy",
  ],
  options: flags,
};

const main: Main<typeof flags> = async (options, { given }) => {
  const { seed, temperature, sampler, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const classes = chosenClasses(checkpoint, options.class);
  await willWrite(out, isArray(out) ? "npy" : "png");
  const n = options.n ?? (classes.length > 1 ? OF_EACH : SAMPLES);
  checkCount(n, classes.length);
  const draw = { n, seed, temperature, classes };
  const mixture = sampler === "gmm"
    ? await fitSampler(engine, checkpoint, options, dataDir)
    : null;
  const samples = mixture
    ? await mixtureSheet(engine, mixture, {
      ...draw,
      codes: checkpoint.options.autoencoder ? "codes" : "μ",
    })
    : await sampleSheet(
      engine,
      await openScale(engine, checkpoint, dataDir),
      draw,
    );
  const { digits, title, labels, columns, rowLabels } = samples;
  if (isArray(out)) await writeMeans(out, digits, labels);
  else {
    const picture = grid(digits, {
      ...headingOf(title, checkpoint),
      ...{ scale, columns, rowLabels },
    });
    await writePicture(out, picture, title, checkpoint);
  }
  if (options.preview) showDigits(digits);
  const count = n * Math.max(1, classes.length);
  const mixtureParts = mixture && mixture.weights.length;
  if (options.json) {
    console.log(JSON.stringify({
      out,
      n: count,
      seed,
      temperature,
      sampler,
      mixtureParts,
      ...labels && { classes: classes.map(({ label }) => label) },
    }));
  } else {
    const from = mixtureParts === null
      ? ""
      : ` from a mixture of ${counted(mixtureParts, "Gaussian")}`;
    tell(
      `${out}: ${counted(count, "sample")}${from}${
        ofClass(classes.length === 1 ? classes[0] : null)
      } (${describe(checkpoint)})`,
    );
  }
};

function isArray(out: string): boolean {
  return /\.npy$/i.test(out);
}

/** Writes pixel means as an array, and their classes, if any, beside it. */
async function writeMeans(
  out: string,
  means: Float32Array,
  labels: Labels,
): Promise<void> {
  const count = means.length / IMAGE_PIXELS;
  const shape = [count, IMAGE_SIZE, IMAGE_SIZE];
  await writeOutput(out, encodeNpy(shape, means), "npy");
  if (!labels) return;
  const beside = `${out.slice(0, -".npy".length)}.labels.npy`;
  await writeOutput(beside, encodeNpy([count], labels), "npy");
}

/** Returns the classes to draw: none of a model that is told of none. */
function chosenClasses(checkpoint: Checkpoint, text: string | null): Class[] {
  const all = classesOf(checkpoint);
  if (text === null || (text === ALL && all.length > 0)) return all;
  return [classOf(checkpoint, text)];
}

/** Refuses more digits than a picture has room for. */
function checkCount(n: number, classes: number): void {
  const { max } = flags.n;
  if (n * classes <= max) return;
  throw new OptionError(
    `-n ${n} of each of ${classes} classes is more than ${max} digits: choose ` +
      `${Math.floor(max / classes)} at most, or one --class`,
  );
}

/** Fits a mixture to where the encoder puts the images it was trained on. */
async function fitSampler(
  engine: Engine,
  checkpoint: Checkpoint,
  { checkpoint: path, seed }: { checkpoint: string; seed: number },
  dataDir: string | undefined,
): Promise<GaussianMixture> {
  const train = await openTrainingImages(checkpoint, path, dataDir);
  const { mu } = await engine.encode(train.images, train.labels);
  const progress = new Progress();
  const { mixture } = await chooseMixture(
    mu,
    checkpoint.options.latentDim,
    seed,
    (fraction) => progress.update(fraction, "fitting a mixture of Gaussians"),
  ).finally(() => progress.clear());
  return mixture;
}

if (import.meta.main) await runTask(task, flags, main);
