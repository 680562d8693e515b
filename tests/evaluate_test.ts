import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { saveCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import type { Metrics } from "../lib/metrics/metrics.ts";
import { initialState } from "../lib/model/init.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { defaults } from "../lib/options/table.ts";
import {
  dataOptions,
  type TrainingOptions,
  trainingOptions,
} from "../lib/options/run.ts";
import { looseNotes } from "../tasks/shared/metrics_table.ts";
import { refuses, runWell, snapshot, startTask, untrained } from "./process.ts";
import { inFolder } from "./folder.ts";
import { signalsAreMissing } from "./platform.ts";

const CHECKPOINT = "checkpoints/vae.safetensors";

const FEW = ["--engine", "wasm", "--samples", "3"];

/** Gives `body` a folder with the checkpoint of an untrained model. */
function withModel(
  options: Partial<TrainingOptions>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const dataset = await loadDataset({ dataset: "synthetic", limit: 40 });
    await Deno.mkdir(join(folder, "checkpoints"));
    await saveCheckpoint(join(folder, CHECKPOINT), {
      options: { ...defaults(trainingOptions), latentDim: 3, ...options },
      data: {
        name: dataset.name,
        digest: dataset.digest,
        options: {
          ...defaults(dataOptions),
          dataset: "synthetic",
          limit: 40,
        },
      },
      state: initialState(modelSpec(3), 0),
      history: [],
      partial: null,
    });
    await body(folder);
  });
}

async function evaluate(
  folder: string,
  args: string[] = [],
): Promise<Metrics & Record<string, unknown>> {
  const { stdout } = await runWell(
    folder,
    "evaluate",
    [...FEW, "--json", ...args],
  );
  assertMatch(stdout, /^\{.*\}\n$/);
  return JSON.parse(stdout);
}

Deno.test("evaluate --json prints one object with these names", () =>
  withModel({ beta: 2 }, async (folder) => {
    const before = await snapshot(folder);
    const found = await evaluate(folder);
    assertEquals(await snapshot(folder), before);
    assertEquals(Object.keys(found), [
      ...["checkpoint", "dataset", "split", "likelihood", "autoencoder"],
      ...["latentDim", "beta", "binarize", "seed", "images", "samples"],
      ...["reconstruction", "reconstructionPerPixel", "kl", "klPerDimension"],
      ...["elbo", "importanceWeighted", "nll", "effectiveSamples"],
      ...["fewEffectiveSamples", "bestVariance", "rateDistortion"],
      ...["klDecomposition", "activeUnits", "activeByKl"],
      ...["aggregatedPosterior", "neighborAccuracy", "probeAccuracy"],
      ...["mutualInformationGap", "squaredError", "squaredErrorPerPixel"],
      ...["pcaSquaredError", "notes"],
    ]);
    assertEquals(
      [found.split, found.images, found.samples, found.beta, found.notes],
      ["test", 40, 3, 2, []],
    );
    // Whatever the number of threads.
    assertEquals(await evaluate(folder, ["--threads", "1"]), found);
  }));

Deno.test("evaluate measures what the engine's own loss is", () =>
  withModel({}, async (folder) => {
    const found = await evaluate(folder, ["--samples", "200"]);
    const { test } = await loadDataset({ dataset: "synthetic", limit: 40 });
    const engine = new WasmEngine({
      latentDim: 3,
      likelihood: "mse",
      autoencoder: false,
      batchSize: 40,
      seed: 0,
      threads: 1,
    });
    const hyper = { beta: 1, capacity: 0, learningRate: 0 };
    const draws = [];
    for (let draw = 0; draw < 200; draw++) {
      draws.push(await engine.evaluate(test!.images, draw, hyper));
    }
    engine.dispose();
    const mean = draws.reduce((sum, d) => sum + d.reconstruction, 0) / 8000;
    const kl = draws[0].klPerDimension.map((sum) => sum / 40);
    // Other draws of z, so the same within what these do to the mean.
    const spread = Math.sqrt(
      draws.reduce((sum, d) => sum + (d.reconstruction / 40 - mean) ** 2, 0) /
        200 / 200,
    );
    assertLess(Math.abs(found.reconstruction.mean - mean), 6 * spread);
    assertLess(spread, 0.01 * mean);
    found.klPerDimension!.forEach((estimate, i) =>
      assertAlmostEquals(estimate.mean, kl[i], 1e-5)
    );
  }));

Deno.test("evaluate prints a table", () =>
  withModel({}, async (folder) => {
    const { stdout, stderr } = await runWell(folder, "evaluate", FEW);
    assertEquals(stderr, "");
    assertMatch(
      stdout,
      /^VAE, β = 1, 3 latent dimensions, synthetic, 0 epochs/,
    );
    for (
      const row of [
        /^ {2}reconstruction +\d+\.\d+ ± \d+\.\d+ +Σ\(x̂ − x\)² over pixels/m,
        /^ {2}ELBO +-\d+\.\d+ ± \d+\.\d+ +Gaussian pixels, σ² = ½[^]*448\.73/m,
        /^ {2}importance-weighted +-.* ± .* +K = 3 draws/m,
        /^ {4}at the best σ² +-\d+.* ± .* σ² = 0\.\d+, the/m,
        /^ {2}effective samples +[123].* of the K: \(Σw\)²/m,
        /^ {2}mutual information +-?\d.* ± .*I\(x; z\), at[^]*3\.69/m,
        /^ {2}total correlation /m,
        /^ {2}dimension-wise KL /m,
        /^ {2}active by variance +[0-3] of 3 .*Var μ > 0\.01/m,
        /^ {2}active by KL +[0-3] of 3 .*KL ≥ 0\.01 nats/m,
        /^ {2}KL by dimension +z[123] [\d.]+ +z[123] [\d.]+ +z[123] [\d.]+$/m,
        /^Bounds on log p\(x\), in nats$/m,
        /^ {2}5 nearest neighbours +\d+.* ± .* % /m,
        /^ {2}squared error of PCA +\d+\.\d+ ± .* 3 principal components /m,
      ]
    ) assertMatch(stdout, row);
  }));

Deno.test("evaluate --binarize is for models of binary pixels", async () => {
  await withModel({}, (folder) =>
    refuses(
      /--binarize static is for models .* --likelihood bce.* with mse/,
      folder,
      "evaluate",
      [...FEW, "--binarize", "static"],
    ));
  await withModel({ likelihood: "bce" }, async (folder) => {
    const gray = await evaluate(folder);
    const fixed = await evaluate(folder, ["--binarize", "static"]);
    const drawn = await evaluate(folder, ["--binarize", "dynamic"]);
    const errors = [gray, fixed, drawn].map((m) => m.squaredError.mean);
    assertEquals(new Set(errors).size, 3);
    assertGreater(errors[1], errors[0]); // black and white are farther off
    assertEquals([gray.binarize, fixed.binarize], ["none", "static"]);
    // The principal components see black and white pixels, too.
    assertGreater(fixed.pcaSquaredError.mean, gray.pcaSquaredError.mean);
  });
});

Deno.test("evaluate draws pixels as those of the training were", () =>
  withModel({ likelihood: "bce", binarize: "dynamic" }, async (folder) => {
    const found = await evaluate(folder);
    assertEquals(found.binarize, "static");
    assertMatch(found.notes.join(), /not Larochelle's/);
    // One fixed draw, whatever the seed of z.
    const other = await evaluate(folder, ["--seed", "7"]);
    assertEquals(other.squaredError, found.squaredError);
    assertNotEquals(other.elbo, found.elbo);
    const { stdout } = await runWell(folder, "evaluate", FEW);
    assertMatch(stdout, /^Bounds on log p\(x\), in nats$/m);
    assertMatch(stdout, /^ {2}ELBO .* {2}black-and-white pixels$/m);
    assertMatch(
      stdout,
      /^note: the black-and-white pixels are [^]*Larochelle's/m,
    );
  }));

Deno.test("evaluate has no likelihoods of an autoencoder to compare", () =>
  withModel(
    { likelihood: "bce", binarize: "static", autoencoder: true },
    async (folder) => {
      const { binarize, elbo, notes } = await evaluate(folder);
      assertEquals([binarize, elbo, notes.length], ["static", null, 1]);
    },
  ));

Deno.test("looseNotes() speak of few effective samples among many draws", () => {
  const notes = (samples: number, mean: number) =>
    looseNotes({ samples, effectiveSamples: { mean, standardError: 0.1 } });
  assertEquals([notes(1000, 10), notes(10, 2)], [[], []]);
  assertEquals(looseNotes({ samples: 1000, effectiveSamples: null }), []);
  assertMatch(
    notes(1000, 4.56)[0],
    /1000 draws of z about 4\.6 count, .*loose/,
  );
});

Deno.test("evaluate has an NLL from 1000 draws on, of the first images alone", () =>
  withModel({ likelihood: "bce", binarize: "static" }, async (folder) => {
    const args = [...FEW, "--samples", "1000", "--limit", "3"];
    const { stdout } = await runWell(folder, "evaluate", args);
    assertMatch(stdout, /^the first 3 test images, mean/m);
    assertMatch(stdout, /^ {2}NLL +\d+.* ± .* −log p\(x\) at most: by/m);
    assertMatch(stdout, /^ {2}effective samples +\d[^]*; below 10/m);
    assertEquals(/^ {2}importance-weighted/m.test(stdout), false);
    const own = await evaluate(folder, ["--split", "train", "--limit", "5"]);
    assertEquals([own.images, own.neighborAccuracy], [5, null]);
  }));

Deno.test("evaluate says what grey pixels under cross-entropy have a bound on", () =>
  withModel({ likelihood: "bce" }, async (folder) => {
    const table = async (...args: string[]) =>
      (await runWell(folder, "evaluate", [...FEW, ...args])).stdout;
    const grey = await table();
    assertMatch(grey, /^Bounds on E log p\(b\), in nats$/m);
    assertMatch(
      grey,
      /^ {2}ELBO .*b: the grey pixels, dynamically\n +binarised; a bound by Jensen$/m,
    );
    const binary = await table("--binarize", "dynamic");
    assertMatch(binary, /^Bounds on log p\(x\), in nats$/m);
  }));

Deno.test("evaluate shows of an autoencoder what it has", () =>
  withModel({ autoencoder: true }, async (folder) => {
    const found = await evaluate(folder);
    assertEquals([found.kl, found.elbo, found.importanceWeighted], [
      null,
      null,
      null,
    ]);
    const { stdout } = await runWell(folder, "evaluate", FEW);
    assertStringIncludes(stdout, "note: an autoencoder has no posterior");
    assertEquals(/ELBO|Bounds|the prior|null|NaN/.test(stdout), false);
    assertEquals(found.activeByKl, null);
  }));

Deno.test("evaluate refuses other images than the model's", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "checkpoints"));
    await Deno.writeFile(join(folder, CHECKPOINT), untrained());
    await refuses(/was trained on other images/, folder, "evaluate", FEW);
  }));

Deno.test(
  "evaluate ends at once on SIGINT",
  { ignore: signalsAreMissing },
  () =>
    withModel({}, async (folder) => {
      const child = startTask(folder, "evaluate", [
        ...["--engine", "wasm", "--samples", "100000"],
      ]);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      child.kill("SIGINT");
      const { code, stdout } = await child.output();
      assertEquals([code, stdout.length], [130, 0]);
    }),
);
