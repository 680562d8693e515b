/**
 * Files that are written here, in the hands of PyTorch and its kin, and what they
 * write, here. `deno task test:torch` runs it, and nothing else does.
 */
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import {
  type Checkpoint,
  loadCheckpoint,
  saveCheckpoint,
} from "../../lib/checkpoint/checkpoint.ts";
import { encodeWeights } from "../../lib/checkpoint/weights.ts";
import { imageDataset } from "../../lib/dataset/image_dataset.ts";
import { synthesize } from "../../lib/dataset/synthetic.ts";
import { relativeError } from "../../lib/engine_check.ts";
import { createEngine } from "../../lib/engines.ts";
import { onnxModels } from "../../lib/interop/onnx_model.ts";
import { encodePth } from "../../lib/interop/torch_writer.ts";
import type { TrainingOptions } from "../../lib/options/run.ts";
import { fillNormal, streamKey } from "../../lib/rng.ts";
import { train } from "../../lib/train/trainer.ts";
import { inOrder } from "../engine_steps.ts";
import { randomModel } from "../exported.ts";
import { inFolder } from "../folder.ts";
import { runWell } from "../process.ts";
import { bytesOf } from "../pth.ts";
import { ADVICE, ask, missing } from "./python.ts";

/** Runs in a folder of its own, if the Python has these packages, too. */
function test(
  name: string,
  needs: readonly string[],
  run: (folder: string) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: ["torch", ...needs].some((wanted) => missing.includes(wanted)),
    fn: () => inFolder(run),
  });
}

Deno.test("there is a Python with PyTorch and its kin", () => {
  assert(missing.length === 0, ADVICE);
});

const BATCH = 128, STEPS = 50, COUNT = BATCH * STEPS;
const { images, labels } = synthesize(COUNT, { seed: 5 });

/** A run, and whether it is told of classes. */
type Run = Partial<TrainingOptions> & { conditional?: boolean };

/** A run of an epoch. */
async function trained(options: Run): Promise<Checkpoint> {
  const dataset = await imageDataset("mine", images, {
    ...{ labels, valSize: 0, testSize: 0 },
  });
  const events = train({
    ...{ dataset, batchSize: BATCH, epochs: 1, latentDim: 4, ...options },
    engine: { engine: "wasm", threads: 1 },
  });
  for await (const event of events) {
    if (event.type === "end") return await event.checkpoint();
  }
  throw new Error("training has no end");
}

test(
  "torch.load() opens what encodePth() writes, and Adam takes it",
  [],
  async (folder) => {
    const run = await trained({ beta: 4, seed: 2 ** 40 });
    await Deno.writeFile(join(folder, "vae.pth"), encodePth(run));
    const found = await ask<Record<string, unknown>>(folder, "pth", "vae.pth");
    assertEquals(found.history, run.history);
    assertEquals(found.options, run.options);
    assertEquals([found.epoch, found.beta, found.classes], [1, 4, []]);
    assertEquals(found.missing, []);
    assertEquals([found.steps, found.tracked], [[STEPS], STEPS]);
    assertEquals(found.step, ["torch.float32", []]);
    assert(found.fits, "Adam's moments are in another order");
    assert(found.mapped, "the storages are not aligned");
  },
);

test(
  "PyTorch loads exported weights strictly",
  ["safetensors"],
  async (folder) => {
    for (const classes of [undefined, ["cat", "fish", "house"]]) {
      const model = randomModel(3, "bce", classes);
      await Deno.writeFile(join(folder, "vae.pth"), encodePth(model));
      await Deno.writeFile(join(folder, "w.safetensors"), encodeWeights(model));
      const found = await ask(folder, "strict", "vae.pth", "w.safetensors");
      assertEquals(found, { same: true });
    }
  },
);

/** IDX files of the images and their labels, where `go_on.py` looks for it. */
async function writeImages(folder: string): Promise<void> {
  const header = new DataView(new ArrayBuffer(16));
  [0x803, COUNT, 28, 28].forEach((n, i) => header.setUint32(4 * i, n));
  const place = join(folder, "data", "mnist");
  await Deno.mkdir(place, { recursive: true });
  await Deno.writeFile(
    join(place, "train-images-idx3-ubyte"),
    bytesOf(new Uint8Array(header.buffer), images),
  );
  header.setUint32(0, 0x801);
  await Deno.writeFile(
    join(place, "train-labels-idx1-ubyte"),
    bytesOf(new Uint8Array(header.buffer, 0, 8), labels),
  );
}

/** The losses of the next steps here, with the images in order and this noise. */
async function nextLosses(
  { options, state }: Checkpoint,
  noise: Float32Array,
): Promise<number[][]> {
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  try {
    await engine.writeState(state);
    engine.setImages(images, labels);
    engine.setOrder(inOrder(COUNT));
    const { beta, lr: learningRate, latentDim } = options;
    const hyper = { beta, capacity: 0, learningRate };
    const rows = BATCH * latentDim;
    const losses = [];
    for (let i = 0; i < STEPS; i++) {
      const epsilon = noise.subarray(i * rows, (i + 1) * rows);
      const batch = { first: i * BATCH, count: BATCH, step: state.step + i };
      await engine.trainStep({ ...batch, epsilon }, hyper);
      const { reconstruction, klPerDimension } = await engine.takeLosses();
      const kl = klPerDimension.reduce((a, b) => a + b);
      losses.push([reconstruction / BATCH, kl / BATCH]);
    }
    return losses;
  } finally {
    engine.dispose();
  }
}

const RUNS: Run[] = [
  { beta: 4 },
  { conditional: true },
  { likelihood: "bce", headsLrFactor: 0.333, adamBeta2: 0.98 },
];

/** Holds the next steps of a run here to those of `go_on.py` from `vae.pth`. */
async function goesOnAlike(folder: string, run: Checkpoint): Promise<void> {
  const noise = new Float32Array(COUNT * run.options.latentDim);
  fillNormal(noise, streamKey(run.state.step, "epsilon"), 0);
  await Deno.writeFile(join(folder, "noise"), new Uint8Array(noise.buffer));
  const { losses } = await ask<{ losses: number[][] }>(
    folder,
    ...["steps", "noise"],
  );
  const ours = await nextLosses(run, noise);
  assertEquals(losses.length, STEPS);
  // Totals: their parts drift apart ten times as fast, and balance. With bce and
  // a rate of 0.003 PyTorch's own in float32 and float64 differ by 2e-3, too.
  const total = ([reconstruction, kl]: number[]) =>
    reconstruction + run.options.beta * kl;
  losses.forEach((loss, i) =>
    assertLess(
      relativeError([total(ours[i])], [total(loss)]),
      i === 0 ? 1e-5 : 1e-3,
      `total of step ${i}`,
    )
  );
}

for (const options of RUNS) {
  const named = Object.entries(options).map((pair) => pair.join(" "));
  test(
    `PyTorch goes on, and the engine after it: ${named.join(", ")}`,
    [],
    async (folder) => {
      const run = await trained(options);
      await writeImages(folder);
      await Deno.writeFile(join(folder, "vae.pth"), encodePth(run));
      await goesOnAlike(folder, run);
      // What the script has saved comes back, and goes on from there.
      await runWell(folder, "import", [
        ..."--from vae.pth --out back.st".split(" "),
      ]);
      const back = await loadCheckpoint(join(folder, "back.st"));
      assertEquals(back.state.step, 2 * STEPS);
      // Both epochs have their records: that of PyTorch has the KL, too.
      assertEquals(
        back.history.map(({ epoch, step }) => [epoch, step]),
        [[1, STEPS], [2, 2 * STEPS]],
      );
      await goesOnAlike(folder, back);
    },
  );
}

test("go_on.py refuses another objective with one line", [], async (folder) => {
  const model = randomModel(2, "mse");
  const options = { ...model.options, objective: "iwae" as const };
  await Deno.writeFile(
    join(folder, "vae.pth"),
    encodePth({ ...model, options }),
  );
  await Deno.writeFile(join(folder, "noise"), new Uint8Array());
  await assertRejects(
    () => ask(folder, "steps", "noise"),
    Error,
    "go_on.py trains with the ELBO alone, and vae.pth has objective iwae\n",
  );
});

test(
  "ONNX Runtime computes what PyTorch does",
  ["onnxruntime"],
  async (folder) => {
    const model = randomModel(3, "mse");
    await Deno.writeFile(join(folder, "vae.pth"), encodePth(model));
    for (const [name, bytes] of onnxModels(model)) {
      await Deno.writeFile(join(folder, name), bytes);
    }
    const found = await ask<{
      errors: number[];
      producer: string;
      about: string;
      metadata: unknown;
    }>(folder, "onnx", ".");
    for (const error of found.errors) assertLess(error, 1e-5);
    assertEquals(found.producer, config.name);
    assertEquals(
      found.about,
      "Draws 28×28 grey images of 3 latent dimensions each.",
    );
    assertEquals(found.metadata, {
      ...{ latentDim: "3", likelihood: "mse", data: "none" },
    });
  },
);

test("the card's program runs, and the hub reads the card", [
  ...["safetensors", "huggingface_hub"],
], async (folder) => {
  await saveCheckpoint(join(folder, "vae.st"), await trained({}));
  const args = "--format hub --checkpoint vae.st --out-dir hub".split(" ");
  await runWell(folder, "export", args);
  const card = await Deno.readTextFile(join(folder, "hub", "README.md"));
  const [, code] = card.match(/^```python\n([^]*?)^```$/m)!;
  await Deno.writeTextFile(join(folder, "hub", "draw.py"), code);
  const found = await ask<Record<string, unknown>>(folder, "card", "hub");
  assertEquals(found.license, "unknown");
  assertEquals(found.library_name, "pytorch");
  assertEquals((found.values as number[]).length, 3);
  assertEquals(found.drawn, [16, 1, 28, 28]);
});
