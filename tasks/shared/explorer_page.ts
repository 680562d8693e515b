/**
 * The explorer of a model: its page, with what the page needs of the data set.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { encodeWeights } from "../../lib/checkpoint/weights.ts";
import { DIGITS } from "../../lib/dataset/class_names.ts";
import { creditOf } from "../../lib/dataset/mnist.ts";
import type { ImageSet, Split } from "../../lib/dataset/dataset.ts";
import { synthesize } from "../../lib/dataset/synthetic.ts";
import type { Labels } from "../../lib/engine/engine.ts";
import { createEngine } from "../../lib/engines.ts";
import { betaOf } from "../../lib/explorer/beta.ts";
import { explorerHtml } from "../../lib/explorer/explorer.ts";
import { subjectOf } from "../../lib/explorer/subject.ts";
import { defaults } from "../../lib/options/table.ts";
import { klDivergences, type Posterior } from "../../lib/metrics/posterior.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import { TaskError } from "./cli.ts";
import { openSeenImages } from "./data.ts";
import { engineNews } from "./engine_news.ts";
import { summaryOf } from "./model.ts";
import { page, type PageOptions } from "./options.ts";
import { say } from "./terminal.ts";

/** Points on the map: more of them hide each other, and the page grows. */
const MAX_POINTS = 3000;
/** Their numbers; many dimensions have fewer points, but these at least. */
const MAX_NUMBERS = 36_000, MIN_POINTS = 200;

/**
 * Makes the page that explores a model, on the images it was not trained on. Where
 * its data set cannot be had, the map shows synthetic digits, or nothing for a
 * model of other pictures, and a note says so.
 *
 * It holds some of the images themselves; of someone's own it says how many.
 *
 * @param dataDir The data set's folder, if it is not where it was.
 * @param options How many images it holds, and what it speaks at first.
 * @returns HTML that needs no other file.
 */
export async function explorerPage(
  checkpoint: Checkpoint,
  dataDir?: string,
  { embed, language }: PageOptions = defaults(page),
): Promise<string> {
  const { options, data } = checkpoint;
  const { images, labels, count, classes, isDrawn } = await mapImages(
    checkpoint,
    dataDir,
  );
  const most = Math.min(
    MAX_POINTS,
    Math.max(MIN_POINTS, Math.floor(MAX_NUMBERS / options.latentDim)),
  );
  const n = Math.min(count, most);
  const shown = inTurns(labels, n);
  // All of them, so that the KL is what the pictures and `evaluate` say.
  const posterior = await encode(
    checkpoint,
    images.subarray(0, count * IMAGE_PIXELS),
    labels && labels.subarray(0, count),
  );
  const held = Math.min(n, embed);
  if (data.options.images !== null && n > 0) {
    say(
      held > 0
        ? `note: the page holds ${held} of your images, for anyone who opens it; ` +
          "--embed 0 leaves them out"
        : `note: the page holds what the model makes of ${n} of your images, ` +
          "and none of them",
    );
  }
  return explorerHtml({
    weights: encodeWeights(checkpoint),
    description: summaryOf(checkpoint),
    kl: knownKl(checkpoint, posterior),
    beta: betaOf(checkpoint),
    mu: rows(posterior.mu, shown, options.latentDim),
    labels: labels && rows(labels, shown, 1),
    images: rows(images, shown.slice(0, held), IMAGE_PIXELS),
    synthetic: isDrawn || data.options.dataset === "synthetic",
    classes,
    subject: subjectOf(data),
    credit: creditOf(data),
    language: language === "auto" ? undefined : language,
  });
}

/** The first n images, one of each class in turn: any of them begin with all. */
function inTurns(labels: Labels, n: number): number[] {
  const seen = new Map<number, number>();
  const turn = Array.from({ length: n }, (_, i) => {
    const label = labels?.[i] ?? i;
    const before = seen.get(label) ?? 0;
    seen.set(label, before + 1);
    return before;
  });
  return [...turn.keys()].sort((a, b) => turn[a] - turn[b]);
}

/** Some rows of a matrix. */
function rows<T extends Float32Array | Uint8Array>(
  matrix: T,
  indices: readonly number[],
  width: number,
): T {
  const some = matrix.slice(0, indices.length * width) as T;
  indices.forEach((row, i) =>
    some.set(matrix.subarray(row * width, (row + 1) * width), i * width)
  );
  return some;
}

/** Images for the map, and what their classes are called. */
interface MapImages extends ImageSet {
  readonly classes?: readonly string[];
  /** Whether they are synthetic digits in place of the model's own data. */
  readonly isDrawn?: boolean;
}

/** Finds images for the map: held out, if there are any. */
async function mapImages(
  checkpoint: Checkpoint,
  dataDir?: string,
): Promise<MapImages> {
  const { options: { classCount }, data: { classes } } = checkpoint;
  const isOwn = checkpoint.data.options.images !== null;
  const splits: Split[] = isOwn ? ["test", "validation", "train"] : ["test"];
  let reason = "";
  for (const split of splits) {
    try {
      const seen = await openSeenImages(checkpoint, split, dataDir);
      return { ...seen, classes };
    } catch (error) {
      // A file of one's own may be gone in many ways, each an error by itself.
      if (!(error instanceof TaskError || isOwn)) throw error;
      reason = (error as Error).message;
    }
  }
  const hasOthers = classCount > 0 && String(classes) !== String(DIGITS);
  if (isOwn || hasOthers) {
    say(`note: ${reason}; the map is empty`);
    const none = new Uint8Array();
    return { images: none, labels: none, count: 0, classes };
  }
  say(`note: ${reason}; the map shows synthetic digits`);
  return {
    ...synthesize(MAX_POINTS, { seed: 0 }),
    ...{ count: MAX_POINTS, isDrawn: true },
  };
}

async function encode(
  { options, state }: Checkpoint,
  images: Uint8Array,
  labels: Labels,
): Promise<Posterior> {
  const engine = await createEngine(options, {
    isShort: true,
    ...engineNews,
  });
  try {
    await engine.writeState(state);
    return await engine.encode(images, labels);
  } finally {
    engine.dispose();
  }
}

/**
 * Averages the KL of each dimension in nats. Without images it is that of the
 * last epoch, if there was one; an autoencoder has none.
 */
function knownKl(
  { options: { latentDim, autoencoder }, history }: Checkpoint,
  posterior: Posterior,
): readonly number[] | null {
  if (autoencoder) return null;
  if (posterior.mu.length === 0) return history.at(-1)?.klPerDimension ?? null;
  const { perDimension } = klDivergences(posterior, latentDim);
  return perDimension.map((kl) => kl.reduce((a, b) => a + b) / kl.length);
}
