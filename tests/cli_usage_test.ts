import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { WriteError } from "../lib/files/atomic_write.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import {
  defaults,
  type NumberOption,
  type Option,
  OptionError,
  type OptionTable,
  type TextOption,
} from "../lib/options/table.ts";
import {
  commandOf,
  helpText,
  PROGRAMS,
  TaskError,
  wordError,
} from "../tasks/shared/cli.ts";
import {
  flagWords,
  optionLines,
  parseFlags,
  positionalOf,
  usageWord,
} from "../tasks/shared/flags.ts";
import { engineOptions, page } from "../tasks/shared/options.ts";
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

Deno.test("helpText() of train has the optimiser in a section of its own", () => {
  const [, text] = helpText(tasks.get("train")!).split(/^Optimiser:$/m);
  const [section] = text.split("\n\n");
  assertEquals(section.match(/^ {2}--[a-z\d-]+/gm), [
    "  --lr",
    "  --lr-schedule",
    "  --lr-warmup",
    "  --heads-lr-factor",
    "  --adam-beta1",
    "  --adam-beta2",
  ]);
});

/** The rows of a help text's options, by their flags, each on one line. */
function helpRows(text: string): Map<string, string> {
  const rows = new Map<string, string>();
  let flag = "";
  for (const line of text.split("\n")) {
    const [, found] = line.match(/^ {2}(--?[a-z][a-z\d-]*)/) ?? [];
    const [, word] = line.match(/^ {2}([A-Z]+\.[a-z]+|\[.+?\])(?: |$)/) ?? [];
    if (found ?? word) flag = found ?? word;
    else if (!/^ {26}\S/.test(line)) flag = "";
    if (flag) rows.set(flag, `${rows.get(flag) ?? ""} ${line.trim()}`);
  }
  return rows;
}

for (const [name, task] of tasks) {
  Deno.test(`helpText() of ${name} shows every option`, () => {
    const text = helpText(task);
    const rows = helpRows(text);
    for (const [key, option] of Object.entries(task.options)) {
      const flag = key === positionalOf(task.options)?.name
        ? usageWord(task.options[key] as TextOption)
        : key === "n"
        ? "-n"
        : "--" + key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
      const row = rows.get(flag) ?? "";
      assertStringIncludes(row, option.help, `${flag} in\n${text}`);
      for (const shown of notes(option)) assertStringIncludes(row, shown);
    }
  });

  Deno.test(`helpText() of ${name} takes 80 columns and has sections`, () => {
    const lines = helpText(task).split("\n");
    for (const line of lines) assert([...line].length <= 80, line);
    const titles = lines.filter((line) => /^[A-Z][a-z ]+:$/.test(line));
    assert(titles.includes("Output:"), titles.join());
    assertEquals(new Set(titles).size, titles.length);
    assertStringIncludes(titles.at(-1)!, "Example");
  });

  Deno.test(`helpText() of ${name} shows examples that it takes`, () => {
    // A long one is broken as a shell lets it be.
    const text = helpText(task).replaceAll(/ \\\n +/g, " ");
    for (const example of task.examples) {
      assertStringIncludes(text, `\n  deno task ${name} ${example}`);
      const parsed = parseFlags(task.options, example.split(" "));
      assert(parsed !== "help" && parsed.given.size > 0);
    }
  });

  Deno.test(`flagWords() of ${name} writes what parseFlags() reads`, () => {
    const values: Record<string, unknown> = {};
    for (const [key, option] of Object.entries(task.options)) {
      values[key] = option.type === "boolean"
        ? !option.default
        : option.type === "choice"
        ? option.choices.at(-1)
        : option.type === "text"
        ? "-a b/'c'.png"
        : option.type.endsWith("s")
        ? [1, 2]
        : Math.min(option.max, Math.max(2, option.min));
    }
    const names = Object.keys(values);
    const words = flagWords(task.options, values, names);
    const read = parseFlags(task.options, words);
    assert(read !== "help");
    assertEquals<unknown>(read, { values, given: new Set(names) });
    // The defaults, too: what is off is left out, what is not set as well.
    const off = defaults(task.options);
    const positional = positionalOf(task.options);
    if (positional) Object.assign(off, { [positional.name]: "a.json" });
    const parsed = parseFlags(
      task.options,
      flagWords(task.options, off, names),
    );
    assert(parsed !== "help");
    assertEquals(parsed.values, off);
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
  ["train", ["--beat", "4"], /option --beat; did you mean --beta\?/],
  ["train", ["--latentDim", "4"], /--latentDim; did you mean --latent-dim\?/],
  ["train", ["--latent_dim=4"], /--latent_dim; did you mean --latent-dim\?/],
  ["train", ["--epoch", "4"], /option --epoch; did you mean --epochs\?/],
  ["train", ["--output", "a"], /option --output; did you mean --out-dir\?/],
  ["sample", ["--output", "a"], /option --output; did you mean --out\?/],
  ["train", ["--quantum"], /^error: unknown option --quantum$/m],
  ["train", ["-x"], /unknown option -x/],
  ["train", ["-_"], /unknown option -_/],
  ["train", ["mnist"], /unexpected argument "mnist"/],
  ["train", ["--", "mnist"], /unexpected argument "mnist"/],
  ["train", ["--json", "mnist"], /unexpected argument "mnist"/],
  ["train", [""], /unexpected argument ""/],
  ["train", ["--no-seed"], /unknown option --no-seed/],
  ["train", ["--no-save-plots=yes"], /--no-save-plots=yes: it takes no value/],
  ["train", ["--json=false"], /--json=false: it takes no value/],
  ["train", ["--json", "false"], /--json false: it takes no value/],
  ["train", ["--json", "true"], /--json true: it takes no value/],
  ["train", ["--animate", "false"], /--animate false: it takes no value/],
  ["train", ["--save-plots=false"], /no value; --no-save-plots turns it off/],
  [
    "train",
    ["--save-plots", "false"],
    /no value; --no-save-plots turns it off/,
  ],
  ["train", ["--help=false"], /--help=false: it takes no value/],
  ["train", ["--beta", "1", "--beta=4"], /--beta takes one value, .*1.*4/],
  ["train", ["--json", "--json"], /--json --json: it comes once at most/],
  ["train", ["--preview", "--no-preview"], /--no-preview: it comes once/],
  ["sample", ["-n", "1", "-n", "2"], /-n takes one value/],
  ["sweep", ["--beta", "1", "--beta", "x"], /--beta takes numbers/],
  ["curves", ["--engine", "wasm"], /unknown option --engine/],
  ["manifold", ["--seed", "1"], /unknown option --seed/],
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
  ["fetch", ["--model", "nll"], /--model .*none, fast, best.*not "nll"/],
  ["sample", ["-n", "0"], /-n .*from 1 to 10000/],
  ["sample", ["--temperature", "hot"], /--temperature .*not "hot"/],
  ["sample", ["--latent-dim", "4"], /unknown option --latent-dim/],
  ["reconstruct", ["--split", "dev"], /--split .*validation.*not "dev"/],
  ["reconstruct", ["-n", "10001"], /-n .*from 1 to 10000/],
  ["doctor", ["--fix"], /unknown option --fix/],
  ["verify", [], /^error: RECORD\.json is missing: the record of a run/],
  ["verify", ["--json"], /^error: RECORD\.json is missing/],
  ["verify", ["--threads", "2"], /^error: RECORD\.json is missing/],
  ["verify", ["a.json", "b.json"], /unexpected argument "b\.json"/],
  ["verify", ["a.json", "--", "007"], /unexpected argument "007"/],
  ["verify", ["--record", "a.json"], /unknown option --record/],
  ["verify", [""], /RECORD\.json takes a value .*not nothing/],
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

Deno.test("commandOf() names the programs that a release has, and Deno's way to others", () => {
  for (const name of tasks.keys()) {
    assertEquals(commandOf(name, false), `deno task ${name}`);
    assertEquals(
      commandOf(name, true),
      PROGRAMS.includes(name) ? `./${name}` : `deno run jsr:@vae/mnist/${name}`,
    );
  }
});

Deno.test("parseFlags() adds up lists, and turns off what is on", () => {
  const read = (name: TaskName, ...args: string[]) => {
    const parsed = parseFlags(tasks.get(name)!.options, args);
    assert(parsed !== "help");
    return parsed.values as Record<string, unknown>;
  };
  assertEquals(read("sweep", "--beta", "1", "--beta=2,4").beta, [1, 2, 4]);
  assertEquals(read("train", "--no-save-plots").savePlots, false);
  assertEquals(read("train", "--save-plots").savePlots, true);
  for (const [name, { options }] of tasks) {
    assertEquals(parseFlags(options, ["-h"]), "help", name);
    assertEquals(parseFlags(options, ["--help"]), "help", name);
  }
});

Deno.test("parseFlags() takes a positional anywhere, as it is typed", () => {
  const { options } = tasks.get("verify")!;
  const cases: [string[], string, boolean][] = [
    [["a.json"], "a.json", false],
    [["007", "--json"], "007", true],
    [["--json", "a b.json"], "a b.json", true],
    [["--threads", "2", "a.json", "--data-dir", "d"], "a.json", false],
    [["--", "-1.json"], "-1.json", false],
    [["--", "--json"], "--json", false],
  ];
  for (const [words, record, isJson] of cases) {
    const parsed = parseFlags(options, words);
    assert(parsed !== "help");
    assertEquals(parsed.values.record, record, words.join(" "));
    assertEquals(parsed.given.has("json"), isJson, words.join(" "));
    assert(parsed.given.has("record"));
  }
});

Deno.test("a positional that is optional may lack, and its usage says so", () => {
  const table = {
    file: {
      type: "text",
      default: null,
      metavar: "FILE.x",
      positional: "optional",
      help: "what to look at",
    },
  } as const satisfies OptionTable;
  assertEquals<unknown>(parseFlags(table, []), {
    values: { file: null },
    given: new Set(),
  });
  assertEquals<unknown>(parseFlags(table, ["a"]), {
    values: { file: "a" },
    given: new Set(["file"]),
  });
  const [, title, row] = optionLines(table);
  assertEquals(title, "Argument:");
  assertMatch(row, /^ {2}\[FILE\.x\] +what to look at$/);
  const task = { name: "x", summary: "Looks.", examples: ["a"] } as const;
  assertStringIncludes(
    helpText({ ...task, options: table }),
    "Usage: deno task x [options] [FILE.x]\n",
  );
  assertStringIncludes(
    helpText(tasks.get("verify")!),
    "Usage: deno task verify [options] RECORD.json\n",
  );
});

/** Groups of options, and what uses them all when it is given the values. */
const GROUPS: [OptionTable, RegExp][] = [
  [trainingOptions, /pick\([^;]*\btrainingOptions,?\s*\)/],
  [
    dataOptions,
    /openDataset\(options|pick\(values, dataOptions\)|openToEncode\([^;]*options/,
  ],
  [
    engineOptions,
    /(openModel\([^;]*|createEngine\(model[^;]*|finishRun\([^;]*|choice:) ?options/,
  ],
  [page, /(explorerPage|format\.make)\([^;]*\boptions,?\s*\)/],
];

Deno.test("a task takes no option that it does not use", async () => {
  for (const [name, { options }] of tasks) {
    const text = await Deno.readTextFile(
      new URL(`../tasks/${name}.ts`, import.meta.url),
    );
    const [, body] = text.split(/^} as const satisfies OptionTable;$/m);
    for (const key of Object.keys(options)) {
      const used = new RegExp(`\\b${key}\\b`).test(body) ||
        GROUPS.some(([group, use]) => key in group && use.test(body)) ||
        key === "recipe" && body.includes("followRecipe(") ||
        key === "verbose" && body.includes("sayFault(");
      assert(used, `${name} does not use ${key}`);
    }
  }
});

Deno.test("the place of what a task writes is --out for a file, --out-dir for a folder", () => {
  for (const [name, { options }] of tasks) {
    const places = Object.entries(options).filter(([key, option]) =>
      option.type === "text" && !/^(checkpoint|record|log)/.test(key) &&
      (option as { section?: string }).section === "Output"
    );
    for (const [key, option] of places) {
      const isFolder = option.type === "text" && option.metavar === "DIR";
      assertEquals(key, isFolder ? "outDir" : "out", name);
    }
  }
});

Deno.test("wordError() gives each kind of error its line and its exit code", () => {
  assertEquals(wordError("sample", new TaskError("no\x1b[2J\nway")), {
    text: "error: no\\u001b[2J\\u000away",
    code: 1,
  });
  for (
    const [flag, more] of [
      ["--allow-write", "; `deno task sample` writes inside this folder only"],
      ["--allow-read", ""],
    ]
  ) {
    const cause = new Deno.errors.NotCapable(`run again with ${flag}`);
    assertEquals(wordError("sample", new WriteError("a", "why", { cause })), {
      text: `error: cannot write a: why (see ${flag}${more})`,
      code: 1,
    });
  }
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
