import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import {
  type Checkpoint,
  loadCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import type { EpochRecord } from "../lib/model/losses.ts";
import { ENGINE, refuses, runWell, snapshot, TINY } from "./process.ts";
import { inFolder } from "./folder.ts";

const CHECKPOINT = "checkpoints/vae.safetensors";

const load = (folder: string): Promise<Checkpoint> =>
  loadCheckpoint(join(folder, CHECKPOINT));

/** The texts in a PNG file, as its chunks hold them. */
function pngTexts(bytes: Uint8Array): Record<string, string> {
  const texts: Record<string, string> = {};
  const file = Buffer.from(bytes);
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const type = file.toString("latin1", at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + file.readUInt32BE(at));
    const end = data.indexOf(0);
    const encoding = type === "iTXt" ? "utf8" : "latin1";
    if (!/^(tE|iT)Xt$/.test(type)) continue;
    texts[data.toString("latin1", 0, end)] = data
      .toString(encoding, end + (type === "iTXt" ? 5 : 1));
  }
  return texts;
}

Deno.test("train writes a checkpoint and pictures that sample and reconstruct go on from", () =>
  inFolder(async (folder) => {
    const { stdout, stderr } = await runWell(
      folder,
      "train",
      [...TINY, "--save-plots", "--json", "--beta", "4"],
    );
    assertMatch(stdout, /^\{.*\}\n$/);
    const { engine, seconds, test, history, ...rest } = JSON.parse(stdout);
    const pictures = ["loss-curves", "reconstructions", "samples"]
      .map((name) => `plots/${name}.png`);
    assertEquals(rest, {
      checkpoint: CHECKPOINT,
      pictures,
      dataset: "synthetic",
      epochs: 1,
      steps: 1,
      reason: "epochs",
    });
    assertStringIncludes(stderr, ` 4 images, with ${engine}\n`);
    assertGreater(seconds, 0);
    assertAlmostEquals(test.total, test.reconstruction + 4 * test.kl, 1e-6);
    const checkpoint = await load(folder);
    assertEquals(checkpoint.history, history);
    assertEquals(checkpoint.data.name, "synthetic");
    assertEquals(checkpoint.options.beta, 4);

    const files = await snapshot(folder);
    assertEquals([...files.keys()], [CHECKPOINT, ...pictures]);
    for (const path of pictures) {
      const bytes = files.get(path)!;
      const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
      assertEquals(data.length, 4 * width * height);
      assertGreater(new Set(data).size, 8, `${path} shows something`);
      const texts = pngTexts(bytes);
      assertEquals(texts["Data set"], "synthetic");
      assertMatch(texts.Description, /β = 4, 3 latent dimensions, synthetic/);
    }

    await sampleAndReconstruct(folder);
  }));

async function sampleAndReconstruct(folder: string): Promise<void> {
  const sample = async (...args: string[]): Promise<Uint8Array> => {
    const { stdout, stderr } = await runWell(
      folder,
      "sample",
      [...ENGINE, "-n", "4", "--out", "new/a.png", ...args],
    );
    assertEquals(stderr, "");
    assertMatch(
      stdout,
      /^new\/a\.png: 4 samples \(VAE, β = 4, 3 latent d.*\n$/,
    );
    return await Deno.readFile(join(folder, "new/a.png"));
  };
  // After one step of training, only far latents show in the pixels.
  const far = ["--temperature", "100"];
  const first = await sample("--seed", "7", ...far);
  assertEquals(await sample("--seed", "7", ...far), first);
  assertNotEquals(await sample("--seed", "8", ...far), first);
  const cold = await sample("--seed", "7", "--temperature", "0");
  assertEquals(await sample("--seed", "8", "--temperature", "0"), cold);
  assertNotEquals(cold, first);
  const [a, ...others] = tiles(cold, 4);
  for (const other of others) assertEquals(other, a);
  assertNotEquals(tiles(first, 4)[1], tiles(first, 4)[0]);
  assertEquals(pngTexts(first)["Data set"], "synthetic");

  for (const split of ["validation", "test"]) {
    const { stdout, stderr } = await runWell(
      folder,
      "reconstruct",
      [...ENGINE, "-n", "3", "--split", split, "--json"],
    );
    assertEquals(stderr, "");
    const n = split === "validation" ? 2 : 3;
    assertEquals(JSON.parse(stdout), { out: "reconstructions.png", n, split });
  }
  const bytes = await Deno.readFile(join(folder, "reconstructions.png"));
  PNG.sync.read(Buffer.from(bytes));
  assertMatch(pngTexts(bytes).Title, /reconstructions.*: test images$/);
}

/** The documented layout of a grid, in pixels. */
const MARGIN = 16, GAP = 4;

/** The pixels of each of a grid's tiles, at the task's scale of 2. */
function tiles(bytes: Uint8Array, count: number): number[][] {
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
  // Four digits make a square of two by two, below the heading.
  const columns = Math.ceil(Math.sqrt(count));
  const size = 2 * 28;
  const first = height - MARGIN - columns * size - (columns - 1) * GAP;
  assertGreater(first, MARGIN);
  return Array.from({ length: count }, (_, i) => {
    const left = MARGIN + (i % columns) * (size + GAP);
    const top = first + Math.floor(i / columns) * (size + GAP);
    return Array.from({ length: size * size }, (_, p) => {
      const [x, y] = [left + p % size, top + Math.floor(p / size)];
      return data[4 * (y * width + x)];
    });
  });
}

Deno.test("train --resume goes on as if it had never stopped", () =>
  inFolder(async (folder) => {
    // Two steps an epoch, the second with a batch that is not full.
    const run = (...args: string[]) =>
      runWell(folder, "train", [
        ...TINY,
        ...["--limit", "3", "--batch-size", "2", "--val-size", "1"],
        ...["--beta-schedule", "linear", "--warmup-epochs", "2"],
        ...args,
      ]);
    await Promise.all([
      run("--epochs", "4", "--checkpoint", "whole.st"),
      run("--epochs", "2", "--checkpoint", "half.st"),
    ]);
    const half = await Deno.readFile(join(folder, "half.st"));
    // Only what is said anew differs from the run that is resumed.
    const resume = ["--resume", "half.st", "--epochs", "4", "--no-save-plots"];
    await runWell(folder, "train", [...ENGINE, ...resume]);
    const files = await snapshot(folder);
    assertEquals([...files.keys()], ["half.st", "whole.st"]);
    assertNotEquals(half, files.get("whole.st"));
    assertEquals(files.get("half.st"), files.get("whole.st"));
  }));

/** Trains with two steps an epoch; the checkpoint, and what `--json` says. */
async function trained(
  ...args: string[]
): Promise<{ checkpoint: Checkpoint; history: EpochRecord[]; reason: string }> {
  let result;
  await inFolder(async (folder) => {
    const small = ["--limit", "2", "--batch-size", "1", "--val-size", "1"];
    const { stdout } = await runWell(
      folder,
      "train",
      [...TINY, ...small, ...args, "--json"],
    );
    result = { ...JSON.parse(stdout), checkpoint: await load(folder) };
  });
  return result!;
}

Deno.test("train --beta-schedule moves beta as it says", async () => {
  const warmup = ["--beta", "4", "--epochs", "3", "--warmup-epochs", "1"];
  const [linear, cyclical] = await Promise.all([
    trained(...warmup, "--beta-schedule", "linear"),
    trained(...warmup, "--beta-schedule", "cyclical"),
  ]);
  // The last step of epoch e begins at e − ½ epochs; a cycle is two of them.
  assertEquals(linear.history.map(({ beta }) => beta), [2, 4, 4]);
  assertEquals(cyclical.history.map(({ beta }) => beta), [2, 4, 2]);
  assertEquals(linear.checkpoint.options.betaSchedule, "linear");
  for (const { beta, validation } of cyclical.history) {
    const { total, reconstruction, kl } = validation!;
    assertAlmostEquals(total, reconstruction + beta * kl, 1e-6 * total);
  }
});

Deno.test("train --capacity holds the KL to a rising target", async () => {
  const { history, checkpoint } = await trained(
    ...["--capacity", "50", "--beta", "10", "--warmup-epochs", "2"],
    ...["--epochs", "2"],
  );
  assertEquals(history.map(({ capacity }) => capacity), [12.5, 37.5]);
  assertEquals(checkpoint.options.capacity, 50);
  for (const { capacity, validation } of history) {
    const { total, reconstruction, kl } = validation!;
    const wanted = reconstruction + 10 * Math.abs(kl - capacity);
    assertAlmostEquals(total, wanted, 1e-6 * total);
  }
});

Deno.test("train --autoencoder has no KL", async () => {
  const { history: [record], checkpoint } = await trained("--autoencoder");
  assertEquals(checkpoint.options.autoencoder, true);
  assertEquals(record.klPerDimension, [0, 0, 0]);
  for (
    const { total, reconstruction, kl } of [record.train, record.validation!]
  ) {
    assertEquals(kl, 0);
    assertEquals(total, reconstruction);
  }
});

Deno.test("train --likelihood bce counts nats", async () => {
  const { history: [record], checkpoint } = await trained(
    "--likelihood",
    "bce",
  );
  assertEquals(checkpoint.options.likelihood, "bce");
  // Logits near zero cost ln 2 a pixel, and a new model's are.
  const { reconstruction } = record.train;
  assertLess(Math.abs(Math.log(reconstruction / (784 * Math.LN2))), 0.3);
});

/** Options for steps of a millisecond, some of them changed, and no pictures. */
function quick(changes: Record<string, string | number> = {}): string[] {
  const options = {
    ...{ engine: "wasm", threads: 1, dataset: "synthetic", limit: 8 },
    ...{ "batch-size": 4, "val-size": 4, "latent-dim": 2, epochs: 2 },
    ...changes,
  };
  const words = Object.entries(options)
    .flatMap(([name, value]) => [`--${name}`, String(value)]);
  return [...words, "--no-save-plots"];
}

Deno.test("train --resume of a run that is over says so, and writes nothing", () =>
  inFolder(async (folder) => {
    const train = (...args: string[]) => runWell(folder, "train", args);
    await train(...quick());
    const before = await snapshot(folder);
    const resume = ["--resume", CHECKPOINT];
    const { stdout, stderr } = await train(...resume);
    assertEquals(stderr, "already at 2 of 2; --epochs 4 trains 2 more\n");
    assertEquals(stdout, `checkpoint ${CHECKPOINT}\n`);
    const fewer = await train(...resume, "--epochs", "1", "--json");
    assertEquals(
      fewer.stderr,
      "already at 2, past --epochs 1; --epochs 4 trains 2 more\n",
    );
    const { epochs, steps, pictures, reason } = JSON.parse(fewer.stdout);
    assertEquals([epochs, steps, pictures, reason], [2, 4, [], "epochs"]);
    assertEquals(await snapshot(folder), before);
    // The pictures of such a run are drawn where they are asked for.
    await train(...resume, "--save-plots", "--engine", "wasm");
    const after = await snapshot(folder);
    assertEquals(after.size, 4);
    assertEquals(after.get(CHECKPOINT), before.get(CHECKPOINT));
  }));

Deno.test("train --epochs 0.5 ends within an epoch, and goes on from there", () =>
  inFolder(async (folder) => {
    const train = (...args: string[]) => runWell(folder, "train", args);
    const half = await train(...quick({ epochs: 0.5 }), "--json");
    assertMatch(half.stderr, /^epoch 0\.5\/0\.5 {2}train {7}total /m);
    const { epochs, steps, history } = JSON.parse(half.stdout);
    assertEquals([epochs, steps, history[0].epoch], [0.5, 1, 0.5]);
    const resume = ["--resume", CHECKPOINT];
    const over = await train(...resume);
    assertEquals(
      over.stderr,
      "already at 0.5 of 0.5; --epochs 1 trains 0.5 more\n",
    );
    const how = ["--engine", "wasm", "--threads", "1", "--no-save-plots"];
    const { stderr } = await train(...resume, ...how, "--epochs", "2.5");
    assertMatch(stderr, /, step 1, after epoch 0\.5 of 2\.5$/m);
    for (const epoch of ["  1", "  2", "2.5"]) {
      assertStringIncludes(stderr, `\nepoch ${epoch}/2.5  train `);
    }
    const resumed = await snapshot(folder);
    await train(...quick({ epochs: 2.5, checkpoint: "whole.st" }));
    assertEquals(
      await Deno.readFile(join(folder, "whole.st")),
      resumed.get(CHECKPOINT),
    );
    const fewer = await train(...resume, "--epochs", "2");
    assertEquals(
      fewer.stderr,
      "already at 2.5, past --epochs 2; --epochs 5 trains 2.5 more\n",
    );
  }));

Deno.test("train --resume says what it does, and takes a recipe", () =>
  inFolder(async (folder) => {
    const train = (...args: string[]) => runWell(folder, "train", args);
    await train(...quick({ epochs: 1, "batch-size": 32, seed: 3 }));
    const resume = ["--resume", CHECKPOINT, "--recipe", "fast"];
    const how = ["--engine", "wasm", "--threads", "1", "--no-save-plots"];
    const { stderr } = await train(...resume, ...how, "--epochs", "2");
    assertStringIncludes(
      stderr,
      `\ngoing on from ${CHECKPOINT}, step 1, after epoch 1 of 2\n` +
        "from here with --lr 0.048, before with 0.001\n" +
        "from here with --lr-schedule linear, before with constant\n",
    );
    const { options, history } = await load(folder);
    assertEquals([options.lr, options.epochs, options.seed], [0.048, 2, 3]);
    assertEquals(history.length, 2);
    await train(...quick({ epochs: 1, checkpoint: "other.st" }));
    await refuses(
      /--recipe best with --batch-size 64 does not fit other\.st, which was trained with 4/,
      folder,
      "train",
      ["--resume", "other.st", "--recipe", "best"],
    );
  }));

Deno.test("train --fine-tune begins with a checkpoint's weights, on other images", () =>
  inFolder(async (folder) => {
    await runWell(folder, "train", quick({ beta: 3 }));
    const before = await snapshot(folder);
    const first = ["--fine-tune", CHECKPOINT];
    const { stderr } = await runWell(folder, "train", [
      ...first,
      ...["--checkpoint", "new.st", "--epochs", "1", "--no-save-plots"],
      ...["--dataset", "synthetic", "--limit", "6", "--val-size", "3"],
      ...["--engine", "wasm", "--threads", "1"],
    ]);
    assertStringIncludes(
      stderr,
      `\nbeginning with the weights of ${CHECKPOINT} (VAE, β = 3, 2 latent`,
    );
    const { options, history, state, data } = await loadCheckpoint(
      join(folder, "new.st"),
    );
    assertEquals([options.latentDim, options.beta], [2, 3]);
    assertEquals([history.length, state.step, data.options.limit], [1, 1, 6]);
    const after = await snapshot(folder);
    assertEquals(after.get(CHECKPOINT), before.get(CHECKPOINT));
    await refuses(
      /cannot write checkpoints\/vae\.safetensors: .* is read here/,
      folder,
      "train",
      first,
    );
    await refuses(
      /--latent-dim 3 does not fit checkpoints\/vae\.safetensors, which was trained with 2/,
      folder,
      "train",
      [...first, "--checkpoint", "other.st", "--latent-dim", "3"],
    );
    await refuses(
      /trained on synthetic with --limit 8, and these are other images: synthetic with --limit 6/,
      folder,
      "train",
      ["--resume", CHECKPOINT, "--limit", "6"],
    );
  }));

Deno.test("train says how β and the capacity rise, and what it does not reach", async () => {
  const said = async (changes: Record<string, string | number>) => {
    let lines: string[] = [];
    await inFolder(async (folder) => {
      const { stderr } = await runWell(folder, "train", quick(changes));
      lines = stderr.split("\n").filter((line) => / rises |^note/.test(line));
    });
    return lines;
  };
  const linear = { beta: 4, "beta-schedule": "linear" };
  const [fast, short, cycles, none] = await Promise.all([
    said({ ...linear, epochs: 3 }),
    said({ ...linear, epochs: 3, capacity: 20, "warmup-epochs": 5 }),
    said({ beta: 4, "beta-schedule": "cyclical" }),
    said({}),
  ]);
  assertEquals(fast, ["β rises to 4 over the first 1.5 epochs"]);
  assertEquals(short, [
    "β rises to 4 over the first 5 epochs",
    "the capacity rises to 20 nats over 5 epochs",
    "note: the run ends with β at 2.4 of 4 and the capacity at 12 of 20: " +
    "more --epochs or fewer --warmup-epochs reach it",
  ]);
  assertEquals(cycles, [
    "β rises to 4 over 0.25 epochs, rests for as long and starts again",
  ]);
  assertEquals(none, []);
});

Deno.test("train refuses held-out images that it would have to do without", () =>
  inFolder(async (folder) => {
    const options = ["--dataset", "synthetic", "--limit", "4"];
    await refuses(
      /--val-size 31000 is more than half of the training images of synthetic/,
      folder,
      "train",
      [...options, "--val-size", "31000"],
    );
    await refuses(
      /--patience compares validation losses, .*choose a larger --val-size/,
      folder,
      "train",
      [...options, "--val-size", "0", "--patience", "2"],
    );
  }));

Deno.test("train does not take too few steps for posterior collapse", () =>
  inFolder(async (folder) => {
    // At such a β, no dimension has any KL, after few steps or many.
    const collapsed = { beta: 1000, epochs: 1 };
    const few = await runWell(folder, "train", quick(collapsed));
    assertEquals(few.stderr.match(/collapse/g), null);
    const { klPerDimension } = (await load(folder)).history.at(-1)!;
    assertLess(Math.max(...klPerDimension), 0.01);
    const many = await runWell(
      folder,
      "train",
      quick({ ...collapsed, epochs: 8, limit: 500, checkpoint: "many.st" }),
    );
    const [before, after] = many.stderr.split("note: 2 of 2 latent dimensions");
    assertEquals(before.match(/^epoch/mg)?.length, 8);
    assertStringIncludes(after, "(posterior collapse)");
  }));

Deno.test("train --patience leaves no best epoch in the file when it ends", () =>
  inFolder(async (folder) => {
    const run = { limit: 60, "val-size": 30, "batch-size": 20 };
    await runWell(folder, "train", quick({ ...run, patience: 9 }));
    // The last epoch is the best, and the file had it twice until the end.
    const { best, trained, history } = await load(folder);
    assertEquals([best, trained, history.length], [undefined, undefined, 2]);
    const { options, ...whole } = await load(folder);
    await runWell(folder, "train", quick({ ...run, checkpoint: "plain.st" }));
    const plain = await loadCheckpoint(join(folder, "plain.st"));
    assertEquals(whole.state, plain.state);
    assertEquals(options.patience, 9);
  }));

Deno.test("train --patience stops, and keeps the best epoch", async () => {
  const { history, checkpoint, reason } = await trained(
    ...["--patience", "1", "--epochs", "20", "--lr", "0.05"],
  );
  assertEquals(reason, "patience");
  const totals = history.map(({ validation }) => validation!.total);
  const best = totals.indexOf(Math.min(...totals));
  assertEquals(history.length, best + 2);
  assertEquals(checkpoint.history, history.slice(0, best + 1));
  assertEquals(checkpoint.state.step, 2 * (best + 1));
});
