import { assert, assertEquals, assertGreater } from "@std/assert";
import { engineOptions } from "../lib/engine/checks.ts";
import { MemoryMap } from "../lib/engine/wasm/memory.ts";
import { Plan } from "../lib/engine/wasm/plan.ts";
import { JOB } from "../lib/engine/wasm/words.ts";
import { Plan as WebGpuPlan } from "../lib/engine/webgpu/plan.ts";
import { HARDWARE } from "../lib/engine/webgpu/tiling.ts";
import { undocumented } from "./doc_params.ts";

const readme = await Deno.readTextFile(
  new URL("../lib/engine/README.md", import.meta.url),
);
const options = engineOptions({
  latentDim: 12,
  likelihood: "mse",
  autoencoder: false,
  batchSize: 128,
  seed: 0,
});

/** The one block of a language. */
function blockOf(language: string): string {
  const [, block] = readme.match(
    new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\`$`, "ms"),
  )!;
  return block;
}

Deno.test("lib/engine/README.md shows the record that Plan makes", () => {
  const plan = new Plan(new MemoryMap(options, 2), options);
  const operation = plan.operations.find(({ kernel, layer }) =>
    kernel === "down" && layer === "encoder.3"
  );
  assertEquals(JSON.parse(blockOf("json")), operation);
  assert(readme.includes(`writes ${Object.keys(JOB).length} words`));
});

Deno.test("lib/engine/README.md shows the program that Plan makes", () => {
  const program = new WebGpuPlan(options, HARDWARE).evaluation()
    .find(({ name }) => name === "record")!;
  assertEquals(blockOf("wgsl"), program.code);
});

for (
  const document of [
    "README.md",
    "lib/README.md",
    "lib/engine/README.md",
    ".github/CONTRIBUTING.md",
    ".github/MEASURES.md",
    ".github/SECURITY.md",
    ".github/CHANGELOG.md",
    ".ci/npm/README.md",
    "tests/golden/README.md",
    "tests/notebooks/README.md",
    "tests/peers/README.md",
    "tests/races/README.md",
    "tests/recipes/README.md",
    "tests/records/README.md",
  ]
) {
  Deno.test(`${document} names files that are there`, async () => {
    const root = new URL("../", import.meta.url);
    const at = new URL(document, root);
    const text = await Deno.readTextFile(at);
    for (const [, link] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      await Deno.stat(new URL(link, at));
    }
    // Sources in backticks stand in the document's folder or in the root.
    for (const [, path] of text.matchAll(/`([\w./-]+\/[\w.-]+\.(?:ts|py))`/g)) {
      if (path.includes("NAME")) continue;
      const places = [new URL(path, at), new URL(path, root)];
      const found = await Promise.allSettled(places.map((p) => Deno.stat(p)));
      assert(found.some(({ status }) => status === "fulfilled"), path);
    }
  });
}

for (const module of ["mod.ts", "lib/core.ts"]) {
  Deno.test(`${module} says what each parameter of its functions is`, async () => {
    const { functions, gaps } = await undocumented(module);
    assertGreater(functions, 20);
    assertEquals(gaps, []);
  });
}

Deno.test("undocumented() finds what a comment does not name", async () => {
  const module = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      module,
      `/** One. */
      export function one(a: number, b = 2, ...c: number[]) {}
      /**
       * Two.
       * @param options.x X.
       * @param a A.
       */
      export function two({ x }: { x: number }, a: number) {}
      /** Three. */
      export class Three {
        /** Made. */
        constructor(a: number) {}
        /** Four. */
        four({ x }: { x?: number } = {}): void {}
        private five(a: number): void {}
      }`,
    );
    const { functions, gaps } = await undocumented(module);
    assertEquals(functions, 4);
    assertEquals(gaps, [
      { name: "one", missing: ["a", "b", "c"] },
      { name: "Three.constructor", missing: ["a"] },
      { name: "Three.four", missing: ["{}"] },
    ]);
  } finally {
    await Deno.remove(module);
  }
});
