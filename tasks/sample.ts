/**
 * `deno task sample`: draws new digits from a trained model.
 *
 * @module
 */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { grid } from "../lib/image/grid.ts";
import type { GaussianMixture } from "../lib/math/gaussian_mixture.ts";
import { chooseMixture } from "../lib/math/mixture_fit.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { openTrainingImages } from "./shared/data.ts";
import { openScale } from "./shared/dimensions.ts";
import { drawMixture, drawSamples } from "./shared/drawings.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, digitOptions, outFile } from "./shared/options.ts";
import { headingOf, writePicture } from "./shared/pictures.ts";
import { Progress } from "./shared/progress.ts";
import { showDigits, tell } from "./shared/terminal.ts";

const flags = {
  n: {
    type: "integer",
    default: 64,
    min: 1,
    max: 10_000,
    help: "how many digits",
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
  out: outFile("samples.png"),
  ...digitOptions,
} as const satisfies OptionTable;

/** What `deno task sample` does. */
export const task: Task = {
  name: "sample",
  summary: "Draws new digits from a trained model.",
  examples: [
    "-n 100 --temperature 0.8 --out digits.png",
    "--sampler gmm",
  ],
  options: flags,
};

const main: Main<typeof flags> = async (options, { given }) => {
  const { n, seed, temperature, sampler, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const draw = { n, seed, temperature };
  const mixture = sampler === "gmm"
    ? await fitSampler(engine, checkpoint, options, dataDir)
    : null;
  const { digits, title } = mixture
    ? await drawMixture(engine, mixture, {
      ...draw,
      codes: checkpoint.options.autoencoder ? "codes" : "μ",
    })
    : await drawSamples(
      engine,
      await openScale(engine, checkpoint, dataDir),
      draw,
    );
  const picture = grid(digits, { scale, ...headingOf(title, checkpoint) });
  await writePicture(out, picture, title, checkpoint);
  if (options.preview) showDigits(digits);
  const mixtureParts = mixture && mixture.weights.length;
  if (options.json) {
    console.log(JSON.stringify({
      out,
      n,
      seed,
      temperature,
      sampler,
      mixtureParts,
    }));
  } else {
    const from = mixtureParts === null
      ? ""
      : ` from a mixture of ${counted(mixtureParts, "Gaussian")}`;
    tell(`${out}: ${counted(n, "sample")}${from} (${describe(checkpoint)})`);
  }
};

/** Fits a mixture to where the encoder puts the images it was trained on. */
async function fitSampler(
  engine: Engine,
  checkpoint: Checkpoint,
  { checkpoint: path, seed }: { checkpoint: string; seed: number },
  dataDir: string | undefined,
): Promise<GaussianMixture> {
  const { images } = await openTrainingImages(checkpoint, path, dataDir);
  const { mu } = await engine.encode(images);
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
