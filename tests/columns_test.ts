import { assert, assertEquals, assertMatch } from "@std/assert";
import { counted, fixed } from "../lib/text.ts";
import { widthOf, wrap, wrapCommand } from "../tasks/shared/columns.ts";
import { Forecast } from "../tasks/shared/forecast.ts";
import { range, show } from "../tasks/shared/metrics_table.ts";
import { suggest } from "../tasks/shared/suggestion.ts";
import { nameRows, textTable } from "../tasks/shared/tables.ts";

Deno.test("counted() has a singular", () => {
  assertEquals(
    [0, 1, 2].map((n) => counted(n, "epoch")),
    ["0 epochs", "1 epoch", "2 epochs"],
  );
});

Deno.test("fixed() writes no negative zero", () => {
  assertEquals(fixed(-0.001, 2), "0.00");
  assertEquals(fixed(-0, 0), "0");
  assertEquals(fixed(-0.006, 2), "-0.01");
  assertEquals(range([-0.001, 0.5]), "0.00 to 0.50");
});

Deno.test("show() writes an error of any size", () => {
  const at = (mean: number, standardError: number) =>
    show({ mean, standardError });
  assertEquals(at(103.456, 0.1834), "103.46 ± 0.18");
  assertEquals(at(1234.5, 67.8), "1235 ± 68"); // toFixed rounds halves up
  assertEquals(at(0.5, 3e-12), "0.50000 ± 3e-12");
  assertEquals(at(-1e-12, 3e-12), "0.00000 ± 3e-12");
  assertEquals(show({ mean: 0.25, standardError: 0 }, 100, " %"), "25 %");
});

Deno.test("wrap() breaks between words, and never within one", () => {
  assertEquals(wrap("one two three", 7, "  "), ["one two", "  three"]);
  assertEquals(wrap("  one two", 6, "    "), ["  one", "    two"]);
  assertEquals(wrap("a /path/of/many/letters b", 6), [
    "a",
    "/path/of/many/letters",
    "b",
  ]);
  assertEquals(wrap("", 6), [""]);
  // Combining marks take no column: x̂ is one.
  assertEquals(widthOf("x\u0302 − β"), 5);
});

Deno.test("wrapCommand() breaks as a shell puts together again", async () => {
  const command = `printf %s, ${"word ".repeat(30)}'x'`;
  const lines = wrapCommand(command);
  assert(lines.length > 1);
  for (const line of lines) assert(line.length <= 80, line);
  const run = async (text: string) =>
    new TextDecoder().decode(
      (await new Deno.Command("sh", { args: ["-c", text] }).output()).stdout,
    );
  assertEquals(await run(lines.join("\n")), await run(command));
});

Deno.test("textTable() fits into 80 columns, with its numbers whole", () => {
  const words = "many words that say what is measured, at some length";
  const text = textTable(["aspect", "a", "b", "beside"], [
    [words, "1.25 ± 0.50 %", "-20.25 ± 0.50 %", `training images: ${words}`],
    ["short", "–", "3", ""],
  ]);
  const lines = text.split("\n");
  for (const line of lines) assert(line.length <= 80, line);
  const [first] = lines.filter((line) => line.startsWith("many"));
  assertMatch(first, / {2}1\.25 ± 0\.50 % {2}-20\.25 ± 0\.50 % /);
  const said = lines.flatMap((line) => line.split(/\s+/));
  for (const word of words.split(" ")) {
    assertEquals(said.filter((other) => other === word).length, 2, word);
  }
  // One that fits is not broken.
  assertEquals(
    textTable(["a", "b"], [["x", "10"], ["y y", "2"]]),
    [
      "a     b",
      "x    10",
      "y y   2",
    ].join("\n"),
  );
});

Deno.test("nameRows() never runs cells together", () => {
  const text = nameRows([
    ["name", "1 ± 2", "word ".repeat(30).trim()],
    ["all", "word ".repeat(30).trim()],
  ], [10, 12]);
  const lines = text.split("\n");
  assertMatch(lines[0], /^name {6}1 ± 2 {7}word word/);
  assertMatch(lines[1], /^ {22}word/);
  for (const line of lines) assert(line.length <= 80, line);
});

Deno.test("suggest() finds what was meant, and nothing far away", () => {
  const names = [
    ...["beta", "epochs", "latent-dim", "out-dir", "seed", "engine"],
    ...["lr-warmup", "warmup-epochs", "adam-beta1"],
  ];
  const cases: [string, string | undefined][] = [
    ["beta1", "adam-beta1"],
    ["warmup", "warmup-epochs"],
    ["betas", "beta"],
    ["epoch", "epochs"],
    ["beat", "beta"],
    ["latent_dim", "latent-dim"],
    ["latentDim", "latent-dim"],
    ["lanet-dim", "latent-dim"],
    ["output", "out-dir"],
    ["Seed", "seed"],
    ["learning", undefined],
    ["x", undefined],
  ];
  for (const [typed, meant] of cases) {
    assertEquals(suggest(typed, names), meant, typed);
  }
});

Deno.test("Forecast says once what a long run takes, when its speed is known", () => {
  const forecast = new Forecast(12, 5);
  const event = { secondsLeft: 30 };
  assertEquals(forecast.text(event, 0, 3e8), undefined);
  assertEquals(forecast.text(event, 1000, 3e8), undefined);
  assertEquals(
    forecast.text(event, 2000, 3e8),
    // 85,141 parameters and 224 statistics: 1.02 MB, five times.
    "it will take about 2 min 30 s for 5 runs, 300 MB of memory and 5 MB on disk",
  );
  assertEquals(forecast.text(event, 3000, 3e8), undefined);
  const unsaved = new Forecast(12, 1, false);
  unsaved.text(event, 0, 3e8);
  assertEquals(
    unsaved.text({ secondsLeft: 90 }, 2000, 3e8),
    "it will take about 1 min 30 s and 300 MB of memory",
  );
  const short = new Forecast(12, 1);
  for (const now of [0, 2000, 4000]) {
    assertEquals(short.text({ secondsLeft: 5 }, now, 3e8), undefined);
  }
});
