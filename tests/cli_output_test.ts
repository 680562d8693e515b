import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import type { TaskName } from "./tasks.ts";
import {
  ENGINE,
  refuses,
  runTask,
  snapshot,
  startTask,
  TINY,
  untrained,
} from "./process.ts";
import { inFolder } from "./folder.ts";
import { linuxIsMissing } from "./platform.ts";

const CHECKPOINT = "checkpoints/vae.safetensors";

/** Gives `body` a folder with a checkpoint in its usual place. */
function withCheckpoint(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "checkpoints"));
    await Deno.writeFile(join(folder, CHECKPOINT), untrained());
    await body(folder);
  });
}

const SAMPLE = [...ENGINE, "-n", "2"];

Deno.test("tasks refuse an output that cannot be written", () =>
  withCheckpoint(async (folder) => {
    const cases: [TaskName, string[], RegExp][] = [
      [
        "train",
        ["--checkpoint", `${CHECKPOINT}/a.st`],
        /is a file, not a folder/,
      ],
      ["train", ["--checkpoint", "checkpoints"], /is a folder, not a file/],
      ["train", ["--checkpoint", "new/"], /is a folder, not a file/],
      [
        "train",
        ["--checkpoint", "../a.st"],
        /may not write there.*write access/,
      ],
      ["train", ["--checkpoint", "/proc/a.st"], /may not write there/],
      [
        "train",
        ["--plot-dir", CHECKPOINT, "--save-plots"],
        /is a file, not a f/,
      ],
      ["train", ["--plot-dir", "/proc", "--save-plots"], /may not write there/],
      ["sample", ["--out", `${CHECKPOINT}/a.png`], /is a file, not a folder/],
      ["sample", ["--out", "checkpoints"], /is a folder, not a file/],
      ["sample", ["--out", "../a.png"], /may not write there/],
      ["reconstruct", ["--out", "/proc/a.png"], /may not write there/],
    ];
    for (const [name, args, message] of cases) {
      const use = name === "train" ? TINY : SAMPLE;
      const named = new RegExp(
        `^error: cannot write .*${message.source}.*\n$`,
      );
      await refuses(named, folder, name, [...use, ...args]);
    }
  }));

Deno.test("tasks with all permissions say where nothing can be written", {
  ignore: linuxIsMissing,
}, () =>
  withCheckpoint(async (folder) => {
    await refuses(
      /^error: cannot write \/proc\/a\.st: .+\n$/,
      folder,
      "train",
      [...TINY, "--checkpoint", "/proc/a.st"],
      { allowAll: true },
    );
  }));

Deno.test(
  "tasks say that the disk is full",
  { ignore: linuxIsMissing },
  () =>
    withCheckpoint(async (folder) => {
      const before = await snapshot(folder);
      const full = /^error: cannot write \/dev\/full: no space left .+\n$/m;
      const all = { allowAll: true };
      await refuses(
        full,
        folder,
        "sample",
        [...SAMPLE, "--out", "/dev/full"],
        all,
      );
      const { code, stdout, stderr } = await runTask(
        folder,
        "train",
        [...TINY, "--checkpoint", "/dev/full"],
        all,
      );
      assertMatch(stderr, full);
      assertEquals({ code, stdout }, { code: 1, stdout: "" });
      assertEquals(await snapshot(folder), before);
    }),
);

Deno.test("a reader of stdout that goes away is no error", () =>
  withCheckpoint(async (folder) => {
    const commands: [TaskName, string[]][] = [
      ["train", ["--help"]],
      ["sample", SAMPLE],
    ];
    for (const [name, args] of commands) {
      const child = startTask(folder, name, args);
      await child.stdout.cancel();
      assertEquals(await new Response(child.stderr).text(), "");
      assertEquals((await child.status).code, 0);
    }
    assertEquals(
      [...(await snapshot(folder)).keys()],
      [CHECKPOINT, "samples.png"],
    );
  }));

Deno.test("readers of stdout and stderr that go away do not stop a run", () =>
  inFolder(async (folder) => {
    const child = startTask(folder, "train", [...TINY, "--json"]);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
    assertEquals((await child.status).code, 0);
    assertEquals([...(await snapshot(folder)).keys()], [CHECKPOINT]);
  }));
