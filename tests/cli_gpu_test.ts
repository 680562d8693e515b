import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inFolder } from "./folder.ts";
import {
  denoArgs,
  environment,
  type Result,
  snapshot,
  untrained,
} from "./process.ts";
import type { TaskName } from "./tasks.ts";
import { webgpuIsMissing } from "./webgpu.ts";

const HARDWARE = fileURLToPath(new URL("hardware.ts", import.meta.url));

/** Breaks a program of the GPU engine. */
const BROKEN = `
  const compile = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const code = descriptor.label === "latentForward" ? "no" : descriptor.code;
    return compile.call(this, { ...descriptor, code });
  };
`;

const TINY = [
  ..."--dataset synthetic --limit 4 --batch-size 4 --val-size 2".split(" "),
  ..."--epochs 1 --latent-dim 3 --no-save-plots".split(" "),
];

/** Runs a task after some modules. */
async function run(
  folder: string,
  preload: readonly string[],
  name: TaskName,
  args: readonly string[],
): Promise<Result> {
  const [command, ...words] = denoArgs(name, args);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command, ...preload.map((path) => `--preload=${path}`), ...words],
    cwd: folder,
    env: environment(folder),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({ name, ignore: webgpuIsMissing, fn: () => inFolder(fn) });
}

test("train tries a GPU, says what it came to, and keeps it", async (folder) => {
  const path = join(folder, "data", "gpu.json");
  const first = await run(folder, [HARDWARE], "train", TINY);
  assertEquals(first.code, 0, first.stderr);
  assertMatch(
    first.stderr,
    /^note: webgpu on .+: checked, 0\.\d+× wasm\ntraining on .+ WebAssembly/,
  );

  const { trials: [trial] } = JSON.parse(await Deno.readTextFile(path));
  const changed = { trials: [{ ...trial, text: "it was slower" }] };
  await Deno.writeTextFile(path, JSON.stringify(changed));
  const files = (await snapshot(folder)).get(join("data", "gpu.json"));
  const second = await run(folder, [HARDWARE], "train", TINY);
  assertMatch(
    second.stderr,
    /^note: it was slower\ntraining on .+ WebAssembly/,
  );
  for (const engine of ["wasm", "webgpu"]) {
    const args = [...TINY, "--engine", engine];
    const { stderr } = await run(folder, [HARDWARE], "train", args);
    const name = engine === "wasm"
      ? "WebAssembly"
      : "WebGPU on .+\\(hardware\\)";
    assertMatch(
      stderr,
      new RegExp(`^training on .+ ${name}`),
    );
  }
  assertEquals((await snapshot(folder)).get(join("data", "gpu.json")), files);
});

test("tasks show the source of a program that fails if asked", async (folder) => {
  const broken = join(folder, "broken.js");
  await Deno.writeTextFile(broken, BROKEN);
  await Deno.writeFile(join(folder, "c.safetensors"), untrained());
  const what = "the program latentForward does not compile: .+";
  const hint = " \\(--verbose shows the program's source\\)";
  const source = "[^]+\n   1  struct Job .+\n[^]+";
  const sample = ["--checkpoint", "c.safetensors", "--engine", "webgpu"];

  const short = await run(folder, [broken], "sample", sample);
  assertMatch(short.stderr, new RegExp(`^error: ${what}${hint}\n$`));
  assertEquals({ ...short, stderr: "" }, { code: 1, stdout: "", stderr: "" });
  const long = await run(folder, [broken], "sample", [...sample, "--verbose"]);
  assertMatch(long.stderr, new RegExp(`^error: ${what}\n${source}$`));
  assertEquals(long.stderr.includes("--verbose"), false);

  const train = [...TINY, "--engine", "webgpu"];
  const ended = await run(folder, [broken], "train", train);
  assertMatch(
    ended.stderr,
    new RegExp(`^error: ${what}${hint}; nothing was saved.+--engine wasm\n$`),
  );
  const both = [broken, HARDWARE];
  const noted = await run(folder, both, "train", TINY);
  assertMatch(noted.stderr, new RegExp(`^note: ${what}${hint}\ntraining on `));
  const shown = await run(folder, both, "train", [...TINY, "--verbose"]);
  assertMatch(
    shown.stderr,
    new RegExp(`^note: ${what}\n${source}training on `),
  );
});
