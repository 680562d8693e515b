/**
 * What README.md tells a reader to type: its programs run as they are printed,
 * on fewer images, in another project, and its commands are commands that there
 * are.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { modelSpec } from "../lib/model/spec.ts";
import { layersOf, layerTable } from "../tasks/shared/layer_table.ts";
import { checkCommand } from "./commands.ts";
import { inFolder } from "./folder.ts";

const README = Deno.readTextFileSync(new URL("../README.md", import.meta.url));

/** What it leaves to another page. */
const MEASURES = Deno.readTextFileSync(
  new URL("../.github/MEASURES.md", import.meta.url),
);

/** Blocks of a language, or of none, without their fences. */
function blocks(language: string, document = README): string[] {
  return [...document.matchAll(/^```(.*)\n([^]*?)^```$/gm)]
    .filter(([, named]) => named === language).map(([, , text]) => text);
}

/** The first line of each program says how to run it. */
const HOW = /^\/\/ deno run ((?:--\S+ )*)(\S+\.ts)/;

/** Examples, which have tests of their own, by the names of their files. */
const EXAMPLES = new Set(
  [...Deno.readDirSync(new URL("examples/", import.meta.url))]
    .map(({ name }) => name),
);

const [SHOWN, PROGRAMS] = [true, false].map((isExample) =>
  blocks("ts").filter((text) =>
    EXAMPLES.has(text.match(HOW)?.[2] ?? "") === isExample
  )
);

/** Resolves `jsr:@vae/mnist` to this checkout. */
const LINKED = fileURLToPath(new URL("consumer/deno.json", import.meta.url));

/** How many images each program trains on, as it is printed. */
const IMAGES = "12_800";

/** Programs that end take a tenth of it at worst; one that hangs, all. */
const LIMIT_MS = 240_000;

Deno.test("README.md has no program that is not run", () => {
  assertEquals(PROGRAMS.length, 2);
  const all = PROGRAMS.length + SHOWN.length;
  assertEquals(README.match(/^ *```ts\b/gm)?.length, all);
});

Deno.test("README.md shows examples as they are", async () => {
  for (const text of SHOWN) {
    const file = new URL(`examples/${text.match(HOW)![2]}`, import.meta.url);
    assertEquals(text, await Deno.readTextFile(file));
  }
});

for (const [i, program] of PROGRAMS.entries()) {
  Deno.test(`program ${i + 1} of README.md runs to its end`, () =>
    inFolder(async (folder) => {
      const [, permissions, file] = program.match(HOW) ?? [];
      assert(file, `its first line must say how to run it:\n${program}`);
      // Five epochs of two batches run every line that five of a hundred do.
      assertEquals(program.match(/limit: [\d_]+/g), [`limit: ${IMAGES}`]);
      await Deno.writeTextFile(
        join(folder, file),
        program.replace(IMAGES, "256"),
      );
      const words = permissions.split(" ").slice(0, -1);
      const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ..."run --no-prompt".split(" "),
          ...[`--config=${LINKED}`, ...words, file],
        ],
        cwd: folder,
        env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
        signal: AbortSignal.timeout(LIMIT_MS),
      }).output();
      assertEquals(
        { code, signal },
        { code: 0, signal: null },
        new TextDecoder().decode(stderr),
      );
      // Each shows how to keep a file, which must be there now.
      const written = [...program.matchAll(/"([\w-]+\.(?:png|safetensors))"/g)];
      assertGreater(written.length, 0);
      for (const [, name] of written) {
        assertGreater((await Deno.stat(join(folder, name))).size, 0);
      }
    }));
}

/** Each command line of the sh blocks, and those within the text. */
const COMMANDS = [README, MEASURES].flatMap((document) => [
  ...blocks("sh", document).flatMap((block) =>
    block.replaceAll("\\\n", " ").trim().split("\n")
  ),
  ...[...document.matchAll(/`((?:npx -y )?deno [^`]+)`/g)].map(([, line]) =>
    line.replaceAll(/\s+/g, " ")
  ),
]);

Deno.test("every command of README.md is one that there is", () => {
  assertGreater(COMMANDS.length, 30);
  const checked = COMMANDS.filter(checkCommand);
  assertGreater(checked.length, 25);
});

Deno.test("README.md names every task that runs a file of tasks/", () => {
  for (const [name, line] of Object.entries(config.tasks)) {
    if (!/ tasks\/\S+$/.test(line)) continue;
    assertStringIncludes(README, `| \`deno task ${name}\` `);
  }
});

Deno.test("README.md shows what layers prints", () => {
  const table = layerTable(layersOf(modelSpec(12), false));
  assert(blocks("").includes(`${table}\n`));
});

Deno.test("README.md leads to sections that it has", () => {
  const anchors = [...README.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} -]/gu, "").replaceAll(
      " ",
      "-",
    )
  );
  for (const [, anchor] of README.matchAll(/\]\(#([^)]+)\)/g)) {
    assert(anchors.includes(anchor), anchor);
  }
});
