/**
 * `deno task reconstruct`: shows originals above their reconstructions.
 *
 * @module
 */
import { pairGrid } from "../lib/image/grid.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { openSeenImages } from "./shared/data.ts";
import { willWrite } from "./shared/files.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, digitOptions, outFile } from "./shared/options.ts";
import { headingOf, writePicture } from "./shared/pictures.ts";
import { showDigits, tell } from "./shared/terminal.ts";

const flags = {
  n: {
    type: "integer",
    default: 16,
    min: 1,
    max: 10_000,
    help: "how many digits",
  },
  split: common.split,
  dataDir: data.dataDir,
  out: outFile("reconstructions.png"),
  ...digitOptions,
} as const satisfies OptionTable;

/** What `deno task reconstruct` does. */
export const task: Task = {
  name: "reconstruct",
  summary: "Shows originals above their reconstructions.",
  examples: ["-n 32 --split validation"],
  options: flags,
};

const main: Main<typeof flags> = async (options, { given }) => {
  const { n, split, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  await willWrite(out, "png");
  const set = await openSeenImages(
    checkpoint,
    split,
    given.has("dataDir") ? options.dataDir : undefined,
  );
  const images = set.images.subarray(0, n * IMAGE_PIXELS);
  const labels = set.labels && set.labels.subarray(0, n);
  const { mu } = await engine.encode(images, labels);
  const reconstructions = await engine.decode(mu, labels);
  const title = `Originals above their reconstructions, z = μ: ${split} images`;
  const picture = pairGrid(images, reconstructions, {
    scale,
    ...headingOf(title, checkpoint),
  });
  await writePicture(out, picture, title, checkpoint);
  if (options.preview) showDigits(reconstructions);
  const shown = images.length / IMAGE_PIXELS;
  if (options.json) {
    console.log(JSON.stringify({ out, n: shown, split }));
  } else {
    const images = counted(shown, `${split} image`);
    tell(`${out}: ${images} (${describe(checkpoint)})`);
  }
};

if (import.meta.main) await runTask(task, flags, main);
