/**
 * What a fused engine's hand-written gradients are held against where PyTorch's
 * golden values do not reach: tfjs's automatic differentiation. A slope along
 * an engine's own gradient cannot see the parts which that gradient lacks.
 */
import { assertEquals, assertLess } from "@std/assert";
import type { Engine, EngineOptions, Hyper } from "../lib/engine/engine.ts";
import { relativeError } from "../lib/engine_check.ts";
import { TfjsEngine } from "../lib/engine/tfjs/engine.ts";
import { arenaIndices, modelSpec } from "../lib/model/spec.ts";
import { digits, inOrder, plain } from "./engine_suite.ts";

/** Models and sizes that no golden file has. */
export type Case =
  & Omit<EngineOptions, "batchSize" | "seed">
  & Pick<Hyper, "capacity">
  & { batch: number; latentDim: number };

/** Those that every fused engine is held against. */
const COMMON: readonly Case[] = [
  { ...plain, draws: 2, klGradient: "stl", capacity: 1, batch: 3 },
  { ...plain, klGradient: "stl", capacity: 1e3, batch: 3, latentDim: 1 },
  {
    ...plain,
    likelihood: "bce",
    objective: "iwae",
    importanceSamples: 2,
    capacity: 0,
    batch: 3,
  },
  // Of the dimensions' KLs, which are 0.1 to 0.7, one is free.
  {
    ...plain,
    draws: 3,
    klGradient: "stl",
    freeBits: 0.2,
    capacity: 0,
    batch: 3,
  },
  {
    ...plain,
    objective: "btc",
    tcWeight: 9,
    capacity: 0,
    batch: 7,
    latentDim: 2,
  },
  // Told of classes, some of which have several images and some none.
  {
    ...plain,
    classCount: 3,
    likelihood: "bce",
    objective: "iwae",
    importanceSamples: 2,
    capacity: 0,
    batch: 3,
  },
  {
    ...plain,
    classCount: 4,
    objective: "btc",
    tcWeight: 9,
    capacity: 0,
    batch: 7,
    latentDim: 2,
  },
  {
    ...plain,
    classCount: 256,
    autoencoder: true,
    capacity: 0,
    batch: 3,
    latentDim: 1,
  },
];

/** What one step of an engine gives. */
async function step(
  create: (options: EngineOptions) => Promise<Engine>,
  { batch, capacity, ...model }: Case,
) {
  const engine = await create({ ...plain, ...model, batchSize: batch });
  try {
    const { classCount = 0 } = model;
    const labels = classCount > 0
      ? Uint8Array.from({ length: batch }, (_, i) => i * i % classCount)
      : null;
    engine.setImages(digits(batch), labels);
    engine.setOrder(inOrder(batch));
    await engine.trainStep(
      { first: 0, count: batch, step: 0 },
      { beta: 0.5, capacity, learningRate: 1e-3 },
    );
    return { sums: await engine.takeLosses(), state: await engine.readState() };
  } finally {
    engine.dispose();
  }
}

/** Registers a test for each case, and for those of every fused engine. */
export function testAgainstAutograd(
  label: string,
  create: (options: EngineOptions) => Promise<Engine>,
  cases: readonly Case[],
  ignore = false,
): void {
  for (const one of [...COMMON, ...cases]) {
    const { likelihood, autoencoder, capacity, batch, latentDim } = one;
    const { draws = 1, klGradient = "analytic", objective = "elbo" } = one;
    const { classCount = 0 } = one;
    const variant = autoencoder
      ? "autoencoder"
      : objective === "elbo"
      ? `capacity ${capacity}, ${draws} × ${klGradient}`
      : objective;
    const told = classCount > 0 ? `, ${classCount} classes` : "";
    Deno.test({
      name: `${label}: trainStep() has the gradients of autograd ` +
        `(${likelihood}, ${variant}, batch ${batch}, latent ${latentDim}${told})`,
      ignore,
      // GPU devices and worker pools outlive a test.
      sanitizeResources: false,
      sanitizeOps: false,
      fn: async () => {
        const expected = await step(
          (options) => TfjsEngine.create(options, "cpu"),
          one,
        );
        const actual = await step(create, one);
        for (const loss of ["reconstruction", "total"] as const) {
          const error = actual.sums[loss] / expected.sums[loss] - 1;
          assertLess(Math.abs(error), 1e-5, loss);
        }
        const kl = expected.sums.klPerDimension;
        if (autoencoder) assertEquals(actual.sums.klPerDimension, kl);
        else assertLess(relativeError(actual.sums.klPerDimension, kl), 1e-4);

        const spec = modelSpec(latentDim, classCount);
        for (const tensor of spec.parameters) {
          // The first moment after one step is (1 − β₁)·gradient.
          const [ours, theirs] = [actual, expected].map(({ state }) =>
            Array.from(arenaIndices(tensor), (at) => state.expAvg[at])
          );
          const what = `gradient of ${tensor.name}`;
          if (theirs.every((g) => g === 0)) assertEquals(ours, theirs, what);
          else assertLess(relativeError(ours, theirs), 1e-4, what);
        }
      },
    });
  }
}
