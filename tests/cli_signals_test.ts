import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import { loadCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import {
  ENGINE,
  LONG,
  type Result,
  runTask,
  runWell,
  snapshot,
  startTask,
  TINY,
} from "./process.ts";
import { inFolder } from "./folder.ts";
import { signalsAreMissing } from "./platform.ts";

const CHECKPOINT = "checkpoints/vae.safetensors";

/** Starts a run and hands it over once it trains. */
async function interrupt(
  folder: string,
  args: string[],
  signal: (child: Deno.ChildProcess) => void | Promise<void>,
): Promise<Result> {
  const child = startTask(folder, "train", args);
  const stdout = new Response(child.stdout).text();
  let stderr = "";
  let signalled;
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (/^training on/m.test(stderr)) signalled ??= signal(child);
  }
  await signalled;
  // A machine that is busy tells of how far it is, too.
  stderr = stderr.replaceAll(/^(it will take|epoch \d+\/\d+  ?\d).*\n/gm, "");
  return { code: (await child.status).code, stdout: await stdout, stderr };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`train saves on ${signal}, and can be continued`, {
    ignore: signalsAreMissing,
  }, () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await interrupt(
        folder,
        LONG,
        (child) => child.kill(signal),
      );
      assertMatch(
        stderr,
        /^training on .*\nstopped after step \d, saved\. Continue with:\n {2}deno task train .*\n$/,
      );
      assertEquals({ code, stdout }, { code: 130, stdout: "" });
      assertEquals([...(await snapshot(folder)).keys()], [CHECKPOINT]);
      const stopped = await loadCheckpoint(join(folder, CHECKPOINT));
      assertEquals(stopped.history, []);
      assertEquals(stopped.partial?.images, stopped.state.step);
      if (signal === "SIGTERM") return;

      const [, line] = stderr.match(/deno task train (.*)\n/)!;
      const whole = "whole.safetensors";
      await Promise.all([
        runWell(folder, "train", [...line.split(" "), "--no-save-plots"]),
        runWell(folder, "train", [...LONG, "--checkpoint", whole]),
      ]);
      const resumed = await loadCheckpoint(join(folder, CHECKPOINT));
      const expected = await loadCheckpoint(join(folder, whole));
      assertEquals(resumed.state, expected.state);
      assertEquals(
        resumed.history[0].validation,
        expected.history[0].validation,
      );
      assertNotEquals(resumed.state.parameters, stopped.state.parameters);
    }));
}

Deno.test("train exits at once on a second SIGINT", {
  ignore: signalsAreMissing,
}, () =>
  inFolder(async (folder) => {
    // Nobody reads this pipe, so that saving never ends.
    await new Deno.Command("mkfifo", { args: [join(folder, "pipe")] }).output();
    const { code, stdout, stderr } = await interrupt(
      folder,
      [...LONG, "--checkpoint", "pipe"],
      async (child) => {
        let running = true;
        child.status.then(() => running = false);
        while (running) {
          child.kill("SIGINT");
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      },
    );
    assertMatch(stderr, /^training on .*\n$/);
    assertEquals({ code, stdout }, { code: 130, stdout: "" });
    assertEquals([...Deno.readDirSync(folder)].map((f) => f.name), ["pipe"]);
  }));

Deno.test("train stops where the loss is not a number, and names the step", () =>
  inFolder(async (folder) => {
    const diverging = ["--lr", "10", "--val-size", "0", "--epochs", "3"];
    const { code, stdout, stderr } = await runTask(
      folder,
      "train",
      [...TINY, ...diverging],
    );
    assertMatch(
      stderr,
      /\nerror: the loss of step 2 is not a finite number: .*; checkpoints\/vae\.safetensors holds the run after step 1\n$/,
    );
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertEquals([...(await snapshot(folder)).keys()], [CHECKPOINT]);
    const kept = await loadCheckpoint(join(folder, CHECKPOINT));
    assertEquals([kept.state.step, kept.history.length], [1, 1]);

    // Going on from there ends likewise, and leaves the checkpoint as it is.
    const before = await snapshot(folder);
    const again = await runTask(folder, "train", [
      ...[...ENGINE, "--resume", CHECKPOINT, "--epochs", "2"],
      "--no-save-plots",
    ]);
    assertMatch(again.stderr, /\nerror: the loss of step 2 is not .*saved\n$/);
    assertEquals(again.code, 1);
    assertEquals(await snapshot(folder), before);
  }));
