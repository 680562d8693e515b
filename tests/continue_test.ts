import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import {
  loadCheckpoint,
  saveCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { decodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { TaskError } from "../tasks/shared/cli.ts";
import { flagOf } from "../tasks/shared/flags.ts";
import { findRun } from "../tasks/shared/several_runs.ts";
import { inFolder } from "./folder.ts";
import {
  refuses,
  runTask,
  runWell,
  snapshot,
  TINY,
  untrained,
} from "./process.ts";

Deno.test("findRun() says what to do where a run is of other images", () =>
  inFolder(async (folder) => {
    const path = join(folder, "vae.safetensors");
    const run = decodeCheckpoint(untrained());
    await saveCheckpoint(path, run);
    const dataset = await syntheticDataset({ limit: 4 });
    for (const place of ["checkpoint", "checkpointDir"] as const) {
      const { message } = await assertRejects(
        () => findRun({ path, options: run.options }, dataset, place),
        TaskError,
      );
      assertMatch(message, / other images than synthetic has now: /);
      assertEquals(
        message.split(": ").at(-1),
        "bring back those that it was trained on, or choose another " +
          `${flagOf(place)} for these`,
      );
    }
  }));

const CHECKPOINT = "checkpoints/vae.safetensors";
const LINE = [...TINY, "--limit", "8", "--epochs", "3", "--continue"];

Deno.test("train --continue begins a run, goes on with it, and leaves it when it is finished", () =>
  inFolder(async (folder) => {
    const path = join(folder, CHECKPOINT);
    const train = (...args: string[]) =>
      runWell(folder, "train", [...LINE, ...args]);
    await train();
    const whole = await snapshot(folder);
    assertEquals([...whole.keys()], [CHECKPOINT]);

    const again = await train();
    assertEquals(again.stdout, `checkpoint ${CHECKPOINT}\n`);
    assertMatch(again.stderr, /^already at 3 of 3; .*\n$/);
    assertEquals(await snapshot(folder), whole);
    const { steps, history } = JSON.parse((await train("--json")).stdout);
    assertEquals([steps, history.length], [6, 3]);

    // What a kill in the last epoch leaves: the run as of the one before.
    await runWell(folder, "train", [
      ...[...LINE, "--epochs", "2", "--checkpoint", "part.safetensors"],
    ]);
    const part = join(folder, "part.safetensors");
    const { options, ...rest } = await loadCheckpoint(part);
    await saveCheckpoint(path, { ...rest, options: { ...options, epochs: 3 } });
    await Deno.remove(part);
    const rescued = await train();
    assertStringIncludes(
      rescued.stderr,
      `\ngoing on from ${CHECKPOINT}, step 4, after epoch 2 of 3\n`,
    );
    assertEquals(await snapshot(folder), whole);
  }));

Deno.test("train --continue refuses another run", () =>
  inFolder(async (folder) => {
    await runWell(folder, "train", LINE);
    const other: [string[], RegExp][] = [
      [
        ["--lr", "0.01"],
        /is a run with --lr 0\.001, not 0\.01: choose another --checkpoint\n/,
      ],
      [["--conditional"], /is a run without --conditional/],
    ];
    for (const [args, message] of other) {
      await refuses(message, folder, "train", [...LINE, ...args]);
    }
    const { code, stderr } = await runTask(
      folder,
      "train",
      [...LINE, "--resume", CHECKPOINT],
    );
    assertEquals(code, 2);
    assertMatch(stderr, /^error: --continue does not go with --resume\n/);
  }));
