/** The engine's programs, run by the interpreter and held against the wasm engine. */
import { assertLess } from "@std/assert";
import { synthesize } from "../../lib/dataset/synthetic.ts";
import type { Engine, EngineOptions } from "../../lib/engine/engine.ts";
import { WasmEngine } from "../../lib/engine/wasm/engine.ts";
import { WebGpuEngine } from "../../lib/engine/webgpu/engine.ts";
import {
  HARDWARE,
  SOFTWARE,
  type Tiling,
} from "../../lib/engine/webgpu/tiling.ts";
import { relativeError } from "../../lib/engine_check.ts";
import type { TrainState } from "../../lib/model/init.ts";
import type { LossSums } from "../../lib/model/losses.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import { fillNormal, permutation, streamKey } from "../../lib/rng.ts";

/** A model, a batch, and how the threads share it. */
export interface EngineCase {
  readonly tiling: "HARDWARE" | "SOFTWARE";
  readonly batch: number;
  readonly latentDim: number;
  readonly likelihood?: EngineOptions["likelihood"];
  readonly autoencoder?: boolean;
  readonly draws?: number;
  readonly klGradient?: EngineOptions["klGradient"];
  readonly binarize?: EngineOptions["binarize"];
  readonly objective?: EngineOptions["objective"];
  readonly importanceSamples?: number;
  readonly freeBits?: number;
  /** Classes that the model is told of. */
  readonly classCount?: number;
  /** Images in each buffer, if one is not to hold all. */
  readonly perBuffer?: number;
}

const TILINGS: Record<EngineCase["tiling"], Tiling> = { HARDWARE, SOFTWARE };

/** Pixels drawn black or white, and dimensions whose KL is free. */
const FREE = { binarize: "dynamic", perBuffer: 2, freeBits: 0.01 } as const;

/** The models and batches that are tried, with each tiling. */
export const CASES: readonly EngineCase[] = (["HARDWARE", "SOFTWARE"] as const)
  .flatMap((tiling): EngineCase[] => [
    { tiling, batch: 2, latentDim: 12 },
    { tiling, batch: 3, latentDim: 5, likelihood: "bce" },
    { tiling, batch: 1, latentDim: 1 },
    { tiling, batch: 2, latentDim: 3, autoencoder: true, perBuffer: 2 },
    { tiling, batch: 2, latentDim: 140 }, // more heads than threads
    { tiling, batch: 70, latentDim: 4 }, // with fc_decode in the map
    { tiling, batch: 20, latentDim: 13, likelihood: "bce" },
    // Without the map, and with it.
    { tiling, batch: 1, latentDim: 4, draws: 3 },
    { tiling, batch: 2, latentDim: 1, draws: 2, klGradient: "stl" },
    { ...{ tiling, batch: 3, latentDim: 5, likelihood: "bce" }, ...FREE },
    { tiling, batch: 2, latentDim: 140, objective: "btc" },
    { tiling, batch: 7, latentDim: 3, objective: "btc" },
    { tiling, batch: 1, latentDim: 4, objective: "iwae", importanceSamples: 3 },
    { tiling, batch: 2, latentDim: 2, objective: "iwae", importanceSamples: 2 },
    // Told of classes, twice without the map.
    { tiling, batch: 2, latentDim: 12, classCount: 3 },
    {
      ...{ tiling, batch: 3, latentDim: 140, classCount: 10, perBuffer: 2 },
      objective: "btc",
    },
    { tiling, batch: 20, latentDim: 3, classCount: 5 },
    { tiling, batch: 2, latentDim: 1, classCount: 1, draws: 3 },
    {
      ...{ tiling, batch: 4, latentDim: 1, classCount: 2 },
      ...{ objective: "iwae", importanceSamples: 2 },
    },
  ]);

export function titleOf(of: EngineCase): string {
  const { tiling, batch, latentDim, draws, klGradient, objective } = of;
  return [
    `${tiling}, batch ${batch}, latent ${latentDim}`,
    of.autoencoder ? "autoencoder" : of.likelihood ?? "mse",
    ...draws ? [`${draws} draws`] : [],
    ...klGradient ? [klGradient] : [],
    ...of.binarize ? ["drawn pixels"] : [],
    ...objective ? [objective] : [],
    ...of.freeBits ? ["free nats"] : [],
    ...of.classCount ? [`${of.classCount} classes`] : [],
  ].join(", ");
}

/**
 * Largest relative differences from the wasm engine. A ReLU whose input is within
 * rounding of zero may go either way, which moves a few gradients by more than
 * rounding does.
 */
const TOLERANCE = { outputs: 1e-4, gradients: 1e-2 };

/**
 * Takes a step, evaluates, encodes, decodes and scores on both engines, from the
 * same state.
 *
 * @param seed Of the weights and the order of the images.
 */
export async function compareEngines(
  of: EngineCase,
  seed: number,
): Promise<void> {
  const { tiling, batch, perBuffer, ...model } = of;
  const options = {
    likelihood: "mse",
    autoencoder: false,
    ...model,
    batchSize: batch,
    seed,
  } as const;
  const engines = [
    await WebGpuEngine.create({
      ...options,
      // So few workgroups that each takes several images.
      tiling: { ...TILINGS[tiling], workgroups: Math.ceil(batch / 8) },
      bindingLimit: perBuffer && 16 + perBuffer * (IMAGE_PIXELS + 4),
    }),
    new WasmEngine({ ...options, threads: 1 }),
  ];
  const [gpu, wasm] = engines;
  const check = (
    what: Results,
    expected: Results,
    tolerance: number,
  ) => {
    for (const [name, values] of Object.entries(expected)) {
      const error = relativeError(what[name], values);
      assertLess(error, tolerance, `${name}: ${titleOf(of)}, seed ${seed}`);
    }
  };
  try {
    const [actual, expected] = [
      await train(gpu, of, seed),
      await train(wasm, of, seed),
    ];
    check(actual.outputs, expected.outputs, TOLERANCE.outputs);
    const { state } = expected;
    const parameters = moved(actual.state, state);
    check(
      { ...actual.gradients, parameters },
      { ...expected.gradients, parameters: moved(state, state) },
      TOLERANCE.gradients,
    );
    // Rounding must not make two models of one.
    await gpu.writeState(state);
    check(
      await infer(gpu, of, seed),
      await infer(wasm, of, seed),
      TOLERANCE.outputs,
    );
  } finally {
    for (const engine of engines) engine.dispose();
  }
}

type Results = Record<string, ArrayLike<number>>;

const hyper = { beta: 1.5, capacity: 0.5, learningRate: 1e-3 };

function termsOf(sums: LossSums): number[] {
  return [sums.images, sums.total, sums.reconstruction, ...sums.klPerDimension];
}

/** Classes, in no order; some may have no image. */
function labelsOf({ classCount = 0 }: EngineCase, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => i * i % classCount);
}

/** Takes a step; returns the losses, the gradients and the state. */
async function train(engine: Engine, of: EngineCase, seed: number) {
  const { batch } = of;
  const count = batch + 3;
  engine.setImages(synthesize(count, { seed }).images, labelsOf(of, count));
  engine.setOrder(permutation(count, streamKey(seed, "shuffle"), 1));
  await engine.trainStep({ first: 2, count: batch, step: 4 }, hyper);
  const losses = termsOf(await engine.takeLosses());
  const state = await engine.readState();
  const { running, expAvg, expAvgSq } = state;
  return {
    state,
    outputs: { losses, running } as Results,
    gradients: { expAvg, expAvgSq } as Results,
  };
}

/** Evaluates, encodes, decodes and scores a few images. */
async function infer(
  engine: Engine,
  of: EngineCase,
  seed: number,
): Promise<Results> {
  const { batch, latentDim } = of;
  const count = Math.min(batch + 1, 16);
  const labels = labelsOf(of, count);
  const { images } = synthesize(count, { seed: seed + 1 });
  const z = new Float32Array(count * latentDim);
  fillNormal(z, streamKey(seed, "evaluation"), 1);
  return {
    evaluation: termsOf(await engine.evaluate(images, 7, hyper, labels)),
    ...await engine.encode(images, labels),
    decoded: await engine.decode(z, labels),
    scores: await engine.score(z, images, labels),
  };
}

/**
 * The parameters that moved for a reason: Adam makes steps of the learning rate
 * even of a gradient that is zero but for rounding.
 *
 * @param expAvgSq Tells such gradients from others.
 */
function moved(
  { parameters }: TrainState,
  { expAvgSq }: TrainState,
): Float32Array {
  const largest = expAvgSq.reduce((x, y) => Math.max(x, y), 0);
  return parameters.filter((_, i) => expAvgSq[i] >= 1e-8 * largest);
}
