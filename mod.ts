/**
 * A β-VAE on MNIST for Deno: train, sample and explore a convolutional
 * variational autoencoder, with PyTorch's numbers.
 *
 * @example Train on synthetic digits, save, load and draw new ones
 * ```ts ignore
 * import { encodePng, grid, loadDataset, saveCheckpoint } from "@vae/mnist";
 * import { train, useTfBackend, VAE } from "@vae/mnist";
 *
 * const dataset = await loadDataset({ dataset: "synthetic", limit: 2000 });
 * for await (const event of train({ dataset, epochs: 2, latentDim: 8 })) {
 *   if (event.type === "epoch") console.log(event.record.train);
 *   if (event.type === "end") {
 *     await saveCheckpoint("vae.safetensors", await event.checkpoint());
 *   }
 * }
 *
 * await useTfBackend();
 * const model = await VAE.load("vae.safetensors");
 * const digits = await model.sample(16).data<"float32">();
 * await Deno.writeFile("samples.png", encodePng(grid(digits)));
 * ```
 *
 * @module
 */
export * from "./lib/core.ts";
export { atomicWrite, WriteError } from "./lib/files/atomic_write.ts";
export { DownloadError } from "./lib/files/mirrors.ts";
export type { FetchProgress, TransferOptions } from "./lib/files/transfer.ts";
export { loadCheckpoint, saveCheckpoint } from "./lib/checkpoint/checkpoint.ts";
export type { OnProgress } from "./lib/compression/bits_back.ts";
export { CompressionError } from "./lib/compression/error.ts";
export { ImageCodec } from "./lib/compression/image_codec.ts";
export {
  type FoundImages,
  type FoundSplit,
  loadDataset,
  type LoadOptions,
} from "./lib/dataset/dataset.ts";
export {
  fetchDataset,
  type FetchedFile,
  type FetchOptions,
} from "./lib/dataset/download.ts";
export type {
  Credit,
  Source,
  SourceFile,
  SourceName,
} from "./lib/dataset/mnist.ts";
// From the engine's file, which thus belongs to all that imports this one: the
// computed specifier in `createEngine` is none that `deno cache` can follow.
export { useTfBackend } from "./lib/engine/tfjs/engine.ts";
export {
  type DecodeOptions,
  type EncodeOptions,
  type Forward,
  imageTensor,
  Network,
  type Weights,
} from "./lib/engine/tfjs/network.ts";
export { type LossCurveOptions, lossCurves } from "./lib/image/curves.ts";
export type { Heading } from "./lib/image/heading.ts";
export type { LossPanelOptions } from "./lib/image/loss_panels.ts";
export {
  grid,
  type GridOptions,
  type Images,
  pairGrid,
} from "./lib/image/grid.ts";
export { encodeGif, type Frame } from "./lib/image/gif.ts";
export type { Picture } from "./lib/image/picture.ts";
export { encodePng } from "./lib/image/png.ts";
export {
  rateDistortion,
  type RateDistortionOptions,
  type RatedRun,
} from "./lib/image/rate_distortion.ts";
export { preview, type PreviewOptions } from "./lib/image/preview.ts";
export { scatter, type ScatterOptions } from "./lib/image/scatter.ts";
export {
  drawInterpolations,
  drawReconstructions,
  type InterpolationPictureOptions,
} from "./lib/latent/image_pictures.ts";
export {
  drawManifold,
  drawSamples,
  drawTraversal,
  type LatentPictureOptions,
  type ManifoldPictureOptions,
  type SamplePictureOptions,
  type TraversalPictureOptions,
} from "./lib/latent/latent_pictures.ts";
export type { LatentEngine } from "./lib/latent/space.ts";
export { type Estimate, estimate, type Tick } from "./lib/math/estimate.ts";
export type { KlDecomposition } from "./lib/metrics/decomposition.ts";
export {
  type Classifier,
  featureModel,
  type LinearLayer,
  readClassifier,
} from "./lib/metrics/features.ts";
export {
  encodeImages,
  type Encoding,
  type ImageCodes,
} from "./lib/metrics/image_codes.ts";
export {
  measure,
  type Measurement,
  type Metrics,
} from "./lib/metrics/metrics.ts";
export type { Overlap } from "./lib/metrics/precision_recall.ts";
export {
  measureSamples,
  type SampleMeasurement,
  type SampleMetrics,
  type SampleQuality,
} from "./lib/metrics/sample_quality.ts";
export { watch, type WatchedRun } from "./lib/notebook/watch.ts";
export { VAE } from "./lib/vae.ts";
