import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import {
  loadCheckpoint,
  saveCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { rateDistortion } from "../lib/image/rate_distortion.ts";
import { type TrainingOptions, trainingOptions } from "../lib/options/run.ts";
import { defaults, OptionError, parseOption } from "../lib/options/table.ts";
import { markdownTable } from "../lib/report/markdown.ts";
import { train } from "../lib/train/trainer.ts";
import { TaskError } from "../tasks/shared/cli.ts";
import { findRun } from "../tasks/shared/several_runs.ts";
import { refuses, runTask, runWell, snapshot, startTask } from "./process.ts";
import { inFolder } from "./folder.ts";
import { signalsAreMissing } from "./platform.ts";

const DATA = ["--engine", "wasm", "--threads", "1", "--dataset", "synthetic"];
const SMALL = [
  ...DATA,
  ..."--limit 40 --val-size 20 --batch-size 20".split(" "),
];
const FILES = [
  "plots/rate-distortion.png",
  "plots/sweep.json",
  "plots/sweep.md",
];
const path = (beta: number, latent: number): string =>
  `checkpoints/sweep/beta-${beta}-latent-${latent}.safetensors`;

Deno.test("parseOption() reads lists of numbers", () => {
  const option = { default: [1], min: 0.5, max: 8, help: "" };
  const numbers = { ...option, type: "numbers" } as const;
  const integers = { ...option, type: "integers" } as const;
  assertEquals(parseOption(numbers, "--b", "0.5,1e0, 8"), [0.5, 1, 8]);
  assertEquals(parseOption(integers, "--b", "3"), [3]);
  assertEquals(parseOption(integers, "--b", [1, 2]), [1, 2]);
  for (const wrong of ["", ",", "1,,2", "1;2", "1,9", "0,1", "1,x", "NaN"]) {
    assertThrows(
      () => parseOption(numbers, "--b", wrong),
      OptionError,
      "--b takes numbers with commas between them, from 0.5 to 8, not ",
    );
  }
  assertThrows(
    () => parseOption(integers, "--b", "1,1.5"),
    OptionError,
    "whole",
  );
  assertThrows(() => parseOption(numbers, "--b", 3), OptionError, "not 3");
});

Deno.test("markdownTable() pads its cells, and keeps bars out of them", () => {
  assertEquals(
    markdownTable(["a", "number"], [["x|y", "1"], ["z", "22"]]),
    [
      "| a    | number |",
      "| ---- | -----: |",
      "| x\\|y |      1 |",
      "| z    |     22 |",
    ].join("\n"),
  );
});

Deno.test("rateDistortion() puts a run where its numbers are", () => {
  const labels = { title: "T", yLabel: "y" };
  const picture = rateDistortion([
    { beta: 4, latentDim: 2, rate: 0, distortion: 40 },
    { beta: 1, latentDim: 2, rate: 10, distortion: 20 },
    { beta: 1, latentDim: 12, rate: 5, distortion: 30 },
  ], labels);
  /** The middle of the pixels of a colour, below the legend. */
  const middle = (color: number[]): number[] => {
    const found: number[][] = [];
    for (let y = 120; y < picture.height; y++) {
      for (let x = 0; x < picture.width; x++) {
        const at = 3 * (y * picture.width + x);
        if (color.every((c, i) => picture.pixels[at + i] === c)) {
          found.push([x, y]);
        }
      }
    }
    assertGreater(found.length, 30);
    return [0, 1].map((axis) =>
      found.reduce((sum, p) => sum + p[axis], 0) / found.length
    );
  };
  // The third run is halfway between the others, whose line is drawn first.
  const [x, y] = middle([213, 94, 0]);
  const [lineX, lineY] = middle([0, 114, 178]);
  assert(Math.hypot(x - lineX, y - lineY) < 3, `${[x, y, lineX, lineY]}`);
  assertThrows(() => rateDistortion([], labels), RangeError);
  const bad = { beta: 1, latentDim: 2, rate: NaN, distortion: 1 };
  assertThrows(() => rateDistortion([bad], labels), RangeError);
});

Deno.test("sweep trains each combination once, and goes on where epochs are added", () =>
  inFolder(async (folder) => {
    const sweep = (...args: string[]) =>
      runWell(folder, "sweep", [
        ...SMALL,
        ...["--beta", "4,0.5,4", "--latent-dim", "2", "--epochs", "1"],
        ...args,
      ]);
    const first = await sweep("--json");
    const { runs, ...rest } = JSON.parse(first.stdout);
    assertEquals(rest.split, "test");
    assertEquals(rest.files.toSorted(), FILES);
    assertEquals(
      runs.map((run: { beta: number; latentDim: number }) => [
        run.beta,
        run.latentDim,
      ]),
      [[0.5, 2], [4, 2]],
    );
    for (const { beta, rate, distortion, total } of runs) {
      assert(Math.abs(distortion + beta * rate - total) < 1e-6 * total);
    }
    const files = await snapshot(folder);
    assertEquals([...files.keys()], [path(0.5, 2), path(4, 2), ...FILES]);
    const decoder = new TextDecoder();
    const table = decoder.decode(files.get("plots/sweep.md"));
    assertMatch(table, /^# synthetic, test images, 1 epoch\n\n\| latent/);
    assertStringIncludes(table, runs[1].distortion.toFixed(2));
    const json = JSON.parse(decoder.decode(files.get("plots/sweep.json")));
    assertEquals(json.runs, runs);
    const png = Buffer.from(files.get("plots/rate-distortion.png")!);
    assertEquals(PNG.sync.read(png).width, 856);

    const again = await sweep();
    assertNotMatch(again.stderr, /epoch 1\/1/);
    assertEquals(again.stderr.match(/finished before/g)?.length, 2);
    assertEquals(await snapshot(folder), files);
    // What is printed has the numbers of the file, within 80 columns.
    const numbers = (text: string) => text.match(/\d+\.\d+/g);
    assertEquals(numbers(again.stdout.split("\n\n")[0]), numbers(table));

    // Longer, and wider: only what is missing is trained.
    await sweep("--epochs", "2", "--beta", "4", "--latent-dim", "2,3");
    const whole = "checkpoints/sweep-whole";
    await sweep("--epochs", "2", "--beta", "4", "--checkpoint-dir", whole);
    const after = await snapshot(folder);
    assertEquals(after.get(path(0.5, 2)), files.get(path(0.5, 2)));
    assertEquals(
      after.get(path(4, 2)),
      after.get(`${whole}/beta-4-latent-2.safetensors`),
    );
    assertEquals(after.has(path(4, 3)), true);

    // A warm-up is a share of the run that was, and stays as long.
    const rising = ["--beta-schedule", "linear", "--checkpoint-dir", "rising"];
    for (const epochs of ["1", "2", "2"]) {
      const { stderr } = await runWell(folder, "sweep", [
        ...SMALL,
        ...["--beta", "4", "--latent-dim", "2", "--epochs", epochs],
        ...rising,
      ]);
      assertStringIncludes(stderr, "\nβ rises to 4 over the first 0.5 epochs");
    }

    await refuses(
      /beta-4-latent-2\.safetensors is a run with --lr 0\.001, not 0\.01: choose another --checkpoint-dir/,
      folder,
      "sweep",
      [...SMALL, ..."--beta 4 --latent-dim 2 --lr 0.01".split(" ")],
    );
    await refuses(
      /was trained on synthetic .* other images/,
      folder,
      "sweep",
      [...SMALL, ..."--beta 4 --latent-dim 2 --limit 30".split(" ")],
    );
  }));

Deno.test(
  "sweep saves the running model on SIGINT, and continues with the same command",
  { ignore: signalsAreMissing },
  () =>
    inFolder(async (folder) => {
      const args = [
        ...DATA,
        ..."--limit 20000 --val-size 2 --beta 1,2 --latent-dim 2 --epochs 3"
          .split(" "),
      ];
      const child = startTask(folder, "sweep", args);
      const stdout = new Response(child.stdout).text();
      let stderr = "";
      let signalled = false;
      for await (
        const text of child.stderr.pipeThrough(new TextDecoderStream())
      ) {
        stderr += text;
        if (signalled || !/training on/.test(stderr)) continue;
        signalled = true;
        child.kill("SIGINT");
      }
      assertEquals([(await child.status).code, await stdout], [130, ""]);
      assertStringIncludes(
        stderr,
        "\nstopped in β = 1, 2 latent dimensions, saved. Continue with:\n" +
          `  deno task sweep ${args.join(" ")}\n`,
      );
      assertEquals([...(await snapshot(folder)).keys()], [path(1, 2)]);
      const { history, partial } = await loadCheckpoint(
        join(folder, path(1, 2)),
      );
      assertEquals(history, []);
      assertGreater(partial!.images, 0);
    }),
);

Deno.test("sweep trains a part of an epoch, and goes on from it", () =>
  inFolder(async (folder) => {
    const sweep = (epochs: string, ...more: string[]) =>
      runWell(folder, "sweep", [
        ...SMALL,
        ...["--beta", "1", "--epochs", epochs, "--batch-size", "5", ...more],
      ]);
    const half = await sweep("0.5");
    assertMatch(half.stdout, /^ +12 +1 +0\.5 /m);
    assertStringIncludes(
      await Deno.readTextFile(join(folder, "plots/sweep.md")),
      "synthetic, test images, 0.5 epochs\n",
    );
    const more = await sweep("1.5", "--json");
    assertStringIncludes(more.stderr, "going on after step 4\n");
    assertEquals(JSON.parse(more.stdout).runs[0].epochs, 1.5);
    const again = await sweep("1.5");
    assertStringIncludes(again.stderr, "finished before (");
    await refuses(
      /is a run with --epochs 1\.5, not 1: /,
      folder,
      "sweep",
      [...SMALL, "--beta", "1", "--epochs", "1", "--batch-size", "5"],
    );
  }));

Deno.test("findRun() refuses another course", () =>
  inFolder(async (folder) => {
    const dataset = await syntheticDataset({ limit: 8, valSize: 4 });
    const options = {
      ...defaults(trainingOptions),
      latentDim: 2,
      batchSize: 4,
    };
    const path = join(folder, "a.safetensors");
    const find = (given: Partial<TrainingOptions>) =>
      findRun(
        { path, options: { ...options, ...given } },
        dataset,
      );
    const trained = async (given: Partial<TrainingOptions>) => {
      const engine = { engine: "wasm", threads: 1 } as const;
      const setup = { dataset, ...options, ...given, engine };
      for await (const event of train(setup)) {
        if (event.type === "end") return await event.checkpoint();
      }
      throw new Error("the run has no end");
    };
    const given = { lrWarmup: 0.5, epochs: 0.5 };
    await saveCheckpoint(path, await trained(given));
    assertEquals((await find(given))?.history[0].epoch, 0.5);
    // Its rise is a share of all epochs.
    await assertRejects(
      () => find({ ...given, epochs: 2 }),
      TaskError,
      "is a run with --epochs 0.5, not 2",
    );
    // One that was stopped in its second epoch is past the end of the first.
    const { history: [first], ...rest } = await trained({ epochs: 1.5 });
    const stopped = { ...rest.options, epochs: 2 };
    await saveCheckpoint(path, { ...rest, options: stopped, history: [first] });
    assertEquals((await find({ epochs: 1.5 }))?.state.step, 3);
    await assertRejects(
      () => find({ epochs: 1 }),
      TaskError,
      "is a run with --epochs 2, not 1",
    );
  }));

Deno.test("sweep refuses bad lists and folders it cannot write to", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await runTask(folder, "sweep", ["--beta", "1,,2"]);
    assertEquals(code, 2);
    assertMatch(stderr, /^error: --beta takes numbers .* not "1,,2"\n/);
    await Deno.writeTextFile(join(folder, "file"), "");
    for (const flag of ["--out-dir", "--checkpoint-dir"]) {
      await refuses(
        /cannot write file\/.*: a part of the path is a file/,
        folder,
        "sweep",
        [...SMALL, flag, "file"],
      );
    }
  }));
