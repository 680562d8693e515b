/**
 * Commands that train one run each, for machines that know nothing of the
 * others.
 *
 * @module
 */
import type { EngineChoice } from "../../lib/engines.ts";
import type { DataOptions } from "../../lib/options/run.ts";
import type { OptionTable } from "../../lib/options/table.ts";
import { printable } from "../../lib/text.ts";
import { commandOf, shellWord, TaskError } from "./cli.ts";
import { flagWords } from "./flags.ts";
import { common, data, engineOptions, training } from "./options.ts";
import type { Run } from "./run.ts";

/** Of what `train` takes, what a planned run may have. */
const table: OptionTable = {
  ...training,
  ...data,
  ...engineOptions,
  checkpoint: common.checkpoint,
};

/** Nobody is there to be asked for permissions. */
const UNASKED = "deno run --no-prompt --allow-read --allow-write=. --allow-net";

/**
 * Words the command that trains a run to its end, wherever it stands: a line for
 * `sh` that may be run again after a kill, or when nothing is left to do. Every
 * option that is not `train`'s default is in it, those of a recipe, too.
 *
 * @param images Where they come from, with the name of the data set.
 * @throws {TaskError} If it takes more than one line.
 */
export function planLine(
  { path, options }: Run,
  images: DataOptions,
  engine: EngineChoice,
): string {
  const values: Readonly<Record<string, unknown>> = {
    ...options,
    ...images,
    ...engine,
    checkpoint: path,
  };
  const names = Object.keys(table).filter((name) =>
    name === "checkpoint" ||
    name in values && values[name] !== table[name].default
  );
  const words = [
    ...flagWords(table, values, names),
    "--continue",
    "--no-save-plots",
  ];
  const command = commandOf("train").replace(/^deno run/, UNASKED);
  const line = [command, ...words.map(shellWord)].join(" ");
  if (printable(line) !== line || /[\n\t]/.test(line)) {
    throw new TaskError(
      `a line of a plan cannot have ${JSON.stringify(line)}: use names ` +
        "without control characters",
    );
  }
  return line;
}
