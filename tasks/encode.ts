/**
 * `deno task encode`: encodes images and measures each of them.
 *
 * @module
 */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { estimate } from "../lib/math/estimate.ts";
import { encodeImages, type ImageCodes } from "../lib/metrics/image_codes.ts";
import { logNormalizer } from "../lib/metrics/pixels.ts";
import type { OptionTable, OptionValues } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import {
  type Main,
  runTask,
  shellWord,
  type Task,
  TaskError,
} from "./shared/cli.ts";
import {
  type CodesFile,
  codesFiles,
  type CodesTable,
  lossesOf,
  writeCodes,
} from "./shared/codes_file.ts";
import { willWrite } from "./shared/files.ts";
import {
  chooseOwn,
  choosing,
  openToEncode,
} from "./shared/images_to_encode.ts";
import { show } from "./shared/metrics_table.ts";
import { describe, openModel } from "./shared/model.ts";
import { listOf as listOfClasses } from "./shared/model_classes.ts";
import { common, engineOptions, outFile } from "./shared/options.ts";
import { Progress } from "./shared/progress.ts";
import {
  drawStrangest,
  listOf,
  listText,
  NAMES,
  PICTURED,
  strangestFirst,
} from "./shared/strangest.ts";
import { nameRows } from "./shared/tables.ts";
import { say, tell } from "./shared/terminal.ts";
import { Stages } from "./shared/time_left.ts";

const flags = {
  ...choosing,
  samples: {
    ...common.samples,
    default: 10,
    help: "draws of z for each image, over which its reconstruction loss is " +
      "averaged; with as many, the means are evaluate's",
  },
  seed: common.seed,
  sort: {
    type: "choice",
    default: "none",
    choices: ["none", "bound", "reconstruction", "kl"],
    help: "the strangest images first: by the bound, which is the ELBO, " +
      "lowest first, or by one of its parts, largest first; the first " +
      `${PICTURED} are drawn beside their reconstructions in a picture called ` +
      "as --out, but .png; of the test images, unless --split or --images " +
      "chooses others",
  },
  out: outFile(
    "codes.csv",
    "the file to write: a table, .csv or .json, or .npy: μ as float32 [n, L], " +
      "with log σ² beside it in .logvar.npy, the columns reconstruction, kl and " +
      "elbo in .losses.npy, labels in .labels.npy and names in .names.txt; " +
      "index is an image's number among those that are encoded",
  ),
  scale: common.digitScale,
  checkpoint: common.checkpoint,
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task encode` does. */
export const task: Task = {
  name: "encode",
  summary:
    "Encodes images: μ, log σ², losses and bound of each; the strangest first.",
  examples: [
    "--sort bound",
    "--images drawings --out drawings.json",
    "--split train --out codes.npy",
  ],
  options: flags,
};

type Options = OptionValues<typeof flags>;

const main: Main<typeof flags> = async (options, { given, signal }) => {
  const { sort, samples, seed, scale } = options;
  const picture = pictureName(options);
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { autoencoder } = checkpoint.options;
  if (autoencoder && (sort === "bound" || sort === "kl")) {
    throw new TaskError(
      `an autoencoder has no KL and no bounds to sort by: take --sort ` +
        "reconstruction",
    );
  }
  // Before images are read: which there are, and what is there to be written, are
  // known later.
  chooseOwn(options);
  await codesFiles(options.out, {
    logvar: !autoencoder,
    labels: false,
    index: sort !== "none",
    names: false,
  });
  if (picture !== null) await willWrite(picture, "png");
  const { set, kind, classes } = await openToEncode(
    checkpoint,
    options,
    given,
    signal,
  );
  const files = await codesFiles(options.out, {
    logvar: !autoencoder,
    labels: set.labels !== null,
    index: sort !== "none",
    names: set.names !== undefined,
  });

  const progress = new Progress();
  const stages = new Stages(progress, (_, time) =>
    say(
      `${counted(samples, "draw")} of z for each of ` +
        `${counted(set.count, "image")}: about ${time}; fewer --samples, or ` +
        "--limit N, take less",
    ));
  const codes = await encodeImages({
    engine,
    model: checkpoint.options,
    images: set,
    ...{ samples, seed },
    onProgress: async (fraction) => {
      stages.update("encoding", fraction);
      // A breath, in which signals are served.
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
    },
  }).finally(() => progress.clear());
  const order = sort === "none"
    ? Uint32Array.from({ length: set.count }, (_, i) => i)
    : strangestFirst(codes, sort);
  const table: CodesTable = {
    ...{ order, set, classes, codes },
    latentDim: checkpoint.options.latentDim,
  };
  for (const file of files) {
    signal.throwIfAborted();
    await writeCodes(file, table);
  }
  if (sort !== "none") {
    await drawStrangest(picture!, engine, checkpoint, table, set.images, {
      ...{ scale, kind, sort },
    });
  }
  const summary = summaryOf(codes);
  if (options.json) {
    console.log(JSON.stringify({
      out: files.map(({ path }) => path),
      picture,
      n: set.count,
      split: kind,
      ...{ samples: autoencoder ? null : samples, seed, sort },
      ...summary,
      strangest: sort === "none" ? null : listOf(table),
    }));
    return;
  }
  tell(describe(checkpoint));
  tell(`${counted(set.count, `${kind} image`)}, mean ± standard error`);
  const { images } = checkpoint.data.options;
  if (options.images === null && images !== null && !given.has("split")) {
    tell(
      `--split chooses others, and --images ${
        shellWord(images)
      } all: training ` +
        "images look less strange to a model",
    );
  }
  tell("");
  console.log(summaryText(summary, checkpoint, samples));
  if (sort !== "none") {
    tell(
      `\nThe strangest first, by ${NAMES[sort]}; index: its number among the ` +
        `${counted(set.count, `${kind} image`)}`,
    );
    console.log(listText(table));
  }
  tell(`\n${files.map(({ path }) => path).join(", ")}`);
  const hasPart = (part: CodesFile["part"]) =>
    files.some((file) => file.part === part);
  if (hasPart("losses")) {
    tell(`columns of the losses: ${Object.keys(lossesOf(codes)).join(", ")}`);
  }
  if (hasPart("labels") && classes) tell(`labels: ${listOfClasses(classes)}`);
  if (picture !== null) tell(picture);
};

/** Names the picture of the strangest images: none is drawn without an order. */
function pictureName({ sort, out }: Options): string | null {
  return sort === "none" ? null : `${out.replace(/\.\w+$/, "")}.png`;
}

type Summary = ReturnType<typeof summaryOf>;

/** The means over all images. */
function summaryOf({ reconstruction, kl, elbo }: ImageCodes) {
  return {
    reconstruction: estimate(reconstruction),
    kl: kl && estimate(kl),
    elbo: elbo && estimate(elbo),
  };
}

function summaryText(
  { reconstruction, kl, elbo }: Summary,
  { options: { likelihood, autoencoder } }: Checkpoint,
  samples: number,
): string {
  const of = likelihood === "mse"
    ? "Σ(x̂ − x)² over pixels"
    : "cross-entropy over pixels in nats";
  const constant = logNormalizer(likelihood).toFixed(2);
  const rows = [
    [
      "  reconstruction",
      show(reconstruction)!,
      autoencoder
        ? `${of}, z = μ`
        : `${of}, mean of ${counted(samples, "draw")} of z ~ q(z|x)`,
    ],
    ["  KL", show(kl), "of q(z|x) from N(0, I), in nats"],
    [
      "  ELBO",
      show(elbo),
      "−reconstruction − KL" +
      (likelihood === "mse"
        ? ` − ${constant}, the constant of Gaussian pixels with σ² = ½`
        : ""),
    ],
  ].filter((row): row is string[] => row[1] !== null);
  return nameRows(rows, [18, 2 + Math.max(...rows.map(([, v]) => v.length))]);
}

if (import.meta.main) await runTask(task, flags, main);
