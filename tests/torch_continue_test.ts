/** Runs that PyTorch began: what is read of them, and how they go on. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { loadCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { createEngine } from "../lib/engines.ts";
import { parseSafetensors } from "../lib/formats/safetensors.ts";
import { gunzipIdx, parseIdx } from "../lib/formats/idx.ts";
import { importModel } from "../lib/interop/imported.ts";
import { defaults } from "../lib/options/table.ts";
import { dataOptions } from "../lib/options/run.ts";
import { inFolder } from "./folder.ts";
import { ENGINE, runWell } from "./process.ts";

const fixture = (name: string) =>
  Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** What the usual script of PyTorch 2.13 saved after an epoch of six steps, and its next 50. */
const PTH = gunzipSync(fixture("torch-continued.pth.gz"));
const NEXT = parseSafetensors(fixture("torch-continued.safetensors")).tensors;

const imported = importModel(PTH, {});

Deno.test("importModel() reads Adam's state, options and epochs", () => {
  const { options, state, epochsBefore, history, fresh, assumed } = imported;
  const { latentDim, beta, batchSize, lr, adamBeta1, adamBeta2 } = options;
  assertEquals(
    { latentDim, beta, batchSize, lr, adamBeta1, adamBeta2 },
    {
      ...{ latentDim: 2, beta: 2, batchSize: 8, lr: 0.003 },
      ...{ adamBeta1: 0.85, adamBeta2: 0.99 },
    },
  );
  assertEquals([state.step, epochsBefore, history, fresh], [
    6,
    1,
    [],
    undefined,
  ]);
  assertEquals(assumed, [
    "a ReLU between each convolution and its batch norm",
    "likelihood mse",
    "1 epoch is done (epoch 1)",
  ]);
  assert(state.expAvgSq.every((square) => square >= 0));
});

Deno.test("a run that PyTorch began has the losses that it has there", async () => {
  const { images } = digits();
  const { options, state } = imported;
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  try {
    await engine.writeState(state);
    engine.setImages(images);
    const order = NEXT.get("order")!.data as Uint8Array;
    const eps = NEXT.get("eps")!.data as Float32Array;
    const losses = NEXT.get("losses")!.data as Float32Array;
    const { batchSize: count, latentDim, beta, lr: learningRate } = options;
    const noise = count * latentDim;
    for (let i = 0; i < losses.length / 3; i++) {
      engine.setOrder(
        Uint32Array.from(order.subarray(i * count, (i + 1) * count)),
      );
      const epsilon = eps.subarray(i * noise, (i + 1) * noise);
      await engine.trainStep(
        { first: 0, count, step: state.step + i, epsilon },
        { beta, capacity: 0, learningRate },
      );
      const sums = await engine.takeLosses();
      const kl = sums.klPerDimension.reduce((a, b) => a + b);
      const found = [sums.reconstruction, kl, sums.total];
      found.forEach((sum, j) => {
        const expected = losses[3 * i + j];
        assertAlmostEquals(sum / count, expected, 1e-3 * expected);
      });
    }
  } finally {
    engine.dispose();
  }
});

function digits(): { images: Uint8Array } {
  const path = new URL("golden/digits-idx3-ubyte.gz", import.meta.url);
  return { images: parseIdx(gunzipIdx(Deno.readFileSync(path))).data };
}

Deno.test("a checkpoint keeps the epochs that were trained elsewhere", () => {
  const { options, state, epochsBefore, history } = imported;
  const checkpoint = {
    ...{ options, state, epochsBefore, history, partial: null },
    data: { name: "x", digest: null, options: defaults(dataOptions) },
  };
  assertEquals(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
});

Deno.test("deno task train --resume goes on where PyTorch stopped", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "run.pth"), PTH);
    const { stdout } = await runWell(folder, "import", [
      ..."--from run.pth --dataset synthetic --limit 48 --val-size 0".split(
        " ",
      ),
    ]);
    assert(
      stdout.includes("optimiser state of step 6: deno task train --resume"),
    );
    const path = "checkpoints/imported.safetensors";
    const { stderr } = await runWell(folder, "train", [
      ...ENGINE,
      ...["--resume", path, "--epochs", "3", "--no-save-plots"],
    ]);
    assert(
      stderr.includes(`going on from ${path}, step 6, after epoch 1 of 3`),
    );
    const { history, epochsBefore, state } = await loadCheckpoint(
      join(folder, path),
    );
    assertEquals(epochsBefore, 1);
    assertEquals(history.map(({ epoch, step }) => [epoch, step]), [
      [2, 12],
      [3, 18],
    ]);
    assertEquals(state.step, 18);
  }));
