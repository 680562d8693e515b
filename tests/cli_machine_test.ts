import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeIdx } from "../lib/formats/idx.ts";
import { refuses, runTask, runWell, snapshot } from "./process.ts";
import { mnistDir, mnistIsMissing } from "./mnist.ts";
import { inFolder } from "./folder.ts";

Deno.test("doctor shows the machine and finds its numbers right", () =>
  inFolder(async (folder) => {
    const { stdout } = await runWell(folder, "doctor", []);
    assertMatch(
      stdout,
      new RegExp(
        `^Deno +${Deno.version.deno} \\(V8 .+\\), .+ cores?\nWebGPU +`,
      ),
    );
    assertMatch(stdout, /\nengine +forward +gradients +adam +verdict\n/);
    assertMatch(stdout, /\ntfjs on cpu \(the reference\) .* right\n/);
    assertMatch(stdout, /\nallowed +1e-4 +1e-3 +1e-3 *\n$/);
    assertEquals(await snapshot(folder), new Map());
  }));

Deno.test("doctor --json prints one object and nothing else", () =>
  inFolder(async (folder) => {
    const { stdout } = await runWell(folder, "doctor", ["--json"]);
    assertMatch(stdout, /^\{.*\}\n$/);
    const { deno, cores, engines } = JSON.parse(stdout);
    assertEquals(deno, Deno.version.deno);
    assertEquals(cores, navigator.hardwareConcurrency);
    assertEquals(engines[0].errors, null);
    for (const { works, isRight } of engines) assert(works && isRight);
    for (const { errors } of engines.slice(1)) {
      for (const part of ["forward", "gradients", "adam"]) {
        assertLess(errors[part], 1e-3);
      }
    }
  }));

const text = (content: string) => new TextEncoder().encode(content);
const three = writeIdx({ shape: [3, 28, 28], data: new Uint8Array(3 * 784) });
const zeros = writeIdx({
  shape: [60_000, 28, 28],
  data: new Uint8Array(60_000 * 784),
});
const wrong: Record<string, [Uint8Array, RegExp]> = {
  "a web page": [text("<html>Not found</html>"), /HTML page/],
  "too few images": [gzipSync(three), /shape is 3×28×28, not 60000×28×28/],
  "truncated gzip": [gzipSync(zeros).subarray(0, 20_000), /truncated/],
  "other images": [gzipSync(zeros), /SHA-256 is [0-9a-f]{64}, not ba891046/],
};

for (const [what, [bytes, message]] of Object.entries(wrong)) {
  Deno.test(`fetch --from refuses ${what} and keeps what is there`, () =>
    inFolder(async (folder) => {
      const name = "train-images-idx3-ubyte";
      await Deno.mkdir(join(folder, "from"));
      await Deno.mkdir(join(folder, "data", "mnist"), { recursive: true });
      await Deno.writeFile(join(folder, "from", `${name}.gz`), bytes);
      await Deno.writeFile(join(folder, "data", "mnist", name), text("old"));
      const named = new RegExp(
        `^error: cannot fetch mnist/${name}: .*from/${name}\\.gz: .*` +
          message.source + ".*: get again what is missing there or differs",
      );
      await refuses(named, folder, "fetch", ["--from", "from"]);
    }));
}

Deno.test("fetch says that there is no folder, scheme or network", () =>
  inFolder(async (folder) => {
    const from = (place: string) => ["--from", place];
    await refuses(/no\/train-images.*not found/, folder, "fetch", from("no"));
    await refuses(/must be a folder or/, folder, "fetch", from("ftp://host/"));
    await refuses(
      /googleapis.*refused.*amazonaws.*refused.*; get train-images-idx3-ubyte\.gz, .* and t10k-labels-idx1-ubyte\.gz elsewhere, into one folder, and then `deno task fetch --dataset mnist --from FOLDER`/,
      folder,
      "fetch",
      [],
    );
    await refuses(
      /toronto.*refused.*; get binarized_mnist_train\.amat, .* and then `deno task fetch --dataset binarized-mnist --from FOLDER`/,
      folder,
      "train",
      ["--dataset", "binarized-mnist"],
    );
  }));

Deno.test({
  name: "fetch takes MNIST from a folder, once, and train finds it",
  ignore: mnistIsMissing,
  fn: () =>
    inFolder(async (folder) => {
      const from = ["--from", mnistDir];
      const first = await runWell(folder, "fetch", [...from, "--json"]);
      assertEquals(first.stderr, "");
      const { dataset, files } = JSON.parse(first.stdout);
      assertEquals([dataset, files.length], ["mnist", 4]);
      const names = [...Deno.readDirSync(join(folder, "data", "mnist"))]
        .map(({ name }) => `data/mnist/${name}`).sort();
      assertEquals(files.map((f: { path: string }) => f.path).sort(), names);

      const second = await runTask(folder, "fetch", ["--from", "nowhere"]);
      assertEquals(second.code, 0);
      assertEquals(
        second.stdout.split("\n").slice(0, -1).map((line) =>
          line.split(": ")[1]
        ),
        names.map(() => "verified, already there"),
      );
    }),
});
