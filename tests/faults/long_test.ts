/** Long runs: what must not grow does not, and 20 resumptions leave no trace. */
import { assert, assertEquals, assertLess } from "@std/assert";
import * as tf from "../../lib/engine/tfjs/tf.ts";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
// @ts-types="../../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { loadCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { useTfBackend } from "../../lib/engine/tfjs/backend.ts";
import { modelSpec } from "../../lib/model/spec.ts";
import { inFolder } from "../folder.ts";
import { train } from "./long_run.ts";
import { runWell } from "../process.ts";
import { webgpuIsMissing } from "../webgpu.ts";

/** One arena kept from each epoch would be as much. */
const MOST_BYTES_PER_EPOCH = 4 * modelSpec(3).parameterCount;

const mean = (values: readonly number[]) =>
  values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("trainLoop() needs no more memory after 200 epochs", async () => {
  // In a process of its own, without the garbage of other tests.
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--v8-flags=--expose-gc",
      fileURLToPath(new URL("long_run.ts", import.meta.url)),
      "200",
    ],
  }).output();
  const { rss, seconds }: Record<string, number[]> = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  assertEquals(rss.length, 200);
  const grown = mean(rss.slice(150)) - mean(rss.slice(50, 100));
  console.log(
    `${(grown / 100 / 1024).toFixed(1)} KB an epoch; epochs 50–100 took ` +
      `${(1000 * mean(seconds.slice(50, 100))).toFixed(1)} ms each, 150–200 ` +
      `${(1000 * mean(seconds.slice(150))).toFixed(1)} ms`,
  );
  assertLess(grown / 100, MOST_BYTES_PER_EPOCH);
});

for (const tfBackend of ["cpu", "webgpu"] as const) {
  Deno.test({
    name: `trainLoop() leaves no tensor behind (tfjs on ${tfBackend})`,
    ignore: tfBackend === "webgpu" && webgpuIsMissing,
    sanitizeResources: tfBackend !== "webgpu",
    sanitizeOps: tfBackend !== "webgpu",
    async fn() {
      await useTfBackend(tfBackend);
      const before = tf.memory().numTensors;
      const counts: number[] = [];
      const epochs = tfBackend === "cpu" ? 5 : 20;
      await train({ engine: "tfjs", tfBackend }, epochs, 1, async (event) => {
        await event.checkpoint();
        counts.push(tf.memory().numTensors);
      });
      assertEquals(counts, Array(epochs).fill(counts[0]));
      assert(counts[0] > before);
      assertEquals(tf.memory().numTensors, before);
    },
  });
}

const COMMON = [
  ..."--dataset synthetic --limit 8 --val-size 4 --batch-size 4".split(" "),
  ..."--latent-dim 3 --engine wasm --no-save-plots".split(" "),
];

Deno.test("train records 200 epochs, and curves draws them", () =>
  inFolder(async (folder) => {
    const path = join(folder, "vae.st");
    await runWell(folder, "train", [
      ...COMMON,
      ..."--epochs 200 --checkpoint vae.st --checkpoint-every 50".split(" "),
    ]);
    const { history, state } = await loadCheckpoint(path);
    const numbers = Array.from({ length: 200 }, (_, i) => i + 1);
    assertEquals(history.map(({ epoch }) => epoch), numbers);
    assertEquals(history.map(({ step }) => step), numbers.map((n) => 2 * n));
    assertEquals(state.step, 400);
    for (const { train, validation, klPerDimension } of history) {
      const losses = [train, validation!].flatMap((l) => Object.values(l));
      assert([...losses, ...klPerDimension].every(Number.isFinite));
    }
    assertLess(history[199].train.total, history[0].train.total);

    const args = ["--checkpoint", "vae.st", "--out", "curves.png"];
    await runWell(folder, "curves", args);
    const bytes = await Deno.readFile(join(folder, "curves.png"));
    const { width, height } = PNG.sync.read(Buffer.from(bytes));
    assertEquals([width, height], [1020, 855]);
  }));

Deno.test("train --resume 20 times over gives the uninterrupted run's bytes", () =>
  inFolder(async (folder) => {
    const whole = [..."--epochs 21 --checkpoint whole.st".split(" ")];
    await runWell(folder, "train", [...COMMON, ...whole]);
    const first = [..."--epochs 1 --checkpoint parts.st".split(" ")];
    await runWell(folder, "train", [...COMMON, ...first]);
    for (let epochs = 2; epochs <= 21; epochs++) {
      const resume = `--resume parts.st --epochs ${epochs} --engine wasm`;
      await runWell(folder, "train", [
        ...resume.split(" "),
        "--no-save-plots",
        // Any number of threads gives the same bits.
        ...["--threads", String(1 + epochs % 3)],
      ]);
    }
    assertEquals(
      await Deno.readFile(join(folder, "parts.st")),
      await Deno.readFile(join(folder, "whole.st")),
    );
  }));
