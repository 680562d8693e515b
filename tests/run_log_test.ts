import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import {
  type Checkpoint,
  loadCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { defaults } from "../lib/options/table.ts";
import { type LoggedRun, RunLog } from "../tasks/shared/run_log.ts";
import { inFolder } from "./folder.ts";
import { linuxIsMissing, posixIsMissing } from "./platform.ts";
import { refuses, runTask, runWell, snapshot, TINY } from "./process.ts";

// deno-lint-ignore no-explicit-any -- what JSON holds
type Entry = Record<string, any>;

const LOG = "logs/run.jsonl";
const CHECKPOINT = "checkpoints/vae.safetensors";

async function entriesOf(path: string): Promise<Entry[]> {
  const text = await Deno.readTextFile(path);
  assert(text.endsWith("\n"));
  return text.slice(0, -1).split("\n").map((line) => JSON.parse(line));
}

const kinds = (entries: Entry[]) =>
  entries.map(({ kind }) => kind).filter((kind) => kind !== "progress");

const run: LoggedRun = {
  options: defaults(trainingOptions),
  dataset: { name: "synthetic", digest: "0123" },
  checkpoint: "a.safetensors",
};

const progress = {
  type: "progress",
  epoch: 1,
  step: 4,
  images: { done: 8, total: 10 },
  imagesPerSecond: 100,
  secondsLeft: Infinity,
  losses: null,
} as const;

Deno.test("RunLog.progress() writes one line a second at most, in JSON", () =>
  inFolder(async (folder) => {
    const path = join(folder, "run.jsonl");
    using log = await RunLog.open(path, run);
    log.start("an engine");
    for (const at of [0, 200, 999.9, 1000, 1900, 2100]) {
      log.progress({ ...progress, step: at }, at);
    }
    const [start, ...lines] = await entriesOf(path);
    assertEquals(lines.map(({ step }) => step), [0, 1000, 2100]);
    const { time, ...fields } = lines[0];
    assertEquals(new Date(time).toISOString(), time);
    const { type: kind, ...rest } = { ...progress, step: 0, secondsLeft: null };
    assertEquals(fields, { kind, ...rest });
    assertEquals(start.options, run.options);
    assertEquals([start.digest, start.step], ["0123", 0]);
  }));

Deno.test("train --log tells of a run, and of the same run when it goes on", () =>
  inFolder(async (folder) => {
    const path = join(folder, LOG);
    const args = [...TINY, "--log", LOG];
    await runWell(folder, "train", args);
    const first = await entriesOf(path);
    assertEquals(kinds(first), ["start", "epoch", "end"]);
    const saved = await loadCheckpoint(join(folder, CHECKPOINT));
    const { kind: _, time: __, seconds, ...record } = first[1];
    assertEquals<unknown>(record, saved.history[0]);
    assertEquals(typeof seconds, "number");
    assertEquals(first[0].options, saved.options);
    assertEquals(first[0].digest, saved.data.digest);
    assertEquals([first[2].reason, first[2].step], ["epochs", 1]);

    // A kill in the middle of a line leaves a part of it.
    await Deno.writeTextFile(path, '{"kind":"pro', { append: true });
    const resume = ["--resume", CHECKPOINT, "--log", LOG, "--no-save-plots"];
    const second = await runWell(folder, "train", [...resume, "--epochs", "2"]);
    assertStringIncludes(
      second.stderr,
      `note: removed the last line of ${LOG}, which was cut off\n`,
    );
    const both = await entriesOf(path);
    assertEquals(both.slice(0, 3), first);
    assertEquals(kinds(both.slice(3)), ["start", "epoch", "end"]);
    assertEquals([both[3].step, both[3].options.epochs], [1, 2]);

    // With nothing to train nothing is told; another run has another log.
    await runWell(folder, "train", [...resume, "--epochs", "2"]);
    assertEquals(await entriesOf(path), both);
    const third = await runWell(folder, "train", [...args, "--seed", "1"]);
    assertStringIncludes(third.stderr, "is now logs/run.1.jsonl\n");
    assertEquals(await entriesOf(join(folder, "logs/run.1.jsonl")), both);
    assertEquals(kinds(await entriesOf(path)), ["start", "epoch", "end"]);

    const diverging = ["--lr", "10", "--val-size", "0", "--epochs", "3"];
    await runTask(folder, "train", [...args, ...diverging]);
    const failed = await entriesOf(path);
    assertEquals(failed.at(-1)!.reason, "error");
    assertMatch(failed.at(-1)!.error, /^the loss of step 2 is not a finite/);
  }));

Deno.test("train refuses a log that would replace something else", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "a.jsonl"), '{"loss": 1}\n');
    await refuses(
      /cannot write a\.jsonl: it is a JSON text, and the log of a run would replace it/,
      folder,
      "train",
      [...TINY, "--log", "a.jsonl"],
    );
    await refuses(
      /cannot write log\.json: .* ends in \.jsonl or \.ndjson or \.log\n/,
      folder,
      "train",
      [...TINY, "--log", "log.json"],
    );
  }));

Deno.test("train goes on without a log where that cannot be written", {
  ignore: linuxIsMissing,
}, () =>
  inFolder(async (folder) => {
    const { stderr } = await runWell(
      folder,
      "train",
      [...TINY, "--log", "/dev/full"],
      { allowAll: true },
    );
    assertEquals(
      stderr.match(/^note: .*log.*|.*\/dev\/full.*/gm),
      [
        "note: cannot write /dev/full: no space left on the device; training " +
        "goes on without it",
      ],
    );
    await loadCheckpoint(join(folder, CHECKPOINT));
  }));

Deno.test("train --log writes to a pipe that a shell has opened", {
  ignore: linuxIsMissing,
}, () =>
  inFolder(async (folder) => {
    const { stdout } = await runWell(
      folder,
      "train",
      [...TINY, "--log", "/dev/stdout"],
      { allowAll: true },
    );
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    const entries = lines.map((line) => JSON.parse(line));
    assertEquals(kinds(entries), ["start", "epoch", "end"]);
    assertEquals((await snapshot(folder)).size, 1);
  }));

Deno.test("RunLog ends with a whole line where the disk is full", {
  ignore: posixIsMissing,
}, () =>
  inFolder(async (folder) => {
    const path = join(folder, "run.jsonl");
    const module = new URL("../tasks/shared/run_log.ts", import.meta.url);
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: [
        "-c",
        // In KiB: the log's first line has more than half of one.
        "trap '' XFSZ; ulimit -f 2; exec \"$@\"",
        "bash",
        ...[Deno.execPath(), "eval", `--config=${CONFIG}`],
        `import { RunLog } from "${module}";
        const log = await RunLog.open(${JSON.stringify(path)}, ${
          JSON.stringify(run)
        });
        log.start("an engine");
        for (let at = 0; at < 2e4; at += 1000) {
          const told = log.progress(${JSON.stringify(progress)}, at);
          if (told) console.log(told);
        }`,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(
      new TextDecoder().decode(stdout),
      `note: cannot write ${path}: File too large; training goes on without ` +
        "it\n",
    );
    assert((await entriesOf(path)).length > 3);
  }));

const CONFIG = decodeURIComponent(
  new URL("../deno.json", import.meta.url).pathname,
);

Deno.test("RunLog says once that nobody reads its pipe any more", {
  ignore: posixIsMissing,
}, () =>
  inFolder(async (folder) => {
    const path = join(folder, "pipe");
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const [reader, log] = await Promise.all([
      Deno.open(path),
      RunLog.open(path, run),
    ]);
    using _log = log;
    assertEquals(log.start("an engine"), undefined);
    reader.close();
    assertEquals(
      log.progress(progress, 0),
      `note: cannot write ${path}: Broken pipe; training goes on without it`,
    );
    assertEquals(log.progress(progress, 5000), undefined);
  }));

Deno.test("RunLog.open() appends to the log of the same run alone", () =>
  inFolder(async (folder) => {
    const path = join(folder, "run.jsonl");
    const at = (options = run.options, digest = "0123") =>
      ({
        options,
        data: { digest },
        state: { step: 3 },
      }) as Checkpoint;
    /** Opens the log and returns the steps of its starts, with a new one. */
    const starts = async (resume?: Checkpoint) => {
      using log = await RunLog.open(path, { ...run, resume });
      log.start("an engine");
      return (await entriesOf(path)).map(({ step }) => step);
    };
    assertEquals(await starts(), [0]);
    assertEquals(await starts(at()), [0, 3]);
    // A line that is no JSON is in nobody's way.
    await Deno.writeTextFile(path, '{"kind":"start"\0\0\n', { append: true });
    const text = await Deno.readTextFile(path);
    assertEquals(await starts(at({ ...run.options, lr: 0.1 })), [3]);
    assertEquals(await Deno.readTextFile(join(folder, "run.1.jsonl")), text);
    assertEquals(await starts(at(run.options, "4567")), [3]);
    assertEquals(await starts(at()), [3, 3]);
    assertEquals(await starts(), [0]);
  }));
