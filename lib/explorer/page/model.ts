/// <reference lib="dom" />
/**
 * A model that can be explored: the engine that runs it, and its points.
 *
 * @module
 */
import { decodeWeights } from "../../checkpoint/weights.ts";
import type { Credit } from "../../dataset/mnist.ts";
import type { Engine } from "../../engine/engine.ts";
import { SimdError } from "../../engine/wasm/threads.ts";
import { createEngine } from "../../engines.ts";
import type { TrainState } from "../../model/init.ts";
import type { ModelOptions } from "../../model/spec.ts";
import { codeScale, type LatentScale, priorScale } from "../../latent/scale.ts";
import type { Embedded } from "../explorer.ts";
import { unpack } from "../packed.ts";
import type { Subject, Summary } from "../texts/about.ts";
import type { Texts } from "../texts/en.ts";
import type { Plan } from "../training_plan.ts";
import { byId } from "./dom.ts";
import { digestOf } from "./link.ts";

/** What is known about a model besides its weights. */
export interface Knowledge {
  /** One line: what the model is, in the page's language where it knows how. */
  readonly description: string | Summary | ((texts: Texts) => string);
  /** KL of each latent dimension in nats, on the test images. */
  readonly kl: readonly number[] | null;
  /** The β that it was trained with, where it is known. */
  readonly beta?: number | null;
  /** [n, latentDim] posterior means. */
  readonly mu: Float32Array;
  readonly labels: Uint8Array | null;
  /** The first of these pictures, [m, 784]. */
  readonly images: Uint8Array;
  /** What they are called. */
  readonly classes?: readonly string[];
  /** What its pictures show; digits are framed as MNIST's are. */
  readonly subject: Subject;
  /** Whether the pictures are synthetic digits. */
  readonly synthetic?: boolean;
  /** Whose images it was trained on, if they are published ones. */
  readonly credit?: Credit;
  /** The run in the page that makes it again, if it came out of one. */
  readonly run?: Plan;
  /** The run that it came out of, as a checkpoint's bytes. */
  readonly checkpoint?: () => Uint8Array<ArrayBuffer>;
}

/** A model that runs. */
export interface Model extends Knowledge {
  readonly engine: Engine;
  readonly options: ModelOptions;
  /** Tells its weights from others'. */
  readonly digest: string;
  /** Classes that it is told of; 0 if of none. */
  readonly classCount: number;
  /** The dimensions, those that tell most first. */
  readonly order: readonly number[];
  /** As far out as sliders and maps go. */
  readonly range: number;
  /** Where samples are drawn: the prior, or how an autoencoder's codes lie. */
  readonly scale: LatentScale;
}

/** The model that the page was made for. */
export async function originalModel(): Promise<Model> {
  const embedded: Embedded = JSON.parse(byId("model").textContent!);
  const { options, state } = decodeWeights(await unpack(embedded.weights, 4));
  const steps = new DataView((await unpack(embedded.mu, 2)).buffer);
  const { description, kl, beta, muStep, labels, classes, subject } = embedded;
  const { synthetic, credit } = embedded;
  return await startModel(options, state, {
    description,
    kl,
    beta,
    mu: Float32Array.from(
      { length: steps.byteLength / 2 },
      (_, i) => steps.getInt16(2 * i, true) * muStep,
    ),
    labels: labels === null ? null : await unpack(labels, 1),
    classes,
    images: await unpack(embedded.images, 1),
    subject,
    synthetic,
    credit,
  });
}

/** Brings a model up. */
export async function startModel(
  options: ModelOptions,
  state: TrainState,
  known: Knowledge,
): Promise<Model> {
  return modelOf(await startEngine(options, state), options, state, known);
}

/** A model whose engine is up. */
export function modelOf(
  engine: Engine,
  options: ModelOptions,
  state: TrainState,
  known: Knowledge,
): Model {
  const { latentDim, classCount = 0 } = options;
  // Nothing keeps an autoencoder's latents to a prior, nor those at β = 0.
  const isFree = options.autoencoder || known.beta === 0;
  const isPlaced = isFree && known.mu.length > 0;
  const scale = isPlaced
    ? codeScale(known.mu, latentDim)
    : priorScale(latentDim);
  // Without either the order is that of their numbers.
  const weight = options.autoencoder ? scale.deviation : known.kl ??
    new Float32Array(latentDim);
  const largest = known.mu.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  const range = isFree ? Math.max(3.5, Math.ceil(largest)) : 3.5;
  const order = Array.from(weight, (_, d) => d)
    .sort((a, b) => weight[b] - weight[a]);
  const digest = digestOf(state.parameters);
  return {
    ...known,
    ...{ engine, options, digest, classCount, order, range, scale },
  };
}

/** Brings an engine up, on one thread: a page's own may not wait for others. */
export async function startEngine(
  options: ModelOptions,
  state: TrainState,
): Promise<Engine> {
  const engine = await createOnCpu(options);
  await engine.writeState(state);
  return engine;
}

async function createOnCpu(options: ModelOptions): Promise<Engine> {
  const engineOptions = { ...options, batchSize: 16, seed: 0 };
  try {
    return await createEngine(engineOptions, {
      engine: "wasm",
      threads: 1,
    });
  } catch (error) {
    if (!(error instanceof SimdError)) throw error;
    return await createEngine(engineOptions, { engine: "webgpu" });
  }
}
