/**
 * The npm package, packed and installed as strangers have it: the program of
 * its README in TypeScript, in Node, in Bun, and in a browser by way of three
 * bundlers. It needs npm and its registry.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotMatch,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { chromiumIsMissing, launch } from "../chromium.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CONSUMER = join(ROOT, "tests/consumer/deno.json");

/** Where the package is installed, and what stands there. */
const folder = Deno.makeTempDirSync();
const [program] = Deno.readTextFileSync(join(ROOT, ".ci/npm/README.md"))
  .match(/(?<=^```ts\n)[^]*?(?=^```$)/m)!;

/** What a program that runs in the folder says; it must succeed. */
async function output(
  command: string,
  args: readonly string[],
): Promise<{ said: string; complaint: string }> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
  }).output();
  const [said, complaint] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, `${command} ${args.join(" ")}:\n${said}${complaint}`);
  return { said, complaint };
}

const run = async (command: string, ...args: string[]) =>
  (await output(command, args)).said;
const tool = (name: string, ...args: string[]) =>
  run("npx", "--no-install", name, ...args);

Deno.test.beforeAll(async () => {
  await Deno.copyFile(
    new URL("package.json", import.meta.url),
    join(folder, "package.json"),
  );
  const pack = join(ROOT, ".ci/npm/pack.ts");
  const tarball = await run(Deno.execPath(), "run", "-A", pack, folder);
  await run("npm", "install", "--no-audit", "--no-fund", tarball.trim());
  await Deno.writeTextFile(join(folder, "program.ts"), program);
  await tool(
    "tsc",
    ..."--strict --skipLibCheck false --target es2022 --module nodenext".split(
      " ",
    ),
    "program.ts",
  );
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** Whether the program printed the two losses that it comes to in Deno. */
async function agrees(printed: string): Promise<void> {
  const lines = printed.split("\n");
  const others = (await (inDeno ??= runInDeno())).split("\n");
  // Without relaxed SIMD no product is fused with its sum: rounding differs.
  for (const i of [0, 1]) {
    assertAlmostEquals(Number(lines[i]), Number(others[i]), 1);
  }
  assertMatch(lines[2], /^16 digits \(WebAssembly on \d+ threads?\)$/);
}

let inDeno: Promise<string> | undefined;
const runInDeno = () =>
  run(
    Deno.execPath(),
    ...["run", "--no-prompt", `--config=${CONSUMER}`],
    join(folder, "program.ts"),
  );

Deno.test("the npm package is deno.json's, and holds modules and types alone", async () => {
  const at = join(folder, "node_modules/@vae/mnist");
  const manifest = JSON.parse(
    await Deno.readTextFile(join(at, "package.json")),
  );
  assertEquals(
    [manifest.name, manifest.version, manifest.license],
    [config.name, config.version, config.license],
  );
  assertEquals(manifest.dependencies, undefined);
  const [{ entryCount, unpackedSize, files }] = JSON.parse(
    await run("npm", "pack", "--dry-run", "--json", at),
  );
  const others = files.map(({ path }: { path: string }) => path)
    .filter((path: string) => !/^lib\/.*(\.d\.ts|(?<!\.d)\.js)$/.test(path));
  assertEquals(others.sort(), ["LICENSE", "README.md", "package.json"]);
  assert(entryCount > 80 && unpackedSize < 1_000_000, `${unpackedSize} bytes`);
});

Deno.test("the npm package's types suit a bundler's resolution, too", () =>
  tool(
    "tsc",
    ..."--strict --skipLibCheck false --target es2022 --noEmit".split(" "),
    ..."--module esnext --moduleResolution bundler program.ts".split(" "),
  ).then(() => {}));

Deno.test("the npm package computes in Node what it computes here", async () =>
  await agrees(
    await run("node", "program.js"),
  ));

Deno.test("the npm package computes in Bun what it computes here", async () =>
  await agrees(
    await tool("bun", "program.ts"),
  ));

const bundlers: Record<string, string> = {
  esbuild:
    "program.js --bundle --format=esm --minify --outfile=esbuild/bundle.js",
  vite: "build vite --base ./ --logLevel warn",
  webpack: "--mode production --entry ./program.js --output-path webpack " +
    "--output-filename bundle.js",
};

for (const [name, words] of Object.entries(bundlers)) {
  Deno.test({
    name: `${name} bundles the npm package for a page, without a warning`,
    ignore: chromiumIsMissing,
    fn: async () => {
      const bundled = join(folder, name);
      await Deno.mkdir(bundled);
      const source = name === "vite" ? "../program.js" : "bundle.js";
      await Deno.writeTextFile(
        join(bundled, "index.html"),
        `<!doctype html><link rel="icon" href="data:,">` +
          `<script type="module" src="${source}"></script>`,
      );
      const { said, complaint } = await output("npx", [
        ...["--no-install", name],
        ...words.split(" "),
      ]);
      assertNotMatch(said + complaint, /warn|error/i);
      const page = name === "vite" ? join(bundled, "dist") : bundled;
      await agrees(await printedIn(page));
    },
  });
}

/** What a page of these files prints, isolated from other origins. */
async function printedIn(files: string): Promise<string> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async ({ url }) => {
      const path = new URL(url).pathname.replace(/\/$/, "/index.html");
      const type = path.endsWith(".html") ? "text/html" : "text/javascript";
      return new Response(await Deno.readFile(join(files, path)), {
        headers: {
          "Content-Type": type,
          "Cross-Origin-Embedder-Policy": "require-corp",
          "Cross-Origin-Opener-Policy": "same-origin",
        },
      });
    },
  );
  const browser = await launch(["--disable-gpu"]);
  try {
    const page = await browser.newPage();
    const ended = Promise.withResolvers<string>();
    let lines = "";
    page.on("pageerror", ended.reject);
    page.on("console", (message) => {
      if (message.type() === "log") lines += `${message.text()}\n`;
      if (/digits/.test(lines)) ended.resolve(lines);
    });
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    return await ended.promise;
  } finally {
    await browser.close();
  }
}
