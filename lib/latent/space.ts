/**
 * A latent space: the names of its dimensions, how active they are, and on what
 * scale.
 *
 * @module
 */
import type { ImageSet } from "../dataset/split.ts";
import type { Engine } from "../engine/engine.ts";
import { columnMoments } from "../math/estimate.ts";
import { klDivergences } from "../metrics/posterior.ts";
import { codeScale, type LatentScale, priorScale } from "./scale.ts";

/** What of an engine a latent space is measured and drawn with. */
export type LatentEngine = Pick<Engine, "options" | "encode" | "decode">;

/**
 * Refuses a `VAE`, which encodes and decodes tensors.
 *
 * @throws {TypeError} If it is none of the engines.
 */
export function checkLatentEngine(engine: LatentEngine): void {
  if (engine?.options && !("setWeights" in engine)) return;
  throw new TypeError(
    "pictures are drawn by an engine, not by a VAE: take " +
      "createEngine(checkpoint.options), and writeState(checkpoint.state)",
  );
}

/** A latent dimension and what it carries. */
export interface Dimension {
  /** Counted from 0. */
  readonly index: number;
  /** `z1` for index 0. */
  readonly name: string;
  /** Its KL in nats; null if it has none, or it is not known. */
  readonly kl: number | null;
  /** The variance of μ; null if it is not known. */
  readonly variance: number | null;
}

/** What is known of a latent space. */
export interface LatentSpace {
  /** The most active first: by KL, in an autoencoder by the codes' variance. */
  readonly dimensions: readonly Dimension[];
  /** The prior's; an autoencoder's is that of its codes. */
  readonly scale: LatentScale;
  /** What the scale is of. */
  readonly scaleOf: "prior" | "codes";
  /** What the order is by, and on which images; empty if it is by number. */
  readonly order: string;
}

/** Names a dimension, which is counted from 0. */
export function dimensionName(index: number): string {
  return `z${index + 1}`;
}

/**
 * Measures a latent space on images.
 *
 * @param of What the images are, in the plural.
 */
export async function measureLatents(
  engine: LatentEngine,
  { images, labels, count }: ImageSet,
  of = "images",
): Promise<LatentSpace> {
  const { latentDim, autoencoder } = engine.options;
  const { mu, logvar } = await engine.encode(images, labels);
  const { variance } = columnMoments(mu, latentDim);
  const kl = autoencoder
    ? undefined
    : klDivergences({ mu, logvar }, latentDim).perDimension
      .map((values) => values.reduce((a, b) => a + b) / count);
  const on = `on ${count.toLocaleString("en")} ${of}`;
  return {
    dimensions: byActivity(latentDim, kl, variance),
    scale: autoencoder ? codeScale(mu, latentDim) : priorScale(latentDim),
    scaleOf: autoencoder ? "codes" : "prior",
    order: autoencoder ? `σ of the codes ${on}` : `KL in nats ${on}`,
  };
}

/**
 * Returns what is known of a latent space without images: it is drawn on the
 * scale of the prior.
 *
 * @param kl That of each dimension in nats, if it is known.
 * @param order What the dimensions are then ordered by.
 */
export function unmeasuredLatents(
  latentDim: number,
  kl?: readonly number[],
  order = "",
): LatentSpace {
  return {
    dimensions: byActivity(latentDim, kl, undefined),
    scale: priorScale(latentDim),
    scaleOf: "prior",
    order,
  };
}

/** Puts the most active dimensions first; by number, if nothing is known. */
function byActivity(
  latentDim: number,
  kl: readonly number[] | undefined,
  variance: Float64Array | undefined,
): Dimension[] {
  const activity: ArrayLike<number> | undefined = kl ?? variance;
  return Array.from({ length: latentDim }, (_, index) => ({
    index,
    name: dimensionName(index),
    kl: kl?.[index] ?? null,
    variance: variance?.[index] ?? null,
  })).sort((a, b) =>
    activity ? activity[b.index] - activity[a.index] : a.index - b.index
  );
}

/** Says what a dimension carries: `KL 1.50`, or of an autoencoder `σ 3.61`. */
export function activityOf({ kl, variance }: Dimension): string {
  if (kl !== null) return `KL ${kl.toFixed(2)}`;
  return variance === null ? "" : `σ ${Math.sqrt(variance).toFixed(2)}`;
}

/** Names an axis: `μ of z7 (KL 1.06 nats)`, or of an autoencoder `z7 (σ 3.61)`. */
export function axisName(dimension: Dimension): string {
  const activity = activityOf(dimension);
  const isVae = dimension.kl !== null;
  return (isVae ? "μ of " : "") + dimension.name +
    (activity && ` (${activity}${isVae ? " nats" : ""})`);
}

/**
 * Chooses the two dimensions to draw a plane along: the most active ones, or the only.
 *
 * @throws {RangeError} If there is only one dimension.
 */
export function twoDimensions(
  { dimensions }: LatentSpace,
): [Dimension, Dimension] {
  const [x, y] = dimensions;
  if (y === undefined) {
    throw new RangeError(
      "this model has one latent dimension, and the picture takes two",
    );
  }
  // A plane that is all there is has its axes in their own order.
  return dimensions.length === 2 && x.index === 1 ? [y, x] : [x, y];
}
