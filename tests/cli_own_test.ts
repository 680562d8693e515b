/** The tasks on a folder of pictures of one's own. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { encodePng } from "../lib/image/png.ts";
import { inFolder } from "./folder.ts";
import { ENGINE, refuses, runTask, runWell } from "./process.ts";

/** Doodles of dark lines on light paper, 40×32: crosses, bars and frames. */
const DOODLES: Record<string, (x: number, y: number) => boolean> = {
  bar: (x, y) => Math.abs(y) < 3 && Math.abs(x) < 12,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 2 && x * x + y * y < 99,
  frame: (x, y) => Math.abs(Math.max(Math.abs(x), Math.abs(y)) - 9) < 2,
};

async function drawDoodles(folder: string, count: number): Promise<void> {
  for (const [name, isInk] of Object.entries(DOODLES)) {
    await Deno.mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      const pixels = new Uint8Array(3 * 40 * 32).fill(240);
      for (let at = 0; at < 40 * 32; at++) {
        const x = at % 40 - 16 - i % 8, y = Math.floor(at / 40) - 12 - i % 5;
        if (isInk(x, y)) pixels.fill(30, 3 * at, 3 * at + 3);
      }
      const png = encodePng({ width: 40, height: 32, pixels });
      await Deno.writeFile(join(folder, name, `${i}.png`), png);
    }
  }
}

Deno.test("tasks train on, test and show a folder of doodles", () =>
  inFolder(async (folder) => {
    await drawDoodles(join(folder, "doodles"), 20);
    const { stderr } = await runWell(folder, "train", [
      ...[...ENGINE, "--images", "doodles", "--epochs", "2", "--no-save-plots"],
      ...["--batch-size", "16", "--latent-dim", "3"],
    ]);
    for (
      const note of [
        "held out to test with: 6 of the 60 images of doodles, drawn at random",
        "doodles has only 54 training images, so 5 of them are for validation",
        "the borders of the pictures are light: light and dark change places",
        "made square with the colour of their borders: 60 pictures",
        "49 training images for 3 classes: what is like none of them may come " +
        "out much worse; 100 or more of each are better",
      ]
    ) {
      assertStringIncludes(stderr, `note: ${note}\n`);
    }
    assertMatch(stderr, /^training on doodles, 49 images, /m);
    const evaluated = await runWell(folder, "evaluate", [
      ...[...ENGINE, "--json", "--samples", "2"],
    ]);
    assertEquals(JSON.parse(evaluated.stdout).images, 6);
    assertEquals(evaluated.stderr.match(/^note: .*/gm), null);
    const sorted = await runWell(folder, "encode", [
      ...[...ENGINE, "--samples", "1", "--sort", "bound"],
    ]);
    assertMatch(sorted.stdout, /^6 test images, /m);
    assertMatch(
      sorted.stdout,
      /^--split chooses others, and --images doodles all/m,
    );
    const shown = await runWell(folder, "reconstruct", ENGINE);
    assertMatch(shown.stdout, /6\s+test\s+images .*doodles/s);
    await Deno.remove(join(folder, "doodles/bar/3.png"));
    const gone = await runTask(folder, "evaluate", ENGINE);
    assertEquals(gone.code, 1);
    const others =
      /the model was trained on other images than are in doodles now: bring /;
    assertMatch(gone.stderr, others);
    // The test images, too, are others: drawn from what is there.
    await refuses(others, folder, "encode", ENGINE);
    const exported = await runWell(folder, "export", []);
    assertMatch(exported.stderr, others);
    const resume = ["--resume", "checkpoints/vae.safetensors", "--epochs", "3"];
    const refused = await runTask(folder, "train", [
      ...[...ENGINE, ...resume, "--out-dir", "new/plots"],
    ]);
    assertEquals(refused.code, 1);
    assertMatch(
      refused.stderr,
      /than doodles has now: bring back .*, or begin .*, by --fine-tune$/m,
    );
    // A refused run leaves no empty folders.
    assertEquals(await isThere(join(folder, "new")), false);
    // All images are encoded whatever the model was trained on.
    const all = ["--images", "doodles", "--json"];
    const encoded = await runWell(folder, "encode", [...ENGINE, ...all]);
    assertEquals(JSON.parse(encoded.stdout).n, 59);
    await Deno.rename(join(folder, "doodles"), join(folder, "shapes"));
    await refuses(
      /trained on doodles: cannot .*: no such .*; bring it back, or train anew$/m,
      folder,
      "reconstruct",
      ENGINE,
    );
  }));

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}
