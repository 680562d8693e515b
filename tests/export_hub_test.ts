import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Checkpoint,
  saveCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { decodeWeights, encodeWeights } from "../lib/checkpoint/weights.ts";
import { type Credit, creditOf, sources } from "../lib/dataset/mnist.ts";
import { kindOf } from "../lib/files/kind.ts";
import { explorerHtml } from "../lib/explorer/explorer.ts";
import { defaults } from "../lib/options/table.ts";
import { dataOptions, DOWNLOADS } from "../lib/options/run.ts";
import { hubFolder } from "../tasks/shared/hub_folder.ts";
import { modelCard } from "../tasks/shared/model_card.ts";
import { randomModel } from "./exported.ts";
import { inFolder } from "./folder.ts";
import { runWell } from "./process.ts";

const OPTIONS = defaults(dataOptions);

/** A model of these images, without a history. */
function modelOf(
  name: string,
  options: Partial<typeof OPTIONS> = {},
  model = randomModel(2, "bce"),
): Checkpoint {
  return {
    ...model,
    data: { ...model.data, name, options: { ...OPTIONS, ...options } },
  };
}

const LOSSES = { total: 120.456, reconstruction: 100.25, kl: 20.206 };

Deno.test("creditOf() knows every data set that can be fetched, and no other", () => {
  for (const name of DOWNLOADS) {
    const credit = creditOf({ name, options: OPTIONS });
    assertEquals(credit, sources[name].credit);
    assert(credit, `${name} has no credit`);
    assertMatch(credit.url, /^https?:\/\//);
  }
  assertEquals(creditOf({ name: "synthetic", options: OPTIONS }), undefined);
  const options = { images: "mnist" };
  assertEquals(creditOf({ name: "mnist", options }), undefined);
});

Deno.test("modelCard() names the images, their licence and what was measured", () => {
  const card = modelCard(modelOf("kmnist"), [
    ["test", LOSSES],
    ["train", { ...LOSSES, total: 119 }],
  ]);
  assertStringIncludes(card, '\nlicense: "cc-by-sa-4.0"\n');
  assertStringIncludes(
    card,
    "KMNIST Dataset](https://codh.rois.ac.jp/kmnist/)",
  );
  assertStringIncludes(card, "| test   | 120.46 |         100.25 | 20.21 |");
  assertStringIncludes(card, "value: 120.456");
  assertStringIncludes(card, "cross-entropy in nats");
  assertMatch(
    modelCard(modelOf("fashion-mnist"), []),
    /^---\nlicense: "mit"\n[^]*\ndatasets:\n {2}- "zalando-datasets\/fashion_mnist"\n/,
  );
});

Deno.test("modelCard() leaves the licence of one's own images to their owner", () => {
  const card = modelCard(modelOf("mnist", { images: "mnist" }), []);
  assertMatch(card, /^---\nlicense: "unknown"\n/);
  assertStringIncludes(card, "Say here whose they are");
  assertStringIncludes(card, "No losses are known");
  assertNotMatch(card, /LeCun/);
  const synthetic = modelCard(modelOf("synthetic"), []);
  assertMatch(synthetic, /^---\nlicense: "mit"\n/);
});

Deno.test("modelCard() keeps a name from being anything but text", () => {
  const name = 'a"b: <img src=x>\n---';
  const card = modelCard(modelOf(name, { images: "x" }), [["test", LOSSES]]);
  assertStringIncludes(card, '          name: "a\\"b: <img src=x>\\n---"\n');
  assertNotMatch(card.slice(card.indexOf("\n---\n") + 5), /<img|\n---$/m);
});

Deno.test("explorerHtml() names the images that a model is trained on", async () => {
  const model = modelOf("mnist");
  const page = (credit?: Credit) =>
    explorerHtml({
      weights: encodeWeights(model),
      ...{ description: "", kl: [0, 0], mu: new Float32Array(2), labels: null },
      credit,
    });
  const line =
    /<p id="credit">Trained on MNIST by .*LeCun.*, licence CC-BY-SA-3\.0\.<\/p>/;
  assertMatch(await page(creditOf(model.data)), line);
  assertNotMatch(await page(), /LeCun/);
});

/** Resolves `jsr:@vae/mnist` to this checkout. */
const LINKED = fileURLToPath(new URL("consumer/deno.json", import.meta.url));

for (const classes of [undefined, ["cat", "fish", "house"]]) {
  const kind = classes ? "of a conditional model" : "of a model";
  Deno.test(`hubFolder() writes a folder ${kind} whose program runs`, () =>
    inFolder(async (folder) => {
      const checkpoint = modelOf(
        "synthetic",
        { dataset: "synthetic", limit: 20 },
        randomModel(2, "mse", classes),
      );
      if (classes) Object.assign(checkpoint.data.options, { images: "no.npz" });
      const files = await hubFolder(checkpoint);
      for (const [name, bytes] of files) {
        await Deno.writeFile(join(folder, name), bytes);
      }
      assertEquals([...files.keys()], [
        ...["README.md", "config.json", "model.safetensors", "samples.png"],
      ]);
      const text = (name: string) => new TextDecoder().decode(files.get(name));
      assertEquals(kindOf(files.get("samples.png")!), "png");
      const { options } = decodeWeights(files.get("model.safetensors")!);
      assertEquals(options.latentDim, 2);
      const config = JSON.parse(text("config.json"));
      assertEquals(config.options, checkpoint.options);
      assertEquals(config.classes, classes);
      const card = text("README.md");
      // What is measured are the first 20 test images, where they are at hand.
      assertEquals(/^\| test /m.test(card), !classes);

      const [, program] = card.match(/^```ts\n([^]*?)^```$/m)!;
      await Deno.writeTextFile(
        join(folder, "decode.ts"),
        `${program}console.log(images.length);`,
      );
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-prompt", "--allow-read", `--config=${LINKED}`],
          "decode.ts",
        ],
        cwd: folder,
        env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder },
      }).output();
      const decoder = new TextDecoder();
      assertEquals(code, 0, decoder.decode(stderr));
      assertEquals(decoder.decode(stdout), `${16 * 784}\n`);
    }));
}

Deno.test("modelCard() says of an imported model what is known", () => {
  const random = modelOf("unknown images", { dataset: "auto" });
  const model = { ...random, data: { ...random.data, digest: null } };
  const imported = modelCard({ ...model, epochsBefore: 3 }, []);
  assertMatch(
    imported,
    /imported into \[@vae\/mnist\].* from PyTorch after 3 epochs/,
  );
  assertStringIncludes(imported, "Images that nobody has named.");
  assertNotMatch(imported, /trained with|β|\| (beta|epochs|lr|batch-size) /);
  const measured = modelCard(model, [["test", LOSSES]]);
  assertNotMatch(measured, /0 epochs/);
  const data = { ...model.data, digest: "0".repeat(16) };
  assertMatch(
    modelCard({ ...model, data, epochsBefore: 3 }, []),
    /begun in PyTorch \(3 epochs\) and trained with \[@vae\/mnist\]/,
  );
});

Deno.test("deno task export --format hub keeps another's files", () =>
  inFolder(async (folder) => {
    const model = modelOf("synthetic", { dataset: "synthetic", limit: 20 });
    await saveCheckpoint(join(folder, "vae.st"), model);
    await Deno.mkdir(join(folder, "hub"));
    const others = { "README.md": "mine", "config.json": '{"mine": 1}' };
    for (const [name, text] of Object.entries(others)) {
      await Deno.writeTextFile(join(folder, "hub", name), text);
    }
    const args = "--format hub --checkpoint vae.st".split(" ");
    const { stderr } = await runWell(folder, "export", args);
    for (const name of Object.keys(others)) {
      assertMatch(stderr, new RegExp(`what was hub/${name} is now hub/\\S+`));
    }
    // What is exported here is replaced.
    const again = await runWell(folder, "export", args);
    assertNotMatch(again.stderr, /is now/);
  }));
