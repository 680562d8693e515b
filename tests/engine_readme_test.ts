import { assert, assertEquals } from "@std/assert";
import { MemoryMap } from "../lib/engine/wasm/memory.ts";
import { Plan } from "../lib/engine/wasm/plan.ts";
import { JOB } from "../lib/engine/wasm/words.ts";
import { Steps } from "../lib/engine/webgpu/plan.ts";
import { HARDWARE } from "../lib/engine/webgpu/tiling.ts";

const readme = await Deno.readTextFile(
  new URL("../lib/engine/README.md", import.meta.url),
);
const options = {
  latentDim: 12,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 128,
  seed: 0,
} as const;

/** The one block of a language. */
function blockOf(language: string): string {
  const [, block] = readme.match(
    new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\`$`, "ms"),
  )!;
  return block;
}

Deno.test("lib/engine/README.md shows the record that Plan makes", () => {
  const plan = new Plan(new MemoryMap(options, 2), "mse");
  const operation = plan.operations.find(({ kernel, layer }) =>
    kernel === "down" && layer === "encoder.3"
  );
  assertEquals(JSON.parse(blockOf("json")), operation);
  assert(readme.includes(`writes ${Object.keys(JOB).length} words`));
});

Deno.test("lib/engine/README.md shows the program that Steps makes", () => {
  const program = new Steps(options, HARDWARE).training()
    .find(({ name }) => name === "moments encoder.2")!;
  assertEquals(blockOf("wgsl"), program.code);
  assertEquals(program.grid(options.batchSize), [4]);
});

Deno.test("lib/engine/README.md links to files that are there", async () => {
  for (const [, path] of readme.matchAll(/\]\(([^)]+)\)/g)) {
    await Deno.stat(new URL(`../lib/engine/${path}`, import.meta.url));
  }
});
