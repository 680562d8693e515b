/**
 * The engine suite on other WebGPUs than Deno's: Dawn in Node, and Chromium,
 * with the tiles of a GPU. A sample of its quick tests, drawn by VAE_SEED or at
 * random; with VAE_RUNTIMES=all every test.
 */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { chromiumIsMissing } from "./chromium.ts";
import { inFolder } from "./folder.ts";
import { runInPage } from "./runtimes/chromium.ts";
import { dawnIsMissing, runOnDawn } from "./runtimes/dawn.ts";
import type { Request } from "./runtimes/harness.ts";

/** Tests of a sample. */
const SAMPLE = 1;

/**
 * Clearing workgroup memory takes SwiftShader four fifths of the time in which
 * it compiles a program: a sample does without, and no program reads what it
 * has not written.
 */
const TOGGLES = ["disable_workgroup_init"];

const all = Deno.env.get("VAE_RUNTIMES") === "all";
const seed = Number(
  Deno.env.get("VAE_SEED") ?? crypto.getRandomValues(new Uint16Array(1))[0],
);
const requests: Request[] = all
  ? [{ seed, hardware: true, toggles: [] }]
  : [{ seed, hardware: true, toggles: TOGGLES, count: SAMPLE }];
const golden = fileURLToPath(new URL("golden/", import.meta.url));

for (
  const { name, run, ignore } of [
    { name: "Dawn in Node", run: runOnDawn, ignore: dawnIsMissing },
    { name: "Chromium", run: runInPage, ignore: chromiumIsMissing },
  ]
) {
  for (const request of requests) {
    const tiles = request.hardware ? "a GPU's tiles" : "tiles of software";
    const title = `the engine suite passes in ${name} with ${tiles}` +
      (all ? "" : ` (a test, VAE_SEED=${seed})`);
    Deno.test({
      name: title,
      ignore,
      fn: (test) =>
        inFolder(async (folder) => {
          await bundle(folder);
          const outcomes = await run(folder, golden, request);
          for (const { name, milliseconds, error } of outcomes) {
            const seconds = (milliseconds / 1000).toFixed(1);
            await test.step(`${name} (${seconds} s there)`, () => {
              if (error) throw new Error(error);
            });
          }
        }),
    });
  }
}

/** Bundles what the runtimes load. */
async function bundle(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform=browser", `--outdir=${folder}`],
      ...["node", "page", "cases"].map((name) =>
        fileURLToPath(new URL(`runtimes/${name}.ts`, import.meta.url))
      ),
    ],
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  const cases = `${folder}/cases.js`;
  await Deno.writeTextFile(
    cases,
    `const Deno = globalThis.denoOfTests;\n${await Deno.readTextFile(cases)}`,
  );
}
