/**
 * What a command downloads before it starts: the packages that its modules
 * name, those that deno.json imports, and those of a lock file that is found
 * without being named, which `deno task` installs in full.
 */
import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { type TaskName, tasks } from "./tasks.ts";

const ROOT = new URL("../", import.meta.url);

/** Kilobytes of each package on disk, with what it depends on. */
const SIZES: Record<string, number> = {
  "@jsquash/webp": 1070,
  "deno-std": 1600,
  gifenc: 190,
  "ml-matrix": 1840,
  pngjs: 670,
};

/** Kilobytes that a command's packages may have; about 6000 come from Deno's own
 * files and this package's compiled modules. */
const LIMIT = 4500;

const name = (specifier: string): string =>
  /^npm:\/?(@?[^@]+)@\d+\.\d+\.\d+(?:\/|$)/.exec(specifier)?.[1] ??
    `not one version: ${specifier}`;

/** The packages of a module and of all that it imports. */
async function packages(file: string): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `--lock=${fileURLToPath(ROOT)}deno.lock`, file],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals(code, 0, text.decode(stderr));
  const { modules } = JSON.parse(text.decode(stdout)) as {
    modules: { kind: string; specifier: string }[];
  };
  assertGreater(modules.length, 10);
  return modules.filter(({ kind }) => kind === "npm")
    .map(({ specifier }) => name(specifier)).sort();
}

const size = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + (SIZES[name] ?? Infinity), 0);

const imported = Object.values(config.imports)
  .filter((specifier) => specifier.startsWith("npm:")).map(name);

Deno.test("deno.json imports small packages only, and names no lock file that deno task would install", () => {
  assertGreater(imported.length, 0);
  assertEquals(imported.filter((name) => !(name in SIZES)), []);
  assertEquals(config.lock, false);
  assertEquals(config.unstable, ["npm-lazy-caching"]);
});

Deno.test("every task's packages are few and small", async () => {
  for (const name of tasks.keys()) {
    const found = await packages(`tasks/${name}.ts`);
    const all = new Set([...found, ...imported]);
    assertGreater(LIMIT, size(all), `${name}: ${[...all].join(", ")}`);
    assertEquals(all.has("@jsquash/webp"), name === "compress", name);
  }
});

Deno.test("train and sample have pictures' packages, the core has none", async () => {
  for (const task of ["train", "sample"] satisfies TaskName[]) {
    assertEquals(await packages(`tasks/${task}.ts`), [
      "deno-std",
      "gifenc",
      "pngjs",
    ]);
  }
  // With what deno.json imports: that much is downloaded by `deno task train`.
  assertGreater(3000, size(["deno-std", ...imported]));
  assertEquals(await packages("lib/core.ts"), []);
});

Deno.test("mod.ts has tfjs, whose packages are found in the graph", async () => {
  assertEquals(await packages("mod.ts"), [
    "@tensorflow/tfjs",
    "@tensorflow/tfjs-backend-webgpu",
    "gifenc",
    "ml-matrix",
    "pngjs",
  ]);
});

/** The integrity of each package that a lock file has. */
const readLock = (file: string) =>
  (JSON.parse(Deno.readTextFileSync(new URL(file, ROOT))) as {
    npm: Record<string, { integrity: string }>;
  }).npm;

Deno.test("only reading CSV loads its parser, and both lock files have that", async () => {
  const code = await Deno.readTextFile(new URL("lib/formats/csv.ts", ROOT));
  const [specifier] = /npm:papaparse@[\d.]+/.exec(code)!;
  for (const file of ["deno.lock", "tests/deno.lock"]) {
    assertMatch(readLock(file)[specifier.slice(4)].integrity, /^sha512-/);
  }
  assertEquals(await packages("lib/dataset/csv_pictures.ts"), []);
});

Deno.test("every line names the lock file that has its packages", () => {
  for (const [task, line] of Object.entries(config.tasks)) {
    assertMatch(line, / --lock=(tests\/)?deno\.lock /, task);
  }
  // One version for the tests and for what they test.
  const all = readLock("tests/deno.lock");
  const own = Object.entries(readLock("deno.lock"));
  assertGreater(own.length, 10);
  for (const [path, { integrity }] of own) {
    assertEquals(all[path]?.integrity, integrity, path);
  }
});
