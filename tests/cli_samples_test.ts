import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { join } from "node:path";
import { saveCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { initialState } from "../lib/model/init.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { defaults } from "../lib/options/table.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import { inFolder } from "./folder.ts";
import { ENGINE, refuses, runWell, untrained } from "./process.ts";

/** Gives `body` a folder with an untrained model of synthetic digits. */
function withModel(
  autoencoder: boolean,
  body: (folder: string) => Promise<void>,
  limit = 70,
): Promise<void> {
  return inFolder(async (folder) => {
    const options = { dataset: "synthetic", limit } as const;
    const { name, digest } = await loadDataset(options);
    await Deno.mkdir(join(folder, "checkpoints"));
    await saveCheckpoint(join(folder, "checkpoints/vae.safetensors"), {
      options: { ...defaults(trainingOptions), latentDim: 3, autoencoder },
      data: { name, digest, options: { ...defaults(dataOptions), ...options } },
      state: initialState(modelSpec(3), 0),
      history: [],
      partial: null,
    });
    await body(folder);
  });
}

Deno.test("sample --sampler gmm draws z from a mixture on μ", () =>
  withModel(false, async (folder) => {
    const sample = async (out: string, ...args: string[]) => {
      const { stdout, stderr } = await runWell(folder, "sample", [
        ...ENGINE,
        ...["-n", "4", "--json", "--out", out, ...args],
      ]);
      assertEquals(stderr, "");
      const { sampler, mixtureParts } = JSON.parse(stdout);
      assertEquals(sampler, args.length ? "gmm" : "prior");
      assertEquals(mixtureParts > 0, args.length > 0);
      return await Deno.readFile(join(folder, out));
    };
    const gmm = ["--sampler", "gmm"];
    const files = [
      await sample("prior.png"),
      await sample("gmm.png", ...gmm),
      await sample("hot.png", ...gmm, "--temperature", "100"),
    ];
    assertEquals(new Set(files.map(String)).size, 3);
    assertEquals(await sample("again.png", ...gmm), files[1]);
    assertMatch(
      new TextDecoder().decode(files[2]),
      /Samples: z from a mixture of \d+ Gaussians? fitted to the μ of the training images at temperature 100/,
    );
  }));

Deno.test("sample --sampler gmm serves an autoencoder, which has codes", () =>
  withModel(true, async (folder) => {
    const gmm = [...ENGINE, "--sampler", "gmm"];
    const { stdout } = await runWell(folder, "sample", gmm);
    assertMatch(stdout, /: 64 samples from a mixture of \d+ Gaussians? \(auto/);
    assertMatch(
      new TextDecoder().decode(
        await Deno.readFile(join(folder, "samples.png")),
      ),
      /fitted to the codes of the training images/,
    );
  }));

Deno.test("sample --sampler gmm refuses other images than the model's", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "checkpoints"));
    const path = join(folder, "checkpoints/vae.safetensors");
    await Deno.writeFile(path, untrained());
    const gmm = [...ENGINE, "--sampler", "gmm"];
    await refuses(/was trained on other images/, folder, "sample", gmm);
  }));

Deno.test("evaluate --generated measures samples beside real images", () =>
  withModel(false, async (folder) => {
    const few = [...ENGINE, "--samples", "1", "--generated"];
    const { stdout } = await runWell(folder, "evaluate", [...few, "65"]);
    assertMatch(stdout, /^Samples\n +Fréchet {2}precision {2}recall /m);
    const numbers = / +(\d+\.\d\d)(?: +\d\.\d{3}){4}$/.source;
    for (
      const name of [
        "from the prior",
        /from \d+ Gaussians? on μ/.source,
        "training images",
        "  blurred, σ = 1 pixel",
      ]
    ) assertMatch(stdout, RegExp(`^ {2}${name}${numbers}`, "m"));
    const json = await runWell(folder, "evaluate", [...few, "65", "--json"]);
    const { generated } = JSON.parse(json.stdout);
    assertEquals(generated.count, 65);
    assertGreater(generated.prior.frechet, generated.real.frechet);
    await refuses(
      /--generated 71: .* of which there are only 70: choose no more/,
      folder,
      "evaluate",
      [...few, "71"],
    );
  }));

Deno.test("evaluate --generated says how many images it needs", () =>
  withModel(false, (folder) =>
    refuses(
      /of which there are only 2: at least 65 are needed/,
      folder,
      "evaluate",
      [...ENGINE, "--generated", "100"],
    ), 2));
