/**
 * The part of the engine suite about the draws of z in a training step, the
 * gradient of the KL term, and Adam's options.
 */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import {
  type Hyper,
  type KlGradient,
  noiseRows,
} from "../lib/engine/engine.ts";
import { relativeError } from "../lib/engine_check.ts";
import type { TrainState } from "../lib/model/init.ts";
import { arenaIndices, modelSpec } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import {
  digits,
  type EngineTest,
  firstStep,
  gradientError,
  hyper,
  plain,
  train,
} from "./engine_steps.ts";

/** Registers the tests for one engine. */
export function testDraws(test: EngineTest): void {
  for (const draws of [1, 3]) {
    test(`trainStep() draws ε from the seed and the step (${draws} draws)`, async (make) => {
      const key = streamKey(plain.seed, "epsilon");
      const numbers = 2 * noiseRows(draws) * plain.latentDim;
      const epsilon = fillNormal(new Float32Array(numbers), key, 9);
      const states: TrainState[] = [];
      for (const noise of [undefined, epsilon]) {
        const batch = { step: 9, epsilon: noise };
        states.push(await firstStep(await make({ draws }), digits(2), batch));
      }
      assertLess(relativeError(states[0].expAvg, states[1].expAvg), 1e-5);
    });
  }

  for (const [draws, klGradient] of [[2, "analytic"], [3, "stl"]] as const) {
    test(`trainStep() takes ${draws} draws as so many images (${klGradient})`, async (make) => {
      // The norms see the same values, so nothing but rounding differs, and
      // the running variances of the encoder, which are divided by n − 1.
      const [count, { latentDim }] = [2, plain];
      const images = digits(count);
      const pairs = noiseRows(draws);
      const epsilon = fillNormal(
        new Float32Array(count * pairs * latentDim),
        [5, 6],
        0,
      );
      const row = <T extends Uint8Array | Float32Array>(of: T, i: number) =>
        of.subarray(i * of.length / count, (i + 1) * of.length / count);
      const copies: number[] = [], noise: number[] = [];
      for (let i = 0; i < count; i++) {
        for (let draw = 0; draw < draws; draw++) {
          copies.push(...row(images, i));
          const first = Math.floor(draw / 2) * latentDim;
          const sign = draw % 2 === 0 ? 1 : -1;
          for (
            const e of row(epsilon, i).subarray(first, first + latentDim)
          ) {
            noise.push(sign * e);
          }
        }
      }
      const model = { klGradient, likelihood: "bce" } as const;
      const several = await make({ ...model, draws });
      const byDraws = await firstStep(several, images, { epsilon });
      const single = await make({ ...model, batchSize: count * draws });
      const byImages = await firstStep(single, Uint8Array.from(copies), {
        epsilon: Float32Array.from(noise),
      });
      for (const tensor of modelSpec(latentDim).parameters) {
        // A bias before a norm may have no gradient but rounding.
        if (tensor.name.endsWith("bias")) continue;
        const error = gradientError(tensor, byDraws, byImages);
        assertLess(error, 1e-4, `gradient of ${tensor.name}`);
      }
      const [sums, more] = [
        await several.takeLosses(),
        await single.takeLosses(),
      ];
      assertEquals(sums.images, count);
      const kl = more.klPerDimension.map((kl) => kl / draws);
      assertLess(relativeError(sums.klPerDimension, kl), 1e-5);
      for (const loss of ["reconstruction", "total"] as const) {
        assertAlmostEquals(sums[loss] * draws / more[loss], 1, 1e-5, loss);
      }
    });
  }

  test("trainStep() sticks the landing (stl)", async (make) => {
    // In a pair the noise leaves the gradient of μ; that of log σ² becomes
    // ½·β·ε²·(σ² − 1), which is the analytic one with a β of ε² = ¼ as much.
    const count = 2;
    const epsilon = Float32Array.from(
      { length: count * plain.latentDim },
      (_, i) => i % 4 === 0 ? -0.5 : 0.5,
    );
    const step = async (klGradient: KlGradient, knobs: Partial<Hyper>) => {
      const engine = await make({ draws: 2, klGradient });
      const all = { ...hyper, ...knobs };
      const state = await firstStep(engine, digits(count), { epsilon }, all);
      return { state, losses: await engine.takeLosses() };
    };
    const analytic = await step("analytic", { beta: 0.5 });
    const quarter = await step("analytic", { beta: 0.5 / 4 });
    // The KL is above this capacity, though log q(z|x) − log p(z) is below.
    const kl = analytic.losses.klPerDimension.reduce((a, b) => a + b) / count;
    const stl = await step("stl", { beta: 0.5, capacity: 0.999 * kl });
    for (const tensor of modelSpec(plain.latentDim).parameters) {
      const { name } = tensor;
      if (name.startsWith("encoder")) continue;
      const expected = name.startsWith("fc_logvar") ? quarter : analytic;
      const error = gradientError(tensor, stl.state, expected.state);
      assertLess(error, 1e-4, `gradient of ${name}`);
    }
    for (const loss of ["reconstruction", "klPerDimension"] as const) {
      const [ours, theirs] = [stl, analytic].map(({ losses }) =>
        typeof losses[loss] === "number" ? [losses[loss]] : losses[loss]
      );
      assertLess(relativeError(ours, theirs), 1e-6, loss);
    }
  });

  test("trainStep() moves the heads by headsLrFactor", async (make) => {
    const states: TrainState[] = [];
    for (const headsLrFactor of [1, 0]) {
      states.push(await firstStep(await make({ headsLrFactor }), digits(4)));
    }
    const [{ parameters: moved }, { parameters }] = states;
    const initial = await (await make()).readState();
    for (const tensor of modelSpec(plain.latentDim).parameters) {
      const expected = /^fc_(mu|logvar)/.test(tensor.name)
        ? initial.parameters
        : moved;
      const indices = arenaIndices(tensor);
      assertEquals(
        Array.from(indices, (at) => parameters[at]),
        Array.from(indices, (at) => expected[at]),
        tensor.name,
      );
    }
  });

  test("trainStep() forgets at once with decays of 0", async (make) => {
    const engine = await make({ adamBeta1: 0, adamBeta2: 0 });
    await train(engine, digits(8), 1);
    const before = await engine.readState();
    await train(engine, digits(8), 1, 1);
    const { expAvg, expAvgSq, parameters } = await engine.readState();
    assertLess(relativeError(expAvgSq, expAvg.map((g) => g * g)), 1e-6);
    const steps = expAvg.map((g) =>
      hyper.learningRate * g / (Math.abs(g) + 1e-8)
    );
    parameters.forEach((p, i) =>
      assertAlmostEquals(before.parameters[i] - p, steps[i], 1e-6)
    );
  });
}
