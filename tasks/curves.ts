/**
 * `deno task curves`: draws a checkpoint's losses by epoch.
 *
 * @module
 */
import { lossCurves } from "../lib/image/curves.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { describe, openCheckpoint } from "./shared/model.ts";
import { common, outFile } from "./shared/options.ts";
import { headingOf, writePicture } from "./shared/pictures.ts";
import { tell } from "./shared/terminal.ts";

const flags = {
  checkpoint: common.checkpoint,
  out: outFile("loss-curves.png"),
  scale: common.scale,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task curves` does. */
export const task: Task = {
  name: "curves",
  summary: "Draws a checkpoint's losses by epoch.",
  examples: ["--checkpoint checkpoints/vae.safetensors --out losses.png"],
  options: flags,
};

const main: Main<typeof flags> = async (
  { checkpoint: path, scale, out, json },
) => {
  const checkpoint = await openCheckpoint(path);
  const { options, history } = checkpoint;
  if (history.length === 0) {
    throw new TaskError(
      `${path} has no history to draw: its run has not finished an epoch`,
    );
  }
  const title = "Losses by epoch";
  const picture = lossCurves(history, {
    ...options,
    ...headingOf(title, checkpoint),
    scale,
  });
  await writePicture(out, picture, title, checkpoint);
  if (json) console.log(JSON.stringify({ out, history }));
  else tell(`${out}: ${describe(checkpoint)}`);
};

if (import.meta.main) await runTask(task, flags, main);
