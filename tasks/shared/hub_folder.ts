/**
 * A model as https://huggingface.co/models has them: a folder that is uploaded as
 * it is.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { encodeWeights } from "../../lib/checkpoint/weights.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { createEngine } from "../../lib/engines.ts";
import { grid } from "../../lib/image/grid.ts";
import { encodePng } from "../../lib/image/png.ts";
import { describeData, metadataOf } from "../../lib/interop/trained_model.ts";
import { sampleSheet } from "../../lib/latent/sheets.ts";
import { meanLosses } from "../../lib/model/losses.ts";
import { TaskError } from "./cli.ts";
import { openSeenImages } from "./data.ts";
import { openScale } from "./dimensions.ts";
import { engineNews } from "./engine_news.ts";
import {
  isUnknown,
  knownOptions,
  type MeasuredLosses,
  modelCard,
} from "./model_card.ts";
import { classesOf } from "./model_classes.ts";
import { headingOf, metadata } from "./pictures.ts";
import { say } from "./terminal.ts";

/** Samples in the picture: of each class, if there are some. */
const SAMPLES = 64;
const OF_EACH = 8;

/** Classes that have a row of samples. */
const CLASSES = 12;

/**
 * Makes the files of a model's folder: its weights, what it is, its card, and a
 * picture of samples. It is measured on the test images if they are at hand.
 *
 * @param dataDir The data set's folder, if it is not where it was.
 */
export async function hubFolder(
  checkpoint: Checkpoint,
  dataDir?: string,
): Promise<Map<string, Uint8Array>> {
  const { options, state } = checkpoint;
  const engine = await createEngine(options, { isShort: true, ...engineNews });
  try {
    await engine.writeState(state);
    const tested = await testLosses(engine, checkpoint, dataDir);
    const samples = await samplesPicture(engine, checkpoint, dataDir);
    const about = { trained_on: describeData(checkpoint.data) };
    const card = modelCard(checkpoint, [...tested, ...recorded(checkpoint)]);
    return new Map([
      ["README.md", new TextEncoder().encode(card)],
      ["config.json", new TextEncoder().encode(configOf(checkpoint))],
      ["model.safetensors", encodeWeights(checkpoint, about)],
      ["samples.png", samples],
    ]);
  } finally {
    engine.dispose();
  }
}

function configOf(checkpoint: Checkpoint): string {
  const json = {
    model_type: "vae",
    library: `${config.name} ${config.version}`,
    ...metadataOf(checkpoint),
    options: knownOptions(checkpoint),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** The losses after the last epoch. */
function recorded({ history }: Checkpoint): MeasuredLosses {
  const last = history.at(-1);
  if (!last) return [];
  const { train, validation } = last;
  return [
    ...(validation ? [["validation", validation] as const] : []),
    ["train", train],
  ];
}

/** Measures as training does when it ends. */
async function testLosses(
  engine: Engine,
  checkpoint: Checkpoint,
  dataDir?: string,
): Promise<MeasuredLosses> {
  const { options: { beta, capacity, lr }, data } = checkpoint;
  if (isUnknown(data)) {
    say("note: nobody knows its images; the card has no test losses");
    return [];
  }
  try {
    const { images, labels } = await openSeenImages(
      checkpoint,
      "test",
      dataDir,
    );
    const hyper = { beta, capacity, learningRate: lr };
    const sums = await engine.evaluate(images, 0, hyper, labels);
    return [["test", meanLosses(sums)]];
  } catch (error) {
    // A file of one's own may be gone in many ways, each an error by itself.
    const isOwn = data.options.images !== null;
    if (!(error instanceof TaskError || isOwn)) throw error;
    say(`note: ${(error as Error).message}; the card has no test losses`);
    return [];
  }
}

async function samplesPicture(
  engine: Engine,
  checkpoint: Checkpoint,
  dataDir?: string,
): Promise<Uint8Array> {
  const classes = classesOf(checkpoint).slice(0, CLASSES);
  const { digits, title, columns, rowLabels } = await sampleSheet(
    engine,
    await openScale(engine, checkpoint, dataDir),
    {
      n: classes.length > 1 ? OF_EACH : SAMPLES,
      ...{ seed: 0, classes, classCount: checkpoint.options.classCount },
    },
  );
  const picture = grid(digits, {
    ...headingOf(title, checkpoint),
    ...{ columns, rowLabels },
  });
  return encodePng(picture, metadata(title, checkpoint));
}
