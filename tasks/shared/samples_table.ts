/**
 * What samples are like, measured and as a table.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { ImageSet } from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { createEngine, type EngineChoice } from "../../lib/engines.ts";
import { featureModel, readClassifier } from "../../lib/metrics/features.ts";
import {
  BALL_NEIGHBORS,
  BLUR_SIGMA,
  FEWEST_IMAGES,
  measureSamples,
  type SampleMetrics,
  type SampleQuality,
} from "../../lib/metrics/sample_quality.ts";
import { counted, fixed } from "../../lib/text.ts";
import { TaskError } from "./cli.ts";
import { engineNews } from "./engine_news.ts";
import type { Row } from "./metrics_table.ts";
import type { Progress } from "./progress.ts";
import { Stages } from "./time_left.ts";

/** How many samples are measured, as a task's option. */
export const generated = {
  type: "integer",
  default: null,
  min: FEWEST_IMAGES,
  max: 100_000,
  help: "measure so many samples, too, beside as many images of the whole " +
    "split, whatever --limit is; papers take 10000",
} as const;

/** Measures samples of an open model. */
export async function measureGenerated(
  count: number,
  { engine, checkpoint }: { engine: Engine; checkpoint: Checkpoint },
  sets: { readonly images: ImageSet; readonly train: ImageSet },
  seed: number,
  choice: EngineChoice,
  progress: Progress,
): Promise<SampleMetrics> {
  const most = Math.min(sets.images.count, sets.train.count);
  if (count > most) {
    const there = `there ${most === 1 ? "is" : "are"} only ${most}`;
    throw new TaskError(
      `--generated ${count}: samples are measured beside as many images of ` +
        `the split and of the training, of which ${there}: ` +
        (most < FEWEST_IMAGES
          ? `at least ${FEWEST_IMAGES} are needed`
          : "choose no more"),
    );
  }
  const stages = new Stages(progress);
  const classifier = await createEngine(
    { ...featureModel, batchSize: 1, seed: 0 },
    { isShort: true, ...choice, ...engineNews },
  );
  await classifier.writeState((await readClassifier()).state);
  return await measureSamples({
    ...sets,
    engine,
    model: checkpoint.options,
    classifier,
    count,
    seed,
    onProgress: (stage, fraction) => stages.update(stage, fraction),
  }).finally(() => {
    classifier.dispose();
    progress.clear();
  });
}

const COLUMNS = ["Fréchet", "precision", "recall", "density", "coverage"];

/** Lists what was measured of samples, and beside them of real images. */
export function samplesRows(
  metrics: SampleMetrics,
  { options }: Pick<Checkpoint, "options">,
): Row[] {
  const { prior, mixture, mixtureParts, real, blurred } = metrics;
  const row = (name: string, quality: SampleQuality | null): Row[] =>
    quality === null ? [] : [[name, line(cells(quality)), ""]];
  return [
    ["", line(COLUMNS), ""],
    ...row("from the prior", prior),
    // An autoencoder has codes, which are no means.
    ...row(
      `from ${counted(mixtureParts, "Gaussian")} on ${prior ? "μ" : "codes"}`,
      mixture,
    ),
    ...row("training images", real),
    ...row(`  blurred, σ = ${BLUR_SIGMA} pixel`, blurred),
    [
      "",
      `${metrics.count} of each against as many images of the split, by 64 ` +
      "features of a classifier of MNIST. The Fréchet distance is squared, " +
      "and larger the fewer samples there are; " +
      `the others are of the ${BALL_NEIGHBORS} nearest neighbours` +
      (options.classCount > 0
        ? ". Of each class there are as many samples as among the training " +
          "images, but for chance"
        : ""),
      "",
    ],
  ];
}

function cells(
  { frechet, precision, recall, density, coverage }: SampleQuality,
): string[] {
  return [
    fixed(frechet, 2),
    ...[precision, recall, density, coverage].map((share) => fixed(share, 3)),
  ];
}

/** Sets texts to the right below the names of the columns. */
function line(texts: readonly string[]): string {
  return texts.map((text, i) => text.padStart(COLUMNS[i].length)).join("  ");
}
