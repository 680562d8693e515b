/**
 * `deno task curves`: draws a checkpoint's losses by epoch.
 *
 * @module
 */
import { loadCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { lossCurves } from "../lib/image/curves.ts";
import { runTask, TaskError } from "./shared/cli.ts";
import { describe, writePicture } from "./shared/model.ts";

await runTask("curves", async ({ checkpoint: path, scale, out, json }) => {
  const checkpoint = await loadCheckpoint(path);
  const { options, history } = checkpoint;
  if (history.length === 0) {
    throw new TaskError(
      `${path} has no history to draw: its run has not finished an epoch`,
    );
  }
  const title = describe(checkpoint);
  const { likelihood } = options;
  const picture = lossCurves(history, { title, likelihood, scale });
  await writePicture(out, picture, "Losses by epoch", checkpoint);
  console.log(
    json ? JSON.stringify({ out, history }) : `${out}: ${title}`,
  );
});
