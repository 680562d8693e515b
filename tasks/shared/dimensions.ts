/**
 * The latent dimensions of a model: their names, how active they are, and on
 * what scale.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { ImageSet, Split } from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import {
  codeScale,
  type LatentScale,
  priorScale,
} from "../../lib/latent/scale.ts";
import { columnMoments } from "../../lib/math/estimate.ts";
import { klDivergences } from "../../lib/metrics/posterior.ts";
import { commandOf, TaskError } from "./cli.ts";
import { say } from "./terminal.ts";
import { openSeenImages } from "./data.ts";

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
export function nameOf(index: number): string {
  return `z${index + 1}`;
}

/**
 * Measures a latent space on the images that the model was not trained on: the
 * test split, or the next best. Where they cannot be had, a VAE's dimensions are
 * ordered by the KL after the last epoch, and a note says what an autoencoder
 * cannot be drawn by.
 *
 * @param dataDir The data set's folder, if it is not where it was.
 */
export async function openLatents(
  engine: Engine,
  checkpoint: Checkpoint,
  dataDir?: string,
): Promise<LatentSpace> {
  const { options, data, history } = checkpoint;
  // What stands in for images that are not there says nothing of the model.
  const dataset = data.options.dataset === "auto"
    ? "mnist"
    : data.options.dataset;
  const run = {
    ...checkpoint,
    data: { ...data, options: { ...data.options, dataset } },
  };
  const isOwn = data.options.images !== null;
  let reason = "";
  for (const split of SPLITS) {
    try {
      const images = await openSeenImages(run, split, dataDir);
      return await measureLatents(engine, checkpoint, images, split);
    } catch (error) {
      // A file of one's own may be gone in many ways, each an error by itself.
      if (!(error instanceof TaskError || isOwn)) throw error;
      reason = (error as Error).message;
    }
  }
  const last = history.at(-1);
  if (options.autoencoder) {
    say(
      `note: ${reason}; without images the scale of the autoencoder's codes ` +
        "is not known, and z is drawn as if it were N(0, I)",
    );
  }
  const kl = options.autoencoder ? undefined : last?.klPerDimension;
  const split = last?.validation ? "validation" : "training";
  return {
    dimensions: sorted(options.latentDim, kl, undefined),
    scale: priorScale(options.latentDim),
    scaleOf: "prior",
    order: kl ? `KL on the ${split} images after the last epoch` : "",
  };
}

const SPLITS: readonly Split[] = ["test", "validation", "train"];

/** Measures a latent space on images that are at hand. */
export async function measureLatents(
  engine: Engine,
  { options: { latentDim, autoencoder } }: Pick<Checkpoint, "options">,
  { images, labels, count }: ImageSet,
  split: Split,
): Promise<LatentSpace> {
  const { mu, logvar } = await engine.encode(images, labels);
  const { variance } = columnMoments(mu, latentDim);
  const kl = autoencoder
    ? undefined
    : klDivergences({ mu, logvar }, latentDim).perDimension
      .map((values) => values.reduce((a, b) => a + b) / count);
  const on = `on ${count.toLocaleString("en")} ${split} images`;
  return {
    dimensions: sorted(latentDim, kl, variance),
    scale: autoencoder ? codeScale(mu, latentDim) : priorScale(latentDim),
    scaleOf: autoencoder ? "codes" : "prior",
    order: autoencoder ? `σ of the codes ${on}` : `KL in nats ${on}`,
  };
}

/** Returns the scale that samples are drawn on; only an autoencoder's is measured. */
export async function openScale(
  engine: Engine,
  checkpoint: Checkpoint,
  dataDir?: string,
): Promise<Pick<LatentSpace, "scale" | "scaleOf">> {
  const { latentDim, autoencoder } = checkpoint.options;
  if (autoencoder) return await openLatents(engine, checkpoint, dataDir);
  return { scale: priorScale(latentDim), scaleOf: "prior" };
}

function sorted(
  latentDim: number,
  kl: readonly number[] | undefined,
  variance: Float64Array | undefined,
): Dimension[] {
  const activity: ArrayLike<number> | undefined = kl ?? variance;
  return Array.from({ length: latentDim }, (_, index) => ({
    index,
    name: nameOf(index),
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
 * @throws {TaskError} If there is only one dimension.
 */
export function twoDimensions(
  { dimensions }: LatentSpace,
): [Dimension, Dimension] {
  const [x, y] = dimensions;
  if (y === undefined) {
    throw new TaskError(
      "this model has one latent dimension, and the picture takes two: " +
        `\`${commandOf("traverse")}\` shows what it has learnt`,
    );
  }
  // A plane that is all there is has its axes in their own order.
  return dimensions.length === 2 && x.index === 1 ? [y, x] : [x, y];
}

/**
 * Writes numbers with their signs and as many decimals, two at most, as one of
 * them needs: `–1.5`, `0` and `+1.0`.
 */
export function signed(values: readonly number[]): string[] {
  const decimals = Math.max(
    ...values.map((value) =>
      String(Number(Math.abs(value).toFixed(2))).split(".")[1]?.length ?? 0
    ),
  );
  return values.map((value) => {
    const digits = Math.abs(value).toFixed(decimals);
    return Number(digits) === 0 ? "0" : (value < 0 ? "–" : "+") + digits;
  });
}
