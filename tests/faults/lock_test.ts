import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { loadCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { lockCheckpoint, LockedError } from "../../lib/files/lock.ts";
import { inFolder } from "../folder.ts";
import { refuses, runTask, runWell, startTask } from "../process.ts";
import type { TaskName } from "../tasks.ts";
import { posixIsMissing, signalsAreMissing } from "../platform.ts";

const FILE = "vae.safetensors";
const LOCK = `.${FILE}.lock`;

/** The options of runs of some milliseconds. */
const BRIEF = [
  ..."--dataset synthetic --limit 4 --batch-size 2 --val-size 0".split(" "),
  ..."--engine wasm --threads 1".split(" "),
];
const TRAIN = [...BRIEF, "--latent-dim", "2", "--no-save-plots"];
const TO_FILE = [...TRAIN, "--checkpoint", FILE];
const ONE_EPOCH = [...TO_FILE, "--epochs", "1"];

/** Windows lets nobody else read what is locked, and so not whose it is. */
const ownerIsSecret = Deno.build.os === "windows";

/** The owner of a lock as another process sees it. */
function owner(pid: number): string {
  return ownerIsSecret ? "another process" : `process ${pid}`;
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** A run that has begun and goes on until it is told to end. */
async function begin(folder: string): Promise<
  { pid: number; end(signal: Deno.Signal): Promise<number> }
> {
  const child = startTask(folder, "train", [...TO_FILE, "--epochs", "100000"]);
  const stdout = child.stdout.cancel();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  // The first has been saved by then; not every epoch has lines.
  while (!/^epoch +([2-9]|\d\d+)\//m.test(said)) {
    const { done, value } = await reader.read();
    assert(!done, said);
    said += value;
  }
  return {
    pid: child.pid,
    async end(signal) {
      child.kill(signal);
      while (!(await reader.read()).done);
      await stdout;
      return (await child.status).code;
    },
  };
}

Deno.test("train refuses a checkpoint that another process trains", () =>
  inFolder(async (folder) => {
    await Deno.symlink(FILE, join(folder, "link"), { type: "file" });
    const run = await begin(folder);
    if (!ownerIsSecret) {
      const content = await Deno.readTextFile(join(folder, LOCK));
      assertEquals(content, `${run.pid}\n`);
    }
    const others: [string, string[]][] = [
      [FILE, ONE_EPOCH],
      [FILE, ["--resume", FILE]],
      ["link", [...TRAIN, "--checkpoint", "link"]],
      [FILE, ["--resume", "link", "--checkpoint", FILE]],
    ];
    for (const [path, args] of others) {
      const { code, stdout, stderr } = await runTask(folder, "train", args);
      assertEquals(
        stderr,
        `error: ${path} is being trained by ${owner(run.pid)}: stop it, or ` +
          "choose another --checkpoint\n",
      );
      assertEquals({ code, stdout }, { code: 1, stdout: "" });
    }
    const code = await run.end("SIGINT");
    assertEquals(code, signalsAreMissing ? 1 : 130);
    const left = signalsAreMissing ? [LOCK] : [];
    assertEquals(names(folder), [...left, "link", FILE]);
  }));

Deno.test("train --resume makes no folder for a checkpoint that is not there", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await runTask(folder, "train", [
      ...["--resume", "typo/vae.safetensors"],
    ]);
    assertMatch(stderr, /^error: there is no checkpoint typo\/.+\n$/);
    assertEquals({ code, names: names(folder) }, { code: 1, names: [] });
  }));

Deno.test("train unlocks its checkpoint however it ends, and takes over a dead one's", () =>
  inFolder(async (folder) => {
    const run = await begin(folder);
    await run.end("SIGKILL");
    assert(names(folder).includes(LOCK));
    await loadCheckpoint(join(folder, FILE));
    const { stderr } = await runWell(folder, "train", ONE_EPOCH);
    const kept = FILE.replace(".", ".1.");
    assertMatch(
      stderr,
      /^training on .*\nepoch 1\/1 .*\nnote: what was \S+ is now \S+\nnext: .*\n$/,
    );
    assertEquals(names(folder), [kept, FILE]);

    const failing: [string[], RegExp][] = [
      [
        ["--resume", FILE, "--limit", "5", "--no-save-plots"],
        /vae\.safetensors was trained on/,
      ],
      [[...TO_FILE, "--lr", "10", "--epochs", "50"], /is not a finite number/],
    ];
    for (const [args, message] of failing) {
      const { code, stderr } = await runTask(folder, "train", args);
      assertMatch(stderr, message);
      assertEquals([code, names(folder).includes(LOCK)], [1, false]);
    }
  }));

Deno.test("sweep refuses a run that another process trains", () =>
  inFolder(async (folder) => {
    const path = "checkpoints/sweep/beta-2-latent-2.safetensors";
    const args = [...BRIEF, "--epochs", "1", "--latent-dim", "2", "--beta"];
    const lock = await lockCheckpoint(join(folder, path));
    const { code, stderr } = await runTask(folder, "sweep", [...args, "1,2"]);
    assertEquals(
      stderr,
      `error: cannot write ${path}: it is being trained by ` +
        `${owner(Deno.pid)}: stop it, or choose another name\n`,
    );
    assertEquals(code, 1);
    lock[Symbol.dispose]();
    await runWell(folder, "sweep", [...args, "1,2"]);
    assertEquals(
      names(join(folder, "checkpoints/sweep")),
      ["beta-1-latent-2.safetensors", "beta-2-latent-2.safetensors"],
    );
  }));

Deno.test("no task replaces what another process trains", () =>
  inFolder(async (folder) => {
    await runWell(folder, "train", ONE_EPOCH);
    await Deno.copyFile(join(folder, FILE), join(folder, "own.safetensors"));
    const own = ["--checkpoint", "own.safetensors", "--out"];
    const from = ["--from", "own.safetensors", "--out"];
    using _lock = await lockCheckpoint(join(folder, FILE));
    // A run's file need not be there yet.
    using _begun = await lockCheckpoint(join(folder, "begun"));
    for (const out of [FILE, "begun"]) {
      const commands: [TaskName, string[]][] = [
        ["import", [...from, out]],
        ["export", ["--format", "safetensors", ...own, out]],
        ["export", [...own, out]],
        ["sample", [...own, out]],
        ["report", [...own, out]],
      ];
      for (const [name, args] of commands) {
        await refuses(
          /^error: cannot write \S+: it is being trained by .*: stop it, or ch/,
          folder,
          name,
          args,
        );
      }
    }
  }));

Deno.test("lockCheckpoint() lets one in, of all who come at once", () =>
  inFolder(async (folder) => {
    const path = join(folder, FILE);
    const module = new URL("../../lib/files/lock.ts", import.meta.url);
    // Each enters a hundred times; whoever is in finds nobody else there.
    const enter = `
      import { lockCheckpoint, LockedError } from "${module}";
      for (let entered = 0; entered < 100;) {
        try {
          using _lock = await lockCheckpoint(${JSON.stringify(path)});
          Deno.writeTextFileSync(${
      JSON.stringify(`${path}.in`)
    }, "", { createNew: true });
          await new Promise((resolve) => setTimeout(resolve, 1));
          Deno.removeSync(${JSON.stringify(`${path}.in`)});
          entered++;
        } catch (error) {
          if (!(error instanceof LockedError)) throw error;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }`;
    const results = await Promise.all(
      Array.from(
        { length: 3 },
        () =>
          new Deno.Command(Deno.execPath(), { args: ["eval", enter] }).output(),
      ),
    );
    for (const { code, stderr } of results) {
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    }
    assertEquals(names(folder), []);
  }));

Deno.test("lockCheckpoint() leaves nothing behind when the process exits", () =>
  inFolder(async (folder) => {
    const module = new URL("../../lib/files/lock.ts", import.meta.url);
    const exit = `
      import { lockCheckpoint } from "${module}";
      await lockCheckpoint(${JSON.stringify(join(folder, FILE))});
      console.log([...Deno.readDirSync(${JSON.stringify(folder)})][0].name);
      Deno.exit(130);`;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", exit],
    }).output();
    assertEquals(new TextDecoder().decode(stdout), `${LOCK}\n`);
    assertEquals([code, names(folder)], [130, []]);
  }));

Deno.test("lockCheckpoint() is released once, and only its own file", () =>
  inFolder(async (folder) => {
    const path = join(folder, FILE);
    const first = await lockCheckpoint(path);
    await assertRejects(
      () => lockCheckpoint(path),
      LockedError,
      `is being trained by ${owner(Deno.pid)}`,
    );
    // Removed by hand, it no longer keeps others out.
    await Deno.remove(join(folder, LOCK));
    using _second = await lockCheckpoint(path);
    first[Symbol.dispose]();
    assertEquals(names(folder), [LOCK]);
    await assertRejects(() => lockCheckpoint(path), LockedError);
  }));

Deno.test("lockCheckpoint() does not lock a file that its last owner removes", () =>
  inFolder(async (folder) => {
    const path = join(folder, FILE);
    using stub = tryingToLock(function (tryLock) {
      stub[Symbol.dispose]();
      Deno.removeSync(join(folder, LOCK));
      return tryLock.call(this, true);
    });
    using _lock = await lockCheckpoint(path);
    assertEquals(names(folder), [LOCK]);
    await assertRejects(() => lockCheckpoint(path), LockedError);
  }));

/** Puts something in place of the system's lock until it is disposed of. */
function tryingToLock(
  instead: (
    this: Deno.FsFile,
    tryLock: Deno.FsFile["tryLockSync"],
  ) => boolean,
): Disposable {
  const { tryLockSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.tryLockSync = function () {
    return instead.call(this, tryLockSync);
  };
  return {
    [Symbol.dispose]: () =>
      void (Deno.FsFile.prototype.tryLockSync = tryLockSync),
  };
}

Deno.test("lockCheckpoint() says so where the file system has no locks", () =>
  inFolder(async (folder) => {
    using _stub = tryingToLock(() => {
      throw new Deno.errors.NotSupported("Operation not supported");
    });
    using lock = await lockCheckpoint(join(folder, FILE));
    assertEquals([lock.held, names(folder)], [false, []]);
  }));

Deno.test("lockCheckpoint() makes no file beside a pipe or a device", {
  ignore: posixIsMissing,
}, () =>
  inFolder(async (folder) => {
    const pipe = join(folder, "pipe");
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    using lock = await lockCheckpoint(pipe);
    assertEquals([lock.held, names(folder)], [true, ["pipe"]]);
  }));
