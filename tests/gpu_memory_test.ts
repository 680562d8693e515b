import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { gpuMemory } from "../tasks/shared/gpu_memory.ts";
import { inFolder } from "./folder.ts";
import { withReplaced } from "./replaced.ts";

const GPU = "Fast GPU 9000";
const verdict = { isTaken: true, text: "6.1× wasm" };
const DAY = 24 * 60 * 60 * 1000;

/** What is recalled of the GPU, and what is said about it. */
async function recall(path: string, latentDim = 12, gpu = GPU) {
  const notes: string[] = [];
  const found = await withReplaced(
    console,
    { error: (text: string) => notes.push(text) },
    () => gpuMemory(path).recall(gpu, latentDim),
  );
  const { isTaken, text } = found ?? {};
  return { found: found && { isTaken, text }, notes };
}

/** A memory of the GPU in a folder of its own, with the file's one trial. */
function withMemory(
  body: (
    path: string,
    change: (values: Record<string, unknown>) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const path = join(folder, "data", "gpu.json");
    await gpuMemory(path).keep(GPU, 12, verdict);
    await body(path, async (values) => {
      const { trials: [trial] } = JSON.parse(await Deno.readTextFile(path));
      const trials = [{ ...trial, ...values }];
      await Deno.writeTextFile(path, JSON.stringify({ trials }));
    });
  });
}

Deno.test("gpuMemory() recalls a trial of the same GPU and latent size", () =>
  withMemory(async (path) => {
    assertEquals(await recall(path), { found: verdict, notes: [] });
    const none = { found: undefined, notes: [] };
    assertEquals(await recall(path, 13), none);
    assertEquals(await recall(path, 12, "Other GPU"), none);
    assertEquals(await recall(join(path, "..", "none.json")), none);

    const wrong = { isTaken: false, text: "it is wrong" };
    await gpuMemory(path).keep(GPU, 13, wrong);
    assertEquals((await recall(path, 13)).found, wrong);
    assertEquals((await recall(path, 12)).found, verdict);
    await gpuMemory(path).keep(GPU, 12, wrong);
    assertEquals((await recall(path, 12)).found, wrong);
    const { trials } = JSON.parse(await Deno.readTextFile(path));
    assertEquals(trials.length, 2);
  }));

for (
  const [what, values] of Object.entries({
    "of a week ago": { time: Date.now() - 7 * DAY },
    "of tomorrow": { time: Date.now() + DAY },
    "in another Deno": { deno: "2.0.0" },
  })
) {
  Deno.test(`gpuMemory() does not recall a trial ${what}`, () =>
    withMemory(async (path, change) => {
      await change({ time: Date.now() - 6.9 * DAY });
      assertEquals((await recall(path)).found, verdict);
      await change(values);
      assertEquals(await recall(path), { found: undefined, notes: [] });
    }));
}

for (
  const [what, text] of Object.entries({
    "is cut off": '{"trials": [',
    "is empty": "",
    "is null": "null",
    "is of something else": '{"trials": 3}',
    "has something else in it": '{"trials": [{"gpu": "Fast GPU 9000"}]}',
    "has null in it": '{"trials": [null]}',
  })
) {
  Deno.test(`gpuMemory() does without a file that ${what}, and replaces it`, () =>
    withMemory(async (path) => {
      await Deno.writeTextFile(path, text);
      const { found, notes } = await recall(path);
      assertEquals(found, undefined);
      assertEquals(notes.length, 1);
      assertMatch(notes[0], /^note: .+gpu\.json is not used: .+$/);
      await gpuMemory(path).keep(GPU, 12, verdict);
      assertEquals(await recall(path), { found: verdict, notes: [] });
    }));
}

Deno.test("gpuMemory() says where it cannot keep anything", () =>
  inFolder(async (folder) => {
    const path = join(folder, "data", "gpu.json");
    await Deno.writeTextFile(join(folder, "data"), "");
    const notes: string[] = [];
    await withReplaced(
      console,
      { error: (text: string) => notes.push(text) },
      () => gpuMemory(path).keep(GPU, 12, verdict),
    );
    assertEquals(notes.length, 1);
    assertMatch(
      notes[0],
      /^note: the GPU will be checked again next time: cannot write .+$/,
    );
  }));
