import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { rateDistortion } from "../lib/image/rate_distortion.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import { defaults } from "../lib/options/table.ts";
import { TaskError } from "../tasks/shared/cli.ts";
import { planLine } from "../tasks/shared/plan_line.ts";
import { meansOf, type Row } from "../tasks/shared/sweep_results.ts";
import { inFolder } from "./folder.ts";
import { runTask, runWell, snapshot } from "./process.ts";

const SWEEP = [
  ..."--engine wasm --threads 1 --dataset synthetic --limit 20".split(" "),
  ..."--val-size 10 --batch-size 10 --epochs 1 --latent-dim 2".split(" "),
];
const file = (name: string) => `checkpoints/sweep/${name}.safetensors`;

/** The words of a line that `sh` reads without quotes. */
const wordsOf = (line: string) => line.split(" ").slice(3);

Deno.test("planLine() writes every option that is not the default, for sh", async () => {
  const options = {
    ...defaults(trainingOptions),
    beta: 0.5,
    lr: 1e-7,
    seed: 3,
  };
  const run = {
    path: "it's/a $run.safetensors",
    options,
    command: () => undefined,
  };
  const images = {
    ...defaults(dataOptions),
    images: "my own.npz",
    centre: true,
  };
  const line = planLine(run, images, { engine: "wasm" });
  assertMatch(line, /^deno task train /);
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\n' ${line}`],
  }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\n").slice(3, -1), [
    ...["--beta", "0.5", "--lr", "1e-7", "--seed", "3"],
    ...["--images", "my own.npz", "--centre", "--engine", "wasm"],
    ...["--checkpoint", "it's/a $run.safetensors"],
    ...["--continue", "--no-save-plots"],
  ]);
  for (const path of ["a\nb", "a\tb", "a\x1bb"]) {
    assertThrows(() => planLine({ ...run, path }, images, {}), TaskError);
  }
});

const row = (beta: number, seed: number, rate: number): Row => ({
  ...{ beta, seed, rate, latentDim: 2, epochs: 1, checkpoint: "" },
  ...{ distortion: 10 * rate, total: 0, active: 2 },
});

Deno.test("meansOf() has the mean and the sample's deviation over seeds", () => {
  const means = meansOf([
    row(1, 0, 2),
    row(1, 1, 4),
    row(1, 2, 9),
    row(4, 0, 1),
  ]);
  assertEquals(means.map(({ beta, seeds }) => [beta, seeds]), [
    [1, [0, 1, 2]],
    [4, [0]],
  ]);
  // ((2 − 5)² + (4 − 5)² + (9 − 5)²) / 2 = 13
  assertEquals(means[0].rate.mean, 5);
  assertAlmostEquals(means[0].rate.deviation!, Math.sqrt(13), 1e-12);
  assertAlmostEquals(means[0].distortion.deviation!, Math.sqrt(1300), 1e-11);
  assertEquals(means[1].rate, { mean: 1, deviation: null });
});

Deno.test("rateDistortion() draws deviations to either side of a mean", () => {
  const draw = (distortion?: number) =>
    rateDistortion([
      { beta: 4, latentDim: 2, rate: 0, distortion: 50 },
      {
        ...{ beta: 2, latentDim: 2, rate: 4, distortion: 40 },
        ...(distortion !== undefined && { deviation: { rate: 0, distortion } }),
      },
      { beta: 1, latentDim: 2, rate: 10, distortion: 20 },
    ], { title: "T", yLabel: "y" });
  const plain = draw();
  const { width, height } = plain;
  const extent = (rows: number[]) => Math.max(...rows) - Math.min(...rows);
  /** Rows below the legend in which a pixel of a column is as asked for. */
  const rows = (x: number, isSo: (at: number) => boolean) =>
    Array.from({ length: height - 120 }, (_, y) => y + 120)
      .filter((y) => isSo(3 * (y * width + x)));
  const columns = Array.from({ length: width }, (_, x) => x);
  const isLine = (at: number) =>
    [0, 114, 178].every((c, i) => plain.pixels[at + i] === c);
  // From 50 to 20, with half a marker at either end.
  const span = extent(columns.flatMap((x) => rows(x, isLine))) - 7;
  const { pixels } = draw(5);
  const differs = (at: number) => pixels[at] !== plain.pixels[at];
  const whisker = columns.map((x) => rows(x, differs))
    .toSorted((a, b) => b.length - a.length)[0];
  assertAlmostEquals(extent(whisker), span * 10 / 30, 3);
  assertEquals(draw(0).pixels, plain.pixels);
});

Deno.test("sweep --plan prints what is left, and --collect takes what was made", () =>
  inFolder(async (folder) => {
    const args = [...SWEEP, "--beta", "1,4", "--seeds", "0,7"];
    const { stdout, stderr } = await runWell(folder, "sweep", [
      ...args,
      "--plan",
    ]);
    assertEquals(stderr, "4 of 4 runs to train\n");
    const lines = stdout.trimEnd().split("\n");
    const paths = lines.map((line) => line.match(/--checkpoint (\S+)/)![1]);
    assertEquals(paths, [
      file("beta-1-latent-2"),
      file("beta-1-latent-2-seed-7"),
      file("beta-4-latent-2"),
      file("beta-4-latent-2-seed-7"),
    ]);
    assertEquals((await snapshot(folder)).size, 0);
    const collect = (...more: string[]) =>
      runTask(folder, "sweep", [...args, "--collect", ...more]);
    const none = await collect();
    assertEquals([none.code, none.stdout], [1, ""]);
    assertEquals((await snapshot(folder)).size, 0);

    // Seed 0 is found where a sweep of one seed has it.
    await runWell(folder, "sweep", [...SWEEP, "--beta", "1,4"]);
    await runWell(folder, "train", wordsOf(lines[1]));
    const rest = await runWell(folder, "sweep", [...args, "--plan"]);
    assertEquals(rest.stdout, `${lines[3]}\n`);
    assertMatch(rest.stderr, /(.*: finished before \(.*\)\n){3}1 of 4 runs to/);
    const some = await collect("--json");
    assertStringIncludes(
      some.stderr,
      `\n1 of 4 runs missing. Train with:\n  ${lines[3]}\n`,
    );
    const { runs, means, missing } = JSON.parse(some.stdout);
    assertEquals([some.code, runs.length, missing], [1, 3, [lines[3]]]);
    assertEquals(means[1].rate, { mean: runs[2].rate, deviation: null });
    const table = join(folder, "plots/sweep.md");
    assertStringIncludes(await Deno.readTextFile(table), ", 3 of 4 runs\n");

    await runWell(folder, "train", wordsOf(lines[3]));
    const all = await collect();
    assertEquals(all.code, 0, all.stderr);
    assertEquals(all.stdout.match(/ ± /g)?.length, 8);
    for (const line of all.stdout.split("\n")) assert([...line].length <= 80);
    const collected = await snapshot(folder);
    const again = await runWell(folder, "sweep", args);
    assertEquals(again.stdout, all.stdout);
    assertEquals(await snapshot(folder), collected);
  }));

Deno.test("sweep refuses flags that contradict each other", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await runTask(
      folder,
      "sweep",
      [...SWEEP, "--plan", "--collect"],
    );
    assertEquals(code, 2);
    assertMatch(stderr, /^error: --plan and --collect do not go together\n/);
  }));
