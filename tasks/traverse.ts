/**
 * `deno task traverse`: moves along each latent dimension.
 *
 * @module
 */
import { grid } from "../lib/image/grid.ts";
import { spread, traversal } from "../lib/latent/traversal.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { dataOptions } from "../lib/options/run.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { dimensionsOf, signed } from "./shared/dimensions.ts";
import { concatenate, imageAt, openImages } from "./shared/data.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, digitOptions, pictureFile } from "./shared/options.ts";
import {
  pictureFiles,
  swing,
  writeAnimation,
  writePicture,
} from "./shared/pictures.ts";
import { showDigits } from "./shared/terminal.ts";

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
  gif: common.gif,
  split: common.split,
  dataDir: dataOptions.dataDir,
  out: pictureFile("traversal.png"),
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
  const { latentDim } = checkpoint.options;
  let center = new Float32Array(latentDim);
  if (index !== null) {
    const images = await openImages(
      checkpoint,
      split,
      given.has("dataDir") ? options.dataDir : undefined,
    );
    center = (await engine.encode(imageAt(images, index))).mu.slice();
  }
  const dimensions = dimensionsOf(checkpoint);
  const offsets = spread(range, steps);
  const digits = await engine.decode(
    traversal(center, dimensions.map(({ index }) => index), offsets),
  );

  const rowLabels = dimensions.map(({ name, kl }) =>
    kl === null ? name : `${name}  KL ${kl.toFixed(2)}`
  );
  const labels = signed(offsets);
  const picture = grid(digits, {
    columns: steps,
    scale,
    rowLabels,
    columnLabels: scale > 1 ? labels : [],
  });
  const around = index === null
    ? "the prior's mean"
    : `${split} image ${index}`;
  const title = `Latent dimensions around ${around}`;
  await writePicture(out, picture, title, checkpoint);
  if (animation) {
    const frame = (step: number) =>
      grid(
        concatenate(dimensions.map((_, row) => {
          const at = (row * steps + step) * IMAGE_PIXELS;
          return digits.subarray(at, at + IMAGE_PIXELS);
        })),
        { columns: 1, scale, rowLabels, columnLabels: [labels[step]] },
      );
    await writeAnimation(animation, swing(steps, frame), title, checkpoint);
  }
  if (options.preview) showDigits(digits.subarray(0, steps * IMAGE_PIXELS));
  if (options.json) {
    console.log(JSON.stringify({ out, animation, index, offsets, dimensions }));
  } else {
    const written = animation ? `${out}, ${animation}` : out;
    console.log(`${written}: around ${around} (${describe(checkpoint)})`);
  }
};

if (import.meta.main) await runTask(task, flags, main);
