import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { WriteError } from "../lib/files/atomic_write.ts";
import {
  type NumberOption,
  type Option,
  OptionError,
} from "../lib/options/table.ts";
import { helpText, TaskError, wordError } from "../tasks/shared/cli.ts";
import { parseFlags } from "../tasks/shared/flags.ts";
import { inFolder } from "./folder.ts";
import { runTask, runWell, snapshot } from "./process.ts";
import { type TaskName, tasks } from "./tasks.ts";

Deno.test("every task that deno.json runs is exported, and says what it is", () => {
  const lines: Record<string, string> = config.tasks;
  const run = Object.keys(lines)
    .filter((name) => lines[name].endsWith(` tasks/${name}.ts`));
  assertEquals([...tasks.keys()].sort(), run.sort());
  for (const [name, task] of tasks) {
    assertEquals(task.name, name);
    assertMatch(task.summary, /^[A-Z][^\n]+[^.]\.$/);
  }
});

Deno.test("README.md lists every task with its summary", async () => {
  const text = await Deno.readTextFile(
    new URL("../README.md", import.meta.url),
  );
  const rows = text.matchAll(/^\| `deno task ([\w:]+)` +\| (.+?) +\|$/gm);
  const listed = [...rows].map(([, name, what]) => [name, what])
    .filter(([name]) => !/^test/.test(name));
  const expected = [...tasks].map(([name, { summary }]) => [
    name,
    summary[0].toLowerCase() + summary.slice(1, -1),
  ]);
  assertEquals(listed.sort(), expected.sort());
});

for (const [name, task] of tasks) {
  Deno.test(`helpText() of ${name} shows every option`, () => {
    const text = helpText(task);
    for (const [key, option] of Object.entries(task.options)) {
      const flag = key === "n"
        ? "-n"
        : "--" + key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
      const [, row = ""] = text.match(
        new RegExp(`^(  ${flag}(?: .*)?\n?(?: {10}.*)?)$`, "m"),
      ) ?? [];
      assertStringIncludes(row, option.help, `${flag} in\n${text}`);
      for (const shown of notes(option)) assertStringIncludes(row, shown);
    }
  });

  Deno.test(`helpText() of ${name} shows examples that it takes`, () => {
    const text = helpText(task);
    for (const example of task.examples) {
      assertStringIncludes(text, `\n  deno task ${name} ${example}`);
      const parsed = parseFlags(task.options, example.split(" "));
      assert(parsed !== "help" && parsed.given.size > 0);
    }
  });
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
  Deno.test(`${[name, ...args].join(" ")} is refused as a mistake in use`, () => {
    const { options } = tasks.get(name)!;
    const error = assertThrows(() => parseFlags(options, args), OptionError);
    const { text, code } = wordError(name, error);
    assertMatch(text, message);
    assertMatch(
      text,
      new RegExp(
        `^error: .+\n\`deno task ${name} --help\` lists the options\\.$`,
      ),
    );
    assertEquals(code, 2);
  });
}

Deno.test("wordError() gives each kind of error its line and its exit code", () => {
  assertEquals(wordError("sample", new TaskError("no\x1b[2J\nway")), {
    text: "error: no\\u001b[2J\\u000away",
    code: 1,
  });
  const cause = new Deno.errors.NotCapable();
  assertEquals(wordError("sample", new WriteError("a", "why", { cause })), {
    text: "error: cannot write a: why (see --allow-write)",
    code: 1,
  });
  const bug = wordError("sample", new TypeError("x is not a function"));
  assertMatch(
    bug.text,
    /^error: this is a bug, please report it: TypeError: x/,
  );
  assertEquals(bug.code, 1);
  const signal = AbortSignal.abort();
  assertEquals(wordError("sample", signal.reason, signal), {
    text: "",
    code: 130,
  });
});

Deno.test("tasks print their help and refuse mistakes, and write nothing", () =>
  inFolder(async (folder) => {
    for (const name of ["train", "fetch"] as const) {
      const help = await runWell(folder, name, ["--help"]);
      assertEquals(help.stdout, `${helpText(tasks.get(name)!)}\n`);
      assertEquals(help.stderr, "");
      const { code, stdout, stderr } = await runTask(folder, name, ["-x"]);
      assertEquals(
        stderr,
        "error: unknown option -x\n" +
          `\`deno task ${name} --help\` lists the options.\n`,
      );
      assertEquals({ code, stdout }, { code: 2, stdout: "" });
    }
    assertEquals(await snapshot(folder), new Map());
  }));
