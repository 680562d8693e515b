/**
 * The package as strangers use it: another Deno project, which resolves
 * `jsr:@vae/mnist` by a local link and has the least permissions, and Node.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertMatch,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import {
  createEngine,
  priorSample,
  syntheticDataset,
  train,
} from "../lib/core.ts";
import { inFolder } from "./folder.ts";

const consumer = fileURLToPath(new URL("consumer/", import.meta.url));

/** Runs a program in `folder`; it must succeed. */
async function run(
  folder: string,
  program: string,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Runs a module as the other project, with these permissions. */
function runDeno(
  folder: string,
  permissions: readonly string[],
  module: string,
  args: readonly string[] = [],
): Promise<string> {
  return run(folder, Deno.execPath(), [
    "run",
    "--no-prompt",
    `--config=${join(consumer, "deno.json")}`,
    ...permissions,
    module,
    ...args,
  ]);
}

const FILES = ["--allow-read=.", "--allow-write=."];

Deno.test("@vae/mnist/core trains, saves, loads and samples, and the tasks go on from there", () =>
  inFolder(async (folder) => {
    const script = join(consumer, "core.ts");
    const lines = (await Deno.readTextFile(script)).split("\n").length;
    assert(lines < 30, `${lines} lines`);
    assertEquals(
      await runDeno(folder, FILES, script),
      "200 steps\n16 digits\n",
    );
    assertMatch(
      await runDeno(folder, FILES, "jsr:@vae/mnist/sample", [
        ..."--checkpoint vae.safetensors -n 4".split(" "),
      ]),
      /^samples\.png: 4 samples \(VAE, β = 1, 8 latent dimensions/,
    );
    const [, type] = await Deno.readFile(join(folder, "samples.png"));
    assertEquals(String.fromCharCode(type), "P");
  }));

Deno.test("@vae/mnist trains, saves, loads and samples on tfjs", () =>
  inFolder(async (folder) => {
    const script = join(consumer, "tfjs.ts");
    const permissions = [...FILES, "--allow-env"]; // tfjs looks for flags there
    assertEquals(
      await runDeno(folder, permissions, script),
      "4 digits, the same from tfjs\n",
    );
  }));

Deno.test("@vae/mnist/train needs no checkout", () =>
  inFolder(async (folder) => {
    assertMatch(
      await runDeno(folder, FILES, "jsr:@vae/mnist/train", [
        ..."--dataset synthetic --limit 256 --epochs 1 --beta 4".split(" "),
        "--no-save-plots",
      ]),
      /\ncheckpoint checkpoints\/vae\.safetensors\n$/,
    );
  }));

Deno.test("every task has a file, a line in deno.json, an export and its help", () =>
  inFolder(async (folder) => {
    const files = [...Deno.readDirSync(new URL("../tasks/", import.meta.url))]
      .flatMap(({ name, isFile }) => isFile ? [`./tasks/${name}`] : []).sort();
    assertGreater(files.length, 10);
    const byName = files.map((file) => [file.slice(8, -3), file]);
    const lines = Object.entries(config.tasks).flatMap(([name, line]) => {
      const [, module] = line.match(/^deno run .*(?<= )(tasks\/\S+)$/) ?? [];
      return module ? [[name, `./${module}`]] : [];
    });
    assertEquals(lines.sort(), byName);
    const exported = Object.entries(config.exports)
      .filter(([, module]) => module.startsWith("./tasks/"))
      .map(([path, module]) => [path.slice(2), module]);
    assertEquals(exported.sort(), byName);
    for (const [name] of byName) {
      const help = await runDeno(folder, [], `jsr:@vae/mnist/${name}`, [
        "--help",
      ]);
      assertMatch(help, new RegExp(`Usage: .*\\b${name} \\[options\\]`));
    }
  }));

Deno.test("@vae/mnist/core loads no package and no file", async () => {
  const json = await run(".", Deno.execPath(), [
    "info",
    "--json",
    new URL("../lib/core.ts", import.meta.url).href,
  ]);
  const { modules } = JSON.parse(json) as { modules: { specifier: string }[] };
  assert(modules.length > 20);
  const lib = new URL("../lib/", import.meta.url).href;
  const foreign = modules.map(({ specifier }) => specifier)
    .filter((specifier) => !specifier.startsWith(lib));
  assertEquals(foreign, []);
});

Deno.test("@vae/mnist/core finds the tfjs engine, but not in a bundle", () =>
  inFolder(async (folder) => {
    const program = (core: string) => `
      import { createEngine } from ${JSON.stringify(core)};
      const options = { latentDim: 2, likelihood: "mse", autoencoder: false };
      const engine = await createEngine(
        { ...options, batchSize: 1, seed: 0 },
        { engine: "tfjs", tfBackend: "cpu" },
      ).catch((error) => error);
      console.log(engine.description ?? engine.message);
    `;
    const linked = join(folder, "linked.js");
    await Deno.writeTextFile(linked, program("jsr:@vae/mnist/core"));
    const permissions = ["--allow-read", "--allow-env"];
    assertEquals(await runDeno(folder, permissions, linked), "tfjs on cpu\n");

    const bundle = join(folder, "core.mjs");
    await bundleCore(folder, bundle);
    const bundled = join(folder, "bundled.js");
    await Deno.writeTextFile(bundled, program("./core.mjs"));
    assertMatch(
      await runDeno(folder, permissions, bundled),
      /^the tfjs engine cannot be loaded, and no bundle holds it: choose the wasm or the webgpu engine \(.*engine\.ts/,
    );
  }));

/** Makes one file of the package's `./core`. */
async function bundleCore(folder: string, bundle: string): Promise<void> {
  await run(folder, Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform=browser",
    `--output=${bundle}`,
    fileURLToPath(new URL("../lib/core.ts", import.meta.url)),
  ]);
}

Deno.test({
  name: "@vae/mnist/core computes in Node what it computes here",
  ignore: isNodeMissing(),
  fn: () =>
    inFolder(async (folder) => {
      const bundle = join(folder, "engine.mjs");
      await bundleCore(folder, bundle);
      const printed = await run(folder, "node", [
        join(consumer, "node.mjs"),
        bundle,
      ]);

      const dataset = await syntheticDataset({ limit: 256, valSize: 0 });
      const setup = { dataset, epochs: 1, latentDim: 4 };
      for await (
        const event of train({ ...setup, engine: { engine: "wasm" } })
      ) {
        if (event.type !== "end") continue;
        const checkpoint = await event.checkpoint();
        const engine = await createEngine(checkpoint.options, {
          engine: "wasm",
        });
        await engine.writeState(checkpoint.state);
        const digits = await engine.decode(priorSample(2, 4, 0));
        // Node may lack relaxed SIMD's fused multiply-add.
        const inNode: number[] = JSON.parse(printed);
        assertEquals(inNode.length, digits.length);
        inNode.forEach((pixel, i) =>
          assertAlmostEquals(pixel, digits[i], 1e-4)
        );
        engine.dispose();
      }
    }),
});

/** VAE_REQUIRE_NODE=1 insists on Node. */
function isNodeMissing(): boolean {
  try {
    return !new Deno.Command("node", { args: ["--version"] }).outputSync()
      .success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (Deno.env.get("VAE_REQUIRE_NODE") === "1") {
      throw new Error("VAE_REQUIRE_NODE=1, but there is no node");
    }
    console.log("skipping the tests in Node: there is no node");
    return true;
  }
}
