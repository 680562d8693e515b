import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { decodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { loadCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { relativeError } from "../lib/engine_check.ts";
import {
  parseSafetensors,
  type Tensor,
  writeSafetensors,
} from "../lib/formats/safetensors.ts";
import { engineOutputs, modelOfClass, randomModel } from "./exported.ts";
import { encodePng } from "../lib/image/png.ts";
import { inFolder } from "./folder.ts";
import { ENGINE, refuses, runTask, runWell, untrained } from "./process.ts";
import { bytesOf, name, pickle, pth, stateDict, text, tuple } from "./pth.ts";

const OWN = parseSafetensors(untrained()).tensors;
const MODEL = new Map(
  [...OWN].filter(([name]) => !name.startsWith("optimizer.")),
);
const IMPORTED = "checkpoints/imported.safetensors";
const SYNTHETIC = "--dataset synthetic --limit 6 --val-size 2".split(" ");

Deno.test("deno task import makes a model that samples and trains on", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "weights"), stateDict(MODEL));
    const args = ["--from", "weights", ...SYNTHETIC];
    const { stdout } = await runWell(folder, "import", args);
    assertMatch(
      stdout,
      /^checkpoints\/imported.safetensors: weights \(VAE, β = 1, 3 latent/,
    );

    const path = join(folder, IMPORTED);
    const imported = await loadCheckpoint(path);
    const own = decodeCheckpoint(untrained());
    assertEquals(imported.state.parameters, own.state.parameters);
    assertEquals(imported.state.running, own.state.running);
    assertEquals(imported.data.digest, null);
    assertEquals([imported.state.step, imported.history], [0, []]);

    await runWell(folder, "sample", [
      ...ENGINE,
      "--checkpoint",
      IMPORTED,
      "--n",
      "1",
    ]);
    const train = [
      ...ENGINE,
      "--resume",
      IMPORTED,
      "--epochs",
      "1",
      "--no-save-plots",
    ];
    const { stderr } = await runWell(folder, "train", train);
    assertMatch(stderr, /epoch 1\/1/);
    const trained = await loadCheckpoint(path);
    assertEquals(trained.history.map(({ epoch, step }) => [epoch, step]), [[
      1,
      1,
    ]]);
    assertEquals(typeof trained.data.digest, "string");
    assert(trained.state.step === 1);
  }));

/**
 * Written by PyTorch 2.13: `torch.save(model.state_dict())` of a model with two
 * latent dimensions that is told of three classes, whose weights are small
 * multiples of 1/256 in a pattern, and what the model made of two images with
 * the pixels 37·i mod 256, of the classes 0 and 2, and of two latents of these.
 */
const CONDITIONAL = gunzipSync(Deno.readFileSync(
  new URL("fixtures/torch-conditional.pth.gz", import.meta.url),
));
const OF_PYTORCH = {
  mu: [-0.37507606, 0.02974226, -0.34257129, 0.03884648],
  logvar: [-0.21974421, -0.05073622, -0.22333965, -0.06407446],
  /** Each 97th pixel. */
  image: [
    ...[0.05632624, 0.05244657, 0.06492213, 0.04384517, 0.03893593],
    ...[0.05516399, 0.03653583, 0.05029146, 0.04321006, 0.05786634],
    ...[0.04857908, 0.059797, 0.03435849, 0.05466702, 0.04298592],
    ...[0.03833661, 0.04516649, 0.04348159],
  ],
};

Deno.test("deno task import makes a conditional model of PyTorch's", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "w.pth"), CONDITIONAL);
    const { stdout } = await runWell(folder, "import", [
      ..."--from w.pth --classes cat,fish,house --json".split(" "),
    ]);
    const classes = ["cat", "fish", "house"];
    assertEquals(JSON.parse(stdout).classes, classes);
    const imported = await loadCheckpoint(join(folder, IMPORTED));
    assertEquals(imported.options.classCount, 3);
    assertEquals(imported.data.classes, classes);

    const images = Uint8Array.from({ length: 2 * 784 }, (_, i) => 37 * i);
    const z = Float32Array.of(0.5, -1, -0.25, 2);
    const [first, second] = await Promise.all(
      [0, 2].map((label) =>
        engineOutputs(modelOfClass(imported, label), images, z)
      ),
    );
    for (const name of ["mu", "logvar", "image"] as const) {
      const half = first[name].length / 2;
      const both = Float32Array.of(
        ...first[name].subarray(0, half),
        ...second[name].subarray(half),
      );
      const found = name === "image"
        ? both.filter((_, i) => i % 784 % 97 === 0)
        : both;
      const expected = Float32Array.from(OF_PYTORCH[name]);
      assertLess(relativeError(found, expected), 1e-5, name);
    }
  }));

Deno.test("an imported model of other classes than MNIST's is of pictures", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "w.pth"), CONDITIONAL);
    const { stdout } = await runWell(folder, "import", [
      ..."--from w.pth --classes cat,fish,house".split(" "),
    ]);
    assertMatch(stdout, /3 classes, 2\s+latent dimensions, imported\)/);
    const local = ["--checkpoint", IMPORTED];
    await runWell(folder, "export", local);
    const html = await Deno.readTextFile(join(folder, "explorer.html"));
    assertMatch(html, /<title>A latent space of pictures<\/title>/);
    assertMatch(html, /"kl":null/);
    const said = (name: string) => {
      const at = html.indexOf(`data-text="${name}"`);
      return html.slice(at, html.indexOf("data-text", at + 1));
    };
    assertMatch(said("sliders.help"), /each is not known/);
    assertMatch(said("map.help"), /has no dots/);
  }));

Deno.test("tasks say how a checkpoint is made of weights alone", () =>
  inFolder(async (folder) => {
    const weights = encodeWeights(decodeCheckpoint(untrained()));
    await Deno.writeFile(join(folder, "w.safetensors"), weights);
    await refuses(
      /weights alone.*: make one of it with `deno task import --from w\.safetensors`$/m,
      folder,
      "sample",
      ["--checkpoint", "w.safetensors"],
    );
  }));

Deno.test("deno task import takes back what export wrote, classes and all", () =>
  inFolder(async (folder) => {
    const model = randomModel(2, "bce", ["<b>", "fish"]);
    const weights = encodeWeights(model);
    await Deno.writeFile(join(folder, "w"), weights);
    await runWell(folder, "import", ["--from", "w"]);
    const imported = await loadCheckpoint(join(folder, IMPORTED));
    assertEquals(imported.data.classes, ["<b>", "fish"]);
    assertEquals(encodeWeights(imported), weights);
  }));

Deno.test("deno task import says what it assumes of a model", () =>
  inFolder(async (folder) => {
    const numbered = new Map(
      [...MODEL].map(([name, tensor]) => [
        name.replace("fc_mu", "fc21").replace("fc_logvar", "fc22"),
        tensor,
      ]),
    );
    await Deno.writeFile(join(folder, "w.pth"), stateDict(numbered));
    const { stdout } = await runWell(folder, "import", ["--from", "w.pth"]);
    const words = stdout.replaceAll(/\s+/g, " ");
    assertStringIncludes(
      words,
      "training can only begin with it: it has no state of an optimiser",
    );
    assertStringIncludes(
      words,
      "assumed: a ReLU between each convolution and its batch norm, of eps 1e-5; " +
        "likelihood mse; β = 1; no further ReLU, 28×28 pixels from 0 to 1, and " +
        "features in the order channel, row, column, of which its batch norms " +
        "show too little; fc21 gives μ and fc22 log σ²",
    );
    const logvar = OWN.get("fc_logvar.bias")!;
    const data = new Float32Array(3).fill(-5);
    numbered.set("fc21.bias", { ...logvar, data } as Tensor);
    await Deno.writeFile(join(folder, "w.pth"), stateDict(numbered));
    await refuses(
      /seem to stand in the other order: drawn digits come out better/,
      folder,
      "import",
      ["--from", "w.pth"],
    );
  }));

Deno.test("deno task import takes back the β that export wrote", () =>
  inFolder(async (folder) => {
    const model = randomModel(2, "mse");
    const options = { ...model.options, beta: 4 };
    await Deno.writeFile(
      join(folder, "w"),
      encodeWeights({ ...model, options }),
    );
    const { stdout } = await runWell(folder, "import", [
      ...["--from", "w", "--json"],
    ]);
    const { beta, assumed, fresh } = JSON.parse(stdout);
    assertEquals([beta, assumed], [4, []]);
    assertEquals(fresh, "it has no state of an optimiser");
  }));

Deno.test("deno task import refuses names that are not those of the classes", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "w.pth"), CONDITIONAL);
    const named = (
      classes: string,
    ) => ["--from", "w.pth", "--classes", classes];
    await refuses(
      /w\.pth is told of 3 classes, and --classes names 2$/m,
      folder,
      "import",
      named("cat,fish"),
    );
    await refuses(
      /^error: cannot name classes by cat,fish,cat: two classes are called cat$/m,
      folder,
      "import",
      named("cat,fish,cat"),
    );
  }));

Deno.test("deno task import names the classes of a model as those of its images", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "w.pth"), CONDITIONAL);
    const pixels = new Uint8Array(3 * 28 * 28);
    const png = encodePng({ width: 28, height: 28, pixels });
    const addClass = async (name: string) => {
      await Deno.mkdir(join(folder, "own", name), { recursive: true });
      await Deno.writeFile(join(folder, "own", name, "1.png"), png);
    };
    for (const name of ["cat", "fish", "house"]) await addClass(name);
    const args = ["--from", "w.pth", "--images", "own"];
    const { stdout } = await runWell(folder, "import", args);
    assertMatch(stdout, /^classes, as own has them: 0 cat, 1 fish, 2 house$/m);
    const { data } = await loadCheckpoint(join(folder, IMPORTED));
    assertEquals(data.classes, ["cat", "fish", "house"]);
    await addClass("dog");
    await refuses(
      /own has other classes than its 3: 0 cat, 1 dog, 2 fish, 3 house$/m,
      folder,
      "import",
      args,
    );
  }));

Deno.test("deno task import measures and reconstructs with any images", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "w.pth"), stateDict(MODEL));
    await runWell(folder, "import", ["--from", "w.pth", ...SYNTHETIC]);
    const model = [...ENGINE, "--checkpoint", IMPORTED];
    const [{ stdout }] = await Promise.all([
      runWell(folder, "evaluate", [...model, "--samples", "1", "--json"]),
      runWell(folder, "reconstruct", [...model, "--n", "2"]),
    ]);
    assert(JSON.parse(stdout).reconstruction.mean > 0);
  }));

Deno.test("deno task import keeps what a file says of its model", () =>
  inFolder(async (folder) => {
    const { metadata } = parseSafetensors(untrained());
    const options = JSON.stringify({
      latentDim: 3,
      likelihood: "bce",
      autoencoder: true,
    });
    await Deno.writeFile(
      join(folder, "w"),
      writeSafetensors(MODEL, { options }),
    );
    await Deno.writeFile(join(folder, "c"), writeSafetensors(OWN, metadata));
    await Deno.writeFile(join(folder, "plain"), writeSafetensors(MODEL, {}));
    const run = async (...args: string[]) => {
      const { stdout } = await runWell(folder, "import", [...args, "--json"]);
      const { latentDim, likelihood, autoencoder, beta } = JSON.parse(stdout);
      return [latentDim, likelihood, autoencoder, beta];
    };
    assertEquals(await run("--from", "w"), [3, "bce", true, 1]);
    assertEquals(await run("--from", "c"), [3, "mse", false, 1]);
    assertEquals(
      await run("--from", "plain", "--likelihood", "bce", "--beta", "4"),
      [3, "bce", false, 4],
    );
  }));

Deno.test("deno task import refuses with one line and leaves the old file", () =>
  inFolder(async (folder) => {
    const nan = new Map(MODEL);
    nan.set("fc_mu.bias", {
      dtype: "F32",
      shape: [3],
      data: Float32Array.of(0, NaN, 0),
    });
    const halves = new Map(MODEL);
    halves.delete("fc_mu.weight");
    const bad: [RegExp, Uint8Array][] = [
      [
        /it holds an object of os\.system, no dict/,
        pth(pickle(name("os", "system"), tuple(text("true")), "R")),
      ],
      [
        /a pickle that torch\.save did not write/,
        pickle("}"),
      ],
      [
        /neither a \.pth file of torch\.save nor a safetensors/,
        bytesOf("hello"),
      ],
      [/do not fit this model: .*0 μ layers/, stateDict(halves)],
      [/fc_mu\.bias is NaN at element 1/, stateDict(nan)],
    ];
    await Deno.mkdir(join(folder, "checkpoints"));
    await Deno.writeTextFile(join(folder, IMPORTED), "the old one");
    for (const [message, bytes] of bad) {
      await Deno.writeFile(join(folder, "w.pth"), bytes);
      await refuses(message, folder, "import", ["--from", "w.pth"]);
    }
    await refuses(
      /cannot import none: there is no such file/,
      folder,
      "import",
      ["--from", "none"],
    );
    await refuses(/cannot import checkpoints: not a file/, folder, "import", [
      "--from",
      "checkpoints",
    ]);
  }));

Deno.test("deno task import does not read a file that is too large", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "w"), new Uint8Array());
    await Deno.truncate(join(folder, "w"), 2 ** 28 + 1);
    const { code, stderr } = await runTask(folder, "import", ["--from", "w"]);
    assertEquals(code, 1);
    assertMatch(stderr, /^error: .*its 268435457 bytes are more than.*\n$/);
  }));

Deno.test("deno task import needs --from", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await runTask(folder, "import", []);
    assertEquals(code, 2);
    assertMatch(stderr, /^error: --from FILE is needed/);
  }));
