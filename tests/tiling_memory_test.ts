import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import {
  HARDWARE,
  SOFTWARE,
  type Tiling,
} from "../lib/engine/webgpu/tiling.ts";
import { tilingMemory } from "../tasks/shared/tiling_memory.ts";
import { inFolder } from "./folder.ts";
import { withReplaced } from "./replaced.ts";

const GPU = "Fast GPU 9000";

/** A tiling that can run, and is none of the tables. */
const own: Tiling = { ...HARDWARE, workgroups: 64, slices: 2 };

/** What is recalled of a GPU, and what is said about it. */
async function recall(path: string, gpu = GPU) {
  const notes: string[] = [];
  const found = await withReplaced(
    console,
    { error: (text: string) => notes.push(text) },
    () => tilingMemory(path).recall(gpu),
  );
  return { found, notes };
}

Deno.test("tilingMemory() recalls the tiling of the same GPU and Deno", () =>
  inFolder(async (folder) => {
    const path = join(folder, "tuned", "tilings.json");
    const none = { found: undefined, notes: [] };
    assertEquals(await recall(path), none);
    await tilingMemory(path).keep(GPU, HARDWARE);
    await tilingMemory(path).keep("Other GPU", SOFTWARE);
    await tilingMemory(path).keep(GPU, own);
    assertEquals(await recall(path), { found: own, notes: [] });
    assertEquals((await recall(path, "Other GPU")).found, SOFTWARE);
    assertEquals(await recall(path, "Third GPU"), none);

    const text = await Deno.readTextFile(path);
    const older = text.replaceAll(Deno.version.deno, "2.0.0");
    assertNotEquals(older, text);
    await Deno.writeTextFile(path, older);
    assertEquals(await recall(path), none);

    await Deno.writeTextFile(path, text);
    await tilingMemory(path).keep(GPU, undefined);
    assertEquals(await recall(path), none);
    assertEquals((await recall(path, "Other GPU")).found, SOFTWARE);
  }));

const deno = Deno.version.deno;
for (
  const [what, text] of Object.entries({
    "is cut off": '{"tilings": [',
    "is null": "null",
    "is of something else": '{"trials": []}',
    "has null in it": '{"tilings": [null]}',
    "has no tiling in it": JSON.stringify({
      tilings: [{ gpu: GPU, deno, tiling: { down: [] } }],
    }),
    "has one that cannot run": JSON.stringify({
      tilings: [{ gpu: GPU, deno, tiling: { ...own, mapped: 64 } }],
    }),
  })
) {
  Deno.test(`tilingMemory() does without a file that ${what}`, () =>
    inFolder(async (folder) => {
      const path = join(folder, "tilings.json");
      await Deno.writeTextFile(path, text);
      const { found, notes } = await recall(path);
      assertEquals(found, undefined);
      assertEquals(notes.length, 1);
      assertMatch(notes[0], /^note: .+tilings\.json is not used: .+$/);
      await tilingMemory(path).keep(GPU, own);
      assertEquals(await recall(path), { found: own, notes: [] });
    }));
}
