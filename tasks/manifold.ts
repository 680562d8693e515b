/**
 * `deno task manifold`: maps two latent dimensions over the prior's quantiles.
 *
 * @module
 */
import { grid } from "../lib/image/grid.ts";
import { latentMap, priorQuantiles } from "../lib/latent/traversal.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { signed, twoDimensions } from "./shared/dimensions.ts";
import { describe, openModel } from "./shared/model.ts";
import { digitOptions, pictureFile } from "./shared/options.ts";
import { writePicture } from "./shared/pictures.ts";
import { showDigits } from "./shared/terminal.ts";

const flags = {
  n: {
    type: "integer",
    default: 20,
    min: 2,
    max: 100,
    help: "digits along each side",
  },
  out: pictureFile("manifold.png"),
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
  const { latentDim } = checkpoint.options;
  const [x, y] = twoDimensions(checkpoint);
  const values = priorQuantiles(n);
  const digits = await engine.decode(
    latentMap(latentDim, [x.index, y.index], values),
  );
  const others = latentDim === 2
    ? ""
    : `, the most active of ${latentDim}, others 0`;
  const title = `${x.name} to the right, ${y.name} upward${others}`;
  const labels = signed(values);
  const picture = grid(digits, {
    columns: n,
    scale,
    gap: 0,
    title,
    rowLabels: labels.toReversed(),
    columnLabels: scale > 1 ? labels : [],
  });
  await writePicture(out, picture, title, checkpoint);
  if (options.preview) showDigits(digits);
  if (options.json) {
    const dimensions = [x, y];
    console.log(JSON.stringify({ out, n, dimensions, quantiles: values }));
  } else {
    console.log(`${out}: ${title} (${describe(checkpoint)})`);
  }
};

if (import.meta.main) await runTask(task, flags, main);
