/**
 * `deno task traverse`: moves along each latent dimension.
 *
 * @module
 */
import { grid } from "../lib/image/grid.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { classesOf, oneClass } from "./shared/model_classes.ts";
import { openLatents } from "./shared/dimensions.ts";
import { nameDimensions } from "../lib/latent/named_dimensions.ts";
import { ofClass, repeated, traversalSheet } from "../lib/latent/sheets.ts";
import { concatenate } from "../lib/math/concatenate.ts";
import { imageAt, openSeenImages } from "./shared/data.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, digitOptions, outFile } from "./shared/options.ts";
import {
  headingOf,
  pictureFiles,
  swing,
  writeAnimation,
  writePicture,
} from "./shared/pictures.ts";
import { showDigits, tell } from "./shared/terminal.ts";

const flags = {
  index: {
    type: "integer",
    default: null,
    min: 0,
    max: 1_000_000,
    help: "number of the image to start from; default: the prior's mean, 0",
  },
  range: {
    type: "number",
    default: 3,
    min: 0.001,
    max: 1000,
    help: "how far to either side",
  },
  steps: {
    type: "integer",
    default: 11,
    min: 2,
    max: 1000,
    help: "digits in a row",
  },
  class: common.class,
  gif: common.gif,
  split: common.split,
  dataDir: data.dataDir,
  out: outFile("traversal.png"),
  ...digitOptions,
} as const satisfies OptionTable;

/** What `deno task traverse` does. */
export const task: Task = {
  name: "traverse",
  summary: "Moves along each latent dimension, one in each row.",
  examples: ["--range 4 --steps 15 --gif", "--index 3"],
  options: flags,
};

const main: Main<typeof flags> = async (options, { given }) => {
  const { index, range, steps, split, scale } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { out, animation } = await pictureFiles(options);
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const chosen = oneClass(checkpoint, options.class);
  const start = index === null
    ? undefined
    : imageAt(await openSeenImages(checkpoint, split, dataDir), index);
  const image = start && {
    name: `${split} image ${index}`,
    code: (await engine.encode(start.images, start.labels)).mu.slice(),
  };
  // An image stays what it is, unless told otherwise.
  const shownClass = chosen && start?.labels && options.class === null
    ? classesOf(checkpoint)[start.labels[0]]
    : chosen;
  const latents = await openLatents(engine, checkpoint, dataDir);
  const { latentDim } = checkpoint.options;
  const names = await nameDimensions(
    (z) => engine.decode(z, repeated(shownClass, z.length / latentDim)),
    latents.scale,
  );
  const drawing = await traversalSheet(engine, latents, {
    ...{ range, steps, names, image, shownClass },
  });
  const { digits, title, offsets, around, rowLabels, columnLabels } = drawing;
  const dimensions = latents.dimensions.map((dimension) => ({
    ...dimension,
    ...names[dimension.index] ?? { factor: null, r2: null, change: null },
  }));
  const heading = headingOf(title, checkpoint, drawing.note);
  const picture = grid(digits, {
    ...heading,
    columns: steps,
    scale,
    rowLabels,
    columnLabels: scale > 1 ? columnLabels : [],
  });
  await writePicture(out, picture, title, checkpoint);
  if (animation) {
    const frame = (step: number) =>
      grid(
        concatenate(dimensions.map((_, row) => {
          const at = (row * steps + step) * IMAGE_PIXELS;
          return digits.subarray(at, at + IMAGE_PIXELS);
        })),
        {
          ...heading,
          columns: 1,
          scale,
          rowLabels,
          columnLabels: [columnLabels[step]],
        },
      );
    await writeAnimation(animation, swing(steps, frame), title, checkpoint);
  }
  if (options.preview) showDigits(digits.subarray(0, steps * IMAGE_PIXELS));
  if (options.json) {
    console.log(JSON.stringify({
      ...{ out, animation, index, offsets, dimensions },
      ...shownClass && { class: shownClass.label },
    }));
  } else {
    const written = animation ? `${out}, ${animation}` : out;
    const what = `around ${around}${ofClass(shownClass)}`;
    tell(`${written}: ${what} (${describe(checkpoint)})`);
  }
};

if (import.meta.main) await runTask(task, flags, main);
