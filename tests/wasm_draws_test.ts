/** Training steps of the wasm engine with several draws of z for each image. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
} from "@std/assert";
import { type EngineOptions, noiseRows } from "../lib/engine/engine.ts";
import { usesMap } from "../lib/engine/stages.ts";
import type { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { relativeError } from "../lib/engine_check.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { digits, hyper, inOrder, plain } from "./engine_suite.ts";
import { engineOf } from "./wasm.ts";

/** Trains so many batches, from step `first` on. */
function train(engine: WasmEngine, count: number, steps: number, first = 0) {
  engine.setImages(digits(count));
  engine.setOrder(inOrder(count));
  for (let step = first; step < first + steps; step++) {
    engine.trainStep({ first: 0, count, step }, hyper);
  }
}

Deno.test("WasmEngine draws the same bits on any number of threads", async () => {
  for (const draws of [2, 3]) {
    for (const count of [1, 5, 16, 33]) {
      const results: unknown[] = [];
      for (const threads of [1, 2, 3]) {
        const engine = await engineOf({
          ...{ threads, batchSize: count, latentDim: 5 },
          ...{ draws, klGradient: "stl", headsLrFactor: 0.5 },
        });
        train(engine, count, 2);
        const losses = await engine.takeLosses();
        const evaluation = await engine.evaluate(digits(count), 0, hyper);
        const state = await engine.readState();
        results.push({ losses, evaluation, state });
        engine.dispose();
      }
      for (const result of results) assertEquals(result, results[0]);
    }
  }
});

Deno.test("WasmEngine resumes exactly between steps of several draws", async () => {
  const options = {
    ...{ threads: 2, batchSize: 9, draws: 3, headsLrFactor: 0.3 },
    ...{ klGradient: "stl", adamBeta1: 0.8, adamBeta2: 0.97 } as const,
  };
  const whole = await engineOf(options);
  train(whole, 9, 3);
  const firstPart = await engineOf(options);
  train(firstPart, 9, 2);
  const resumed = await engineOf(options);
  await resumed.writeState(structuredClone(await firstPart.readState()));
  train(resumed, 9, 1, 2);
  assertEquals(await resumed.readState(), await whole.readState());
  for (const engine of [whole, firstPart, resumed]) engine.dispose();
});

Deno.test("WasmEngine draws twice the same with the map and without", async () => {
  for (const [latentDim, few, many] of [[12, 6, 7], [200, 6, 256]]) {
    const step = async (batchSize: number) => {
      assertEquals(usesMap(latentDim, 2 * batchSize), batchSize > few);
      const engine = await engineOf({
        ...{ threads: 2, batchSize, draws: 2, latentDim },
      });
      train(engine, 6, 1);
      const { expAvg } = await engine.readState();
      engine.dispose();
      return expAvg;
    };
    const apart = await step(few), together = await step(many);
    for (
      const { name, offset, shape } of modelSpec(latentDim).parameterBlocks
    ) {
      const end = offset + shape.reduce((a, b) => a * b);
      const error = relativeError(
        together.subarray(offset, end),
        apart.subarray(offset, end),
      );
      assertLess(error, 5e-5, name);
    }
  }
});

/**
 * What a training step of `count` images saw, by way of inference: the running
 * statistics begin at zero, so that they end as a tenth of the batch's, whose
 * variance they hold without its bias. With those a trained model computes what
 * the step did.
 */
async function seenBy(options: Partial<EngineOptions>, count: number) {
  const { latentDim, seed } = plain;
  const { objective } = options;
  const draws = options.importanceSamples ?? options.draws ?? 1;
  const rowsOfNoise = noiseRows(draws, objective);
  const engine = await engineOf({ ...options, threads: 2, batchSize: count });
  const state = await engine.readState();
  await engine.writeState({ ...state, running: state.running.fill(0) });
  const images = digits(count);
  engine.setImages(images);
  engine.setOrder(inOrder(count));
  engine.trainStep({ first: 0, count, step: 4 }, { ...hyper, learningRate: 0 });
  const losses = await engine.takeLosses();
  const after = await engine.readState();

  const { runningBlocks } = modelSpec(latentDim);
  const sizes = new Map([
    ...[["encoder.2", 14], ["encoder.5", 7], ["encoder.8", 4]] as const,
    ...[["decoder.2", 7], ["decoder.5", 14]] as const,
  ]);
  for (const { name, offset, shape: [channels] } of runningBlocks) {
    const [, norm, statistic] = name.match(/(.*)\.running_(.*)/)!;
    const rows = norm.startsWith("decoder") ? draws * count : count;
    const n = rows * sizes.get(norm as "encoder.2")! ** 2;
    const bias = statistic === "var" ? (n - 1) / n : 1;
    for (let i = offset; i < offset + channels; i++) {
      after.running[i] *= 10 * bias;
    }
  }
  await engine.writeState(after);
  const { mu, logvar } = await engine.encode(images);
  const noise = fillNormal(
    new Float32Array(count * rowsOfNoise * latentDim),
    streamKey(seed, "epsilon"),
    4,
  );
  /** ε of an image's draw, and the latent that it makes. */
  const drawOf = (image: number, draw: number, dimension: number) => {
    const isPaired = objective !== "iwae";
    const row = image * rowsOfNoise + (isPaired ? draw >> 1 : draw);
    const sign = isPaired && draw & 1 ? -1 : 1;
    const epsilon = sign * noise[row * latentDim + dimension];
    const at = image * latentDim + dimension;
    return { epsilon, z: mu[at] + Math.exp(logvar[at] / 2) * epsilon };
  };
  const z = Float32Array.from(
    { length: count * draws * latentDim },
    (_, i) => {
      const row = Math.floor(i / latentDim);
      return drawOf(Math.floor(row / draws), row % draws, i % latentDim).z;
    },
  );
  const rows = new Uint8Array(count * draws * 784);
  for (let row = 0; row < count * draws; row++) {
    const image = 784 * Math.floor(row / draws);
    rows.set(images.subarray(image, image + 784), 784 * row);
  }
  const scores = await engine.score(z, rows);
  engine.dispose();
  return { losses, mu, logvar, drawOf, scores, gradient: after.expAvg };
}

for (const likelihood of ["mse", "bce"] as const) {
  for (const [draws, count] of [[1, 5], [2, 11], [3, 13], [4, 1]]) {
    Deno.test(`WasmEngine averages the loss over ${draws} draws of ${count} images (${likelihood})`, async () => {
      const { losses, scores } = await seenBy({ likelihood, draws }, count);
      const sum = scores.reduce((a, b) => a + b) / draws;
      assertAlmostEquals(losses.reconstruction / sum, 1, 1e-5);
    });
  }
}

for (const draws of [1, 2, 3]) {
  Deno.test(`WasmEngine moves the KL's gradient to ${draws} draws`, async () => {
    const count = 7, { latentDim } = plain;
    const analytic = await seenBy({ draws }, count);
    const stl = await seenBy({ draws, klGradient: "stl" }, count);
    assertEquals(stl.losses, analytic.losses);

    // What comes in for μ and ½·(σ² − 1), summed over images: the heads' biases.
    const expected = new Float64Array(2 * latentDim);
    for (let image = 0; image < count; image++) {
      for (let i = 0; i < latentDim; i++) {
        const at = image * latentDim + i;
        const mean = stl.mu[at], sigma = Math.exp(stl.logvar[at] / 2);
        expected[i] -= mean;
        expected[latentDim + i] -= (sigma ** 2 - 1) / 2;
        for (let draw = 0; draw < draws; draw++) {
          const { epsilon, z } = stl.drawOf(image, draw, i);
          const slope = (z - epsilon / sigma) / draws;
          expected[i] += slope;
          expected[latentDim + i] += sigma * epsilon * slope / 2;
        }
      }
    }
    const { offset } = modelSpec(latentDim).parameterBlocks
      .find(({ name }) => name === "heads.bias")!;
    const difference = expected.map((_, i) =>
      10 * count * (stl.gradient[offset + i] - analytic.gradient[offset + i])
    );
    assert(expected.some((x) => Math.abs(x) > 0.1));
    expected.forEach((x, i) => assertAlmostEquals(difference[i], x, 1e-3));
  });
}

for (const [samples, count] of [[1, 3], [3, 7], [8, 5]]) {
  Deno.test(`WasmEngine has the bound of ${samples} weighted draws of ${count} images`, async () => {
    const { latentDim } = plain;
    const { losses, logvar, drawOf, scores } = await seenBy(
      { objective: "iwae", importanceSamples: samples, likelihood: "bce" },
      count,
    );
    let bound = 0, reconstruction = 0;
    for (let image = 0; image < count; image++) {
      const logs = Array.from({ length: samples }, (_, draw) => {
        const score = scores[image * samples + draw];
        reconstruction += score / samples;
        let log = -score;
        for (let i = 0; i < latentDim; i++) {
          const { epsilon, z } = drawOf(image, draw, i);
          log += (epsilon ** 2 + logvar[image * latentDim + i] - z ** 2) / 2;
        }
        return log;
      });
      const top = Math.max(...logs);
      const sum = logs.reduce((sum, log) => sum + Math.exp(log - top), 0);
      bound -= top + Math.log(sum / samples);
    }
    assertAlmostEquals(losses.total / bound, 1, 1e-6);
    assertAlmostEquals(losses.reconstruction / reconstruction, 1, 1e-6);
    // Burda et al. 2016, theorem 1: no draw alone says more than their mean.
    const kl = losses.klPerDimension.reduce((a, b) => a + b);
    assert(samples === 1 || losses.total < losses.reconstruction + kl);
  });
}
