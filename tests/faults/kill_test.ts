import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
} from "@std/assert";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { atomicWrite } from "../../lib/files/atomic_write.ts";
import { loadCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { fillUniform, streamKey } from "../../lib/rng.ts";
import { inFolder } from "../folder.ts";
import { runWell, startTask } from "../process.ts";
import { signalsAreMissing } from "../platform.ts";

/** As many numbers in [0, 1) as asked for, the same in every run. */
function uniform(count: number, seed: number): Float32Array {
  const numbers = new Float32Array(count);
  fillUniform(numbers, streamKey(seed, "shuffle"), 0);
  return numbers;
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Kills a process that has said a word, or just begun, after some wait. */
async function killAfter(
  child: Deno.ChildProcess,
  word: RegExp | null,
  wait: number | (() => Promise<void>),
): Promise<void> {
  const kill = async () => {
    await (typeof wait === "number" ? delay(wait) : wait());
    child.kill("SIGKILL");
  };
  const stdout = child.stdout.cancel();
  let said = "";
  let killed = word ? undefined : kill();
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (word?.test(said)) killed ??= kill();
  }
  await stdout;
  const { code, signal } = await child.status;
  await killed;
  if (signalsAreMissing) assertEquals(code, 1, said);
  else assertEquals(signal, "SIGKILL", said);
}

const FILE = "vae.safetensors";
const LOCK = `.${FILE}.lock`;
const TEMPORARY = /^\.vae\.safetensors\.[0-9a-f]{8}\.tmp$/;

/** Waits until a save has begun. */
async function saving(folder: string): Promise<void> {
  while (!names(folder).some((name) => TEMPORARY.test(name))) await delay(1);
}

/** An epoch takes some 10 ms, of which saving is the larger part. */
const BRIEF = [
  ..."--dataset synthetic --limit 4 --batch-size 2".split(" "),
  ..."--latent-dim 32 --no-save-plots --engine wasm --checkpoint".split(" "),
  FILE,
];

/** Nothing but training; or which epoch was the best, too. */
const PLAIN = ["--val-size", "0"];
const PATIENT = "--val-size 4 --patience 100000 --lr 0.01".split(" ");

/**
 * Kills a run again and again, which each time goes on from what it has saved.
 *
 * @param kind `PLAIN` or `PATIENT`.
 * @returns How many of the kills came in the middle of a save.
 */
async function killAndResume(
  folder: string,
  kind: string[],
  threads: string[],
  kills: number,
): Promise<number> {
  const seed = Number(threads[1]);
  let inSave = 0;
  let epochs = 0;
  const run = [...BRIEF, ...kind, ...threads];
  const path = join(folder, FILE);
  const resumed = () => names(folder).includes(FILE) ? ["--resume", FILE] : [];
  const moments = uniform(2 * kills, seed);
  for (let i = 0; i < kills; i++) {
    const child = startTask(
      folder,
      "train",
      [...run, ...resumed(), "--epochs", "100000"],
    );
    const [start, moment] = moments.subarray(2 * i, 2 * i + 2);
    // A line about an epoch comes right before its save, so after the second
    // one is there, the first epoch is not lost.
    if (i % 5 === 0) await killAfter(child, /^epoch[^]*^epoch/m, 50 * moment);
    else if (i % 5 < 3) await killAfter(child, /^epoch/m, () => saving(folder));
    else if (start < 0.5) await killAfter(child, /^epoch/m, 100 * moment);
    else await killAfter(child, null, 400 * moment);

    const left = names(folder);
    const temporaries = left.filter((name) => TEMPORARY.test(name));
    // Each start removes what the kills before it have left.
    assert(temporaries.length <= 1, left.join(" "));
    inSave += temporaries.length;
    const others = new Set(left).difference(
      new Set([FILE, LOCK, ...temporaries]),
    );
    assertEquals([...others], []);
    if (epochs === 0 && !left.includes(FILE)) continue;
    const { history } = await loadCheckpoint(path);
    assertGreaterOrEqual(history.length, epochs);
    epochs = history.length;
  }

  const end = ["--epochs", String(epochs + 3)];
  await runWell(folder, "train", [...run, ...resumed(), ...end]);
  assertEquals(names(folder), [FILE]);
  const whole = join(folder, "whole");
  await Deno.mkdir(whole);
  await runWell(
    whole,
    "train",
    [...run, ...end, "--checkpoint-every", "100000"],
  );
  assertEquals(
    await Deno.readFile(path),
    await Deno.readFile(join(whole, FILE)),
  );
  assertGreaterOrEqual(epochs, kills / 5);
  return inSave;
}

Deno.test("train goes on after 200 kills as if there had been none", async () => {
  let inSave = 0;
  const chain = (threads: string) =>
    inFolder(async (folder) => {
      const words = ["--threads", threads];
      inSave += await killAndResume(folder, PLAIN, words, 100);
    });
  await Promise.all([chain("1"), chain("2")]);
  console.log(`${inSave} of 200 kills came in the middle of a save`);
  assertGreater(inSave, 0);
});

Deno.test("train keeps the best epoch through 25 kills as if there had been none", () =>
  inFolder(async (folder) => {
    await killAndResume(folder, PATIENT, ["--threads", "1"], 25);
    const { history, best } = await loadCheckpoint(join(folder, FILE));
    // The history ends with the best epoch, and the file is not larger.
    const totals = history.map(({ validation }) => validation!.total);
    assertEquals(totals.at(-1), Math.min(...totals));
    assertEquals(best, undefined);
  }));

Deno.test("atomicWrite() leaves the old or the new file when it is killed", () =>
  inFolder(async (folder) => {
    const path = join(folder, FILE);
    const module = new URL(
      "../../lib/files/atomic_write.ts",
      import.meta.url,
    );
    const writeForEver = `
      import { atomicWrite } from "${module}";
      for (let i = 0;; i = (i + 1) % 256) {
        await atomicWrite(${
      JSON.stringify(path)
    }, new Uint8Array(2 ** 20).fill(i));
        if (i === 0) console.error("writing");
      }`;
    let halves = 0;
    for (const moment of uniform(50, 3)) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["eval", writeForEver],
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      await killAfter(child, /^writing/, 40 * moment);
      const bytes = await Deno.readFile(path);
      assertEquals(bytes, new Uint8Array(2 ** 20).fill(bytes[0]));
      const temporaries = names(folder).filter((name) => name !== FILE);
      assert(temporaries.length <= 1, temporaries.join(" "));
      halves += temporaries.length;
    }
    assertGreater(halves, 0);
    await atomicWrite(path, Uint8Array.of(1));
    assertEquals(names(folder), [FILE]);
  }));
