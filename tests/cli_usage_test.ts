import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { NumberOption, Option } from "../lib/options/table.ts";
import { type TaskName, tasks } from "../tasks/shared/options.ts";
import { runTask, runWell, snapshot } from "./process.ts";
import { inFolder } from "./folder.ts";

const NAMES = Object.keys(tasks) as TaskName[];

for (const name of NAMES) {
  Deno.test(`${name} --help shows every option`, () =>
    inFolder(async (folder) => {
      const { stdout, stderr } = await runWell(folder, name, ["--help"]);
      assertEquals(stderr, "");
      const options: [string, Option][] = Object.entries(tasks[name].options);
      for (const [key, option] of options) {
        const flag = key === "n"
          ? "-n"
          : "--" + key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
        const [, row = ""] = stdout.match(
          new RegExp(`^(  ${flag}(?: .*)?\n?(?: {10}.*)?)$`, "m"),
        ) ?? [];
        assertStringIncludes(row, option.help, `${flag} in\n${stdout}`);
        for (const shown of notes(option)) assertStringIncludes(row, shown);
      }
      assertEquals(await snapshot(folder), new Map());
    }));
}

/** What a person must be told of an option besides its help text. */
function notes(option: Option): string[] {
  const shown = [];
  if ("min" in option) shown.push(`${(option as NumberOption).min}`);
  if ("choices" in option) shown.push(...option.choices);
  if (typeof option.default === "number") shown.push(`${option.default}`);
  return shown;
}

const mistakes: [TaskName, string[], RegExp][] = [
  ["train", ["--beat", "4"], /unknown option --beat/],
  ["train", ["--latentDim", "4"], /unknown option --latentDim/],
  ["train", ["-x"], /unknown option -x/],
  ["train", ["mnist"], /unexpected argument "mnist"/],
  ["train", ["--", "mnist"], /unexpected argument "mnist"/],
  ["train", ["--json", "mnist"], /unexpected argument "mnist"/],
  ["train", [""], /unexpected argument ""/],
  ["train", ["--no-seed"], /unknown option --no-seed/],
  ["train", ["--no-save-plots=yes"], /--no-save-plots=yes: it takes no value/],
  ["train", ["--json=false"], /--json=false: it takes no value/],
  ["train", ["--latent-dim", "0"], /--latent-dim .*from 1 to 512, not "?0"?/],
  ["train", ["--latent-dim", "513"], /--latent-dim .*from 1 to 512/],
  ["train", ["--latent-dim", "2.5"], /--latent-dim .*whole number.*2\.5/],
  ["train", ["--beta", "-1"], /--beta .*not "?-1/],
  ["train", ["--beta", "NaN"], /--beta .*not "?NaN/],
  ["train", ["--lr", "fast"], /--lr .*number.*not "fast"/],
  ["train", ["--lr", "Infinity"], /--lr .*not "?Infinity/],
  ["train", ["--lr", "1e-3x"], /--lr .*not "1e-3x"/],
  ["train", ["--epochs"], /--epochs .*not nothing/],
  ["train", ["--epochs="], /--epochs .*not nothing/],
  ["train", ["--epochs", " "], /--epochs .*not " "/],
  ["train", ["--seed", "-1"], /--seed .*0 or more/],
  ["train", ["--seed", "9007199254740993"], /--seed /],
  ["train", ["--seed", ""], /--seed .*not nothing/],
  ["train", ["--images", ""], /--images .*not nothing/],
  ["train", ["--dataset", "cifar"], /--dataset .*auto, mnist.*not "cifar"/],
  ["train", ["--engine", "cuda"], /--engine .*not "cuda"/],
  ["train", ["--beta-schedule", "cosine"], /--beta-schedule .*not "cosine"/],
  ["fetch", ["--dataset", "auto"], /--dataset .*mnist.*not "auto"/],
  ["fetch", ["--from"], /--from .*not nothing/],
  ["sample", ["-n", "0"], /-n .*from 1 to 10000/],
  ["sample", ["--temperature", "hot"], /--temperature .*not "hot"/],
  ["sample", ["--latent-dim", "4"], /unknown option --latent-dim/],
  ["reconstruct", ["--split", "dev"], /--split .*validation.*not "dev"/],
  ["reconstruct", ["-n", "10001"], /-n .*from 1 to 10000/],
  ["doctor", ["--fix"], /unknown option --fix/],
];

for (const [name, args, message] of mistakes) {
  Deno.test(`${[name, ...args].join(" ")} is refused as a mistake in use`, () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await runTask(folder, name, args);
      assertMatch(stderr, message);
      assertMatch(
        stderr,
        new RegExp(
          `^error: .+\n\`deno task ${name} --help\` lists the options\\.\n$`,
        ),
      );
      assertEquals({ code, stdout }, { code: 2, stdout: "" });
      assertEquals(await snapshot(folder), new Map());
    }));
}
