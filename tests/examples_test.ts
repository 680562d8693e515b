/// <reference lib="dom" />
/**
 * The programs of `tests/examples/`, as another project runs them: with the
 * permissions that their first lines name, and no others.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import type { Checkpoint } from "../lib/checkpoint/metadata.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { encodePng } from "../lib/image/png.ts";
import { train } from "../lib/train/trainer.ts";
import { objective } from "../lib/model/losses.ts";
import { chromiumIsMissing, visit } from "./chromium.ts";
import { draw, kl, loss, reconstruction } from "./examples/losses.ts";
import { inFolder } from "./folder.ts";
import { readGolden } from "./golden/read.ts";

const EXAMPLES = fileURLToPath(new URL("examples/", import.meta.url));

/** Resolves `jsr:@vae/mnist` to this checkout. */
const LINKED = fileURLToPath(new URL("consumer/deno.json", import.meta.url));

/** An example that ends takes a tenth of it at worst; one that hangs, all. */
const LIMIT_MS = 120_000;

/** The first line of each says how to run it. */
const HOW = /^\/\/ deno run ((?:--\S+ )*)(\S+\.ts)/;

/** Makes a command of an example, in a folder of its own. */
function command(
  folder: string,
  example: string,
  args: readonly string[],
): Deno.Command {
  const path = join(EXAMPLES, example);
  const [, permissions, name] = Deno.readTextFileSync(path).match(HOW) ?? [];
  assertEquals(name, basename(path));
  return deno(folder, [...permissions.match(/\S+/g) ?? [], path, ...args]);
}

function deno(folder: string, args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", `--config=${LINKED}`, ...args],
    cwd: folder,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(LIMIT_MS),
  });
}

/** Runs a command to its end. */
async function outputOf(command: Deno.Command): Promise<string> {
  const { code, stdout, stderr } = await command.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Opens what an example has saved, as the README says. */
async function sampled(folder: string): Promise<string> {
  const args = "--allow-read=. --allow-write=. jsr:@vae/mnist/sample".split(
    " ",
  );
  const checkpoint = ["--checkpoint", "vae.safetensors"];
  return await outputOf(deno(folder, [...args, ...checkpoint]));
}

/** Trains a little. */
async function trained(conditional: boolean): Promise<Checkpoint> {
  const dataset = await syntheticDataset({ limit: 256, valSize: 0 });
  const engine = { engine: "wasm", threads: 1 } as const;
  const setup = { dataset, conditional, engine, epochs: 2, batchSize: 32 };
  for await (const event of train({ ...setup, latentDim: 4 })) {
    if (event.type === "end") return await event.checkpoint();
  }
  throw new Error("it has no end");
}

Deno.test("every example has at most thirty lines, and a test", async () => {
  const tests = await Deno.readTextFile(new URL(import.meta.url));
  for (const { name, isFile } of Deno.readDirSync(EXAMPLES)) {
    if (!isFile) continue;
    assert(tests.includes(`"${name}"`), name);
    const text = await Deno.readTextFile(join(EXAMPLES, name));
    const most = name.startsWith("train_") ? 25 : 30;
    assertLess(text.trim().split("\n").length, most + 1, name);
    assertMatch(text, HOW);
  }
});

Deno.test("losses.ts computes what PyTorch and the engines do", () => {
  const golden = readGolden(); // β = 1
  const [steps, images] = golden.get("images")!.shape;
  /** The numbers of each image in step 0. */
  const rows = (name: string, scale = 1): number[][] => {
    const data = golden.get(name)!.data as Float32Array | Uint8Array;
    const size = data.length / images / (name.startsWith("step0") ? 1 : steps);
    return Array.from(
      { length: images },
      (_, i) =>
        Array.from(data.subarray(i * size, (i + 1) * size), (v) => v * scale),
    );
  };
  const [x, eps] = [rows("images", 1 / 255), rows("eps")];
  const [mu, logvar, z, xHat] = ["mu", "logvar", "z", "reconstruction"]
    .map((name) => rows(`step0.${name}`));
  const near = (actual: number, expected: number) =>
    assertAlmostEquals(actual, expected, 1e-5 * Math.abs(expected) + 1e-6);
  for (const [i, drawn] of z.entries()) {
    draw(mu[i], logvar[i], eps[i]).forEach((at, d) => near(at, drawn[d]));
  }
  const mean = (of: (i: number) => number) =>
    x.reduce((sum, _, i) => sum + of(i), 0) / x.length;
  const error = mean((i) => reconstruction(x[i], xHat[i]));
  const nats = mean((i) => kl(mu[i], logvar[i]));
  const recorded = golden.get("losses")!.data;
  const total = loss(error, nats);
  [error, nats, total].forEach((value, i) => near(value, Number(recorded[i])));
  // As the engines combine their sums, for both models.
  const sums = {
    images: 1,
    reconstruction: error,
    klPerDimension: Float64Array.of(nats),
  };
  const of = (autoencoder: boolean) =>
    objective(sums, { beta: 4, capacity: 0 }, { autoencoder, freeBits: 0 });
  assertEquals(of(false), loss(error, nats, 4));
  assertEquals(of(true), error);
});

Deno.test("losses.ts prints nats and bits", () =>
  inFolder(async (folder) => {
    const printed = await outputOf(command(folder, "losses.ts", []));
    assertEquals(
      printed,
      "σ = 1: 0.50 nats, 0.72 bits\n" +
        "σ = 0.5: 0.82 nats, 1.18 bits\n" +
        "σ = 0.1: 2.31 nats, 3.33 bits\n",
    );
  }));

Deno.test("server.ts returns digits as PNG, and says what is wrong", () =>
  inFolder(async (folder) => {
    const checkpoint = encodeCheckpoint(await trained(true));
    await Deno.writeFile(join(folder, "vae.safetensors"), checkpoint);
    await using server = command(folder, "server.ts", ["0"]).spawn();
    try {
      let said = "";
      for await (
        const text of server.stderr.pipeThrough(new TextDecoderStream())
      ) {
        said += text;
        if (/Listening on http:\S+\/\s/.test(said)) break;
      }
      const [, address] = said.match(/Listening on (http:\S+)/) ?? [];
      assert(address, said);
      const digit = async (query: string) => {
        const answer = await fetch(`${address}digit.png?${query}`);
        assertEquals(answer.headers.get("content-type"), "image/png");
        return new Uint8Array(await answer.arrayBuffer());
      };
      const seven = await digit("class=7&seed=3&temperature=0.8");
      const { width, height } = PNG.sync.read(Buffer.from(seven));
      assertEquals([width, height], [256, 256]);
      const again = await digit("temperature=0.8&class=7&seed=3");
      assertEquals(again, seven);
      for (const other of ["class=6", "class=7&seed=4", "", "temperature=0"]) {
        assert(String(await digit(other)) !== String(seven), other);
      }
      for (
        const [path, status, line] of [
          ["digit.png?seed=-1", 400, "seed takes up to nine digits\n"],
          ["digit.png?temperature=x", 400, "temperature goes from 0 to 9\n"],
          [
            "digit.png?class=ten",
            400,
            "the classes are: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9\n",
          ],
          ["", 404, "try /digit.png?class=7&seed=3\n"],
        ] as const
      ) {
        const answer = await fetch(address + path);
        assertEquals([answer.status, await answer.text()], [status, line]);
      }
    } finally {
      server.kill();
      await server.stdout.cancel();
    }
  }));

Deno.test("anomalies.ts puts the strangest picture first", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(
      join(folder, "vae.safetensors"),
      encodeCheckpoint(await trained(false)),
    );
    const { test } = await syntheticDataset({ limit: 6 });
    await Deno.mkdir(join(folder, "doodles"));
    for (let i = 0; i < 6; i++) {
      const image = test!.images.slice(784 * i, 784 * (i + 1));
      // A board of black and white squares.
      if (i === 4) image.forEach((_, at) => image[at] = 255 * (at % 2));
      const pixels = new Uint8Array(3 * 784);
      image.forEach((grey, at) => pixels.fill(grey, 3 * at, 3 * at + 3));
      const png = encodePng({ width: 28, height: 28, pixels });
      await Deno.writeFile(join(folder, "doodles", `${i}.png`), png);
    }
    const printed = await outputOf(
      command(folder, "anomalies.ts", ["doodles"]),
    );
    const lines = printed.trimEnd().split("\n");
    assertEquals(lines.length, 6);
    assertMatch(lines[0], /^ *\d+\.\d {2}4\.png$/);
    const scores = lines.map((line) => parseFloat(line));
    assertEquals(scores, scores.toSorted((a, b) => b - a));
    assertGreater(scores[0], 2 * scores[1]);
  }));

Deno.test("train_arrays.ts ends in a checkpoint that sample opens", () =>
  inFolder(async (folder) => {
    const printed = await outputOf(command(folder, "train_arrays.ts", ["2"]));
    const totals = [...printed.matchAll(/^\d: (\S+) \+ (\S+) nats$/gm)]
      .map(([, reconstruction]) => Number(reconstruction));
    assertEquals(totals.length, 2);
    assertLess(totals[1], totals[0]);
    const path = join(folder, "vae.safetensors");
    const { data, options } = decodeCheckpoint(await Deno.readFile(path));
    assertEquals([data.name, options.epochs], ["synthetic", 2]);
    assertEquals(options.beta, Math.sin(1.99) ** 2); // of the last step
    assertMatch(await sampled(folder), /synthetic,\s+200\s+steps/);
  }));

Deno.test("train_tfjs.ts ends in a checkpoint that sample opens", () =>
  inFolder(async (folder) => {
    const printed = await outputOf(command(folder, "train_tfjs.ts", ["2"]));
    assertMatch(printed, /^step 1: \d+\.\d\nstep 2: \d+\.\d\n$/);
    assertMatch(await sampled(folder), /^samples\.png: 64 samples/);
  }));

Deno.test({
  name: "page/ trains in a browser, and draws what it learns",
  ignore: chromiumIsMissing,
  fn: () =>
    inFolder(async (folder) => {
      const source = join(EXAMPLES, "page", "page.ts");
      const text = await Deno.readTextFile(source);
      const [, flags] = text.match(/^\/\/ deno bundle (.*) page\.ts$/m)!;
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["bundle", `--config=${LINKED}`, ...flags.split(" "), source],
        cwd: folder,
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      const index = join(folder, "index.html");
      await Deno.copyFile(join(EXAMPLES, "page", "index.html"), index);
      const { page, problems } = await visit(pathToFileURL(index).href);
      /** Waits until this many epochs have been shown, or more. */
      const nats = async (epochs: number) => {
        const shown = await page.waitForFunction(
          (epochs) => {
            const text = document.querySelector("output")!.value;
            const [, epoch, nats] = text.match(/^epoch (\d+): (\S+) nats$/) ??
              [];
            return Number(epoch) >= epochs && { epoch: Number(epoch), nats };
          },
          epochs,
          { timeout: 120_000 },
        ); // as long as the others may take
        return await shown.jsonValue() as { epoch: number; nats: string };
      };
      await page.getByRole("button", { name: "Train" }).click();
      const first = await nats(1);
      const later = await nats(first.epoch + 1);
      assertLess(Number(later.nats), Number(first.nats));
      const white = await page.evaluate(() =>
        document.querySelector("canvas")!.getContext("2d")!
          .getImageData(0, 0, 224, 224).data.filter((byte) => byte > 128).length
      );
      assertGreater(white, 224 * 224 + 1000); // more than what is opaque
      const script = pathToFileURL(join(folder, "page.js")).href;
      // That a browser has no GPU is no fault of the page.
      const own = problems.filter((line) => !line.endsWith("adapters."));
      assertEquals(own, [`request: ${script}`]);
      await page.close();
    }),
});
