/**
 * Dawn, Chromium's WebGPU, in Node, on a Vulkan driver that computes on the CPU.
 * Where something is missing its tests skip, and say so; VAE_REQUIRE_DAWN=1
 * fetches the package (134 MB unpacked) and insists on the rest.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { chromiumProgram } from "../chromium.ts";
import type { Outcome, Request } from "./harness.ts";

const [, VERSION] = config.scopes["./tests/"].webgpu.split("@");
const isRequired = Deno.env.get("VAE_REQUIRE_DAWN") === "1";

/** Why Dawn cannot be used here, or null. */
const missing = await findMissing();

/** Whether the tests on Dawn must be ignored. */
export const dawnIsMissing = missing !== null;

if (missing) {
  if (isRequired) throw new Error(`VAE_REQUIRE_DAWN=1, but ${missing}`);
  console.log(`skipping the tests on Dawn: ${missing}`);
}

async function findMissing(): Promise<string | null> {
  if (isRequired) await fetchPackage();
  if (await packageFolder() === null) {
    return `npm:webgpu@${VERSION} is not in Deno's cache, and only ` +
      "VAE_REQUIRE_DAWN=1 puts it there";
  }
  if (driver() === null) return "there is no SwiftShader beside chromium";
  const [major] = (await nodeVersion()).split(".").map(Number);
  return major >= 20 ? null : "there is no Node 20 or later";
}

async function fetchPackage(): Promise<void> {
  const lock = fileURLToPath(new URL("../deno.lock", import.meta.url));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", `--lock=${lock}`, `npm:webgpu@${VERSION}`],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Where Deno's cache has the package, below the name of some registry. */
async function packageFolder(): Promise<string | null> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  try {
    for (const { name } of Deno.readDirSync(npmCache)) {
      const folder = join(npmCache, name, "webgpu", VERSION);
      if (isFile(join(folder, "index.js"))) return folder;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return null;
}

/**
 * SwiftShader, which Chromium brings along: Dawn refuses the llvmpipe of Mesa
 * before 23 for want of `shaderStorageImageArrayDynamicIndexing`, and LLVM
 * takes minutes for the programs that Dawn makes of ours.
 */
function driver(): string | null {
  if (chromiumProgram === null) return null;
  for (
    const folder of [
      dirname(Deno.realPathSync(chromiumProgram)),
      "/usr/lib/chromium",
    ]
  ) {
    const path = join(folder, "vk_swiftshader_icd.json");
    if (isFile(path)) return path;
  }
  return null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function nodeVersion(): Promise<string> {
  try {
    const { stdout } = await new Deno.Command("node", {
      args: ["--print", "process.versions.node"],
    }).output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "0";
  }
}

/** Runs tests of a folder of bundles; `golden` is what they read. */
export async function runOnDawn(
  bundles: string,
  golden: string,
  request: Request,
): Promise<Outcome[]> {
  const { success, stdout, stderr } = await new Deno.Command("node", {
    args: [
      join(bundles, "node.js"),
      (await packageFolder())!,
      join(bundles, "cases.js"),
      golden,
      JSON.stringify(request),
    ],
    env: {
      VK_DRIVER_FILES: driver()!,
      VK_ICD_FILENAMES: driver()!, // the same, of loaders before 1.3.207
      XDG_RUNTIME_DIR: bundles,
    },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}
