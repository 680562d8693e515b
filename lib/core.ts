/**
 * The whole model without a package or a file system: train, encode, decode and
 * sample on typed arrays, in Deno, in Node and in browsers, on SIMD WebAssembly
 * or WebGPU.
 *
 * @example Train, keep the checkpoint's bytes, and draw new digits
 * ```ts
 * import {
 *   createEngine,
 *   decodeCheckpoint,
 *   encodeCheckpoint,
 *   priorSample,
 *   syntheticDataset,
 *   train,
 * } from "@vae/mnist/core";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = await syntheticDataset({ limit: 256 });
 * let bytes = new Uint8Array();
 * for await (const event of train({ dataset, epochs: 1, latentDim: 4 })) {
 *   if (event.type === "end") bytes = encodeCheckpoint(await event.checkpoint());
 * }
 *
 * const { options, state } = decodeCheckpoint(bytes);
 * const engine = await createEngine(options);
 * await engine.writeState(state);
 * const digits = await engine.decode(priorSample(16, options.latentDim, 0));
 * assertEquals(digits.length, 16 * 784);
 * engine.dispose();
 * ```
 *
 * @module
 */
export { decodeCheckpoint, encodeCheckpoint } from "./checkpoint/codec.ts";
export {
  type BestEpoch,
  type Checkpoint,
  CheckpointError,
  type DataRecord,
  type Metadata,
} from "./checkpoint/metadata.ts";
export { SafetensorsError } from "./formats/safetensors.ts";
export { decodeWeights, encodeWeights } from "./checkpoint/weights.ts";
export type { ImageArrays } from "./dataset/image_arrays.ts";
export {
  imageDataset,
  type ImageDatasetOptions,
} from "./dataset/image_dataset.ts";
export {
  type Dataset,
  type ImageSet,
  type Split,
  syntheticDataset,
} from "./dataset/split.ts";
export { type Binarization, binarize } from "./dataset/binarize.ts";
export { synthesize, type SyntheticOptions } from "./dataset/synthetic.ts";
export type {
  BatchRef,
  Engine,
  EngineName,
  EngineOptions,
  Hyper,
  KlGradient,
  Labels,
  Objective,
  TfBackend,
} from "./engine/engine.ts";
export { type Gpu, GpuError } from "./engine/gpu.ts";
export type { LinearTile, Tile, Tiling } from "./engine/webgpu/tiling.ts";
export { SimdError, WorkerError } from "./engine/wasm/threads.ts";
export { createEngine, type EngineChoice, type GpuMemory } from "./engines.ts";
export type { GpuVerdict } from "./gpu_trial.ts";
export { interpolate, type InterpolationMode } from "./latent/interpolate.ts";
export {
  type GaussianMixture,
  sampleMixture,
} from "./math/gaussian_mixture.ts";
export { chooseMixture, type ChosenMixture } from "./math/mixture_fit.ts";
export type { TrainState } from "./model/init.ts";
export {
  type EpochRecord,
  type Losses,
  type LossSums,
  meanLosses,
  type TrainLosses,
} from "./model/losses.ts";
export { priorSample } from "./model/prior.ts";
export {
  type Block,
  type Likelihood,
  type ModelOptions,
  type ModelSpec,
  modelSpec,
  type TensorSpec,
  type View,
} from "./model/spec.ts";
export {
  type BooleanOption,
  type ChoiceOption,
  type ListOption,
  type NumberOption,
  type Option,
  OptionError,
  type OptionTable,
  type OptionValues,
  type TextOption,
} from "./options/table.ts";
export {
  type DataOptions,
  dataOptions,
  type TrainingOptions,
  trainingOptions,
} from "./options/run.ts";
export {
  fillNormal,
  fillUniform,
  type Key,
  permutation,
  type Stream,
  streamKey,
  streams,
  threefry2x32,
} from "./rng.ts";
export { RunError } from "./train/check.ts";
export { checkpointOf, type TrainedRun } from "./train/checkpoint_of.ts";
export {
  type EndEvent,
  type EpochEvent,
  NonFiniteLossError,
  type ProgressEvent,
  type TrainEvent,
} from "./train/events.ts";
export type { Schedule } from "./train/schedule.ts";
export { train, type TrainSetup } from "./train/trainer.ts";
