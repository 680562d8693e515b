/**
 * `deno task sample`: draws new digits from a trained model.
 *
 * @module
 */
import { grid } from "../lib/image/grid.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { openScale } from "./shared/dimensions.ts";
import { drawSamples } from "./shared/drawings.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, digitOptions, outFile } from "./shared/options.ts";
import { headingOf, writePicture } from "./shared/pictures.ts";
import { showDigits, tell } from "./shared/terminal.ts";

const flags = {
  n: {
    type: "integer",
    default: 64,
    min: 1,
    max: 10_000,
    help: "how many digits",
  },
  temperature: {
    type: "number",
    default: 1,
    min: 0,
    max: 100,
    help: "standard deviation of z",
  },
  seed: common.seed,
  out: outFile("samples.png"),
  ...digitOptions,
} as const satisfies OptionTable;

/** What `deno task sample` does. */
export const task: Task = {
  name: "sample",
  summary: "Draws new digits from a trained model.",
  examples: ["-n 100 --temperature 0.8 --out digits.png"],
  options: flags,
};

const main: Main<typeof flags> = async (options) => {
  const { n, seed, temperature, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { digits, title } = await drawSamples(
    engine,
    await openScale(engine, checkpoint),
    { n, seed, temperature },
  );
  const picture = grid(digits, { scale, ...headingOf(title, checkpoint) });
  await writePicture(out, picture, title, checkpoint);
  if (options.preview) showDigits(digits);
  if (options.json) {
    console.log(JSON.stringify({ out, n, seed, temperature }));
  } else {
    tell(`${out}: ${counted(n, "sample")} (${describe(checkpoint)})`);
  }
};

if (import.meta.main) await runTask(task, flags, main);
