/**
 * Packs `./core` for npm: `deno run -A .ci/npm/pack.ts FOLDER` writes the
 * tarball there, and prints its path.
 *
 * @module
 */
import { cp } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

/** What npm shows, and no configuration of Deno's has. */
const LISTING = {
  description: "A β-VAE on MNIST, on SIMD WebAssembly or WebGPU",
  keywords: ["vae", "mnist", "autoencoder", "wasm", "webgpu"],
  engines: { node: ">=20" },
  sideEffects: false,
};

const [given = "--help"] = Deno.args;
if (given.startsWith("-")) {
  console.log(
    "Packs @vae/mnist/core for npm, and prints where.\n\n" +
      "Usage: deno run -A .ci/npm/pack.ts FOLDER",
  );
  Deno.exit(given === "--help" || given === "-h" ? 0 : 2);
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const out = resolve(given);
const folder = await Deno.makeTempDir();
try {
  // `deno pack` takes all exports of a configuration, and what stands beside it.
  for (const path of ["lib", "LICENSE", ".ci/npm/README.md"]) {
    const to = join(folder, basename(path));
    await cp(join(root, path), to, { recursive: true });
  }
  const core = config.exports["./core"];
  const { name, version, license } = config;
  await Deno.writeTextFile(
    join(folder, "deno.json"),
    JSON.stringify({
      ...{ name, version, license },
      exports: { ".": core, "./core": core },
      publish: { include: ["LICENSE", "README.md"] },
    }),
  );
  await run(Deno.execPath(), "pack", "--no-source-maps", "--output=core.tgz");
  await run("tar", "-xzf", "core.tgz");

  const manifest = join(folder, "package/package.json");
  const packed = JSON.parse(await Deno.readTextFile(manifest));
  // npm refuses a provenance that is not of the repository named here.
  const ours = Deno.env.get("GITHUB_REPOSITORY");
  const repository = ours &&
    { type: "git", url: `git+https://github.com/${ours}.git` };
  const listed = { ...packed, ...LISTING, repository };
  await Deno.writeTextFile(manifest, JSON.stringify(listed, null, 2) + "\n");
  const file = `${name.slice(1).replace("/", "-")}-${version}.tgz`;
  await run("tar", "-czf", join(out, file), "package");
  console.log(join(out, file));
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  const [said, complaint] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  throw new Error(`${program} ${args.join(" ")}: ${said}${complaint}`);
}
