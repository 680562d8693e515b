/**
 * A sweep as GNU parallel runs it: two workers, one of which is killed. Without
 * GNU parallel it is left out; with VAE_REQUIRE_PARALLEL=1 its absence is a
 * failure.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inFolder } from "./folder.ts";
import { environment, lineWords, runWell, snapshot } from "./process.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

async function parallelIsThere(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("parallel", {
      args: ["--version"],
    }).output();
    // moreutils has another program of this name.
    return new TextDecoder().decode(stdout).startsWith("GNU parallel");
  } catch {
    return false;
  }
}

const isMissing = !await parallelIsThere();
if (isMissing) {
  const reason = "there is no GNU parallel on PATH";
  if (Deno.env.get("VAE_REQUIRE_PARALLEL") === "1") {
    throw new Error(`VAE_REQUIRE_PARALLEL=1, but ${reason}`);
  }
  console.log(`skipping the tests of planned sweeps: ${reason}`);
}

const SWEEP = [
  ..."--engine wasm --threads 1 --dataset synthetic --limit 500".split(" "),
  ..."--val-size 100 --epochs 9 --latent-dim 2 --beta 1".split(" "),
  ...["--seeds", "0,1,2"],
];
/** Kills the first process that is met in training, after it saved an epoch. */
async function killOne(sweep: string, ended: Promise<unknown>): Promise<void> {
  let isOver = false;
  ended.finally(() => isOver = true);
  for (; !isOver; await delay(2)) {
    for (const { name } of await filesOf(sweep)) {
      const [, run] = name.match(/^\.(.+)\.lock$/) ?? [];
      if (!run || !await Deno.stat(join(sweep, run)).catch(() => null)) {
        continue;
      }
      const lock = await Deno.readTextFile(join(sweep, name)).catch(() => "");
      const [, owner] = lock.match(/^(\d+)\n$/) ?? [];
      if (!owner) continue;
      try {
        return Deno.kill(Number(owner), "SIGKILL");
      } catch { /* it has ended meanwhile: the next one */ }
    }
  }
}

/** What is in a folder, which need not be there yet. */
async function filesOf(folder: string): Promise<Deno.DirEntry[]> {
  return await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
}

Deno.test(
  "sweep --collect has what a plain sweep has, bit for bit, of runs of which one was killed",
  {
    ignore: isMissing,
  },
  () =>
    inFolder(async (folder) => {
      const alone = join(folder, "alone");
      const shared = join(folder, "shared");
      for (const each of [alone, shared]) await Deno.mkdir(each);
      // What `deno task train` does, for any folder.
      const train = [
        ...["deno", ...lineWords("train"), `--config=${ROOT}deno.json`],
        `${ROOT}tasks/train.ts`,
      ].join(" ");
      await Deno.writeTextFile(
        join(shared, "deno.json"),
        JSON.stringify({ tasks: { train } }),
      );
      const plan = await runWell(shared, "sweep", [...SWEEP, "--plan"]);
      await Deno.writeTextFile(join(shared, "plan.txt"), plan.stdout);
      assertEquals(plan.stdout.match(/^deno task train /gm)?.length, 3);

      const workers = new Deno.Command("parallel", {
        args: "--will-cite --jobs 2 --retries 2 --arg-file plan.txt".split(" "),
        cwd: shared,
        env: { ...environment(folder), PARALLEL_HOME: folder },
        stdin: "null",
      }).output();
      const [{ code, stderr }] = await Promise.all([
        workers,
        killOne(join(shared, "checkpoints/sweep"), workers),
      ]);
      const said = new TextDecoder().decode(stderr);
      assertEquals(code, 0, said);
      // It was tried again; had it saved its last epoch, there was none to train.
      const again =
        /^(going on from .*, after epoch \d+ of 9|already at 9 of 9.*)$/gm;
      assertEquals(said.match(again)?.length, 1, said);

      const collected = await runWell(shared, "sweep", [...SWEEP, "--collect"]);
      const plain = await runWell(alone, "sweep", SWEEP);
      assertEquals(collected.stdout, plain.stdout);
      assertStringIncludes(plain.stdout, " ± ");
      const made = await snapshot(shared);
      for (const name of ["deno.json", "plan.txt"]) assert(made.delete(name));
      assertEquals(made, await snapshot(alone));
    }),
);
