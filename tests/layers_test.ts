import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { modelSpec } from "../lib/model/spec.ts";
import {
  layersOf,
  layerTable,
  sumLayers,
} from "../tasks/shared/layer_table.ts";
import { inFolder } from "./folder.ts";
import { runTask, runWell, untrained } from "./process.ts";

/**
 * What PyTorch's modules give and have: hooks on those of
 * `golden/vae_reference.py`, and the numbers of their parameters.
 */
const TORCH: [name: string, output: number[], parameters: number][] = [
  ["encoder.0", [16, 14, 14], 160],
  ["encoder.1", [16, 14, 14], 0],
  ["encoder.2", [16, 14, 14], 32],
  ["encoder.3", [32, 7, 7], 4640],
  ["encoder.4", [32, 7, 7], 0],
  ["encoder.5", [32, 7, 7], 64],
  ["encoder.6", [64, 4, 4], 18496],
  ["encoder.7", [64, 4, 4], 0],
  ["encoder.8", [64, 4, 4], 128],
  ["fc_mu", [12], 12300],
  ["fc_logvar", [12], 12300],
  ["fc_decode", [1024], 13312],
  ["decoder.0", [32, 7, 7], 18464],
  ["decoder.1", [32, 7, 7], 0],
  ["decoder.2", [32, 7, 7], 64],
  ["decoder.3", [16, 14, 14], 4624],
  ["decoder.4", [16, 14, 14], 0],
  ["decoder.5", [16, 14, 14], 32],
  ["decoder.6", [1, 28, 28], 145],
];

/** Of 3 dimensions and 4 classes, where that is another number. */
const TORCH_CONDITIONAL = { fc_mu: 3087, fc_logvar: 3087, fc_decode: 8192 };

Deno.test("layersOf() lists what PyTorch's model has", () => {
  const layers = layersOf(modelSpec(12), false);
  const modules = layers.filter(({ name }) => name !== "image" && name !== "z");
  assertEquals(
    modules.map(({ name, output, parameters }) => [name, output, parameters]),
    TORCH,
  );
  assertEquals(sumLayers(layers).parameters, 84761);
  const told = layersOf(modelSpec(3, 4), false);
  for (const [name, count] of Object.entries(TORCH_CONDITIONAL)) {
    const layer = told.find((layer) => layer.name === name)!;
    assertEquals(layer.parameters, count, name);
  }
  assertEquals(sumLayers(told).parameters, 61215);
});

Deno.test("layersOf() counts the taps that fall on the image", () => {
  const layers = layersOf(modelSpec(12), false);
  /** Multiplies every kernel with every place it lies on, one by one. */
  const taps = (large: number) => {
    let count = 0;
    for (let place = 0; place < large; place += 2) {
      for (let tap = place - 1; tap <= place + 1; tap++) {
        if (tap >= 0 && tap < large) count++;
      }
    }
    return count ** 2;
  };
  const sizes = { 0: [28, 1, 16], 3: [14, 16, 32], 6: [7, 32, 64] };
  for (const [i, [size, from, to]] of Object.entries(sizes)) {
    for (const name of [`encoder.${i}`, `decoder.${6 - Number(i)}`]) {
      const layer = layers.find((layer) => layer.name === name)!;
      assertEquals(layer.multiplyAdds, taps(size) * from * to, name);
    }
  }
  const heads = layers.filter(({ name }) => /^fc_/.test(name));
  assertEquals(heads.map((h) => h.multiplyAdds), Array(3).fill(1024 * 12));
});

Deno.test("layersOf() says what an autoencoder leaves unused", () => {
  const words = (autoencoder: boolean) =>
    layersOf(modelSpec(2), autoencoder).map(({ computes }) => computes);
  assertEquals(
    words(true).filter((text) => !words(false).includes(text)),
    ["Linear 1024 → 2, unused", "μ"],
  );
});

Deno.test("layerTable() takes 80 columns", () => {
  const lines = layerTable(layersOf(modelSpec(512, 256), true)).split("\n");
  assertEquals(lines.filter((line) => line.length > 80), []);
});

Deno.test("layers lists those of a checkpoint, or of the options", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "a.safetensors"), untrained());
    const of = ["--checkpoint", "a.safetensors"];
    const { stdout } = await runWell(folder, "layers", [...of, "--json"]);
    const { layers, ...sums } = JSON.parse(stdout);
    const { latentDim } = sums;
    const expected = layersOf(modelSpec(latentDim), false);
    assertEquals(layers, expected);
    assertEquals(sums, { latentDim, classCount: 0, ...sumLayers(expected) });
    const words = [...of, "--latent-dim", "2"];
    const { code, stderr } = await runTask(folder, "layers", words);
    assertEquals(code, 2);
    assertMatch(stderr, /^error: --latent-dim does not go with --checkpoint, /);
  }));
