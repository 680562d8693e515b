/**
 * `deno task manifold`: maps two latent dimensions over the prior's quantiles.
 *
 * @module
 */
import { grid } from "../lib/image/grid.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { oneClass } from "./shared/model_classes.ts";
import { openLatents, planeOf } from "./shared/dimensions.ts";
import { manifoldSheet } from "../lib/latent/sheets.ts";
import { willWrite } from "./shared/files.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, digitOptions, outFile } from "./shared/options.ts";
import { headingOf, writePicture } from "./shared/pictures.ts";
import { showDigits, tell } from "./shared/terminal.ts";

const flags = {
  n: {
    type: "integer",
    default: 20,
    min: 2,
    max: 100,
    help: "digits along each side",
  },
  class: common.class,
  out: outFile("manifold.png"),
  ...digitOptions,
} as const satisfies OptionTable;

/** What `deno task manifold` does. */
export const task: Task = {
  name: "manifold",
  summary: "Maps two latent dimensions over the prior's quantiles.",
  examples: ["-n 30 --out map.png"],
  options: flags,
};

const main: Main<typeof flags> = async (options) => {
  const { n, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  await willWrite(out, "png");
  const shownClass = oneClass(checkpoint, options.class);
  const latents = await openLatents(engine, checkpoint);
  planeOf(latents); // refuses a single dimension
  const drawing = await manifoldSheet(engine, latents, n, shownClass);
  const { digits, title, note, axes, quantiles, columnLabels } = drawing;
  const picture = grid(digits, {
    ...headingOf(title, checkpoint, note),
    columns: n,
    scale,
    gap: 0,
    rowLabels: drawing.rowLabels,
    columnLabels: scale > 1 ? columnLabels : [],
  });
  await writePicture(out, picture, title, checkpoint);
  if (options.preview) showDigits(digits);
  if (options.json) {
    console.log(JSON.stringify({
      ...{ out, n, dimensions: axes, quantiles },
      ...shownClass && { class: shownClass.label },
    }));
  } else {
    tell(`${out}: ${title} (${describe(checkpoint)})`);
  }
};

if (import.meta.main) await runTask(task, flags, main);
