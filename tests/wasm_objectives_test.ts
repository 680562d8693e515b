/** What the wasm engine minimises, held against plain loops and against itself. */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { drawPixels } from "../lib/dataset/binarize.ts";
import type { EngineOptions } from "../lib/engine/engine.ts";
import { relativeError } from "../lib/engine_check.ts";
import { IMAGE_PIXELS, modelSpec } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { digits, hyper, inOrder, plain } from "./engine_suite.ts";
import { Bench, engineOf } from "./wasm.ts";

/** Two steps of a model, from the initial weights. */
async function train(
  options: Partial<EngineOptions> & { threads: number },
  images: Uint8Array,
) {
  const count = images.length / IMAGE_PIXELS;
  const engine = await engineOf({ ...options, batchSize: count });
  engine.setImages(images);
  engine.setOrder(inOrder(count));
  for (const step of [0, 1]) {
    engine.trainStep({ first: 0, count, step }, hyper);
  }
  const losses = await engine.takeLosses();
  const state = await engine.readState();
  engine.dispose();
  return { losses, state };
}

const MODELS: readonly Partial<EngineOptions>[] = [
  { likelihood: "bce", binarize: "dynamic" },
  { freeBits: 0.1, draws: 3, klGradient: "stl" },
  { objective: "iwae", importanceSamples: 3, likelihood: "bce" },
  { objective: "btc", tcWeight: 6 },
];

for (const options of MODELS) {
  Deno.test(`WasmEngine has the same bits on any number of threads (${Object.values(options)})`, async () => {
    for (const count of [1, 5, 33]) {
      const results: unknown[] = [];
      for (const threads of [1, 2, 3]) {
        const model = { ...options, threads, latentDim: 5 };
        results.push(await train(model, digits(count)));
      }
      for (const result of results) assertEquals(result, results[0]);
    }
  });
}

Deno.test("the kernel gatherDrawn draws the pixels of drawPixels()", () => {
  // Each byte many times: rows of one image, and of a batch.
  const bytes = Uint8Array.from(
    { length: 20 * IMAGE_PIXELS },
    (_, i) => i % 257 % 256,
  );
  const [pixelKey0, pixelKey1] = streamKey(2 ** 40 + 3, "binarize");
  const bench = new Bench();
  const [from, to] = [bench.claim(bytes.length / 4), bench.claim(bytes.length)];
  new Uint8Array(bench.threads.memory.buffer, from).set(bytes);
  bench.run(
    20,
    [{
      kernel: "gatherDrawn",
      to,
      toRow: 4 * IMAGE_PIXELS,
      columns: IMAGE_PIXELS,
    }],
    [],
    { bytes: from, counter: 4e9, pixelKey0, pixelKey1 },
  );
  const expected = bytes.slice();
  drawPixels(expected, [pixelKey0, pixelKey1], 4e9);
  const drawn = bench.get(to, bytes.length);
  assertEquals(Uint8Array.from(drawn, (x) => 255 * x), expected);
});

/**
 * Σ_i log Σ_j Π_d q(z_id | j) − Σ_d log Σ_j q(z_id | j), of z = μ + σ·ε, in double
 * precision. `heads` are μ and log σ² of each image.
 */
function totalCorrelation(
  heads: ArrayLike<number>,
  epsilon: ArrayLike<number>,
  latentDim: number,
): number {
  const images = epsilon.length / latentDim;
  const logSum = (logs: number[]) => {
    const top = Math.max(...logs);
    return top + Math.log(logs.reduce((sum, x) => sum + Math.exp(x - top), 0));
  };
  let total = 0;
  for (let i = 0; i < images; i++) {
    const joint = new Array<number>(images).fill(0);
    for (let d = 0; d < latentDim; d++) {
      const own = 2 * i * latentDim + d;
      const z = heads[own] +
        Math.exp(heads[own + latentDim] / 2) * epsilon[i * latentDim + d];
      const logs = joint.map((_, j) => {
        const at = 2 * j * latentDim + d;
        const [mean, logvar] = [heads[at], heads[at + latentDim]];
        return -0.5 * (logvar + (z - mean) ** 2 / Math.exp(logvar));
      });
      logs.forEach((log, j) => joint[j] += log);
      total -= logSum(logs);
    }
    total += logSum(joint);
  }
  return total;
}

for (const [images, latentDim] of [[1, 2], [6, 1], [11, 3], [16, 5]]) {
  Deno.test(`the kernels of the total correlation agree with plain loops (${images} images, latent ${latentDim})`, () => {
    const numbers = fillNormal(
      new Float32Array(3 * images * latentDim),
      [1, 2],
      0,
    );
    const epsilon = numbers.slice(0, images * latentDim);
    // Some posteriors are wide and some are narrow, and far from the others.
    const heads = numbers.slice(images * latentDim).map((x, i) =>
      Math.floor(i / latentDim) % 2 ? 2 * x - 1 : x
    );
    const z = epsilon.map((e, i) => {
      const at = i + Math.floor(i / latentDim) * latentDim;
      return heads[at] + Math.exp(heads[at + latentDim] / 2) * e;
    });
    const bench = new Bench(), columns = 16, row = 4 * latentDim;
    const tables = bench.claim(columns * (5 * latentDim + 1));
    const slopes = bench.claim(images * latentDim);
    const to = bench.claim(2 * images * latentDim);
    const partial = bench.claim(2 * Math.ceil(images / 8));
    const job = { latent: latentDim, tcExcess: images };
    const fields = { extra: tables, columns };
    bench.run(
      images,
      [{
        kernel: "densities",
        ...fields,
        ...{ from: bench.put(heads), fromRow: 2 * row },
        ...{ other: bench.put(z), otherRow: row },
      }],
      [],
      job,
    );
    bench.run(
      images,
      [{
        kernel: "totalCorrelation",
        ...fields,
        ...{ to: slopes, toRow: row, partial, partialShard: 8 },
      }],
      [],
      job,
    );
    bench.run(
      images,
      [{
        kernel: "totalCorrelationBackward",
        ...fields,
        ...{ other: slopes, otherRow: row, to, toRow: 2 * row },
      }],
      [],
      job,
    );

    const { buffer } = bench.threads.memory;
    const total = new Float64Array(buffer, partial, Math.ceil(images / 8))
      .reduce((a, b) => a + b);
    const expected = totalCorrelation(heads, epsilon, latentDim);
    assertAlmostEquals(total, expected, 1e-5 * images);
    const gradient = Array.from(heads, (_, i) => {
      const at = (by: number) =>
        totalCorrelation(
          Array.from(heads, (x, k) => k === i ? x + by : x),
          epsilon,
          latentDim,
        );
      return (at(1e-4) - at(-1e-4)) / 2e-4;
    });
    const largest = Math.max(...gradient.map(Math.abs));
    bench.get(to, gradient.length).forEach((x, i) =>
      assertAlmostEquals(x, gradient[i], 1e-5 * Math.max(1, largest))
    );
  });
}

Deno.test("WasmEngine gives like draws like weights, and their squares to z", async () => {
  // All draws of an image are the same, and so is what a norm sees of them.
  const { latentDim } = plain, [count, samples] = [5, 4];
  const epsilon = fillNormal(new Float32Array(count * latentDim), [5, 6], 0);
  const repeated = Float32Array.from(
    { length: samples * epsilon.length },
    (_, i) => {
      const row = Math.floor(i / latentDim / samples);
      return epsilon[row * latentDim + i % latentDim];
    },
  );
  const step = async (options: Partial<EngineOptions>, noise: Float32Array) => {
    const engine = await engineOf({ ...options, threads: 2, batchSize: count });
    engine.setImages(digits(count));
    engine.setOrder(inOrder(count));
    engine.trainStep({ first: 0, count, step: 0, epsilon: noise }, hyper);
    const { expAvg } = await engine.readState();
    engine.dispose();
    return expAvg;
  };
  const weighted = await step(
    { objective: "iwae", importanceSamples: samples },
    repeated,
  );
  const alone = await step({ klGradient: "stl" }, epsilon);
  for (const { name, offset, shape } of modelSpec(latentDim).parameterBlocks) {
    // A bias before a norm may have no gradient but rounding.
    if (/(0|3|6).bias$/.test(name) && name !== "decoder.6.bias") continue;
    const isDecoder = /^(fc_decode|decoder)/.test(name);
    const end = offset + shape.reduce((a, b) => a * b);
    const error = relativeError(
      weighted.subarray(offset, end),
      alone.subarray(offset, end).map((g) => isDecoder ? g : g / samples),
    );
    assertLess(error, 1e-4, name);
  }
});
